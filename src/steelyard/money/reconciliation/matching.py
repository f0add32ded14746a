"""A statement's lines are laid beside the books, so many at once; each call is for the lines that it is given.

$1 is always the source. Lines match by our id, then by the sender's, then by amount and day (`movements`).

Each line is looked up by its key (`OFFSET 0` and `LIMIT 1` say so): nobody has counted yet what the steps before have
written, and a planner who takes a table for empty goes through all of it for each line.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.money.reconciliation.model import CLOCKS_APART_MINUTES, TIMING_DAYS, File, Source

WINDOW = timedelta(days=1)
LINES_HASHED_MIN = 2_000


class Place(msgspec.Struct, frozen=True):
    """Where a line stands."""

    file_id: UUID
    line_no: int


class Pair(msgspec.Struct, frozen=True):
    """A line and the transfer of the books that it is about."""

    file_id: UUID
    line_no: int
    owner_id: UUID
    transfer_id: UUID


# A second line of the same movement (of a payout, also under the name by which the bank knows it), in this file or in one that
# came before; one that is itself a second has nothing after it. $3: when this one came; $4: its day; $5 and $6: after which line,
# and up to which.
_DUPLICATES = """
WITH again AS (
    SELECT n.* FROM reconciliation_lines n
    WHERE n.source = $1 AND n.file_id = $2 AND n.line_no > $5 AND n.line_no <= $6
      AND (EXISTS (
        SELECT FROM reconciliation_lines e
        WHERE e.source = $1 AND e.their_id = n.their_id AND e.kind = n.kind AND e.file_id = $2 AND e.line_no < n.line_no)
       OR EXISTS (
        SELECT FROM reconciliation_lines e JOIN reconciliation_files f ON (f.source, f.file_id) = (e.source, e.file_id)
        WHERE e.source = $1 AND e.their_id = n.their_id AND e.kind = n.kind AND e.file_id <> $2 AND f.state = 'read'
          AND (f.received_at, f.file_id) < ($3::timestamptz, $2)
          AND NOT EXISTS (SELECT FROM reconciliation_differences d
                          WHERE (d.source, d.file_id, d.line_no) = (e.source, e.file_id, e.line_no)
                            AND d.kind = 'duplicate'))
       OR n.kind = 'payout' AND EXISTS (
        SELECT FROM reconciliation_lines e
        WHERE e.source = $1 AND e.kind = 'payout' AND coalesce(e.reference, e.their_id) = coalesce(n.reference, n.their_id)
          AND e.file_id = $2 AND e.line_no < n.line_no)
       OR n.kind = 'payout' AND EXISTS (
        SELECT FROM reconciliation_lines e JOIN reconciliation_files f ON (f.source, f.file_id) = (e.source, e.file_id)
        WHERE e.source = $1 AND e.kind = 'payout' AND coalesce(e.reference, e.their_id) = coalesce(n.reference, n.their_id)
          AND e.file_id <> $2 AND f.state = 'read' AND (f.received_at, f.file_id) < ($3::timestamptz, $2)
          AND NOT EXISTS (SELECT FROM reconciliation_differences d
                          WHERE (d.source, d.file_id, d.line_no) = (e.source, e.file_id, e.line_no)
                            AND d.kind = 'duplicate')))
), fresh AS (
    INSERT INTO reconciliation_differences (source, item_id, day, kind, state, file_id, line_no, document, currency
                                          , theirs, our_currency, ours)
    SELECT source, md5(file_id::text || ':' || line_no)::uuid, $4::date, 'duplicate', 'open', file_id, line_no, document
         , currency, CASE kind WHEN 'fee' THEN -fee ELSE amount END, currency, 0
    FROM again
    ON CONFLICT DO NOTHING
    RETURNING source, item_id, state
)
INSERT INTO reconciliation_difference_history (source, item_id, step, from_state, to_state, by)
SELECT source, item_id, 1, 'nowhere', state, 'system' FROM fresh
"""

# Lines that have no pair yet: of the file's, those of which nothing is listed but that they are missing here.
_UNMATCHED = """
SELECT l.file_id, l.line_no FROM reconciliation_lines l
WHERE l.source = $1 AND l.file_id = $2 AND l.line_no > $3 AND l.line_no <= $4 AND l.kind NOT IN ('fee', 'payout')
  AND (SELECT true FROM reconciliation_matches m
       WHERE (m.source, m.file_id, m.line_no) = (l.source, l.file_id, l.line_no) LIMIT 1) IS NULL
  AND (SELECT true FROM reconciliation_differences d
       WHERE (d.source, d.file_id, d.line_no) = (l.source, l.file_id, l.line_no)
         AND NOT (d.kind = 'missing_here' AND d.state <> 'closed') LIMIT 1) IS NULL
ORDER BY l.line_no
"""

# Those of other days that nothing here was found for, those first that came first. $2: not of this file; $3 and $4: after which.
_LEFT_OVER = """
SELECT d.file_id, d.line_no FROM reconciliation_differences d
WHERE d.source = $1 AND d.kind = 'missing_here' AND d.state <> 'closed' AND d.file_id <> $2
  AND (d.file_id, d.line_no) > ($3::uuid, $4::integer)
ORDER BY d.file_id, d.line_no LIMIT $5
"""

# Our own id is on the line, and the payment or refund went through this source. $3: the account that the source keeps. Of
# several lines of a movement the first has it, of the statement that came first.
_BY_OUR_ID = """
INSERT INTO reconciliation_matches (source, file_id, line_no, owner_id, transfer_id, way)
SELECT DISTINCT ON (t.owner_id, t.transfer_id) $1, l.file_id, l.line_no, t.owner_id, t.transfer_id, 'our_id'
FROM unnest($2::uuid[], $4::integer[]) AS w (file_id, line_no)
CROSS JOIN LATERAL (SELECT * FROM reconciliation_lines
                    WHERE (source, file_id, line_no) = ($1, w.file_id, w.line_no) AND kind <> 'other' OFFSET 0) AS l
CROSS JOIN LATERAL (
    SELECT * FROM ledger_transfers
    WHERE document = l.document AND $3::text IN (debit, credit)
      AND reason = CASE l.kind WHEN 'capture' THEN 'captured' WHEN 'refund' THEN 'refunded'
                               WHEN 'dispute' THEN 'charged_back' WHEN 'dispute_won' THEN 'reinstated'
                               WHEN 'paid_out' THEN 'paid_out' WHEN 'transfer' THEN 'transferred'
                               WHEN 'transfer_reversal' THEN 'transfer_reversed' WHEN 'remitted' THEN 'remitted' ELSE 'swept' END
    OFFSET 0) AS t
WHERE l.document IS NOT NULL
  AND CASE l.kind
      WHEN 'capture' THEN coalesce(
          (SELECT true FROM payments p WHERE (p.buyer_id, p.payment_id, p.channel) = (t.owner_id, t.document, $1) LIMIT 1)
        , (SELECT true FROM payment_captures c JOIN payments p USING (buyer_id, payment_id)
           WHERE (c.buyer_id, c.document, p.channel) = (t.owner_id, t.document, $1) LIMIT 1))
      WHEN 'refund' THEN (SELECT true FROM refunds r
                          WHERE (r.refund_id, r.buyer_id, r.channel, r.route) = (t.document, t.owner_id, $1, 'origin') LIMIT 1)
      ELSE true END
ORDER BY t.owner_id, t.transfer_id, l.file_id, l.line_no
ON CONFLICT DO NOTHING
RETURNING file_id, line_no, owner_id, transfer_id
"""

# A refund that had come back has arrived again: its line bears the refund's id like the first one's, the books name it by a
# document of its own. $3: the account that the source keeps.
_ARRIVED_AGAIN = """
INSERT INTO reconciliation_matches (source, file_id, line_no, owner_id, transfer_id, way)
SELECT DISTINCT ON (l.file_id, l.line_no) $1, l.file_id, l.line_no, t.owner_id, t.transfer_id, 'our_id'
FROM unnest($2::uuid[], $4::integer[]) AS w (file_id, line_no)
CROSS JOIN LATERAL (SELECT * FROM reconciliation_lines
                    WHERE (source, file_id, line_no) = ($1, w.file_id, w.line_no) AND kind = 'refund' OFFSET 0) AS l
CROSS JOIN LATERAL (SELECT * FROM refund_successes WHERE refund_id = l.document OFFSET 0) AS s
JOIN refunds r ON (r.merchant_id, r.refund_id) = (s.merchant_id, s.refund_id) AND r.channel = $1
CROSS JOIN LATERAL (SELECT * FROM ledger_transfers
                    WHERE document = s.document AND owner_id = r.buyer_id AND reason = 'refunded' AND credit = $3::text
                    OFFSET 0) AS t
WHERE NOT EXISTS (SELECT FROM reconciliation_matches m
                  WHERE (m.source, m.file_id, m.line_no) = ($1, l.file_id, l.line_no)
                     OR (m.source, m.owner_id, m.transfer_id) = ($1, t.owner_id, t.transfer_id))
ORDER BY l.file_id, l.line_no, s.nth
ON CONFLICT DO NOTHING
RETURNING file_id, line_no, owner_id, transfer_id
"""

# The bank's own number, under which staff wrote a buyer's transfer down, or a refund that they made. $3: bank_cash.
_BY_BANK_NUMBER = """
INSERT INTO reconciliation_matches (source, file_id, line_no, owner_id, transfer_id, way)
SELECT DISTINCT ON (t.owner_id, t.transfer_id) $1, l.file_id, l.line_no, t.owner_id, t.transfer_id, 'their_id'
FROM unnest($2::uuid[], $4::integer[]) AS w (file_id, line_no)
CROSS JOIN LATERAL (SELECT * FROM reconciliation_lines
                    WHERE (source, file_id, line_no) = ($1, w.file_id, w.line_no) AND kind <> 'other' OFFSET 0) AS l
JOIN (SELECT bank_number, document FROM bank_movements
      UNION ALL SELECT b.bank_number, b.refund_id FROM refunds_by_hand b
      WHERE NOT EXISTS (SELECT FROM refund_successes s
                        WHERE (s.merchant_id, s.refund_id, s.reference) = (b.merchant_id, b.refund_id, b.bank_number))
      UNION ALL SELECT reference, document FROM refund_successes
     ) n ON n.bank_number = l.their_id
JOIN ledger_transfers t ON t.document = n.document AND $3::text IN (t.debit, t.credit)
 AND (t.credit = $3::text) = (l.kind = 'paid_out')
ORDER BY t.owner_id, t.transfer_id, l.file_id, l.line_no
ON CONFLICT DO NOTHING
RETURNING file_id, line_no, owner_id, transfer_id
"""

# The sender's own name of the payment or refund, where ours is not on the line.
_BY_THEIR_ID = """
INSERT INTO reconciliation_matches (source, file_id, line_no, owner_id, transfer_id, way)
SELECT DISTINCT ON (t.owner_id, t.transfer_id) $1, l.file_id, l.line_no, t.owner_id, t.transfer_id, 'their_id'
FROM unnest($2::uuid[], $3::integer[]) AS w (file_id, line_no)
CROSS JOIN LATERAL (SELECT * FROM reconciliation_lines
                    WHERE (source, file_id, line_no) = ($1, w.file_id, w.line_no) OFFSET 0) AS l
JOIN payments p ON p.channel_reference = l.their_document AND p.channel = $1
JOIN ledger_transfers t ON t.owner_id = p.buyer_id AND t.document = p.payment_id AND t.reason = 'captured'
 AND t.debit = 'channel_cash'
WHERE l.document IS NULL AND l.kind = 'capture'
ORDER BY t.owner_id, t.transfer_id, l.file_id, l.line_no
ON CONFLICT DO NOTHING
RETURNING file_id, line_no, owner_id, transfer_id
"""

# (Nor those that a chargeback has given back: they left with it.) $4 and $5: from when until when.
_REFUNDS_BY_THEIR_ID = """
INSERT INTO reconciliation_matches (source, file_id, line_no, owner_id, transfer_id, way)
SELECT DISTINCT ON (t.owner_id, t.transfer_id) $1, l.file_id, l.line_no, t.owner_id, t.transfer_id, 'their_id'
FROM unnest($2::uuid[], $3::integer[]) AS w (file_id, line_no)
CROSS JOIN LATERAL (SELECT * FROM reconciliation_lines
                    WHERE (source, file_id, line_no) = ($1, w.file_id, w.line_no) OFFSET 0) AS l
JOIN refunds r ON r.channel_reference = l.their_document AND r.channel = $1 AND r.route = 'origin'
CROSS JOIN LATERAL (SELECT coalesce((SELECT s.document FROM refund_successes s
                                     WHERE s.refund_id = r.refund_id AND s.reference = l.their_document
                                     ORDER BY s.nth LIMIT 1), r.refund_id) AS document) AS n
JOIN ledger_transfers t ON t.document = n.document AND t.owner_id = r.buyer_id AND t.reason = 'refunded'
 AND t.credit = 'channel_cash' AND t.at >= $4 AND t.at < $5
WHERE l.document IS NULL AND l.kind = 'refund'
  AND NOT EXISTS (SELECT FROM channel_disputes d WHERE (d.channel, d.reference) = ($1, r.channel_reference))
ORDER BY t.owner_id, t.transfer_id, l.file_id, l.line_no
ON CONFLICT DO NOTHING
RETURNING file_id, line_no, owner_id, transfer_id
"""

# Pairs that were found by amount and day; whatever was matched since stays so.
_BY_AMOUNT = """
INSERT INTO reconciliation_matches (source, file_id, line_no, owner_id, transfer_id, way)
SELECT $1, w.file_id, w.line_no, w.owner_id, w.transfer_id, 'amount'
FROM unnest($2::uuid[], $3::integer[], $4::uuid[], $5::uuid[]) AS w (file_id, line_no, owner_id, transfer_id)
ON CONFLICT DO NOTHING
RETURNING file_id, line_no, owner_id, transfer_id
"""

# Matched, and yet different: of the file's pairs, each in one way at most, the gravest. $3: its day. A fee is compared where one
# is agreed for the day and currency (channel_fees); besides, what the seller bears of payment in instalments. $4: the source's
# minutes ahead of UTC; $5: how far two clocks are apart, in minutes; $6: days that are a matter of time; $7 to $9:
# lines that have a pair now, and it.
_DIFFER = """
WITH pairs AS (
    SELECT l.file_id, l.line_no, l.kind AS line_kind, t.document, l.currency, l.amount, l.fee, l.at, t.currency AS our_currency
         , t.at AS our_at
         , CASE WHEN l.kind IN ('refund', 'paid_out', 'dispute', 'transfer') THEN -t.amount ELSE t.amount END AS ours
         , CASE WHEN l.kind LIKE 'dispute%' OR g.millionths IS NULL THEN l.fee
                WHEN l.kind = 'capture'
                    THEN (t.amount * g.millionths + 500000) / 1000000 + g.fixed
                       + (t.amount * coalesce(p.seller_millionths, 0) + 500000) / 1000000
                ELSE 0 END AS agreed
         , (l.at AT TIME ZONE 'UTC' + make_interval(mins => $4::integer))::date
           - (t.at AT TIME ZONE 'UTC' + make_interval(mins => $4::integer))::date AS days
    FROM unnest($7::integer[], $8::uuid[], $9::uuid[]) AS w (line_no, owner_id, transfer_id)
    CROSS JOIN LATERAL (SELECT * FROM reconciliation_lines
                        WHERE (source, file_id, line_no) = ($1, $2, w.line_no) OFFSET 0) AS l
    CROSS JOIN LATERAL (SELECT * FROM ledger_transfers
                        WHERE (owner_id, transfer_id) = (w.owner_id, w.transfer_id) OFFSET 0) AS t
    LEFT JOIN LATERAL (SELECT f.millionths, f.fixed FROM channel_fees f
                       WHERE f.channel = $1 AND f.currency = t.currency AND f.valid_from <= $3::date
                       ORDER BY f.valid_from DESC LIMIT 1) AS g ON true
    LEFT JOIN payments p ON (p.buyer_id, p.payment_id) = (t.owner_id, t.document) AND p.seller_millionths > 0
), different AS (
    SELECT *, CASE WHEN currency <> our_currency THEN 'currency'
                   WHEN amount <> ours THEN 'amount'
                   WHEN fee <> agreed THEN 'fee'
                   WHEN days <> 0 AND line_kind <> 'remitted' AND abs(extract(epoch FROM at - our_at)) > 60 * $5::integer
                       THEN 'day' END AS kind
    FROM pairs
), fresh AS (
    INSERT INTO reconciliation_differences (source, item_id, day, kind, state, file_id, line_no, document, currency
                                          , theirs, our_currency, ours, ended_at, ended_on)
    SELECT $1, md5(file_id::text || ':' || line_no)::uuid, $3::date, kind
         , CASE WHEN kind = 'day' AND abs(days) <= $6::integer THEN 'closed' ELSE 'open' END
         , file_id, line_no, document, currency, CASE kind WHEN 'fee' THEN fee ELSE amount END, our_currency
         , CASE kind WHEN 'fee' THEN agreed ELSE ours END
         , CASE WHEN kind = 'day' AND abs(days) <= $6::integer THEN now() END
         , CASE WHEN kind = 'day' AND abs(days) <= $6::integer THEN $3::date END
    FROM different WHERE kind IS NOT NULL
    ON CONFLICT DO NOTHING
    RETURNING source, item_id, state
)
INSERT INTO reconciliation_difference_history (source, item_id, step, from_state, to_state, by)
SELECT source, item_id, 1, 'nowhere', state, 'system' FROM fresh
"""

# What is left of the lines, which nothing here was found for, and what we never asked for. Money that we have asked for may
# be written down here later; what belongs to a movement that has its line already stands there twice. $3: the day; $4: the
# lines.
_MISSING_HERE = """
WITH left_over AS (
    SELECT l.file_id, l.line_no, l.kind, l.document, l.currency, l.amount
    FROM unnest($4::integer[]) AS w (line_no)
    CROSS JOIN LATERAL (SELECT * FROM reconciliation_lines
                        WHERE (source, file_id, line_no) = ($1, $2, w.line_no) OFFSET 0) AS l
    WHERE (SELECT true FROM reconciliation_matches m WHERE (m.source, m.file_id, m.line_no) = ($1, $2, w.line_no)) IS NULL
), lost AS (
    SELECT l.*, coalesce((
        SELECT true FROM ledger_transfers t
        WHERE t.document = l.document
          AND t.reason = CASE l.kind WHEN 'capture' THEN 'captured' WHEN 'refund' THEN 'refunded'
                                     WHEN 'dispute' THEN 'charged_back' WHEN 'dispute_won' THEN 'reinstated'
                                     WHEN 'paid_out' THEN 'paid_out' WHEN 'transfer' THEN 'transferred'
                                     WHEN 'transfer_reversal' THEN 'transfer_reversed' WHEN 'remitted' THEN 'remitted'
                                     ELSE 'swept' END
          AND (SELECT true FROM reconciliation_matches m
               WHERE (m.source, m.owner_id, m.transfer_id) = ($1, t.owner_id, t.transfer_id) LIMIT 1)
        LIMIT 1), false) AS again
    FROM left_over l
), fresh AS (
    INSERT INTO reconciliation_differences (source, item_id, day, kind, state, file_id, line_no, document, currency
                                          , theirs, our_currency, ours)
    SELECT $1, md5(file_id::text || ':' || line_no)::uuid, $3::date
         , CASE WHEN again THEN 'duplicate' ELSE 'missing_here' END
         , CASE WHEN again OR kind = 'other' THEN 'open' ELSE 'waiting' END
         , file_id, line_no, document, currency, amount, currency, 0
    FROM lost
    ON CONFLICT DO NOTHING
    RETURNING source, item_id, state
)
INSERT INTO reconciliation_difference_history (source, item_id, step, from_state, to_state, by)
SELECT source, item_id, 1, 'nowhere', state, 'system' FROM fresh
"""


async def list_duplicates(tx: Tx, source: Source, file: File, after: int, until: int) -> None:
    """List the lines after one and up to another that stand there twice."""
    await tx.execute(_DUPLICATES, source.source, file.file_id, file.received_at, file.day, after, until)


async def unmatched(read: Read, source: Source, file: File, after: int, until: int) -> list[Place]:
    """Lines of the file, after one and up to another, that are to be matched."""
    return await read.all(Place, _UNMATCHED, source.source, file.file_id, after, until)


async def left_over(read: Read, source: Source, file: File, after: Place | None, limit: int) -> list[Place]:
    """Lines of other files that are missing here still, the next after one."""
    begins = after or Place(UUID(int=0), 0)
    return await read.all(Place, _LEFT_OVER, source.source, file.file_id, begins.file_id, begins.line_no, limit)


async def by_our_id(tx: Tx, source: Source, places: Sequence[Place]) -> list[Pair]:
    """Match lines that bear our own id; of a refund that arrived again, what its first success does not have."""
    files, lines = [each.file_id for each in places], [each.line_no for each in places]
    found = await tx.all(Pair, _BY_OUR_ID, source.source, files, str(source.cash), lines)
    return found + await tx.all(Pair, _ARRIVED_AGAIN, source.source, files, str(source.cash), lines)


async def by_their_id(tx: Tx, source: Source, file: File, places: Sequence[Place]) -> list[Pair]:
    """Match lines by the sender's name of the payment or refund, or the bank's number that staff wrote down."""
    files, lines = [each.file_id for each in places], [each.line_no for each in places]
    if source.side == "bank":
        return await tx.all(Pair, _BY_BANK_NUMBER, source.source, files, str(source.cash), lines)
    begins, ends = source.begins(file.day), source.begins(file.day + timedelta(days=1))
    found = await tx.all(Pair, _BY_THEIR_ID, source.source, files, lines)
    found += await tx.all(Pair, _REFUNDS_BY_THEIR_ID, source.source, files, lines, begins - WINDOW, ends + WINDOW)
    return found


async def by_amount(tx: Tx, source: Source, pairs: Sequence[Pair]) -> list[Pair]:
    """Match what `movements.of_one_amount` has found."""
    return await tx.all(
        Pair,
        _BY_AMOUNT,
        source.source,
        [each.file_id for each in pairs],
        [each.line_no for each in pairs],
        [each.owner_id for each in pairs],
        [each.transfer_id for each in pairs],
    )


async def list_different(tx: Tx, source: Source, file: File, pairs: Sequence[Pair]) -> None:
    """List the file's pairs that say different things."""
    its = [each for each in pairs if each.file_id == file.file_id]
    await tx.execute(
        _DIFFER,
        source.source,
        file.file_id,
        file.day,
        source.utc_minutes,
        CLOCKS_APART_MINUTES,
        TIMING_DAYS,
        [each.line_no for each in its],
        [each.owner_id for each in its],
        [each.transfer_id for each in its],
    )


async def list_missing_here(tx: Tx, source: Source, file: File, lines: Sequence[int]) -> None:
    """List lines of the file that nothing here was found for."""
    await tx.execute(_MISSING_HERE, source.source, file.file_id, file.day, list(lines))


async def hash_many(read: Read, file: File, *, on: bool) -> None:
    """What was written a moment ago nobody has counted, and the planner takes a million matches for few: of a large
    file, rows are joined by hashing."""
    if file.lines > LINES_HASHED_MIN:
        await read.fetch("SELECT set_config('enable_nestloop', $1, true)", "off" if on else "on")
