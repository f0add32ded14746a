-- name: An invoice is in the state that its last history row says
SELECT i.merchant_id, i.invoice_id, i.state, h.to_state
FROM invoices i
LEFT JOIN (SELECT DISTINCT ON (merchant_id, invoice_id) merchant_id, invoice_id, to_state
           FROM invoice_history ORDER BY merchant_id, invoice_id, step DESC) h USING (merchant_id, invoice_id)
WHERE h.to_state IS DISTINCT FROM i.state;

-- name: No invoice is for more than its order's total
SELECT i.merchant_id, i.invoice_id, i.amount, o.total
FROM invoices i JOIN orders o USING (merchant_id, order_id) WHERE i.amount > o.total;
