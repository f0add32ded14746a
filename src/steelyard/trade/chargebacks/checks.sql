-- name: a chargeback's state is the one its history ends in
SELECT c.chargeback_id, c.state, h.to_state
FROM chargebacks c
LEFT JOIN LATERAL (
    SELECT to_state FROM chargeback_history h
    WHERE (h.buyer_id, h.chargeback_id) = (c.buyer_id, c.chargeback_id)
    ORDER BY step DESC LIMIT 1
) AS h ON true
WHERE c.state IS DISTINCT FROM h.to_state;

-- name: each step of a chargeback begins where the one before ended
SELECT chargeback_id, step, from_state, before
FROM (
    SELECT chargeback_id, step, from_state
         , lag(to_state, 1, 'nowhere') OVER (PARTITION BY buyer_id, chargeback_id ORDER BY step) AS before
    FROM chargeback_history
) AS steps
WHERE from_state <> before;

-- name: a part of a chargeback says what its chargeback says
SELECT p.chargeback_id, p.order_id, p.state, c.state AS whole
FROM chargeback_parts p JOIN chargebacks c USING (chargeback_id)
WHERE (p.state, p.reason, p.currency, p.code, p.shop_due_at)
      IS DISTINCT FROM (c.state, c.reason, c.currency, c.code, c.shop_due_at);

-- name: what was taken back is of orders, or had been given back before
SELECT c.chargeback_id, c.amount, c.excess, p.amount AS of_orders
FROM chargebacks c
LEFT JOIN (SELECT chargeback_id, sum(amount) AS amount FROM chargeback_parts GROUP BY 1) p USING (chargeback_id)
WHERE c.state NOT IN ('inquiry', 'closed') AND c.amount <> c.excess + coalesce(p.amount, 0);

-- name: what a split has in dispute are the open chargebacks of its payment
SELECT s.merchant_id, s.order_id, s.payment_id, s.disputed, p.amount
FROM (SELECT * FROM payment_splits WHERE disputed <> 0) s
FULL JOIN (
    SELECT p.merchant_id, p.order_id, c.payment_id, sum(p.amount) AS amount
    FROM chargeback_parts p JOIN chargebacks c USING (chargeback_id)
    WHERE c.state IN ('evidence_due', 'answering', 'submitted') GROUP BY 1, 2, 3
) AS p USING (merchant_id, order_id, payment_id)
WHERE coalesce(s.disputed, 0) <> coalesce(p.amount, 0);

-- name: what is frozen of a shop's money are the open parts of its received orders
SELECT owner_id, currency, a.amount AS booked, p.amount
FROM (SELECT owner_id, currency, credits - debits AS amount FROM ledger_accounts WHERE kind = 'disputed') a
FULL JOIN (SELECT merchant_id AS owner_id, currency, sum(amount) AS amount FROM chargeback_parts WHERE frozen GROUP BY 1, 2) p
  USING (owner_id, currency)
WHERE coalesce(a.amount, 0) <> coalesce(p.amount, 0);

-- name: only what is open and of a received order is frozen
SELECT p.merchant_id, p.chargeback_id, p.order_id, p.state, o.state AS of_order
FROM chargeback_parts p JOIN orders o USING (merchant_id, order_id)
WHERE p.frozen AND (p.state NOT IN ('evidence_due', 'answering', 'submitted') OR o.state <> 'completed');

-- name: what channels have taken back and is in dispute are the open chargebacks
SELECT owner_id, currency, a.amount AS booked, c.amount
FROM (SELECT owner_id, currency, debits - credits AS amount FROM ledger_accounts WHERE kind = 'chargebacks') a
FULL JOIN (SELECT buyer_id AS owner_id, currency, sum(amount) AS amount FROM chargebacks
           WHERE state IN ('evidence_due', 'answering', 'submitted') GROUP BY 1, 2) c USING (owner_id, currency)
WHERE coalesce(a.amount, 0) <> coalesce(c.amount, 0);

-- name: losses by chargebacks are what was taken twice and what was made good to shops, less what came back after it was lost
SELECT owner_id, currency, a.amount AS booked, c.amount
FROM (SELECT owner_id, currency, debits - credits AS amount FROM ledger_accounts WHERE kind = 'chargeback_losses') a
FULL JOIN (SELECT buyer_id AS owner_id, currency
                , sum(excess - covered) - sum(CASE state WHEN 'recovered' THEN amount ELSE 0 END) AS amount
           FROM chargebacks WHERE state IN ('lost', 'accepted', 'expired', 'recovered') GROUP BY 1, 2
           UNION ALL
           SELECT merchant_id, currency, sum(made_good) FROM chargeback_parts GROUP BY 1, 2) c USING (owner_id, currency)
WHERE coalesce(a.amount, 0) <> coalesce(c.amount, 0);

-- name: a lost part is a refund that its channel has made
SELECT p.merchant_id, p.chargeback_id, p.order_id, p.amount, r.amount AS refunded, r.state
FROM chargeback_parts p
LEFT JOIN refunds r ON (r.merchant_id, r.refund_id) = (p.merchant_id, p.refund_id)
WHERE (p.state IN ('lost', 'accepted', 'expired', 'recovered')) <> (p.refund_id IS NOT NULL)
   OR (p.refund_id IS NOT NULL AND (r.amount IS DISTINCT FROM p.amount OR r.state <> 'succeeded'));

-- name: who bears a loss is made good, or not
SELECT merchant_id, chargeback_id, order_id, bearer, state, made_good, fee
FROM chargeback_parts
WHERE (made_good > 0 AND NOT (bearer = 'platform' OR state = 'recovered')) OR (fee > 0 AND bearer <> 'merchant');

-- name: an order that is held, of no team, is held for a look or by a chargeback
SELECT o.merchant_id, o.order_id, c.state AS look
FROM orders o JOIN purchases p USING (buyer_id, purchase_id) LEFT JOIN risk_checks c USING (merchant_id, order_id)
WHERE o.state = 'held' AND p.team_id IS NULL AND c.state IS DISTINCT FROM 'held'
  AND NOT EXISTS (SELECT FROM chargeback_parts b WHERE (b.merchant_id, b.order_id) = (o.merchant_id, o.order_id) AND b.held);

-- name: what a chargeback holds is not sent, and held by nothing else
SELECT b.merchant_id, b.chargeback_id, b.order_id, b.state, o.state AS of_order, c.state AS look
FROM chargeback_parts b JOIN orders o USING (merchant_id, order_id) LEFT JOIN risk_checks c USING (merchant_id, order_id)
WHERE b.held AND (o.state NOT IN ('held', 'cancelled') OR b.state IN ('inquiry', 'won', 'closed', 'recovered')
                  OR (o.state = 'held' AND c.state = 'held'));
