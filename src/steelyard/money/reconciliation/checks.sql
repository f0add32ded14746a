-- name: a difference's state is the one its history ends in
SELECT d.source, d.item_id, d.state, h.to_state
FROM reconciliation_differences d
LEFT JOIN LATERAL (
    SELECT to_state FROM reconciliation_difference_history h
    WHERE (h.source, h.item_id) = (d.source, d.item_id) ORDER BY step DESC LIMIT 1
) AS h ON true
WHERE d.state IS DISTINCT FROM h.to_state;

-- name: each step of a difference begins where the one before ended
SELECT source, item_id, step, from_state, before
FROM (
    SELECT source, item_id, step, from_state
         , lag(to_state, 1, 'nowhere') OVER (PARTITION BY source, item_id ORDER BY step) AS before
    FROM reconciliation_difference_history
) AS steps
WHERE from_state <> before;

-- name: of a statement as many lines are here as it says, and they come to what it says
SELECT f.source, f.file_id, f.state, f.arrived, coalesce(l.lines, 0) AS lines, f.arrived_total, coalesce(l.total, 0) AS total
FROM reconciliation_files f
LEFT JOIN (SELECT source, file_id, count(*) AS lines, sum(amount::numeric + fee) AS total
           FROM reconciliation_lines GROUP BY source, file_id) AS l USING (source, file_id)
WHERE (f.arrived, f.arrived_total) <> (coalesce(l.lines, 0), coalesce(l.total, 0));

-- name: each line of a day that was run is matched, booked, or listed as different
SELECT l.source, l.file_id, l.line_no, l.kind
FROM reconciliation_days d
JOIN reconciliation_lines l ON (l.source, l.file_id) = (d.source, d.file_id)
WHERE l.kind NOT IN ('fee', 'payout')
  AND NOT EXISTS (SELECT FROM reconciliation_matches m
                  WHERE (m.source, m.file_id, m.line_no) = (l.source, l.file_id, l.line_no))
  AND NOT EXISTS (SELECT FROM reconciliation_differences i
                  WHERE (i.source, i.file_id, i.line_no) = (l.source, l.file_id, l.line_no)
                    AND i.kind IN ('missing_here', 'duplicate') AND i.state <> 'closed');

-- name: a line and the transfer it is matched with say the same, or are listed
SELECT m.source, m.file_id, m.line_no, l.amount, t.amount AS ours
FROM reconciliation_matches m
JOIN reconciliation_lines l USING (source, file_id, line_no)
JOIN ledger_transfers t USING (owner_id, transfer_id)
WHERE (l.currency <> t.currency
       OR l.amount <> CASE WHEN l.kind IN ('refund', 'paid_out', 'dispute', 'transfer') THEN -t.amount ELSE t.amount END)
  AND NOT EXISTS (SELECT FROM reconciliation_differences i
                  WHERE (i.source, i.file_id, i.line_no) = (m.source, m.file_id, m.line_no)
                    AND i.kind IN ('amount', 'currency'));

-- name: what a reconciled day comes to is its transfers and its differences
SELECT s.source, s.day, s.currency, sum(s.amount) AS left_over
FROM (
    SELECT source, day, currency, theirs - ours AS amount FROM reconciliation_totals
    UNION ALL
    SELECT i.source, i.day, i.currency, -(i.theirs - CASE WHEN i.currency = i.our_currency THEN i.ours ELSE 0 END)
    FROM reconciliation_differences i
    JOIN reconciliation_lines l USING (source, file_id, line_no)
    JOIN reconciliation_days d ON (d.source, d.day, d.file_id) = (i.source, i.day, i.file_id)
    WHERE l.kind NOT IN ('fee', 'payout')
      AND (i.kind IN ('amount', 'currency') OR (i.kind IN ('missing_here', 'duplicate') AND i.state <> 'closed'))
    UNION ALL
    SELECT i.source, i.day, i.our_currency, i.ours
    FROM reconciliation_differences i
    JOIN reconciliation_days d ON (d.source, d.day, d.file_id) = (i.source, i.day, i.file_id)
    WHERE i.kind = 'currency'
) AS s
GROUP BY s.source, s.day, s.currency
HAVING sum(s.amount) <> 0;

-- name: a day is closed when nothing of it waits, and only then
SELECT d.source, d.day, d.closed_at, count(i.item_id) AS unfinished
FROM reconciliation_days d
LEFT JOIN reconciliation_differences i
    ON (i.source, i.day) = (d.source, d.day) AND i.state IN ('waiting', 'open', 'proposed')
GROUP BY d.source, d.day, d.closed_at
HAVING (d.closed_at IS NULL) <> (count(i.item_id) > 0);

-- name: what is booked for a difference is what differs
SELECT i.source, i.item_id, i.kind, i.theirs, i.ours, b.currency, b.amount
FROM reconciliation_differences i
LEFT JOIN LATERAL (
    SELECT t.currency, sum(CASE WHEN t.debit IN ('channel_cash', 'bank_cash') THEN t.amount ELSE -t.amount END) AS amount
    FROM ledger_transfers t
    WHERE t.document = i.booking
      AND (t.debit IN ('channel_cash', 'bank_cash') OR t.credit IN ('channel_cash', 'bank_cash'))
    GROUP BY t.currency
) AS b ON true
WHERE i.state = 'booked' AND i.kind <> 'fee'
  AND b.amount IS DISTINCT FROM CASE b.currency
      WHEN i.currency THEN i.theirs - CASE WHEN i.currency = i.our_currency THEN i.ours ELSE 0 END
      ELSE -i.ours END;

-- name: what suspense holds is what differences have put there
SELECT a.owner_id, a.currency, a.debits - a.credits AS booked, t.amount
FROM (SELECT * FROM ledger_accounts WHERE kind = 'suspense') AS a
FULL JOIN (
    SELECT t.owner_id, t.currency, sum(CASE t.debit WHEN 'suspense' THEN t.amount ELSE -t.amount END) AS amount
    FROM reconciliation_differences i JOIN ledger_transfers t ON t.document = i.booking
    WHERE i.state = 'booked' AND 'suspense' IN (t.debit, t.credit)
    GROUP BY t.owner_id, t.currency
) AS t USING (owner_id, currency)
WHERE coalesce(a.debits - a.credits, 0) <> coalesce(t.amount, 0);
