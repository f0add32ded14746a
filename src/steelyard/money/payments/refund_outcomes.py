"""What becomes of refunds: the only way in which a refund's state moves, and with it the books of both sides.

A refund that its channel gave up can be sent again, put into the buyer's balance, or be transferred by staff (`by_hand`). One
that had arrived and came back is owed again: what was booked is booked back, and staff find it among those that failed.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.kernel import events, ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.money.payments.arriving_again import Again, note_again
from steelyard.money.payments.door_model import AT_THE_DOOR
from steelyard.money.payments.door_steps import undo
from steelyard.money.payments.events import Refunded
from steelyard.money.payments.model import (
    BY_TRANSFER,
    REFUND_MACHINE,
    Refund,
    RefundAnswer,
    RefundRecording,
    RefundRoute,
    RefundState,
    is_purse,
)
from steelyard.money.payments.purses import hold_for, purse_of, put_back


class _Standing(msgspec.Struct, kw_only=True):
    """A locked refund, as it is after what was said so far. `returned`: the last attempt that had arrived and came
    back, 0 for none."""

    refund: Refund
    attempt: int
    successes: int
    returned: int
    touched: bool = False


class _Step(msgspec.Struct, frozen=True):
    refund: Refund
    before: RefundState
    by: str


class _Booked(msgspec.Struct, frozen=True):
    """Money that left (or, with `back`, came back) by the `nth` success of a refund."""

    refund: Refund
    nth: int
    back: bool = False

    @property
    def document(self) -> UUID:
        return (
            self.refund.refund_id if self.nth == 1 else ids.derived(self.refund.refund_id, "succeeded", str(self.nth))
        )


async def record_refund(tx: Tx, refund_id: UUID, attempt: int, answer: RefundAnswer, by: str) -> RefundState:
    """Write down what the channel says of a refund; returns the state it is in now. Raises `NotFound`.

    Twice, late and out of order are fine: success wins over what was said of it before, and a failure of an earlier attempt
    says nothing about the present one. A failure after the success of the same attempt is a return: what was booked is
    booked back, and a success of that attempt or an earlier one says nothing any more.
    """
    said = RefundRecording(refund_id=refund_id, attempt=attempt, answer=answer, by=by)
    return (await record_refunds(tx, [said]))[0]


async def record_refunds(tx: Tx, recordings: Sequence[RefundRecording]) -> list[RefundState]:
    """`record_refund` for a whole batch, applied in the order given; the states are in the same order."""
    known = await _lock(tx, sorted({recording.refund_id for recording in recordings}))
    steps: list[_Step] = []
    booked: list[_Booked] = []
    states: list[RefundState] = []
    for recording in recordings:
        standing = known.get(recording.refund_id)
        if standing is None:
            raise NotFound(refund_id=recording.refund_id)
        _learn(standing, recording, steps, booked)
        states.append(standing.refund.state)
    await _write(tx, [each.refund for each in known.values() if each.touched], steps)
    await _book(tx, booked)
    return states


async def send_again(
    tx: Tx, merchant_id: UUID, refund_id: UUID, by: str, route: RefundRoute = RefundRoute.ORIGIN
) -> Refund:
    """Instruct a failed refund once more: under a new key at the channel, or into the buyer's balance instead.

    Raises `NotFound`, `TransitionRefused`.
    """
    assert route is not RefundRoute.BY_HAND, "what is made by hand was made under a number: see by_hand"
    standing = await _failed(tx, merchant_id, refund_id)
    steps: list[_Step] = []
    _move(standing, RefundState.INSTRUCTED, by, steps, route=route, failure=None)
    await _write(tx, [standing.refund], steps)
    return standing.refund


async def succeed_by_hand(tx: Tx, merchant_id: UUID, refund_id: UUID, number: str, by: str) -> Refund:
    """A failed refund was made by staff, under this number of the bank. Raises `NotFound`, `TransitionRefused`."""
    standing = await _failed(tx, merchant_id, refund_id)
    steps: list[_Step] = []
    _move(standing, RefundState.INSTRUCTED, by, steps, route=RefundRoute.BY_HAND, failure=None)
    _move(standing, RefundState.SUCCEEDED, by, steps, reference=number)
    standing.successes += 1
    await _write(tx, [standing.refund], steps)
    await _book(tx, [_Booked(standing.refund, standing.successes)])
    return standing.refund


async def _failed(tx: Tx, merchant_id: UUID, refund_id: UUID) -> _Standing:
    standing = (await _lock(tx, [refund_id])).get(refund_id)
    if standing is None or standing.refund.merchant_id != merchant_id:
        raise NotFound(refund_id=refund_id)
    REFUND_MACHINE.check(standing.refund.state, RefundState.INSTRUCTED)
    return standing


async def came_back(tx: Tx, merchant_id: UUID, refund_id: UUID, why: str, by: str) -> Refund:
    """What staff had transferred came back from the buyer's bank: it is owed again. Raises `NotFound`, `TransitionRefused`."""
    standing = (await _lock(tx, [refund_id])).get(refund_id)
    if standing is None or standing.refund.merchant_id != merchant_id:
        raise NotFound(refund_id=refund_id)
    assert not _into_purse(standing.refund), "what is in a purse is there"
    REFUND_MACHINE.check(standing.refund.state, RefundState.FAILED)
    assert standing.refund.state is RefundState.SUCCEEDED, "what is on its way is answered, not sent back"
    steps: list[_Step] = []
    _move(standing, RefundState.FAILED, by, steps, failure=why)
    await _write(tx, [standing.refund], steps)
    await _book(tx, [_Booked(standing.refund, standing.successes, back=True)])
    return standing.refund


async def _lock(tx: Tx, refund_ids: Sequence[UUID]) -> dict[UUID, _Standing]:
    refunds = await tx.all(
        Refund,
        """
        SELECT merchant_id, refund_id, order_id, payment_id, buyer_id, amount, currency, reason, state, channel
             , channel_reference, failure, created_at, succeeded_at, part_of, route, twice_at
        FROM refunds WHERE refund_id = ANY($1::uuid[])
        ORDER BY merchant_id, refund_id
        FOR UPDATE
        """,
        list(refund_ids),
    )
    # Asked once the rows are held: whoever held them before may have written more of it.
    rows = await tx.fetch(
        """
        SELECT refund_id, max(attempt) AS attempt, count(*) FILTER (WHERE to_state = 'succeeded') AS successes
             , coalesce(max(attempt) FILTER (WHERE from_state = 'succeeded'), 0) AS returned
        FROM (
            SELECT h.refund_id, h.from_state, h.to_state
                 , count(*) FILTER (WHERE h.to_state = 'instructed') OVER (PARTITION BY h.refund_id ORDER BY h.step) AS attempt
            FROM refund_history h
            JOIN unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, refund_id) USING (merchant_id, refund_id)
        ) AS steps
        GROUP BY refund_id
        """,
        [refund.merchant_id for refund in refunds],
        [refund.refund_id for refund in refunds],
    )
    told = {row["refund_id"]: row for row in rows}
    return {
        refund.refund_id: _Standing(
            refund=refund,
            attempt=told[refund.refund_id]["attempt"],
            successes=told[refund.refund_id]["successes"],
            returned=told[refund.refund_id]["returned"],
        )
        for refund in refunds
    }


def _learn(standing: _Standing, said: RefundRecording, steps: list[_Step], booked: list[_Booked]) -> None:
    refund, answer = standing.refund, said.answer
    current = said.attempt == standing.attempt
    if answer.state is RefundState.SUCCEEDED:
        if said.attempt <= standing.returned:
            return
        if refund.state is RefundState.SUCCEEDED:
            if not current and refund.route is not RefundRoute.ORIGIN and refund.twice_at is None:
                _note_twice(standing)
            return
        if refund.state is RefundState.FAILED:
            # The channel took back its failure: the machine goes there through a new instruction.
            _move(standing, RefundState.INSTRUCTED, said.by, steps)
        route = refund.route if current else RefundRoute.ORIGIN
        _move(standing, RefundState.SUCCEEDED, said.by, steps, reference=answer.reference, route=route, failure=None)
        standing.successes += 1
        booked.append(_Booked(standing.refund, standing.successes))
        return
    if not current or not REFUND_MACHINE.allows(refund.state, answer.state):
        return
    returned = refund.state is RefundState.SUCCEEDED
    if returned and (_into_purse(refund) or refund.route is not RefundRoute.ORIGIN):
        return
    _move(standing, answer.state, said.by, steps, reference=answer.reference, failure=answer.failure)
    if returned:
        standing.returned = said.attempt
        booked.append(_Booked(standing.refund, standing.successes, back=True))


def _note_twice(standing: _Standing) -> None:
    """The channel has paid, too, what had gone back another way: nothing is booked, and staff are told to ask for it back."""
    standing.refund = msgspec.structs.replace(standing.refund, twice_at=standing.refund.succeeded_at)
    standing.touched = True


def _move(
    standing: _Standing,
    to: RefundState,
    by: str,
    steps: list[_Step],
    *,
    reference: str | None = None,
    route: RefundRoute | None = None,
    failure: str | None = None,
) -> None:
    before = standing.refund
    standing.refund = msgspec.structs.replace(
        before,
        state=to,
        channel_reference=reference or before.channel_reference,
        failure=failure,
        route=route or before.route,
    )
    standing.attempt += to is RefundState.INSTRUCTED
    standing.touched = True
    steps.append(_Step(standing.refund, before.state, by))


async def _write(tx: Tx, refunds: Sequence[Refund], steps: Sequence[_Step]) -> None:
    if not refunds:
        return
    await tx.execute(
        """
        UPDATE refunds r
        SET state = k.state, failure = k.failure, channel_reference = k.channel_reference, route = k.route
          , succeeded_at = CASE k.state WHEN 'succeeded' THEN coalesce(r.succeeded_at, now()) END
          , attempt_at = CASE WHEN k.state = 'instructed' THEN now() WHEN k.state = 'sent' THEN r.attempt_at END
          , attempts = CASE WHEN k.state = 'instructed' THEN 0 ELSE r.attempts END
          , twice_at = CASE WHEN k.twice THEN coalesce(r.twice_at, now()) END
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[])
                 AS k (merchant_id, refund_id, state, failure, channel_reference, route, twice)
        WHERE (r.merchant_id, r.refund_id) = (k.merchant_id, k.refund_id)
        """,
        [refund.merchant_id for refund in refunds],
        [refund.refund_id for refund in refunds],
        [refund.state for refund in refunds],
        [refund.failure for refund in refunds],
        [refund.channel_reference for refund in refunds],
        [refund.route for refund in refunds],
        [refund.twice_at is not None for refund in refunds],
    )
    await tx.execute(
        """
        INSERT INTO refund_history (merchant_id, refund_id, step, from_state, to_state, by)
        SELECT s.merchant_id, s.refund_id
             , coalesce((SELECT max(h.step) FROM refund_history h
                         WHERE (h.merchant_id, h.refund_id) = (s.merchant_id, s.refund_id)), 0)
               + row_number() OVER (PARTITION BY s.refund_id ORDER BY s.place)
             , s.from_state, s.to_state, s.by
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[])
                 WITH ORDINALITY AS s (merchant_id, refund_id, from_state, to_state, by, place)
        """,
        [step.refund.merchant_id for step in steps],
        [step.refund.refund_id for step in steps],
        [step.before for step in steps],
        [step.refund.state for step in steps],
        [step.by for step in steps],
    )


def _off_the_door(refund: Refund) -> bool:
    """Whether it is not collected at the door, instead of going anywhere."""
    return refund.channel == AT_THE_DOOR and refund.route is RefundRoute.ORIGIN


def _into_purse(refund: Refund) -> bool:
    return is_purse(refund.channel) or refund.route is RefundRoute.BALANCE


async def _book(tx: Tx, booked: Sequence[_Booked]) -> None:
    """Money that has arrived is out of the books of both sides, and told; what came back is owed again."""
    if not booked:
        return
    into = [each for each in booked if _into_purse(each.refund)]
    transfers = [transfer for each in booked for transfer in _transfers(each)]
    if into:  # purses before splits, splits before accounts
        await hold_for(tx, [each.refund for each in into])
    await _count(tx, booked)
    await undo(tx, [each.refund for each in booked if _off_the_door(each.refund)])
    if into:
        touched = {(t.owner_id, kind, t.currency) for t in transfers for kind in (t.debit, t.credit)}
        touched |= {
            (each.refund.buyer_id, kind, each.refund.currency)
            for each in into
            for kind in (AccountKind(purse_of(each.refund)), AccountKind.PURCHASE_CLEARING)
        }
        await ledger.lock_accounts(tx, sorted(touched))
        await put_back(tx, [(each.refund, each.document) for each in into])
    again = [each for each in booked if each.nth > 1 and not each.back]
    await note_again(tx, [Again(refund=each.refund, document=each.document, nth=each.nth) for each in again])
    await ledger.post(tx, transfers)
    if arrived := [_told(each.refund) for each in booked if not each.back]:
        await events.publish(tx, *arrived)


async def _count(tx: Tx, booked: Sequence[_Booked]) -> None:
    """What has arrived of each split, and what is on its way, in the order of the splits' keys."""
    amounts: dict[tuple[UUID, UUID, UUID], int] = {}
    for each in booked:
        key = (each.refund.merchant_id, each.refund.order_id, each.refund.payment_id)
        amounts[key] = amounts.get(key, 0) + (-each.refund.amount if each.back else each.refund.amount)
    keys = sorted(amounts)
    columns = [list(column) for column in zip(*keys, strict=True)]
    await tx.execute(
        """
        SELECT FROM payment_splits
        JOIN unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS w (merchant_id, order_id, payment_id)
            USING (merchant_id, order_id, payment_id)
        ORDER BY merchant_id, order_id, payment_id
        FOR UPDATE OF payment_splits
        """,
        *columns,
    )
    await tx.execute(
        """
        UPDATE payment_splits s SET refunding = s.refunding - w.amount, refunded = s.refunded + w.amount
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[]) AS w (merchant_id, order_id, payment_id, amount)
        WHERE (s.merchant_id, s.order_id, s.payment_id) = (w.merchant_id, w.order_id, w.payment_id)
        """,
        *columns,
        [amounts[key] for key in keys],
    )


def _told(refund: Refund) -> Refunded:
    return Refunded(
        refund_id=refund.refund_id,
        merchant_id=refund.merchant_id,
        order_id=refund.order_id,
        buyer_id=refund.buyer_id,
        amount=refund.amount,
        currency=refund.currency,
    )


def _transfers(booked: _Booked) -> list[Transfer]:
    refund, document = booked.refund, booked.document
    sides = [refunded_by_merchant(refund.merchant_id, document, refund.amount, refund.currency)]
    if _off_the_door(refund):
        assert not booked.back, "what was not collected does not come back"
        return [msgspec.structs.replace(sides[0], credit=AccountKind.DOOR_CLAIMS)]
    if not _into_purse(refund):
        paid = refunded_to_buyer(refund.buyer_id, document, refund.amount, refund.currency)
        by_bank = refund.channel == BY_TRANSFER or refund.route is RefundRoute.BY_HAND
        sides.append(msgspec.structs.replace(paid, credit=AccountKind.BANK_CASH) if by_bank else paid)
    if booked.back:
        sides = [
            msgspec.structs.replace(side, debit=side.credit, credit=side.debit, reason="refund_came_back")
            for side in sides
        ]
    return sides


def refunded_by_merchant(merchant_id: UUID, refund_id: UUID, amount: int, currency: str) -> Transfer:
    """What was due has left the merchant's side …"""
    return Transfer(
        owner_id=merchant_id,
        debit=AccountKind.REFUND_DUE,
        credit=AccountKind.ORDER_CLEARING,
        amount=amount,
        currency=currency,
        reason="refunded",
        document=refund_id,
    )


def refunded_to_buyer(buyer_id: UUID, refund_id: UUID, amount: int, currency: str) -> Transfer:
    """… and the channel has given it to the buyer."""
    return Transfer(
        owner_id=buyer_id,
        debit=AccountKind.PURCHASE_CLEARING,
        credit=AccountKind.CHANNEL_CASH,
        amount=amount,
        currency=currency,
        reason="refunded",
        document=refund_id,
    )
