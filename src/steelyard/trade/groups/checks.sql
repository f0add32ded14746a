-- name: Of a group price so many pieces are taken as its orders have
SELECT o.merchant_id, o.offer_id, o.taken, m.pieces
FROM group_offers o
LEFT JOIN (SELECT merchant_id, offer_id, sum(pieces) AS pieces FROM group_members WHERE gone_at IS NULL GROUP BY 1, 2) AS m
    USING (merchant_id, offer_id)
WHERE o.taken IS DISTINCT FROM coalesce(m.pieces, 0);

-- name: A team that waits has the members that it counts
SELECT t.merchant_id, t.team_id, t.members, t.paid, m.members AS there, m.paid AS paid_there
FROM group_teams t
LEFT JOIN (SELECT merchant_id, team_id, count(*) AS members, count(paid_at) AS paid
           FROM group_members WHERE gone_at IS NULL GROUP BY 1, 2) AS m USING (merchant_id, team_id)
WHERE t.full_at IS NULL AND t.failed_at IS NULL
  AND (t.members <> coalesce(m.members, 0) OR t.paid <> coalesce(m.paid, 0));

-- name: A team that is whole has all its members, and one that is not has not succeeded
SELECT t.merchant_id, t.team_id, t.size, t.paid, t.full_at, m.paid AS paid_there
FROM group_teams t
JOIN (SELECT merchant_id, team_id, count(paid_at) AS paid FROM group_members WHERE gone_at IS NULL GROUP BY 1, 2) AS m
    USING (merchant_id, team_id)
WHERE m.paid > t.size OR (t.full_at IS NOT NULL AND m.paid <> t.paid) OR (t.paid = t.size AND t.full_at IS NULL AND t.failed_at IS NULL);

-- name: An order of a team that is held is in it, and none of a team that waits is sent
SELECT o.merchant_id, o.order_id, o.state, m.team_id
FROM orders o JOIN purchases p USING (buyer_id, purchase_id) LEFT JOIN group_members m USING (merchant_id, order_id)
LEFT JOIN group_teams t ON t.merchant_id = m.merchant_id AND t.team_id = m.team_id
WHERE (o.state = 'held' AND m.order_id IS NULL AND p.team_id IS NOT NULL)
   OR (t.full_at IS NULL AND m.order_id IS NOT NULL AND o.state NOT IN ('placed', 'held', 'cancelled'));

-- name: A team is found by its code
SELECT t.merchant_id, t.team_id, t.code FROM group_teams t
LEFT JOIN group_codes c ON c.code = t.code AND c.merchant_id = t.merchant_id AND c.team_id = t.team_id
WHERE c.code IS NULL;
