-- name: an experiment is in the state that its history says
SELECT e.merchant_id, e.experiment_id, e.state FROM experiments e
WHERE e.state IS DISTINCT FROM (SELECT h.to_state FROM experiment_history h
                                WHERE h.merchant_id = e.merchant_id AND h.experiment_id = e.experiment_id
                                ORDER BY h.step DESC LIMIT 1);

-- name: an experiment has a control and something else
SELECT e.merchant_id, e.experiment_id FROM experiments e
WHERE (SELECT count(*) FILTER (WHERE v.variant = 0) <> 1 OR count(*) < 2 FROM experiment_variants v
       WHERE v.merchant_id = e.merchant_id AND v.experiment_id = e.experiment_id);
