"""What a day comes to, and what its statement alone knows (fees, and what the channel has paid to our bank): summed up while
nothing of ours is held, then written down, if nothing has been matched meanwhile."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.money.reconciliation.matching import Pair
from steelyard.money.reconciliation.model import DayRun, File, Source, swept_document


class Sum(msgspec.Struct, frozen=True):
    """In one currency, in minor units: what the lines come to, what the transfers that they are matched with do, what was kept
    of them, what of that is to be booked (lines that are there twice once, chargebacks not), and what was paid to our bank."""

    currency: str
    theirs: int
    ours: int
    fees: int
    costs: int
    paid_on: int


class Sums(msgspec.Struct, frozen=True):
    """Of a file, when so many of its lines were `matched`."""

    matched: int
    of: Sequence[Sum]


async def summed(read: Read, source: Source, file: File) -> Sums:
    """What the file's lines, and the transfers that they are matched with, come to."""
    found = await read.all(
        Sum,
        """
        SELECT s.currency, coalesce(sum(s.theirs), 0)::bigint AS theirs, sum(s.ours)::bigint AS ours, sum(s.fees)::bigint AS fees
             , coalesce(sum(s.costs), 0)::bigint AS costs, coalesce(sum(s.paid_on), 0)::bigint AS paid_on
        FROM (
            SELECT l.currency, sum(l.amount) FILTER (WHERE l.kind NOT IN ('fee', 'payout')) AS theirs, 0 AS ours
                 , sum(l.fee) AS fees
                 , sum(l.fee) FILTER (WHERE l.kind NOT LIKE 'dispute%' AND NOT EXISTS (
                       SELECT FROM reconciliation_differences d
                       WHERE (d.source, d.file_id, d.line_no) = (l.source, l.file_id, l.line_no)
                         AND d.kind = 'duplicate')) AS costs
                 , -sum(l.amount) FILTER (WHERE l.kind = 'payout') AS paid_on
            FROM reconciliation_lines l WHERE l.source = $1 AND l.file_id = $2 GROUP BY l.currency
            UNION ALL
            SELECT t.currency, 0
                 , sum(CASE WHEN l.kind IN ('refund', 'paid_out', 'dispute', 'transfer') THEN -t.amount ELSE t.amount END)
                 , 0, 0, 0
            FROM reconciliation_matches m JOIN reconciliation_lines l USING (source, file_id, line_no)
            JOIN ledger_transfers t USING (owner_id, transfer_id)
            WHERE m.source = $1 AND m.file_id = $2 GROUP BY t.currency
        ) AS s (currency, theirs, ours, fees, costs, paid_on)
        GROUP BY s.currency ORDER BY s.currency
        """,
        source.source,
        file.file_id,
    )
    return Sums(await _matched(read, source, file), found)


async def _matched(read: Read, source: Source, file: File) -> int:
    return await read.value(
        "SELECT count(*) FROM reconciliation_matches WHERE source = $1 AND file_id = $2", source.source, file.file_id
    )


async def add(tx: Tx, source: Source, pairs: Sequence[Pair]) -> None:
    """Days that have been counted before are matched with more now."""
    files = [each.file_id for each in pairs]
    await tx.execute(
        """
        UPDATE reconciliation_days d SET matched = d.matched + w.many, run_at = now()
        FROM (SELECT file_id, count(*) AS many FROM unnest($2::uuid[]) AS f (file_id) GROUP BY file_id) AS w
        WHERE d.source = $1 AND d.file_id = w.file_id
        """,
        source.source,
        files,
    )
    await tx.execute(
        """
        INSERT INTO reconciliation_totals AS o (source, day, currency, theirs, ours, fees, paid_on)
        SELECT $1, d.day, t.currency, 0
             , sum(CASE WHEN l.kind IN ('refund', 'paid_out', 'dispute', 'transfer') THEN -t.amount ELSE t.amount END), 0, 0
        FROM unnest($2::uuid[], $3::integer[], $4::uuid[], $5::uuid[]) AS w (file_id, line_no, owner_id, transfer_id)
        JOIN reconciliation_days d ON (d.source, d.file_id) = ($1, w.file_id)
        CROSS JOIN LATERAL (SELECT kind FROM reconciliation_lines
                            WHERE (source, file_id, line_no) = ($1, w.file_id, w.line_no) OFFSET 0) AS l
        CROSS JOIN LATERAL (SELECT currency, amount FROM ledger_transfers
                            WHERE (owner_id, transfer_id) = (w.owner_id, w.transfer_id) OFFSET 0) AS t
        GROUP BY d.day, t.currency
        ON CONFLICT (source, day, currency) DO UPDATE SET ours = o.ours + excluded.ours
        """,
        source.source,
        files,
        [each.line_no for each in pairs],
        [each.owner_id for each in pairs],
        [each.transfer_id for each in pairs],
    )


async def written_down(tx: Tx, source: Source, file: File, sums: Sums) -> bool:
    """The day is counted, and its fees are booked; False when more has been matched since these sums were made. The source is
    held by the caller."""
    if await _matched(tx, source, file) != sums.matched:
        return False
    await tx.execute(
        """
        INSERT INTO reconciliation_days (source, day, file_id, lines, matched) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (source, day) DO UPDATE SET matched = excluded.matched, run_at = now(), file_id = excluded.file_id
        """,
        source.source,
        file.day,
        file.file_id,
        file.lines,
        sums.matched,
    )
    await tx.execute(
        """
        INSERT INTO reconciliation_totals (source, day, currency, theirs, ours, fees, paid_on)
        SELECT $1, $2, * FROM unnest($3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
        ON CONFLICT (source, day, currency)
        DO UPDATE SET theirs = excluded.theirs, ours = excluded.ours, fees = excluded.fees, paid_on = excluded.paid_on
        """,
        source.source,
        file.day,
        [each.currency for each in sums.of],
        [each.theirs for each in sums.of],
        [each.ours for each in sums.of],
        [each.fees for each in sums.of],
        [each.paid_on for each in sums.of],
    )
    owner_id = await ledger.counterparty(tx, source.source)
    costs = [
        _transfer(owner_id, AccountKind.CHANNEL_FEES, source.cash, each.costs, each.currency, "channel_fees",
                  ids.derived(file.file_id, each.currency))
        for each in sums.of if each.costs
    ]  # fmt: skip
    await ledger.post(tx, costs)
    return True


async def book_payouts(tx: Tx, source: Source, file: File, after: int, until: int) -> None:
    """What the channel has paid on, out of its hands and into the bank, by the lines after one and up to another. Those that are
    there twice are booked once."""
    owner_id = await ledger.counterparty(tx, source.source)
    rows = await tx.fetch(
        """
        SELECT currency, amount, coalesce(reference, their_id) AS payout
        FROM reconciliation_lines s
        WHERE source = $1 AND file_id = $2 AND line_no > $3 AND line_no <= $4 AND kind = 'payout'
          AND NOT EXISTS (SELECT FROM reconciliation_differences d
                          WHERE (d.source, d.file_id, d.line_no) = (s.source, s.file_id, s.line_no))
        ORDER BY currency, payout
        """,
        source.source,
        file.file_id,
        after,
        until,
    )
    swept = [
        _transfer(owner_id, AccountKind.BANK_CASH, AccountKind.CHANNEL_CASH, -row["amount"], row["currency"], "swept",
                  swept_document(row["payout"]))
        for row in rows
    ]  # fmt: skip
    await ledger.post(tx, swept)


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


async def told(read: Read, source: str, day: date) -> DayRun:
    rows = await read.fetch(
        """
        SELECT kind, count(*) AS many, count(*) FILTER (WHERE state IN ('waiting', 'open', 'proposed')) AS unfinished
        FROM reconciliation_differences WHERE source = $1 AND day = $2 GROUP BY kind ORDER BY kind
        """,
        source,
        day,
    )
    done = await read.row(
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
