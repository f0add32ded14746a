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

-- name: an entry is on a statement that is there, or is being gathered for one
SELECT e.merchant_id, e.statement_id, e.currency
FROM (SELECT DISTINCT merchant_id, statement_id, currency FROM settlement_entries WHERE statement_id IS NOT NULL) AS e
LEFT JOIN statements s USING (merchant_id, statement_id, currency)
LEFT JOIN settlement_drafts d USING (merchant_id, statement_id, currency)
WHERE (s.statement_id IS NULL) = (d.statement_id IS NULL);

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
           , ('taken_back', 'transfer_reversed', 'channel_cash', 'payable')
           , ('cash_kept', 'kept_at_the_door', 'payable', 'door_claims')
           , ('host_commission', 'host_commission', 'payable', 'host_clearing')
           , ('host_commission_returned', 'host_commission_returned', 'host_clearing', 'payable')
           , ('slot_fee', 'slot_fee', 'payable', 'host_clearing')
           , ('reserve', 'reserve', 'payable', 'reserve')
           , ('reserve_released', 'reserve_released', 'reserve', 'payable')
     ) AS b (kind, reason, debit, credit) USING (kind)
LEFT JOIN ledger_transfers t
    ON t.owner_id = e.merchant_id AND t.document = e.document AND t.currency = e.currency
   AND t.reason = b.reason AND t.debit = b.debit AND t.credit = b.credit
WHERE t.amount IS DISTINCT FROM abs(e.amount);

-- name: a correction is booked as it was answered, against what was wrong
SELECT d.merchant_id, d.dispute_id, d.correction, e.amount, t.booked, t.transfers
FROM statement_disputes d
LEFT JOIN settlement_entries e ON e.merchant_id = d.merchant_id AND e.document = d.dispute_id
LEFT JOIN LATERAL (
    SELECT sum(CASE 'payable' WHEN l.credit THEN l.amount WHEN l.debit THEN -l.amount END) AS booked, count(*) AS transfers
    FROM ledger_transfers l WHERE l.owner_id = d.merchant_id AND l.document = d.dispute_id AND l.reason = 'correction'
) AS t ON true
WHERE coalesce(d.correction, 0) <> coalesce(e.amount, 0) OR coalesce(e.amount, 0) <> coalesce(t.booked, 0)
   OR t.transfers <> (coalesce(d.correction, 0) <> 0)::integer;

-- name: what is kept in reserve is what statements kept back and nobody has released
SELECT owner_id, currency, a.debits, a.credits, r.kept, r.released
FROM (SELECT * FROM ledger_accounts WHERE kind = 'reserve') AS a
FULL JOIN (
    SELECT merchant_id AS owner_id, currency, sum(amount) AS kept
         , coalesce(sum(amount) FILTER (WHERE released_at IS NOT NULL), 0) AS released
    FROM reserves GROUP BY merchant_id, currency
) AS r USING (owner_id, currency)
WHERE a.credits IS DISTINCT FROM r.kept OR a.debits IS DISTINCT FROM r.released;

-- name: a statement that kept something back says so among its entries
SELECT r.merchant_id, r.statement_id, r.amount, e.amount AS entered
FROM reserves r
LEFT JOIN settlement_entries e
    ON e.merchant_id = r.merchant_id AND e.document = r.statement_id AND e.kind = 'reserve' AND e.statement_id = r.statement_id
WHERE e.amount IS DISTINCT FROM -r.amount;

-- name: what statements pay out was set aside, what is paid has left, and what came back is on its way again
SELECT owner_id, currency, a.debits, a.credits, s.issued, s.paid, r.returned
FROM (SELECT * FROM ledger_accounts WHERE kind = 'payout_in_transit') AS a
FULL JOIN (
    SELECT merchant_id AS owner_id, currency, sum(payout) AS issued
         , coalesce(sum(payout) FILTER (WHERE state = 'paid'), 0) AS paid
    FROM statements GROUP BY merchant_id, currency
) AS s USING (owner_id, currency)
LEFT JOIN (
    SELECT merchant_id AS owner_id, currency, sum(amount) AS returned FROM payout_returns GROUP BY merchant_id, currency
) AS r USING (owner_id, currency)
WHERE a.credits IS DISTINCT FROM s.issued + coalesce(r.returned, 0)
   OR a.debits IS DISTINCT FROM s.paid + coalesce(r.returned, 0);

-- name: a statement in a bank file is in one that stands
SELECT s.merchant_id, s.statement_id, s.state, o.state AS ordered
FROM statements s
LEFT JOIN payout_orders o
    ON (o.merchant_id, o.statement_id) = (s.merchant_id, s.statement_id) AND o.state IN ('drafted', 'instructed')
WHERE (s.state = 'batched') <> (o.state IS NOT NULL AND o.state = 'drafted')
   OR (o.state = 'instructed' AND s.state NOT IN ('paying', 'paid'));

-- name: a batch is the sum of its payments
SELECT b.batch_id, b.payments, b.total, o.payments AS counted, o.total AS added
FROM payout_batches b
LEFT JOIN (SELECT batch_id, count(*) AS payments, sum(amount) AS total FROM payout_orders GROUP BY batch_id) AS o USING (batch_id)
WHERE b.payments IS DISTINCT FROM o.payments OR b.total IS DISTINCT FROM o.total;

-- name: a payment in a bank file is its statement's payout, in the file's currency
SELECT o.merchant_id, o.statement_id, o.batch_id
FROM payout_orders o
JOIN statements s USING (merchant_id, statement_id)
JOIN payout_batches b USING (batch_id)
WHERE o.amount <> s.payout OR o.currency <> s.currency OR b.currency <> s.currency;

-- name: what shops were sent through Stripe is its transfers, and what came back their reversals
SELECT owner_id, currency, a.debits, a.credits, t.sent, r.back
FROM (SELECT * FROM ledger_accounts WHERE kind = 'channel_cash' AND owner_id IN (SELECT merchant_id FROM stripe_accounts)) AS a
FULL JOIN (
    SELECT merchant_id AS owner_id, currency, sum(amount) AS sent FROM payout_transfers WHERE transfer_id IS NOT NULL GROUP BY 1, 2
) AS t USING (owner_id, currency)
LEFT JOIN (
    SELECT merchant_id AS owner_id, currency, sum(amount) AS back FROM payout_reversals WHERE state = 'succeeded' GROUP BY 1, 2
) AS r USING (owner_id, currency)
WHERE coalesce(a.credits, 0) <> coalesce(t.sent, 0) OR coalesce(a.debits, 0) <> coalesce(r.back, 0);

-- name: what is taken back of a transfer are its reversals
SELECT t.merchant_id, t.statement_id, t.attempt, t.reversed, r.amount
FROM payout_transfers t
LEFT JOIN (
    SELECT merchant_id, statement_id, attempt, sum(amount) AS amount FROM payout_reversals WHERE state <> 'failed' GROUP BY 1, 2, 3
) AS r USING (merchant_id, statement_id, attempt)
WHERE t.reversed <> coalesce(r.amount, 0);

-- name: a transfer is its statement's payout
SELECT t.merchant_id, t.statement_id, t.attempt
FROM payout_transfers t JOIN statements s USING (merchant_id, statement_id)
WHERE t.amount <> s.payout OR t.currency <> s.currency;
