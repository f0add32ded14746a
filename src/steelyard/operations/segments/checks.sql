-- name: a segment has as many members as it says
SELECT s.merchant_id, s.segment_id, s.members, coalesce(m.members, 0) AS rows
FROM segments s
LEFT JOIN (SELECT merchant_id, segment_id, count(*) AS members FROM segment_members GROUP BY 1, 2) AS m
    USING (merchant_id, segment_id)
WHERE s.members <> coalesce(m.members, 0);

-- name: a customer group that follows a segment has whom the segment has
SELECT g.merchant_id, g.group_id, g.segment_id, m.buyer_id AS member, c.buyer_id AS in_group
FROM segment_groups g
JOIN customer_groups k ON k.merchant_id = g.merchant_id AND k.group_id = g.group_id AND k.closed_at IS NULL
CROSS JOIN LATERAL (
    SELECT buyer_id FROM segment_members WHERE merchant_id = g.merchant_id AND segment_id = g.segment_id
    UNION SELECT buyer_id FROM customer_group_members
    WHERE merchant_id = g.merchant_id AND group_id = g.group_id AND source = 'segment') AS b
LEFT JOIN segment_members m ON (m.merchant_id, m.segment_id, m.buyer_id) = (g.merchant_id, g.segment_id, b.buyer_id)
LEFT JOIN customer_group_members c
    ON (c.merchant_id, c.group_id, c.buyer_id, c.source) = (g.merchant_id, g.group_id, b.buyer_id, 'segment')
WHERE (m.buyer_id IS NULL) <> (c.buyer_id IS NULL)
  AND NOT EXISTS (SELECT FROM segment_counts o WHERE o.merchant_id = g.merchant_id AND o.segment_id = g.segment_id
                  AND o.ended_at IS NULL);

-- name: whom a segment has brought into a customer group, a segment has
SELECT c.merchant_id, c.group_id, c.buyer_id
FROM customer_group_members c
WHERE c.source = 'segment'
  AND NOT EXISTS (SELECT FROM segment_groups g WHERE g.merchant_id = c.merchant_id AND g.group_id = c.group_id);

-- name: a segment says what its last version says
SELECT s.merchant_id, s.segment_id, s.version
FROM segments s LEFT JOIN segment_versions v USING (merchant_id, segment_id, version)
WHERE s.kind = 'rules' AND s.tree IS DISTINCT FROM v.tree;

-- name: who is in a segment has been looked at
SELECT m.merchant_id, m.segment_id, m.buyer_id
FROM segment_members m LEFT JOIN segment_people p USING (merchant_id, buyer_id)
WHERE p.buyer_id IS NULL;
