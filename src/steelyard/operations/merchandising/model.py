"""Blocks that pages are put together of."""

from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text, decode_text, text

ShopCategoryId = NewType("ShopCategoryId", UUID)

# Who owns the house's own pages.
HOUSE = UUID("00000000-0000-4000-8000-000000000001")
HOME = "home"
SHOP = "shop"
TOPIC = "topic:"

BLOCKS_MAX = 30
SLIDES_MAX = 6
GOODS_MAX = 20
SHOPS_MAX = 12
VERSIONS_SHOWN = 20
TITLE_CHARACTERS_MAX = 60
TEXT_CHARACTERS_MAX = 2_000
SHOP_CATEGORIES_MAX = 50
PRODUCTS_PER_SHOP_CATEGORY_MAX = 200
TOPICS_MAX = 100
PAGES_USING_MAX = 20


class Kind(StrEnum):
    BANNER = "banner"
    TILES = "tiles"
    GOODS = "goods"
    PICTURE = "picture"
    TEXT = "text"
    SHOPS = "shops"


class Rule(StrEnum):
    """Which goods a block shows. `for_you` follows the visitor, where they let it, and is bestsellers otherwise."""

    BESTSELLERS = "bestsellers"
    NEWEST = "newest"
    BEST_RATED = "best_rated"
    FOR_YOU = "for_you"
    CATEGORY = "category"
    SHOP_CATEGORY = "shop_category"
    BY_HAND = "by_hand"


KIND_WORDS: dict[Kind, str] = {
    Kind.BANNER: N_("Banners"),
    Kind.TILES: N_("Categories"),
    Kind.GOODS: N_("Goods"),
    Kind.PICTURE: N_("Picture"),
    Kind.TEXT: N_("Text"),
    Kind.SHOPS: N_("Shops"),
}
RULE_WORDS: dict[Rule, str] = {
    Rule.BESTSELLERS: N_("Bestsellers"),
    Rule.NEWEST: N_("New"),
    Rule.BEST_RATED: N_("Best rated"),
    Rule.FOR_YOU: N_("For you"),
    Rule.CATEGORY: N_("Of a category"),
    Rule.SHOP_CATEGORY: N_("Of one of the shop’s categories"),
    Rule.BY_HAND: N_("Chosen by hand"),
}


class Slide(msgspec.Struct, frozen=True, kw_only=True):
    """One banner: words over a picture or, without one, on the house's colour. With `segment_id` only its members see it."""

    title: Text = msgspec.field(default_factory=Text)
    text: Text = msgspec.field(default_factory=Text)
    href: str = ""
    picture: str | None = None
    segment_id: UUID | None = None


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a page. What a kind does not use is empty. `of` is a category's address or the id of a shop's own
    category; `products` are in the order in which somebody chose them; `shops` are addresses. With `segment_id` only members of
    that segment see it."""

    block_id: UUID
    kind: Kind
    title: Text = msgspec.field(default_factory=Text)
    text: Text = msgspec.field(default_factory=Text)
    href: str = ""
    picture: str | None = None
    rule: Rule = Rule.BESTSELLERS
    of: str = ""
    products: list[UUID] = []
    shops: list[str] = []
    count: int = 10
    slides: list[Slide] = []
    segment_id: UUID | None = None


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A page as it is being put together; `changed_at` is none where nobody has begun."""

    title: Text = msgspec.field(default_factory=Text)
    blocks: list[Block] = []
    changed_at: datetime | None = None


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A published page."""

    version: int
    title: Text
    blocks: list[Block]
    shown_from: datetime
    withdrawn_at: datetime | None
    made_at: datetime
    by: str


class ShopCategory(msgspec.Struct, frozen=True, kw_only=True):
    """How a shop itself sorts its goods."""

    shop_category_id: ShopCategoryId
    name: Text
    place: int
    products: int = 0


def _block(number: int, kind: Kind, **facts: object) -> Block:
    return msgspec.convert({"block_id": UUID(int=number), "kind": kind, **facts}, Block, dec_hook=decode_text)


# What the house shows before anybody has put its page together.
DEFAULT_HOME = [
    _block(
        1,
        Kind.BANNER,
        slides=[
            {
                "title": text("众多店铺，一个购物车", "Many shops, one cart"),
                "text": text(
                    "各家店铺随意挑选，一次付款，每个包裹都能查到物流。收到货之前，货款由平台保管。",
                    "Choose from every shop, pay once, and follow each parcel. Your money is held until your goods arrive.",
                ),
                "href": "/categories",
            }
        ],
    ),
    _block(2, Kind.TILES),
    _block(3, Kind.GOODS, title=text("热销榜", "Popular now"), rule="bestsellers"),
    _block(4, Kind.GOODS, title=text("猜你喜欢", "For you"), rule="for_you"),
    _block(5, Kind.GOODS, title=text("新品", "New"), rule="newest"),
    _block(6, Kind.SHOPS, title=text("店铺", "Shops")),
]
