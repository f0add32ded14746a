"""Lists of goods: what the filters in the address find, and what the page says of it."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.goods import catalog, search
from steelyard.goods.catalog.model import CategoryId
from steelyard.goods.search.model import RANKED, Facets, Query, Results, Sort
from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.text import Text
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.storefront.filters import Filters, read_filters

__all__ = ["Filters", "Listing", "find", "read_filters", "shops_of"]

PRODUCTS_PER_PAGE = 24
SHOPS_SHOWN_MAX = 12
ATTRIBUTES_SHOWN_MAX = 12
VALUES_SHOWN_MAX = 20
# What price filters mean before anything was found that says otherwise.
DEFAULT_CURRENCY = "CNY"

SORTS = (
    (Sort.RELEVANCE, N_("Best match")),
    (Sort.SALES, N_("Most sold")),
    (Sort.PRICE_UP, N_("Price, low to high")),
    (Sort.PRICE_DOWN, N_("Price, high to low")),
    (Sort.RATING, N_("Best rated")),
    (Sort.NEWEST, N_("Newest")),
)


class FacetValue(msgspec.Struct, frozen=True, kw_only=True):
    """`key` is what stands in the address: `material:wool`."""

    key: str
    name: Text
    count: int
    chosen: bool


class Facet(msgspec.Struct, frozen=True, kw_only=True):
    """An attribute that the goods of a list differ in."""

    code: str
    name: Text
    values: list[FacetValue]


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, and the shops that it is from. `default` is the sort of the list for who chose none."""

    filters: Filters
    default: Sort
    results: Results
    shops: dict[MerchantId, ShopCard]
    chosen_shops: Sequence[ShopCard] = ()
    attributes: Sequence[Facet] = ()

    @property
    def shop_facets(self) -> list[tuple[ShopCard, int]]:
        """Shops with how many goods of each there are; those that are chosen stay, with none too."""
        counts = {each.merchant_id: each.count for each in self.results.facets.shops}
        shown = [self.shops[each] for each in list(counts)[:SHOPS_SHOWN_MAX] if each in self.shops]
        missing = [shop for shop in self.chosen_shops if shop not in shown]
        return [(shop, counts.get(shop.merchant_id, 0)) for shop in [*missing, *shown]]

    @property
    def about(self) -> frozenset[UUID]:
        """What the list speaks of, for which there may be news."""
        hits = self.results.hits
        return frozenset([*self.shops, *(hit.product_id for hit in hits)])

    @property
    def sort(self) -> Sort:
        """The sort that the list is in, as visitors are offered it."""
        return offered(self.filters.sort or self.default)

    @property
    def sorts(self) -> Sequence[tuple[Sort, str]]:
        """What is offered: without words nothing matches better than another."""
        return SORTS if self.filters.q else SORTS[1:]

    def sorted_by(self, sort: str) -> str:
        """The address of the same list in this sort."""
        return self.filters.query(sort="" if sort == offered(self.default) else sort)

    @property
    def next_href(self) -> str:
        """Where it goes on: in this sort, whatever the list's default is by then."""
        going_on = self.filters.sort or self.default
        return self.filters.query(sort=going_on, after=self.results.next) if self.results.next else ""

    @property
    def chosen_values(self) -> list[tuple[Text, FacetValue]]:
        """What is chosen, with what it is a value of."""
        return [(each.name, value) for each in self.attributes for value in each.values if value.chosen]


def offered(sort: Sort) -> Sort:
    """However best match is weighed, visitors know it as that."""
    return Sort.RELEVANCE if sort in RANKED else sort


async def find(
    read: Read,
    filters: Filters,
    default: Sort,
    *,
    category_id: CategoryId | None = None,
    merchant_id: MerchantId | None = None,
    limit: int = PRODUCTS_PER_PAGE,
) -> Listing:
    """The list that the filters describe, within a category or a shop, in its default sort where none was chosen. A page that
    never was is the first page."""
    chosen = [] if merchant_id else [await merchants.by_slug(read, slug) for slug in filters.shop]
    known = [shop for shop in chosen if shop is not None]
    if chosen and not known:
        return Listing(
            filters=filters, default=default, results=Results(hits=[], count=0, facets=Facets(), next=None), shops={}
        )
    currency = filters.currency or DEFAULT_CURRENCY
    priced = bool(filters.price_from or filters.price_to)
    query = Query(
        text=filters.q,
        category_id=category_id,
        merchant_id=merchant_id,
        shops=[shop.merchant_id for shop in known],
        price_from=Money.of(filters.price_from, currency).amount if filters.price_from else None,
        price_to=Money.of(filters.price_to, currency).amount if filters.price_to else None,
        currency=currency if priced else None,
        in_stock=filters.stock,
        ships_free=filters.free,
        values=filters.values,
        rating_from=int(filters.rating) if filters.rating else None,
        sort=filters.sort or default,
        cursor=filters.after or None,
        limit=limit,
        facets=not filters.after,
    )
    try:
        results = await search.find(read, query)
    except Invalid:
        results = await search.find(read, msgspec.structs.replace(query, cursor=None, facets=True))
    shops = await merchants.cards(read, shops_of(results))
    return Listing(
        filters=filters,
        default=default,
        results=results,
        shops=shops,
        chosen_shops=known,
        attributes=await _attributes(read, filters, results),
    )


async def _attributes(read: Read, filters: Filters, results: Results) -> list[Facet]:
    """The attributes that the hits differ in, by their definitions; those of most hits first."""
    counts = {each.value: each.count for each in results.facets.values}
    wanted = list(dict.fromkeys([*counts, *filters.facet]))
    if not wanted:
        return []
    definitions = await catalog.definitions(read)
    found: list[Facet] = []
    for code in dict.fromkeys(key.partition(":")[0] for key in wanted):
        definition = definitions.get(code)
        if definition is None or definition.retired:
            continue
        values = [
            FacetValue(key=key, name=value.name, count=counts.get(key, 0), chosen=key in filters.facet)
            for value in definition.known
            if (key := f"{code}:{value.code}") in counts or key in filters.facet
        ]
        shown = sorted(values, key=lambda value: (not value.chosen, -value.count))[:VALUES_SHOWN_MAX]
        if len(shown) > 1 or any(value.chosen for value in shown):
            found.append(Facet(code=code, name=definition.name, values=shown))
    return found[:ATTRIBUTES_SHOWN_MAX]


def shops_of(*results: Results) -> Sequence[MerchantId]:
    """Whose goods were found, and who stands in the facets."""
    found = [hit.merchant_id for result in results for hit in result.hits]
    return list(dict.fromkeys([*found, *(each.merchant_id for result in results for each in result.facets.shops)]))
