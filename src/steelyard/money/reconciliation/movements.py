"""What the books say has moved at a channel or the bank, as far as no line of a statement has been matched with it: SQL for
`matching`."""

MAKE_MOVEMENTS = """
CREATE TEMP TABLE reconciling_movements (
    owner_id uuid NOT NULL, transfer_id uuid NOT NULL, kind text NOT NULL, at timestamptz NOT NULL, document uuid NOT NULL
  , their_document text, currency text NOT NULL, amount bigint NOT NULL
) ON COMMIT DROP
"""

# Our side of a channel, as far as it is not matched. $2: channel_cash; $3 and $4: from when until when.
FILL_FROM_CHANNEL = """
INSERT INTO reconciling_movements (owner_id, transfer_id, kind, at, document, their_document, currency, amount)
SELECT t.owner_id, t.transfer_id, 'capture', t.at, t.document, p.channel_reference, t.currency, t.amount
FROM ledger_transfers t JOIN payments p ON (p.buyer_id, p.payment_id) = (t.owner_id, t.document)
WHERE t.reason = 'captured' AND t.debit = $2::text AND t.at >= $3 AND t.at < $4 AND p.channel = $1
  AND NOT EXISTS (SELECT FROM reconciliation_matches m
                  WHERE m.source = $1 AND (m.owner_id, m.transfer_id) = (t.owner_id, t.transfer_id))
UNION ALL
SELECT t.owner_id, t.transfer_id, 'capture', t.at, t.document, p.channel_reference, t.currency, t.amount
FROM payment_captures c JOIN payments p USING (buyer_id, payment_id) JOIN ledger_transfers t ON t.document = c.capture_id
WHERE t.owner_id = c.buyer_id AND t.debit = $2::text AND t.at >= $3 AND t.at < $4 AND p.channel = $1
  AND NOT EXISTS (SELECT FROM reconciliation_matches WHERE (source, owner_id, transfer_id) = ($1, t.owner_id, t.transfer_id))
UNION ALL
SELECT t.owner_id, t.transfer_id, 'refund', t.at, t.document, r.channel_reference, t.currency, -t.amount
FROM ledger_transfers t JOIN refunds r ON r.refund_id = t.document AND r.buyer_id = t.owner_id
WHERE t.reason = 'refunded' AND t.credit = $2::text AND t.at >= $3 AND t.at < $4 AND r.channel = $1
  AND r.route = 'origin'
  -- (What a chargeback has given back left with the chargeback.)
  AND NOT EXISTS (SELECT FROM channel_disputes d WHERE (d.channel, d.reference) = ($1, r.channel_reference))
  AND NOT EXISTS (SELECT FROM reconciliation_matches m
                  WHERE m.source = $1 AND (m.owner_id, m.transfer_id) = (t.owner_id, t.transfer_id))
UNION ALL
SELECT t.owner_id, t.transfer_id, CASE t.reason WHEN 'charged_back' THEN 'dispute' ELSE 'dispute_won' END, t.at, t.document
     , NULL, t.currency, CASE t.reason WHEN 'charged_back' THEN -t.amount ELSE t.amount END
FROM channel_disputes d JOIN ledger_transfers t ON t.document = d.document
WHERE t.reason IN ('charged_back', 'reinstated') AND $2::text IN (t.debit, t.credit) AND t.at >= $3 AND t.at < $4
  AND d.channel = $1
  AND NOT EXISTS (SELECT FROM reconciliation_matches m
                  WHERE m.source = $1 AND (m.owner_id, m.transfer_id) = (t.owner_id, t.transfer_id))
UNION ALL
-- What it has sent on to shops, or taken back of that, by why it moves.
SELECT t.owner_id, t.transfer_id, CASE t.credit WHEN $2::text THEN 'transfer' ELSE 'transfer_reversal' END, t.at, t.document
     , NULL, t.currency, CASE t.credit WHEN $2::text THEN -t.amount ELSE t.amount END
FROM ledger_transfers t JOIN reconciliation_routes r USING (reason)
WHERE $2::text IN (t.debit, t.credit) AND t.at >= $3 AND t.at < $4 AND r.source = $1
  AND NOT EXISTS (SELECT FROM reconciliation_matches m
                  WHERE m.source = $1 AND (m.owner_id, m.transfer_id) = (t.owner_id, t.transfer_id))
"""

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
