"""What follows for hosts from orders, refunds and the ends of sessions."""

from collections.abc import Sequence

from steelyard.channels.host_commission import earning, freezing, slots
from steelyard.channels.live import SessionChanged
from steelyard.channels.live.model import SessionState
from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.trade.aftersales import OrderRefunded
from steelyard.trade.orders import OrderCompleted, PurchasePlaced


async def on_placed(tx: Tx, placed: Sequence[PurchasePlaced]) -> None:
    """Agreements are dated, and none counts for what was sold before it: what is frozen a moment later is the same."""
    await freezing.freeze(tx, [each.purchase_id for each in placed])


async def on_completed(tx: Tx, completed: Sequence[OrderCompleted]) -> None:
    await earning.completed(tx, {(each.merchant_id, each.order_id): each.at for each in completed})


async def on_refunded(tx: Tx, refunded: Sequence[OrderRefunded]) -> None:
    await earning.refunded(tx, [(each.merchant_id, each.refund_id) for each in refunded])


async def on_session(tx: Tx, changed: Sequence[SessionChanged]) -> None:
    over = [(each.merchant_id, each.session_id) for each in changed if each.to_state == SessionState.ENDED]
    if over:
        await slots.ended(tx, over)


SUBSCRIBER = Subscriber(
    "host_commission",
    {
        PurchasePlaced: on_placed,
        OrderCompleted: on_completed,
        OrderRefunded: on_refunded,
        SessionChanged: on_session,
    },
)
