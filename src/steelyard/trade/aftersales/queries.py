"""Questions about refunds."""

from collections.abc import Sequence

from steelyard.kernel.db import Read
from steelyard.trade.aftersales.model import OrderRefund
from steelyard.trade.orders.model import OrderId

REFUNDS_MAX = 1_000


async def of_orders(read: Read, order_ids: Sequence[OrderId]) -> dict[OrderId, list[OrderRefund]]:
    """What was given back of each of these orders, the first first."""
    found: dict[OrderId, list[OrderRefund]] = {order_id: [] for order_id in order_ids}
    for refund in await read.all(
        OrderRefund,
        """
        SELECT refund_id, order_id, goods, freight, commission, currency, reason, note, by, released, at
        FROM order_refunds WHERE order_id = ANY($1) ORDER BY at, refund_id LIMIT $2
        """,
        list(order_ids),
        REFUNDS_MAX,
    ):
        found[refund.order_id].append(refund)
    return found
