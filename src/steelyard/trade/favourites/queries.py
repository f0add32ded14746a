"""Questions about favourites and footprints."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.favourites.model import (
    FOOTPRINTS_DAYS,
    PRODUCTS_PER_BUYER_MAX,
    SHOPS_PER_BUYER_MAX,
    Kept,
    KeptShop,
    Seen,
    Which,
)

_LAST = UUID(int=2**128 - 1)
# The counts of one buyer's favourites, and the list, look at no more than these.
_KEPT: LiteralString = """
    SELECT f.product_id, f.merchant_id, f.kept_price, f.currency, f.kept_in_stock, f.kept_at, p.title
         , coalesce(e.picture, (SELECT i.file FROM product_pictures i WHERE i.merchant_id = p.merchant_id
                                AND i.product_id = p.product_id ORDER BY i.place LIMIT 1)) AS picture
         , c.path AS category_path, e.price, e.price_to, e.currency AS now_currency, coalesce(e.in_stock, false) AS in_stock
    FROM favourite_products f
    JOIN products p USING (merchant_id, product_id)
    JOIN categories c USING (category_id)
    LEFT JOIN search_entries e USING (merchant_id, product_id)
"""
_WHICH: LiteralString = """
    ($2 = '' OR $2 = 'cheaper' AND e.price < f.kept_price AND e.currency = f.currency
     OR $2 = 'back' AND e.in_stock AND NOT f.kept_in_stock OR $2 = 'gone' AND e.price IS NULL)
"""


async def products(
    read: Read, buyer_id: BuyerId, which: Which = Which.ALL, cursor: str | None = None, limit: int | None = None
) -> Page[Kept]:
    """What somebody keeps, the latest first."""
    moment, last = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Kept,
        _KEPT  # literals of ours
        + "WHERE f.buyer_id = $1 AND "
        + _WHICH
        + """
          AND (f.kept_at, f.product_id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4::uuid, $6))
        ORDER BY f.kept_at DESC, f.product_id DESC LIMIT $5
        """,
        buyer_id,
        which,
        moment,
        last,
        most + 1,
        _LAST,
    )
    return paging.cut(found, most, lambda each: (each.kept_at, each.product_id))


async def product_counts(read: Read, buyer_id: BuyerId) -> Mapping[Which, int]:
    """How many favourites there are in all, cheaper than then, back in stock, and gone."""
    row = await read.row(
        """
        SELECT count(*) AS everything
             , count(*) FILTER (WHERE e.price < f.kept_price AND e.currency = f.currency) AS cheaper
             , count(*) FILTER (WHERE e.in_stock AND NOT f.kept_in_stock) AS back
             , count(*) FILTER (WHERE e.price IS NULL) AS gone
        FROM (SELECT * FROM favourite_products WHERE buyer_id = $1 LIMIT $2) f
        LEFT JOIN search_entries e USING (merchant_id, product_id)
        """,
        buyer_id,
        PRODUCTS_PER_BUYER_MAX,
    )
    assert row is not None, "counts are always there"
    return {
        Which.ALL: row["everything"],
        Which.CHEAPER: row["cheaper"],
        Which.BACK: row["back"],
        Which.GONE: row["gone"],
    }


async def shops(read: Read, buyer_id: BuyerId) -> list[KeptShop]:
    """The shops somebody follows, the latest first."""
    return await read.all(
        KeptShop,
        "SELECT merchant_id, kept_at FROM favourite_shops WHERE buyer_id = $1 ORDER BY kept_at DESC LIMIT $2",
        buyer_id,
        SHOPS_PER_BUYER_MAX,
    )


async def kept_among(read: Read, buyer_id: BuyerId, product_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these products somebody keeps."""
    rows = await read.fetch(
        "SELECT product_id FROM favourite_products WHERE buyer_id = $1 AND product_id = ANY($2)",
        buyer_id,
        list(product_ids),
    )
    return {row["product_id"] for row in rows}


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """All that somebody keeps, for the hearts and buttons of a page."""

    products: list[UUID]
    shops: list[UUID]


async def marks(read: Read, buyer_id: BuyerId) -> Marks:
    """Which products and shops somebody keeps."""
    found = await read.one(
        Marks,
        """
        SELECT ARRAY(SELECT product_id FROM favourite_products WHERE buyer_id = $1 LIMIT $2) AS products
             , ARRAY(SELECT merchant_id FROM favourite_shops WHERE buyer_id = $1 LIMIT $3) AS shops
        """,
        buyer_id,
        PRODUCTS_PER_BUYER_MAX,
        SHOPS_PER_BUYER_MAX,
    )
    assert found is not None, "there is always an answer"
    return found


async def follows(read: Read, buyer_id: BuyerId, merchant_id: MerchantId) -> bool:
    """Whether somebody follows this shop."""
    return await read.value(
        "SELECT EXISTS (SELECT FROM favourite_shops WHERE buyer_id = $1 AND merchant_id = $2)", buyer_id, merchant_id
    )


async def footprints(read: Read, buyer_id: BuyerId, cursor: str | None = None, limit: int | None = None) -> Page[Seen]:
    """What somebody looked at in the last days, the latest first."""
    moment, last = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Seen,
        """
        SELECT f.product_id, f.merchant_id, f.seen_at, p.title, e.price, e.price_to, e.compare_at, e.currency
             , coalesce(e.in_stock, false) AS in_stock, coalesce(e.sold, 0) AS sold
             , coalesce(e.picture, (SELECT i.file FROM product_pictures i WHERE i.merchant_id = p.merchant_id
                                    AND i.product_id = p.product_id ORDER BY i.place LIMIT 1)) AS picture
        FROM footprints f
        JOIN products p USING (merchant_id, product_id)
        LEFT JOIN search_entries e USING (merchant_id, product_id)
        WHERE f.buyer_id = $1 AND f.seen_at > now() - $5 * interval '1 day'
          AND (f.seen_at, f.product_id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, $6))
        ORDER BY f.seen_at DESC, f.product_id DESC LIMIT $4
        """,
        buyer_id,
        moment,
        last,
        most + 1,
        FOOTPRINTS_DAYS,
        _LAST,
    )
    return paging.cut(found, most, lambda each: (each.seen_at, each.product_id))


async def footprints_on(read: Read, buyer_id: BuyerId) -> bool:
    """Whether what somebody looks at is remembered."""
    return not await read.value("SELECT EXISTS (SELECT FROM footprints_off WHERE buyer_id = $1)", buyer_id)


async def of_buyers(read: Read, buyers: Sequence[BuyerId]) -> dict[str, list[dict[str, object]]]:
    """All of it, for an export of a buyer's data."""
    wanted = list(buyers)
    products_kept = await read.fetch(
        "SELECT product_id::text, kept_at FROM favourite_products WHERE buyer_id = ANY($1) ORDER BY kept_at", wanted
    )
    shops_kept = await read.fetch(
        "SELECT merchant_id::text, kept_at FROM favourite_shops WHERE buyer_id = ANY($1) ORDER BY kept_at", wanted
    )
    seen = await read.fetch(
        "SELECT product_id::text, seen_at FROM footprints WHERE buyer_id = ANY($1) ORDER BY seen_at", wanted
    )
    return {
        "favourite_products": [dict(row) for row in products_kept],
        "favourite_shops": [dict(row) for row in shops_kept],
        "footprints": [dict(row) for row in seen],
    }
