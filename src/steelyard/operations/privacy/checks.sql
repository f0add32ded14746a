-- name: An erasure is in the state that its last history row says
SELECT e.buyer_id, e.erasure_id, e.state, h.to_state
FROM erasures e
LEFT JOIN (SELECT DISTINCT ON (buyer_id, erasure_id) buyer_id, erasure_id, to_state
           FROM erasure_history ORDER BY buyer_id, erasure_id, step DESC) h USING (buyer_id, erasure_id)
WHERE h.to_state IS DISTINCT FROM e.state;

-- name: Nobody signs in to an erased account
SELECT e.buyer_id, l.email FROM erasures e JOIN logins l USING (account_id) WHERE e.state = 'done';
