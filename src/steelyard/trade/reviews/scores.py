"""Shop scores (DSR): description, service and logistics of the last 180 days, computed once a day and compared with the
shops of the same category."""

from collections.abc import Iterable

from steelyard.kernel.db import Read, Tx
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.reviews.model import SCORES_OVER_DAYS, ShopScore

MERCHANTS_PER_SWEEP = 100
DAYS_KEPT = 400


async def score_shops(tx: Tx) -> int:
    """Write today's scores of shops that have none yet; returns of how many. The stars of a shown review are its
    description; service and logistics are what was said of the order."""
    return await tx.execute(
        """
        WITH due AS (
            SELECT m.merchant_id FROM merchants m
            WHERE m.state = 'open' AND NOT EXISTS (
                SELECT FROM shop_scores s WHERE s.merchant_id = m.merchant_id AND s.day = current_date)
            ORDER BY m.merchant_id LIMIT $1
        )
        INSERT INTO shop_scores (merchant_id, day, category_id, reviews, description, service, logistics)
        SELECT d.merchant_id, current_date, c.category_id, r.reviews, r.description, o.service, o.logistics
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
        LEFT JOIN LATERAL (
            SELECT e.category_path[1] AS category_id FROM search_entries e WHERE e.merchant_id = d.merchant_id
            GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1
        ) c ON true
        ON CONFLICT (merchant_id, day) DO NOTHING
        """,
        MERCHANTS_PER_SWEEP,
        SCORES_OVER_DAYS,
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
             , s.peer_service, s.peer_logistics
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
             , peer_logistics
        FROM shop_scores WHERE merchant_id = $1 AND day > current_date - $2::integer ORDER BY day
        """,
        merchant_id,
        days,
    )
    return list(found)
