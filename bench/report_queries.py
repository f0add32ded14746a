"""Each report as somebody writes it who knows DuckDB well and has nothing else: what ours are measured against.

`events` is a view of the files; `$begin` and `$end` are the UTC moments between which the days lie, which begin at $shift minutes
before UTC's; money is of the currency in which most payments were made.
"""

TREND = """
    SELECT ("at" + to_minutes($shift))::DATE AS period, count(*) AS events, count(DISTINCT "user") AS users
    FROM events WHERE "at" >= $begin AND "at" < $end GROUP BY 1 ORDER BY 1
"""
SALES = """
    WITH chosen AS (
        SELECT "at", amount, category, order_id FROM events
        WHERE kind = 'pay' AND "at" >= $begin AND "at" < $end AND currency IN ((FROM currency), '')
    ), ranked AS (
        SELECT category FROM chosen GROUP BY category ORDER BY count(*) DESC, category LIMIT 10
    )
    SELECT ("at" + to_minutes($shift))::DATE AS period, coalesce(r.category, '…') AS "group"
         , count(DISTINCT order_id) FILTER (order_id <> '') AS orders, coalesce(sum(amount), 0)::BIGINT AS amount
    FROM chosen AS c LEFT JOIN ranked AS r ON r.category = c.category GROUP BY 1, 2 ORDER BY 1, 2
"""
FUNNEL = """
    WITH steps AS (
        SELECT "user", "at", CASE kind WHEN 'view' THEN 1 WHEN 'cart' THEN 2 ELSE 3 END AS place FROM events
        WHERE kind IN ('view', 'cart', 'pay') AND "at" >= $begin AND "at" < $end
    ), firsts AS (
        SELECT *, max(CASE WHEN place = 1 THEN "at" END) OVER so_far AS started FROM steps
        WINDOW so_far AS (PARTITION BY "user" ORDER BY "at", place ROWS UNBOUNDED PRECEDING)
    ), seconds AS (
        SELECT *, max(CASE WHEN place = 2 AND "at" <= started + INTERVAL 7 DAY THEN started END) OVER so_far AS carted FROM firsts
        WINDOW so_far AS (PARTITION BY "user" ORDER BY "at", place ROWS UNBOUNDED PRECEDING)
    ), levels AS (
        SELECT "user", max(CASE WHEN place = 3 AND "at" <= carted + INTERVAL 7 DAY THEN 3 WHEN carted IS NOT NULL THEN 2
                                WHEN started IS NOT NULL THEN 1 ELSE 0 END) AS level
        FROM seconds GROUP BY "user"
    )
    SELECT s AS step, count(*) FILTER (level >= s) AS users FROM levels, unnest([1::BIGINT, 2, 3]) AS t (s) GROUP BY s ORDER BY s
"""
# `{first}` and `{again}` are kinds, `{every}` is week or month.
RETENTION = """
    WITH firsts AS (
        SELECT "user", date_trunc('{every}', min("at") + to_minutes($shift))::DATE AS cohort FROM events
        WHERE kind = '{first}' AND "at" < $end GROUP BY "user" HAVING min("at") >= $begin
    ), active AS (
        SELECT DISTINCT "user", date_trunc('{every}', "at" + to_minutes($shift))::DATE AS period FROM events
        WHERE kind = '{again}' AND "at" >= $begin AND "at" < $end
    ), back AS (
        SELECT cohort, datediff('{every}', cohort, period) AS index, count(*) AS users FROM active JOIN firsts USING ("user")
        WHERE index BETWEEN 0 AND 12 GROUP BY 1, 2
    ), sizes AS (SELECT cohort, count(*) AS size FROM firsts GROUP BY 1)
    SELECT cohort, size, coalesce(index, 0) AS index, coalesce(users, 0) AS users FROM sizes LEFT JOIN back USING (cohort)
    ORDER BY cohort, index
"""
PATHS = """
    WITH before AS (
        SELECT "user", "at", kind, lag("at") OVER w AS was_at, lag(kind) OVER w AS was FROM events
        WHERE "at" >= $begin AND "at" < $end WINDOW w AS (PARTITION BY "user" ORDER BY "at", kind)
    ), stops AS (
        SELECT *, was_at IS NULL OR "at" > was_at + INTERVAL 30 MINUTE AS fresh FROM before
        WHERE was_at IS NULL OR "at" > was_at + INTERVAL 30 MINUTE OR kind <> was
    ), visits AS (
        SELECT *, sum(fresh::INTEGER) OVER (PARTITION BY "user" ORDER BY "at", kind ROWS UNBOUNDED PRECEDING) AS visit FROM stops
    ), placed AS (
        SELECT kind AS source, lead(kind) OVER w AS next, row_number() OVER w AS step FROM visits
        WINDOW w AS (PARTITION BY "user", visit ORDER BY "at", kind)
    ), counted AS (
        SELECT step, source, coalesce(next, '∎') AS target, count(*) AS times FROM placed WHERE step <= 5 GROUP BY ALL
    )
    SELECT * FROM counted QUALIFY row_number() OVER (PARTITION BY step ORDER BY times DESC, source, target) <= 10
    ORDER BY step, times DESC, source, target
"""
INTERVALS = """
    WITH marked AS (
        SELECT "user", "at", 1 AS place FROM events WHERE kind = 'view' AND "at" >= $begin AND "at" < $end
        UNION ALL
        SELECT "user", min("at"), 2 FROM events WHERE kind = 'pay' AND "at" >= $begin AND "at" < $end GROUP BY "user", order_id
    ), before AS (
        SELECT *, lag(place) OVER w AS was, lag("at") OVER w AS since FROM marked
        WINDOW w AS (PARTITION BY "user" ORDER BY "at", place)
    ), found AS (
        SELECT "user", (epoch("at")::BIGINT - epoch(since)::BIGINT) AS seconds FROM before WHERE place = 2 AND was = 1
    ), told AS (
        SELECT count(*) AS times, count(DISTINCT "user") AS users, round(avg(seconds), 3) AS mean, min(seconds) AS least
             , max(seconds) AS most, quantile_cont(seconds, [.25, .5, .75, .9, .95]) AS q
        FROM found
    )
    SELECT times, users, mean, least, round(q[1], 3) AS p25, round(q[2], 3) AS p50, round(q[3], 3) AS p75, round(q[4], 3) AS p90
         , round(q[5], 3) AS p95, most
    FROM told
"""
DISTRIBUTION = """
    WITH counted AS (
        SELECT "user", count(DISTINCT order_id) FILTER (order_id <> '') AS times FROM events
        WHERE kind = 'pay' AND "at" >= $begin AND "at" < $end GROUP BY "user"
    )
    SELECT (SELECT max(b) FROM unnest([1::BIGINT, 2, 3, 4, 5, 6, 11, 21, 51, 101]) AS t (b) WHERE b <= times) AS least
         , count(*) AS users, sum(times)::BIGINT AS times
    FROM counted WHERE times > 0 GROUP BY 1 ORDER BY 1
"""
SESSIONS = """
    WITH before AS (
        SELECT "user", "at", lag("at") OVER (PARTITION BY "user" ORDER BY "at") AS was FROM events
        WHERE "at" >= $begin AND "at" < $end
    ), visited AS (
        SELECT "user", "at", sum((was IS NULL OR "at" > was + INTERVAL 30 MINUTE)::INTEGER) OVER (
                   PARTITION BY "user" ORDER BY "at", was NULLS FIRST ROWS UNBOUNDED PRECEDING) AS visit
        FROM before
    ), visits AS (
        SELECT "user", min("at") AS began, max("at") AS ended, count(*) AS n FROM visited GROUP BY "user", visit
    )
    SELECT (began + to_minutes($shift))::DATE AS period, count(*) AS sessions, count(DISTINCT "user") AS users
         , sum(n)::BIGINT AS events, count(*) FILTER (n = 1) AS bounced
         , sum(epoch(ended)::BIGINT - epoch(began)::BIGINT)::BIGINT AS seconds
    FROM visits GROUP BY 1 ORDER BY 1
"""
_ORDERS = """
    orders AS (
        SELECT "user", order_id, min("at") AS paid_at, sum(amount)::BIGINT AS amount FROM events
        WHERE kind = 'pay' AND "at" >= $begin AND "at" < $end AND currency IN ((FROM currency), '') GROUP BY "user", order_id
    ), touches AS (
        SELECT "user", "at", min(channel) AS channel FROM events
        WHERE kind = 'arrive' AND "at" >= $begin::TIMESTAMP - INTERVAL 30 DAY AND "at" < $end GROUP BY "user", "at"
    )
"""
_CREDIT = """
    , credit AS (
        SELECT channel, sum(share) AS orders, sum(share * amount) AS amount FROM credited GROUP BY channel
    ), touched AS (SELECT channel, count(*) AS touches FROM touches WHERE "at" >= $begin GROUP BY channel)
    SELECT channel, coalesce(touches, 0) AS touches, round(coalesce(orders, 0), 6) AS orders
         , round(coalesce(amount, 0), 2) AS amount
    FROM credit FULL JOIN touched USING (channel) ORDER BY amount DESC, touches DESC, channel
"""
LAST_TOUCH = (
    "WITH"  # noqa: S608  # our own words
    + _ORDERS
    + """, credited AS (
        SELECT CASE WHEN t."at" >= o.paid_at - INTERVAL 30 DAY THEN t.channel ELSE '' END AS channel, 1.0 AS share, amount
        FROM orders AS o ASOF LEFT JOIN touches AS t ON t."user" = o."user" AND t."at" <= o.paid_at
    )"""
    + _CREDIT
)
ALL_TOUCHES = (
    "WITH"  # noqa: S608  # our own words
    + _ORDERS
    + """, credited AS (
        SELECT coalesce(t.channel, '') AS channel, 1.0 / count(*) OVER (PARTITION BY o."user", o.order_id) AS share, o.amount
        FROM orders AS o
        LEFT JOIN touches AS t ON t."user" = o."user" AND t."at" <= o.paid_at AND t."at" >= o.paid_at - INTERVAL 30 DAY
    )"""
    + _CREDIT
)
LIFETIME = """
    WITH firsts AS (
        SELECT "user", date_trunc('month', min("at") + to_minutes($shift))::DATE AS cohort FROM events
        WHERE kind = 'pay' AND "at" < $end GROUP BY "user" HAVING min("at") >= $begin
    ), sizes AS (SELECT cohort, count(*) AS size FROM firsts GROUP BY 1)
    , money AS (
        SELECT "user", date_trunc('month', "at" + to_minutes($shift))::DATE AS period
             , CASE kind WHEN 'refund' THEN -amount ELSE amount END AS signed
        FROM events WHERE kind IN ('pay', 'refund') AND "at" >= $begin AND "at" < $end AND currency = (FROM currency)
    ), summed AS (
        SELECT cohort, datediff('month', cohort, period) AS index, sum(signed)::BIGINT AS amount
        FROM money JOIN firsts USING ("user")
        WHERE index BETWEEN 0 AND 12 GROUP BY 1, 2
    )
    SELECT cohort, size, index, amount, (sum(amount) OVER (PARTITION BY cohort ORDER BY index))::BIGINT AS total
    FROM summed JOIN sizes USING (cohort) ORDER BY cohort, index
"""
RFM = """
    WITH paid AS (
        SELECT "user", order_id, min("at") AS at, sum(amount) AS amount FROM events
        WHERE kind = 'pay' AND "at" < $end AND currency = (FROM currency) GROUP BY "user", order_id
    ), given AS (
        SELECT "user", sum(abs(amount)) AS amount FROM events
        WHERE kind = 'refund' AND "at" < $end AND currency = (FROM currency) GROUP BY 1
    ), known AS (
        SELECT "user", floor((epoch($end) - epoch(max(p.at))) / 86400) AS days, count(*) AS orders
             , sum(p.amount) - coalesce(any_value(g.amount), 0) AS net
        FROM paid AS p LEFT JOIN given AS g USING ("user") GROUP BY "user"
    ), scored AS (
        SELECT *, 1 + 5 * (rank() OVER (ORDER BY days DESC) - 1) // count(*) OVER () AS r
             , 1 + 5 * (rank() OVER (ORDER BY orders) - 1) // count(*) OVER () AS f
             , 1 + 5 * (rank() OVER (ORDER BY net) - 1) // count(*) OVER () AS m
             , row_number() OVER (ORDER BY net DESC) AS place, count(*) OVER () AS n
        FROM known
    ), named AS (SELECT *, [
            ['lost', 'lost', 'at_risk', 'cannot_lose', 'cannot_lose'],
            ['hibernating', 'hibernating', 'at_risk', 'at_risk', 'at_risk'],
            ['about_to_sleep', 'about_to_sleep', 'need_attention', 'loyal', 'loyal'],
            ['promising', 'potential', 'potential', 'loyal', 'champions'],
            ['new', 'potential', 'potential', 'champions', 'champions']][r][(f + m + 1) // 2] AS segment FROM scored
    )
    SELECT segment, count(*) AS customers, sum(net)::BIGINT AS net, sum(days) AS days, sum(orders)::BIGINT AS orders
         , sum(net) FILTER (place <= greatest(n // 5, 1)) AS top
    FROM named GROUP BY segment ORDER BY segment
"""
# What most payments were made in, which money is counted in.
CURRENCY = """
    CREATE TEMP TABLE currency AS
    SELECT currency FROM events WHERE kind = 'pay' AND currency <> '' AND "at" >= $begin AND "at" < $end
    GROUP BY currency ORDER BY count(*) DESC, currency LIMIT 1
"""
