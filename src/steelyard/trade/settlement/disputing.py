"""A line of a statement that its merchant disputes, and what the operator answers.

The line is paid as it stands, whoever is right: what is not in dispute does not wait for it. What was wrong is put right by an
entry of its own on the next statement, booked against what was wrong; the line itself is never changed.
"""

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from steelyard.kernel import paging
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.settlement.earnings import enter
from steelyard.trade.settlement.model import EntryKind, NewEntry, StatementId

WORDS_CHARACTERS_MAX = 500
DISPUTES_PER_LINE_MAX = 3
DISPUTES_OF_A_STATEMENT_MAX = 200
_FIRST = UUID(int=0)
# What a correction is booked against: what the line was about; of anything else the platform makes good.
_AGAINST = {
    EntryKind.COMMISSION: AccountKind.COMMISSION,
    EntryKind.COMMISSION_RETURNED: AccountKind.COMMISSION,
    EntryKind.SUBSIDY: AccountKind.SUBSIDY,
    EntryKind.SUBSIDY_RETURNED: AccountKind.SUBSIDY,
}


class Dispute(msgspec.Struct, frozen=True, kw_only=True):
    """A disputed line: `amount` in minor units of `currency` as the statement has it. `correction` is none while nobody has
    answered, 0 when it was declined."""

    merchant_id: MerchantId
    dispute_id: UUID
    statement_id: StatementId
    statement: str
    entry_id: UUID
    kind: EntryKind
    amount: int
    currency: str
    words: str
    opened_by: str
    opened_at: datetime
    correction: int | None
    answer: str
    answered_by: str | None
    answered_at: datetime | None

    @property
    def open(self) -> bool:
        return self.answered_at is None


class _Line(msgspec.Struct, frozen=True):
    statement_id: UUID | None
    kind: EntryKind
    amount: int
    currency: str
    order_id: UUID | None


async def dispute(tx: Tx, merchant_id: UUID, dispute_id: UUID, entry_id: UUID, words: str, by: str) -> None:
    """The merchant says what is wrong with a line of a statement. Said twice it is one dispute.

    Raises `NotFound` (no such line, or on no statement), `Invalid` (no words, one is open, or it was answered often enough).
    """
    words = words.strip()
    if not 0 < len(words) <= WORDS_CHARACTERS_MAX:
        raise Invalid({"words": N_("Please say what is wrong, in 500 characters at most")})
    line = await _line(tx, merchant_id, entry_id)
    said = await tx.fetch(
        "SELECT dispute_id, answered_at FROM statement_disputes WHERE merchant_id = $1 AND entry_id = $2",
        merchant_id,
        entry_id,
    )
    if any(row["dispute_id"] == dispute_id for row in said):
        return
    if any(row["answered_at"] is None for row in said):
        raise Invalid({"words": N_("This line is disputed already; the marketplace will answer.")})
    if len(said) >= DISPUTES_PER_LINE_MAX:
        raise Invalid({"words": N_("This line was answered three times. Please write to the marketplace.")})
    await tx.execute(
        """
        INSERT INTO statement_disputes (merchant_id, dispute_id, statement_id, entry_id, words, opened_by)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        merchant_id,
        dispute_id,
        line.statement_id,
        entry_id,
        words,
        by,
    )


async def _line(tx: Tx, merchant_id: UUID, entry_id: UUID) -> _Line:
    """A line of a statement, held. Raises `NotFound`."""
    line = await tx.one(
        _Line,
        """
        SELECT statement_id, kind, amount, currency, order_id FROM settlement_entries
        WHERE merchant_id = $1 AND entry_id = $2 AND statement_id IS NOT NULL FOR UPDATE
        """,
        merchant_id,
        entry_id,
    )
    if line is None:
        raise NotFound(entry_id=entry_id)
    return line


async def answer_dispute(tx: Tx, merchant_id: UUID, dispute_id: UUID, correction: int, answer: str, by: str) -> None:
    """The operator puts a line right by `correction` (more for the shop, or less below zero), or declines it (0).

    Said again with the same answer nothing more is booked. Raises `NotFound`, `Invalid` (no words, or with what
    was corrected before more than the line's own amount), `TransitionRefused` (it was answered otherwise).
    """
    answer = answer.strip()
    if not 0 < len(answer) <= WORDS_CHARACTERS_MAX:
        raise Invalid({"answer": N_("Please give a reason, in 500 characters at most")})
    found = await tx.row(
        "SELECT entry_id, correction FROM statement_disputes WHERE merchant_id = $1 AND dispute_id = $2 FOR UPDATE",
        merchant_id,
        dispute_id,
    )
    if found is None:
        raise NotFound(dispute_id=dispute_id)
    if found["correction"] is not None:
        if found["correction"] == correction:
            return
        raise TransitionRefused(machine="dispute", state="answered", wanted="answered")
    line = await _line(tx, merchant_id, found["entry_id"])
    before: int = await tx.value(
        "SELECT coalesce(sum(correction), 0)::bigint FROM statement_disputes WHERE merchant_id = $1 AND entry_id = $2",
        merchant_id,
        found["entry_id"],
    )
    if abs(before + correction) > abs(line.amount):
        raise Invalid({"correction": N_("A line is not corrected by more than its own amount.")})
    await tx.execute(
        """
        UPDATE statement_disputes SET correction = $3, answer = $4, answered_by = $5, answered_at = now()
        WHERE merchant_id = $1 AND dispute_id = $2
        """,
        merchant_id,
        dispute_id,
        correction,
        answer,
        by,
    )
    if correction:
        await _correct(tx, merchant_id, dispute_id, line, correction)


async def _correct(tx: Tx, merchant_id: UUID, dispute_id: UUID, line: _Line, correction: int) -> None:
    against = _AGAINST.get(line.kind, AccountKind.GOODWILL)
    more = correction > 0
    await ledger.post(
        tx,
        [
            Transfer(
                owner_id=merchant_id,
                debit=against if more else AccountKind.PAYABLE,
                credit=AccountKind.PAYABLE if more else against,
                amount=abs(correction),
                currency=line.currency,
                reason="correction",
                document=dispute_id,
            )
        ],
    )
    entry = NewEntry(
        merchant_id=MerchantId(merchant_id),
        order_id=line.order_id,
        document=dispute_id,
        kind=EntryKind.CORRECTION if more else EntryKind.CORRECTION_TAKEN,
        amount=correction,
        currency=line.currency,
        earned_at=datetime.now(UTC),
    )
    await enter(tx, [entry], waits=False)


async def disputes_of(read: Read, merchant_id: UUID, statement_id: UUID) -> list[Dispute]:
    """The disputed lines of a statement, the first first."""
    return await read.all(
        Dispute,
        """
        SELECT d.merchant_id, d.dispute_id, d.statement_id, s.code AS statement, d.entry_id, e.kind, e.amount, e.currency, d.words
             , d.opened_by, d.opened_at, d.correction, d.answer, d.answered_by, d.answered_at
        FROM statement_disputes d JOIN settlement_entries e USING (merchant_id, entry_id)
        JOIN statements s ON (s.merchant_id, s.statement_id) = (d.merchant_id, d.statement_id)
        WHERE d.merchant_id = $1 AND d.statement_id = $2 ORDER BY d.opened_at, d.dispute_id LIMIT $3
        """,
        merchant_id,
        statement_id,
        DISPUTES_OF_A_STATEMENT_MAX,
    )


async def open_disputes(read: Read, cursor: str | None = None, limit: int | None = None) -> Page[Dispute]:
    """Everybody's lines that wait for an answer, the oldest first."""
    at, last = paging.read_cursor(cursor, datetime, UUID) or (None, _FIRST)
    most = paging.limit(limit)
    found = await read.all(
        Dispute,
        """
        SELECT d.merchant_id, d.dispute_id, d.statement_id, s.code AS statement, d.entry_id, e.kind, e.amount, e.currency, d.words
             , d.opened_by, d.opened_at, d.correction, d.answer, d.answered_by, d.answered_at
        FROM statement_disputes d JOIN settlement_entries e USING (merchant_id, entry_id)
        JOIN statements s ON (s.merchant_id, s.statement_id) = (d.merchant_id, d.statement_id)
        WHERE d.answered_at IS NULL AND (d.opened_at, d.dispute_id) > (coalesce($1::timestamptz, '-infinity'), $2)
        ORDER BY d.opened_at, d.dispute_id LIMIT $3
        """,
        at,
        last,
        most + 1,
    )
    return paging.cut(found, most, lambda each: (each.opened_at, each.dispute_id))
