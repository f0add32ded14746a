-- name: a product's rating counts exactly its shown reviews
SELECT coalesce(r.product_id, c.product_id) AS product_id
FROM product_ratings c
FULL JOIN (
    SELECT merchant_id, product_id
         , count(*) FILTER (WHERE stars = 1 AND NOT automatic)::integer AS stars_1
         , count(*) FILTER (WHERE stars = 2 AND NOT automatic)::integer AS stars_2
         , count(*) FILTER (WHERE stars = 3 AND NOT automatic)::integer AS stars_3
         , count(*) FILTER (WHERE stars = 4 AND NOT automatic)::integer AS stars_4
         , count(*) FILTER (WHERE stars = 5 AND NOT automatic)::integer AS stars_5
         , count(*) FILTER (WHERE text <> '')::integer AS texts
         , count(*) FILTER (WHERE pictures <> '{}' OR follow_up_pictures <> '{}')::integer AS pictured
         , count(*) FILTER (WHERE follow_up IS NOT NULL)::integer AS followed_up
         , count(*) FILTER (WHERE automatic)::integer AS silent
    FROM reviews WHERE hidden_at IS NULL GROUP BY merchant_id, product_id
) r USING (merchant_id, product_id)
WHERE (coalesce(c.stars_1, 0), coalesce(c.stars_2, 0), coalesce(c.stars_3, 0), coalesce(c.stars_4, 0)
     , coalesce(c.stars_5, 0), coalesce(c.texts, 0), coalesce(c.pictured, 0), coalesce(c.followed_up, 0)
     , coalesce(c.silent, 0))
   <> (coalesce(r.stars_1, 0), coalesce(r.stars_2, 0), coalesce(r.stars_3, 0), coalesce(r.stars_4, 0)
     , coalesce(r.stars_5, 0), coalesce(r.texts, 0), coalesce(r.pictured, 0), coalesce(r.followed_up, 0)
     , coalesce(r.silent, 0));

-- name: a review's votes are those that were cast
SELECT r.review_id FROM reviews r
WHERE r.helpful <> (SELECT count(*) FROM review_votes v
                    WHERE v.merchant_id = r.merchant_id AND v.review_id = r.review_id);

-- name: an answer's votes are those that were cast
SELECT a.answer_id FROM answers a
WHERE a.helpful <> (SELECT count(*) FROM answer_votes v
                    WHERE v.merchant_id = a.merchant_id AND v.answer_id = a.answer_id);

-- name: a review is of a line that its buyer bought
SELECT r.review_id FROM reviews r
LEFT JOIN order_lines l ON l.merchant_id = r.merchant_id AND l.order_id = r.order_id AND l.line = r.line
WHERE l.product_id IS DISTINCT FROM r.product_id;

-- name: a question's answers are those that are shown
SELECT q.question_id FROM questions q
WHERE q.answers <> (SELECT count(*) FROM answers a
                    WHERE a.merchant_id = q.merchant_id AND a.question_id = q.question_id AND a.hidden_at IS NULL);

-- name: search knows the rating that reviews give
SELECT c.product_id FROM product_ratings c JOIN search_figures f USING (merchant_id, product_id)
WHERE c.stars_1 + c.stars_2 + c.stars_3 + c.stars_4 + c.stars_5 > 0
  AND f.rating <> round(100.0 * (c.stars_1 + 2 * c.stars_2 + 3 * c.stars_3 + 4 * c.stars_4 + 5 * c.stars_5)
                        / (c.stars_1 + c.stars_2 + c.stars_3 + c.stars_4 + c.stars_5));

-- name: nothing is off the pages without the ground that was recorded last, and nothing stands that was taken off
WITH last AS (
    SELECT DISTINCT ON (merchant_id, kind, subject_id) merchant_id, kind, subject_id, act, ground
    FROM moderation_steps ORDER BY merchant_id, kind, subject_id, at DESC, step_id DESC
), off AS (
    SELECT merchant_id, 'review' AS kind, review_id AS subject_id, hidden_ground AS ground FROM reviews
    WHERE hidden_at IS NOT NULL
    UNION ALL SELECT merchant_id, 'question', question_id, hidden_ground FROM questions WHERE hidden_at IS NOT NULL
    UNION ALL SELECT merchant_id, 'answer', answer_id, hidden_ground FROM answers WHERE hidden_at IS NOT NULL
)
SELECT kind, subject_id FROM off
FULL JOIN (SELECT merchant_id, kind, subject_id, ground FROM last WHERE act <> 'shown') AS said
    USING (merchant_id, kind, subject_id)
WHERE off.ground IS DISTINCT FROM said.ground;
