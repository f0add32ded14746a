-- name: E-invoices of an issuer and a year are numbered from one without a gap
SELECT s.owner_id, s.year, s.last, count(e.sequence) AS given, max(e.sequence) AS highest
FROM einvoice_series s
LEFT JOIN (SELECT CASE WHEN issuer = 'platform' THEN '00000000-0000-0000-0000-000000000001'::uuid ELSE merchant_id END AS owner_id
                , year, sequence FROM einvoices) e USING (owner_id, year)
GROUP BY s.owner_id, s.year, s.last
HAVING s.last <> count(DISTINCT e.sequence) OR s.last <> count(e.sequence) OR s.last <> max(e.sequence);

-- name: Every e-invoice has its number from a series
SELECT e.merchant_id, e.einvoice_id, e.year, e.sequence
FROM einvoices e
LEFT JOIN einvoice_series s
    ON s.owner_id = CASE WHEN e.issuer = 'platform' THEN '00000000-0000-0000-0000-000000000001'::uuid ELSE e.merchant_id END
    AND s.year = e.year
WHERE s.last IS NULL OR s.last < e.sequence;

-- name: Credit notes of an order give back no more than its invoice
SELECT i.merchant_id, i.order_id, i.net, i.tax, sum(c.net) AS credited_net, sum(c.tax) AS credited_tax
FROM einvoices i JOIN einvoices c ON c.merchant_id = i.merchant_id AND c.order_id = i.order_id AND c.kind = 'credit_note'
WHERE i.kind = 'invoice'
GROUP BY i.merchant_id, i.order_id, i.net, i.tax
HAVING sum(c.net) > i.net OR sum(c.tax) > i.tax;

-- name: An invoice to a buyer is for what the order came to
SELECT e.merchant_id, e.order_id, e.net + e.tax AS invoiced, o.total
FROM einvoices e JOIN orders o USING (merchant_id, order_id)
WHERE e.kind = 'invoice' AND e.net + e.tax <> o.total;
