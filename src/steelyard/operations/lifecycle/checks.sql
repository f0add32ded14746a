-- name: a customer stands where their last move led
SELECT f.merchant_id, f.buyer_id, f.stage, m.to_stage FROM customer_facts f
LEFT JOIN LATERAL (SELECT to_stage FROM stage_moves s WHERE s.merchant_id = f.merchant_id AND s.buyer_id = f.buyer_id
                   ORDER BY step DESC LIMIT 1) m ON true
WHERE m.to_stage IS DISTINCT FROM f.stage;

-- name: each move of a customer begins where the one before it ended
SELECT merchant_id, buyer_id, step FROM (
    SELECT merchant_id, buyer_id, step, from_stage
         , lag(to_stage, 1, 'nowhere') OVER of_one AS before, lag(step, 1, 0) OVER of_one AS step_before
    FROM stage_moves WINDOW of_one AS (PARTITION BY merchant_id, buyer_id ORDER BY step)
) AS moved
WHERE from_stage <> before OR step <> step_before + 1;

-- name: who has paid is a customer, who has not is none
SELECT merchant_id, buyer_id, orders, stage FROM customer_facts WHERE (orders > 0) = (stage IN ('visitor', 'lead'));

-- name: what is known of a customer is what they spent in the shop's own currency
SELECT f.merchant_id, f.buyer_id, f.spent, s.spent AS own FROM customer_facts f
LEFT JOIN customer_spend s ON (s.merchant_id, s.buyer_id, s.currency) = (f.merchant_id, f.buyer_id, f.currency)
WHERE (f.spent, f.refunds, f.refunded) IS DISTINCT FROM (coalesce(s.spent, 0), coalesce(s.refunds, 0), coalesce(s.refunded, 0));

-- name: what a customer spent at the marketplace is what they spent at its shops
SELECT buyer_id, currency FROM customer_spend GROUP BY buyer_id, currency
HAVING coalesce(sum(spent) FILTER (WHERE merchant_id = '00000000-0000-0000-0000-000000000000'), 0)
    <> coalesce(sum(spent) FILTER (WHERE merchant_id <> '00000000-0000-0000-0000-000000000000'), 0)
    OR coalesce(sum(refunded) FILTER (WHERE merchant_id = '00000000-0000-0000-0000-000000000000'), 0)
    <> coalesce(sum(refunded) FILTER (WHERE merchant_id <> '00000000-0000-0000-0000-000000000000'), 0);

-- name: nothing is known of customers who are to be forgotten
SELECT f.merchant_id, f.buyer_id FROM customer_facts f JOIN forgotten_customers g USING (buyer_id);

-- name: nothing is known of customers whom nobody knows
SELECT f.merchant_id, f.buyer_id FROM customer_facts f JOIN buyers b USING (buyer_id) WHERE b.nobody;
