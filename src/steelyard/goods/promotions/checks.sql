-- name: a promotion has spent what it took off orders
SELECT p.merchant_id, p.promotion_id, p.spent, u.amount
FROM promotions p
LEFT JOIN (SELECT merchant_id, promotion_id, sum(amount) AS amount FROM promotion_uses
           WHERE given_back_at IS NULL GROUP BY 1, 2) u USING (merchant_id, promotion_id)
WHERE p.budget IS NOT NULL AND p.spent IS DISTINCT FROM coalesce(u.amount, 0);

-- name: nobody has a coupon that was not counted, or more of one than they may have
SELECT p.merchant_id, p.promotion_id, p.claimed, c.claims, c.most
FROM promotions p
JOIN (SELECT merchant_id, promotion_id, sum(each) AS claims, max(own) AS most
      FROM (SELECT merchant_id, promotion_id, buyer_id, count(*) AS each, count(*) FILTER (WHERE NOT again) AS own
            FROM coupon_claims GROUP BY 1, 2, 3) AS b
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

-- name: of a flash price so many pieces are taken as orders have
SELECT p.merchant_id, p.promotion_id, p.taken, u.pieces
FROM promotions p
LEFT JOIN (SELECT merchant_id, promotion_id, sum(pieces) AS pieces FROM promotion_uses
           WHERE given_back_at IS NULL GROUP BY 1, 2) u USING (merchant_id, promotion_id)
WHERE p.session_id IS NOT NULL AND p.taken IS DISTINCT FROM coalesce(u.pieces, 0);

-- name: what is left at a flash price is kept for it until it is over
SELECT p.merchant_id, p.promotion_id, p.pieces - p.taken AS left, coalesce(r.quantity, 0) AS kept
FROM promotions p
LEFT JOIN (SELECT merchant_id, order_id, sku_id, sum(quantity) AS quantity FROM reservations GROUP BY 1, 2, 3) AS r
    ON (r.merchant_id, r.order_id, r.sku_id) = (p.merchant_id, p.session_id, p.sku_id)
WHERE p.session_id IS NOT NULL
  AND coalesce(r.quantity, 0) <> CASE WHEN p.returned_at IS NULL THEN p.pieces - p.taken ELSE 0 END;

-- name: a buyer's pieces at a flash price are those of their orders
SELECT l.buyer_id, l.promotion_id, l.pieces, u.pieces AS in_orders
FROM promotion_limits l
LEFT JOIN (SELECT buyer_id, promotion_id, sum(pieces) AS pieces FROM promotion_uses
           WHERE given_back_at IS NULL GROUP BY 1, 2) u USING (buyer_id, promotion_id)
WHERE l.pieces <> coalesce(u.pieces, 0);

-- name: a session and its prices are over together
SELECT s.merchant_id, s.session_id, s.ended_at, p.promotion_id, p.returned_at
FROM flash_sessions s JOIN promotions p USING (merchant_id, session_id)
WHERE (s.ended_at IS NULL) <> (p.returned_at IS NULL);
