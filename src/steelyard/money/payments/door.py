"""Cash on delivery: what is collected at the door, order by order.

A buyer who pays at the door has promised to: the payment is captured out of a claim (`door_claims`, of the merchant), so that
everything behind it goes its way. When the parcel leaves, what is asked for is fixed (`tell`); when it arrives, the carrier has
the cash (`collect`) or, where the shop brought it itself, the shop (`keep`), which then owes the platform its commission; or
nobody paid (`refuse`). What is refunded before is taken off the claim, afterwards it goes by hand (`give_back`).
See docs/algorithms/cash-on-delivery.md.
"""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.money.payments.door_model import (
    PAID_AT_THE_DOOR,
    Arrived,
    Collection,
    DoorState,
    NotAtTheDoor,
)
from steelyard.money.payments.door_steps import lock, move
from steelyard.money.payments.events import CashKept
from steelyard.money.payments.model import DueRefund, RefundAnswer, RefundState
from steelyard.money.payments.refund_outcomes import record_refund

REFUNDS_SETTLED_MAX = 200


async def tell(tx: Tx, merchant_id: UUID, order_ids: Sequence[UUID], by: str) -> dict[UUID, Collection]:
    """These orders of a merchant leave now: what is to be asked for at each door is fixed. Refunds that were promised before are
    taken off it first. Returns those that are to be paid at the door, by order; the others are not there. Said twice, the second
    changes nothing and returns nothing.
    """
    due = [each for each in await lock(tx, [(merchant_id, each) for each in order_ids]) if each.state is DoorState.DUE]
    if not due:
        return {}
    await _settle_promised(tx, due)
    left = [each for each in await lock(tx, [(each.merchant_id, each.order_id) for each in due]) if each.left]
    left = [each for each in left if each.state is DoorState.DUE]
    told = {(each.merchant_id, each.order_id, each.payment_id): each.left for each in left}
    await move(tx, left, DoorState.CARRIED, by, told=told)
    return {each.order_id: each for each in left}


async def _settle_promised(tx: Tx, due: Sequence[Collection]) -> None:
    rows = await tx.fetch(
        """
        SELECT r.refund_id, (SELECT count(*) FROM refund_history h
                             WHERE (h.merchant_id, h.refund_id) = (r.merchant_id, r.refund_id) AND h.to_state = 'instructed')
                            AS attempt
        FROM refunds r
        JOIN unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS d (merchant_id, order_id, payment_id)
            USING (merchant_id, order_id, payment_id)
        WHERE r.state IN ('instructed', 'sent') ORDER BY r.refund_id LIMIT $4
        """,
        [each.merchant_id for each in due],
        [each.order_id for each in due],
        [each.payment_id for each in due],
        REFUNDS_SETTLED_MAX,
    )
    for row in rows:  # rare: a refund is taken off within seconds
        await take_off(tx, row["refund_id"], row["attempt"])


async def take_off(tx: Tx, refund_id: UUID, attempt: int) -> None:
    """A refund of what was not collected yet: it is not collected at all."""
    done = RefundAnswer(reference=None, state=RefundState.SUCCEEDED)
    await record_refund(tx, refund_id, attempt, done, "system")


async def give_back(tx: Tx, due: DueRefund) -> RefundState:
    """Follow a refund of what is paid at the door: taken off the claim as long as nothing has left, or when nobody paid; while
    the parcel is under way it waits. Cash that was collected cannot go back the way it came: then the refund has failed, and
    staff transfer it or put it into the buyer's balance."""
    state = await tx.value(
        """
        SELECT d.state FROM refunds r JOIN door_collections d USING (merchant_id, order_id, payment_id)
        WHERE r.merchant_id = $1 AND r.refund_id = $2 FOR UPDATE OF d
        """,
        due.merchant_id,
        due.refund_id,
    )
    assert state is not None, "what was promised at the door is written down with the promise"
    match DoorState(state):
        case DoorState.DUE | DoorState.REFUSED:
            answer = RefundAnswer(reference=None, state=RefundState.SUCCEEDED)
        case DoorState.CARRIED:
            answer = RefundAnswer(reference=None, state=RefundState.SENT)
        case _:
            answer = RefundAnswer(reference=None, state=RefundState.FAILED, failure=PAID_AT_THE_DOOR)
    return await record_refund(tx, due.refund_id, due.attempt, answer, "system")


async def collect(tx: Tx, arrived: Sequence[Arrived], by: str) -> list[Collection]:
    """Carriers handed over these orders: what was to be paid at their doors is with them, whatever they say that they got; what
    they say otherwise is noted. What is not on its way to be paid at the door changes nothing. Returns what was collected now."""
    came = {(each.merchant_id, each.order_id): each for each in arrived}
    found = [each for each in await lock(tx, [*came]) if each.state is DoorState.CARRIED]
    if not found:
        return []
    await move(tx, found, DoorState.COLLECTED, by, came=came)
    await ledger.post(tx, [_moved(each, AccountKind.CARRIER_CASH, "collected_at_the_door") for each in found])
    return found


async def keep(tx: Tx, merchant_id: UUID, order_id: UUID, by: str) -> Collection:
    """The shop brought it itself and has the cash: it is taken off what the platform owes the shop, which may owe its commission
    from then on. Raises `NotAtTheDoor`; said twice, the second is refused."""
    one = await _on_its_way(tx, merchant_id, order_id)
    await move(tx, [one], DoorState.KEPT, by)
    await ledger.post(tx, [_moved(one, AccountKind.PAYABLE, "kept_at_the_door")])
    await events.publish(
        tx,
        CashKept(
            merchant_id=merchant_id,
            order_id=order_id,
            document=one.order_id,
            amount=one.told or 0,
            currency=one.currency,
        ),
    )
    return one


async def refuse(tx: Tx, merchant_id: UUID, order_id: UUID, by: str) -> Collection:
    """Nobody paid at the door. Whoever says so calls the order off in the same transaction. Raises `NotAtTheDoor`."""
    one = await _on_its_way(tx, merchant_id, order_id)
    await move(tx, [one], DoorState.REFUSED, by)
    return one


async def _on_its_way(tx: Tx, merchant_id: UUID, order_id: UUID) -> Collection:
    found = [each for each in await lock(tx, [(merchant_id, order_id)]) if each.state is DoorState.CARRIED]
    if not found:
        raise NotAtTheDoor(order_id=order_id)
    assert len(found) == 1, "an order is paid at the door once: a second promise is a surplus, which never leaves"
    return found[0]


def _moved(one: Collection, debit: AccountKind, reason: str) -> Transfer:
    assert one.told, "what is collected was told before"
    return Transfer(
        owner_id=one.merchant_id,
        debit=debit,
        credit=AccountKind.DOOR_CLAIMS,
        amount=one.told,
        currency=one.currency,
        reason=reason,
        document=one.order_id,
    )
