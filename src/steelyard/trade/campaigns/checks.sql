-- name: what is approved for a campaign is sold by a flash sale of the same time
SELECT e.merchant_id, e.entry_id, e.state, f.session_id, f.starts_at, c.starts_at AS campaign_starts_at
FROM campaign_entries e
JOIN campaigns c USING (campaign_id)
LEFT JOIN flash_sessions f ON (f.merchant_id, f.session_id) = (e.merchant_id, e.entry_id)
WHERE e.state = 'approved' AND (f.session_id IS NULL OR (f.starts_at, f.ends_at) <> (c.starts_at, c.ends_at));

-- name: what was withdrawn or sent back is not sold by a campaign
SELECT e.merchant_id, e.entry_id, e.state
FROM campaign_entries e
JOIN flash_sessions f ON (f.merchant_id, f.session_id) = (e.merchant_id, e.entry_id)
WHERE e.state <> 'approved' AND f.ended_at IS NULL;
