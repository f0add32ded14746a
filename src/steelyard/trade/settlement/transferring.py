"""Payouts through Stripe: transfers to shops' accounts there, which are made at once or refused.

What Stripe will not do now is held with its reason, and goes on by itself: for the shop's account when that is ready, for the
platform's balance when there is enough. A payout that may have been made is asked for under its key, and never has another.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Row, Tx
from steelyard.money.payments import StripeCalls
from steelyard.trade.settlement.connect_model import DueTransfer, PayoutTransfer, TransferAnswer
from steelyard.trade.settlement.model import BankAnswer, StatementState
from steelyard.trade.settlement.moving import move
from steelyard.trade.settlement.payouts import FIRST_PAUSE_SECONDS, PAUSE_SECONDS_MAX, record_payout

BY = "stripe"
# How long until what is held is looked at again, though nobody has said that it may go on.
HELD_FOR_ACCOUNT_SECONDS = 3_600
HELD_FOR_BALANCE_SECONDS = 300
TRANSFERS_SHOWN_MAX = 20


class _Wanted(msgspec.Struct, frozen=True):
    going: list[Row]
    without_account: list[Row]
    short: list[Row]


async def short_of_balance(read: Read) -> bool:
    """Whether a payout that waits for the platform's balance is to be looked at now."""
    return bool(
        await read.value("SELECT EXISTS (SELECT FROM statements WHERE held_for = 'balance' AND attempt_at <= now())")
    )


async def to_transfer(tx: Tx, available: Mapping[str, int], limit: int) -> list[DueTransfer]:
    """Take up to `limit` payouts that are to be sent through Stripe or asked for now, each written down before it is sent.

    Of shops whose account is not ready, payouts are held; one that is held for the balance goes on when `available` (minor
    units by currency) covers it. Their next attempt is pushed ahead first, as in `to_pay`.
    """
    rows = await tx.fetch(
        """
        SELECT s.merchant_id, s.statement_id, s.state, s.held_for, s.payout, s.currency, c.account_id
             , coalesce(c.transfers = 'active' AND c.payouts, false) AS ready
             , EXISTS (SELECT FROM payout_transfers t WHERE (t.merchant_id, t.statement_id) = (s.merchant_id, s.statement_id)
                       AND t.attempt = (SELECT count(*) FROM statement_history h
                           WHERE (h.merchant_id, h.statement_id) = (s.merchant_id, s.statement_id) AND h.to_state = 'paying')
                      ) AS sent
        FROM statements s LEFT JOIN stripe_accounts c USING (merchant_id)
        WHERE s.attempt_at <= now() AND s.way = 'stripe'
        ORDER BY s.attempt_at LIMIT $1
        FOR UPDATE OF s SKIP LOCKED
        """,
        limit,
    )
    wanted = _sorted_out(rows, available)
    for row in wanted.without_account:
        if row["held_for"] != "account":
            await hold(tx, row["merchant_id"], row["statement_id"], StatementState(row["state"]), "account", None)
    again = [row for row in wanted.without_account if row["held_for"] == "account"]
    await _put_off(tx, again, HELD_FOR_ACCOUNT_SECONDS)
    await _put_off(tx, wanted.short, HELD_FOR_BALANCE_SECONDS)
    return await _start(tx, wanted.going)


def _sorted_out(rows: Sequence[Row], available: Mapping[str, int]) -> _Wanted:
    wanted = _Wanted([], [], [])
    for row in rows:
        if row["state"] == StatementState.PAYING and row["sent"]:
            wanted.going.append(row)  # it may be there already: it is asked for, whatever has become of the account
        elif not row["ready"]:
            wanted.without_account.append(row)
        elif row["held_for"] == "balance" and available.get(row["currency"], 0) < row["payout"]:
            wanted.short.append(row)
        else:
            wanted.going.append(row)
    return wanted


async def hold(
    tx: Tx, merchant_id: UUID, statement_id: UUID, before: StatementState, held_for: str, failure: str | None
) -> None:
    """A payout waits, with the reason. What is held for the other reason goes through a new instruction."""
    if before is StatementState.HELD:
        await move(tx, merchant_id, statement_id, before, StatementState.PAYING, by=BY, asked=False)
        before = StatementState.PAYING
    seconds = HELD_FOR_ACCOUNT_SECONDS if held_for == "account" else HELD_FOR_BALANCE_SECONDS
    await move(
        tx, merchant_id, statement_id, before, StatementState.HELD, by=BY, failure=failure, held_for=held_for,
        again_seconds=seconds,
    )  # fmt: skip


async def _put_off(tx: Tx, rows: Sequence[Row], seconds: int) -> None:
    if rows:
        await tx.execute(
            """
            UPDATE statements s SET attempt_at = now() + $3 * interval '1 second'
            FROM unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, statement_id)
            WHERE (s.merchant_id, s.statement_id) = (w.merchant_id, w.statement_id)
            """,
            [row["merchant_id"] for row in rows],
            [row["statement_id"] for row in rows],
            seconds,
        )


async def _start(tx: Tx, rows: Sequence[Row]) -> list[DueTransfer]:
    if not rows:
        return []
    merchant_ids, statement_ids = [row["merchant_id"] for row in rows], [row["statement_id"] for row in rows]
    await tx.execute(
        """
        WITH wanted AS (SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, statement_id)), told AS (
            INSERT INTO statement_history (merchant_id, statement_id, step, from_state, to_state, by)
            SELECT s.merchant_id, s.statement_id, max(h.step) + 1, s.state, 'paying', $5
            FROM wanted JOIN statements s USING (merchant_id, statement_id)
            JOIN statement_history h USING (merchant_id, statement_id)
            WHERE s.state <> 'paying' GROUP BY s.merchant_id, s.statement_id, s.state
        )
        UPDATE statements s
        SET state = 'paying', held_for = NULL, failure = NULL
          , attempts = CASE s.state WHEN 'paying' THEN s.attempts ELSE 0 END + 1
          , attempt_at = now() + least($3 * 2 ^ least(CASE s.state WHEN 'paying' THEN s.attempts ELSE 0 END, 20), $4)
                         * interval '1 second'
        FROM wanted w WHERE (s.merchant_id, s.statement_id) = (w.merchant_id, w.statement_id)
        """,
        merchant_ids,
        statement_ids,
        FIRST_PAUSE_SECONDS,
        PAUSE_SECONDS_MAX,
        BY,
    )
    await tx.execute(
        """
        INSERT INTO payout_transfers (merchant_id, statement_id, attempt, account_id, amount, currency)
        SELECT s.merchant_id, s.statement_id, n.attempt, c.account_id, s.payout, s.currency
        FROM unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, statement_id)
        JOIN statements s USING (merchant_id, statement_id) JOIN stripe_accounts c USING (merchant_id)
        CROSS JOIN LATERAL (
            SELECT count(*)::integer AS attempt FROM statement_history h
            WHERE (h.merchant_id, h.statement_id) = (s.merchant_id, s.statement_id) AND h.to_state = 'paying') AS n
        ORDER BY s.merchant_id, s.statement_id
        ON CONFLICT (merchant_id, statement_id, attempt) DO NOTHING
        """,
        merchant_ids,
        statement_ids,
    )
    return await tx.all(
        DueTransfer,
        """
        SELECT t.merchant_id, t.statement_id, s.code, t.attempt, t.account_id, t.amount, t.currency
             , s.attempts > 1 AS asked_before
        FROM unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, statement_id)
        JOIN statements s USING (merchant_id, statement_id)
        JOIN LATERAL (SELECT * FROM payout_transfers t WHERE (t.merchant_id, t.statement_id) = (s.merchant_id, s.statement_id)
                      ORDER BY t.attempt DESC LIMIT 1) AS t ON true
        ORDER BY t.merchant_id, t.statement_id
        """,
        merchant_ids,
        statement_ids,
    )


async def record_transfer(tx: Tx, due: DueTransfer, answer: TransferAnswer) -> StatementState:
    """Write down what Stripe says of a payout; returns the state it is in now. Twice, late and out of order are fine, as in
    `record_payout`."""
    if answer.state == "paid":
        assert answer.transfer_id is not None
        state = await record_payout(
            tx, due.statement_id, due.attempt, BankAnswer(state="paid"), BY, answer.transfer_id,
            StripeCalls.document_of(answer.transfer_id),
        )  # fmt: skip
        await tx.execute(
            """
            UPDATE payout_transfers SET transfer_id = coalesce(transfer_id, $4)
            WHERE merchant_id = $1 AND statement_id = $2 AND attempt = $3
            """,
            due.merchant_id,
            due.statement_id,
            due.attempt,
            answer.transfer_id,
        )
        return state
    if answer.state == "rejected":
        rejected = BankAnswer(state="rejected", failure=answer.failure)
        return await record_payout(tx, due.statement_id, due.attempt, rejected, BY)
    row = await tx.row(
        """
        SELECT s.state, (SELECT count(*) FROM statement_history h
                WHERE (h.merchant_id, h.statement_id) = (s.merchant_id, s.statement_id) AND h.to_state = 'paying') AS attempt
        FROM statements s WHERE s.merchant_id = $1 AND s.statement_id = $2 FOR UPDATE OF s
        """,
        due.merchant_id,
        due.statement_id,
    )
    assert row is not None
    state = StatementState(row["state"])
    if state is not StatementState.PAYING or row["attempt"] != due.attempt:
        return state
    await hold(tx, due.merchant_id, due.statement_id, state, answer.state, answer.failure)
    if answer.state == "account":
        await tx.execute("UPDATE stripe_accounts SET look_at = now() WHERE merchant_id = $1", due.merchant_id)
    return StatementState.HELD


async def transfers_of(read: Read, merchant_id: UUID, statement_id: UUID) -> list[PayoutTransfer]:
    """A statement's payouts through Stripe, the latest first."""
    return await read.all(
        PayoutTransfer,
        """
        SELECT attempt, account_id, amount, currency, transfer_id, reversed, at FROM payout_transfers
        WHERE merchant_id = $1 AND statement_id = $2 ORDER BY attempt DESC LIMIT $3
        """,
        merchant_id,
        statement_id,
        TRANSFERS_SHOWN_MAX,
    )
