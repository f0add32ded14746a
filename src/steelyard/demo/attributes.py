"""The typed attributes of the demo's categories, and the facts of a product by its kind, material and colours.

Categories are named by their slugs; one that the catalogue does not have is passed over.
"""

from collections.abc import Callable, Iterable, Mapping

from steelyard.demo.catalogue import CATEGORIES
from steelyard.goods import catalog
from steelyard.goods.catalog import AttributeKind, AttributeValue, Binding, Definition
from steelyard.goods.catalog.model import CategoryId, Facts
from steelyard.kernel.db import Tx
from steelyard.kernel.text import text

_CHOICE, _CHOICES, _NUMBER = AttributeKind.CHOICE, AttributeKind.CHOICES, AttributeKind.NUMBER


def _values(words: str) -> list[AttributeValue]:
    """`leather 真皮 Leather; …` as values: code, Chinese, English."""
    parts = [line.strip().split(" ", 2) for line in words.split(";") if line.strip()]
    return [AttributeValue(code=code, name=text(zh, en)) for code, zh, en in parts]


_COLOURS = _values(
    "black 黑色 Black; white 白色 White; grey 灰色 Grey; blue 蓝色 Blue; green 绿色 Green; yellow 黄色 Yellow;"
    "orange 橙色 Orange; red 红色 Red; pink 粉色 Pink; brown 棕色 Brown; beige 米驼 Beige; gold 金色 Gold; silver 银色 Silver"
)
_MATERIALS = _values(
    "leather 真皮 Leather; suede 反绒皮 Suede; canvas 帆布 Canvas; mesh 网布 Mesh; rubber 橡胶 Rubber; wool 羊毛 Wool;"
    "cotton 棉 Cotton; plush 毛绒 Plush; wood 木 Wood; acetate 板材 Acetate; titanium 钛 Titanium; metal 合金 Alloy;"
    "brass 黄铜 Brass; steel 不锈钢 Stainless steel; tinplate 马口铁 Tinplate; plastic 塑料 Plastic; resin 树脂 Resin;"
    "shell 贝壳 Shell; ceramic 陶瓷 Ceramic; clay 紫砂陶土 Clay; glass 玻璃 Glass; paper 纸 Paper; linen 亚麻 Linen"
)
_ORIGINS = _values(
    "wenzhou 浙江温州 Wenzhou, Zhejiang; zhejiang 浙江其他 Elsewhere in Zhejiang; guangdong 广东 Guangdong;"
    "fujian 福建 Fujian; china 中国其他 Elsewhere in China; abroad 境外 Abroad"
)
_STYLES = _values(
    "business 商务 Business; casual 休闲 Casual; sport 运动 Sport; classic 经典 Classic; retro 复古 Retro;"
    "minimal 简约 Minimal; chinese 国风 Chinese"
)


def _of(code: str, zh: str, en: str, kind: AttributeKind, values: str = "", unit: str = "") -> Definition:
    listed = kind in (_CHOICE, _CHOICES)
    name = text(zh, en)
    return Definition(
        code=code,
        name=name,
        kind=kind,
        unit=unit,
        values=_values(values) if values else [],
        filterable=listed or kind is AttributeKind.YES_NO,
    )


DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        code="material", name=text("材质", "Material"), kind=_CHOICES, values=_MATERIALS, filterable=True
    ),
    Definition(
        code="colour", name=text("颜色系", "Colour family"), kind=_CHOICES, values=_COLOURS, filterable=True
    ),
    Definition(code="origin", name=text("产地", "Origin"), kind=_CHOICE, values=_ORIGINS, filterable=True),
    Definition(code="style", name=text("风格", "Style"), kind=_CHOICE, values=_STYLES, filterable=True),
    _of("gender", "适用性别", "For", _CHOICE,
        "men 男士 Men; women 女士 Women; "
        "unisex 男女通用 Unisex; children 儿童 Children"),
    _of("size-system", "尺码标准", "Size system", _CHOICE,
        "eu 欧码 EU; cn 中国码（毫米） China (mm); "
        "us 美码 US; one 均码 One size"),
    _of("season", "适用季节", "Season", _CHOICES,
        "spring 春 Spring; summer 夏 Summer; "
        "autumn 秋 Autumn; winter 冬 Winter"),
    _of("closure", "闭合方式", "Closure", _CHOICE,
        "laces 系带 Laces; slip-on 套脚 Slip-on; "
        "zip 拉链 Zip; velcro 魔术贴 Velcro"),
    _of("heel", "跟高", "Heel", _NUMBER, unit="mm"),
    _of("lens-type", "镜片类型", "Lens", _CHOICE,
        "demo 衬片 Demo lens; polarised 偏光 Polarised; "
        "blue-cut 防蓝光 Blue-light filter; photochromic 变色 Photochromic"),
    _of("frame-shape", "镜框形状", "Frame shape", _CHOICE,
        "round 圆框 Round; square 方框 Square; "
        "aviator 飞行员 Aviator; cat-eye 猫眼 Cat-eye"),
    _of("uv400", "防紫外线 UV400", "UV400", AttributeKind.YES_NO),
    _of("lens-width", "镜片宽度", "Lens width", _NUMBER, unit="mm"),
    _of("movement", "机芯", "Movement", _CHOICE,
        "quartz 石英 Quartz; automatic 自动机械 Automatic; "
        "hand-wound 手动机械 Hand-wound"),
    _of("water-resistance", "防水", "Water resistance", _CHOICE,
        "none 不防水 None; 3-bar 生活防水（30米） 3 bar; "
        "5-bar 50米 5 bar; 10-bar 100米 10 bar"),
    _of("age", "适用年龄", "Age", _CHOICE,
        "3-5 3—5岁 3–5 years; 6-8 6—8岁 6–8 years; "
        "9-12 9—12岁 9–12 years; 14-up 14岁以上 14 years and up"),
    _of("power-source", "动力", "Driven by", _CHOICE,
        "none 无动力 Nothing; pull-back 回力 Pull-back; "
        "wind-up 发条 Clockwork; battery 电池 Batteries"),
    _of("capacity", "容量", "Capacity", _NUMBER, unit="ml"),
    _of("power", "功率", "Power", _NUMBER, unit="W"),
    _of("light", "光色", "Light", _CHOICE,
        "warm 暖光 Warm; neutral 自然光 Neutral; "
        "cool 冷光 Cool; adjustable 可调 Adjustable"),
    _of("dimmable", "可调光", "Dimmable", AttributeKind.YES_NO),
    _of("microwave", "可微波", "Microwave-safe", AttributeKind.YES_NO),
    _of("ruling", "内页", "Ruling", _CHOICE,
        "lined 横线 Lined; grid 方格 Grid; "
        "dotted 点阵 Dotted; blank 空白 Blank"),
    _of("thread", "螺纹", "Thread", _CHOICE,
        "g1-2 G1/2（4分） G1/2; g3-4 G3/4（6分） G3/4; g1 G1（1寸） G1; "
        "g1-1-4 G1¼ G1¼; g1-1-2 G1½ G1½"),
    _of("nominal-diameter", "公称通径", "Nominal diameter", _CHOICE,
        "dn15 DN15 DN15; dn20 DN20 DN20; dn25 DN25 DN25; "
        "dn32 DN32 DN32; dn40 DN40 DN40"),
    _of("pressure", "公称压力", "Pressure rating", _NUMBER, unit="MPa"),
    _of("diameter", "直径", "Diameter", _NUMBER, unit="mm"),
    _of("holes", "扣眼", "Holes", _CHOICE, "2 两眼 Two; 4 四眼 Four; shank 暗脚 Shank"),
    _of("fuel", "燃料", "Fuel", _CHOICE, "gas 丁烷气 Butane; petrol 煤油 Lighter fluid; electric 充电 Rechargeable"),
    _of("care", "洗护说明", "Care", AttributeKind.TEXT),
)  # fmt: skip

# Category: what it adds; `!` behind a code means required.
BINDINGS: Mapping[str, str] = {
    "shoes": "material! colour gender! size-system season style closure heel origin",
    "accessories": "material! colour gender style origin",
    "eyewear": "lens-type! frame-shape uv400 lens-width",
    "sunglasses": "lens-type! frame-shape uv400 lens-width",
    "watches": "movement! water-resistance",
    "bags": "closure",
    "scarves": "season care",
    "toys": "age! material! colour power-source origin",
    "home": "material! colour style origin",
    "tableware": "capacity! microwave",
    "lamps": "power! light dimmable",
    "stationery": "ruling",
    "craft": "material! colour origin",
    "buttons": "diameter! holes",
    "valves": "nominal-diameter! thread pressure",
    "lighters": "fuel!",
}

# A colour of `demo.pictures` and its family.
_FAMILIES: Mapping[str, str] = {
    "black": "black", "white": "white", "ivory": "white", "grey": "grey", "silver": "silver", "ink": "blue",
    "sky": "blue", "teal": "green", "olive": "green", "sand": "beige", "yellow": "yellow", "orange": "orange",
    "red": "red", "wine": "red", "pink": "pink", "brown": "brown", "tan": "beige", "clay": "brown", "gold": "gold",
    "brass": "gold", "steel": "silver", "green": "green", "blue": "blue", "navy": "blue", "cream": "white",
    "beige": "beige", "purple": "pink",
}  # fmt: skip

# What a kind of `demo.pictures` is made of when its line does not say so.
_MADE_OF: Mapping[str, list[str]] = {
    "shoe": ["leather", "rubber"], "sneaker": ["mesh", "rubber"], "boot": ["suede", "rubber"],
    "spectacles": ["acetate", "titanium"], "sunglasses": ["acetate"], "lighter": ["brass"], "valve": ["brass"],
    "button": ["resin", "shell"], "toy car": ["metal", "rubber"], "toy robot": ["tinplate"],
    "loafer": ["leather"], "sandal": ["leather", "rubber"], "halfrim": ["acetate", "titanium"], "case": ["steel", "leather"],
    "ballvalve": ["brass"], "faucet": ["brass"], "dial": ["steel", "glass"], "padlock": ["brass", "steel"],
    "combilock": ["metal", "steel"], "handle": ["metal"], "keyring": ["brass"], "zip": ["brass", "cotton"],
    "toy truck": ["metal", "rubber"], "blocks": ["wood"], "train": ["wood"], "tower": ["wood"], "pen": ["brass", "resin"],
    "rollerball": ["brass", "resin"], "gauge": ["brass", "steel"], "shaver": ["plastic", "steel"],
    "clipper": ["plastic", "steel"], "razor": ["brass"], "backpack": ["canvas", "leather"], "bowl": ["ceramic"],
    "flask": ["steel"], "candle": ["brass"], "vase": ["ceramic"], "umbrella": ["metal"], "folded": ["metal"],
    "plush": ["plush", "cotton"], "teapot": ["clay"], "mug": ["ceramic"], "lamp": ["metal", "linen"],
    "notebook": ["paper"], "bag": ["canvas", "leather"], "scarf": ["wool"], "watch": ["steel", "leather"],
}  # fmt: skip

_STYLE_CODES = ("casual", "classic", "minimal", "retro", "business", "chinese")


def facts_of(kind: str, material: str, colours: Iterable[str], category: str, place: int = 0) -> Facts:
    """The facts of a product of `category`: `kind` and `material` are those of `demo.pictures`, `colours` the ones it
    is offered in, `place` its place among its kind, so that products differ. Only what the category binds is said."""
    families = sorted({_FAMILIES[name] for name in colours if name in _FAMILIES})
    known = {value.code for value in _MATERIALS}
    facts: Facts = {"origin": ["wenzhou"], "style": [_STYLE_CODES[place % len(_STYLE_CODES)]]}
    if families:
        facts["colour"] = families
    made_of: list[str] = list(dict.fromkeys([*([material] if material in known else []), *_MADE_OF.get(kind, [])]))
    if made_of:
        facts["material"] = made_of
    if kind in _PARTICULARS:
        facts |= _PARTICULARS[kind](place)
    bound = _bound(category)
    return {code: fact for code, fact in facts.items() if code in bound}


def _worn(season: str, heel: int) -> Callable[[int], Facts]:
    return lambda place: {
        "gender": [("men", "women", "unisex")[place % 3]],
        "size-system": ["eu"],
        "season": season.split(),
        "closure": [("laces", "slip-on", "zip")[place % 3]],
        "heel": heel,
    }


def _glasses(*lenses: str) -> Callable[[int], Facts]:
    return lambda place: {
        "gender": [("unisex", "men", "women")[place % 3]],
        "lens-type": [lenses[place % len(lenses)]],
        "frame-shape": [("round", "square", "aviator", "cat-eye")[place % 4]],
        "uv400": ["yes" if lenses == ("polarised",) or place % 2 else "no"],
        "lens-width": 48 + place % 8,
    }


def _toy(driven: str) -> Callable[[int], Facts]:
    return lambda place: {"age": [("3-5", "6-8", "9-12")[place % 3]], "power-source": [driven]}


def _vessel(place: int) -> Facts:
    return {"capacity": 300 + 50 * (place % 9), "microwave": ["no" if place % 3 == 0 else "yes"]}


_PARTICULARS: Mapping[str, Callable[[int], Facts]] = {
    "shoe": _worn("spring autumn", 30),
    "sneaker": _worn("spring autumn", 35),
    "boot": _worn("autumn winter", 45),
    "sandal": _worn("summer", 25),
    "slipper": _worn("winter", 15),
    "spectacles": _glasses("demo", "blue-cut", "photochromic"),
    "sunglasses": _glasses("polarised"),
    "watch": lambda place: {
        "gender": [("unisex", "men", "women")[place % 3]],
        "movement": [("quartz", "automatic", "hand-wound")[place % 3]],
        "water-resistance": [("3-bar", "5-bar", "10-bar")[place % 3]],
    },
    "bag": lambda _: {"gender": ["unisex"], "closure": ["zip"]},
    "scarf": lambda _: {
        "gender": ["unisex"],
        "season": ["autumn", "winter"],
        "care": text("冷水手洗，平铺晾干", "Wash by hand in cold water, dry flat"),
    },
    "loafer": _worn("spring autumn", 25),
    "halfrim": _glasses("demo", "blue-cut"),
    "case": lambda _: {"gender": ["unisex"], "lens-type": ["demo"]},
    "backpack": lambda _: {"gender": ["unisex"], "closure": ["zip"]},
    "umbrella": lambda _: {"gender": ["unisex"]},
    "folded": lambda _: {"gender": ["unisex"]},
    "toy truck": _toy("pull-back"),
    "blocks": _toy("none"),
    "train": _toy("none"),
    "tower": _toy("none"),
    "bowl": _vessel,
    "flask": _vessel,
    "toy car": _toy("pull-back"),
    "toy robot": _toy("wind-up"),
    "plush": _toy("none"),
    "mug": _vessel,
    "teapot": _vessel,
    "lamp": lambda place: {
        "power": 6 + 3 * (place % 4),
        "light": [("warm", "adjustable", "neutral")[place % 3]],
        "dimmable": ["yes" if place % 2 else "no"],
    },
    "notebook": lambda place: {"ruling": [("lined", "grid", "dotted", "blank")[place % 4]]},
    "button": lambda place: {"diameter": 10 + place % 12, "holes": [("4", "2", "shank")[place % 3]]},
    "valve": lambda place: {
        "nominal-diameter": [("dn15", "dn20", "dn25", "dn32", "dn40")[place % 5]],
        "thread": [("g1-2", "g3-4", "g1", "g1-1-4", "g1-1-2")[place % 5]],
        "pressure": 1.6,
    },
    "lighter": lambda place: {"fuel": [("gas", "petrol", "electric")[place % 3]]},
}


def _bound(category: str) -> set[str]:
    found: set[str] = set()
    slug: str | None = category
    while slug is not None:
        found.update(word.rstrip("!") for word in BINDINGS.get(slug, "").split())
        slug = _PARENTS.get(slug)
    return found


_PARENTS = {slug: parent for slug, parent, _, _ in CATEGORIES}


async def define(tx: Tx, categories: Mapping[str, CategoryId]) -> None:
    """Write the definitions down and bind them to the categories that there are."""
    for definition in DEFINITIONS:
        await catalog.define_attribute(tx, definition)
    for slug, words in BINDINGS.items():
        if slug in categories:
            await catalog.bind_attributes(
                tx,
                categories[slug],
                [
                    Binding(code=word.rstrip("!"), required=word.endswith("!"), place=place)
                    for place, word in enumerate(words.split())
                ],
            )
