-- name: A live room is in the state of its last history row
SELECT r.merchant_id, r.room_id, r.state, h.to_state
FROM rooms r
LEFT JOIN LATERAL (SELECT to_state FROM room_history h WHERE h.merchant_id = r.merchant_id AND h.room_id = r.room_id
                   ORDER BY step DESC LIMIT 1) h ON true
WHERE h.to_state IS DISTINCT FROM r.state;

-- name: A host is in the state of its last history row
SELECT r.merchant_id, r.host_id, r.state, h.to_state
FROM room_hosts r
LEFT JOIN LATERAL (SELECT to_state FROM room_host_history h WHERE h.merchant_id = r.merchant_id AND h.host_id = r.host_id
                   ORDER BY step DESC LIMIT 1) h ON true
WHERE h.to_state IS DISTINCT FROM r.state;

-- name: A live room is stopped as long as a stop of it stands
SELECT r.merchant_id, r.room_id, r.state
FROM rooms r
WHERE (r.state = 'stopped') <> EXISTS (SELECT FROM room_stops s WHERE s.merchant_id = r.merchant_id AND s.room_id = r.room_id
                                       AND s.subject = 'room' AND s.lifted_at IS NULL) AND r.state <> 'closed';

-- name: A live room has its address
SELECT r.merchant_id, r.room_id, r.slug
FROM rooms r LEFT JOIN room_slugs s ON s.slug = r.slug AND s.room_id = r.room_id
WHERE s.slug IS NULL;
