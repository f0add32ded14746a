-- name: A refund is the sum of its lines
SELECT r.merchant_id, r.refund_id, r.goods, l.amount
FROM order_refunds r
LEFT JOIN (SELECT merchant_id, refund_id, sum(amount) AS amount FROM order_refund_lines GROUP BY 1, 2) l
  USING (merchant_id, refund_id)
WHERE r.goods <> coalesce(l.amount, 0);

-- name: The commission that a refund gives back is that of its fees, and so is the tax in it
SELECT merchant_id, refund_id, commission, fee_tax, fees, f.whole, f.tax
FROM order_refunds
CROSS JOIN LATERAL (SELECT coalesce(sum((f ->> 'amount')::bigint + coalesce((f ->> 'tax')::bigint, 0)), 0) AS whole
                         , coalesce(sum((f ->> 'tax')::bigint), 0) AS tax FROM jsonb_array_elements(fees) AS f) f
WHERE (commission <> 0 OR fee_tax <> 0 OR fees <> '[]') AND (commission <> f.whole OR fee_tax <> f.tax);

-- name: No fee gives back more than was taken
SELECT r.merchant_id, r.order_id, r.fee_id, r.amount, r.tax, t.amount AS taken, t.tax AS taken_tax
FROM (SELECT merchant_id, order_id, f ->> 'fee_id' AS fee_id, sum((f ->> 'amount')::bigint) AS amount
           , coalesce(sum((f ->> 'tax')::bigint), 0) AS tax
      FROM order_refunds, jsonb_array_elements(fees) AS f WHERE fees <> '[]' GROUP BY 1, 2, 3) r
LEFT JOIN LATERAL (
    SELECT coalesce(sum((f ->> 'amount')::bigint), 0) AS amount, coalesce(sum((f ->> 'tax')::bigint), 0) AS tax
    FROM (SELECT jsonb_array_elements(l.fees) AS f FROM order_lines l
          WHERE (l.merchant_id, l.order_id) = (r.merchant_id, r.order_id)
          UNION ALL
          SELECT jsonb_array_elements(o.freight_fees) FROM orders o
          WHERE (o.merchant_id, o.order_id) = (r.merchant_id, r.order_id)) AS all_fees
    WHERE f ->> 'fee_id' = r.fee_id) t ON true
WHERE r.amount > t.amount OR r.tax > t.tax OR r.amount < 0 OR r.tax < 0;

-- name: Of a received order the tax office is owed the tax on its fees, less what refunds gave back
SELECT o.merchant_id, o.order_id, o.fee_tax, o.fee_tax_returned, p.owed, b.back
FROM orders o
LEFT JOIN (SELECT owner_id, document, sum(amount) AS owed FROM ledger_transfers WHERE reason = 'fee_tax' GROUP BY 1, 2) p
  ON p.owner_id = o.merchant_id AND p.document = o.order_id
LEFT JOIN (SELECT r.merchant_id, r.order_id, sum(t.amount) AS back
           FROM ledger_transfers t JOIN order_refunds r ON r.merchant_id = t.owner_id AND r.refund_id = t.document
           WHERE t.reason = 'fee_tax_returned' GROUP BY 1, 2) b USING (merchant_id, order_id)
WHERE (o.fee_tax <> 0 OR p.owed IS NOT NULL OR b.back IS NOT NULL)
  AND coalesce(p.owed, 0) - coalesce(b.back, 0)
      <> CASE o.state WHEN 'completed' THEN o.fee_tax - o.fee_tax_returned ELSE 0 END;

-- name: An order knows what was given back of it
SELECT o.merchant_id, o.order_id, o.refunded, r.amount, o.commission_returned, r.commission
     , o.subsidy_returned, r.subsidy
FROM orders o
LEFT JOIN (SELECT merchant_id, order_id, sum(goods + freight) AS amount, sum(commission) AS commission
                , sum(subsidy) AS subsidy, sum(fee_tax) AS fee_tax
           FROM order_refunds GROUP BY 1, 2) r USING (merchant_id, order_id)
WHERE o.refunded <> coalesce(r.amount, 0) OR o.commission_returned <> coalesce(r.commission, 0)
   OR o.subsidy_returned <> coalesce(r.subsidy, 0) OR o.fee_tax_returned <> coalesce(r.fee_tax, 0);

-- name: Of a received order the platform has paid its part of promotions, less what refunds took back
SELECT o.merchant_id, o.order_id, o.subsidy, o.subsidy_returned, p.paid, b.back
FROM orders o
LEFT JOIN (SELECT owner_id, document, sum(amount) AS paid FROM ledger_transfers WHERE reason = 'subsidy' GROUP BY 1, 2) p
  ON p.owner_id = o.merchant_id AND p.document = o.order_id
LEFT JOIN (SELECT r.merchant_id, r.order_id, sum(t.amount) AS back
           FROM ledger_transfers t JOIN order_refunds r ON r.merchant_id = t.owner_id AND r.refund_id = t.document
           WHERE t.reason = 'subsidy_returned' GROUP BY 1, 2) b USING (merchant_id, order_id)
WHERE (o.subsidy <> 0 OR p.paid IS NOT NULL OR b.back IS NOT NULL)
  AND coalesce(p.paid, 0) - coalesce(b.back, 0) <> CASE o.state WHEN 'completed' THEN o.subsidy - o.subsidy_returned ELSE 0 END;

-- name: A line knows what was given back of it
SELECT l.merchant_id, l.order_id, l.line
FROM order_lines l
LEFT JOIN (SELECT merchant_id, order_id, line, sum(quantity) AS quantity, sum(amount) AS amount
           FROM order_refund_lines GROUP BY 1, 2, 3) r USING (merchant_id, order_id, line)
WHERE l.refunded_quantity <> coalesce(r.quantity, 0) OR l.refunded <> coalesce(r.amount, 0);

-- name: A cancelled order that was paid was given back whole
SELECT o.merchant_id, o.order_id, o.total, o.refunded
FROM orders o WHERE o.state = 'cancelled' AND o.paid_at IS NOT NULL AND o.refunded <> o.total;

-- name: What was decided to be given back was instructed to the channel, or let go before it was taken
SELECT r.merchant_id, r.refund_id, r.goods + r.freight AS decided, p.amount AS instructed
FROM order_refunds r
LEFT JOIN (SELECT merchant_id, refund_id, sum(amount) AS amount
           FROM (SELECT merchant_id, coalesce(part_of, refund_id) AS refund_id, amount FROM refunds
                 UNION ALL
                 SELECT merchant_id, document, amount FROM payment_releases) AS back
           GROUP BY 1, 2) p USING (merchant_id, refund_id)
WHERE p.amount IS DISTINCT FROM r.goods + r.freight;

-- name: A request to cancel is in the state that its last history row says
SELECT r.merchant_id, r.order_id, r.state, h.to_state
FROM cancellation_requests r
LEFT JOIN (SELECT DISTINCT ON (merchant_id, order_id) merchant_id, order_id, to_state
           FROM cancellation_history ORDER BY merchant_id, order_id, step DESC) h USING (merchant_id, order_id)
WHERE h.to_state IS DISTINCT FROM r.state;

-- name: A granted request has cancelled its order
SELECT r.merchant_id, r.order_id, o.state
FROM cancellation_requests r JOIN orders o USING (merchant_id, order_id)
WHERE r.state = 'granted' AND o.state <> 'cancelled';

-- name: An after-sales case is in the state that its last history row says
SELECT c.merchant_id, c.case_id, c.state, h.to_state
FROM aftersales_cases c
LEFT JOIN (SELECT DISTINCT ON (merchant_id, case_id) merchant_id, case_id, to_state
           FROM aftersales_case_history ORDER BY merchant_id, case_id, step DESC) h USING (merchant_id, case_id)
WHERE h.to_state IS DISTINCT FROM c.state;

-- name: A refunded after-sales case has its refund, for the pieces that it says
SELECT c.merchant_id, c.case_id, l.line, l.given, r.quantity
FROM aftersales_cases c
JOIN aftersales_case_lines l USING (merchant_id, case_id)
LEFT JOIN order_refund_lines r ON r.merchant_id = c.merchant_id AND r.refund_id = c.refund_id AND r.line = l.line
WHERE (c.state = 'refunded' AND coalesce(l.given, -1) <> coalesce(r.quantity, 0))
   OR (c.state <> 'refunded' AND (l.given IS NOT NULL OR r.quantity IS NOT NULL));

-- name: A refunded after-sales case gave money back
SELECT c.merchant_id, c.case_id FROM aftersales_cases c
WHERE (c.state = 'refunded') <> EXISTS (SELECT FROM order_refunds r
                                        WHERE r.merchant_id = c.merchant_id AND r.refund_id = c.refund_id);

-- name: No more pieces are in open after-sales cases than a line has
SELECT o.merchant_id, o.order_id, o.line, o.quantity, sum(l.quantity) AS asked
FROM aftersales_cases c
JOIN aftersales_case_lines l USING (merchant_id, case_id)
JOIN order_lines o ON o.merchant_id = l.merchant_id AND o.order_id = l.order_id AND o.line = l.line
WHERE c.ended_at IS NULL
GROUP BY o.merchant_id, o.order_id, o.line, o.quantity HAVING sum(l.quantity) > o.quantity;

-- name: An order knows how many after-sales cases are open
SELECT o.merchant_id, o.order_id, o.open_cases, c.open
FROM orders o
LEFT JOIN (SELECT merchant_id, order_id, count(*) AS open FROM aftersales_cases WHERE ended_at IS NULL GROUP BY 1, 2) c
  USING (merchant_id, order_id)
WHERE o.open_cases <> coalesce(c.open, 0);

-- name: An open appeal is of a case that waits for the platform, or of a refund
SELECT a.merchant_id, a.case_id, c.state
FROM aftersales_appeals a JOIN aftersales_cases c USING (merchant_id, case_id)
WHERE a.outcome IS NULL AND c.state NOT IN ('disputed', 'refunded');

-- name: What the platform made good is what its appeals say
SELECT owner_id, currency, l.amount, a.amount AS decided
FROM (SELECT owner_id, currency, sum(amount) AS amount FROM ledger_transfers
      WHERE reason = 'goodwill' GROUP BY 1, 2) AS l
FULL JOIN (SELECT merchant_id AS owner_id, currency, sum(compensation) AS amount FROM aftersales_appeals
           WHERE compensation > 0 GROUP BY 1, 2) AS a USING (owner_id, currency)
WHERE l.amount IS DISTINCT FROM a.amount;

-- name: Stock is kept for orders, flash sales and exchanges that are under way
SELECT r.merchant_id, r.order_id, c.state
FROM reservations r
LEFT JOIN aftersales_cases c ON (c.merchant_id, c.case_id) = (r.merchant_id, r.order_id)
WHERE NOT EXISTS (SELECT FROM orders o WHERE (o.merchant_id, o.order_id) = (r.merchant_id, r.order_id))
  AND NOT EXISTS (SELECT FROM flash_sessions f WHERE (f.merchant_id, f.session_id) = (r.merchant_id, r.order_id))
  AND (c.state IS NULL OR c.kind NOT IN ('exchange', 'replacement')
       OR c.state NOT IN ('agreed', 'sent_back', 'refused', 'disputed', 'accepted'));

-- name: What an exchange is to send is kept in stock
SELECT e.merchant_id, e.case_id, e.quantity, e.accepted, r.kept
FROM aftersales_exchanges e
JOIN aftersales_cases c USING (merchant_id, case_id)
LEFT JOIN (SELECT merchant_id, order_id, sum(quantity) AS kept FROM reservations GROUP BY 1, 2) r
  ON (r.merchant_id, r.order_id) = (e.merchant_id, e.case_id)
WHERE NOT e.turned AND c.state IN ('agreed', 'sent_back', 'accepted')
  AND coalesce(r.kept, 0) <> CASE WHEN c.state = 'accepted' THEN e.accepted ELSE e.quantity END;

-- name: What was exchanged was sent
SELECT e.merchant_id, e.case_id, c.state
FROM aftersales_exchanges e
JOIN aftersales_cases c USING (merchant_id, case_id)
LEFT JOIN parcels p ON (p.merchant_id, p.parcel_id) = (e.merchant_id, e.parcel_id)
WHERE c.state IN ('resent', 'exchanged') AND p.parcel_id IS NULL;
