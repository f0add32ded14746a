"""What channels answer: the only way in which a payment's state moves."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.money.payments import door_steps
from steelyard.money.payments.door_model import AT_THE_DOOR
from steelyard.money.payments.model import (
    PAYMENT_MACHINE,
    Became,
    ChannelAnswer,
    Outcome,
    Payment,
    PaymentState,
    Recording,
    cash_of,
)

# How long an authorisation is relied on where the channel does not say it: cards keep it for a week.
AUTHORISED_FOR = timedelta(days=7)


class _Change(msgspec.Struct, frozen=True):
    payment: Payment
    before: PaymentState
    by: str


async def record(tx: Tx, payment_id: UUID, answer: ChannelAnswer, by: str) -> Outcome:
    """Write down what the channel says of a payment. Raises `NotFound`.

    Answers may come twice, late and out of order: captured wins over everything, an end over pending, and what is
    known already changes nothing. On capture the buyer's money is in the books and allotted to the orders, where it
    is held until receipt.
    """
    return (await record_all(tx, [Recording(payment_id=payment_id, answer=answer, by=by)]))[0]


async def record_all(tx: Tx, recordings: Sequence[Recording]) -> list[Outcome]:
    """`record` for a whole batch, applied in the order given; the outcomes are in the same order."""
    known = await _lock(tx, sorted({recording.payment_id for recording in recordings}))
    outcomes: list[Outcome] = []
    changes: list[_Change] = []
    for recording in recordings:
        before = known.get(recording.payment_id)
        if before is None:
            raise NotFound(payment_id=recording.payment_id)
        after = _learn(before, recording.answer)
        known[recording.payment_id] = after
        became: Became = "nothing"
        if after.state is not before.state:
            changes.append(_Change(after, before.state, recording.by))
            became = _BECAME[after.state]
        outcomes.append(Outcome(payment=after, became=became))
    await _write_payments(tx, list(known.values()))
    await _write_history(tx, changes)
    captured = [change.payment for change in changes if change.payment.state is PaymentState.CAPTURED]
    if captured:
        await _capture(tx, captured)
    if authorised := [c.payment.payment_id for c in changes if c.payment.state is PaymentState.AUTHORISED]:
        await _authorise(tx, authorised)
    if lapsed := [r.payment_id for r in recordings if _lapses(known[r.payment_id], r.answer)]:
        await _lapse(tx, lapsed)
    return outcomes


_BECAME: dict[PaymentState, Became] = {
    PaymentState.AUTHORISED: "authorised",
    PaymentState.PENDING: "pending",
    PaymentState.CAPTURED: "captured",
    PaymentState.DECLINED: "declined",
    PaymentState.CANCELLED: "cancelled",
}


async def _lock(tx: Tx, payment_ids: Sequence[UUID]) -> dict[UUID, Payment]:
    payments = await tx.all(
        Payment,
        """
        SELECT buyer_id, payment_id, purchase_id, channel, amount, currency, state, channel_reference, cashier_url
             , failure, surplus, created_at, expires_at, captured_at, handed, later, authorised_until, instalments
        FROM payments WHERE payment_id = ANY($1::uuid[])
        ORDER BY payment_id
        FOR UPDATE
        """,
        payment_ids,
    )
    return {payment.payment_id: payment for payment in payments}


def _learn(payment: Payment, answer: ChannelAnswer) -> Payment:
    """The payment after this answer."""
    part = payment.later and answer.state is PaymentState.CAPTURED and (answer.amount or 0) <= payment.amount
    assert part or answer.amount in (None, payment.amount), "the channel collects what we asked for"
    assert answer.currency in (None, payment.currency), "the channel collects what we asked for"
    reference = payment.channel_reference or answer.reference
    state = _said(payment, answer.state)
    if not PAYMENT_MACHINE.allows(payment.state, state):
        return msgspec.structs.replace(payment, channel_reference=reference)
    until = payment.authorised_until
    if state is PaymentState.AUTHORISED:
        until = answer.authorised_until or datetime.now(UTC) + AUTHORISED_FOR
    return msgspec.structs.replace(
        payment,
        state=state,
        channel_reference=reference,
        cashier_url=answer.action_url or answer.cashier_url or payment.cashier_url,
        failure=None if state in (PaymentState.CAPTURED, PaymentState.AUTHORISED) else answer.failure,
        handed=answer.handed or payment.handed,
        authorised_until=until,
    )


def _said(payment: Payment, state: PaymentState) -> PaymentState:
    """What an answer means for a payment that is captured later: what was taken of it was authorised, and which parts were
    taken is what its captures say (`captures`). What is authorised ends when all of it was captured or let go, and is not
    authorised a second time by a message that comes late."""
    if not payment.later:
        return PaymentState.PENDING if state is PaymentState.AUTHORISED else state
    ours = payment.authorised_until is not None
    if ours:
        return payment.state
    return PaymentState.AUTHORISED if state is PaymentState.CAPTURED else state


def _lapses(payment: Payment, answer: ChannelAnswer) -> bool:
    """Whether the channel has let go by itself what it kept back for us."""
    return payment.state is PaymentState.AUTHORISED and answer.state in (PaymentState.CANCELLED, PaymentState.DECLINED)


async def _lapse(tx: Tx, payment_ids: Sequence[UUID]) -> None:
    """What was not taken of these cannot be taken any more: who sells it is told by `refused_at`."""
    await tx.execute(
        """
        WITH held AS (
            SELECT merchant_id, order_id, payment_id FROM payment_splits
            WHERE payment_id = ANY($1::uuid[]) AND capturing + captured + released < authorised
            ORDER BY payment_id, merchant_id, order_id FOR UPDATE
        )
        UPDATE payment_splits s SET refused_at = coalesce(s.refused_at, now()) FROM held h
        WHERE (s.merchant_id, s.order_id, s.payment_id) = (h.merchant_id, h.order_id, h.payment_id)
        """,
        payment_ids,
    )


async def _authorise(tx: Tx, payment_ids: Sequence[UUID]) -> None:
    """Each order's part is kept back at the channel. What belongs to who wants it at once is to be captured now."""
    await tx.execute(
        """
        UPDATE payment_splits s
        SET authorised = s.amount
          , wanted_at = CASE WHEN EXISTS (SELECT FROM merchants m WHERE m.merchant_id = s.merchant_id AND m.captures <> 'at_once')
                             THEN s.wanted_at ELSE now() END
        WHERE s.payment_id = ANY($1::uuid[])
        """,
        payment_ids,
    )


async def _write_payments(tx: Tx, payments: Sequence[Payment]) -> None:
    await tx.execute(
        """
        UPDATE payments p
        SET state = k.state, channel_reference = k.channel_reference, cashier_url = k.cashier_url, failure = k.failure
          , handed = k.handed::jsonb
          , captured_at = CASE k.state WHEN 'captured' THEN coalesce(p.captured_at, now()) END
          , query_at = CASE WHEN k.state IN ('instructed', 'pending') THEN p.query_at END
          , authorised_until = k.authorised_until
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[]
                  , $7::text[], $8::timestamptz[])
                 AS k (buyer_id, payment_id, state, channel_reference, cashier_url, failure, handed, authorised_until)
        WHERE (p.buyer_id, p.payment_id) = (k.buyer_id, k.payment_id)
        """,
        [p.buyer_id for p in payments],
        [p.payment_id for p in payments],
        [p.state for p in payments],
        [p.channel_reference for p in payments],
        [p.cashier_url for p in payments],
        [p.failure for p in payments],
        [msgspec.json.encode(p.handed).decode() if p.handed else None for p in payments],
        [p.authorised_until for p in payments],
    )


async def _write_history(tx: Tx, changes: Sequence[_Change]) -> None:
    await tx.execute(
        """
        INSERT INTO payment_history (buyer_id, payment_id, step, from_state, to_state, by)
        SELECT c.buyer_id, c.payment_id
             , coalesce((SELECT max(h.step) FROM payment_history h
                         WHERE (h.buyer_id, h.payment_id) = (c.buyer_id, c.payment_id)), 0)
               + row_number() OVER (PARTITION BY c.payment_id ORDER BY c.place)
             , c.from_state, c.to_state, c.by
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[])
                 WITH ORDINALITY AS c (buyer_id, payment_id, from_state, to_state, by, place)
        """,
        [c.payment.buyer_id for c in changes],
        [c.payment.payment_id for c in changes],
        [c.before for c in changes],
        [c.payment.state for c in changes],
        [c.by for c in changes],
    )


async def _capture(tx: Tx, payments: Sequence[Payment]) -> None:
    """The buyer's money is at the channel; each order's part of it is held for its merchant."""
    splits = await tx.fetch(
        """
        WITH captured AS (
            UPDATE payment_splits SET authorised = amount, captured = amount WHERE payment_id = ANY($1::uuid[])
            RETURNING payment_id, merchant_id, currency, amount
        )
        SELECT payment_id, merchant_id, currency, sum(amount)::bigint AS amount
        FROM captured GROUP BY payment_id, merchant_id, currency
        """,
        [p.payment_id for p in payments],
    )
    assert sum(row["amount"] for row in splits) == sum(p.amount for p in payments)
    promised = [p.payment_id for p in payments if p.channel == AT_THE_DOOR]
    if promised:
        await door_steps.promise(tx, promised)
    await ledger.post(
        tx,
        [
            captured(p.buyer_id, p.payment_id, p.amount, p.currency, p.channel)
            for p in payments
            if p.payment_id not in promised
        ]
        + [
            allotted(
                row["merchant_id"], row["payment_id"], row["amount"], row["currency"], row["payment_id"] in promised
            )
            for row in splits
            if row["amount"] > 0
        ],
    )


def captured(buyer_id: UUID, payment_id: UUID, amount: int, currency: str, channel: str) -> Transfer:
    """The payment is at the channel, or out of the buyer's purse, for a purchase of this buyer."""
    return Transfer(
        owner_id=buyer_id,
        debit=cash_of(channel),
        credit=AccountKind.PURCHASE_CLEARING,
        amount=amount,
        currency=currency,
        reason="captured",
        document=payment_id,
    )


def allotted(merchant_id: UUID, payment_id: UUID, amount: int, currency: str, at_the_door: bool = False) -> Transfer:
    """This merchant's part of the payment is held until the buyer has received the goods. What is paid `at_the_door` is a claim
    of the merchant's own: no money of the buyer's has come."""
    return Transfer(
        owner_id=merchant_id,
        debit=AccountKind.DOOR_CLAIMS if at_the_door else AccountKind.ORDER_CLEARING,
        credit=AccountKind.HELD,
        amount=amount,
        currency=currency,
        reason="allotted",
        document=payment_id,
    )


async def give_up(tx: Tx, payment_id: UUID, by: str) -> Outcome:
    """The channel knows nothing of the payment: it counts as cancelled.

    Only for what `to_query` called overdue, or lost and the channel has promised not to take. Should it be captured all
    the same, captured wins.
    """
    return await record(tx, payment_id, ChannelAnswer(reference=None, state=PaymentState.CANCELLED), by)
