-- name: a purse holds the sum of its lines
SELECT p.buyer_id, p.purse, p.currency, p.amount, l.amount AS of_its_lines
FROM purses p
LEFT JOIN (SELECT buyer_id, purse, currency, sum(amount) AS amount FROM purse_lines GROUP BY 1, 2, 3) l
  USING (buyer_id, purse, currency)
WHERE p.amount <> coalesce(l.amount, 0);

-- name: a purse is its account in the ledger
SELECT buyer_id, purse, currency, p.amount, a.amount AS booked
FROM purses p
FULL JOIN (SELECT owner_id AS buyer_id, kind AS purse, currency, credits - debits AS amount FROM ledger_accounts
           WHERE kind IN ('balance', 'points')) a USING (buyer_id, purse, currency)
WHERE coalesce(p.amount, 0) <> coalesce(a.amount, 0);

-- name: each movement of a purse is a transfer in the books
SELECT l.buyer_id, l.line_id, l.cause, l.amount, t.amount AS booked
FROM purse_lines l
LEFT JOIN ledger_transfers t
  ON t.owner_id = l.buyer_id AND t.document = l.document AND t.reason = l.cause AND t.currency = l.currency
 AND CASE WHEN l.amount > 0 THEN t.credit ELSE t.debit END = l.purse
WHERE t.amount IS DISTINCT FROM abs(l.amount);

-- name: what an issue of gift cards owes are its open cards
SELECT issue_id, c.currency, c.amount, a.amount AS booked
FROM (SELECT issue_id, currency, coalesce(sum(amount) FILTER (WHERE state = 'open'), 0) AS amount
      FROM gift_cards GROUP BY issue_id, currency) c
FULL JOIN (SELECT owner_id AS issue_id, currency, credits - debits AS amount FROM ledger_accounts
           WHERE kind = 'gift_cards') a USING (issue_id, currency)
WHERE coalesce(c.amount, 0) <> coalesce(a.amount, 0);

-- name: a redeemed gift card is in a balance
SELECT c.card_id, c.redeemed_by, c.amount, l.amount AS in_the_balance
FROM gift_cards c
LEFT JOIN purse_lines l ON l.buyer_id = c.redeemed_by AND l.document = c.card_id AND l.cause = 'redeemed'
WHERE c.state = 'redeemed' AND l.amount IS DISTINCT FROM c.amount;
