"""What the demo marketplace sells: made-up merchants and what they make, read from `makers/*.toml`, and the categories."""

from functools import cache
from pathlib import Path

import msgspec

from steelyard.kernel.text import Text, text

Words = tuple[str, str]
"""The same in Chinese and in English."""

_MAKERS = Path(__file__).parent / "makers"
# The first is the demo's merchant login; the platform's own shop closes the row.
_ORDER = (
    "zoufang mingmu xinghuo tongqu kouzi heyi oubi tiesuo qingxu yuxi larkmoor kumo chenggan".split()  # noqa: SIM905  # as one reads them
)


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
        ("blue", "湖蓝", "Lake blue"),
        ("sky", "天青", "Sky blue"),
        ("teal", "松绿", "Teal"),
        ("green", "竹青", "Bamboo green"),
        ("olive", "橄榄", "Olive"),
        ("sand", "沙色", "Sand"),
        ("yellow", "鹅黄", "Yellow"),
        ("orange", "橘色", "Orange"),
        ("red", "朱红", "Vermilion"),
        ("wine", "酒红", "Wine"),
        ("pink", "藕粉", "Pink"),
        ("purple", "藤紫", "Wisteria"),
        ("brown", "深棕", "Brown"),
        ("tan", "驼色", "Tan"),
        ("clay", "陶土", "Clay"),
        ("gold", "金色", "Gold"),
        ("brass", "黄铜", "Brass"),
        ("steel", "钢色", "Steel"),
    )
}


class Form(msgspec.Struct, frozen=True, array_like=True):
    """A kind of product: what it is called, and the drawing of `demo.pictures` that shows it."""

    zh: str
    en: str
    kind: str


class Feature(msgspec.Struct, frozen=True, array_like=True):
    """What sets one product apart: short words for the title, a sentence for the description."""

    zh: str
    en: str
    zh_sentence: str
    en_sentence: str


class Specification(msgspec.Struct, frozen=True, array_like=True):
    """A row of the specification table; each product has one of the values."""

    zh: str
    en: str
    values: list[Words]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A family of `models` products: each form in each of the maker's series, in the colours in turn.

    `price` runs from low to high in minor units of the maker's currency; each size costs `step` percent more than the
    one before. `box` is width, depth and height in millimetres, for the drawing of its size.
    """

    category: str
    forms: list[Form]
    models: int
    colours: list[str]
    material: str
    made_of: Words
    price: tuple[int, int]
    grams: int
    box: tuple[int, int, int]
    about: list[Words]
    features: list[Feature]
    specs: list[Specification] = []
    size_name: Words = ("规格", "Size")
    sizes: list[str] = []
    step: int = 0


class Maker(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant of the demo. None of them exists."""

    slug: str
    name: Words
    legal_name: str
    notice: Words
    warehouses: list[str]
    series: list[Words]
    closing: list[Words]
    lines: list[Line]
    staff: list[tuple[str, str]] = []
    country: str = "CN"
    currency: str = "CNY"
    by_weight: bool = False
    self_operated: bool = False
    english_first: bool = False

    @property
    def abroad(self) -> bool:
        return self.country != "CN"


@cache
def makers() -> tuple[Maker, ...]:
    """All merchants, in the order in which they are made."""
    return tuple(msgspec.toml.decode((_MAKERS / f"{slug}.toml").read_bytes(), type=Maker) for slug in _ORDER)


CATEGORIES: tuple[tuple[str, str | None, Text, str], ...] = (
    ("shoes", None, text("鞋靴", "Shoes"), "footprints"),
    ("leather-shoes", "shoes", text("皮鞋", "Leather shoes"), "footprints"),
    ("sneakers", "shoes", text("运动鞋", "Sneakers"), "footprints"),
    ("boots", "shoes", text("靴子", "Boots"), "footprints"),
    ("sandals", "shoes", text("凉鞋拖鞋", "Sandals"), "footprints"),
    ("accessories", None, text("配饰", "Accessories"), "glasses"),
    ("eyewear", "accessories", text("眼镜", "Eyewear"), "glasses"),
    ("sunglasses", "accessories", text("太阳镜", "Sunglasses"), "sun"),
    ("watches", "accessories", text("腕表", "Watches"), "watch"),
    ("bags", "accessories", text("箱包", "Bags"), "backpack"),
    ("scarves", "accessories", text("围巾", "Scarves"), "shirt"),
    ("umbrellas", "accessories", text("伞具", "Umbrellas"), "umbrella"),
    ("toys", None, text("玩具", "Toys"), "toy-brick"),
    ("toy-cars", "toys", text("玩具车", "Toy cars"), "car"),
    ("plush", "toys", text("毛绒玩具", "Plush"), "rabbit"),
    ("wooden-toys", "toys", text("木制玩具", "Wooden toys"), "toy-brick"),
    ("home", None, text("家居", "Home"), "house"),
    ("tableware", "home", text("茶具杯壶", "Tea and table"), "coffee"),
    ("lamps", "home", text("灯具", "Lamps"), "lamp"),
    ("stationery", "home", text("文具", "Stationery"), "notebook-pen"),
    ("pens", "home", text("笔", "Pens"), "pen-tool"),
    ("care", None, text("个护", "Personal care"), "sparkles"),
    ("shavers", "care", text("电动剃须", "Electric shavers"), "zap"),
    ("razors", "care", text("手动剃须", "Razors"), "scissors"),
    ("craft", None, text("五金辅料", "Craft and hardware"), "wrench"),
    ("buttons", "craft", text("纽扣", "Buttons"), "circle-dot"),
    ("zips", "craft", text("拉链", "Zips"), "move-vertical"),
    ("valves", "craft", text("阀门", "Valves"), "wrench"),
    ("faucets", "craft", text("龙头", "Taps"), "droplets"),
    ("padlocks", "craft", text("挂锁", "Padlocks"), "lock"),
    ("door-locks", "craft", text("门锁", "Door locks"), "door-closed"),
    ("lighters", "craft", text("打火机", "Lighters"), "flame"),
    ("hardware", "craft", text("五金小件", "Small hardware"), "key-round"),
)
