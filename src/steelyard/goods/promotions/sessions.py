"""Questions about flash sales."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from steelyard.goods.promotions.model import Offer, Planned, Session, SpecialPrice
from steelyard.goods.promotions.queries import flashing
from steelyard.kernel.db import Read

SESSIONS_SHOWN_MAX = 60
ITEMS_SHOWN_MAX = 500


async def had_by(
    read: Read, buyer_ids: Collection[UUID], promotion_ids: Collection[UUID]
) -> dict[tuple[UUID, UUID], int]:
    """How many pieces each buyer has at each of these flash prices, by `(buyer_id, promotion_id)`."""
    if not buyer_ids or not promotion_ids:
        return {}
    rows = await read.fetch(
        "SELECT buyer_id, promotion_id, pieces FROM promotion_limits WHERE buyer_id = ANY($1) AND promotion_id = ANY($2)",
        list(buyer_ids),
        list(promotion_ids),
    )
    return {(row["buyer_id"], row["promotion_id"]): row["pieces"] for row in rows}


def own_price(offer: Offer, sku_id: UUID, usual: int) -> int | None:
    """What a piece costs that usually costs so much by this offer, if it is a special price of it."""
    if offer.flash is not None or not isinstance(offer.rule, SpecialPrice):
        return None
    return offer.rule.of(sku_id, usual)


def flash_price(offer: Offer) -> int | None:
    """What a piece costs by this offer, if it is of a flash sale."""
    if offer.flash is None or not isinstance(offer.rule, SpecialPrice):
        return None
    return offer.rule.prices.get(offer.flash.sku_id)


async def flash_left(read: Read, merchant_ids: Collection[UUID], sku_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many pieces of these SKUs are left in sessions that run now. Where no shop has any, nothing is asked."""
    some = sorted((await flashing(read)).intersection(merchant_ids))
    if not some:
        return {}
    rows = await read.fetch(
        """
        SELECT sku_id, pieces - taken AS left FROM promotions
        WHERE merchant_id = ANY($1) AND sku_id = ANY($2) AND stopped_at IS NULL AND returned_at IS NULL
          AND starts_at <= now() AND ends_at > now() AND taken < pieces AND only_source IS NULL
        """,
        some,
        list(sku_ids),
    )
    return {row["sku_id"]: row["left"] for row in rows}


async def pieces_left(read: Read, keys: Sequence[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], int]:
    """How many pieces are left at these flash prices, by `(merchant_id, promotion_id)`; what is not sold by the piece, or is
    over, is missing."""
    rows = await read.fetch(
        """
        SELECT p.merchant_id, p.promotion_id, p.pieces - p.taken AS left
        FROM unnest($1::uuid[], $2::uuid[]) AS k (merchant_id, promotion_id) JOIN promotions p USING (merchant_id, promotion_id)
        WHERE p.pieces IS NOT NULL AND p.stopped_at IS NULL AND p.returned_at IS NULL AND p.ends_at > now()
        """,
        [merchant_id for merchant_id, _ in keys],
        [promotion_id for _, promotion_id in keys],
    )
    return {(row["merchant_id"], row["promotion_id"]): row["left"] for row in rows}


async def sessions(
    read: Read, merchant_id: UUID, before: UUID | None, limit: int, *, presales: bool = False
) -> list[Session]:
    """A shop's flash sales, or its presales, what was planned last first; `before` is the last of the page before."""
    return await read.all(
        Session,
        """
        SELECT merchant_id, session_id, name, starts_at, ends_at, begun_at, ended_at, cancelled_by, reason, presale
             , only_source
        FROM flash_sessions
        WHERE merchant_id = $1 AND ($2::uuid IS NULL OR session_id < $2) AND (presale IS NOT NULL) = $4
          AND only_source IS NULL
        ORDER BY session_id DESC LIMIT $3
        """,
        merchant_id,
        before,
        limit,
        presales,
    )


async def session(read: Read, merchant_id: UUID, session_id: UUID) -> Session | None:
    return await read.one(
        Session,
        """
        SELECT merchant_id, session_id, name, starts_at, ends_at, begun_at, ended_at, cancelled_by, reason, presale
             , only_source
        FROM flash_sessions WHERE merchant_id = $1 AND session_id = $2
        """,
        merchant_id,
        session_id,
    )


async def sessions_near(read: Read, until: datetime, *, presales: bool = False) -> list[Session]:
    """The flash sales, or the presales, of all shops that run, or begin before `until`, what begins first first."""
    return await read.all(
        Session,
        """
        SELECT f.merchant_id, f.session_id, f.name, f.starts_at, f.ends_at, f.begun_at, f.ended_at, f.cancelled_by
             , f.reason, f.presale
        FROM flash_sessions f JOIN merchants m USING (merchant_id)
        WHERE f.ended_at IS NULL AND f.ends_at > now() AND f.starts_at < $1 AND m.state = 'open'
          AND (f.presale IS NOT NULL) = $3 AND f.only_source IS NULL
        ORDER BY f.starts_at, f.ends_at, f.session_id LIMIT $2
        """,
        until,
        SESSIONS_SHOWN_MAX,
        presales,
    )


async def planned(read: Read, sessions: Sequence[tuple[UUID, UUID]]) -> list[Planned]:
    """What is sold in these `(merchant_id, session_id)`, and what came of it."""
    return await read.all(
        Planned,
        """
        SELECT p.merchant_id, p.session_id, p.promotion_id, s.product_id, p.sku_id
             , (p.rule -> 'prices' ->> p.sku_id::text)::bigint AS price, p.currency, p.pieces, p.taken
             , p.pieces_per_order AS per_order, p.pieces_per_buyer AS per_buyer, p.presale
             , coalesce(u.buyers, 0) AS buyers, coalesce(u.off, 0)::bigint AS off
        FROM unnest($1::uuid[], $2::uuid[]) AS f (merchant_id, session_id)
        JOIN promotions p USING (merchant_id, session_id)
        JOIN skus s ON s.merchant_id = p.merchant_id AND s.sku_id = p.sku_id
        LEFT JOIN LATERAL (
            SELECT count(DISTINCT buyer_id) AS buyers, sum(amount) AS off FROM promotion_uses u
            WHERE u.merchant_id = p.merchant_id AND u.promotion_id = p.promotion_id AND u.given_back_at IS NULL) u ON true
        ORDER BY p.session_id, p.promotion_id LIMIT $3
        """,
        [merchant_id for merchant_id, _ in sessions],
        [session_id for _, session_id in sessions],
        ITEMS_SHOWN_MAX,
    )


async def presales_open(read: Read) -> list[Session]:
    """The presales of all shops that are to come, run, or of which something is still to be paid or sent; the last first."""
    return await read.all(
        Session,
        """
        SELECT merchant_id, session_id, name, starts_at, ends_at, begun_at, ended_at, cancelled_by, reason, presale
        FROM flash_sessions
        WHERE presale IS NOT NULL AND starts_at > now() - interval '1 year' AND (presale ->> 'ships_by')::timestamptz > now()
        ORDER BY starts_at DESC, session_id LIMIT $1
        """,
        SESSIONS_SHOWN_MAX,
    )
