"""Sample pages that use every macro: what authors look at, and what the browser test looks through."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from steelyard.surfaces.components import (
    Chart,
    Crumb,
    Flash,
    Link,
    NavItem,
    Operator,
    Page,
    Series,
    Templates,
    Viewer,
)
from steelyard.surfaces.web import periods
from tests.surfaces.components.sample_words import CATEGORIES, PRODUCTS, WORDS

SAMPLES = Path(__file__).parent / "samples"
NOW = datetime(2026, 9, 1, 2, 30, tzinfo=UTC)
STOREFRONT = ("home", "listing", "product", "cart")
MERCHANT = ("dashboard", "orders", "order", "figures")
OTHER = ("sign_in", "statement")
ALL = (*STOREFRONT, *MERCHANT, *OTHER)


@dataclass(frozen=True, slots=True)
class Amount:
    amount: int
    currency: str


class Words:
    """Attribute access to the sample words of one language."""

    def __init__(self, language: str) -> None:
        self._index = 0 if language == "zh-Hans" else 1

    def __getattr__(self, name: str) -> str:
        return WORDS[name][self._index]


def sample_page(name: str, language: str) -> Page:
    chinese = language == "zh-Hans"
    words = Words(language)
    operator = Operator(
        registered_name="杆秤示例（杭州）网络科技有限公司" if chinese else "Steelyard Sample (Hangzhou) Ltd.",
        licence_number="91330100MA0000000X",
        licence_href="/licence",
        icp_number="浙ICP备00000000号-1",
        links=[
            Link(words.details, "/terms"),
            Link(words.overview, "/privacy"),
            Link(words.messages, "/help"),
        ],
    )
    viewer = Viewer("林晓" if chinese else "Robin", words.shop, [Link(words.orders, "/orders")])
    if name in MERCHANT:
        return Page(
            locale=language,
            path=f"/merchant/{name}",
            operator=operator,
            surface="merchant",
            viewer=viewer,
            csrf_token="t0ken",
            environment="示例环境" if chinese else "Demo",
            breadcrumb=[] if name == "dashboard" else [Crumb(words.orders, "/m"), Crumb("SY-7K2M-94")],
            flashes=[Flash(words.paid)] if name == "order" else [],
            nav=[
                NavItem(words.today, "/m", "house", name == "dashboard"),
                NavItem(words.orders, "/m/o", "package", name != "dashboard", 37),
                NavItem(words.goods, "/m/p", "tag"),
                NavItem(words.low, "/m/s", "boxes", count=2),
                NavItem(words.statement, "/m/st", "receipt-text", group=words.revenue),
                NavItem(words.refunds, "/m/r", "undo-2", group=words.revenue),
            ],
        )
    return Page(
        locale=language,
        path="/" if name == "home" else f"/{name}",
        operator=operator,
        viewer=viewer if name != "home" else None,
        csrf_token="t0ken",
        cart_count=3,
        nav=[
            NavItem(zh if chinese else en, f"/c/{glyph}", glyph, name == "listing" and glyph == "footprints")
            for zh, en, glyph in CATEGORIES
        ],
        breadcrumb=[Crumb(words.shoes, "/c/1"), Crumb(words.leather)] if name in ("product", "listing") else [],
        flashes=[Flash(words.save)] if name == "product" else [],
        search_scopes=[("goods", words.goods), ("shops", words.shop)],
    )


def sample_values(language: str) -> dict[str, object]:
    chinese = language == "zh-Hans"
    words = Words(language)
    products = [
        {
            "href": f"/p/{index}",
            "title": zh if chinese else en,
            "price": price,
            "picture": f"/pictures/{kind}.svg",
            "sold": f"已售 {1204 - index * 97}" if chinese else f"{1204 - index * 97} sold",
            "shop": words.shop,
            **({"was": "¥599.00", "badge": ("-23%", "bad")} if index == 0 else {}),
            **({"sold_out": True} if index == 6 else {}),
        }
        for index, (zh, en, price, kind) in enumerate(PRODUCTS)
    ]
    states = [
        (words.to_ship_state, "warn"),
        (words.paid, "info"),
        (words.done, "good"),
        (words.cancel, "quiet"),
    ]
    orders = [
        {
            "code": f"SY-7K2M-{90 + index}",
            "goods": products[index]["title"],
            "picture": products[index]["picture"],
            "placed": NOW,
            "buyer": "林晓" if chinese else "Robin",
            "state": states[index][0],
            "tone": states[index][1],
            "amount": Amount(45900 + index * 12800, "CNY"),
        }
        for index in range(4)
    ]
    return {
        "period": periods.read("30d", "", "", "previous", today=date(2026, 9, 1)),
        "periods": periods,
        "charts": sample_charts(words),
        "words": words,
        "now": NOW,
        "products": products,
        "orders": orders,
        "pictures": [{"src": f"/pictures/boot.svg?{turn}", "alt": ""} for turn in range(4)],
        "colours": [
            {"value": "ink", "label": words.ink, "picture": "/pictures/boot.svg?0"},
            {"value": "sand", "label": words.sand, "picture": "/pictures/boot.svg?1"},
        ],
        "sizes": [{"value": str(size), "label": str(size), "sold_out": size == 38} for size in range(36, 45)],
        "freights": [
            {"value": "std", "title": words.standard, "text": words.two_days, "meta": "¥12.00"},
            {"value": "exp", "title": words.express, "text": words.ships, "meta": "¥28.00"},
        ],
    }


def sample_charts(words: Words) -> list[Chart]:
    days = [date(2026, 8, 1) + timedelta(days=day) for day in range(30)]
    rising = [120_000 + 9_000 * day + 40_000 * (day % 7 > 4) for day in range(30)]
    hours = [f"{hour}:00" for hour in range(0, 24, 2)]
    week = [words.today, words.orders, words.goods, words.shop, words.done]
    now, before = Series(words.revenue, rising), Series(words.overview, [one - 30_000 for one in rising], compared=True)
    return [
        Chart("area", words.revenue, days, [now, before], unit="money", currency="CNY", note=words.details),
        Chart("stacked", words.orders, days, [Series(words.paid, rising), Series(words.refunds, rising[::-1])]),
        Chart("pie", words.shop, week, [Series(words.orders, [420, 300, 160, 70, 12])]),
        Chart("bar", words.low, [f"{words.leather} {step}" for step in week], [Series(words.orders, [5, 4, 3, 2, 1])]),
        Chart("funnel", words.statement, week, [Series(words.orders, [9_800, 4_100, 1_900, 1_450, 1_390])]),
        Chart("heat", words.today, hours, [Series(day, [(n * n) % 17 for n in range(12)]) for day in week]),
        Chart(
            "line",
            words.refunds,
            days,
            [Series(words.refunds, [0.01 * (day % 5) for day in range(30)])],
            unit="percent",
        ),
        Chart("line", words.low, days, [Series(words.refunds, [0] * 30)]),
    ]


def render(templates: Templates, name: str, language: str) -> str:
    return templates.render(f"samples/{name}.html", sample_page(name, language), **sample_values(language))
