-- name: An order is in the state that its last history row says
SELECT o.merchant_id, o.order_id, o.state, h.to_state
FROM orders o
LEFT JOIN (SELECT DISTINCT ON (merchant_id, order_id) merchant_id, order_id, to_state
           FROM order_history ORDER BY merchant_id, order_id, step DESC) h USING (merchant_id, order_id)
WHERE h.to_state IS DISTINCT FROM o.state;

-- name: A purchase is in the state that its last history row says
SELECT p.buyer_id, p.purchase_id, p.state, h.to_state
FROM purchases p
LEFT JOIN (SELECT DISTINCT ON (buyer_id, purchase_id) buyer_id, purchase_id, to_state
           FROM purchase_history ORDER BY buyer_id, purchase_id, step DESC) h USING (buyer_id, purchase_id)
WHERE h.to_state IS DISTINCT FROM p.state;

-- name: A purchase is the sum of its orders
SELECT p.purchase_id, p.total, sum(o.total) AS orders
FROM purchases p LEFT JOIN orders o USING (purchase_id)
GROUP BY p.purchase_id, p.total
HAVING p.total IS DISTINCT FROM sum(o.total);

-- name: An order is the sum of its lines
SELECT o.merchant_id, o.order_id
FROM orders o
LEFT JOIN (SELECT merchant_id, order_id, sum(amount) AS amount, sum(commission) AS commission
           FROM order_lines GROUP BY 1, 2) l USING (merchant_id, order_id)
WHERE o.goods IS DISTINCT FROM l.amount
   OR o.commission IS DISTINCT FROM l.commission
      + CASE WHEN o.freight_fees = '[]' THEN 0
             ELSE (SELECT sum((f ->> 'amount')::bigint + coalesce((f ->> 'tax')::bigint, 0))
                   FROM jsonb_array_elements(o.freight_fees) AS f) END;

-- name: A line's commission is the sum of its fees
SELECT merchant_id, order_id, line, commission, fees
FROM order_lines
WHERE (commission <> 0 OR fees <> '[]')
  AND commission IS DISTINCT FROM (SELECT sum((f ->> 'amount')::bigint + coalesce((f ->> 'tax')::bigint, 0))
                                   FROM jsonb_array_elements(fees) AS f);

-- name: An order's tax on fees is that of its fees
SELECT o.merchant_id, o.order_id, o.fee_tax, l.tax AS of_lines, o.freight_fees
FROM orders o
LEFT JOIN (SELECT merchant_id, order_id, sum((f ->> 'tax')::bigint) AS tax
           FROM order_lines, jsonb_array_elements(fees) AS f WHERE fees <> '[]' GROUP BY 1, 2) l
  USING (merchant_id, order_id)
WHERE (o.fee_tax <> 0 OR l.tax IS NOT NULL OR o.freight_fees <> '[]')
  AND o.fee_tax <> coalesce(l.tax, 0)
                 + coalesce((SELECT sum((f ->> 'tax')::bigint) FROM jsonb_array_elements(o.freight_fees) AS f), 0);

-- name: A line's discount is what its offers took off
SELECT merchant_id, order_id, line, discount, offers
FROM order_lines
WHERE discount <> 0
  AND discount IS DISTINCT FROM (SELECT sum((o ->> 'amount')::bigint) FROM jsonb_array_elements(offers) AS o);

-- name: An order's subsidy is the platform's part of its offers
SELECT o.merchant_id, o.order_id, o.subsidy, l.subsidy AS of_lines, o.freight_offers
FROM orders o
LEFT JOIN (SELECT merchant_id, order_id, sum((e ->> 'platform')::bigint) AS subsidy
           FROM order_lines, jsonb_array_elements(offers) AS e WHERE offers <> '[]' GROUP BY 1, 2) l
  USING (merchant_id, order_id)
WHERE (o.subsidy <> 0 OR l.subsidy IS NOT NULL OR o.freight_offers <> '[]')
  AND o.subsidy <> coalesce(l.subsidy, 0)
                 + coalesce((SELECT sum((e ->> 'platform')::bigint) FROM jsonb_array_elements(o.freight_offers) AS e), 0);

-- name: Orders of a purchase that is not paid are not paid either
SELECT o.merchant_id, o.order_id, o.state, p.state AS purchase
FROM orders o JOIN purchases p USING (purchase_id)
WHERE (p.state = 'placed') <> (o.state = 'placed') OR (p.state = 'cancelled' AND o.state <> 'cancelled');

-- name: Stock is kept for orders only while they are placed or paid
SELECT r.merchant_id, r.order_id, o.state
FROM reservations r JOIN orders o USING (merchant_id, order_id)
WHERE o.state NOT IN ('placed', 'held', 'paid', 'partly_shipped');

-- name: The lines of an order that is placed or held are kept in stock
SELECT l.merchant_id, l.order_id, l.sku_id, l.quantity, r.kept
FROM (SELECT merchant_id, order_id, sku_id, sum(quantity - refunded_quantity) AS quantity
      FROM order_lines JOIN orders o USING (merchant_id, order_id) WHERE o.state IN ('placed', 'held') GROUP BY 1, 2, 3) l
LEFT JOIN (SELECT merchant_id, order_id, sku_id, sum(quantity) AS kept FROM reservations GROUP BY 1, 2, 3) r
  USING (merchant_id, order_id, sku_id)
WHERE l.quantity <> coalesce(r.kept, 0);

-- name: A paid order's money was captured or is authorised, and a received one's was captured or let go
SELECT o.merchant_id, o.order_id, o.total, s.authorised
FROM orders o
LEFT JOIN (SELECT merchant_id, order_id, sum(authorised) AS authorised, sum(authorised - captured - released) AS open
           FROM payment_splits GROUP BY 1, 2) s USING (merchant_id, order_id)
WHERE o.state IN ('held', 'paid', 'partly_shipped', 'shipped', 'completed')
  AND (coalesce(s.authorised, 0) < o.total OR (o.state = 'completed' AND s.open > 0));

-- name: A completed order's money was released, all that was not given back before
SELECT o.merchant_id, o.order_id, o.total, t.released
FROM orders o
LEFT JOIN (SELECT owner_id, document, sum(amount) AS released FROM ledger_transfers
           WHERE reason = 'released' GROUP BY 1, 2) t ON t.owner_id = o.merchant_id AND t.document = o.order_id
WHERE CASE WHEN o.state = 'completed' THEN coalesce(t.released, 0) > o.total OR coalesce(t.released, 0) < o.total - o.refunded
           ELSE t.released IS NOT NULL END;

-- name: What is paid first of a purchase is what its booking says
SELECT p.purchase_id, p.deposit, b.deposit AS booked
FROM purchases p LEFT JOIN presale_bookings b USING (buyer_id, purchase_id)
WHERE (p.deposit > 0 OR b.deposit > 0) AND p.deposit IS DISTINCT FROM b.deposit;

-- name: Deposits of presales are kept until the balance is paid, or they are given up or back
SELECT owner_id, currency, a.amount AS booked, b.amount AS known
FROM (SELECT owner_id, currency, credits - debits AS amount FROM ledger_accounts WHERE kind = 'presale_deposits') a
FULL JOIN (SELECT b.merchant_id AS owner_id, o.currency, sum(b.deposit) AS amount
           FROM presale_bookings b JOIN orders o USING (merchant_id, order_id)
           WHERE b.deposit_paid_at IS NOT NULL AND b.ended_at IS NULL AND o.state = 'placed' GROUP BY 1, 2) b
  USING (owner_id, currency)
WHERE coalesce(a.amount, 0) <> coalesce(b.amount, 0);

-- name: A paid deposit was captured for its order
SELECT b.merchant_id, b.order_id, b.deposit, s.captured
FROM presale_bookings b
LEFT JOIN payment_splits s ON (s.merchant_id, s.order_id, s.payment_id) = (b.merchant_id, b.order_id, b.deposit_payment)
WHERE b.deposit_paid_at IS NOT NULL AND s.captured IS DISTINCT FROM b.deposit;

-- name: A deposit goes back whole, or to the shop, or stays with its order
SELECT b.merchant_id, b.order_id, b.outcome, s.refunding + s.refunded AS back, t.amount AS given_up
FROM presale_bookings b
JOIN orders o USING (merchant_id, order_id)
JOIN payment_splits s ON (s.merchant_id, s.order_id, s.payment_id) = (b.merchant_id, b.order_id, b.deposit_payment)
LEFT JOIN ledger_transfers t ON (t.owner_id, t.document, t.reason) = (b.merchant_id, b.order_id, 'deposit_forfeited')
WHERE (b.outcome = 'returned' AND s.refunding + s.refunded <> b.deposit)
   OR (b.outcome = 'forfeited' AND s.refunding + s.refunded <> 0)
   OR (b.outcome = 'forfeited' AND t.amount IS DISTINCT FROM b.deposit)
   OR (b.outcome IS DISTINCT FROM 'forfeited' AND t.amount IS NOT NULL);

-- name: A booking has ended when its order was dropped unpaid
SELECT b.merchant_id, b.order_id, b.outcome, o.state
FROM presale_bookings b JOIN orders o USING (merchant_id, order_id)
WHERE b.deposit > 0 AND (b.ended_at IS NOT NULL) <> (o.state = 'cancelled' AND o.paid_at IS NULL);
