-- name: a review's line says what its facts say
SELECT r.merchant_id, r.review_id FROM business_reviews r
WHERE r.paid <> (r.facts->'figures'->>'paid')::bigint OR r.currency <> r.facts->>'currency';
