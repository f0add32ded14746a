"""What aftersales does when an order is sent or called off while the buyer's request to cancel it is open, when it is called
off while an after-sales case is open, and when the team that an order waits for comes to nothing."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import TransitionRefused
from steelyard.kernel.events import Subscriber
from steelyard.logistics.parcels import ParcelRefused
from steelyard.money.payments import NotAtTheDoor
from steelyard.money.payments.model import RefundId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import groups
from steelyard.trade.aftersales.case_steps import close_of_orders
from steelyard.trade.aftersales.requests import overtake
from steelyard.trade.aftersales.service import cancel, refuse_at_the_door
from steelyard.trade.groups import MemberTooLate, TeamEnded
from steelyard.trade.orders import OrderCancelled, OrderShipped
from steelyard.trade.orders.model import OrderId


async def note_overtaken(tx: Tx, facts: Sequence[OrderShipped | OrderCancelled]) -> None:
    await overtake(tx, sorted({(MerchantId(fact.merchant_id), OrderId(fact.order_id)) for fact in facts}))


async def note_called_off(tx: Tx, facts: Sequence[OrderCancelled]) -> None:
    await note_overtaken(tx, facts)
    await close_of_orders(tx, sorted({(MerchantId(fact.merchant_id), OrderId(fact.order_id)) for fact in facts}))


async def note_ended(tx: Tx, facts: Sequence[TeamEnded]) -> None:
    """Each paid order of a team that came to nothing is called off, and all of its money goes back. A refund each: a team is
    small, and each moves money of its own."""
    for fact in facts:
        if not fact.succeeded:
            for order_id in await groups.paid_orders(tx, fact.merchant_id, fact.team_id):
                await _call_off(tx, fact.merchant_id, order_id, "group_failed")


async def note_too_late(tx: Tx, facts: Sequence[MemberTooLate]) -> None:
    for fact in facts:
        await _call_off(tx, fact.merchant_id, fact.order_id, "group_too_late")


async def _call_off(tx: Tx, merchant_id: UUID, order_id: UUID, reason: str) -> None:
    """Of what was called off meanwhile nothing is given back again."""
    refund_id = RefundId(ids.derived(order_id, "group"))
    await cancel(tx, MerchantId(merchant_id), OrderId(order_id), refund_id, reason, "system")


async def note_refused(tx: Tx, facts: Sequence[ParcelRefused]) -> None:
    """A carrier says that nobody paid at the door. One each: it is rare, and each calls off an order of its own."""
    for fact in facts:
        try:
            await refuse_at_the_door(tx, MerchantId(fact.merchant_id), OrderId(fact.order_id), "carrier")
        except (NotAtTheDoor, TransitionRefused):  # nothing was to be collected there, or it is known already
            continue


SUBSCRIBER = Subscriber(
    "aftersales",
    {
        OrderShipped: note_overtaken,
        OrderCancelled: note_called_off,
        TeamEnded: note_ended,
        MemberTooLate: note_too_late,
        ParcelRefused: note_refused,
    },
)
