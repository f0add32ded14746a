"""What a bank account's lines are laid beside: statements of SQL that `matching` runs. $1 is the source."""

# Our side of a bank account: whatever moves through it, by why it moves; what nobody has said of another account moves through
# the one of `*`.
FILL_FROM_BANK = """
INSERT INTO reconciling_movements (owner_id, transfer_id, kind, at, document, currency, amount)
SELECT t.owner_id, t.transfer_id, CASE t.credit WHEN $2::text THEN 'paid_out' ELSE 'received' END, t.at, t.document
     , t.currency, CASE t.credit WHEN $2::text THEN -t.amount ELSE t.amount END
FROM ledger_transfers t
WHERE $2::text IN (t.debit, t.credit) AND t.at >= $3 AND t.at < $4 AND t.reason NOT LIKE 'difference\\_%'
  AND t.reason NOT LIKE 'channel\\_fees%'
  AND (SELECT r.source FROM reconciliation_routes r WHERE r.reason IN (t.reason, '*') ORDER BY r.reason = '*' LIMIT 1) = $1
  AND NOT EXISTS (SELECT FROM reconciliation_matches m
                  WHERE m.source = $1 AND (m.owner_id, m.transfer_id) = (t.owner_id, t.transfer_id))
"""

# The bank's own number, under which staff wrote a buyer's transfer down, or a refund that they made. $2: bank_cash.
BY_BANK_NUMBER = """
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
