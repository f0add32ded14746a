"""Questions about buyers."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.parties.customers.model import ADDRESSES_PER_BUYER_MAX, Buyer, BuyerId, SavedAddress

VISITORS_MAX = 200

# So many people of one name are looked at.
SOUGHT_MAX = 2_000


async def get(read: Read, buyer_id: BuyerId) -> Buyer | None:
    return await read.one(
        Buyer,
        """
        SELECT buyer_id, email, name, phone, locale, country, guest, source, created_at, birthday FROM buyers WHERE buyer_id = $1
        """,
        buyer_id,
    )


async def named(read: Read, buyer_ids: Sequence[BuyerId]) -> Sequence[Buyer]:
    """Those of these buyers whom we know."""
    return await read.all(
        Buyer,
        """
        SELECT buyer_id, email, name, phone, locale, country, guest, source, created_at FROM buyers WHERE buyer_id = ANY($1)
        """,
        list(buyer_ids),
    )


async def sought(read: Read, q: str, cursor: str | None = None, limit: int | None = None) -> Page[Buyer]:
    """Buyers whose whole e-mail address, telephone number or name is `q`; all of them when it is empty. The newest
    first."""
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    if q:
        found = await read.all(
            Buyer,
            """
            SELECT buyer_id, email, name, phone, locale, country, guest, source, created_at FROM buyers
            WHERE buyer_id = ANY(ARRAY(
                      (SELECT buyer_id FROM buyers WHERE email IS NOT NULL AND lower(email) = lower($1) LIMIT $5)
                      UNION (SELECT buyer_id FROM buyers WHERE phone <> '' AND phone = $1 LIMIT $5)
                      UNION (SELECT buyer_id FROM buyers WHERE name <> '' AND name = $1 LIMIT $5)))
              AND ($2::timestamptz IS NULL OR (created_at, buyer_id) < ($2, $3::uuid))
            ORDER BY created_at DESC, buyer_id DESC LIMIT $4
            """,
            q,
            *key,
            most + 1,
            SOUGHT_MAX,
        )
    else:
        found = await read.all(
            Buyer,
            """
            SELECT buyer_id, email, name, phone, locale, country, guest, source, created_at FROM buyers
            WHERE $1::timestamptz IS NULL OR (created_at, buyer_id) < ($1, $2::uuid)
            ORDER BY created_at DESC, buyer_id DESC LIMIT $3
            """,
            *key,
            most + 1,
        )
    return paging.cut(found, most, lambda last: (last.created_at, last.buyer_id))


async def addresses(read: Read, buyer_id: BuyerId) -> Sequence[SavedAddress]:
    """The address book, the default first, then the newest."""
    return (await address_books(read, [buyer_id]))[buyer_id]


async def address_books(read: Read, buyer_ids: Sequence[BuyerId]) -> dict[BuyerId, list[SavedAddress]]:
    """`addresses` of many buyers; an empty book, too."""
    found = await read.all(
        _Kept,
        """
        SELECT a.buyer_id, a.address_id, a.address, a.is_default
        FROM unnest($1::uuid[]) AS w (buyer_id) CROSS JOIN LATERAL (
            SELECT buyer_id, address_id, address, is_default FROM addresses WHERE buyer_id = w.buyer_id
            ORDER BY is_default DESC, created_at DESC LIMIT $2
        ) AS a
        """,
        list(buyer_ids),
        ADDRESSES_PER_BUYER_MAX,
    )
    books: dict[BuyerId, list[SavedAddress]] = {buyer_id: [] for buyer_id in buyer_ids}
    for each in found:
        books[each.buyer_id].append(each)
    return books


class _Kept(SavedAddress, frozen=True, kw_only=True):
    buyer_id: BuyerId


async def visitors_of(read: Read, buyer_id: BuyerId) -> list[BuyerId]:
    """Whom the buyer was as a visitor: what was bought then stands under those ids."""
    return (await pasts(read, [buyer_id])).get(buyer_id, [])


async def pasts(read: Read, buyer_ids: Sequence[BuyerId]) -> dict[BuyerId, list[BuyerId]]:
    """`visitors_of` for many buyers, those who were never visitors left out: for `kernel/lookups`."""
    rows = await read.fetch(
        """
        SELECT w.buyer_id, m.visitor_id
        FROM unnest($1::uuid[]) AS w (buyer_id)
        CROSS JOIN LATERAL (SELECT visitor_id, at FROM visitor_merges m
                            WHERE m.buyer_id = w.buyer_id ORDER BY at DESC LIMIT $2) m
        ORDER BY w.buyer_id, m.at DESC
        """,
        list(buyer_ids),
        VISITORS_MAX,
    )
    found: dict[BuyerId, list[BuyerId]] = {}
    for row in rows:
        found.setdefault(BuyerId(row["buyer_id"]), []).append(BuyerId(row["visitor_id"]))
    return found


async def resolve(read: Read, visitor_id: BuyerId) -> BuyerId:
    """Who this visitor is: the buyer merged into, else the visitor."""
    return (await merged(read, [visitor_id])).get(visitor_id, visitor_id)


async def merged(read: Read, visitor_ids: Sequence[BuyerId]) -> dict[BuyerId, BuyerId]:
    """Those of these visitors who have become buyers, and which: for `kernel/lookups`."""
    rows = await read.fetch(
        "SELECT visitor_id, buyer_id FROM visitor_merges WHERE visitor_id = ANY($1)", list(visitor_ids)
    )
    return {BuyerId(row["visitor_id"]): BuyerId(row["buyer_id"]) for row in rows}
