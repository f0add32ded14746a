-- name: what a host or agency is owed is earned, less what was given back and paid, and the books say the same
SELECT b.merchant_id, b.payee_id, b.currency, b.earned, b.slots, b.given_back, b.paid, l.owed AS booked
FROM host_balances b
FULL JOIN (
    SELECT owner_id AS payee_id, currency, credits - debits AS owed FROM ledger_accounts WHERE kind = 'host_payable'
) AS l USING (payee_id, currency)
WHERE l.owed IS DISTINCT FROM b.earned + b.slots - b.given_back - b.paid;

-- name: how it stands with a host or agency is the sum of its commissions, slots and payments
SELECT b.merchant_id, b.payee_id, b.currency, b.earned, l.earned AS of_lines, b.slots, s.slots AS of_sessions, b.paid, p.paid AS of_payments
FROM host_balances b
FULL JOIN (
    SELECT merchant_id, payee_id, currency, sum(earned) AS earned, sum(given_back) AS given_back
    FROM host_commission_lines JOIN host_commissions USING (merchant_id, order_id)
    GROUP BY 1, 2, 3 HAVING sum(earned) > 0
) AS l USING (merchant_id, payee_id, currency)
FULL JOIN (SELECT merchant_id, payee_id, currency, sum(amount) AS slots FROM host_slots GROUP BY 1, 2, 3) AS s
    USING (merchant_id, payee_id, currency)
FULL JOIN (
    SELECT merchant_id, payee_id, currency, sum(amount) FILTER (WHERE undone_at IS NULL) AS paid FROM host_payments GROUP BY 1, 2, 3
) AS p USING (merchant_id, payee_id, currency)
WHERE coalesce(b.earned, 0) <> coalesce(l.earned, 0) OR coalesce(b.given_back, 0) <> coalesce(l.given_back, 0)
   OR coalesce(b.slots, 0) <> coalesce(s.slots, 0) OR coalesce(b.paid, 0) <> coalesce(p.paid, 0);

-- name: what a line's commission lost is what its refunds took
SELECT l.merchant_id, l.order_id, l.line, l.dropped, l.given_back, r.dropped AS dropped_by_refunds, r.given_back AS given_back_by_refunds
FROM host_commission_lines l
LEFT JOIN (
    SELECT merchant_id, order_id, line, coalesce(sum(amount) FILTER (WHERE NOT earned), 0) AS dropped
         , coalesce(sum(amount) FILTER (WHERE earned), 0) AS given_back
    FROM host_commission_returns GROUP BY 1, 2, 3
) AS r USING (merchant_id, order_id, line)
WHERE l.dropped <> coalesce(r.dropped, 0) OR l.given_back <> coalesce(r.given_back, 0);

-- name: a line that went back whole leaves no commission
SELECT merchant_id, order_id, line, amount, dropped, given_back
FROM host_commission_lines WHERE refunded = paid AND dropped + given_back <> amount;

-- name: a commission is earned when its order is complete, and is on its shop's statements
SELECT c.merchant_id, c.order_id, o.state, l.earned, e.amount
FROM host_commissions c
JOIN orders o USING (merchant_id, order_id)
LEFT JOIN (SELECT merchant_id, order_id, sum(earned) AS earned FROM host_commission_lines GROUP BY 1, 2) AS l USING (merchant_id, order_id)
LEFT JOIN settlement_entries e
    ON e.merchant_id = c.merchant_id AND e.document = c.order_id AND e.kind = 'host_commission'
WHERE (c.earned_at IS NOT NULL AND o.state <> 'completed') OR coalesce(l.earned, 0) <> -coalesce(e.amount, 0);

-- name: a slot fee is on its shop's statements
SELECT s.merchant_id, s.slot_id, s.amount, e.amount AS entered
FROM host_slots s
LEFT JOIN settlement_entries e ON e.merchant_id = s.merchant_id AND e.document = s.slot_id AND e.kind = 'slot_fee'
WHERE e.amount IS DISTINCT FROM -s.amount;

-- name: an order has commission of the session that it came from, by an agreement that counted then
SELECT l.merchant_id, l.order_id, l.line, o.source, a.valid_from, a.valid_to, o.placed_at
FROM host_commission_lines l
JOIN host_commissions c USING (merchant_id, order_id)
JOIN orders o USING (merchant_id, order_id)
JOIN host_agreements a USING (merchant_id, agreement_id)
WHERE o.source IS NULL OR split_part(o.source, ':', 2) <> c.session_id::text OR a.host_id <> c.host_id
   OR a.payee_id <> l.payee_id OR a.millionths IS DISTINCT FROM l.millionths
   OR o.placed_at < a.valid_from OR o.placed_at >= a.valid_to;
