"""Payments whose outcome is known before they are written down, since their channel needs to ask nobody (`Verifier`)."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.money import ledger
from steelyard.money.payments.model import (
    PAYMENT_MACHINE,
    SPLITS_PER_PAYMENT_MAX,
    ChannelAnswer,
    Instruction,
    PaymentState,
)
from steelyard.money.payments.outcomes import allotted, captured

Known = tuple[Instruction, ChannelAnswer]


async def record_known(tx: Tx, payments: Sequence[Known]) -> None:
    """Write down new payments with what their channel says of each, as `instruct_all` and `record_all` would: the same
    rows, and nothing of them twice.

    It is the caller who knows that they are new. The accounts come last, so that who is paid by many waits the least.
    """
    for instruction, answer in payments:
        _check(instruction, answer)
    await _write(tx, payments)
    money = [instruction for instruction, answer in payments if answer.state is PaymentState.CAPTURED]
    await ledger.post(
        tx,
        [captured(i.buyer_id, i.payment_id, i.amount, i.currency, i.channel) for i in money]
        + [
            allotted(merchant_id, i.payment_id, amount, i.currency)
            for i in money
            for merchant_id, amount in _by_merchant(i).items()
        ],
    )


def _check(instruction: Instruction, answer: ChannelAnswer) -> None:
    assert not instruction.later, "a token that is money by itself is taken at once"
    assert instruction.amount > 0, "a purchase of nothing needs no payment"
    assert 0 < len(instruction.splits) <= SPLITS_PER_PAYMENT_MAX
    assert sum(split.amount for split in instruction.splits) == instruction.amount, "the splits are the payment"
    assert answer.state in (PaymentState.CAPTURED, PaymentState.DECLINED), "there is nothing to wait for"
    assert PAYMENT_MACHINE.allows(PaymentState.INSTRUCTED, answer.state)
    assert answer.amount in (None, instruction.amount), "the channel collects what we asked for"
    assert answer.currency in (None, instruction.currency), "the channel collects what we asked for"


def _by_merchant(instruction: Instruction) -> dict[UUID, int]:
    """What each merchant has of it; who has nothing is left out."""
    amounts: dict[UUID, int] = {}
    for split in instruction.splits:
        if split.amount:
            amounts[split.merchant_id] = amounts.get(split.merchant_id, 0) + split.amount
    return amounts


async def _write(tx: Tx, payments: Sequence[Known]) -> None:
    await tx.execute(
        """
        WITH known AS (
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::text[]
                               , $7::timestamptz[], $8::text[], $9::text[], $10::text[])
                AS k (buyer_id, payment_id, purchase_id, channel, amount, currency, expires_at, state, reference, failure)
        ), written AS (
            INSERT INTO payments (buyer_id, payment_id, purchase_id, channel, amount, currency, expires_at, state
                                , channel_reference, failure, captured_at)
            SELECT buyer_id, payment_id, purchase_id, channel, amount, currency, expires_at, state, reference, failure
                 , CASE state WHEN 'captured' THEN now() END
            FROM known
        )
        INSERT INTO payment_history (buyer_id, payment_id, step, from_state, to_state, by)
        SELECT buyer_id, payment_id, h.step, h.from_state, h.to_state, h.by
        FROM known k
        CROSS JOIN LATERAL (VALUES (1, 'nowhere', 'instructed', 'system'), (2, 'instructed', k.state, 'channel'))
            AS h (step, from_state, to_state, by)
        """,
        [i.buyer_id for i, _ in payments],
        [i.payment_id for i, _ in payments],
        [i.purchase_id for i, _ in payments],
        [i.channel for i, _ in payments],
        [i.amount for i, _ in payments],
        [i.currency for i, _ in payments],
        [i.expires_at for i, _ in payments],
        [answer.state for _, answer in payments],
        [answer.reference for _, answer in payments],
        [answer.failure for _, answer in payments],
    )
    splits = [
        (split, i, split.amount if answer.state is PaymentState.CAPTURED else 0)
        for i, answer in payments
        for split in i.splits
    ]
    await tx.execute(
        """
        INSERT INTO payment_splits (merchant_id, order_id, payment_id, buyer_id, channel, amount, currency, authorised
                                  , captured)
        SELECT s.*, s.authorised FROM unnest(
            $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bigint[], $7::text[], $8::bigint[])
            AS s (merchant_id, order_id, payment_id, buyer_id, channel, amount, currency, authorised)
        """,
        [split.merchant_id for split, _, _ in splits],
        [split.order_id for split, _, _ in splits],
        [i.payment_id for _, i, _ in splits],
        [i.buyer_id for _, i, _ in splits],
        [i.channel for _, i, _ in splits],
        [split.amount for split, _, _ in splits],
        [i.currency for _, i, _ in splits],
        [in_hand for _, _, in_hand in splits],
    )
