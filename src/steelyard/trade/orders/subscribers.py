"""What orders does when something happens below."""

from collections.abc import Sequence

from steelyard.goods import search
from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.logistics.parcels import ParcelDelivered
from steelyard.trade.orders.door import note_collected
from steelyard.trade.orders.events import PurchasePaid
from steelyard.trade.orders.service import record_delivery


async def note_deliveries(tx: Tx, facts: Sequence[ParcelDelivered]) -> None:
    await note_collected(tx, facts)
    await record_delivery(tx, sorted({(fact.merchant_id, fact.order_id) for fact in facts}))


async def push_sales_down(tx: Tx, facts: Sequence[PurchasePaid]) -> None:
    """Sales counts belong to search, which lies below: they are pushed to it."""
    rows = await tx.fetch(
        """
        SELECT l.merchant_id, l.product_id, sum(l.quantity)::integer AS sold
        FROM orders o JOIN order_lines l USING (merchant_id, order_id)
        WHERE o.purchase_id = ANY($1) AND l.kind <> 'gift' GROUP BY l.merchant_id, l.product_id
        """,
        [fact.purchase_id for fact in facts],
    )
    await search.record_sales(tx, [(row["merchant_id"], row["product_id"], row["sold"]) for row in rows])


SUBSCRIBER = Subscriber("orders", {ParcelDelivered: note_deliveries, PurchasePaid: push_sales_down})
