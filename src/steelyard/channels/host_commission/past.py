"""What hosts had of sessions that were held before this house could see them: for those who move in, and the demo."""

from datetime import datetime
from uuid import UUID

from steelyard.channels.host_commission import earning, freezing
from steelyard.kernel.db import Tx


async def agreed_since(tx: Tx, merchant_id: UUID, agreement_id: UUID, since: datetime) -> None:
    """It was agreed then, elsewhere, and counts for what was sold from then on. Said twice, nothing changes."""
    await tx.execute(
        """
        UPDATE host_agreements SET valid_from = $3, made_at = $3
        WHERE merchant_id = $1 AND agreement_id = $2 AND valid_from > $3
        """,
        merchant_id,
        agreement_id,
        since,
    )


async def remember(tx: Tx, merchant_id: UUID, session_id: UUID) -> int:
    """What the orders of a session of the past brought its host, by what was agreed then; of how many. Of those that are complete
    it is earned, and what went back is given back. Its entries are parked for `settlement.bulk_settled`, as the orders' own are.
    Said twice, nothing changes."""
    if await tx.value(
        "SELECT EXISTS (SELECT FROM host_commissions WHERE merchant_id = $1 AND session_id = $2)",
        merchant_id,
        session_id,
    ):
        return 0
    orders = await tx.fetch(
        """
        SELECT o.order_id, o.purchase_id, o.completed_at
        FROM live_orders l JOIN orders o USING (merchant_id, order_id)
        WHERE l.merchant_id = $1 AND l.session_id = $2 ORDER BY o.order_id
        """,
        merchant_id,
        session_id,
    )
    await freezing.freeze(tx, [row["purchase_id"] for row in orders])
    whole = [row for row in orders if row["completed_at"] is not None]
    await earning.completed(tx, {(merchant_id, row["order_id"]): row["completed_at"] for row in whole}, elsewhere=True)
    refunds = await tx.fetch(
        """
        SELECT f.refund_id FROM host_commissions c
        JOIN order_refunds f ON f.merchant_id = c.merchant_id AND f.order_id = c.order_id
        WHERE c.merchant_id = $1 AND c.session_id = $2 ORDER BY f.at, f.refund_id
        """,
        merchant_id,
        session_id,
    )
    await earning.refunded(tx, [(merchant_id, row["refund_id"]) for row in refunds], elsewhere=True)
    return len(orders)
