"""What time brings about: a shop that does not answer agrees, a buyer who does not answer gives up."""

from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.aftersales.approvals import expire
from steelyard.trade.aftersales.pickups import follow_pickups
from steelyard.trade.aftersales.requests import grant_cancellation, overtake
from steelyard.trade.aftersales.silence import act_on_silence
from steelyard.trade.aftersales.uncollected import give_up_uncollected
from steelyard.trade.orders.model import OrderId, OrderState

REQUESTS_PER_SWEEP = 20


async def grant_unanswered(tx: Tx) -> int:
    """Grant what a shop has left unanswered past its time; an order that was sent meanwhile has overtaken it."""
    due = await tx.fetch(
        """
        SELECT r.merchant_id, r.order_id, o.state FROM cancellation_requests r JOIN orders o USING (merchant_id, order_id)
        WHERE r.state = 'asked' AND r.answer_by <= now()
        ORDER BY r.answer_by LIMIT $1 FOR UPDATE OF o SKIP LOCKED
        """,
        REQUESTS_PER_SWEEP,
    )
    overtaken = [row for row in due if row["state"] != OrderState.PAID]
    if overtaken:
        await overtake(tx, [(MerchantId(row["merchant_id"]), OrderId(row["order_id"])) for row in overtaken])
    # A refund each: there are few, and each moves money of its own.
    for row in due:
        if row["state"] == OrderState.PAID:
            await grant_cancellation(tx, MerchantId(row["merchant_id"]), OrderId(row["order_id"]), "system")
    return len(due)


async def _grant_unanswered(db: Database) -> int:
    return await db.transact(grant_unanswered)


async def _act_on_silence(db: Database) -> int:
    return await db.transact(act_on_silence)


async def _follow_pickups(db: Database) -> int:
    return await db.transact(follow_pickups)


async def _expire_requests(db: Database) -> int:
    return await db.transact(expire)


SWEEPS = [
    Sweep("aftersales.expire_requests", 60.0, _expire_requests),
    Sweep("aftersales.follow_pickups", 5.0, _follow_pickups),
    Sweep("aftersales.grant_unanswered", 30.0, _grant_unanswered),
    Sweep("aftersales.act_on_silence", 30.0, _act_on_silence),
    Sweep("aftersales.give_up_uncollected", 10.0, give_up_uncollected),
]
