"""What time brings about: unpaid purchases lapse, sent orders count as received."""

from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep
from steelyard.trade.orders.service import cancel_purchase, confirm_receipt

PURCHASES_PER_SWEEP = 50
ORDERS_PER_SWEEP = 50


async def cancel_unpaid(tx: Tx) -> int:
    """Drop purchases past their payment window; what another transaction holds is left to the next round."""
    rows = await tx.fetch(
        """
        SELECT purchase_id FROM purchases WHERE state = 'placed' AND pay_by <= now()
        ORDER BY pay_by LIMIT $1 FOR UPDATE SKIP LOCKED
        """,
        PURCHASES_PER_SWEEP,
    )
    for row in rows:
        await cancel_purchase(tx, row["purchase_id"], reason="unpaid", by="system")
    return len(rows)


async def complete_received(tx: Tx) -> int:
    """Confirm receipt where the buyer has not done so in time."""
    rows = await tx.fetch(
        """
        SELECT merchant_id, order_id FROM orders WHERE state = 'shipped' AND receive_by <= now()
        ORDER BY receive_by LIMIT $1 FOR UPDATE SKIP LOCKED
        """,
        ORDERS_PER_SWEEP,
    )
    for row in rows:
        await confirm_receipt(tx, row["merchant_id"], row["order_id"], by="system")
    return len(rows)


async def _cancel_unpaid(db: Database) -> int:
    return await db.transact(cancel_unpaid)


async def _complete_received(db: Database) -> int:
    return await db.transact(complete_received)


SWEEPS = [
    Sweep("orders.cancel_unpaid", 2.0, _cancel_unpaid),
    Sweep("orders.complete_received", 10.0, _complete_received),
]
