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

-- name: No beat of a live session has a higher number than its last
SELECT l.merchant_id, l.session_id, l.last_seq, b.seq
FROM live_sessions l
CROSS JOIN LATERAL (SELECT b.seq FROM live_beats b WHERE b.merchant_id = l.merchant_id AND b.session_id = l.session_id
                    ORDER BY b.seq DESC LIMIT 1) b
WHERE b.seq > l.last_seq;

-- name: A live price counts for orders of its session alone
SELECT u.merchant_id, u.order_id, u.promotion_id, p.only_source, o.source
FROM promotions p
JOIN promotion_uses u USING (merchant_id, promotion_id)
JOIN orders o ON o.merchant_id = u.merchant_id AND o.order_id = u.order_id
WHERE p.only_source IS NOT NULL AND o.source NOT LIKE p.only_source || ':%' AND o.source <> p.only_source;

-- name: Live prices have ended where the session has
SELECT f.merchant_id, f.session_id, l.state
FROM flash_sessions f
JOIN live_sessions l ON l.merchant_id = f.merchant_id AND f.only_source = 'live:' || l.session_id
WHERE l.state <> 'on_air' AND f.ended_at IS NULL AND f.ends_at > now();
