"""What the demo marketplace sells: a few made-up makers, their categories, and about a hundred products as data."""

import msgspec

from steelyard.kernel.text import Text, text

SHOE_SIZES = tuple(str(size) for size in range(36, 44))


class Colour(msgspec.Struct, frozen=True):
    """`name` is a colour of `demo.pictures`."""

    name: str
    words: Text


COLOURS = {
    name: Colour(name, text(zh, en))
    for name, zh, en in (
        ("black", "墨黑", "Black"),
        ("white", "米白", "Off-white"),
        ("ivory", "象牙", "Ivory"),
        ("grey", "雾灰", "Mist grey"),
        ("silver", "银色", "Silver"),
        ("ink", "黛蓝", "Ink blue"),
        ("sky", "天青", "Sky blue"),
        ("teal", "松绿", "Teal"),
        ("olive", "橄榄", "Olive"),
        ("sand", "沙色", "Sand"),
        ("yellow", "鹅黄", "Yellow"),
        ("orange", "橘色", "Orange"),
        ("red", "朱红", "Vermilion"),
        ("wine", "酒红", "Wine"),
        ("pink", "藕粉", "Pink"),
        ("brown", "深棕", "Brown"),
        ("tan", "驼色", "Tan"),
        ("clay", "陶土", "Clay"),
        ("gold", "金色", "Gold"),
        ("brass", "黄铜", "Brass"),
        ("steel", "钢色", "Steel"),
    )
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A family of products of one kind: one product for each of `models`, in the colours in turn.

    `kind` and `material` are those of `demo.pictures`; prices run from `low` to `high` minor units.
    """

    kind: str
    category: str
    noun: Text
    models: tuple[tuple[str, str], ...]
    colours: tuple[str, ...]
    material: str
    made_of: Text
    low: int
    high: int
    grams: int
    sizes: tuple[str, ...] = ()


class Maker(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant of the demo. None of them exists."""

    slug: str
    name: Text
    legal_name: str
    notice: Text
    lines: tuple[Line, ...]
    by_weight: bool = False
    self_operated: bool = False


CATEGORIES: tuple[tuple[str, str | None, Text, str], ...] = (
    ("shoes", None, text("鞋靴", "Shoes"), "footprints"),
    ("leather-shoes", "shoes", text("皮鞋", "Leather shoes"), "footprints"),
    ("sneakers", "shoes", text("运动鞋", "Sneakers"), "footprints"),
    ("boots", "shoes", text("靴子", "Boots"), "footprints"),
    ("accessories", None, text("配饰", "Accessories"), "glasses"),
    ("eyewear", "accessories", text("眼镜", "Eyewear"), "glasses"),
    ("watches", "accessories", text("腕表", "Watches"), "watch"),
    ("bags", "accessories", text("箱包", "Bags"), "backpack"),
    ("scarves", "accessories", text("围巾", "Scarves"), "shirt"),
    ("toys", None, text("玩具", "Toys"), "toy-brick"),
    ("home", None, text("家居", "Home"), "house"),
    ("tableware", "home", text("茶具杯壶", "Tea and table"), "coffee"),
    ("lamps", "home", text("灯具", "Lamps"), "lamp"),
    ("stationery", "home", text("文具", "Stationery"), "notebook-pen"),
    ("craft", None, text("五金辅料", "Craft and hardware"), "wrench"),
    ("buttons", "craft", text("纽扣", "Buttons"), "circle-dot"),
    ("valves", "craft", text("阀门", "Valves"), "wrench"),
    ("lighters", "craft", text("打火机", "Lighters"), "flame"),
)

_SERIES = (
    ("雁荡", "Yandang"),
    ("江心", "Jiangxin"),
    ("楠溪", "Nanxi"),
    ("塘河", "Tanghe"),
    ("海坛", "Haitan"),
    ("松台", "Songtai"),
    ("瓯越", "Ouyue"),
    ("朔门", "Shuomen"),
    ("九山", "Jiushan"),
    ("华盖", "Huagai"),
)

MAKERS: tuple[Maker, ...] = (
    Maker(
        slug="zoufang",
        name=text("走方鞋坊", "Zoufang Shoemakers"),
        legal_name="走方鞋坊（演示）有限公司",
        notice=text("码数不合七天内可换。", "Wrong size? Exchange within seven days."),
        lines=(
            Line(
                kind="shoe",
                category="leather-shoes",
                noun=text("牛皮鞋", "leather shoe"),
                models=_SERIES[:7],
                colours=("black", "brown", "tan", "wine"),
                material="leather",
                made_of=text("头层牛皮", "full-grain leather"),
                low=29_900,
                high=69_900,
                grams=900,
                sizes=SHOE_SIZES,
            ),
            Line(
                kind="sneaker",
                category="sneakers",
                noun=text("运动鞋", "sneaker"),
                models=_SERIES[:8],
                colours=("white", "grey", "sky", "teal", "orange"),
                material="canvas",
                made_of=text("网布与橡胶", "mesh and rubber"),
                low=16_900,
                high=45_900,
                grams=650,
                sizes=SHOE_SIZES,
            ),
            Line(
                kind="boot",
                category="boots",
                noun=text("短靴", "ankle boot"),
                models=_SERIES[:5],
                colours=("brown", "black", "sand"),
                material="suede",
                made_of=text("反绒皮", "suede"),
                low=39_900,
                high=79_900,
                grams=1_200,
                sizes=SHOE_SIZES,
            ),
        ),
    ),
    Maker(
        slug="mingmu",
        name=text("明目眼镜", "Mingmu Eyewear"),
        legal_name="明目眼镜（演示）有限公司",
        notice=text("可配度数，下单后客服联系。", "Prescription lenses on request."),
        lines=(
            Line(
                kind="spectacles",
                category="eyewear",
                noun=text("光学镜架", "spectacle frame"),
                models=_SERIES,
                colours=("black", "brown", "gold", "silver"),
                material="",
                made_of=text("板材与钛", "acetate and titanium"),
                low=12_900,
                high=49_900,
                grams=120,
            ),
            Line(
                kind="sunglasses",
                category="eyewear",
                noun=text("偏光太阳镜", "polarised sunglasses"),
                models=_SERIES[:7],
                colours=("black", "wine", "olive", "ink"),
                material="",
                made_of=text("偏光镜片", "polarised lenses"),
                low=15_900,
                high=59_900,
                grams=150,
            ),
        ),
    ),
    Maker(
        slug="xinghuo",
        name=text("星火五金", "Xinghuo Hardware"),
        legal_name="星火五金（演示）有限公司",
        notice=text("打火机不含气，航空禁运。", "Lighters ship empty and by road only."),
        by_weight=True,
        lines=(
            Line(
                kind="lighter",
                category="lighters",
                noun=text("金属打火机", "metal lighter"),
                models=_SERIES[:8],
                colours=("brass", "silver", "black", "red"),
                material="",
                made_of=text("黄铜机身", "brass body"),
                low=3_900,
                high=25_900,
                grams=95,
            ),
            Line(
                kind="valve",
                category="valves",
                noun=text("铜球阀", "brass ball valve"),
                models=(("DN15", "DN15"), ("DN20", "DN20"), ("DN25", "DN25"), ("DN32", "DN32"), ("DN40", "DN40")),
                colours=("brass", "steel"),
                material="",
                made_of=text("锻压黄铜", "forged brass"),
                low=1_890,
                high=12_900,
                grams=420,
            ),
            Line(
                kind="button",
                category="buttons",
                noun=text("纽扣（一包二十粒）", "buttons, pack of twenty"),
                models=_SERIES[:10],
                colours=("ivory", "black", "brown", "red", "ink", "gold"),
                material="",
                made_of=text("树脂与贝壳", "resin and shell"),
                low=490,
                high=3_900,
                grams=60,
            ),
        ),
    ),
    Maker(
        slug="tongqu",
        name=text("童趣工坊", "Tongqu Toyworks"),
        legal_name="童趣工坊（演示）有限公司",
        notice=text("三岁以上。木制玩具均打磨去刺。", "For three years and up; all wood is sanded smooth."),
        lines=(
            Line(
                kind="toy car",
                category="toys",
                noun=text("回力小车", "pull-back car"),
                models=_SERIES[:7],
                colours=("red", "sky", "yellow", "teal"),
                material="",
                made_of=text("合金与橡胶", "die-cast and rubber"),
                low=2_900,
                high=9_900,
                grams=260,
            ),
            Line(
                kind="toy robot",
                category="toys",
                noun=text("发条机器人", "wind-up robot"),
                models=_SERIES[:6],
                colours=("silver", "orange", "teal"),
                material="",
                made_of=text("马口铁", "tinplate"),
                low=5_900,
                high=16_900,
                grams=380,
            ),
            Line(
                kind="plush",
                category="toys",
                noun=text("毛绒玩偶", "plush friend"),
                models=_SERIES[:7],
                colours=("tan", "grey", "pink", "white"),
                material="plush",
                made_of=text("短绒与棉", "short plush and cotton"),
                low=3_900,
                high=12_900,
                grams=300,
            ),
        ),
    ),
    Maker(
        slug="chenggan",
        name=text("秤杆自营", "Steelyard Own Shop"),
        legal_name="秤杆集市（演示）有限公司",
        notice=text("平台自营，次日发出。", "Run by the platform; sent the next day."),
        self_operated=True,
        lines=(
            Line(
                kind="teapot",
                category="tableware",
                noun=text("茶壶", "teapot"),
                models=_SERIES[:6],
                colours=("clay", "teal", "white"),
                material="clay",
                made_of=text("陶土", "stoneware"),
                low=8_900,
                high=39_900,
                grams=700,
            ),
            Line(
                kind="mug",
                category="tableware",
                noun=text("马克杯", "mug"),
                models=_SERIES[:6],
                colours=("white", "sky", "sand", "black"),
                material="ceramic",
                made_of=text("瓷", "porcelain"),
                low=2_900,
                high=7_900,
                grams=380,
            ),
            Line(
                kind="lamp",
                category="lamps",
                noun=text("台灯", "table lamp"),
                models=_SERIES[:5],
                colours=("brass", "black", "white"),
                material="",
                made_of=text("金属与布罩", "metal and linen shade"),
                low=12_900,
                high=49_900,
                grams=1_500,
            ),
            Line(
                kind="notebook",
                category="stationery",
                noun=text("笔记本", "notebook"),
                models=_SERIES[:5],
                colours=("ink", "red", "olive", "tan"),
                material="leather",
                made_of=text("布面与道林纸", "cloth and wood-free paper"),
                low=1_900,
                high=6_900,
                grams=320,
            ),
            Line(
                kind="bag",
                category="bags",
                noun=text("托特包", "tote bag"),
                models=_SERIES[:5],
                colours=("tan", "black", "olive"),
                material="canvas",
                made_of=text("帆布与皮", "canvas and leather"),
                low=15_900,
                high=59_900,
                grams=800,
            ),
            Line(
                kind="scarf",
                category="scarves",
                noun=text("羊毛围巾", "wool scarf"),
                models=_SERIES[:5],
                colours=("wine", "grey", "sand", "ink"),
                material="wool",
                made_of=text("羊毛", "wool"),
                low=9_900,
                high=29_900,
                grams=220,
            ),
            Line(
                kind="watch",
                category="watches",
                noun=text("石英腕表", "quartz watch"),
                models=_SERIES[:4],
                colours=("black", "brown", "silver"),
                material="",
                made_of=text("精钢与皮表带", "steel, leather strap"),
                low=19_900,
                high=89_900,
                grams=180,
            ),
        ),
    ),
)
