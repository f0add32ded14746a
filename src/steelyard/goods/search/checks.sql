-- name: what is found has the figures that were pushed down
SELECT e.merchant_id, e.product_id, e.sold, e.rating
FROM search_entries e LEFT JOIN search_figures f USING (merchant_id, product_id)
WHERE e.sold IS DISTINCT FROM f.sold OR e.rating IS DISTINCT FROM f.rating;

-- name: what is found is a product
SELECT e.merchant_id, e.product_id
FROM search_entries e LEFT JOIN products p USING (merchant_id, product_id)
WHERE p.state IS NULL;
