-- name: the lowest price of 30 days is one that was asked
SELECT p.merchant_id, p.sku_id, p.currency, p.lowest_before
FROM prices p
WHERE p.lowest_before IS NOT NULL
  AND NOT EXISTS (SELECT FROM price_history h
                  WHERE h.merchant_id = p.merchant_id AND h.sku_id = p.sku_id AND h.currency = p.currency
                    AND h.amount = p.lowest_before);
