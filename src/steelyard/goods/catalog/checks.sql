-- name: a product's state is the last step of its history
SELECT p.merchant_id, p.product_id, p.state, h.to_state
FROM products p
LEFT JOIN LATERAL (
    SELECT to_state FROM product_history h
    WHERE h.merchant_id = p.merchant_id AND h.product_id = p.product_id ORDER BY step DESC LIMIT 1
) h ON true
WHERE h.to_state IS DISTINCT FROM p.state;

-- name: each step of a product's history begins where the one before it ended
SELECT merchant_id, product_id, step, from_state, came_from
FROM (
    SELECT merchant_id, product_id, step, from_state
         , lag(to_state, 1, 'nowhere') OVER (PARTITION BY merchant_id, product_id ORDER BY step) AS came_from
    FROM product_history
) h
WHERE from_state <> came_from;

-- name: a SKU chooses one value of every option of its product
SELECT s.merchant_id, s.sku_id, s.choice
FROM skus s JOIN products p USING (merchant_id, product_id)
WHERE s.was IS NULL AND (cardinality(s.choice) <> jsonb_array_length(p.options)
   OR EXISTS (
       SELECT FROM unnest(s.choice) WITH ORDINALITY AS c (chosen, option)
       WHERE c.chosen < 0 OR c.chosen >= jsonb_array_length(p.options -> (c.option::integer - 1) -> 'values')
   ));

-- name: the path of a category is its parent's path and itself
SELECT c.category_id
FROM categories c LEFT JOIN categories parent ON parent.category_id = c.parent_id
WHERE c.path <> coalesce(parent.path, '{}') || c.category_id;

-- name: a product in review has a review that waits, and none on the shelf waits for its publication
SELECT p.merchant_id, p.product_id, p.state, r.kind
FROM products p
LEFT JOIN product_reviews r ON r.merchant_id = p.merchant_id AND r.product_id = p.product_id AND r.state = 'waiting'
WHERE (p.state = 'in_review') <> (r.kind IS NOT DISTINCT FROM 'publication');

-- name: a product is found by what it and its variants are called
SELECT p.merchant_id, p.product_id
FROM products p
LEFT JOIN LATERAL (
    SELECT string_agg(concat_ws(E'\n', s.code, nullif(s.barcode, '')), E'\n' ORDER BY s.sku_id) AS codes
    FROM skus s WHERE s.merchant_id = p.merchant_id AND s.product_id = p.product_id
) s ON true
LEFT JOIN product_sought w ON w.merchant_id = p.merchant_id AND w.product_id = p.product_id
WHERE w.words IS DISTINCT FROM lower(concat_ws(E'\n'
    , (SELECT string_agg(t.value, E'\n' ORDER BY t.key) FROM jsonb_each_text(p.title) AS t), s.codes));

-- name: what a category says about returns counts for all below it
SELECT c.category_id, c.no_return
FROM categories c
WHERE c.no_return IS DISTINCT FROM (
    SELECT nullif(above.own_no_return, 'none') FROM categories above
    WHERE above.category_id = ANY(c.path) AND above.own_no_return IS NOT NULL
    ORDER BY cardinality(above.path) DESC LIMIT 1);
