-- name: An invoice is in the state that its last history row says
SELECT i.merchant_id, i.invoice_id, i.state, h.to_state
FROM invoices i
LEFT JOIN (SELECT DISTINCT ON (merchant_id, invoice_id) merchant_id, invoice_id, to_state
           FROM invoice_history ORDER BY merchant_id, invoice_id, step DESC) h USING (merchant_id, invoice_id)
WHERE h.to_state IS DISTINCT FROM i.state;

-- name: No invoice is for more than its order's total
SELECT i.merchant_id, i.invoice_id, i.amount, o.total
FROM invoices i JOIN orders o USING (merchant_id, order_id) WHERE i.amount > o.total;

-- name: What is invoiced of an order, less what red letters take back, is no more than its total
SELECT i.merchant_id, i.order_id, sum(i.amount - i.reversed) AS invoiced, o.total
FROM invoices i JOIN orders o USING (merchant_id, order_id)
WHERE i.reverses IS NULL AND i.state IN ('issued', 'outdated')
GROUP BY i.merchant_id, i.order_id, o.total
HAVING sum(i.amount - i.reversed) > o.total;

-- name: What an invoice says was taken back is what its red letters say
SELECT i.merchant_id, i.invoice_id, i.reversed, r.amount
FROM invoices i
LEFT JOIN (SELECT merchant_id, reverses, sum(amount) AS amount FROM invoices WHERE reverses IS NOT NULL AND state = 'issued'
           GROUP BY merchant_id, reverses) r ON r.merchant_id = i.merchant_id AND r.reverses = i.invoice_id
WHERE i.reverses IS NULL AND i.reversed <> coalesce(r.amount, 0);
