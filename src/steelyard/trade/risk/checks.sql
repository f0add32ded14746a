-- name: a look's state is the one its history ends in
SELECT c.order_id, c.state, h.to_state
FROM risk_checks c
LEFT JOIN LATERAL (
    SELECT to_state FROM risk_check_history h
    WHERE (h.merchant_id, h.order_id) = (c.merchant_id, c.order_id) ORDER BY step DESC LIMIT 1
) AS h ON true
WHERE c.state IS DISTINCT FROM h.to_state;

-- name: each step of a look begins where the one before ended
SELECT order_id, step, from_state, before
FROM (SELECT order_id, step, from_state
           , lag(to_state, 1, 'nowhere') OVER (PARTITION BY merchant_id, order_id ORDER BY step) AS before
      FROM risk_check_history) AS steps
WHERE from_state <> before;

-- name: what is held for a look is not sent
SELECT c.merchant_id, c.order_id, o.state
FROM risk_checks c JOIN orders o USING (merchant_id, order_id)
WHERE c.state = 'held' AND o.state NOT IN ('held', 'cancelled');

-- name: a look's points are those of what was tripped
SELECT merchant_id, order_id, score
FROM risk_checks
WHERE tripped <> '[]' AND score <> (SELECT sum((t ->> 'points')::integer) FROM jsonb_array_elements(tripped) AS t);
