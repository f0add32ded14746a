-- name: a member's growth is the sum of the lines that count
SELECT m.merchant_id, m.buyer_id, m.growth, l.amount FROM growth_members m
LEFT JOIN LATERAL (SELECT greatest(0, coalesce(sum(amount), 0)) AS amount FROM growth_lines l
                   WHERE l.merchant_id = m.merchant_id AND l.buyer_id = m.buyer_id
                     AND l.day <= m.counted_on AND m.counted_on < l.until) l ON true
WHERE m.growth <> l.amount;

-- name: a member stands where the last move led
SELECT m.merchant_id, m.buyer_id, m.rank, l.to_rank FROM growth_members m
LEFT JOIN LATERAL (SELECT to_rank FROM level_moves v WHERE v.merchant_id = m.merchant_id AND v.buyer_id = m.buyer_id
                   ORDER BY step DESC LIMIT 1) l ON true
WHERE m.rank <> coalesce(l.to_rank, 0);

-- name: no order has less growth than was taken back of it
SELECT merchant_id, coalesce(about, document) AS order_id, sum(amount) FROM growth_lines WHERE cause IN ('order', 'refund')
GROUP BY 1, 2 HAVING sum(amount) < 0;

-- name: a member is in the group of their level
SELECT m.merchant_id, m.buyer_id, m.rank FROM growth_members m
JOIN growth_levels l USING (merchant_id, rank)
JOIN customer_groups c ON c.merchant_id = l.merchant_id AND c.group_id = l.group_id AND c.closed_at IS NULL
WHERE NOT EXISTS (SELECT FROM customer_group_members g WHERE g.merchant_id = l.merchant_id AND g.group_id = l.group_id
                  AND g.buyer_id = m.buyer_id AND g.source = 'level');

-- name: who is in the group of a level stands on it
SELECT g.merchant_id, g.group_id, g.buyer_id FROM customer_group_members g
JOIN customer_groups c USING (merchant_id, group_id)
LEFT JOIN growth_levels l USING (merchant_id, group_id)
LEFT JOIN growth_members m ON m.merchant_id = l.merchant_id AND m.rank = l.rank AND m.buyer_id = g.buyer_id
WHERE g.source = 'level' AND c.closed_at IS NULL AND m.buyer_id IS NULL;

-- name: points for a level are in a purse
SELECT b.merchant_id, b.order_id, b.earned, l.amount FROM level_bonuses b
LEFT JOIN purse_lines l ON l.buyer_id = b.buyer_id AND l.purse = 'points' AND l.cause = 'level' AND l.document = b.order_id
WHERE l.amount IS DISTINCT FROM b.earned;

-- name: a targeted coupon is in the state that its history says
SELECT c.merchant_id, c.targeted_id, c.state FROM targeted_coupons c
WHERE c.state IS DISTINCT FROM (SELECT h.to_state FROM targeted_coupon_history h
                                WHERE h.merchant_id = c.merchant_id AND h.targeted_id = c.targeted_id
                                ORDER BY h.step DESC LIMIT 1);

-- name: nobody has part in a targeted coupon who is not counted
SELECT c.merchant_id, c.targeted_id, c.given, c.held FROM targeted_coupons c
WHERE (c.given, c.held) IS DISTINCT FROM (0, 0)
  AND EXISTS (SELECT FROM experiment_units u WHERE u.merchant_id = c.merchant_id AND u.experiment_id = c.targeted_id
              HAVING count(*) FILTER (WHERE u.variant = 1) > c.given OR count(*) FILTER (WHERE u.variant = 0) > c.held);
