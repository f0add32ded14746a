"""A day is run: its statement is laid beside the books, what differs is listed, and what the statement alone knows (fees,
and what the channel has paid to our bank) is booked. Said again it finds what has changed since, and books nothing twice."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Row, Tx
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.money.reconciliation import matching
from steelyard.money.reconciliation.booking import move, reverse
from steelyard.money.reconciliation.model import (
    DayBooked,
    DayRun,
    DifferenceState,
    File,
    Kind,
    NoStatement,
    Source,
    swept_document,
)
from steelyard.money.reconciliation.queries import standing
from steelyard.money.reconciliation.taking import be_patient, source_called

# What was missing on the statement of another day and turned up on this one, which does not count any more.
_TURNED_UP_ON = """
SELECT d.item_id
FROM reconciliation_matches m
JOIN reconciliation_differences d ON (d.source, d.owner_id, d.transfer_id) = (m.source, m.owner_id, m.transfer_id)
JOIN reconciliation_days r ON (r.source, r.day) = (d.source, d.day)
WHERE m.source = $1 AND m.file_id = $2 AND d.kind = 'missing_there' AND d.state = 'closed' AND d.day <> $3::date
"""

_DECIDED = (DifferenceState.PROPOSED, DifferenceState.BOOKED, DifferenceState.ACCEPTED)


async def run(tx: Tx, source: str, day: date) -> DayRun:
    """Reconcile a day of a source. Raises `NoSuchSource`, and `NoStatement` while there is none of the day.

    What stands on one side only waits until the next day is run, for it may be a matter of time; then it is open. What is
    turned up by this day's lines closes, and what was booked for it meanwhile is reversed.
    """
    await be_patient(tx)
    known = await source_called(tx, source)
    file = await _file_of(tx, source, day)
    if file is None:
        raise NoStatement(source=source, day=day)
    await matching.match(tx, known, file)
    files = await _turned_up(tx, known, day)
    await matching.open_aged(tx, source, day)
    await _book(tx, known, file)
    await matching.hash_many(tx, file, on=True)
    await _count(tx, source, file, [file.file_id, *files])
    await matching.hash_many(tx, file, on=False)
    await close_days(tx, source)
    return await _told(tx, source, day)


async def _file_of(tx: Tx, source: str, day: date) -> File | None:
    """The day's statement; the source is held, so that two runs of it go one after the other. Statements of other days are
    taken in meanwhile."""
    await tx.fetch("SELECT FROM reconciliation_sources WHERE source = $1 FOR NO KEY UPDATE", source)
    return await standing(tx, source, day)


async def _turned_up(tx: Tx, source: Source, day: date) -> list[UUID]:
    """Close what has its other side now; what was booked for it is reversed first. A line whose movement says something
    else goes on as that difference. Returns the files whose sums have changed."""
    await matching.hold_missing(tx, source.source)
    rows = await matching.turned_up(tx, source, day)
    for row in rows:
        if row["booking"] is not None:
            await reverse(tx, row["booking"])
    changed = [_as_another(row) for row in rows]
    same = [row for row, other in zip(rows, changed, strict=True) if other is None]
    await move(tx, source.source, [row["item_id"] for row in same], DifferenceState.CLOSED, "system", ended_on=day)
    others = [(row, other) for row, other in zip(rows, changed, strict=True) if other is not None]
    waiting = [row["item_id"] for row, _ in others if row["state"] != DifferenceState.OPEN]
    await move(tx, source.source, waiting, DifferenceState.OPEN, "system")
    await _rename(tx, source.source, [(row["item_id"], other) for row, other in others])
    return sorted({row["file_id"] for row in rows})


class _Other(msgspec.Struct, frozen=True):
    kind: Kind
    theirs: int
    ours: int
    our_currency: str


def _as_another(row: Row) -> _Other | None:
    """What a line that has been missing here differs in, now that its movement is known."""
    if row["kind"] != Kind.MISSING_HERE:
        return None
    if row["currency"] != row["our_currency"]:
        return _Other(Kind.CURRENCY, row["theirs"], row["ours"], row["our_currency"])
    if row["theirs"] != row["ours"]:
        return _Other(Kind.AMOUNT, row["theirs"], row["ours"], row["our_currency"])
    if row["fee"] != row["agreed"]:
        return _Other(Kind.FEE, row["fee"], row["agreed"], row["our_currency"])
    return None


async def _rename(tx: Tx, source: str, others: Sequence[tuple[UUID, _Other]]) -> None:
    await tx.execute(
        """
        UPDATE reconciliation_differences d
        SET kind = o.kind, theirs = o.theirs, ours = o.ours, our_currency = o.our_currency
        FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::text[])
                 AS o (item_id, kind, theirs, ours, our_currency)
        WHERE d.source = $1 AND d.item_id = o.item_id
        """,
        source,
        [item_id for item_id, _ in others],
        [str(other.kind) for _, other in others],
        [other.theirs for _, other in others],
        [other.ours for _, other in others],
        [other.our_currency for _, other in others],
    )


async def _book(tx: Tx, source: Source, file: File) -> None:
    """Fees as a cost, a sum for each currency; and each payout of the channel out of its hands and into the bank. Lines
    that are there twice are booked once. What a chargeback costs is booked with the chargeback."""
    owner_id = await ledger.counterparty(tx, source.source)
    rows = await tx.fetch(
        """
        SELECT l.currency, l.kind, l.amount, l.fee, coalesce(l.reference, l.their_id) AS payout
        FROM (
            SELECT currency, 'fee' AS kind, 0 AS amount, sum(fee)::bigint AS fee, NULL AS reference, NULL AS their_id
            FROM reconciliation_lines s WHERE source = $1 AND file_id = $2 AND s.kind NOT LIKE 'dispute%'
              AND NOT EXISTS (SELECT FROM reconciliation_differences d
                              WHERE (d.source, d.file_id, d.line_no) = (s.source, s.file_id, s.line_no)
                                AND d.kind = 'duplicate')
            GROUP BY currency HAVING sum(fee) <> 0
            UNION ALL
            SELECT currency, kind, amount, 0, reference, their_id
            FROM reconciliation_lines s WHERE source = $1 AND file_id = $2 AND kind = 'payout'
              AND NOT EXISTS (SELECT FROM reconciliation_differences d
                              WHERE (d.source, d.file_id, d.line_no) = (s.source, s.file_id, s.line_no))
        ) AS l
        ORDER BY l.currency, payout
        """,
        source.source,
        file.file_id,
    )
    fees = [
        _transfer(owner_id, AccountKind.CHANNEL_FEES, source.cash, row["fee"], row["currency"], "channel_fees",
                  ids.derived(file.file_id, row["currency"]))
        for row in rows if row["kind"] == "fee"
    ]  # fmt: skip
    swept = [
        _transfer(owner_id, AccountKind.BANK_CASH, AccountKind.CHANNEL_CASH, -row["amount"], row["currency"], "swept",
                  swept_document(row["payout"]))
        for row in rows if row["kind"] == "payout"
    ]  # fmt: skip
    await ledger.post(tx, fees + swept)


def _transfer(
    owner_id: UUID, debit: AccountKind, credit: AccountKind, amount: int, currency: str, reason: str, document: UUID
) -> Transfer:
    """A transfer of what may be below zero, which goes the other way round."""
    if amount < 0:
        debit, credit, amount = credit, debit, -amount
    return Transfer(
        owner_id=owner_id,
        debit=debit,
        credit=credit,
        amount=amount,
        currency=currency,
        reason=reason,
        document=document,
    )


async def _count(tx: Tx, source: str, file: File, files: Sequence[UUID]) -> None:
    """What the lines of these files and the transfers that they are matched with come to."""
    await tx.execute(
        """
        INSERT INTO reconciliation_days (source, day, file_id, lines, matched)
        SELECT f.source, f.day, f.file_id, f.lines, (SELECT count(*) FROM reconciliation_matches m
                                                     WHERE (m.source, m.file_id) = (f.source, f.file_id))
        FROM reconciliation_files f
        WHERE f.source = $1 AND f.state = 'read' AND (f.file_id = $2 OR (f.file_id = ANY ($3::uuid[])
              AND EXISTS (SELECT FROM reconciliation_days d WHERE (d.source, d.day) = (f.source, f.day))))
        ON CONFLICT (source, day) DO UPDATE SET matched = excluded.matched, run_at = now(), file_id = excluded.file_id
        """,
        source,
        file.file_id,
        files,
    )
    await tx.execute(
        """
        INSERT INTO reconciliation_totals (source, day, currency, theirs, ours, fees, paid_on)
        SELECT d.source, d.day, s.currency, coalesce(sum(s.theirs), 0), sum(s.ours), sum(s.fees), coalesce(sum(s.paid_on), 0)
        FROM reconciliation_days d JOIN LATERAL (
            SELECT l.currency, sum(l.amount) FILTER (WHERE l.kind NOT IN ('fee', 'payout')) AS theirs, 0 AS ours
                 , sum(l.fee) AS fees, -sum(l.amount) FILTER (WHERE l.kind = 'payout') AS paid_on
            FROM reconciliation_lines l WHERE (l.source, l.file_id) = (d.source, d.file_id) GROUP BY l.currency
            UNION ALL
            SELECT t.currency, 0
                 , sum(CASE WHEN l.kind IN ('refund', 'paid_out', 'dispute', 'transfer') THEN -t.amount ELSE t.amount END), 0, 0
            FROM reconciliation_matches m JOIN reconciliation_lines l USING (source, file_id, line_no)
            JOIN ledger_transfers t USING (owner_id, transfer_id)
            WHERE (m.source, m.file_id) = (d.source, d.file_id) GROUP BY t.currency
        ) AS s (currency, theirs, ours, fees, paid_on) ON true
        WHERE d.source = $1 AND d.file_id = ANY ($2::uuid[])
        GROUP BY d.source, d.day, s.currency
        ON CONFLICT (source, day, currency)
        DO UPDATE SET theirs = excluded.theirs, ours = excluded.ours, fees = excluded.fees, paid_on = excluded.paid_on
        """,
        source,
        files,
    )


async def close_days(tx: Tx, source: str, day: date | None = None) -> None:
    """A day of which nothing waits for anybody is closed; one of which something does is open again. Without a day all are
    looked at. They are held first: of two people who explain the last two differences at once, the second sees both."""
    await tx.fetch(
        """
        SELECT FROM reconciliation_days WHERE source = $1 AND ($2::date IS NULL OR day = $2) ORDER BY day FOR UPDATE
        """,
        source,
        day,
    )
    await tx.execute(
        """
        UPDATE reconciliation_days d SET closed_at = CASE WHEN u.day IS NULL THEN now() END
        FROM reconciliation_days e LEFT JOIN (
            SELECT DISTINCT source, day FROM reconciliation_differences
            WHERE source = $1 AND state IN ('waiting', 'open', 'proposed')) u USING (source, day)
        WHERE e.source = $1 AND ($2::date IS NULL OR e.day = $2)
          AND (d.source, d.day) = (e.source, e.day) AND (d.closed_at IS NULL) <> (u.day IS NOT NULL)
        """,
        source,
        day,
    )


async def _told(tx: Tx, source: str, day: date) -> DayRun:
    rows = await tx.fetch(
        """
        SELECT kind, count(*) AS many, count(*) FILTER (WHERE state IN ('waiting', 'open', 'proposed')) AS unfinished
        FROM reconciliation_differences WHERE source = $1 AND day = $2 GROUP BY kind ORDER BY kind
        """,
        source,
        day,
    )
    done = await tx.row(
        "SELECT lines, matched, closed_at FROM reconciliation_days WHERE source = $1 AND day = $2", source, day
    )
    assert done is not None
    return DayRun(
        source=source,
        day=day,
        lines=done["lines"],
        matched=done["matched"],
        found=Counter({row["kind"]: row["many"] for row in rows}),
        unfinished=sum(row["unfinished"] for row in rows),
        closed=done["closed_at"] is not None,
    )


async def withdraw(tx: Tx, source: str, day: date, by: str) -> File:
    """A statement that should not have been read does not count any more; another one of the day may be.

    Its matches go, its differences close, what turned up on it is missing again, its fees are posted back. What it says the
    channel has paid to our bank stays: the same payout on the next statement is the same. Raises `NoStatement`, and
    `DayBooked` when differences of it are booked or accepted.
    """
    known = await source_called(tx, source)
    file = await _file_of(tx, source, day)
    if file is None:
        raise NoStatement(source=source, day=day)
    held = await tx.fetch(
        """
        SELECT item_id, state FROM reconciliation_differences
        WHERE source = $1 AND (day = $3 OR file_id = $2) ORDER BY item_id FOR UPDATE
        """,
        source,
        file.file_id,
        day,
    )
    if any(row["state"] in _DECIDED for row in held):
        raise DayBooked()
    unfinished = [row["item_id"] for row in held if row["state"] != DifferenceState.CLOSED]
    await move(tx, source, unfinished, DifferenceState.CLOSED, by, ended_on=day)
    again = await tx.fetch(_TURNED_UP_ON, source, file.file_id, day)
    await move(tx, source, [row["item_id"] for row in again], DifferenceState.WAITING, by)
    await tx.execute("DELETE FROM reconciliation_matches WHERE source = $1 AND file_id = $2", source, file.file_id)
    await tx.execute("DELETE FROM reconciliation_totals WHERE source = $1 AND day = $2", source, day)
    await tx.execute("DELETE FROM reconciliation_days WHERE source = $1 AND day = $2", source, day)
    currencies = await tx.fetch(
        "SELECT DISTINCT currency FROM reconciliation_lines WHERE source = $1 AND file_id = $2", source, file.file_id
    )
    for row in currencies:
        await reverse(tx, ids.derived(file.file_id, row["currency"]))
    await tx.execute(
        "UPDATE reconciliation_files SET state = 'withdrawn' WHERE source = $1 AND file_id = $2", source, file.file_id
    )
    await close_days(tx, known.source)
    return msgspec.structs.replace(file, state="withdrawn")
