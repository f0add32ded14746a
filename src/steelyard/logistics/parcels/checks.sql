-- name: A parcel is in the state that its last history row says
SELECT p.merchant_id, p.parcel_id, p.state, h.to_state
FROM parcels p
LEFT JOIN LATERAL (SELECT to_state FROM parcel_history h
                   WHERE h.merchant_id = p.merchant_id AND h.parcel_id = p.parcel_id ORDER BY step DESC LIMIT 1) h ON true
WHERE h.to_state IS DISTINCT FROM p.state;
