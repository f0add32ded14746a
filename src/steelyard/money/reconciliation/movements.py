"""What the books say has moved at a channel or the bank, as far as no line of a statement has been matched with it.

A whole day of it is asked for with no transaction of ours open that writes; what is found is written down so many at once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.money.reconciliation.matching import Pair
from steelyard.money.reconciliation.model import File, Source


class Movement(msgspec.Struct, frozen=True):
    """A transfer of ours that no line is about. `amount`: minor units, positive where it came in."""

    owner_id: UUID
    transfer_id: UUID
    document: UUID
    currency: str
    amount: int
    at: datetime


# Our side of a channel, as far as it is not matched. $2: channel_cash; $3 and $4: from when until when.
_OF_A_CHANNEL = """
SELECT t.owner_id, t.transfer_id, 'capture' AS kind, t.at, t.document, t.currency, t.amount
FROM ledger_transfers t JOIN payments p ON (p.buyer_id, p.payment_id) = (t.owner_id, t.document)
WHERE t.reason = 'captured' AND t.debit = $2::text AND t.at >= $3 AND t.at < $4 AND p.channel = $1
  AND NOT EXISTS (SELECT FROM reconciliation_matches m
                  WHERE m.source = $1 AND (m.owner_id, m.transfer_id) = (t.owner_id, t.transfer_id))
UNION ALL
SELECT t.owner_id, t.transfer_id, 'capture', t.at, t.document, t.currency, t.amount
FROM payment_captures c JOIN payments p USING (buyer_id, payment_id) JOIN ledger_transfers t ON t.document = c.capture_id
WHERE t.owner_id = c.buyer_id AND t.debit = $2::text AND t.at >= $3 AND t.at < $4 AND p.channel = $1
  AND NOT EXISTS (SELECT FROM reconciliation_matches WHERE (source, owner_id, transfer_id) = ($1, t.owner_id, t.transfer_id))
UNION ALL
SELECT t.owner_id, t.transfer_id, 'refund', t.at, t.document, t.currency, -t.amount
FROM ledger_transfers t JOIN refunds r ON r.refund_id = t.document AND r.buyer_id = t.owner_id
WHERE t.reason = 'refunded' AND t.credit = $2::text AND t.at >= $3 AND t.at < $4 AND r.channel = $1
  AND r.route = 'origin'
  -- (What a chargeback has given back left with the chargeback.)
  AND NOT EXISTS (SELECT FROM channel_disputes d WHERE (d.channel, d.reference) = ($1, r.channel_reference))
  AND NOT EXISTS (SELECT FROM reconciliation_matches m
                  WHERE m.source = $1 AND (m.owner_id, m.transfer_id) = (t.owner_id, t.transfer_id))
UNION ALL
-- (What had come back, and has arrived again.)
SELECT t.owner_id, t.transfer_id, 'refund', t.at, t.document, t.currency, -t.amount
FROM refund_successes s JOIN refunds r USING (merchant_id, refund_id) JOIN ledger_transfers t ON t.document = s.document
WHERE t.owner_id = r.buyer_id AND t.reason = 'refunded' AND t.credit = $2::text AND t.at >= $3 AND t.at < $4 AND r.channel = $1
  AND NOT EXISTS (SELECT FROM reconciliation_matches m
                  WHERE m.source = $1 AND (m.owner_id, m.transfer_id) = (t.owner_id, t.transfer_id))
UNION ALL
SELECT t.owner_id, t.transfer_id, CASE t.reason WHEN 'charged_back' THEN 'dispute' ELSE 'dispute_won' END, t.at, t.document
     , t.currency, CASE t.reason WHEN 'charged_back' THEN -t.amount ELSE t.amount END
FROM channel_disputes d JOIN ledger_transfers t ON t.document = d.document
WHERE t.reason IN ('charged_back', 'reinstated') AND $2::text IN (t.debit, t.credit) AND t.at >= $3 AND t.at < $4
  AND d.channel = $1
  AND NOT EXISTS (SELECT FROM reconciliation_matches m
                  WHERE m.source = $1 AND (m.owner_id, m.transfer_id) = (t.owner_id, t.transfer_id))
UNION ALL
-- What it has sent on to shops, or taken back of that, by why it moves.
SELECT t.owner_id, t.transfer_id, CASE t.credit WHEN $2::text THEN 'transfer' ELSE 'transfer_reversal' END, t.at, t.document
     , t.currency, CASE t.credit WHEN $2::text THEN -t.amount ELSE t.amount END
FROM ledger_transfers t JOIN reconciliation_routes r USING (reason)
WHERE $2::text IN (t.debit, t.credit) AND t.at >= $3 AND t.at < $4 AND r.source = $1
  AND NOT EXISTS (SELECT FROM reconciliation_matches m
                  WHERE m.source = $1 AND (m.owner_id, m.transfer_id) = (t.owner_id, t.transfer_id))
"""

# Our side of a bank account: whatever moves through it, by why it moves; what nobody has said of another account moves through
# the one of `*`.
_OF_A_BANK = """
SELECT t.owner_id, t.transfer_id, CASE t.credit WHEN $2::text THEN 'paid_out' ELSE 'received' END AS kind, t.at, t.document
     , t.currency, CASE t.credit WHEN $2::text THEN -t.amount ELSE t.amount END AS amount
FROM ledger_transfers t
WHERE $2::text IN (t.debit, t.credit) AND t.at >= $3 AND t.at < $4 AND t.reason NOT LIKE 'difference\\_%'
  AND t.reason NOT LIKE 'channel\\_fees%'
  AND (SELECT r.source FROM reconciliation_routes r WHERE r.reason IN (t.reason, '*') ORDER BY r.reason = '*' LIMIT 1) = $1
  AND NOT EXISTS (SELECT FROM reconciliation_matches m
                  WHERE m.source = $1 AND (m.owner_id, m.transfer_id) = (t.owner_id, t.transfer_id))
"""

# Lines that name nothing of ours, by amount and day: where as many lines as movements of the day are of one amount, they
# are paired in the order of time. Where they are not as many, people look. $5: the file; $6: so many.
_BY_AMOUNT = """
), nameless AS (
    SELECT l.file_id, l.line_no, l.kind, l.currency, l.amount, count(*) OVER same AS many
         , row_number() OVER (PARTITION BY l.kind, l.currency, l.amount ORDER BY l.at, l.line_no) AS place
    FROM reconciliation_lines l
    WHERE l.source = $1 AND l.file_id = $5 AND (l.document IS NULL OR l.kind = 'received')
      AND l.kind NOT IN ('fee', 'payout', 'other')
      AND NOT EXISTS (SELECT FROM reconciliation_matches m
                      WHERE (m.source, m.file_id, m.line_no) = (l.source, l.file_id, l.line_no))
      AND NOT EXISTS (SELECT FROM reconciliation_differences d
                      WHERE (d.source, d.file_id, d.line_no) = (l.source, l.file_id, l.line_no)
                        AND NOT (d.kind = 'missing_here' AND d.state <> 'closed'))
    WINDOW same AS (PARTITION BY l.kind, l.currency, l.amount)
), unmatched AS (
    SELECT owner_id, transfer_id, kind, currency, amount, count(*) OVER same AS many
         , row_number() OVER (PARTITION BY kind, currency, amount ORDER BY at, transfer_id) AS place
    FROM movements
    WINDOW same AS (PARTITION BY kind, currency, amount)
)
SELECT l.file_id, l.line_no, m.owner_id, m.transfer_id
FROM nameless l JOIN unmatched m USING (kind, currency, amount, many, place)
ORDER BY kind, currency, amount, place LIMIT $6
"""

# $5 and $6: after which; $7: so many.
_NEXT = """
)
SELECT owner_id, transfer_id, document, currency, amount, at FROM movements
WHERE $5::timestamptz IS NULL OR (at, transfer_id) > ($5, $6::uuid)
ORDER BY at, transfer_id LIMIT $7
"""

# Movements of the day that the statement does not know; one that had turned up on a statement that was withdrawn since is
# missing again. $2: the day.
_MISSING_THERE = """
WITH fresh AS (
    INSERT INTO reconciliation_differences AS d (source, item_id, day, kind, state, owner_id, transfer_id, document
                                               , currency, theirs, our_currency, ours)
    SELECT $1, md5($1 || ':' || transfer_id)::uuid, $2::date, 'missing_there', 'waiting', owner_id, transfer_id, document
         , currency, 0, currency, amount
    FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::bigint[])
             AS w (owner_id, transfer_id, document, currency, amount)
    WHERE NOT EXISTS (SELECT FROM reconciliation_matches m
                      WHERE (m.source, m.owner_id, m.transfer_id) = ($1, w.owner_id, w.transfer_id))
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


async def of_one_amount(read: Read, source: Source, file: File, limit: int) -> list[Pair]:
    """Pairs by amount and day, the next so many. Those that are written down leave the others as they are."""
    begins, ends = source.begins(file.day), source.begins(file.day + timedelta(days=1))
    return await read.all(
        Pair,
        "WITH movements AS (" + (_OF_A_CHANNEL if source.side == "channel" else _OF_A_BANK) + _BY_AMOUNT,
        source.source,
        str(source.cash),
        begins,
        ends,
        file.file_id,
        limit,
    )


async def of_no_line(read: Read, source: Source, file: File, after: Movement | None, limit: int) -> list[Movement]:
    """What moved on the day and stands on no statement, the next after one."""
    begins, ends = source.begins(file.day), source.begins(file.day + timedelta(days=1))
    return await read.all(
        Movement,
        "WITH movements AS (" + (_OF_A_CHANNEL if source.side == "channel" else _OF_A_BANK) + _NEXT,
        source.source,
        str(source.cash),
        begins,
        ends,
        after.at if after else None,
        after.transfer_id if after else None,
        limit,
    )


async def list_missing_there(tx: Tx, source: Source, file: File, movements: Sequence[Movement]) -> None:
    """List movements that stand on no statement."""
    await tx.execute(
        _MISSING_THERE,
        source.source,
        file.day,
        [each.owner_id for each in movements],
        [each.transfer_id for each in movements],
        [each.document for each in movements],
        [each.currency for each in movements],
        [each.amount for each in movements],
    )
