"""Payouts: the bank is instructed, asked until it is known what became of it, and instructed anew by staff."""

from uuid import UUID

import msgspec

from steelyard.kernel import events
from steelyard.kernel.db import Row, Tx
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.kernel.i18n import N_
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind
from steelyard.parties.merchants.model import Payout
from steelyard.trade.settlement.batches import drop_batch_of
from steelyard.trade.settlement.connect_model import AccountNotReady
from steelyard.trade.settlement.events import PayoutFailed, StatementPaid
from steelyard.trade.settlement.model import (
    STATEMENT_MACHINE,
    BankAnswer,
    DuePayout,
    NoPayoutAccount,
    Statement,
    StatementState,
    Way,
    is_complete,
    payout_reference,
)
from steelyard.trade.settlement.moving import move
from steelyard.trade.settlement.runs import came_back, paid_out

FIRST_PAUSE_SECONDS = 5
PAUSE_SECONDS_MAX = 600
REASON_CHARACTERS_MAX = 200


async def to_pay(tx: Tx, limit: int) -> list[DuePayout]:
    """Take up to `limit` payouts that are to be instructed or asked for now; issued and checked statements become paying.

    Their next attempt is pushed ahead first (5 s, 10 s, 20 s … at most 10 minutes), so that two processes never take
    the same and one that dies has only delayed it.
    """
    return await tx.all(
        DuePayout,
        """
        WITH due AS (
            SELECT merchant_id, statement_id, state FROM statements
            WHERE attempt_at <= now() AND way = 'direct'
            ORDER BY attempt_at
            LIMIT $1
            FOR UPDATE SKIP LOCKED
        ), started AS (
            INSERT INTO statement_history (merchant_id, statement_id, step, from_state, to_state, by)
            SELECT d.merchant_id, d.statement_id, (SELECT max(h.step) + 1 FROM statement_history h
                WHERE (h.merchant_id, h.statement_id) = (d.merchant_id, d.statement_id)), d.state, 'paying', 'system'
            FROM due d WHERE d.state <> 'paying'
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
                  + (due.state <> 'paying')::integer AS attempt
        """,
        limit,
        FIRST_PAUSE_SECONDS,
        PAUSE_SECONDS_MAX,
    )


async def record_payout(
    tx: Tx,
    statement_id: UUID,
    attempt: int,
    answer: BankAnswer,
    by: str,
    reference: str | None = None,
    transfer: UUID | None = None,
) -> StatementState:
    """Write down what the bank says of a statement's payout; returns the state it is in now. Raises `NotFound`.

    Twice, late and out of order are fine: paid wins over everything, and a rejection of an earlier attempt says nothing
    about the present one. What turns out to be paid while it lies in a bank file that nobody has fetched takes that file back.
    `reference`: the name of the payout at the bank, where it is not that of `payout_reference`. `transfer`: it went through
    Stripe, and this is the document of it in the books.
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
    merchant_id, state = row["merchant_id"], StatementState(row["state"])
    if answer.state == "accepted" or state is StatementState.PAID:
        return state
    if answer.state == "paid":
        if await _came_back(tx, merchant_id, statement_id, attempt):
            return state
        if state is StatementState.BATCHED:
            await drop_batch_of(tx, merchant_id, statement_id, by)
            state = StatementState.CHECKED
        if state is not StatementState.PAYING:
            # It was paid all the same: the machine goes there through a new instruction.
            await move(tx, merchant_id, statement_id, state, StatementState.PAYING, by=by, asked=False)
        named = reference or payout_reference(statement_id, attempt)
        paid = await move(
            tx, merchant_id, statement_id, StatementState.PAYING, StatementState.PAID, by=by, reference=named
        )
        await _paid(tx, paid, transfer)
        return paid.state
    if attempt != row["attempt"] or state is not StatementState.PAYING:
        return state
    return (await _failed(tx, merchant_id, statement_id, state, answer.failure or "", by)).state


async def _failed(
    tx: Tx, merchant_id: UUID, statement_id: UUID, state: StatementState, failure: str, by: str
) -> Statement:
    failed = await move(tx, merchant_id, statement_id, state, StatementState.FAILED, by=by, failure=failure)
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
    return failed


async def take_back(tx: Tx, merchant_id: UUID, statement_id: UUID, return_id: UUID, reason: str, by: str) -> bool:
    """A payout that was paid has come back from the bank: it has failed, and can be paid anew. False: it was said already.

    Raises `NotFound`, `Invalid`, and `TransitionRefused` (it is not paid, or not by us, or not through a bank).
    """
    reason = checked_reason(reason)
    row = await _holding(tx, merchant_id, statement_id)
    if await tx.value(
        "SELECT true FROM payout_returns WHERE merchant_id = $1 AND return_id = $2", merchant_id, return_id
    ):
        return False
    state = StatementState(row["state"])
    if state is not StatementState.PAID or not row["attempt"] or row["transferred"]:
        raise TransitionRefused(machine=STATEMENT_MACHINE.name, state=str(state), wanted=str(StatementState.FAILED))
    await _bring_back(tx, merchant_id, statement_id, return_id, row, reason, by, None)
    await tx.execute(
        """
        UPDATE payout_orders SET state = 'returned', failure = $3, answered_by = $4, answered_at = now()
        WHERE merchant_id = $1 AND statement_id = $2 AND state = 'paid'
        """,
        merchant_id,
        statement_id,
        reason,
        by,
    )
    return True


async def bring_back(
    tx: Tx, merchant_id: UUID, statement_id: UUID, return_id: UUID, reason: str, by: str, reversal: UUID
) -> None:
    """A payout through Stripe was taken back whole, under this document: it has failed, and can be paid anew."""
    row = await _holding(tx, merchant_id, statement_id)
    await _bring_back(tx, merchant_id, statement_id, return_id, row, reason, by, reversal)


def checked_reason(reason: str) -> str:
    """Raises `Invalid`."""
    reason = reason.strip()
    if not reason or len(reason) > REASON_CHARACTERS_MAX:
        raise Invalid({"reason": N_("Please say why, in 200 characters at most")})
    return reason


async def _holding(tx: Tx, merchant_id: UUID, statement_id: UUID) -> Row:
    row = await tx.row(
        """
        SELECT s.state, s.payout, s.currency, n.attempt
             , EXISTS (SELECT FROM payout_transfers t WHERE t.transfer_id IS NOT NULL
                       AND (t.merchant_id, t.statement_id, t.attempt) = (s.merchant_id, s.statement_id, n.attempt)) AS transferred
        FROM statements s CROSS JOIN LATERAL (
            SELECT count(*)::integer AS attempt FROM statement_history h
            WHERE (h.merchant_id, h.statement_id) = (s.merchant_id, s.statement_id) AND h.to_state = 'paying'
        ) AS n
        WHERE s.merchant_id = $1 AND s.statement_id = $2 FOR UPDATE OF s
        """,
        merchant_id,
        statement_id,
    )
    if row is None:
        raise NotFound(statement_id=statement_id)
    return row


async def _bring_back(
    tx: Tx,
    merchant_id: UUID,
    statement_id: UUID,
    return_id: UUID,
    row: Row,
    reason: str,
    by: str,
    reversal: UUID | None,
) -> None:
    await tx.execute(
        """
        INSERT INTO payout_returns (merchant_id, return_id, statement_id, attempt, amount, currency, reason, by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        merchant_id,
        return_id,
        statement_id,
        row["attempt"],
        row["payout"],
        row["currency"],
        reason,
        by,
    )
    cash = AccountKind.CHANNEL_CASH if reversal else AccountKind.BANK_CASH
    document = reversal or return_id
    await ledger.post(tx, [came_back(merchant_id, document, row["payout"], row["currency"], cash)])
    await _failed(tx, merchant_id, statement_id, StatementState(row["state"]), reason, by)


async def _came_back(tx: Tx, merchant_id: UUID, statement_id: UUID, attempt: int) -> bool:
    """Whether the payout of this attempt was paid and sent back: that it was paid is no news any more."""
    return bool(
        await tx.value(
            "SELECT EXISTS (SELECT FROM payout_returns WHERE merchant_id = $1 AND statement_id = $2 AND attempt = $3)",
            merchant_id,
            statement_id,
            attempt,
        )
    )


async def _paid(tx: Tx, statement: Statement, transfer: UUID | None) -> None:
    """In the books it leaves the bank under the statement, or under what came back of it last; and Stripe under the transfer."""
    returned: UUID | None = await tx.value(
        """
        SELECT return_id FROM payout_returns WHERE merchant_id = $1 AND statement_id = $2
        ORDER BY at DESC, return_id DESC LIMIT 1
        """,
        statement.merchant_id,
        statement.statement_id,
    )
    document = transfer or returned or statement.statement_id
    cash = AccountKind.CHANNEL_CASH if transfer else AccountKind.BANK_CASH
    await ledger.post(tx, [paid_out(statement.merchant_id, document, statement.payout, statement.currency, cash)])
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

    One that is held at Stripe is tried at once. Raises `NotFound`, `TransitionRefused` (it has not failed, or goes in a bank
    file), `NoPayoutAccount` and `AccountNotReady`.
    """
    row = await tx.row(
        """
        SELECT s.state, s.way, m.payout, coalesce(c.transfers = 'active' AND c.payouts, false) AS ready
        FROM statements s LEFT JOIN merchants m USING (merchant_id) LEFT JOIN stripe_accounts c USING (merchant_id)
        WHERE s.merchant_id = $1 AND s.statement_id = $2
        FOR UPDATE OF s
        """,
        merchant_id,
        statement_id,
    )
    if row is None:
        raise NotFound(statement_id=statement_id)
    state = StatementState(row["state"])
    way = Way(row["way"])
    tried = (StatementState.FAILED, StatementState.HELD) if way is Way.STRIPE else (StatementState.FAILED,)
    if state not in tried or way is Way.FILE:
        raise TransitionRefused(machine=STATEMENT_MACHINE.name, state=str(state), wanted=str(StatementState.PAYING))
    if way is Way.STRIPE and not row["ready"]:
        raise AccountNotReady()
    if way is Way.DIRECT and not is_complete(msgspec.convert(row["payout"], Payout)):
        raise NoPayoutAccount(merchant_id=merchant_id)
    return await move(tx, merchant_id, statement_id, state, StatementState.PAYING, by=by)
