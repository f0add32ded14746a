"""The settlement run: what is due becomes statements, and the money to pay them is set aside."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from steelyard.kernel import codes, events, ids
from steelyard.kernel.db import Row, Tx
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.trade.settlement.events import StatementIssued
from steelyard.trade.settlement.model import Statement, StatementId

# So that no run writes for longer than a second, whatever the number of merchants.
STATEMENTS_PER_RUN_MAX = 100
CODE_PREFIX = "ST"


class _Due(msgspec.Struct, frozen=True):
    merchant_id: UUID
    currency: str


async def run(tx: Tx, day: date, limit: int = STATEMENTS_PER_RUN_MAX) -> list[Statement]:
    """Issue statements for `day`, one per merchant and currency; returns those issued, at most `limit` of them.

    A statement takes all entries due on or before `day` whose sum is more than nothing. Where refunds weigh more
    than sales nothing is issued and the entries wait, to be set off against what comes next. Said again for the same
    day it issues what was left, and never a second statement to the same merchant in the same currency. Two runs at the
    same time share the work or wait for each other; no entry is on two statements.
    """
    due = await _due(tx, day, limit)
    issued = await _issue(tx, day, due)
    await ledger.post(tx, [set_aside(s.merchant_id, s.statement_id, s.payout, s.currency) for s in issued])
    await events.publish(
        tx,
        *(
            StatementIssued(
                merchant_id=s.merchant_id,
                statement_id=s.statement_id,
                day=s.day,
                payout=s.payout,
                currency=s.currency,
            )
            for s in issued
        ),
    )
    return issued


async def _due(tx: Tx, day: date, limit: int) -> list[_Due]:
    """Merchants and currencies with more to be paid than to be given back, and no statement for the day yet."""
    return await tx.all(
        _Due,
        """
        SELECT e.merchant_id, e.currency
        FROM settlement_entries e
        WHERE e.statement_id IS NULL AND e.due_on <= $1
          AND NOT EXISTS (SELECT FROM statements s
                          WHERE (s.merchant_id, s.currency, s.day) = (e.merchant_id, e.currency, $1))
        GROUP BY e.merchant_id, e.currency
        HAVING sum(e.amount) > 0
        ORDER BY e.merchant_id, e.currency
        LIMIT $2
        """,
        day,
        limit,
    )


async def _issue(tx: Tx, day: date, due: Sequence[_Due]) -> list[Statement]:
    """Lock the due entries, claim the statements with what they come to, and put the entries on them.

    What another run put on a statement since is left out; should the rest come to nothing, no statement is written.
    """
    if not due:
        return []
    locked = await _hold(tx, day, due)
    return await tx.all(
        Statement,
        """
        WITH made AS (
            INSERT INTO statements (merchant_id, statement_id, code, day, currency, sales, commission, refunds
              , commission_returned, subsidy, subsidy_returned, adjustments, payout, state, attempt_at)
            SELECT d.merchant_id, d.statement_id, d.code, $1, d.currency
                 , coalesce(sum(e.amount) FILTER (WHERE e.kind = 'sale'), 0)
                 , -coalesce(sum(e.amount) FILTER (WHERE e.kind = 'commission'), 0)
                 , -coalesce(sum(e.amount) FILTER (WHERE e.kind = 'refund'), 0)
                 , coalesce(sum(e.amount) FILTER (WHERE e.kind = 'commission_returned'), 0)
                 , coalesce(sum(e.amount) FILTER (WHERE e.kind = 'subsidy'), 0)
                 , -coalesce(sum(e.amount) FILTER (WHERE e.kind = 'subsidy_returned'), 0)
                 , coalesce(sum(e.amount) FILTER (
                       WHERE e.kind <> ALL ('{sale,commission,refund,commission_returned,subsidy,subsidy_returned}')), 0)
                 , sum(e.amount), 'issued', now()
            FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::text[])
                     AS d (merchant_id, currency, statement_id, code)
            JOIN settlement_entries e USING (merchant_id, currency)
            JOIN unnest($6::uuid[], $7::uuid[]) AS l (merchant_id, entry_id) USING (merchant_id, entry_id)
            GROUP BY d.merchant_id, d.statement_id, d.code, d.currency
            HAVING sum(e.amount) > 0
            ON CONFLICT (merchant_id, currency, day) DO NOTHING
            RETURNING merchant_id, statement_id, code, day, currency, sales, commission, refunds, commission_returned
                    , adjustments, payout, state, issued_at, paid_at, failure, bank_reference, subsidy, subsidy_returned
        ), told AS (
            INSERT INTO statement_history (merchant_id, statement_id, step, from_state, to_state, by)
            SELECT merchant_id, statement_id, 1, 'nowhere', 'issued', 'system' FROM made
        ), taken AS (
            UPDATE settlement_entries e SET statement_id = m.statement_id
            FROM made m, unnest($6::uuid[], $7::uuid[]) AS l (merchant_id, entry_id)
            WHERE (e.merchant_id, e.entry_id) = (l.merchant_id, l.entry_id)
              AND (e.merchant_id, e.currency) = (m.merchant_id, m.currency)
        )
        SELECT * FROM made ORDER BY merchant_id, currency
        """,
        day,
        [d.merchant_id for d in due],
        [d.currency for d in due],
        [StatementId(ids.mint()) for _ in due],
        [codes.mint(CODE_PREFIX) for _ in due],
        [row["merchant_id"] for row in locked],
        [row["entry_id"] for row in locked],
    )


async def _hold(tx: Tx, day: date, due: Sequence[_Due]) -> list[Row]:
    """The due entries of these, held until the transaction ends."""
    return await tx.fetch(
        """
        SELECT e.merchant_id, e.entry_id
        FROM settlement_entries e
        JOIN unnest($2::uuid[], $3::text[]) AS d (merchant_id, currency) USING (merchant_id, currency)
        WHERE e.statement_id IS NULL AND e.due_on <= $1
        ORDER BY e.merchant_id, e.entry_id
        FOR UPDATE OF e
        """,
        day,
        [d.merchant_id for d in due],
        [d.currency for d in due],
    )


def set_aside(merchant_id: UUID, statement_id: UUID, amount: int, currency: str) -> Transfer:
    """The statement's payout is not the merchant's to earn any more; it is on its way."""
    return Transfer(
        owner_id=merchant_id,
        debit=AccountKind.PAYABLE,
        credit=AccountKind.PAYOUT_IN_TRANSIT,
        amount=amount,
        currency=currency,
        reason="payout",
        document=statement_id,
    )


def paid_out(merchant_id: UUID, statement_id: UUID, amount: int, currency: str) -> Transfer:
    """The bank has paid it."""
    return Transfer(
        owner_id=merchant_id,
        debit=AccountKind.PAYOUT_IN_TRANSIT,
        credit=AccountKind.BANK_CASH,
        amount=amount,
        currency=currency,
        reason="paid_out",
        document=statement_id,
    )
