-- name: what is on hand is the sum of its movements
SELECT s.merchant_id, s.sku_id, s.warehouse_id, s.on_hand, coalesce(m.quantity, 0) AS moved
FROM stock s
LEFT JOIN (
    SELECT merchant_id, sku_id, warehouse_id, sum(quantity) AS quantity FROM stock_movements
    GROUP BY merchant_id, sku_id, warehouse_id
) m USING (merchant_id, sku_id, warehouse_id)
WHERE s.on_hand <> coalesce(m.quantity, 0);

-- name: what is promised is the sum of what is kept for orders
SELECT s.merchant_id, s.sku_id, s.warehouse_id, s.reserved, coalesce(r.quantity, 0) AS kept
FROM stock s
LEFT JOIN (
    SELECT merchant_id, sku_id, warehouse_id, sum(quantity) AS quantity FROM reservations
    GROUP BY merchant_id, sku_id, warehouse_id
) r USING (merchant_id, sku_id, warehouse_id)
WHERE s.reserved <> coalesce(r.quantity, 0);

-- name: goods come in and go out as their reason says
SELECT merchant_id, movement_id, reason, quantity FROM stock_movements
WHERE reason IN ('received', 'returned', 'imported', 'sample_returned') AND quantity < 0 OR reason IN ('shipped', 'scrapped', 'sampled') AND quantity > 0;

-- name: stock is of a SKU in a warehouse of the same merchant
SELECT s.merchant_id, s.sku_id, s.warehouse_id
FROM stock s
LEFT JOIN skus k USING (merchant_id, sku_id)
LEFT JOIN warehouses w USING (merchant_id, warehouse_id)
WHERE k.product_id IS NULL OR w.name IS NULL;
