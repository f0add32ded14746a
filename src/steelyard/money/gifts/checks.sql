-- name: a gift card that was paid for is there, and given back when its money is
SELECT s.sale_id, s.paid_at, s.refunded_at, c.state, c.amount
FROM gift_sales s LEFT JOIN gift_cards c ON c.issue_id = s.sale_id
WHERE (s.paid_at IS NULL) <> (c.card_id IS NULL)
   OR (s.refunded_at IS NOT NULL) <> coalesce(c.state = 'refunded', false)
   OR (c.amount, c.currency) IS DISTINCT FROM (s.amount, s.currency) AND c.card_id IS NOT NULL;

-- name: what was paid for a gift card was captured, and goes back whole or not at all
SELECT s.sale_id, s.amount, s.refunded_at, p.captured, p.refunding + p.refunded AS back
FROM gift_sales s LEFT JOIN payment_splits p ON p.merchant_id = s.sale_id AND p.payment_id = s.payment_id
WHERE s.paid_at IS NOT NULL
  AND (p.captured IS DISTINCT FROM s.amount
       OR p.refunding + p.refunded <> CASE WHEN s.refunded_at IS NULL THEN 0 ELSE s.amount END);

-- name: cards that were ordered at once are one buyer's, in one currency, and paid together
SELECT batch_id FROM gift_sales GROUP BY batch_id
HAVING count(DISTINCT (buyer_id, currency)) > 1
    OR count(DISTINCT payment_id) > 1 OR (count(payment_id) > 0 AND count(payment_id) < count(*));

-- name: what a buyer has ordered of gift cards in a day is the sum of it
SELECT buyer_id, day, currency, d.amount, s.amount AS ordered
FROM gift_days d
FULL JOIN (SELECT buyer_id, day, currency, sum(amount) AS amount FROM gift_sales WHERE lapsed_at IS NULL
           GROUP BY buyer_id, day, currency) s USING (buyer_id, day, currency)
WHERE coalesce(d.amount, 0) <> coalesce(s.amount, 0);
