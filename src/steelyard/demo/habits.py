"""Who buys what and when: buyers with a taste, a purse, a favourite hour and a memory that fades. Pure, from a seed."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

import msgspec

from steelyard.demo import seasons
from steelyard.demo.products import made
from steelyard.parties.customers.model import Address, BuyerId

DAYS = 730
BUYERS = 4_800
# What is chosen of a basket's first line stays in the same shop: that is one order.
MORE_LINES = (0.72, 0.22, 0.06)
_DAY_CHOICES = 14
_ZONE = ZoneInfo("Asia/Shanghai")
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余"
_NICKNAMES = (
    "小满 豆豆 元宝 阿木 果果 小雨 糖糖 大白 年年 小舟 阿禾 团团 小鱼 石头 麦子 星星 小北 可可 阿青 小米".split()  # noqa: SIM905  # as one reads them
)
_FOREIGN_NAMES = "Alder Birch Clover Dune Ember Fern Grove Hazel Iris Juniper Kestrel Linden Maple Nettle".split()  # noqa: SIM905  # as one reads them
_PLACES = tuple(
    place.split()
    for place in (
        "浙江省 温州市 瓯海区",
        "浙江省 杭州市 西湖区",
        "浙江省 宁波市 海曙区",
        "浙江省 金华市 婺城区",
        "上海市 上海市 徐汇区",
        "上海市 上海市 浦东新区",
        "江苏省 南京市 玄武区",
        "江苏省 苏州市 姑苏区",
        "广东省 广州市 天河区",
        "广东省 深圳市 南山区",
        "广东省 佛山市 禅城区",
        "北京市 北京市 海淀区",
        "北京市 北京市 朝阳区",
        "四川省 成都市 武侯区",
        "重庆市 重庆市 渝中区",
        "湖北省 武汉市 武昌区",
        "湖南省 长沙市 岳麓区",
        "陕西省 西安市 雁塔区",
        "山东省 济南市 历下区",
        "山东省 青岛市 市南区",
        "福建省 厦门市 思明区",
        "福建省 福州市 鼓楼区",
        "安徽省 合肥市 蜀山区",
        "河南省 郑州市 金水区",
        "辽宁省 沈阳市 和平区",
        "辽宁省 大连市 中山区",
        "黑龙江省 哈尔滨市 南岗区",
        "云南省 昆明市 五华区",
        "广西壮族自治区 南宁市 青秀区",
        "江西省 南昌市 东湖区",
        "新疆维吾尔自治区 乌鲁木齐市 天山区",
    )
)
_ABROAD = (("US", "Demo Springs"), ("GB", "Demoford"), ("DE", "Demostadt"), ("SG", "Demo Quay"), ("AU", "Port Demo"))


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A buyer. `thrift` (0 to 1) is how much the price decides, `loyalty` the chance to come back after the first time,
    `regular` the days until then; `size` picks the same size of everything that has sizes."""

    buyer_id: BuyerId
    email: str
    name: str
    address: Address
    locale: str
    joined: datetime
    favourites: Sequence[str]
    thrift: float
    loyalty: float
    regular: float
    size: float
    late: int


class Good(msgspec.Struct, frozen=True):
    """A SKU as it is chosen; `place` is its place in the list that was read."""

    place: int
    amount: int
    size: float


class Product(msgspec.Struct, frozen=True):
    """A product with its SKUs, smallest size first."""

    goods: Sequence[Good]
    price: int


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """The products of a shop in one category: the best known first, and the cheapest first."""

    merchant: str
    category: str
    known: Sequence[Product]
    cheap: Sequence[Product]


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody buys in one shop at one time: (place of the SKU, pieces); `source` is what the order says of itself."""

    person: Person
    at: datetime
    lines: Sequence[tuple[int, int]]
    source: str = "demo"


def people(seed: int, number: int, today: date) -> Iterator[Person]:
    """So many buyers; more of them joined lately than long ago."""
    first = today - timedelta(days=DAYS)
    for n in range(number):
        chance = Random(f"{seed}/person/{n}")  # noqa: S311  # habits, no secrets
        day = first + timedelta(days=int(DAYS * chance.random() ** 0.62))
        abroad = chance.random() < 0.06
        name = f"{chance.choice(_FOREIGN_NAMES)} {chr(65 + n % 26)}." if abroad else (
            chance.choice(_SURNAMES) + chance.choice(_NICKNAMES)
        )  # fmt: skip
        yield Person(
            buyer_id=BuyerId(made("past buyer", str(n))),
            email=f"shopper{n}@steelyard.test",
            name=name,
            address=_address(name, abroad, n, chance),
            locale="en" if abroad else "zh-Hans",
            joined=datetime.combine(day, time(chance.randrange(8, 23)), _ZONE).astimezone(UTC),
            favourites=chance.sample(_TASTES[0], 1) + chance.sample(_TASTES[1], 2),
            thrift=chance.random(),
            loyalty=0.42 + 0.5 * chance.random(),
            regular=10 + 45 * chance.random(),
            size=chance.random(),
            late=chance.choice((-3, -1, 0, 0, 1, 2)),
        )


# Somebody has one taste among the first and two among the others.
_TASTES: tuple[Sequence[str], Sequence[str]] = (
    ("leather-shoes", "sneakers", "toys", "tableware", "pens", "bags", "buttons"),
    ("sneakers", "sandals", "boots", "eyewear", "sunglasses", "umbrellas", "plush", "wooden-toys", "toy-cars", "lamps",
     "stationery", "scarves", "watches", "shavers", "razors", "padlocks", "door-locks", "faucets", "valves", "zips",
     "lighters", "hardware", "tableware"),
)  # fmt: skip


def _address(name: str, abroad: bool, n: int, chance: Random) -> Address:
    if abroad:
        country, city = chance.choice(_ABROAD)
        return Address(name=name, country=country, city=city, street=f"{1 + n % 90} Example Road", postal_code="00000")
    region, city, district = chance.choice(_PLACES)
    return Address(
        name=name,
        phone=f"1990000{n % 10_000:04d}",
        country="CN",
        region=region,
        city=city,
        district=district,
        street=f"演示路 {1 + n % 300} 号 {1 + n % 18} 单元",
        postal_code="",
    )


class Year:
    """The days that there were, each with its weight, for choosing one near another."""

    def __init__(self, today: date) -> None:
        self.first = today - timedelta(days=DAYS)
        self.days = DAYS + 1
        self._weights = seasons.weights(self.first, self.days + _DAY_CHOICES)

    def near(self, wanted: int, thrift: float, chance: Random) -> int:
        """One of the days from `wanted` on; the thrifty wait for a sale."""
        some = self._weights[wanted : wanted + _DAY_CHOICES]
        sums = list(accumulate(weight ** (0.8 + thrift) for weight in some))
        return wanted + bisect_left(sums, chance.random() * sums[-1])


def baskets(person: Person, shelves: Mapping[str, Sequence[Shelf]], year: Year, chance: Random) -> Iterator[Basket]:
    """All that a person has bought until the last day, in order. Each time they come back less surely, and later."""
    day = (person.joined.astimezone(_ZONE).date() - year.first).days
    times = 0
    while True:
        day = year.near(max(0, day), person.thrift, chance)
        if day >= year.days:
            return
        when = _moment(year.first + timedelta(days=day), person, chance)
        lines = _lines(person, shelves, when.month, chance)
        if lines:
            yield Basket(person=person, at=when, lines=lines)
        times += 1
        if chance.random() > person.loyalty * 0.965**times:
            return
        day += 1 + int(chance.expovariate(1 / (person.regular * (1 + 0.12 * times))))
        if day >= year.days:
            return


_HOURS = list(accumulate(seasons.HOURS))


def _moment(day: date, person: Person, chance: Random) -> datetime:
    hour = min(23, max(0, bisect_left(_HOURS, chance.random() * _HOURS[-1]) + person.late))
    at = datetime.combine(day, time(hour, chance.randrange(60), chance.randrange(60)), _ZONE)
    return at.astimezone(UTC)


def _lines(person: Person, shelves: Mapping[str, Sequence[Shelf]], month: int, chance: Random) -> list[tuple[int, int]]:
    tastes = [slug for slug in person.favourites if slug in shelves]
    others = list(shelves)
    if not tastes or chance.random() < 0.25:
        tastes = chance.choices(others, k=3)
    chosen = chance.choices(tastes, weights=[seasons.wanted(slug, month) for slug in tastes])[0]
    shelf = _shelf(shelves[chosen], chance)
    more = chance.choices((0, 1, 2), weights=MORE_LINES)[0]
    found: dict[int, int] = {}
    for _ in range(1 + more):
        good = _good(shelf, person, chance)
        several = good.amount < 3_000
        found.setdefault(good.place, chance.choice((1, 1, 2, 3, 5, 10)) if several else chance.choice((1,) * 9 + (2,)))
    return list(found.items())


def _shelf(offered: Sequence[Shelf], chance: Random) -> Shelf:
    """A shop with more of a kind sells more of it."""
    return chance.choices(offered, weights=[len(shelf.known) for shelf in offered])[0]


def _good(shelf: Shelf, person: Person, chance: Random) -> Good:
    """The thrifty look along the cheap end, the others at what everybody buys; few go to the far end of either."""
    row = shelf.cheap if chance.random() < 0.75 * person.thrift else shelf.known
    product = row[int(len(row) * chance.random() ** 2.4)]
    sized = [good for good in product.goods if abs(good.size - person.size) < 0.2] or product.goods
    return chance.choice(sized)
