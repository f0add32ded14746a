-- name: a merchant is in the state that its last history row says
SELECT m.merchant_id, m.state, h.to_state
FROM merchants m
LEFT JOIN LATERAL (
    SELECT to_state FROM merchant_history h WHERE h.merchant_id = m.merchant_id ORDER BY step DESC LIMIT 1
) h ON true
WHERE h.to_state IS DISTINCT FROM m.state;
