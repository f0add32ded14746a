-- name: an application is in the state that its last history row says
SELECT a.application_id, a.state, h.to_state
FROM applications a
LEFT JOIN LATERAL (
    SELECT to_state FROM application_history h WHERE h.application_id = a.application_id ORDER BY step DESC LIMIT 1
) h ON true
WHERE h.to_state IS DISTINCT FROM a.state;

-- name: each step of an application begins where the one before ended
SELECT application_id, step, from_state, came_from
FROM (
    SELECT application_id, step, from_state
         , lag(to_state, 1, 'nowhere') OVER (PARTITION BY application_id ORDER BY step) AS came_from
    FROM application_history
) h
WHERE from_state <> came_from;

-- name: an approved application has become a merchant
SELECT a.application_id FROM applications a
WHERE a.state = 'approved' AND NOT EXISTS (SELECT FROM merchants m WHERE m.merchant_id = a.application_id);
