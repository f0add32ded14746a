-- name: everybody in a journey is at one box, and as many steps are written down as they made
SELECT merchant_id, journey_id, buyer_id, entry, e.steps, s.steps AS written
FROM journey_enrolments e
FULL JOIN (SELECT merchant_id, journey_id, buyer_id, entry, count(*) AS steps, max(step) AS last
           FROM journey_steps GROUP BY merchant_id, journey_id, buyer_id, entry) AS s
    USING (merchant_id, journey_id, buyer_id, entry)
WHERE (e.steps, e.steps) IS DISTINCT FROM (coalesce(s.steps, 0), coalesce(s.last, 0));

-- name: the sums of a journey are those of who came in and how they came out
SELECT d.merchant_id, d.journey_id, d.entered, d.ended, e.people, e.inside
FROM (SELECT merchant_id, journey_id, sum(people) FILTER (WHERE out = 'entered') AS entered
           , coalesce(sum(people) FILTER (WHERE out <> 'entered'), 0) AS ended
      FROM journey_days WHERE node = '' GROUP BY merchant_id, journey_id) AS d
CROSS JOIN LATERAL (SELECT count(*) AS people, count(*) FILTER (WHERE e.stand = 'inside') AS inside FROM journey_enrolments e
                    WHERE e.merchant_id = d.merchant_id AND e.journey_id = d.journey_id) AS e
WHERE d.entered - d.ended <> e.inside OR d.entered < e.people;

-- name: a split that an experiment judges is in the journey that is in force
SELECT e.merchant_id, e.experiment_id, e.journey_id, e.box
FROM experiments e
LEFT JOIN journeys j USING (merchant_id, journey_id)
LEFT JOIN journey_versions v ON v.merchant_id = j.merchant_id AND v.journey_id = j.journey_id AND v.version = j.live_version
WHERE e.kind = 'journey' AND e.state = 'running'
  AND (j.state IS DISTINCT FROM 'live' AND j.state IS DISTINCT FROM 'paused'
       OR NOT coalesce(jsonb_path_exists(v.graph, '$.nodes[*] ? (@.key == $box && @.setup.kind == "split")'
                                       , jsonb_build_object('box', e.box)), false));

-- name: a journey's state is that of its history
SELECT j.merchant_id, j.journey_id, j.state, h.to_state
FROM journeys j
LEFT JOIN LATERAL (SELECT to_state FROM journey_history h
                   WHERE h.merchant_id = j.merchant_id AND h.journey_id = j.journey_id ORDER BY step DESC LIMIT 1) AS h ON true
WHERE j.state IS DISTINCT FROM h.to_state;
