-- name: A live session is in the state of its last history row
SELECT s.merchant_id, s.session_id, s.state, h.to_state
FROM live_sessions s
LEFT JOIN LATERAL (SELECT to_state FROM live_session_history h WHERE h.merchant_id = s.merchant_id
                   AND h.session_id = s.session_id ORDER BY step DESC LIMIT 1) h ON true
WHERE h.to_state IS DISTINCT FROM s.state;

-- name: A live room has one session at a time
SELECT a.merchant_id, a.session_id, b.session_id AS other
FROM live_sessions a JOIN live_sessions b
  ON b.merchant_id = a.merchant_id AND b.room_id = a.room_id AND b.session_id > a.session_id
 AND b.starts_at < a.ends_at AND b.ends_at > a.starts_at
WHERE a.state IN ('planned', 'ready') AND b.state IN ('planned', 'ready', 'on_air');

-- name: Nothing is ready or on air in a live room that is stopped
SELECT s.merchant_id, s.session_id, r.state
FROM live_sessions s JOIN rooms r USING (merchant_id, room_id)
WHERE s.state IN ('ready', 'on_air') AND r.state <> 'open';
