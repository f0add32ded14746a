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
WHERE o.goods IS DISTINCT FROM l.amount OR o.commission IS DISTINCT FROM l.commission;

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
FROM (SELECT merchant_id, order_id, sku_id, sum(quantity) AS quantity
      FROM order_lines JOIN orders o USING (merchant_id, order_id) WHERE o.state IN ('placed', 'held') GROUP BY 1, 2, 3) l
LEFT JOIN (SELECT merchant_id, order_id, sku_id, sum(quantity) AS kept FROM reservations GROUP BY 1, 2, 3) r
  USING (merchant_id, order_id, sku_id)
WHERE l.quantity IS DISTINCT FROM r.kept;

-- name: A paid order's money was captured
SELECT o.merchant_id, o.order_id, o.total, s.captured
FROM orders o
LEFT JOIN (SELECT merchant_id, order_id, sum(captured) AS captured FROM payment_splits GROUP BY 1, 2) s
  USING (merchant_id, order_id)
WHERE o.state IN ('held', 'paid', 'partly_shipped', 'shipped', 'completed') AND coalesce(s.captured, 0) < o.total;

-- name: A completed order's money was released, all that was not given back before
SELECT o.merchant_id, o.order_id, o.total, t.released
FROM orders o
LEFT JOIN (SELECT owner_id, document, sum(amount) AS released FROM ledger_transfers
           WHERE reason = 'released' GROUP BY 1, 2) t ON t.owner_id = o.merchant_id AND t.document = o.order_id
WHERE CASE WHEN o.state = 'completed' THEN coalesce(t.released, 0) > o.total OR coalesce(t.released, 0) < o.total - o.refunded
           ELSE t.released IS NOT NULL END;
