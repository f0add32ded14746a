"""Learning from what was paid for: first which buyers bought which products, then which products go together."""

from datetime import UTC, datetime, timedelta

from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep

LOOK_BACK_DAYS = 400
WINDOW_DAYS = 7
# What was paid a moment ago may still be committed by somebody: the last hour is looked at again.
OVERLAP_MINUTES = 60
PRODUCTS_PER_SWEEP = 50
PARTNERS_PER_PRODUCT_MAX = 20
BUYERS_LOOKED_AT_MAX = 2_000
TOGETHER_MIN = 2
# So many buyers of both would be needed for half of the lift to count.
SHRINKAGE = 5


async def learn(tx: Tx) -> int:
    """Look at the orders of the next window of payments; returns how many `(buyer, product)` are new. The first time it
    begins `LOOK_BACK_DAYS` ago, and walks from window to window until now."""
    now = datetime.now(UTC)
    await tx.execute(
        "INSERT INTO co_purchase_progress (learned_until) VALUES ($1) ON CONFLICT DO NOTHING",
        now - timedelta(days=LOOK_BACK_DAYS),
    )
    since: datetime = await tx.value("SELECT learned_until FROM co_purchase_progress FOR UPDATE")
    until = min(since + timedelta(days=WINDOW_DAYS), now)
    new = await _baskets(tx, since - timedelta(minutes=OVERLAP_MINUTES), until)
    await tx.execute("UPDATE co_purchase_progress SET learned_until = $1", until)
    return new or int(until < now)


async def _baskets(tx: Tx, since: datetime, until: datetime) -> int:
    return await tx.value(
        """
        WITH paid AS (
            SELECT DISTINCT ON (o.buyer_id, l.product_id) o.buyer_id, l.product_id, l.merchant_id, o.paid_at
            FROM orders o JOIN order_lines l ON l.merchant_id = o.merchant_id AND l.order_id = o.order_id
            WHERE o.paid_at >= $1 AND o.paid_at < $2 AND o.state <> 'cancelled' AND l.kind = 'goods'
            ORDER BY o.buyer_id, l.product_id, o.paid_at
        ), strangers AS (
            SELECT count(DISTINCT p.buyer_id)::integer AS count FROM paid p
            WHERE NOT EXISTS (SELECT FROM baskets b WHERE b.buyer_id = p.buyer_id)
        ), put AS (
            INSERT INTO baskets (buyer_id, product_id, merchant_id, bought_at)
            SELECT buyer_id, product_id, merchant_id, paid_at FROM paid
            ON CONFLICT (buyer_id, product_id) DO NOTHING
            RETURNING product_id, merchant_id
        ), counted AS (
            INSERT INTO co_purchase_products AS c (merchant_id, product_id, buyers)
            SELECT merchant_id, product_id, count(*) FROM put GROUP BY merchant_id, product_id
            ON CONFLICT (merchant_id, product_id) DO UPDATE SET buyers = c.buyers + excluded.buyers, stale = true
        ), told AS (
            UPDATE co_purchase_progress SET buyers = buyers + (SELECT count FROM strangers)
        )
        SELECT count(*)::integer FROM put
        """,
        since,
        until,
    )


async def find_partners(tx: Tx) -> int:
    """Find anew what goes with products whose buyers have changed; returns of how many products.

    score = lift x together / (together + SHRINKAGE), where lift = together x buyers / (buyers of one x buyers of other).
    Of very popular products the latest `BUYERS_LOOKED_AT_MAX` buyers are looked at, and the counts scaled to them.
    """
    due = await tx.fetch(
        """
        UPDATE co_purchase_products c SET stale = false FROM (
            SELECT merchant_id, product_id FROM co_purchase_products WHERE stale
            ORDER BY product_id LIMIT $1 FOR UPDATE SKIP LOCKED) d
        WHERE c.merchant_id = d.merchant_id AND c.product_id = d.product_id
        RETURNING c.merchant_id, c.product_id, c.buyers
        """,
        PRODUCTS_PER_SWEEP,
    )
    if not due:
        return 0
    product_ids = [row["product_id"] for row in due]
    await tx.execute("DELETE FROM bought_together WHERE product_id = ANY($1)", product_ids)
    await tx.execute(
        """
        INSERT INTO bought_together (merchant_id, product_id, partner_id, partner_merchant_id, together, score)
        SELECT d.merchant_id, d.product_id, best.product_id, best.merchant_id, best.together, best.score
        FROM unnest($1::uuid[], $2::uuid[], $3::integer[]) AS d (merchant_id, product_id, buyers)
        CROSS JOIN co_purchase_progress p
        CROSS JOIN LATERAL (
            SELECT t.product_id, t.merchant_id, t.together
                 , round((1000 * t.together::float8 * p.buyers / (least(d.buyers, $4)::float8 * c.buyers)
                          * t.together / (t.together + $5))::numeric)::integer AS score
            FROM (
                SELECT o.product_id, o.merchant_id, count(*)::integer AS together
                FROM (SELECT buyer_id FROM baskets WHERE product_id = d.product_id
                      ORDER BY bought_at DESC LIMIT $4) b
                JOIN baskets o ON o.buyer_id = b.buyer_id
                WHERE o.product_id <> d.product_id
                GROUP BY o.product_id, o.merchant_id HAVING count(*) >= $6
            ) t
            JOIN co_purchase_products c ON c.merchant_id = t.merchant_id AND c.product_id = t.product_id
            WHERE t.together::float8 * p.buyers > least(d.buyers, $4)::float8 * c.buyers
            ORDER BY score DESC, t.product_id LIMIT $7
        ) best
        """,
        [row["merchant_id"] for row in due],
        product_ids,
        [row["buyers"] for row in due],
        BUYERS_LOOKED_AT_MAX,
        SHRINKAGE,
        TOGETHER_MIN,
        PARTNERS_PER_PRODUCT_MAX,
    )
    return len(due)


async def _learn(db: Database) -> int:
    return await db.transact(learn) or await db.transact(find_partners)


SWEEPS = [Sweep("recommendations.learn", 600.0, _learn)]
