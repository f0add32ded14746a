-- name: what is open in a currency is what stands on its exchange clearing
SELECT currency, p.quantity, b.balance
FROM exchange_positions p
FULL JOIN (
    SELECT currency, sum(credits - debits) AS balance FROM ledger_accounts
    WHERE kind = 'exchange_clearing' AND currency <> 'CNY' GROUP BY currency
) AS b USING (currency)
WHERE coalesce(p.quantity, 0) <> coalesce(b.balance, 0);

-- name: what open positions have cost stands on the exchange clearing of the house's currency
SELECT b.balance, c.cost
FROM (SELECT coalesce(sum(credits - debits), 0) AS balance FROM ledger_accounts
      WHERE kind = 'exchange_clearing' AND currency = 'CNY') AS b
CROSS JOIN (SELECT coalesce(sum(cost), 0) AS cost FROM exchange_positions) AS c
WHERE b.balance + c.cost <> 0;

-- name: an exchange's state is the one its history ends in
SELECT e.exchange_id, e.state, h.to_state
FROM exchanges e
LEFT JOIN LATERAL (
    SELECT to_state FROM exchange_history h WHERE h.exchange_id = e.exchange_id ORDER BY step DESC LIMIT 1
) AS h ON true
WHERE e.state IS DISTINCT FROM h.to_state;

-- name: both legs of an exchange are in the books when it is posted, and only then
SELECT e.exchange_id, e.state, t.given, t.got, t.gained
FROM exchanges e
LEFT JOIN LATERAL (
    SELECT sum(amount) FILTER (WHERE reason = 'exchanged' AND currency = e.from_currency) AS given
         , sum(amount) FILTER (WHERE reason = 'exchange_bought' AND currency = e.to_currency) AS got
         , sum(CASE credit WHEN 'exchange_differences' THEN amount ELSE -amount END)
               FILTER (WHERE reason = 'exchange_difference') AS gained
    FROM ledger_transfers WHERE document = e.exchange_id
) AS t ON true
WHERE (t.given, t.got, coalesce(t.gained, 0)) IS DISTINCT FROM
      CASE e.state WHEN 'posted' THEN (e.sold::numeric, e.bought::numeric, e.realised::numeric)
                   ELSE (NULL::numeric, NULL::numeric, 0::numeric) END;
