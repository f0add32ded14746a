-- name: on any day there is one rate for a place and a class
SELECT a.country, a.region, a.tax_class, a.valid_from, b.valid_from AS also_from
FROM tax_rates a
JOIN tax_rates b ON b.country = a.country AND b.region = a.region AND b.tax_class = a.tax_class
    AND b.valid_from > a.valid_from
WHERE a.valid_to IS NULL OR a.valid_to > b.valid_from;
