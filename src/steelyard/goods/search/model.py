"""What buyers ask for, and what they find."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from steelyard.goods.catalog.model import CategoryId, ProductId
from steelyard.kernel.text import Text
from steelyard.parties.merchants.model import MerchantId

COUNT_MAX = 2_000
PRODUCTS_PER_REINDEX_MAX = 1_000
PRICE_BANDS_MAX = 5
FACETS_MAX = 50
# Attributes that one search may be narrowed by at the same time.
NARROWED_ATTRIBUTES_MAX = 6
VALUES_PER_ATTRIBUTE_MAX = 20
SHOPS_CHOSEN_MAX = 20
# Entries that are looked at to count the other values of a facet that is in force.
LOOKED_AT_MAX = 20_000
# More hits than this are not put in order together: they are read along the index of the sort.
ORDERED_MAX = 10_000
CARDS_MAX = 200
ADDRESSES_MAX = 5_000


# Stands among an entry's facets like a value of an attribute; no attribute's code begins so.
SHIPS, FREE = "_ships", "free"
SHIPS_FREE = f"{SHIPS}:{FREE}"


class Sort(StrEnum):
    """`relevance` without a text is the best selling first; so are the two that weigh what answers it otherwise."""

    RELEVANCE = "relevance"
    RELEVANCE_SALES = "relevance_sales"
    RELEVANCE_NEWEST = "relevance_newest"
    SALES = "sales"
    PRICE_UP = "price_up"
    PRICE_DOWN = "price_down"
    NEWEST = "newest"
    RATING = "rating"


RANKED = frozenset({Sort.RELEVANCE, Sort.RELEVANCE_SALES, Sort.RELEVANCE_NEWEST})


class GoodsList(StrEnum):
    """A list of goods that has a default sort: what answers words, what stands in a category (or is all there is), and what
    one shop has."""

    SEARCH = "search"
    CATEGORIES = "categories"
    SHOP = "shop"


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody looks for. Prices are minor units, both ends included; `currency` leaves other currencies out.

    `values`: for each attribute the codes of values, of which a hit has one at least: `{"material": ["wool"]}`.
    `shops`: any of these; `merchant_id` is the shop whose page it is. `rating_from`: hundredths of a star.
    `facets`: whether to count as well, hits and where they are; a further page need not. `count`: hits alone.
    `enough`: when so many of what sells best in a large house are hits, a search by relevance is content with these.
    """

    text: str = ""
    category_id: CategoryId | None = None
    merchant_id: MerchantId | None = None
    price_from: int | None = None
    price_to: int | None = None
    currency: str | None = None
    in_stock: bool = False
    ships_free: bool = False
    values: Mapping[str, Sequence[str]] = {}
    shops: Sequence[MerchantId] = ()
    rating_from: int | None = None
    sort: Sort = Sort.RELEVANCE
    cursor: str | None = None
    limit: int | None = None
    facets: bool = True
    count: bool = False
    enough: int = COUNT_MAX


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A product on the shelf. `price` is of its cheapest SKU now, with what is lowered for everybody, `price_to` of its dearest,
    `usual` what the cheapest would cost if nothing were lowered (none: nothing is), `rating` hundredths of a star;
    `ships_free`: one piece is sent free of charge in the house's country."""

    merchant_id: MerchantId
    product_id: ProductId
    category_path: list[CategoryId]
    title: Text
    slug: str
    picture: str | None
    currency: str
    price: int
    price_to: int
    compare_at: int | None
    in_stock: bool
    sold: int
    rating: int
    listed_at: datetime
    ships_free: bool = False
    usual: int | None = None


class CategoryCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many hits are in a category or below it."""

    category_id: CategoryId
    count: int


class ShopCount(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: MerchantId
    count: int


class PriceBand(msgspec.Struct, frozen=True, kw_only=True):
    """How many hits cost from `price_from` to `price_to`, both ends included; the last band is open above."""

    currency: str
    price_from: int
    price_to: int | None
    count: int


class RatingCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many hits are rated so or better; `stars` in hundredths."""

    stars: int
    count: int


class ValueCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many hits have this value of an attribute: `material:wool`."""

    value: str
    count: int


class Facets(msgspec.Struct, frozen=True, kw_only=True):
    """Where the hits are, the most first; of at most `COUNT_MAX` hits.

    Shops, prices, ratings and values are counted as if their own facet were not in force, so that the others of a
    facet can be seen and chosen too.
    """

    categories: list[CategoryCount] = []
    shops: list[ShopCount] = []
    prices: list[PriceBand] = []
    ratings: list[RatingCount] = []
    values: list[ValueCount] = []

    @property
    def ships_free(self) -> int:
        """How many are sent free of charge."""
        return next((each.count for each in self.values if each.value == SHIPS_FREE), 0)


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """`count` is exact, or means "that many or more" where it is `capped`."""

    hits: list[Hit]
    count: int
    capped: bool = False
    facets: Facets
    next: str | None
