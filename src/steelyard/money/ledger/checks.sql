-- name: an account's totals are the sums of its transfers
SELECT owner_id, kind, currency, a.debits, a.credits, t.debits AS transferred_debits, t.credits AS transferred_credits
FROM ledger_accounts a
FULL JOIN (
    SELECT owner_id, kind, currency, sum(debits) AS debits, sum(credits) AS credits
    FROM (
        SELECT owner_id, debit AS kind, currency, amount AS debits, 0 AS credits FROM ledger_transfers
        UNION ALL
        SELECT owner_id, credit, currency, 0, amount FROM ledger_transfers
    ) AS sides
    GROUP BY owner_id, kind, currency
) AS t USING (owner_id, kind, currency)
WHERE coalesce(a.debits, 0) <> coalesce(t.debits, 0) OR coalesce(a.credits, 0) <> coalesce(t.credits, 0);

-- name: debits and credits are the same in every currency
SELECT currency, sum(debits) AS debits, sum(credits) AS credits
FROM ledger_accounts
GROUP BY currency
HAVING sum(debits) <> sum(credits);

-- name: what a document moves through purchase clearing it moves through order clearing
SELECT document, currency
     , sum(amount) FILTER (WHERE kind = 'purchase_clearing') AS of_the_purchase
     , sum(amount) FILTER (WHERE kind = 'order_clearing') AS of_its_orders
FROM (
    SELECT document, currency, debit AS kind, amount FROM ledger_transfers
    WHERE debit IN ('purchase_clearing', 'order_clearing')
    UNION ALL
    SELECT document, currency, credit, -amount FROM ledger_transfers
    WHERE credit IN ('purchase_clearing', 'order_clearing')
) AS clearing
GROUP BY document, currency
HAVING sum(amount) <> 0;

-- name: what a gift card moves out of its issue it moves into a balance
SELECT document, currency, sum(amount) AS left_over
FROM (
    SELECT document, currency, amount FROM ledger_transfers WHERE debit = 'gift_clearing'
    UNION ALL
    SELECT document, currency, -amount FROM ledger_transfers WHERE credit = 'gift_clearing'
) AS clearing
GROUP BY document, currency
HAVING sum(amount) <> 0;

-- name: what a shop pays a buyer for a broken promise leaves the one and reaches the other
SELECT document, currency, sum(amount) AS left_over
FROM (
    SELECT document, currency, amount FROM ledger_transfers WHERE debit = 'compensation_clearing'
    UNION ALL
    SELECT document, currency, -amount FROM ledger_transfers WHERE credit = 'compensation_clearing'
) AS clearing
GROUP BY document, currency
HAVING sum(amount) <> 0;

-- name: what a shop pays a host or agency leaves the one and reaches the other
SELECT document, currency, sum(amount) AS left_over
FROM (
    SELECT document, currency, amount FROM ledger_transfers WHERE debit = 'host_clearing'
    UNION ALL
    SELECT document, currency, -amount FROM ledger_transfers WHERE credit = 'host_clearing'
) AS clearing
GROUP BY document, currency
HAVING sum(amount) <> 0;

-- name: every kind of account stands in the chart of accounts
SELECT k.kind FROM ledger_account_kinds k LEFT JOIN ledger_chart c USING (kind) WHERE c.kind IS NULL;

-- name: a month's state is the one its history ends in
SELECT p.period, p.state, h.to_state
FROM ledger_periods p
LEFT JOIN LATERAL (
    SELECT to_state FROM ledger_period_history h WHERE h.period = p.period ORDER BY step DESC LIMIT 1
) AS h ON true
WHERE p.state IS DISTINCT FROM h.to_state;

-- name: months are closed one after the other
SELECT c.period, o.period AS still_open
FROM ledger_periods c JOIN ledger_periods o ON o.period < c.period
WHERE c.state = 'closed' AND o.state <> 'closed';

-- name: what was written down of a closed month is there while it is closed, and only then
SELECT coalesce(p.period, t.period) AS period, p.state
FROM (SELECT DISTINCT period FROM ledger_period_totals UNION SELECT DISTINCT period FROM ledger_snapshots) AS t
FULL JOIN (SELECT period, state FROM ledger_periods WHERE state = 'closed') AS p USING (period)
WHERE p.period IS NULL;

-- name: nothing was booked into a closed month after it was closed
WITH closed AS (SELECT period, ends FROM ledger_periods WHERE state = 'closed' ORDER BY ends DESC LIMIT 1)
SELECT kind, currency, w.debits, w.credits, t.debits AS transferred_debits, t.credits AS transferred_credits
FROM (SELECT kind, currency, debits, credits FROM ledger_period_totals JOIN closed USING (period)) AS w
FULL JOIN (
    SELECT kind, currency, sum(debits) AS debits, sum(credits) AS credits
    FROM (
        SELECT debit AS kind, currency, amount AS debits, 0 AS credits FROM ledger_transfers
        WHERE at < (SELECT ends FROM closed)
        UNION ALL
        SELECT credit, currency, 0, amount FROM ledger_transfers WHERE at < (SELECT ends FROM closed)
    ) AS sides
    GROUP BY kind, currency
) AS t USING (kind, currency)
WHERE w.debits IS DISTINCT FROM t.debits OR w.credits IS DISTINCT FROM t.credits;

-- name: what was written down of an account at the end of a closed month is the sum of its transfers until then
WITH closed AS (SELECT ends FROM ledger_periods WHERE state = 'closed' ORDER BY ends DESC LIMIT 1)
SELECT owner_id, kind, currency, w.debits, w.credits, t.debits AS transferred_debits, t.credits AS transferred_credits
FROM (
    SELECT DISTINCT ON (owner_id, kind, currency) owner_id, kind, currency, debits, credits
    FROM ledger_snapshots ORDER BY owner_id, kind, currency, period DESC
) AS w
FULL JOIN (
    SELECT owner_id, kind, currency, sum(debits) AS debits, sum(credits) AS credits
    FROM (
        SELECT owner_id, debit AS kind, currency, amount AS debits, 0 AS credits FROM ledger_transfers
        WHERE at < (SELECT ends FROM closed)
        UNION ALL
        SELECT owner_id, credit, currency, 0, amount FROM ledger_transfers WHERE at < (SELECT ends FROM closed)
    ) AS sides
    GROUP BY owner_id, kind, currency
) AS t USING (owner_id, kind, currency)
WHERE w.debits IS DISTINCT FROM t.debits OR w.credits IS DISTINCT FROM t.credits;

-- name: the state of an entry by hand is the one its history ends in
SELECT v.owner_id, v.voucher_id, v.state, h.to_state
FROM ledger_vouchers v
LEFT JOIN LATERAL (
    SELECT to_state FROM ledger_voucher_history h
    WHERE (h.owner_id, h.voucher_id) = (v.owner_id, v.voucher_id) ORDER BY step DESC LIMIT 1
) AS h ON true
WHERE v.state IS DISTINCT FROM h.to_state;

-- name: an entry by hand is in the books when it was agreed to, with what it reverses and what it posts, and only then
SELECT v.owner_id, v.voucher_id, v.state, t.many
FROM ledger_vouchers v
LEFT JOIN LATERAL (
    SELECT count(*) AS many FROM ledger_transfers t
    LEFT JOIN ledger_transfers r ON (r.owner_id, r.transfer_id) = (v.owner_id, v.reverses)
    WHERE t.owner_id = v.owner_id AND t.document = v.voucher_id AND t.currency = v.currency
      AND (t.reason = 'by_hand' AND (t.debit, t.credit, t.amount) = (v.debit, v.credit, v.amount)
           OR t.reason = 'reversed_by_hand' AND (t.debit, t.credit, t.amount) = (r.credit, r.debit, r.amount))
) AS t ON true
WHERE t.many <> CASE v.state WHEN 'posted' THEN (v.reverses IS NOT NULL)::integer + (v.amount IS NOT NULL)::integer ELSE 0 END;
