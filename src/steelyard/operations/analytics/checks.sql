-- name: what categories sold on a day is what products sold
SELECT p.merchant_id, p.day, p.currency, p.orders, p.pieces, p.paid, c.orders, c.pieces, c.paid
FROM (
    SELECT merchant_id, day, currency, sum(orders) AS orders, sum(pieces) AS pieces, sum(paid) AS paid
    FROM product_days GROUP BY merchant_id, day, currency
) AS p
FULL JOIN (
    SELECT merchant_id, day, currency, sum(orders) AS orders, sum(pieces) AS pieces, sum(paid) AS paid
    FROM category_days GROUP BY merchant_id, day, currency
) AS c USING (merchant_id, day, currency)
WHERE (p.orders, p.pieces, p.paid) IS DISTINCT FROM (c.orders, c.pieces, c.paid);
