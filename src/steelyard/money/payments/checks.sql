-- name: a payment's state is the one its history ends in
SELECT p.payment_id, p.state, h.to_state
FROM payments p
LEFT JOIN LATERAL (
    SELECT to_state FROM payment_history h
    WHERE (h.buyer_id, h.payment_id) = (p.buyer_id, p.payment_id)
    ORDER BY step DESC LIMIT 1
) AS h ON true
WHERE p.state IS DISTINCT FROM h.to_state;

-- name: a refund's state is the one its history ends in
SELECT r.refund_id, r.state, h.to_state
FROM refunds r
LEFT JOIN LATERAL (
    SELECT to_state FROM refund_history h
    WHERE (h.merchant_id, h.refund_id) = (r.merchant_id, r.refund_id)
    ORDER BY step DESC LIMIT 1
) AS h ON true
WHERE r.state IS DISTINCT FROM h.to_state;

-- name: each step of a payment or a refund begins where the one before ended
SELECT id, step, from_state, before
FROM (
    SELECT payment_id AS id, step, from_state
         , lag(to_state, 1, 'nowhere') OVER (PARTITION BY buyer_id, payment_id ORDER BY step) AS before
    FROM payment_history
    UNION ALL
    SELECT refund_id, step, from_state
         , lag(to_state, 1, 'nowhere') OVER (PARTITION BY merchant_id, refund_id ORDER BY step)
    FROM refund_history
    UNION ALL
    SELECT capture_id, step, from_state
         , lag(to_state, 1, 'nowhere') OVER (PARTITION BY buyer_id, capture_id ORDER BY step)
    FROM payment_capture_history
) AS steps
WHERE from_state <> before;

-- name: a payment's splits add up to it, and are captured when it is; what is captured later may be let go in part
SELECT p.payment_id, p.state, p.later, p.amount, s.amount AS split, s.authorised, s.capturing, s.captured, s.released
FROM payments p
LEFT JOIN (
    SELECT payment_id, currency, sum(amount) AS amount, sum(authorised) AS authorised, sum(capturing) AS capturing
         , sum(captured) AS captured, sum(released) AS released
    FROM payment_splits GROUP BY payment_id, currency
) AS s USING (payment_id, currency)
WHERE s.amount IS DISTINCT FROM p.amount
   OR s.authorised <> CASE WHEN p.state IN ('authorised', 'captured') OR p.authorised_until IS NOT NULL THEN p.amount ELSE 0 END
   OR (NOT p.later AND (s.capturing, s.captured, s.released)
                       IS DISTINCT FROM (0, CASE p.state WHEN 'captured' THEN p.amount ELSE 0 END, 0))
   OR (p.later AND p.state = 'captured' AND (s.captured = 0 OR s.captured + s.released <> p.amount))
   OR (p.later AND p.state = 'cancelled' AND (s.captured <> 0 OR s.released <> s.authorised));

-- name: a capture's state is the one its history ends in
SELECT c.capture_id, c.state, h.to_state
FROM payment_captures c
LEFT JOIN LATERAL (
    SELECT to_state FROM payment_capture_history h
    WHERE (h.buyer_id, h.capture_id) = (c.buyer_id, c.capture_id)
    ORDER BY step DESC LIMIT 1
) AS h ON true
WHERE c.state IS DISTINCT FROM h.to_state;

-- name: a capture is the sum of its orders' parts, and no more is taken of a payment than was authorised
SELECT c.payment_id, c.capture_id, c.amount, p.amount AS parts
FROM payment_captures c
LEFT JOIN (SELECT capture_id, sum(amount) AS amount FROM payment_capture_parts GROUP BY capture_id) p USING (capture_id)
WHERE c.amount IS DISTINCT FROM p.amount
UNION ALL
SELECT c.payment_id, NULL, sum(c.amount), p.amount
FROM payment_captures c JOIN payments p USING (buyer_id, payment_id)
WHERE c.state <> 'failed' GROUP BY c.payment_id, p.amount HAVING sum(c.amount) > p.amount;

-- name: what is being captured of a split, captured and let go are its captures and releases
SELECT s.merchant_id, s.order_id, s.payment_id, s.capturing, s.captured, s.released
     , c.capturing AS asked, c.captured AS taken, r.released AS let_go
FROM payment_splits s
JOIN (SELECT buyer_id AS whose, payment_id AS id FROM payments WHERE later) p ON (p.whose, p.id) = (s.buyer_id, s.payment_id)
LEFT JOIN (
    SELECT a.merchant_id, a.order_id, a.payment_id
         , sum(a.amount) FILTER (WHERE c.state = 'instructed') AS capturing
         , sum(a.amount) FILTER (WHERE c.state = 'succeeded') AS captured
    FROM payment_capture_parts a JOIN payment_captures c USING (capture_id) GROUP BY 1, 2, 3
) AS c USING (merchant_id, order_id, payment_id)
LEFT JOIN (
    SELECT merchant_id, order_id, payment_id, sum(amount) AS released
         , sum(amount) FILTER (WHERE reason = 'taken_all_the_same') AS taken
    FROM payment_releases GROUP BY 1, 2, 3
) AS r USING (merchant_id, order_id, payment_id)
WHERE s.capturing <> coalesce(c.capturing, 0) OR s.captured <> coalesce(c.captured, 0) - coalesce(r.taken, 0)
   OR s.released <> coalesce(r.released, 0);

-- name: what the books have of an authorised payment is what its splits have captured
SELECT p.payment_id, t.amount AS booked, s.captured
FROM payments p
JOIN (SELECT payment_id, sum(captured) AS captured FROM payment_splits GROUP BY payment_id) s USING (payment_id)
LEFT JOIN (
    SELECT d.payment_id, sum(t.amount) AS amount
    FROM (SELECT DISTINCT buyer_id, payment_id, document FROM payment_captures
          UNION SELECT buyer_id, payment_id, payment_id FROM payments WHERE later) d
    JOIN ledger_transfers t ON t.owner_id = d.buyer_id AND t.document = d.document AND t.reason = 'captured'
    GROUP BY d.payment_id
) t USING (payment_id)
WHERE p.later AND coalesce(t.amount, 0) <> s.captured;

-- name: only what an authorised payment has let go is still to be told
SELECT s.merchant_id, s.order_id, s.payment_id, p.state
FROM payment_splits s JOIN payments p ON (p.buyer_id, p.payment_id) = (s.buyer_id, s.payment_id)
WHERE s.let_go_at IS NOT NULL AND p.state <> 'authorised';

-- name: what a split has on its way back and given back are its refunds
SELECT s.merchant_id, s.order_id, s.payment_id, s.refunding, s.refunded, r.refunding AS of_refunds, r.refunded AS succeeded
FROM payment_splits s
LEFT JOIN (
    SELECT merchant_id, order_id, payment_id
         , sum(amount) FILTER (WHERE state <> 'succeeded') AS refunding
         , sum(amount) FILTER (WHERE state = 'succeeded') AS refunded
    FROM refunds GROUP BY merchant_id, order_id, payment_id
) AS r USING (merchant_id, order_id, payment_id)
WHERE s.refunding <> coalesce(r.refunding, 0) OR s.refunded <> coalesce(r.refunded, 0);

-- name: a surplus payment goes back whole
SELECT p.payment_id, s.order_id, s.captured, s.refunding, s.refunded
FROM payments p JOIN payment_splits s USING (payment_id)
WHERE p.surplus AND s.refunding + s.refunded <> s.captured;

-- name: a buyer's money at the channels, with what they took back and argue about or keep, is what was captured less what was given back
SELECT owner_id, currency, a.debits - a.credits AS booked, m.captured - m.refunded AS known
FROM (SELECT owner_id, currency, sum(debits) AS debits, sum(credits) AS credits FROM ledger_accounts
      WHERE (kind = 'chargebacks'
             -- (A shop's are transfers to its account at Stripe: settlement's own check is about them.)
             OR kind = 'channel_cash' AND owner_id NOT IN (SELECT merchant_id FROM merchants)
             OR kind = 'bank_cash' AND owner_id IN (SELECT buyer_id FROM payments)
             OR kind = 'chargeback_losses' AND owner_id NOT IN (SELECT merchant_id FROM merchants))
        AND owner_id NOT IN (SELECT owner_id FROM ledger_counterparties) GROUP BY 1, 2) AS a
FULL JOIN (
    SELECT buyer_id AS owner_id, currency, sum(captured) AS captured, sum(refunded) AS refunded
    FROM (
        SELECT buyer_id, currency, CASE channel WHEN 'bank_transfer' THEN 0 ELSE captured END AS captured, refunded
        FROM payment_splits WHERE channel NOT IN ('balance', 'points', 'cod')
        UNION ALL
        SELECT buyer_id, currency, 0, -amount FROM refunds WHERE route = 'balance' AND state = 'succeeded' AND channel <> 'cod'
        UNION ALL
        SELECT buyer_id, currency, 0, amount FROM refunds WHERE route = 'by_hand' AND state = 'succeeded' AND channel = 'cod'
        UNION ALL
        SELECT buyer_id, currency, amount, 0 FROM bank_movements
    ) AS known GROUP BY buyer_id, currency
) AS m USING (owner_id, currency)
WHERE coalesce(a.debits - a.credits, 0) <> coalesce(m.captured - m.refunded, 0);

-- name: a merchant's refunds that are due are those that have not succeeded
SELECT owner_id, currency, a.credits - a.debits AS booked, r.amount AS known
FROM (SELECT * FROM ledger_accounts WHERE kind = 'refund_due') AS a
FULL JOIN (
    SELECT merchant_id AS owner_id, currency, sum(refunding) AS amount
    FROM payment_splits GROUP BY merchant_id, currency
) AS r USING (owner_id, currency)
WHERE coalesce(a.credits - a.debits, 0) <> coalesce(r.amount, 0);

-- name: what is kept out of purses is kept for payments that are not captured yet
SELECT buyer_id, channel, currency, k.amount, a.amount AS booked
FROM (SELECT buyer_id, channel, currency, sum(amount) AS amount FROM payments
      WHERE state = 'pending' AND channel IN ('balance', 'points') GROUP BY 1, 2, 3) k
FULL JOIN (SELECT owner_id AS buyer_id, replace(kind, '_held', '') AS channel, currency, credits - debits AS amount
           FROM ledger_accounts WHERE kind IN ('balance_held', 'points_held')) a USING (buyer_id, channel, currency)
WHERE coalesce(k.amount, 0) <> coalesce(a.amount, 0);

-- name: what is received by transfer is what came, less what was given back and what payments were captured out of
SELECT owner_id, currency, a.amount AS booked, k.amount AS known
FROM (SELECT owner_id, currency, credits - debits AS amount FROM ledger_accounts WHERE kind = 'transfers_received') AS a
FULL JOIN (
    SELECT buyer_id AS owner_id, currency, sum(amount) AS amount
    FROM (
        SELECT buyer_id, currency, amount FROM bank_movements
        UNION ALL
        SELECT buyer_id, currency, -amount FROM payments WHERE channel = 'bank_transfer' AND state = 'captured'
    ) AS each GROUP BY buyer_id, currency
) AS k USING (owner_id, currency)
WHERE coalesce(a.amount, 0) <> coalesce(k.amount, 0);

-- name: what was refunded by hand has its number at the bank, and a number is used once
SELECT r.refund_id, r.amount, h.bank_number, m.bank_number AS also_a_movement
FROM (SELECT refund_id, amount FROM refunds WHERE route = 'by_hand' AND state = 'succeeded') AS r
LEFT JOIN refunds_by_hand h USING (refund_id, amount)
LEFT JOIN bank_movements m USING (bank_number)
WHERE h.bank_number IS NULL OR m.bank_number IS NOT NULL;

-- name: what is collected at the door is in the state that its history ends in, each step beginning where the last ended
SELECT d.merchant_id, d.order_id, d.payment_id, d.state, h.to_state, h.broken
FROM door_collections d
LEFT JOIN (
    SELECT merchant_id, order_id, payment_id, (array_agg(to_state ORDER BY step DESC))[1] AS to_state
         , bool_or(from_state <> before) AS broken
    FROM (SELECT *, lag(to_state, 1, 'nowhere') OVER (PARTITION BY merchant_id, order_id, payment_id ORDER BY step) AS before
          FROM door_history) AS steps
    GROUP BY merchant_id, order_id, payment_id
) AS h USING (merchant_id, order_id, payment_id)
WHERE d.state IS DISTINCT FROM h.to_state OR h.broken;

-- name: what was promised to be paid at the door is written down with the promise
SELECT s.merchant_id, s.order_id, s.payment_id, s.captured, d.amount
FROM (SELECT * FROM payment_splits WHERE channel = 'cod' AND captured > 0) AS s
FULL JOIN door_collections d USING (merchant_id, order_id, payment_id)
WHERE s.captured IS DISTINCT FROM d.amount OR d.undone > s.refunded
   OR (d.state IN ('due', 'carried', 'void') AND d.undone <> s.refunded);

-- name: a merchant's claims at doors are what is promised there, less what was taken off, collected and kept
SELECT owner_id, currency, a.amount AS booked, d.amount AS known
FROM (SELECT owner_id, currency, debits - credits AS amount FROM ledger_accounts WHERE kind = 'door_claims') AS a
FULL JOIN (
    SELECT merchant_id AS owner_id, currency
         , sum(amount - undone - CASE WHEN state IN ('collected', 'remitted', 'kept') THEN told ELSE 0 END) AS amount
    FROM door_collections GROUP BY merchant_id, currency
) AS d USING (owner_id, currency)
WHERE coalesce(a.amount, 0) <> coalesce(d.amount, 0);

-- name: what carriers have of a merchant's is what they collected and have not paid on
SELECT owner_id, currency, a.amount AS booked, d.amount AS known
FROM (SELECT owner_id, currency, debits - credits AS amount FROM ledger_accounts WHERE kind = 'carrier_cash') AS a
FULL JOIN (
    SELECT merchant_id AS owner_id, currency, sum(told) FILTER (WHERE state = 'collected') AS amount
    FROM door_collections GROUP BY merchant_id, currency
) AS d USING (owner_id, currency)
WHERE coalesce(a.amount, 0) <> coalesce(d.amount, 0);

-- name: what a carrier paid on, with its fee, is what it had collected for the orders named
SELECT r.bank_number, r.amount, r.fee, d.told
FROM door_remittances r
FULL JOIN (SELECT remittance AS bank_number, sum(told) AS told FROM door_collections WHERE remittance IS NOT NULL
           GROUP BY remittance) AS d USING (bank_number)
WHERE d.told IS DISTINCT FROM r.amount + r.fee;

-- name: a refund that arrived again after it had come back has its document each time
SELECT h.merchant_id, h.refund_id, h.successes, s.again
FROM (SELECT merchant_id, refund_id, count(*) AS successes FROM refund_history WHERE to_state = 'succeeded'
      GROUP BY 1, 2 HAVING count(*) > 1) h
FULL JOIN (SELECT merchant_id, refund_id, count(*) AS again FROM refund_successes GROUP BY 1, 2) s USING (merchant_id, refund_id)
WHERE coalesce(h.successes, 1) - 1 <> coalesce(s.again, 0);
