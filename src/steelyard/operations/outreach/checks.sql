-- name: a message is in the state that its last step led to
SELECT m.merchant_id, m.message_id, m.state
FROM messages m
LEFT JOIN LATERAL (SELECT s.to_state FROM message_steps s WHERE s.merchant_id = m.merchant_id AND s.message_id = m.message_id
                   ORDER BY s.step_id DESC LIMIT 1) AS l ON true
WHERE l.to_state IS DISTINCT FROM m.state;

-- name: a message goes by the channel of its template
SELECT m.merchant_id, m.message_id
FROM messages m JOIN message_templates t USING (merchant_id, template_id)
WHERE m.channel <> t.channel;
