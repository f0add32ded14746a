-- name: what an order earned is in a purse
SELECT r.merchant_id, r.order_id, r.earned, l.amount
FROM order_rewards r
LEFT JOIN purse_lines l
  ON l.buyer_id = r.buyer_id AND l.purse = 'points' AND l.cause = 'earned' AND l.document = r.order_id
WHERE l.amount IS DISTINCT FROM r.earned;

-- name: what was taken back of points is what orders know of it
SELECT r.merchant_id, r.order_id, r.taken_back, l.amount
FROM order_rewards r
LEFT JOIN (SELECT buyer_id, about, -sum(amount) AS amount FROM purse_lines
           WHERE purse = 'points' AND cause = 'taken_back' AND about IS NOT NULL GROUP BY 1, 2) l
  ON l.buyer_id = r.buyer_id AND l.about = r.order_id
WHERE r.taken_back <> coalesce(l.amount, 0);
