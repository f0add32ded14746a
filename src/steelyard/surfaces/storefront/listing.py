"""Lists of goods: what a visitor asks for in the address, and what is found."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from urllib.parse import urlencode

import msgspec

from steelyard.goods import search
from steelyard.goods.catalog.model import CategoryId
from steelyard.goods.search.model import Facets, PriceBand, Query, Results, Sort
from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, ShopCard

TEXT_CHARACTERS_MAX = 200
PRODUCTS_PER_PAGE = 24
SHOPS_SHOWN_MAX = 12
PRICE_MAX = Decimal(10) ** 10
# What price filters mean before anything was found that says otherwise.
DEFAULT_CURRENCY = "CNY"

SORTS = (
    (Sort.RELEVANCE, N_("Best match")),
    (Sort.SALES, N_("Most sold")),
    (Sort.PRICE_UP, N_("Price, low to high")),
    (Sort.PRICE_DOWN, N_("Price, high to low")),
    (Sort.NEWEST, N_("Newest")),
)


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the address, as it was typed; prices in major units. What cannot be read is left out."""

    q: str = ""
    sort: Sort | None = None
    price_from: str = ""
    price_to: str = ""
    currency: str = ""
    stock: bool = False
    shop: str = ""
    category: str = ""
    after: str = ""

    def query(self, **changes: object) -> str:
        """The address of the same list with something changed: `?sort=price_up`. It begins at the first page."""
        said = {"after": ""} | changes
        values = {name: said.get(name, getattr(self, name)) for name in self.__struct_fields__}
        given = {name: "1" if value is True else str(value) for name, value in values.items() if value}
        return "?" + urlencode(given) if given else "?"

    def band(self, band: PriceBand) -> str:
        """The address of the same list within a band of prices."""
        end = "" if band.price_to is None else _plain(band.price_to, band.currency)
        return self.query(price_from=_plain(band.price_from, band.currency), price_to=end, currency=band.currency)

    @property
    def narrowed(self) -> bool:
        return self.count > 0

    @property
    def count(self) -> int:
        """How many filters are in force."""
        return sum(map(bool, (self.price_from or self.price_to, self.stock, self.shop, self.category)))


def read_filters(given: Mapping[str, str]) -> Filters:
    """The filters in a query string."""
    sort = given.get("sort", "")
    return Filters(
        q=given.get("q", "").replace("\x00", "").strip()[:TEXT_CHARACTERS_MAX],
        sort=Sort(sort) if sort in set(Sort) else None,
        price_from=_price(given.get("price_from", "")),
        price_to=_price(given.get("price_to", "")),
        currency=given.get("currency", "") if len(given.get("currency", "")) == 3 else "",
        stock=given.get("stock") == "1",
        shop=given.get("shop", "").replace("\x00", "")[:TEXT_CHARACTERS_MAX],
        category=given.get("category", "").replace("\x00", "")[:TEXT_CHARACTERS_MAX],
        after=given.get("after", ""),
    )


def _price(typed: str) -> str:
    try:
        value = Decimal(typed.replace(",", "").strip())
    except InvalidOperation:
        return ""
    return str(value) if value.is_finite() and 0 <= value <= PRICE_MAX else ""


def _plain(amount: int, currency: str) -> str:
    return f"{Money(amount, currency).decimal().normalize():f}"


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, and the shops that it is from."""

    filters: Filters
    results: Results
    shops: dict[MerchantId, ShopCard]
    chosen_shop: ShopCard | None = None

    @property
    def shop_facets(self) -> list[tuple[ShopCard, int]]:
        counts = self.results.facets.shops[:SHOPS_SHOWN_MAX]
        return [(self.shops[each.merchant_id], each.count) for each in counts if each.merchant_id in self.shops]

    @property
    def next_href(self) -> str:
        return self.filters.query(after=self.results.next) if self.results.next else ""


async def find(
    read: Read,
    filters: Filters,
    *,
    category_id: CategoryId | None = None,
    merchant_id: MerchantId | None = None,
    limit: int = PRODUCTS_PER_PAGE,
) -> Listing:
    """The list that the filters describe, within a category or a shop. A page that never was is the first page."""
    chosen = await merchants.by_slug(read, filters.shop) if filters.shop and merchant_id is None else None
    if filters.shop and merchant_id is None and chosen is None:
        return Listing(filters=filters, results=Results(hits=[], count=0, facets=Facets(), next=None), shops={})
    currency = filters.currency or DEFAULT_CURRENCY
    priced = bool(filters.price_from or filters.price_to)
    query = Query(
        text=filters.q,
        category_id=category_id,
        merchant_id=merchant_id or (chosen.merchant_id if chosen else None),
        price_from=Money.of(filters.price_from, currency).amount if filters.price_from else None,
        price_to=Money.of(filters.price_to, currency).amount if filters.price_to else None,
        currency=currency if priced else None,
        in_stock=filters.stock,
        sort=filters.sort or Sort.RELEVANCE,
        cursor=filters.after or None,
        limit=limit,
    )
    try:
        results = await search.find(read, query)
    except Invalid:
        results = await search.find(read, msgspec.structs.replace(query, cursor=None))
    shops = await merchants.cards(read, shops_of(results))
    return Listing(filters=filters, results=results, shops=shops, chosen_shop=chosen)


def shops_of(*results: Results) -> Sequence[MerchantId]:
    """Whose goods were found, and who stands in the facets."""
    found = [hit.merchant_id for result in results for hit in result.hits]
    return list(dict.fromkeys([*found, *(each.merchant_id for result in results for each in result.facets.shops)]))
