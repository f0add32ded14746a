-- name: What is owed to a buyer for a broken promise is in the buyer's purse
SELECT c.merchant_id, c.order_id, c.line, c.amount, l.amount AS in_the_purse
FROM compensations c
LEFT JOIN purse_lines l ON l.buyer_id = c.buyer_id AND l.document = c.document AND l.cause = 'compensated' AND l.purse = c.purse
WHERE coalesce(l.amount, 0) <> c.amount;

-- name: What a shop owed a buyer came out of what it is owed and out of its deposit
SELECT c.merchant_id, c.order_id, c.line, c.amount, t.payable, t.deposit
FROM compensations c
LEFT JOIN (SELECT owner_id, document, sum(amount) FILTER (WHERE debit = 'payable') AS payable
                , sum(amount) FILTER (WHERE debit = 'deposit') AS deposit
           FROM ledger_transfers WHERE reason = 'compensation' GROUP BY 1, 2) AS t
  ON t.owner_id = c.merchant_id AND t.document = c.document
WHERE coalesce(t.deposit, 0) <> c.from_deposit OR coalesce(t.payable, 0) <> c.amount - c.from_deposit;

-- name: What fell in price went back by a refund of that line alone
SELECT p.merchant_id, p.refund_id, p.amount, r.amount AS refunded
FROM price_protections p
LEFT JOIN order_refund_lines r USING (merchant_id, refund_id)
WHERE (r.line, r.quantity, r.amount) IS DISTINCT FROM (p.line, 0, p.amount);

-- name: What a shop had paid in a case that an appeal decided for it was made good, once
SELECT c.merchant_id, c.document, c.amount, c.made_good_at
FROM compensations c JOIN aftersales_cases a USING (merchant_id, case_id)
WHERE c.made_good_at IS NOT NULL AND (a.state, a.verdict) IS DISTINCT FROM ('refunded', 'reject');

-- name: What was made good of compensations is what the platform paid for them
SELECT merchant_id, currency, b.booked, c.made_good
FROM (SELECT owner_id AS merchant_id, currency, sum(amount) AS booked FROM ledger_transfers
      WHERE reason = 'compensation_returned' GROUP BY 1, 2) AS b
FULL JOIN (SELECT merchant_id, currency, sum(amount) AS made_good FROM compensations
           WHERE made_good_at IS NOT NULL GROUP BY 1, 2) AS c USING (merchant_id, currency)
WHERE b.booked IS DISTINCT FROM c.made_good;
