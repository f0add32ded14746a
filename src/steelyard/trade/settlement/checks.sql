-- name: a statement's state is the one its history ends in
SELECT s.statement_id, s.state, h.to_state
FROM statements s
LEFT JOIN LATERAL (
    SELECT to_state FROM statement_history h
    WHERE (h.merchant_id, h.statement_id) = (s.merchant_id, s.statement_id)
    ORDER BY step DESC LIMIT 1
) AS h ON true
WHERE s.state IS DISTINCT FROM h.to_state;

-- name: each step of a statement begins where the one before ended
SELECT statement_id, step, from_state, before
FROM (
    SELECT statement_id, step, from_state
         , lag(to_state, 1, 'nowhere') OVER (PARTITION BY merchant_id, statement_id ORDER BY step) AS before
    FROM statement_history
) AS steps
WHERE from_state <> before;

-- name: a statement is the sum of its entries
SELECT s.merchant_id, s.statement_id, s.sales, s.commission, s.refunds, s.commission_returned, s.subsidy
     , s.subsidy_returned, s.adjustments, e.sales AS entered
FROM statements s
LEFT JOIN (
    SELECT merchant_id, statement_id, currency
         , coalesce(sum(amount) FILTER (WHERE kind = 'sale'), 0) AS sales
         , -coalesce(sum(amount) FILTER (WHERE kind = 'commission'), 0) AS commission
         , -coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0) AS refunds
         , coalesce(sum(amount) FILTER (WHERE kind = 'commission_returned'), 0) AS commission_returned
         , coalesce(sum(amount) FILTER (WHERE kind = 'subsidy'), 0) AS subsidy
         , -coalesce(sum(amount) FILTER (WHERE kind = 'subsidy_returned'), 0) AS subsidy_returned
         , coalesce(sum(amount) FILTER (
               WHERE kind <> ALL ('{sale,commission,refund,commission_returned,subsidy,subsidy_returned}')), 0) AS adjustments
    FROM settlement_entries
    WHERE statement_id IS NOT NULL
    GROUP BY merchant_id, statement_id, currency
) AS e USING (merchant_id, statement_id, currency)
WHERE (s.sales, s.commission, s.refunds, s.commission_returned, s.subsidy, s.subsidy_returned, s.adjustments)
      IS DISTINCT FROM (e.sales, e.commission, e.refunds, e.commission_returned, e.subsidy, e.subsidy_returned, e.adjustments);

-- name: an entry says what the books say
SELECT e.merchant_id, e.entry_id, e.document, e.kind, e.amount, t.amount AS booked
FROM settlement_entries e
JOIN (VALUES ('sale', 'released', 'held', 'payable')
           , ('commission', 'commission', 'payable', 'commission')
           , ('refund', 'refund_due', 'payable', 'refund_due')
           , ('commission_returned', 'commission_returned', 'commission', 'payable')
           , ('subsidy', 'subsidy', 'subsidy', 'payable')
           , ('subsidy_returned', 'subsidy_returned', 'payable', 'subsidy')
           , ('goodwill', 'goodwill', 'goodwill', 'payable')
           , ('deposit', 'deposit', 'payable', 'deposit')
           , ('deposit_returned', 'deposit_returned', 'deposit', 'payable')
           , ('fine', 'fine', 'payable', 'fines')
           , ('fine_returned', 'fine_returned', 'fines', 'payable')
           , ('deposit_forfeited', 'deposit_forfeited', 'presale_deposits', 'payable')
           , ('compensation', 'compensation', 'payable', 'compensation_clearing')
           , ('debt_paid', 'debt_paid', 'bank_cash', 'payable')
           , ('disputed', 'disputed', 'payable', 'disputed')
           , ('dispute_returned', 'dispute_returned', 'disputed', 'payable')
           , ('chargeback_borne', 'chargeback_borne', 'chargeback_losses', 'payable')
           , ('chargeback_fee', 'chargeback_fee', 'payable', 'channel_fees')
           , ('compensation_returned', 'compensation_returned', 'goodwill', 'payable')
     ) AS b (kind, reason, debit, credit) USING (kind)
LEFT JOIN ledger_transfers t
    ON t.owner_id = e.merchant_id AND t.document = e.document AND t.currency = e.currency
   AND t.reason = b.reason AND t.debit = b.debit AND t.credit = b.credit
WHERE t.amount IS DISTINCT FROM abs(e.amount);

-- name: what statements pay out was set aside, and what is paid has left
SELECT owner_id, currency, a.debits, a.credits, s.issued, s.paid
FROM (SELECT * FROM ledger_accounts WHERE kind = 'payout_in_transit') AS a
FULL JOIN (
    SELECT merchant_id AS owner_id, currency, sum(payout) AS issued
         , coalesce(sum(payout) FILTER (WHERE state = 'paid'), 0) AS paid
    FROM statements GROUP BY merchant_id, currency
) AS s USING (owner_id, currency)
WHERE a.credits IS DISTINCT FROM s.issued OR a.debits IS DISTINCT FROM s.paid;
