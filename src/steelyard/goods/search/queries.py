"""Searching and browsing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.goods.search import words
from steelyard.goods.search.model import (
    ADDRESSES_MAX,
    CARDS_MAX,
    COUNT_MAX,
    FREE,
    LOOKED_AT_MAX,
    NARROWED_ATTRIBUTES_MAX,
    ORDERED_MAX,
    PRICE_BANDS_MAX,
    RANKED,
    SHIPS,
    SHOPS_CHOSEN_MAX,
    VALUES_PER_ATTRIBUTE_MAX,
    CategoryCount,
    Facets,
    Hit,
    PriceBand,
    Query,
    RatingCount,
    Results,
    ShopCount,
    Sort,
    ValueCount,
)
from steelyard.goods.search.rules import other_wordings
from steelyard.goods.search.statements import HIT, find_sql
from steelyard.kernel import paging
from steelyard.kernel.db import Read

# Where price buckets begin: 1, 2, 5, 10, 20, 50, … minor units.
BUCKETS = [step * 10**power for power in range(15) for step in (1, 2, 5)]

_KEY_KINDS: dict[Sort, type] = {
    **dict.fromkeys(RANKED, float),
    Sort.SALES: int,
    Sort.NEWEST: datetime,
    Sort.PRICE_UP: int,
    Sort.PRICE_DOWN: int,
    Sort.RATING: int,
}


class _Ranked(Hit, frozen=True, kw_only=True):
    relevance: float = 0.0


class _Bucket(msgspec.Struct, frozen=True, kw_only=True):
    currency: str
    bucket: int
    count: int


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    hits: list[_Ranked]
    count: int
    categories: list[CategoryCount] = []
    shops: list[ShopCount] = []
    buckets: list[_Bucket] = []
    ratings: list[RatingCount] = []
    values: list[ValueCount] = []


async def find(read: Read, query: Query) -> Results:
    """What is on the shelf and answers the query, a page of it, with the count and the facets of all hits.

    All words must be there, or words that the operator says mean the same; a run of Chinese characters must be there as
    typed. A text without any word finds
    nothing. Above `COUNT_MAX` hits, counts and facets are of that many, and `relevance` ranks that many, or of what sells best
    as many as are `enough`. Raises
    `Invalid` for a cursor that is not of this sort.
    """
    wanted = words.query(query.text, *(await other_wordings(read, query.text) if query.text else ()))
    if wanted is None and query.text.strip():
        return Results(hits=[], count=0, facets=Facets(), next=None)
    sort = Sort.SALES if query.sort in RANKED and wanted is None else query.sort
    ranked = query.enough if sort in RANKED else ORDERED_MAX
    key = paging.read_cursor(query.cursor, _KEY_KINDS[sort], UUID)
    most = paging.limit(query.limit)
    # A plan made once for all words and keys reads far too much (measured on 20,000 products: 12.6 ms where this takes 5.8).
    await read.plan_anew()
    found = await read.one(
        _Found,
        find_sql(
            sort,
            text=wanted is not None,
            category=query.category_id is not None,
            merchant=query.merchant_id is not None,
            narrowed=query.facets and _narrowed(query),
            facets=query.facets,
        ),
        wanted,
        query.category_id,
        query.merchant_id,
        query.price_from,
        query.price_to,
        query.in_stock,
        query.currency,
        key[0] if key else None,
        key[1] if key else None,
        most + 1,
        COUNT_MAX if query.facets or query.count else 0,
        BUCKETS,
        list(query.shops[:SHOPS_CHOSEN_MAX]) or None,
        query.rating_from,
        *_chosen(({SHIPS: [FREE]} if query.ships_free else {}) | dict(query.values)),
        LOOKED_AT_MAX,
        ranked,
    )
    assert found is not None
    return Results(
        hits=list(found.hits[:most]),
        count=found.count,
        capped=found.count in (COUNT_MAX, ranked),
        facets=Facets(
            categories=found.categories,
            shops=found.shops,
            prices=_bands(found.buckets),
            ratings=found.ratings,
            values=found.values,
        ),
        next=_after(sort, found.hits[most - 1]) if len(found.hits) > most else None,
    )


def _narrowed(query: Query) -> bool:
    prices = (query.price_from, query.price_to, query.rating_from)
    return bool(query.values or query.shops or query.ships_free) or any(each is not None for each in prices)


def _chosen(values: Mapping[str, Sequence[str]]) -> list[list[str] | None]:
    """The chosen values of each attribute as the entries write them, in as many parameters as the statement has."""
    chosen: list[list[str] | None] = [
        [f"{code}:{value}" for value in some[:VALUES_PER_ATTRIBUTE_MAX]]
        for code, some in list(values.items())[:NARROWED_ATTRIBUTES_MAX]
        if some
    ]
    return chosen + [None] * (NARROWED_ATTRIBUTES_MAX - len(chosen))


async def cards(read: Read, products: Iterable[tuple[UUID, UUID]]) -> list[Hit]:
    """What search shows of these `(merchant_id, product_id)`, in this order; those that are not on the shelf are left
    out."""
    wanted = list(dict.fromkeys(products))
    assert len(wanted) <= CARDS_MAX
    if not wanted:
        return []
    return await read.all(
        Hit,
        f"""
        SELECT {HIT} FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS k (merchant_id, product_id, place)
        JOIN search_entries e USING (merchant_id, product_id) ORDER BY k.place
        """,  # noqa: S608  # literals alone
        [merchant_id for merchant_id, _ in wanted],
        [product_id for _, product_id in wanted],
    )


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where a product is found, and since when."""

    product_id: UUID
    slug: str
    listed_at: datetime


async def address_pages(read: Read) -> list[tuple[UUID, UUID]]:
    """The first product of each part of `ADDRESSES_MAX` products on the shelf, in the order of `addresses`."""
    rows = await read.fetch(
        """
        SELECT merchant_id, product_id FROM (
            SELECT merchant_id, product_id, row_number() OVER (ORDER BY merchant_id, product_id) AS place
            FROM search_entries) placed
        WHERE place % $1 = 1 ORDER BY place
        """,
        ADDRESSES_MAX,
    )
    return [(row["merchant_id"], row["product_id"]) for row in rows]


async def addresses(read: Read, first: tuple[UUID, UUID]) -> list[Address]:
    """So many products on the shelf from this `(merchant_id, product_id)` on: for sitemaps."""
    return await read.all(
        Address,
        """
        SELECT product_id, slug, listed_at FROM search_entries
        WHERE (merchant_id, product_id) >= ($1::uuid, $2::uuid) ORDER BY merchant_id, product_id LIMIT $3
        """,
        *first,
        ADDRESSES_MAX,
    )


def _after(sort: Sort, last: _Ranked) -> str:
    key = {
        **dict.fromkeys(RANKED, last.relevance),
        Sort.SALES: last.sold,
        Sort.NEWEST: last.listed_at,
        Sort.PRICE_UP: last.price,
        Sort.PRICE_DOWN: last.price,
        Sort.RATING: last.rating,
    }
    return paging.write_cursor(key[sort], last.product_id)


def _bands(buckets: list[_Bucket]) -> list[PriceBand]:
    """At most `PRICE_BANDS_MAX` bands of the currency that most hits have: the smallest neighbours are joined."""
    counts: dict[str, int] = {}
    for each in buckets:
        counts[each.currency] = counts.get(each.currency, 0) + each.count
    if not counts:
        return []
    currency = max(sorted(counts), key=lambda code: counts[code])
    bands = [(each.bucket, each.count) for each in buckets if each.currency == currency]
    while len(bands) > PRICE_BANDS_MAX:
        at = min(range(len(bands) - 1), key=lambda i: bands[i][1] + bands[i + 1][1])
        bands[at : at + 2] = [(bands[at][0], bands[at][1] + bands[at + 1][1])]
    starts = [BUCKETS[bucket - 1] if bucket else 0 for bucket, _ in bands]
    ends = [start - 1 for start in starts[1:]]
    return [
        PriceBand(currency=currency, price_from=start, price_to=end, count=count)
        for start, end, (_, count) in zip(starts, [*ends, None], bands, strict=True)
    ]
