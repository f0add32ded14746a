"""A statement goes from one state to the next, and its history says so."""

from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.trade.settlement.model import STATEMENT_MACHINE, Statement, StatementState


async def move(
    tx: Tx,
    merchant_id: UUID,
    statement_id: UUID,
    before: StatementState,
    to: StatementState,
    *,
    by: str,
    failure: str | None = None,
    reference: str | None = None,
    asked: bool = True,
    held_for: str | None = None,
    again_seconds: int = 0,
) -> Statement:
    """Move a statement that is held by the caller. With `asked` the connected bank is asked about what is being paid. What waits
    for something is looked at again after so many seconds."""
    STATEMENT_MACHINE.check(before, to)
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
          , attempt_at = CASE WHEN $4 = 'paying' AND $8 OR $4 = 'checked' AND way <> 'file' THEN now()
                              WHEN $4 = 'held' THEN now() + $10 * interval '1 second' END
          , held_for = $9
          , attempts = CASE $4 WHEN 'paying' THEN 0 ELSE attempts END
        WHERE merchant_id = $1 AND statement_id = $2
        RETURNING merchant_id, statement_id, code, day, currency, sales, commission, refunds, commission_returned
                , adjustments, payout, state, issued_at, paid_at, failure, bank_reference, subsidy, subsidy_returned
                , way, check_by, held_for
        """,
        merchant_id,
        statement_id,
        str(before),
        str(to),
        by,
        failure,
        reference,
        asked,
        held_for,
        again_seconds,
    )
    assert moved is not None
    return moved


async def move_all(tx: Tx, merchant_ids: list[UUID], statement_ids: list[UUID], to: StatementState, *, by: str) -> None:
    """Move held statements together: into a bank file, out of it, or on their way with it. The connected bank is not asked
    of any but those that come back to it."""
    await tx.execute(
        """
        WITH moved AS (
            SELECT s.merchant_id, s.statement_id, s.state
            FROM statements s
            JOIN unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, statement_id) USING (merchant_id, statement_id)
        ), told AS (
            INSERT INTO statement_history (merchant_id, statement_id, step, from_state, to_state, by)
            SELECT m.merchant_id, m.statement_id, max(h.step) + 1, m.state, $3, $4
            FROM moved m JOIN statement_history h USING (merchant_id, statement_id)
            GROUP BY m.merchant_id, m.statement_id, m.state
        )
        UPDATE statements s
        SET state = $3, failure = NULL, attempts = 0, held_for = NULL
          , attempt_at = CASE WHEN $3 = 'checked' AND s.way <> 'file' THEN now() END
        FROM moved m
        WHERE (s.merchant_id, s.statement_id) = (m.merchant_id, m.statement_id)
        """,
        merchant_ids,
        statement_ids,
        str(to),
        by,
    )
