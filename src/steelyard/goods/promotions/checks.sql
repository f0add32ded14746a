-- name: a promotion has spent what it took off orders
SELECT p.merchant_id, p.promotion_id, p.spent, u.amount
FROM promotions p
LEFT JOIN (SELECT merchant_id, promotion_id, sum(amount) AS amount FROM promotion_uses
           WHERE given_back_at IS NULL GROUP BY 1, 2) u USING (merchant_id, promotion_id)
WHERE p.budget IS NOT NULL AND p.spent IS DISTINCT FROM coalesce(u.amount, 0);

-- name: nobody has a coupon that was not counted, or more of one than they may have
SELECT p.merchant_id, p.promotion_id, p.claimed, c.claims, c.most
FROM promotions p
JOIN (SELECT merchant_id, promotion_id, sum(each) AS claims, max(each) AS most
      FROM (SELECT merchant_id, promotion_id, buyer_id, count(*) AS each FROM coupon_claims GROUP BY 1, 2, 3) AS b
      GROUP BY 1, 2) AS c USING (merchant_id, promotion_id)
WHERE c.claims > p.claimed OR c.most > p.per_buyer;

-- name: a used coupon and its use know each other
SELECT u.merchant_id, u.promotion_id, u.order_id, u.claim, c.used_for
FROM promotion_uses u
JOIN promotions p USING (merchant_id, promotion_id)
LEFT JOIN coupon_claims c ON (c.buyer_id, c.promotion_id, c.number) = (u.buyer_id, u.promotion_id, u.claim)
WHERE u.given_back_at IS NULL AND p.coupon
  AND (u.claim IS NULL OR c.used_for IS NULL
       OR (c.used_for <> u.order_id AND p.merchant_id <> '00000000-0000-0000-0000-000000000000'))
  AND EXISTS (SELECT FROM coupon_claims k WHERE k.buyer_id = u.buyer_id);
