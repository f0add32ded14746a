"""A day's lines are laid beside the books, by statements of SQL each of which is for all lines at once.

$1 is always the source, $2 mostly the file. Lines match by our id, then by the sender's, then by amount and day.
"""

from datetime import date, timedelta

from steelyard.kernel.db import Read, Row, Tx
from steelyard.money.reconciliation.model import CLOCKS_APART_MINUTES, TIMING_DAYS, File, Source
from steelyard.money.reconciliation.movements import FILL_FROM_BANK, FILL_FROM_CHANNEL, MAKE_MOVEMENTS

_WINDOW = timedelta(days=1)
LINES_HASHED_MIN = 2_000

_MAKE_LINES = """
CREATE TEMP TABLE reconciling_lines (
    file_id uuid NOT NULL, line_no integer NOT NULL, kind text NOT NULL, at timestamptz NOT NULL, document uuid
  , their_document text, currency text NOT NULL, amount bigint NOT NULL
) ON COMMIT DROP
"""

# A second line of the same movement (of a payout, also under the name by which the bank knows it), in this file or in one that
# came before; one that is itself a second has nothing after it. $3: when this one came; $4: its day.
_DUPLICATES = """
WITH numbered AS (
    SELECT l.*, row_number() OVER (PARTITION BY l.their_id, l.kind ORDER BY l.line_no) > 1
             OR l.kind = 'payout' AND row_number() OVER (PARTITION BY l.kind, coalesce(l.reference, l.their_id)
                                                         ORDER BY l.line_no) > 1 AS again_here
    FROM reconciliation_lines l WHERE l.source = $1 AND l.file_id = $2
), again AS (
    SELECT n.* FROM numbered n
    WHERE n.again_here OR EXISTS (
        SELECT FROM reconciliation_lines e JOIN reconciliation_files f ON (f.source, f.file_id) = (e.source, e.file_id)
        WHERE e.source = $1 AND e.their_id = n.their_id AND e.kind = n.kind AND e.file_id <> $2 AND f.state = 'read'
          AND (f.received_at, f.file_id) < ($3::timestamptz, $2)
          AND NOT EXISTS (SELECT FROM reconciliation_differences d
                          WHERE (d.source, d.file_id, d.line_no) = (e.source, e.file_id, e.line_no)
                            AND d.kind = 'duplicate'))
       OR n.kind = 'payout' AND EXISTS (
        SELECT FROM reconciliation_lines e JOIN reconciliation_files f ON (f.source, f.file_id) = (e.source, e.file_id)
        WHERE e.source = $1 AND e.kind = 'payout' AND coalesce(e.reference, e.their_id) = coalesce(n.reference, n.their_id)
          AND e.file_id <> $2 AND f.state = 'read' AND (f.received_at, f.file_id) < ($3::timestamptz, $2)
          AND NOT EXISTS (SELECT FROM reconciliation_differences d
                          WHERE (d.source, d.file_id, d.line_no) = (e.source, e.file_id, e.line_no)
                            AND d.kind = 'duplicate'))
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

# What is to be matched: the file's lines.
_FILL_LINES = """
INSERT INTO reconciling_lines (file_id, line_no, kind, at, document, their_document, currency, amount)
SELECT l.file_id, l.line_no, l.kind, l.at, l.document, l.their_document, l.currency, l.amount
FROM reconciliation_lines l
WHERE l.source = $1 AND l.file_id = $2 AND l.kind NOT IN ('fee', 'payout', 'other')
  AND NOT EXISTS (SELECT FROM reconciliation_matches m
                  WHERE (m.source, m.file_id, m.line_no) = (l.source, l.file_id, l.line_no))
  AND NOT EXISTS (SELECT FROM reconciliation_differences d
                  WHERE (d.source, d.file_id, d.line_no) = (l.source, l.file_id, l.line_no))
"""

# Those of earlier days that nothing here was found for.
_FILL_LINES_LEFT = """
INSERT INTO reconciling_lines (file_id, line_no, kind, at, document, their_document, currency, amount)
SELECT l.file_id, l.line_no, l.kind, l.at, l.document, l.their_document, l.currency, l.amount
FROM reconciliation_differences d JOIN reconciliation_lines l USING (source, file_id, line_no)
WHERE d.source = $1 AND d.kind = 'missing_here' AND d.state <> 'closed'
  AND l.kind NOT IN ('fee', 'payout', 'other')
"""

# Our own id is on the line, and the payment or refund went through this source. $3: the account that the source keeps. The
# earliest line of a movement has it.
_BY_OUR_ID = """
INSERT INTO reconciliation_matches (source, file_id, line_no, owner_id, transfer_id, way)
SELECT DISTINCT ON (t.owner_id, t.transfer_id) $1, l.file_id, l.line_no, t.owner_id, t.transfer_id, 'our_id'
FROM reconciling_lines l
JOIN ledger_transfers t ON t.document = l.document AND $3::text IN (t.debit, t.credit)
 AND t.reason = CASE l.kind WHEN 'capture' THEN 'captured' WHEN 'refund' THEN 'refunded' WHEN 'dispute' THEN 'charged_back'
                            WHEN 'dispute_won' THEN 'reinstated' WHEN 'paid_out' THEN 'paid_out'
                            WHEN 'transfer' THEN 'transferred' WHEN 'transfer_reversal' THEN 'transfer_reversed' ELSE 'swept' END
WHERE l.document IS NOT NULL AND $2::uuid IS NOT NULL
  AND CASE l.kind
      WHEN 'capture' THEN EXISTS (SELECT FROM payments p WHERE (p.buyer_id, p.payment_id) = (t.owner_id, t.document)
                                                           AND p.channel = $1)
        OR EXISTS (SELECT FROM payment_captures c JOIN payments p USING (buyer_id, payment_id)
                   WHERE (c.buyer_id, c.document, p.channel) = (t.owner_id, t.document, $1))
      WHEN 'refund' THEN EXISTS (SELECT FROM refunds r WHERE r.refund_id = t.document AND r.buyer_id = t.owner_id
                                                         AND r.channel = $1 AND r.route = 'origin')
      ELSE true END
ORDER BY t.owner_id, t.transfer_id, l.at, l.file_id, l.line_no
ON CONFLICT DO NOTHING
"""

# (Asked line by line: the planner, who takes the matches of this transaction for none, would go through all of them for the few
# lines that are left.)
_DROP_MATCHED_LINES = """
DELETE FROM reconciling_lines l
WHERE (SELECT true FROM reconciliation_matches m
       WHERE (m.source, m.file_id, m.line_no) = ($1, l.file_id, l.line_no) LIMIT 1)
"""

# The bank's own number, under which staff wrote a buyer's transfer down, or a refund that they made. $2: bank_cash.
_BY_BANK_NUMBER = """
INSERT INTO reconciliation_matches (source, file_id, line_no, owner_id, transfer_id, way)
SELECT DISTINCT ON (t.owner_id, t.transfer_id) $1, l.file_id, l.line_no, t.owner_id, t.transfer_id, 'their_id'
FROM reconciling_lines l
JOIN reconciliation_lines r ON (r.source, r.file_id, r.line_no) = ($1, l.file_id, l.line_no)
JOIN (SELECT bank_number, document FROM bank_movements
      UNION ALL SELECT bank_number, refund_id FROM refunds_by_hand) n ON n.bank_number = r.their_id
JOIN ledger_transfers t ON t.document = n.document AND $2::text IN (t.debit, t.credit)
 AND (t.credit = $2::text) = (l.kind = 'paid_out')
ORDER BY t.owner_id, t.transfer_id, l.at, l.file_id, l.line_no
ON CONFLICT DO NOTHING
"""

# The sender's own name of the payment or refund, where ours is not on the line.
_BY_THEIR_ID = """
INSERT INTO reconciliation_matches (source, file_id, line_no, owner_id, transfer_id, way)
SELECT DISTINCT ON (t.owner_id, t.transfer_id) $1, l.file_id, l.line_no, t.owner_id, t.transfer_id, 'their_id'
FROM reconciling_lines l
JOIN payments p ON p.channel_reference = l.their_document AND p.channel = $1
JOIN ledger_transfers t ON t.owner_id = p.buyer_id AND t.document = p.payment_id AND t.reason = 'captured'
 AND t.debit = 'channel_cash'
WHERE l.document IS NULL AND l.kind = 'capture'
ORDER BY t.owner_id, t.transfer_id, l.at, l.file_id, l.line_no
ON CONFLICT DO NOTHING
"""

_REFUNDS_BY_THEIR_ID = """
INSERT INTO reconciliation_matches (source, file_id, line_no, owner_id, transfer_id, way)
SELECT DISTINCT ON (m.owner_id, m.transfer_id) $1, l.file_id, l.line_no, m.owner_id, m.transfer_id, 'their_id'
FROM reconciling_lines l JOIN reconciling_movements m ON m.their_document = l.their_document AND m.kind = l.kind
WHERE l.document IS NULL AND l.kind = 'refund'
ORDER BY m.owner_id, m.transfer_id, l.at, l.file_id, l.line_no
ON CONFLICT DO NOTHING
"""

# A line that names nothing of ours, by amount and day: where as many lines as movements of the day are of one amount, they
# are paired in the order of time. Where they are not as many, people look. $3 and $4: from when until when.
_BY_AMOUNT = """
WITH nameless AS (
    SELECT file_id, line_no, kind, currency, amount, at, count(*) OVER same AS many
         , row_number() OVER (PARTITION BY kind, currency, amount ORDER BY at, line_no) AS place
    FROM reconciling_lines
    WHERE file_id = $2 AND (document IS NULL OR kind = 'received')
    WINDOW same AS (PARTITION BY kind, currency, amount)
), unmatched AS (
    SELECT owner_id, transfer_id, kind, currency, amount, at, count(*) OVER same AS many
         , row_number() OVER (PARTITION BY kind, currency, amount ORDER BY at, transfer_id) AS place
    FROM reconciling_movements m
    WHERE at >= $3 AND at < $4
      AND NOT EXISTS (SELECT FROM reconciliation_matches t
                      WHERE t.source = $1 AND (t.owner_id, t.transfer_id) = (m.owner_id, m.transfer_id))
    WINDOW same AS (PARTITION BY kind, currency, amount)
)
INSERT INTO reconciliation_matches (source, file_id, line_no, owner_id, transfer_id, way)
SELECT $1, l.file_id, l.line_no, m.owner_id, m.transfer_id, 'amount'
FROM nameless l JOIN unmatched m USING (kind, currency, amount, many, place)
ON CONFLICT DO NOTHING
"""

_DROP_MATCHED_MOVEMENTS = """
DELETE FROM reconciling_movements r USING reconciliation_matches m
WHERE m.source = $1 AND (m.owner_id, m.transfer_id) = (r.owner_id, r.transfer_id)
"""

# Matched, and yet different: of the file's pairs, each in one way at most, the gravest. $3: its day. A fee is compared where one
# is agreed for the day and currency (channel_fees); besides, what the seller bears of payment in instalments. $4: the source's
# minutes ahead of UTC; $5: how far two clocks are apart, in minutes; $6: days that are a matter of time.
_DIFFER = """
WITH pairs AS (
    SELECT l.file_id, l.line_no, t.document, l.currency, l.amount, l.fee, l.at, t.currency AS our_currency, t.at AS our_at
         , CASE WHEN l.kind IN ('refund', 'paid_out', 'dispute', 'transfer') THEN -t.amount ELSE t.amount END AS ours
         , CASE WHEN l.kind LIKE 'dispute%' OR g.millionths IS NULL THEN l.fee
                WHEN l.kind = 'capture'
                    THEN (t.amount * g.millionths + 500000) / 1000000 + g.fixed
                       + (t.amount * coalesce(p.seller_millionths, 0) + 500000) / 1000000
                ELSE 0 END AS agreed
         , (l.at AT TIME ZONE 'UTC' + make_interval(mins => $4::integer))::date
           - (t.at AT TIME ZONE 'UTC' + make_interval(mins => $4::integer))::date AS days
    FROM reconciliation_matches m
    JOIN reconciliation_lines l USING (source, file_id, line_no)
    JOIN ledger_transfers t USING (owner_id, transfer_id)
    LEFT JOIN LATERAL (SELECT f.millionths, f.fixed FROM channel_fees f
                       WHERE f.channel = $1 AND f.currency = t.currency AND f.valid_from <= $3::date
                       ORDER BY f.valid_from DESC LIMIT 1) AS g ON true
    LEFT JOIN payments p ON (p.buyer_id, p.payment_id) = (t.owner_id, t.document) AND p.seller_millionths > 0
    WHERE m.source = $1 AND m.file_id = $2
), different AS (
    SELECT *, CASE WHEN currency <> our_currency THEN 'currency'
                   WHEN amount <> ours THEN 'amount'
                   WHEN fee <> agreed THEN 'fee'
                   WHEN days <> 0 AND abs(extract(epoch FROM at - our_at)) > 60 * $5::integer THEN 'day' END AS kind
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
# be written down here later; what belongs to a movement that has its line already stands there twice. $3: the day.
_MISSING_HERE = """
WITH left_over AS (
    SELECT file_id, line_no, kind, document, currency, amount FROM reconciling_lines WHERE file_id = $2
    UNION ALL
    SELECT file_id, line_no, kind, document, currency, amount FROM reconciliation_lines
    WHERE source = $1 AND file_id = $2 AND kind = 'other'
), lost AS (
    SELECT l.*, coalesce((
        SELECT true FROM ledger_transfers t
        WHERE t.document = l.document
          AND t.reason = CASE l.kind WHEN 'capture' THEN 'captured' WHEN 'refund' THEN 'refunded'
                                     WHEN 'dispute' THEN 'charged_back' WHEN 'dispute_won' THEN 'reinstated'
                                     WHEN 'paid_out' THEN 'paid_out' WHEN 'transfer' THEN 'transferred'
                                     WHEN 'transfer_reversal' THEN 'transfer_reversed' ELSE 'swept' END
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

# Movements of the day that the statement does not know; one that had turned up on a statement that was withdrawn since is
# missing again. $2: the day; $3 and $4: from when until when.
_MISSING_THERE = """
WITH fresh AS (
    INSERT INTO reconciliation_differences AS d (source, item_id, day, kind, state, owner_id, transfer_id, document
                                               , currency, theirs, our_currency, ours)
    SELECT $1, md5($1 || ':' || transfer_id)::uuid, $2::date, 'missing_there', 'waiting', owner_id, transfer_id, document
         , currency, 0, currency, amount
    FROM reconciling_movements WHERE at >= $3 AND at < $4
    ON CONFLICT (source, owner_id, transfer_id) WHERE kind = 'missing_there'
    DO UPDATE SET state = 'waiting', day = excluded.day, ended_at = NULL, ended_on = NULL, words = ''
    WHERE d.state = 'closed'
    RETURNING d.source, d.item_id
)
INSERT INTO reconciliation_difference_history (source, item_id, step, from_state, to_state, by)
SELECT f.source, f.item_id, coalesce(max(h.step), 0) + 1, CASE WHEN max(h.step) IS NULL THEN 'nowhere' ELSE 'closed' END
     , 'waiting', 'system'
FROM fresh f LEFT JOIN reconciliation_difference_history h USING (source, item_id)
GROUP BY f.source, f.item_id
"""

# Who decides on a difference meanwhile is waited for: what they book is then seen, and reversed.
_HOLD_MISSING = """
WITH found AS (
    SELECT d.item_id
    FROM reconciliation_differences d JOIN reconciliation_matches m USING (source, owner_id, transfer_id)
    WHERE d.source = $1 AND d.kind = 'missing_there' AND d.state <> 'closed'
    UNION ALL
    SELECT d.item_id
    FROM reconciliation_differences d JOIN reconciliation_matches m USING (source, file_id, line_no)
    WHERE d.source = $1 AND d.kind = 'missing_here' AND d.state <> 'closed'
)
SELECT FROM reconciliation_differences
WHERE source = $1 AND item_id IN (SELECT item_id FROM found) ORDER BY item_id FOR UPDATE
"""

# What was missing on one side has turned up: how it stands now, and what was booked for it meanwhile. $2: the day.
_TURNED_UP = """
WITH found AS (
    SELECT d.item_id, d.state, d.booking, d.kind, m.file_id, m.line_no, m.owner_id, m.transfer_id
    FROM reconciliation_differences d JOIN reconciliation_matches m USING (source, owner_id, transfer_id)
    WHERE d.source = $1 AND d.kind = 'missing_there' AND d.state <> 'closed'
    UNION ALL
    SELECT d.item_id, d.state, d.booking, d.kind, m.file_id, m.line_no, m.owner_id, m.transfer_id
    FROM reconciliation_differences d JOIN reconciliation_matches m USING (source, file_id, line_no)
    WHERE d.source = $1 AND d.kind = 'missing_here' AND d.state <> 'closed'
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
                   WHERE f.channel = $1 AND f.currency = t.currency AND f.valid_from <= $2::date
                   ORDER BY f.valid_from DESC LIMIT 1) AS g ON true
LEFT JOIN payments p ON (p.buyer_id, p.payment_id) = (t.owner_id, t.document) AND p.seller_millionths > 0
ORDER BY f.item_id
"""

# What has waited for a day is looked at. $2: the day that was run.
_AGED = """
WITH aged AS (
    UPDATE reconciliation_differences SET state = 'open'
    WHERE source = $1 AND state = 'waiting' AND day < $2::date
    RETURNING source, item_id
)
INSERT INTO reconciliation_difference_history (source, item_id, step, from_state, to_state, by)
SELECT a.source, a.item_id, max(h.step) + 1, 'waiting', 'open', 'system'
FROM aged a JOIN reconciliation_difference_history h USING (source, item_id)
GROUP BY a.source, a.item_id
"""


async def match(tx: Tx, source: Source, file: File) -> None:
    """Match what can be matched, and list what differs. The source is held by the caller."""
    name, begins = source.source, source.begins(file.day)
    ends = source.begins(file.day + timedelta(days=1))
    await tx.execute(_DUPLICATES, name, file.file_id, file.received_at, file.day)
    await tx.execute(_MAKE_LINES)
    await tx.execute(MAKE_MOVEMENTS)
    await hash_many(tx, file, on=True)
    await tx.execute(_FILL_LINES, name, file.file_id)
    await hash_many(tx, file, on=False)
    await tx.execute(_FILL_LINES_LEFT, name)
    await tx.execute("CREATE INDEX ON reconciling_lines (file_id, line_no)")
    await tx.execute("ANALYZE reconciling_lines")
    await tx.execute(_BY_OUR_ID, name, file.file_id, str(source.cash))
    await tx.execute(_DROP_MATCHED_LINES, name)
    if source.side == "channel":
        await tx.execute(_BY_THEIR_ID, name)
        await tx.execute(FILL_FROM_CHANNEL, name, str(source.cash), begins - _WINDOW, ends + _WINDOW)
        await tx.execute(_REFUNDS_BY_THEIR_ID, name)
    else:
        await tx.execute(_BY_BANK_NUMBER, name, str(source.cash))
        await tx.execute(FILL_FROM_BANK, name, str(source.cash), begins - _WINDOW, ends + _WINDOW)
    await tx.execute(_DROP_MATCHED_LINES, name)
    await tx.execute(_BY_AMOUNT, name, file.file_id, begins, ends)
    await tx.execute(_DROP_MATCHED_LINES, name)
    await tx.execute(_DROP_MATCHED_MOVEMENTS, name)
    await hash_many(tx, file, on=True)
    await tx.execute(
        _DIFFER,
        name,
        file.file_id,
        file.day,
        source.utc_minutes,
        CLOCKS_APART_MINUTES,
        TIMING_DAYS,
    )
    await hash_many(tx, file, on=False)
    await tx.execute(_MISSING_HERE, name, file.file_id, file.day)
    await tx.execute(_MISSING_THERE, name, file.day, begins, ends)
    await tx.execute("DROP TABLE reconciling_lines")
    await tx.execute("DROP TABLE reconciling_movements")


async def hash_many(tx: Tx, file: File, *, on: bool) -> None:
    """Nobody has counted what this transaction has written, and the planner takes a million matches for one: of a large
    file, rows are joined by hashing."""
    if file.lines > LINES_HASHED_MIN:
        await tx.fetch("SELECT set_config('enable_nestloop', $1, true)", "off" if on else "on")


async def hold_missing(tx: Tx, source: str) -> None:
    """Hold what was missing on one side and has its other side now."""
    await tx.fetch(_HOLD_MISSING, source)


async def turned_up(read: Read, source: Source, day: date) -> list[Row]:
    """What was missing on one side and has its other side now."""
    return await read.fetch(_TURNED_UP, source.source, day)


async def open_aged(tx: Tx, source: str, day: date) -> None:
    """What was found before this day and still waits is no matter of time any more."""
    await tx.execute(_AGED, source, day)
