"""Sample pages that use every macro: what authors look at, and what the browser test looks through."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from steelyard.surfaces.components import Crumb, Flash, Link, NavItem, Operator, Page, Templates, Viewer
from tests.surfaces.components.sample_words import CATEGORIES, PRODUCTS, WORDS

SAMPLES = Path(__file__).parent / "samples"
NOW = datetime(2026, 9, 1, 2, 30, tzinfo=UTC)
STOREFRONT = ("home", "listing", "product", "cart")
MERCHANT = ("dashboard", "orders", "order")
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


def render(templates: Templates, name: str, language: str) -> str:
    return templates.render(f"samples/{name}.html", sample_page(name, language), **sample_values(language))
