-- name: a survey is in the state that its history says
SELECT s.merchant_id, s.survey_id, s.state FROM surveys s
WHERE s.state IS DISTINCT FROM (SELECT h.to_state FROM survey_history h
                                WHERE h.merchant_id = s.merchant_id AND h.survey_id = s.survey_id ORDER BY h.step DESC LIMIT 1);

-- name: a short address leads to the survey that has it
SELECT s.merchant_id, s.survey_id, s.code FROM surveys s LEFT JOIN survey_codes c USING (code)
WHERE (c.merchant_id, c.survey_id) IS DISTINCT FROM (s.merchant_id, s.survey_id);

-- name: the version that is asked is there
SELECT s.merchant_id, s.survey_id, s.version FROM surveys s LEFT JOIN survey_versions v USING (merchant_id, survey_id, version)
WHERE s.version > 0 AND v.version IS NULL;
