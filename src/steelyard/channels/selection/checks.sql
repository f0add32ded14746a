-- name: an offer in the selection pool is in the state of its last history row
SELECT o.merchant_id, o.offer_id, o.state, h.to_state
FROM pool_offers o
LEFT JOIN LATERAL (SELECT to_state FROM pool_offer_history h WHERE h.merchant_id = o.merchant_id AND h.offer_id = o.offer_id
                   ORDER BY step DESC LIMIT 1) h ON true
WHERE h.to_state IS DISTINCT FROM o.state;

-- name: a sample is in the state of its last history row
SELECT s.merchant_id, s.sample_id, s.state, h.to_state
FROM pool_samples s
LEFT JOIN LATERAL (SELECT to_state FROM pool_sample_history h WHERE h.merchant_id = s.merchant_id AND h.sample_id = s.sample_id
                   ORDER BY step DESC LIMIT 1) h ON true
WHERE h.to_state IS DISTINCT FROM s.state;

-- name: no more samples are given than were offered
SELECT o.merchant_id, o.offer_id, o.samples, s.given
FROM pool_offers o
JOIN (SELECT merchant_id, offer_id, sum(quantity) AS given FROM pool_samples
      WHERE state IN ('approved', 'sent', 'received', 'returned') GROUP BY 1, 2) AS s USING (merchant_id, offer_id)
WHERE s.given > o.samples;

-- name: what was taken from the pool has the commission that was offered
SELECT p.merchant_id, p.session_id, p.offer_id, o.millionths, a.millionths AS agreed
FROM pool_picks p
JOIN pool_offers o USING (merchant_id, offer_id)
JOIN host_agreements a USING (merchant_id, agreement_id)
WHERE (a.millionths, a.session_id, a.product_id) IS DISTINCT FROM (o.millionths, p.session_id, o.product_id)
   OR (a.slot_fee, a.currency) IS DISTINCT FROM (o.slot_fee, o.currency);
