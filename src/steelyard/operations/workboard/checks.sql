-- name: a task is in the state that its history says
SELECT t.merchant_id, t.task_id, t.state FROM tasks t
WHERE t.state IS DISTINCT FROM (SELECT h.to_state FROM task_history h
                                WHERE (h.merchant_id, h.task_id) = (t.merchant_id, t.task_id) ORDER BY h.step DESC LIMIT 1);
