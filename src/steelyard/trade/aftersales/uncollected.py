"""Orders whose money was authorised and will not come: the authorisation ends before they are sent, or the channel refused to
take it.

What has not left the house is called off: the buyer is told, and was never charged. What was sent without its money coming is
written down as given back, so that nobody is paid for it: the shop sees why, and can turn to the buyer.
"""

from datetime import timedelta

import structlog

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Refusal
from steelyard.money.payments.model import RefundId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import orders
from steelyard.trade.aftersales.model import Reason, RefundRequest, Returned
from steelyard.trade.aftersales.service import cancel, freight_left, refund
from steelyard.trade.orders.model import OrderId, OrderState

ORDERS_PER_SWEEP = 50
# So long before an authorisation ends it is given up: the channel's clock is not ours, and it must hear of it in time.
GIVEN_UP_BEFORE = timedelta(hours=2)
LAPSED = "authorisation_lapsed"

log = structlog.get_logger()


async def give_up_uncollected(db: Database) -> int:
    """Each order in a transaction of its own; what cannot be given up yet is looked at again in the next round."""
    due = await db.transact(_due)
    for merchant_id, order_id in due:
        try:
            await db.transact(_give_up, merchant_id, order_id)
        except Refusal as refusal:
            log.error("aftersales.uncollected", order_id=str(order_id), refusal=refusal.code)
    return len(due)


async def _due(tx: Tx) -> list[tuple[MerchantId, OrderId]]:
    rows = await tx.fetch(
        """
        (SELECT s.merchant_id, s.order_id
         FROM payments p JOIN payment_splits s USING (payment_id)
         WHERE p.state = 'authorised' AND p.authorised_until <= now() + $1 AND s.wanted_at IS NULL
           AND s.capturing = 0 AND s.capturing + s.captured + s.released < s.authorised
         ORDER BY p.authorised_until LIMIT $2)
        UNION
        (SELECT merchant_id, order_id FROM payment_splits
         WHERE refused_at IS NOT NULL AND capturing = 0 AND capturing + captured + released < authorised
         ORDER BY refused_at LIMIT $2)
        """,
        GIVEN_UP_BEFORE,
        ORDERS_PER_SWEEP,
    )
    return sorted((MerchantId(row["merchant_id"]), OrderId(row["order_id"])) for row in rows)


async def _give_up(tx: Tx, merchant_id: MerchantId, order_id: OrderId) -> None:
    order = await orders.lock_order(tx, merchant_id, order_id)
    refund_id = RefundId(ids.derived(order_id, "uncollected"))
    if order.state in (OrderState.HELD, OrderState.PAID):
        await cancel(tx, merchant_id, order_id, refund_id, LAPSED, "system")
        return
    if order.state not in (OrderState.PARTLY_SHIPPED, OrderState.SHIPPED) or not order.kept:
        return
    lines = (await orders.lines_of(tx, [order_id]))[order_id]
    request = RefundRequest(
        refund_id=refund_id,
        merchant_id=merchant_id,
        order_id=order_id,
        lines=[
            Returned(line.line, line.quantity - line.refunded_quantity)
            for line in lines
            if line.quantity > line.refunded_quantity
        ],
        freight=await freight_left(tx, order, lines),
        reason=Reason.UNCOLLECTED,
        keeps_gifts=True,
    )
    await refund(tx, request, "system")
