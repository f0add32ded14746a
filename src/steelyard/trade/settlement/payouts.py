"""Payouts: the bank is instructed, asked until it is known what became of it, and instructed anew by staff."""

from uuid import UUID

import msgspec

from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound, TransitionRefused
from steelyard.money import ledger
from steelyard.parties.merchants.model import Payout
from steelyard.trade.settlement.events import PayoutFailed, StatementPaid
from steelyard.trade.settlement.model import (
    STATEMENT_MACHINE,
    BankAnswer,
    DuePayout,
    NoPayoutAccount,
    Statement,
    StatementState,
    is_complete,
    payout_reference,
)
from steelyard.trade.settlement.runs import paid_out

FIRST_PAUSE_SECONDS = 5
PAUSE_SECONDS_MAX = 600


async def to_pay(tx: Tx, limit: int) -> list[DuePayout]:
    """Take up to `limit` payouts that are to be instructed or asked for now; issued statements become paying.

    Their next attempt is pushed ahead first (5 s, 10 s, 20 s … at most 10 minutes), so that two processes never take
    the same and one that dies has only delayed it.
    """
    return await tx.all(
        DuePayout,
        """
        WITH due AS (
            SELECT merchant_id, statement_id, state FROM statements
            WHERE attempt_at <= now()
            ORDER BY attempt_at
            LIMIT $1
            FOR UPDATE SKIP LOCKED
        ), started AS (
            INSERT INTO statement_history (merchant_id, statement_id, step, from_state, to_state, by)
            SELECT merchant_id, statement_id, 2, 'issued', 'paying', 'system' FROM due WHERE state = 'issued'
            RETURNING merchant_id, statement_id
        )
        UPDATE statements s
        SET state = 'paying', attempts = s.attempts + 1
          , attempt_at = now() + least($2 * 2 ^ least(s.attempts, 20), $3) * interval '1 second'
        FROM due LEFT JOIN merchants m USING (merchant_id)
        WHERE (s.merchant_id, s.statement_id) = (due.merchant_id, due.statement_id)
        RETURNING s.merchant_id, s.statement_id, s.code, s.payout AS amount, s.currency
                , coalesce(m.payout, '{}') AS payee, s.attempts > 1 AS asked_before
                , (SELECT count(*) FROM statement_history h
                   WHERE (h.merchant_id, h.statement_id) = (s.merchant_id, s.statement_id) AND h.to_state = 'paying')
                  + (due.state = 'issued')::integer AS attempt
        """,
        limit,
        FIRST_PAUSE_SECONDS,
        PAUSE_SECONDS_MAX,
    )


async def record_payout(tx: Tx, statement_id: UUID, attempt: int, answer: BankAnswer, by: str) -> StatementState:
    """Write down what the bank says of a statement's payout; returns the state it is in now. Raises `NotFound`.

    Twice, late and out of order are fine: paid wins over everything, and a rejection of an earlier attempt says nothing
    about the present one.
    """
    row = await tx.row(
        """
        SELECT s.merchant_id, s.state
             , (SELECT count(*) FROM statement_history h
                WHERE (h.merchant_id, h.statement_id) = (s.merchant_id, s.statement_id) AND h.to_state = 'paying')
               AS attempt
        FROM statements s WHERE s.statement_id = $1
        FOR UPDATE OF s
        """,
        statement_id,
    )
    if row is None:
        raise NotFound(statement_id=statement_id)
    state = StatementState(row["state"])
    if answer.state == "accepted" or state is StatementState.PAID:
        return state
    if answer.state == "paid":
        if state is not StatementState.PAYING:
            # It was paid all the same: the machine goes there through a new instruction.
            await _move(tx, row["merchant_id"], statement_id, state, StatementState.PAYING, by=by)
        paid = await _move(
            tx,
            row["merchant_id"],
            statement_id,
            StatementState.PAYING,
            StatementState.PAID,
            by=by,
            reference=payout_reference(statement_id, attempt),
        )
        await _paid(tx, paid)
        return paid.state
    if attempt != row["attempt"] or state is not StatementState.PAYING:
        return state
    failed = await _move(
        tx, row["merchant_id"], statement_id, state, StatementState.FAILED, by=by, failure=answer.failure
    )
    await events.publish(
        tx,
        PayoutFailed(
            merchant_id=failed.merchant_id,
            statement_id=failed.statement_id,
            payout=failed.payout,
            currency=failed.currency,
            failure=failed.failure or "",
        ),
    )
    return failed.state


async def _paid(tx: Tx, statement: Statement) -> None:
    await ledger.post(
        tx, [paid_out(statement.merchant_id, statement.statement_id, statement.payout, statement.currency)]
    )
    await events.publish(
        tx,
        StatementPaid(
            merchant_id=statement.merchant_id,
            statement_id=statement.statement_id,
            payout=statement.payout,
            currency=statement.currency,
        ),
    )


async def pay_again(tx: Tx, merchant_id: UUID, statement_id: UUID, by: str) -> Statement:
    """Instruct a failed payout once more, to the merchant's account as it is now and under a new key at the bank.

    Raises `NotFound`, `TransitionRefused` (it has not failed) and `NoPayoutAccount`.
    """
    row = await tx.row(
        """
        SELECT s.state, m.payout FROM statements s LEFT JOIN merchants m USING (merchant_id)
        WHERE s.merchant_id = $1 AND s.statement_id = $2
        FOR UPDATE OF s
        """,
        merchant_id,
        statement_id,
    )
    if row is None:
        raise NotFound(statement_id=statement_id)
    state = StatementState(row["state"])
    if state is not StatementState.FAILED:
        raise TransitionRefused(machine=STATEMENT_MACHINE.name, state=str(state), wanted=str(StatementState.PAYING))
    if not is_complete(msgspec.convert(row["payout"], Payout)):
        raise NoPayoutAccount(merchant_id=merchant_id)
    return await _move(tx, merchant_id, statement_id, state, StatementState.PAYING, by=by)


async def _move(
    tx: Tx,
    merchant_id: UUID,
    statement_id: UUID,
    before: StatementState,
    to: StatementState,
    *,
    by: str,
    failure: str | None = None,
    reference: str | None = None,
) -> Statement:
    moved = await tx.one(
        Statement,
        """
        WITH told AS (
            INSERT INTO statement_history (merchant_id, statement_id, step, from_state, to_state, by)
            SELECT $1, $2, max(step) + 1, $3, $4, $5
            FROM statement_history WHERE merchant_id = $1 AND statement_id = $2
        )
        UPDATE statements
        SET state = $4, failure = $6, bank_reference = coalesce($7, bank_reference)
          , paid_at = CASE $4 WHEN 'paid' THEN now() END
          , attempt_at = CASE $4 WHEN 'paying' THEN now() END
          , attempts = CASE $4 WHEN 'paying' THEN 0 ELSE attempts END
        WHERE merchant_id = $1 AND statement_id = $2
        RETURNING merchant_id, statement_id, code, day, currency, sales, commission, refunds, commission_returned
                , adjustments, payout, state, issued_at, paid_at, failure, bank_reference, subsidy, subsidy_returned
        """,
        merchant_id,
        statement_id,
        str(before),
        str(to),
        by,
        failure,
        reference,
    )
    assert moved is not None
    return moved
