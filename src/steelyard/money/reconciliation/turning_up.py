"""What was missing on one side has turned up on the other, or has waited long enough."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Row, Tx
from steelyard.money.reconciliation.booking import move, reverse
from steelyard.money.reconciliation.matching import Pair
from steelyard.money.reconciliation.model import DifferenceState, Kind, Source

# Who decides on a difference meanwhile is waited for: what they book is then seen, and reversed. $2 to $5: pairs.
_HOLD_MISSING = """
WITH found AS (
    SELECT d.item_id
    FROM unnest($2::uuid[], $3::integer[], $4::uuid[], $5::uuid[]) AS m (file_id, line_no, owner_id, transfer_id)
    CROSS JOIN LATERAL (SELECT * FROM reconciliation_differences
                        WHERE (source, owner_id, transfer_id) = ($1, m.owner_id, m.transfer_id)
                          AND kind = 'missing_there' AND state <> 'closed' OFFSET 0) AS d
    UNION ALL
    SELECT d.item_id
    FROM unnest($2::uuid[], $3::integer[], $4::uuid[], $5::uuid[]) AS m (file_id, line_no, owner_id, transfer_id)
    CROSS JOIN LATERAL (SELECT * FROM reconciliation_differences
                        WHERE (source, file_id, line_no) = ($1, m.file_id, m.line_no)
                          AND kind = 'missing_here' AND state <> 'closed' OFFSET 0) AS d
)
SELECT FROM reconciliation_differences
WHERE source = $1 AND item_id = ANY (ARRAY(SELECT item_id FROM found)) ORDER BY item_id FOR UPDATE
"""

# What was missing on one side has turned up: how it stands now, and what was booked for it meanwhile. $6: the day.
_TURNED_UP = """
WITH found AS (
    SELECT d.item_id, d.state, d.booking, d.kind, m.file_id, m.line_no, m.owner_id, m.transfer_id
    FROM unnest($2::uuid[], $3::integer[], $4::uuid[], $5::uuid[]) AS m (file_id, line_no, owner_id, transfer_id)
    CROSS JOIN LATERAL (SELECT * FROM reconciliation_differences
                        WHERE (source, owner_id, transfer_id) = ($1, m.owner_id, m.transfer_id)
                          AND kind = 'missing_there' AND state <> 'closed' OFFSET 0) AS d
    UNION ALL
    SELECT d.item_id, d.state, d.booking, d.kind, m.file_id, m.line_no, m.owner_id, m.transfer_id
    FROM unnest($2::uuid[], $3::integer[], $4::uuid[], $5::uuid[]) AS m (file_id, line_no, owner_id, transfer_id)
    CROSS JOIN LATERAL (SELECT * FROM reconciliation_differences
                        WHERE (source, file_id, line_no) = ($1, m.file_id, m.line_no)
                          AND kind = 'missing_here' AND state <> 'closed' OFFSET 0) AS d
)
SELECT f.item_id, f.state, f.booking, f.kind, f.file_id, l.currency, l.amount AS theirs, l.fee, t.currency AS our_currency
     , CASE WHEN l.kind IN ('refund', 'paid_out', 'dispute', 'transfer') THEN -t.amount ELSE t.amount END AS ours
     , CASE WHEN l.kind LIKE 'dispute%' OR g.millionths IS NULL THEN l.fee
            WHEN l.kind = 'capture'
                THEN (t.amount * g.millionths + 500000) / 1000000 + g.fixed
                   + (t.amount * coalesce(p.seller_millionths, 0) + 500000) / 1000000
            ELSE 0 END AS agreed
FROM found f
JOIN reconciliation_lines l ON (l.source, l.file_id, l.line_no) = ($1, f.file_id, f.line_no)
JOIN ledger_transfers t ON (t.owner_id, t.transfer_id) = (f.owner_id, f.transfer_id)
LEFT JOIN LATERAL (SELECT f.millionths, f.fixed FROM channel_fees f
                   WHERE f.channel = $1 AND f.currency = t.currency AND f.valid_from <= $6::date
                   ORDER BY f.valid_from DESC LIMIT 1) AS g ON true
LEFT JOIN payments p ON (p.buyer_id, p.payment_id) = (t.owner_id, t.document) AND p.seller_millionths > 0
ORDER BY f.item_id
"""

# What has waited for a day is looked at. $2: the day that was run; $3: so many.
_AGED = """
WITH aged AS (
    UPDATE reconciliation_differences SET state = 'open'
    WHERE source = $1 AND item_id IN (SELECT item_id FROM reconciliation_differences
                                      WHERE source = $1 AND state = 'waiting' AND day < $2::date
                                      ORDER BY day, item_id LIMIT $3 FOR UPDATE)
    RETURNING source, item_id
)
INSERT INTO reconciliation_difference_history (source, item_id, step, from_state, to_state, by)
SELECT a.source, a.item_id, max(h.step) + 1, 'waiting', 'open', 'system'
FROM aged a JOIN reconciliation_difference_history h USING (source, item_id)
GROUP BY a.source, a.item_id
"""


async def turn_up(tx: Tx, source: Source, day: date, pairs: Sequence[Pair]) -> int:
    """Close what has its other side now; what was booked for it is reversed first. A line whose movement says something
    else goes on as that difference. Returns how many."""
    if not pairs:
        return 0
    if not await tx.fetch(_HOLD_MISSING, source.source, *_columns(pairs)):
        return 0
    rows = await found_of(tx, source, day, pairs)
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
    return len(rows)


async def found_of(read: Read, source: Source, day: date, pairs: Sequence[Pair]) -> list[Row]:
    """What was missing on one side, of which these pairs are."""
    return await read.fetch(_TURNED_UP, source.source, *_columns(pairs), day)


def _columns(pairs: Sequence[Pair]) -> tuple[list[UUID], list[int], list[UUID], list[UUID]]:
    return (
        [each.file_id for each in pairs],
        [each.line_no for each in pairs],
        [each.owner_id for each in pairs],
        [each.transfer_id for each in pairs],
    )


async def open_aged(tx: Tx, source: Source, day: date, limit: int) -> int:
    """What was found before this day and still waits is no matter of time any more; so many of it. Returns how many."""
    return await tx.execute(_AGED, source.source, day, limit)


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
