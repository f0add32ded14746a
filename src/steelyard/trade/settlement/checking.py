"""What merchants say of their statements: they agree, or say what is wrong; who says nothing in time has agreed.

Where the terms say so, the payout waits for that word, and no longer than for the agreed days. An objection does not stop it:
what is wrong is put right by a correction (`disputing`), and the rest is not put off.
"""

from datetime import datetime
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.trade.settlement.model import Check, Objected, StatementState
from steelyard.trade.settlement.moving import move, move_all

CHECK_CHARACTERS_MAX = 500
CHECKS_MAX = 20
STATEMENTS_PER_ROUND_MAX = 200
# Where a first page begins: after every statement of the same instant.
_LAST = UUID(int=2**128 - 1)


async def silently_checked(tx: Tx, now: datetime, limit: int = STATEMENTS_PER_ROUND_MAX) -> int:
    """Take statements as checked whose time for it is over; returns how many."""
    rows = await tx.fetch(
        """
        SELECT merchant_id, statement_id FROM statements
        WHERE state = 'issued' AND check_by <= $1
        ORDER BY check_by LIMIT $2 FOR UPDATE SKIP LOCKED
        """,
        now,
        limit,
    )
    await move_all(
        tx,
        [row["merchant_id"] for row in rows],
        [row["statement_id"] for row in rows],
        StatementState.CHECKED,
        by="system",
    )
    return len(rows)


async def check_statement(tx: Tx, merchant_id: UUID, statement_id: UUID, *, agreed: bool, words: str, by: str) -> None:
    """The merchant agrees with a statement, or says what is wrong with it; what waited for its word is paid then, and an
    objection lets it wait until its time is over. Raises `NotFound`, `Invalid`."""
    words = words.strip()
    if not agreed and not words:
        raise Invalid({"words": N_("Please say what is wrong")})
    if len(words) > CHECK_CHARACTERS_MAX:
        raise Invalid({"words": N_("Please be brief: 500 characters at most")})
    held = await tx.row(
        "SELECT state, check_by FROM statements WHERE merchant_id = $1 AND statement_id = $2 FOR UPDATE",
        merchant_id,
        statement_id,
    )
    if held is None:
        raise NotFound()
    said = await checks_of(tx, merchant_id, statement_id)
    if said and said[-1].agreed == agreed and said[-1].words == words:
        return
    if len(said) >= CHECKS_MAX:
        raise Invalid({"words": N_("Enough has been said of this statement. Please write to the marketplace.")})
    await tx.execute(
        """
        INSERT INTO statement_checks (merchant_id, statement_id, check_no, agreed, words, by)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        merchant_id,
        statement_id,
        len(said) + 1,
        agreed,
        words,
        by,
    )
    if agreed and held["state"] == StatementState.ISSUED and held["check_by"] is not None:
        await move(tx, merchant_id, statement_id, StatementState.ISSUED, StatementState.CHECKED, by=by)


async def checks_of(read: Read, merchant_id: UUID, statement_id: UUID) -> list[Check]:
    """What the merchant said of a statement, the first first."""
    return await read.all(
        Check,
        """
        SELECT agreed, words, by, at FROM statement_checks WHERE merchant_id = $1 AND statement_id = $2 ORDER BY check_no
        """,
        merchant_id,
        statement_id,
    )


async def objected(read: Read, *, cursor: str | None = None, limit: int | None = None) -> Page[Objected]:
    """Everybody's statements that the merchant objects to, the one objected to last first: for the operator. What was
    agreed to afterwards is no objection any more."""
    size = paging.limit(limit)
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    found = await read.all(
        Objected,
        """
        SELECT c.at AS objected_at, c.words AS objection, s.merchant_id, s.statement_id, s.code, s.day, s.currency, s.sales
             , s.commission, s.refunds, s.commission_returned, s.adjustments, s.payout, s.state, s.issued_at, s.paid_at, s.failure
             , s.bank_reference, s.subsidy, s.subsidy_returned, s.way, s.check_by
        FROM statement_checks c JOIN statements s USING (merchant_id, statement_id)
        WHERE NOT c.agreed AND (c.at, c.statement_id) < (coalesce($1::timestamptz, 'infinity'), coalesce($2::uuid, $4))
          AND NOT EXISTS (SELECT FROM statement_checks l
                          WHERE (l.merchant_id, l.statement_id) = (c.merchant_id, c.statement_id)
                            AND l.check_no > c.check_no)
        ORDER BY c.at DESC, c.statement_id DESC LIMIT $3
        """,
        *key,
        size + 1,
        _LAST,
    )
    return paging.cut(found, size, lambda last: (last.objected_at, last.statement_id))


async def unchecked(read: Read, merchant_id: UUID, most: int) -> int:
    """How many of the latest statements nobody has looked at, counted up to `most`."""
    return await read.value(
        """
        SELECT count(*) FROM (
            SELECT FROM statements s
            WHERE s.merchant_id = $1 AND s.issued_at > now() - interval '30 days'
              AND NOT EXISTS (SELECT FROM statement_checks c
                              WHERE c.merchant_id = s.merchant_id AND c.statement_id = s.statement_id)
            LIMIT $2) AS latest
        """,
        merchant_id,
        most,
    )
