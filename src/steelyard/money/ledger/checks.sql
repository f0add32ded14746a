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
