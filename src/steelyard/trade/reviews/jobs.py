"""What time brings about: shop scores every day, and good reviews out of silence where the operator wants them."""

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep
from steelyard.trade.reviews.model import Review
from steelyard.trade.reviews.queries import rules
from steelyard.trade.reviews.ratings import recount
from steelyard.trade.reviews.scores import compare_shops, forget_old_scores, score_shops

LINES_PER_SWEEP = 200


async def review_silence(tx: Tx) -> int:
    """Where the rules want it, lines whose buyer was silent for long enough get a good review that is labelled as such
    and counts in no rating."""
    if not (await rules(tx)).automatic_days:
        return 0
    due = await tx.fetch(
        """
        SELECT l.merchant_id, l.order_id, l.line
        FROM review_rules rules
        JOIN orders o ON o.state = 'completed' AND rules.automatic_days > 0
         AND o.placed_at > now() - interval '1 year'
         AND coalesce(o.delivered_at, o.completed_at) < now() - rules.automatic_days * interval '1 day'
         AND coalesce(o.delivered_at, o.completed_at) > now() - (rules.write_days + 30) * interval '1 day'
        JOIN order_lines l ON l.merchant_id = o.merchant_id AND l.order_id = o.order_id
        WHERE l.kind = 'goods' AND l.refunded_quantity < l.quantity
          AND NOT EXISTS (SELECT FROM reviews r WHERE r.merchant_id = l.merchant_id AND r.order_id = l.order_id
                          AND r.line = l.line)
        LIMIT $1
        """,
        LINES_PER_SWEEP,
    )
    if not due:
        return 0
    written = await tx.all(
        Review,
        """
        INSERT INTO reviews AS r (merchant_id, review_id, product_id, sku_id, order_id, line, buyer_id, locale, options
                                , stars, automatic)
        SELECT l.merchant_id, d.review_id, l.product_id, l.sku_id, l.order_id, l.line, o.buyer_id, 'zh-Hans', l.options
             , 5, true
        FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::uuid[]) AS d (merchant_id, order_id, line, review_id)
        JOIN order_lines l USING (merchant_id, order_id, line)
        JOIN orders o ON o.merchant_id = l.merchant_id AND o.order_id = l.order_id
        ON CONFLICT DO NOTHING
        RETURNING r.merchant_id, r.review_id, r.product_id, r.order_id, r.line, r.buyer_id, r.author, r.locale, r.options
                , r.stars, r.text, r.pictures, r.automatic, r.written_at, r.follow_up, r.follow_up_pictures
                , r.followed_up_at, r.reply, r.replied_at, r.helpful, r.worth, r.hidden_at, r.hidden_reason, r.hidden_ground
        """,
        [row["merchant_id"] for row in due],
        [row["order_id"] for row in due],
        [row["line"] for row in due],
        [ids.mint() for _ in due],
    )
    await recount(tx, [(None, each) for each in written])
    return len(written)


async def _score_shops(db: Database) -> int:
    return await db.transact(score_shops) or await db.transact(compare_shops) or await db.transact(forget_old_scores)


async def _review_silence(db: Database) -> int:
    return await db.transact(review_silence)


SWEEPS = [
    Sweep("reviews.score_shops", 600.0, _score_shops),
    Sweep("reviews.review_silence", 3_600.0, _review_silence),
]
