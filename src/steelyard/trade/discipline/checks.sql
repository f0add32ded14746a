-- name: A deposit in the books is the sum of its movements
SELECT owner_id, currency, a.credits - a.debits AS booked, m.amount
FROM (SELECT * FROM ledger_accounts WHERE kind = 'deposit') AS a
FULL JOIN (SELECT merchant_id AS owner_id, currency, sum(amount) AS amount FROM deposit_movements GROUP BY 1, 2) AS m
  USING (owner_id, currency)
WHERE coalesce(a.credits - a.debits, 0) <> coalesce(m.amount, 0);

-- name: What violations cost is in the books, and what was revoked is undone
SELECT owner_id, currency, a.credits - a.debits AS booked, v.fines
FROM (SELECT * FROM ledger_accounts WHERE kind = 'fines') AS a
FULL JOIN (SELECT merchant_id AS owner_id, currency, sum(fine) AS fines FROM violations
           WHERE outcome IS DISTINCT FROM 'revoked' GROUP BY 1, 2) AS v USING (owner_id, currency)
WHERE coalesce(a.credits - a.debits, 0) <> coalesce(v.fines, 0);

-- name: What shops paid in of what they owed is in the books
SELECT merchant_id, payment_id, p.amount, t.amount AS booked
FROM debt_payments p
FULL JOIN (SELECT owner_id AS merchant_id, document AS payment_id, currency, amount FROM ledger_transfers
           WHERE reason = 'debt_paid') t USING (merchant_id, payment_id, currency)
WHERE p.amount IS DISTINCT FROM t.amount;
