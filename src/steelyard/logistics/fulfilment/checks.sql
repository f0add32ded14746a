-- name: What left the house is what the parcels hold
SELECT f.merchant_id, f.order_id, f.line, f.shipped, coalesce(p.quantity, 0) AS in_parcels
FROM fulfilment_lines f
LEFT JOIN (SELECT merchant_id, order_id, line, sum(quantity) AS quantity FROM parcel_lines GROUP BY 1, 2, 3) p
  USING (merchant_id, order_id, line)
WHERE f.shipped <> coalesce(p.quantity, 0);

-- name: What is still to be sent is still kept in stock
SELECT f.merchant_id, f.order_id, f.sku_id, f.left_over, coalesce(r.kept, 0) AS kept
FROM (SELECT merchant_id, order_id, sku_id, sum(quantity - shipped - withdrawn) AS left_over
      FROM fulfilment_lines GROUP BY 1, 2, 3) f
LEFT JOIN (SELECT merchant_id, order_id, sku_id, sum(quantity) AS kept FROM reservations GROUP BY 1, 2, 3) r
  USING (merchant_id, order_id, sku_id)
WHERE f.left_over <> coalesce(r.kept, 0);
