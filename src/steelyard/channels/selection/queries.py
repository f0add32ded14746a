"""Questions about the pool and its samples."""

from typing import LiteralString
from uuid import UUID

from steelyard.channels.selection.model import OfferState, Pick, PoolOffer, Sample, Shelf, Step
from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page

PICKS_SHOWN_MAX = 100
STEPS_SHOWN_MAX = 50
SHELVES_SHOWN_MAX = 200
# After every id: a page from the newest on begins here.
_LAST = UUID(int=2**128 - 1)

_OFFER: LiteralString = """
SELECT o.merchant_id, o.offer_id, o.product_id, o.millionths, o.slot_fee, o.currency, o.terms, o.samples, o.sample_back, p.title
     , o.state, o.opened_at
     , (SELECT coalesce(sum(s.quantity), 0)::integer FROM pool_samples s WHERE s.merchant_id = o.merchant_id
        AND s.offer_id = o.offer_id AND s.state IN ('approved', 'sent', 'received', 'returned')) AS given
     , (SELECT count(*)::integer FROM pool_samples s WHERE s.merchant_id = o.merchant_id AND s.offer_id = o.offer_id
        AND s.state = 'asked') AS asked
     , (SELECT count(*)::integer FROM pool_picks k WHERE k.merchant_id = o.merchant_id AND k.offer_id = o.offer_id) AS picks
FROM pool_offers o JOIN products p ON p.merchant_id = o.merchant_id AND p.product_id = o.product_id
"""
_SAMPLE: LiteralString = """
SELECT s.merchant_id, s.sample_id, s.offer_id, s.host_id, s.quantity, s.receiver, s.words, o.product_id, p.title
     , h.name AS host, s.back, s.state, s.reason, s.carrier, s.tracking, s.sku_id, s.warehouse_id, s.asked_at, s.changed_at
FROM pool_samples s
JOIN pool_offers o ON o.merchant_id = s.merchant_id AND o.offer_id = s.offer_id
JOIN products p ON p.merchant_id = o.merchant_id AND p.product_id = o.product_id
JOIN room_hosts h ON h.merchant_id = s.merchant_id AND h.host_id = s.host_id
"""


async def offers(
    read: Read, merchant_id: UUID, state: OfferState, cursor: str | None = None, limit: int | None = None
) -> Page[PoolOffer]:
    """What stands in the pool, or stood there; the newest first."""
    size = paging.limit(limit)
    (before,) = paging.read_cursor(cursor, UUID) or (_LAST,)
    found = await read.all(
        PoolOffer,
        _OFFER + "WHERE o.merchant_id = $1 AND o.state = $2 AND o.offer_id < $3 ORDER BY o.offer_id DESC LIMIT $4",
        merchant_id,
        state,
        before,
        size + 1,
    )
    return paging.cut(found, size, lambda last: (last.offer_id,))


async def offer_of(read: Read, merchant_id: UUID, offer_id: UUID) -> PoolOffer | None:
    return await read.one(PoolOffer, _OFFER + "WHERE o.merchant_id = $1 AND o.offer_id = $2", merchant_id, offer_id)


async def samples(
    read: Read, merchant_id: UUID, offer_id: UUID | None = None, cursor: str | None = None, limit: int | None = None
) -> Page[Sample]:
    """What hosts have asked for, the newest first; of one offer or of all."""
    size = paging.limit(limit)
    (before,) = paging.read_cursor(cursor, UUID) or (_LAST,)
    found = await read.all(
        Sample,
        _SAMPLE
        + """
        WHERE s.merchant_id = $1 AND ($2::uuid IS NULL OR s.offer_id = $2) AND s.sample_id < $3
        ORDER BY s.sample_id DESC LIMIT $4
        """,
        merchant_id,
        offer_id,
        before,
        size + 1,
    )
    return paging.cut(found, size, lambda last: (last.sample_id,))


async def sample(read: Read, merchant_id: UUID, sample_id: UUID) -> Sample | None:
    return await read.one(Sample, _SAMPLE + "WHERE s.merchant_id = $1 AND s.sample_id = $2", merchant_id, sample_id)


async def history_of_sample(read: Read, merchant_id: UUID, sample_id: UUID) -> list[Step]:
    """The states a sample went through."""
    return await read.all(
        Step,
        """
        SELECT step, from_state, to_state, at, by FROM pool_sample_history
        WHERE merchant_id = $1 AND sample_id = $2 ORDER BY step LIMIT $3
        """,
        merchant_id,
        sample_id,
        STEPS_SHOWN_MAX,
    )


async def picks_of(read: Read, merchant_id: UUID, offer_id: UUID) -> list[Pick]:
    """The sessions that took an offer, the last first."""
    return await read.all(
        Pick,
        """
        SELECT k.session_id, s.title AS session, k.at
        FROM pool_picks k JOIN live_sessions s ON s.merchant_id = k.merchant_id AND s.session_id = k.session_id
        WHERE k.merchant_id = $1 AND k.offer_id = $2 ORDER BY k.at DESC LIMIT $3
        """,
        merchant_id,
        offer_id,
        PICKS_SHOWN_MAX,
    )


async def shelves(read: Read, sample: Sample) -> list[Shelf]:
    """Where the pieces of a sample can be taken from: the articles of its product in open warehouses, the fullest first."""
    return await read.all(
        Shelf,
        """
        SELECT s.sku_id, s.warehouse_id, k.code, w.name AS warehouse, s.on_hand - s.reserved AS free
        FROM skus k
        JOIN stock s ON s.merchant_id = k.merchant_id AND s.sku_id = k.sku_id
        JOIN warehouses w ON w.merchant_id = s.merchant_id AND w.warehouse_id = s.warehouse_id
        WHERE k.merchant_id = $1 AND k.product_id = $2 AND k.was IS NULL AND w.open AND s.on_hand - s.reserved >= $3
        ORDER BY free DESC, k.code, s.warehouse_id LIMIT $4
        """,
        sample.merchant_id,
        sample.product_id,
        sample.quantity,
        SHELVES_SHOWN_MAX,
    )
