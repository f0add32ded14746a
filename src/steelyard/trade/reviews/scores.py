"""Shop scores (DSR): description, service and logistics of the last 180 days, less what the facts of the last 30 take off,
computed once a day and compared with the shops of the same category."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.aftersales import REASONS
from steelyard.trade.orders.model import SHIP_WITHIN_HOURS
from steelyard.trade.reviews.model import FACTS_OVER_DAYS, SCORES_OVER_DAYS, ShopScore

MERCHANTS_PER_SWEEP = 100
DAYS_KEPT = 400
STAR = 100
TAKEN_OFF_MAX = 100
TAKEN_OFF_PER_CENT = 5
ORDERS_LEAST = 20


class _Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a shop today."""

    merchant_id: MerchantId
    category_id: UUID | None
    reviews: int
    description: int
    service: int
    logistics: int
    paid: int
    faults: int
    due: int
    late: int


def taken_off(count: int, of: int) -> int:
    """What so many of so many orders take off a score, in hundredths of a star: five for each of a hundred, rounded half up,
    at most a star. Of fewer than twenty orders one is still but one of twenty.

    1 of 100 takes 5, 1 of 3 takes 25, half of them 100.
    """
    whole = max(of, ORDERS_LEAST)
    return min(TAKEN_OFF_MAX, (2 * count * 100 * TAKEN_OFF_PER_CENT + whole) // (2 * whole))


def scored(said: int, count: int, of: int) -> int:
    """What is left of what buyers said, when facts have taken off theirs; not less than one star. Nothing said is no score."""
    return max(min(said, STAR), said - taken_off(count, of)) if said else 0


async def score_shops(tx: Tx) -> int:
    """Write today's scores of shops that have none yet; returns of how many. The stars of a shown review are its
    description; service and logistics are what was said of the order, less what after-sales cases and late parcels take off
    (docs/algorithms/scores.md)."""
    facts = await tx.all(
        _Facts,
        """
        WITH due AS (
            SELECT m.merchant_id FROM merchants m
            WHERE m.state = 'open' AND NOT EXISTS (
                SELECT FROM shop_scores s WHERE s.merchant_id = m.merchant_id AND s.day = current_date)
            ORDER BY m.merchant_id LIMIT $1
        )
        SELECT d.merchant_id, c.category_id, r.reviews, r.description, o.service, o.logistics, t.paid, a.faults, t.due, t.late
        FROM due d
        CROSS JOIN LATERAL (
            SELECT count(*)::integer AS reviews, coalesce(round(avg(stars) * 100), 0)::integer AS description
            FROM reviews r WHERE r.merchant_id = d.merchant_id AND r.hidden_at IS NULL AND NOT r.automatic
              AND r.written_at > now() - $2 * interval '1 day'
        ) r
        CROSS JOIN LATERAL (
            SELECT coalesce(round(avg(service) * 100), 0)::integer AS service
                 , coalesce(round(avg(logistics) * 100), 0)::integer AS logistics
            FROM order_scores o WHERE o.merchant_id = d.merchant_id AND o.at > now() - $2 * interval '1 day'
        ) o
        CROSS JOIN LATERAL (
            SELECT count(*)::integer AS paid, count(*) FILTER (WHERE shipped_at IS NOT NULL OR by < now())::integer AS due
                 , count(*) FILTER (WHERE coalesce(shipped_at, now()) > by)::integer AS late
            FROM (SELECT t.shipped_at
                       , CASE WHEN t.ship_by IS NOT NULL AND t.ship_hours IS NULL THEN t.ship_by
                              ELSE coalesce(t.ship_by - t.paid_at, $4 * interval '1 hour') + CASE
                                  WHEN s.away_sells AND s.away_from <= t.paid_at AND t.paid_at < s.away_until THEN s.away_until
                                  ELSE t.paid_at END END AS by
                  FROM orders t JOIN shops s ON s.merchant_id = t.merchant_id
                  WHERE t.merchant_id = d.merchant_id AND t.paid_at > now() - $3 * interval '1 day'
                    AND t.state IN ('paid', 'partly_shipped', 'shipped', 'completed')) t
        ) t
        CROSS JOIN LATERAL (
            SELECT count(DISTINCT order_id)::integer AS faults FROM aftersales_cases a
            WHERE a.merchant_id = d.merchant_id AND a.asked_at > now() - $3 * interval '1 day' AND a.reason = ANY($5)
              AND a.state NOT IN ('withdrawn', 'rejected', 'closed')
        ) a
        LEFT JOIN LATERAL (
            SELECT e.category_path[1] AS category_id FROM search_entries e WHERE e.merchant_id = d.merchant_id
            GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1
        ) c ON true
        """,
        MERCHANTS_PER_SWEEP,
        SCORES_OVER_DAYS,
        FACTS_OVER_DAYS,
        SHIP_WITHIN_HOURS,
        [code for code, why in REASONS.items() if why.shops_fault],
    )
    return await _write(tx, facts)


async def _write(tx: Tx, facts: Sequence[_Facts]) -> int:
    return await tx.execute(
        """
        INSERT INTO shop_scores (merchant_id, day, category_id, reviews, description, service, logistics, said_service
                               , said_logistics, paid, faults, due, late)
        SELECT n.merchant_id, current_date, n.category_id, n.reviews, n.description, n.service, n.logistics, n.said_service
             , n.said_logistics, n.paid, n.faults, n.due, n.late
        FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::integer[], $6::integer[], $7::integer[]
                  , $8::integer[], $9::integer[], $10::integer[], $11::integer[], $12::integer[])
            AS n (merchant_id, category_id, reviews, description, service, logistics, said_service, said_logistics, paid
                , faults, due, late)
        ON CONFLICT (merchant_id, day) DO NOTHING
        """,
        [each.merchant_id for each in facts],
        [each.category_id for each in facts],
        [each.reviews for each in facts],
        [each.description for each in facts],
        [scored(each.service, each.faults, each.paid) for each in facts],
        [scored(each.logistics, each.late, each.due) for each in facts],
        [each.service for each in facts],
        [each.logistics for each in facts],
        [each.paid for each in facts],
        [each.faults for each in facts],
        [each.due for each in facts],
        [each.late for each in facts],
    )


async def compare_shops(tx: Tx) -> int:
    """Beside today's scores, what the other shops of the category have on average. Shops of whom nobody has said
    anything do not count as peers."""
    return await tx.execute(
        """
        WITH averages AS (
            SELECT category_id, count(*)::integer AS peers, round(avg(description))::integer AS description
                 , round(avg(nullif(service, 0)))::integer AS service
                 , round(avg(nullif(logistics, 0)))::integer AS logistics
            FROM shop_scores WHERE day = current_date AND description > 0 GROUP BY category_id
        ), waiting AS (
            SELECT merchant_id, day, category_id FROM shop_scores WHERE peers IS NULL AND day = current_date
            ORDER BY merchant_id FOR UPDATE SKIP LOCKED
        )
        UPDATE shop_scores s SET peers = coalesce(a.peers, 0), peer_description = a.description
                               , peer_service = a.service, peer_logistics = a.logistics
        FROM waiting w LEFT JOIN averages a ON a.category_id IS NOT DISTINCT FROM w.category_id
        WHERE s.merchant_id = w.merchant_id AND s.day = w.day
        """
    )


async def forget_old_scores(tx: Tx) -> int:
    return await tx.execute(
        """
        DELETE FROM shop_scores WHERE (merchant_id, day) IN (
            SELECT merchant_id, day FROM shop_scores WHERE day < current_date - $1::integer ORDER BY day LIMIT 500)
        """,
        DAYS_KEPT,
    )


async def scores(read: Read, merchant_ids: Iterable[MerchantId]) -> dict[MerchantId, ShopScore]:
    """The latest scores of each of these shops; a shop that nobody has said anything of is missing."""
    found = await read.all(
        ShopScore,
        """
        SELECT s.merchant_id, s.day, s.reviews, s.description, s.service, s.logistics, s.peers, s.peer_description
             , s.peer_service, s.peer_logistics, s.said_service, s.said_logistics, s.paid, s.faults, s.due, s.late
        FROM unnest($1::uuid[]) AS m (merchant_id) CROSS JOIN LATERAL (
            SELECT * FROM shop_scores s WHERE s.merchant_id = m.merchant_id ORDER BY day DESC LIMIT 1) s
        WHERE s.reviews > 0
        """,
        list(merchant_ids),
    )
    return {each.merchant_id: each for each in found}


async def score_history(read: Read, merchant_id: MerchantId, days: int = 60) -> list[ShopScore]:
    """A shop's scores of the last days, the oldest first."""
    found = await read.all(
        ShopScore,
        """
        SELECT merchant_id, day, reviews, description, service, logistics, peers, peer_description, peer_service
             , peer_logistics, said_service, said_logistics, paid, faults, due, late
        FROM shop_scores WHERE merchant_id = $1 AND day > current_date - $2::integer ORDER BY day
        """,
        merchant_id,
        days,
    )
    return list(found)
