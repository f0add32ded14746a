-- What merchants have earned, the statements that say so and the payouts that pay it.

CREATE TABLE statement_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE statement_transitions IS 'reference: the states of a statement that follow each other';
INSERT INTO statement_transitions (from_state, to_state) VALUES
    ('nowhere', 'issued'), ('nowhere', 'paid')
  , ('issued', 'checked'), ('issued', 'paying'), ('issued', 'batched'), ('checked', 'paying'), ('checked', 'batched')
  , ('batched', 'checked'), ('batched', 'paying'), ('paying', 'paid'), ('paying', 'failed'), ('failed', 'paying')
  , ('failed', 'batched'), ('paid', 'failed')
  , ('issued', 'held'), ('checked', 'held'), ('paying', 'held'), ('held', 'paying'), ('held', 'batched');

CREATE TABLE settlement_terms (
    merchant_id  uuid NOT NULL REFERENCES merchants
  , from_day     date NOT NULL
  , cycle        text NOT NULL
  , days         integer NOT NULL
  , weekday      integer
  , month_day    integer
  , minimum      bigint NOT NULL
  , currency     text NOT NULL REFERENCES currencies
  , reserve_rate integer NOT NULL
  , reserve_days integer NOT NULL
  , check_days   integer NOT NULL
  , way          text NOT NULL
  , agreed_by    text NOT NULL
  , agreed_at    timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, from_day)
  , CONSTRAINT a_cycle_is_one_of_these CHECK (cycle IN ('daily', 'weekly', 'monthly', 'on_request'))
  , CONSTRAINT a_release_waits_some_days CHECK (days BETWEEN 0 AND 90)
  , CONSTRAINT a_weekly_cycle_has_its_weekday CHECK ((cycle = 'weekly') = (weekday IS NOT NULL) AND weekday BETWEEN 1 AND 7)
  , CONSTRAINT a_monthly_cycle_has_its_day CHECK ((cycle = 'monthly') = (month_day IS NOT NULL) AND month_day BETWEEN 1 AND 31)
  , CONSTRAINT a_minimum_is_not_negative CHECK (minimum >= 0)
  , CONSTRAINT a_reserve_leaves_something CHECK (reserve_rate BETWEEN 0 AND 500000)
  , CONSTRAINT a_reserve_has_its_days CHECK (reserve_days BETWEEN 0 AND 365 AND (reserve_rate > 0) = (reserve_days > 0))
  , CONSTRAINT a_check_takes_some_days CHECK (check_days BETWEEN 0 AND 30)
  , CONSTRAINT a_payout_goes_one_of_these_ways CHECK (way IN ('direct', 'file', 'stripe'))
);
COMMENT ON TABLE settlement_terms IS 'by merchant: when and how a shop is paid, as agreed with it from a day on; without a row: daily, T+N of merchants';
COMMENT ON COLUMN settlement_terms.days IS 'N of T+N: days from the release of an order''s money until a statement may take it';
COMMENT ON COLUMN settlement_terms.weekday IS 'ISO: 1 is Monday, 7 Sunday';
COMMENT ON COLUMN settlement_terms.month_day IS 'In a shorter month its last day: 31 is the last day of every month';
COMMENT ON COLUMN settlement_terms.minimum IS 'What comes to less waits for more, in currency; in other currencies there is no minimum';
COMMENT ON COLUMN settlement_terms.reserve_rate IS 'Of what a statement''s trade brings, in millionths, kept back for reserve_days';
COMMENT ON COLUMN settlement_terms.check_days IS 'How long the payout waits for the merchant to check the statement; 0: it does not wait';
COMMENT ON COLUMN settlement_terms.way IS 'direct: through the bank that is connected; file: in a bank file that two people make; stripe: to the shop''s account there';

CREATE TABLE statements (
    merchant_id  uuid NOT NULL
  , statement_id uuid NOT NULL
  , code         text NOT NULL
  , day          date NOT NULL
  , currency     text NOT NULL REFERENCES currencies
  , sales        bigint NOT NULL
  , commission   bigint NOT NULL
  , refunds      bigint NOT NULL
  , commission_returned bigint NOT NULL
  , subsidy      bigint NOT NULL DEFAULT 0
  , subsidy_returned bigint NOT NULL DEFAULT 0
  , adjustments  bigint NOT NULL DEFAULT 0
  , payout       bigint NOT NULL
  , state        text NOT NULL
  , issued_at    timestamptz NOT NULL DEFAULT now()
  , paid_at      timestamptz
  , failure      text
  , bank_reference text
  , attempt_at   timestamptz
  , attempts     integer NOT NULL DEFAULT 0
  , way          text NOT NULL DEFAULT 'direct'
  , check_by     timestamptz
  , held_for     text
  , PRIMARY KEY (merchant_id, statement_id)
  , UNIQUE (merchant_id, currency, day)
  , CONSTRAINT it_is_paid_one_of_these_ways CHECK (way IN ('direct', 'file', 'stripe'))
  , CONSTRAINT the_bank_is_asked_of_what_goes_there CHECK (attempt_at IS NULL OR state IN ('issued', 'checked', 'paying', 'held'))
  , CONSTRAINT held_means_for_what CHECK ((state = 'held') = (held_for IS NOT NULL) AND held_for IN ('account', 'balance'))
  , CONSTRAINT a_statement_adds_up
        CHECK (payout = sales + subsidy - commission - refunds + commission_returned - subsidy_returned + adjustments)
  , CONSTRAINT only_what_is_owed_is_paid CHECK (payout > 0)
  , CONSTRAINT paid_means_when CHECK ((state = 'paid') = (paid_at IS NOT NULL))
);
COMMENT ON TABLE statements IS 'by merchant: a settlement statement and its payout; its id is the bank''s idempotency key';
COMMENT ON COLUMN statements.day IS 'The settlement day (UTC+8) it was issued for';
COMMENT ON COLUMN statements.subsidy IS 'What the platform pays of what its promotions took off';
COMMENT ON COLUMN statements.adjustments IS 'What is neither a sale nor a refund: goodwill of the platform, what went into the deposit or came out of it, fines, compensation of buyers, commission of hosts, what the shop paid in of what it owed, cash that it collected itself';
COMMENT ON COLUMN statements.attempt_at IS 'When to instruct the bank or to ask it next';
COMMENT ON COLUMN statements.way IS 'direct: through the bank that is connected; file: in a bank file; stripe: to the shop''s account there';
COMMENT ON COLUMN statements.held_for IS 'What its payout waits for at Stripe: account: the shop''s is not ready; balance: the platform''s has too little';
COMMENT ON COLUMN statements.check_by IS 'Until when the payout waits for the merchant to check it; none: it does not wait';
CREATE INDEX statements_to_check ON statements (check_by) WHERE state = 'issued' AND check_by IS NOT NULL;
CREATE INDEX statements_to_batch ON statements (currency, issued_at, statement_id) WHERE state IN ('issued', 'checked', 'failed', 'held');
CREATE INDEX statements_short ON statements (attempt_at) WHERE held_for = 'balance';
CREATE INDEX statements_to_attempt ON statements (attempt_at) WHERE attempt_at IS NOT NULL;
CREATE INDEX statements_of_a_merchant ON statements (merchant_id, issued_at DESC, statement_id);
CREATE INDEX statements_sought ON statements (code text_pattern_ops, merchant_id);
CREATE INDEX statements_by_time ON statements (issued_at DESC, statement_id);

CREATE TABLE statement_history (
    merchant_id  uuid NOT NULL
  , statement_id uuid NOT NULL
  , step         integer NOT NULL
  , from_state   text NOT NULL
  , to_state     text NOT NULL
  , at           timestamptz NOT NULL DEFAULT now()
  , by           text NOT NULL
  , PRIMARY KEY (merchant_id, statement_id, step)
  , FOREIGN KEY (merchant_id, statement_id) REFERENCES statements
  , FOREIGN KEY (from_state, to_state) REFERENCES statement_transitions
);
COMMENT ON TABLE statement_history IS 'by merchant, append-only: each change of a statement''s state';

CREATE TABLE settlement_entries (
    merchant_id  uuid NOT NULL
  , entry_id     uuid NOT NULL
  , order_id     uuid
  , document     uuid NOT NULL
  , kind         text NOT NULL
  , amount       bigint NOT NULL
  , currency     text NOT NULL
  , earned_at    timestamptz NOT NULL DEFAULT now()
  , due_on       date NOT NULL
  , statement_id uuid
  , PRIMARY KEY (merchant_id, entry_id)
  , CONSTRAINT an_entry_is_of_a_kind CHECK (kind IN ('sale', 'subsidy', 'commission', 'refund', 'commission_returned'
                                                       , 'subsidy_returned', 'goodwill', 'deposit', 'deposit_returned', 'fine'
                                                       , 'fine_returned', 'compensation', 'compensation_returned'
                                                       , 'deposit_forfeited', 'debt_paid', 'reserve', 'reserve_released'
                                                       , 'correction', 'correction_taken', 'cash_kept', 'disputed'
                                                       , 'dispute_returned', 'chargeback_fee', 'chargeback_borne', 'taken_back'
                                                       , 'host_commission', 'host_commission_returned', 'slot_fee'))
  , CONSTRAINT costs_are_negative
        CHECK ((kind IN ('commission', 'refund', 'subsidy_returned', 'deposit', 'fine', 'compensation', 'reserve'
                       , 'correction_taken', 'cash_kept', 'disputed', 'chargeback_fee', 'host_commission', 'slot_fee')) = (amount < 0))
);
COMMENT ON TABLE settlement_entries IS 'by merchant: what the merchant''s payable is made of; entries without a statement wait for the next one';
COMMENT ON COLUMN settlement_entries.order_id IS 'None where it is about no order: a deposit, a fine';
COMMENT ON COLUMN settlement_entries.document IS 'What it stems from: an order, a refund, an appeal, a movement of the deposit, a violation, a broken promise, a statement (reserve), a dispute (correction), a reversal at Stripe (taken_back), a session''s slot (slot_fee)';
COMMENT ON COLUMN settlement_entries.due_on IS 'The first settlement day that may take it: T+N';
COMMENT ON COLUMN settlement_entries.statement_id IS 'Its statement, or the one that it is being gathered for (settlement_drafts): so checks.sql holds it, no foreign key';
CREATE UNIQUE INDEX an_entry_is_made_once ON settlement_entries (merchant_id, document, kind);
CREATE INDEX entries_to_settle ON settlement_entries (due_on, merchant_id) WHERE statement_id IS NULL;
CREATE INDEX entries_of_a_statement ON settlement_entries (merchant_id, statement_id, entry_id);
CREATE INDEX entries_waiting_of_a_merchant ON settlement_entries (merchant_id, due_on) WHERE statement_id IS NULL;

CREATE TABLE settlement_drafts (
    merchant_id  uuid NOT NULL
  , currency     text NOT NULL REFERENCES currencies
  , statement_id uuid NOT NULL
  , begun_at     timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, currency)
  , UNIQUE (merchant_id, statement_id)
);
COMMENT ON TABLE settlement_drafts IS 'by merchant: statements of very many entries while these are gathered, some thousands a transaction';
COMMENT ON COLUMN settlement_drafts.statement_id IS 'The number that the statement will have; its entries have it already';

CREATE TABLE statement_checks (
    merchant_id  uuid NOT NULL
  , statement_id uuid NOT NULL
  , check_no     integer NOT NULL
  , agreed       boolean NOT NULL
  , words        text NOT NULL DEFAULT ''
  , by           text NOT NULL
  , at           timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, statement_id, check_no)
  , FOREIGN KEY (merchant_id, statement_id) REFERENCES statements
  , CONSTRAINT an_objection_says_why CHECK (agreed OR words <> '')
);
COMMENT ON TABLE statement_checks IS 'by merchant, append-only: what the merchant says of a statement; the last word counts';
CREATE INDEX statement_checks_objecting ON statement_checks (at DESC, statement_id DESC) WHERE NOT agreed;

CREATE TABLE reserves (
    merchant_id  uuid NOT NULL
  , statement_id uuid NOT NULL
  , amount       bigint NOT NULL
  , currency     text NOT NULL
  , release_on   date NOT NULL
  , released_at  timestamptz
  , released_by  text
  , PRIMARY KEY (merchant_id, statement_id)
  , FOREIGN KEY (merchant_id, statement_id) REFERENCES statements
  , CONSTRAINT a_reserve_is_something CHECK (amount > 0)
  , CONSTRAINT who_releases_says_when CHECK ((released_at IS NULL) = (released_by IS NULL))
);
COMMENT ON TABLE reserves IS 'by merchant: what a statement kept back of its payout, and when it is released';
CREATE INDEX reserves_to_release ON reserves (release_on) WHERE released_at IS NULL;

CREATE TABLE statement_disputes (
    merchant_id  uuid NOT NULL
  , dispute_id   uuid NOT NULL
  , statement_id uuid NOT NULL
  , entry_id     uuid NOT NULL
  , words        text NOT NULL
  , opened_by    text NOT NULL
  , opened_at    timestamptz NOT NULL DEFAULT now()
  , correction   bigint
  , answer       text NOT NULL DEFAULT ''
  , answered_by  text
  , answered_at  timestamptz
  , PRIMARY KEY (merchant_id, dispute_id)
  , FOREIGN KEY (merchant_id, statement_id) REFERENCES statements
  , FOREIGN KEY (merchant_id, entry_id) REFERENCES settlement_entries
  , CONSTRAINT a_dispute_says_why CHECK (words <> '')
  , CONSTRAINT an_answer_is_whole CHECK ((answered_at IS NULL) = (answered_by IS NULL) AND (answered_at IS NULL) = (answer = '')
                                     AND (answered_at IS NULL) = (correction IS NULL))
);
COMMENT ON TABLE statement_disputes IS 'by merchant: a line that the merchant disputes, and what the operator answered';
COMMENT ON COLUMN statement_disputes.correction IS '0: declined; otherwise the adjustment that is on the next statement, in the currency of the line';
CREATE UNIQUE INDEX one_open_dispute_a_line ON statement_disputes (merchant_id, entry_id) WHERE answered_at IS NULL;
CREATE INDEX disputes_of_a_statement ON statement_disputes (merchant_id, statement_id, opened_at);
CREATE INDEX disputes_open ON statement_disputes (opened_at, dispute_id) WHERE answered_at IS NULL;

CREATE TABLE payer_accounts (
    currency text PRIMARY KEY REFERENCES currencies
  , holder   text NOT NULL
  , bank     text NOT NULL
  , bic      text NOT NULL DEFAULT ''
  , account  text NOT NULL
  , CONSTRAINT an_account_is_whole CHECK (holder <> '' AND bank <> '' AND account <> '')
);
COMMENT ON TABLE payer_accounts IS 'reference: the operator''s own accounts that bank files pay from';

CREATE TABLE payout_batches (
    batch_id    uuid PRIMARY KEY
  , code        text NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , pay_on      date NOT NULL
  , payer       jsonb NOT NULL
  , payments    integer NOT NULL
  , total       bigint NOT NULL
  , made_by     text NOT NULL
  , made_at     timestamptz NOT NULL DEFAULT now()
  , approved_by text
  , approved_at timestamptz
  , fetched_by  text
  , fetched_at  timestamptz
  , sent_by     text
  , sent_at     timestamptz
  , dropped_by  text
  , dropped_at  timestamptz
  , CONSTRAINT two_people_make_a_batch CHECK (approved_by <> made_by)
  , CONSTRAINT a_batch_pays_something CHECK (payments > 0 AND total > 0)
  , CONSTRAINT an_approval_has_a_name CHECK ((approved_at IS NULL) = (approved_by IS NULL))
  , CONSTRAINT only_what_is_approved_is_fetched CHECK (fetched_at IS NULL OR approved_at IS NOT NULL)
  , CONSTRAINT only_what_was_fetched_is_sent CHECK (sent_at IS NULL OR fetched_at IS NOT NULL)
  , CONSTRAINT what_was_fetched_is_not_dropped CHECK (dropped_at IS NULL OR fetched_at IS NULL)
);
COMMENT ON TABLE payout_batches IS 'by key: payouts that go to the bank in one file';
COMMENT ON COLUMN payout_batches.payer IS 'The operator''s account as it was when the batch was made: {holder, bank, bic, account}';
COMMENT ON COLUMN payout_batches.fetched_at IS 'When the file was first fetched: from then on the money may move';
CREATE INDEX payout_batches_by_time ON payout_batches (made_at DESC, batch_id DESC);

CREATE TABLE payout_orders (
    merchant_id  uuid NOT NULL
  , statement_id uuid NOT NULL
  , batch_id     uuid NOT NULL
  , attempt      integer NOT NULL
  , reference    text NOT NULL
  , amount       bigint NOT NULL
  , currency     text NOT NULL
  , payee        jsonb NOT NULL
  , state        text NOT NULL
  , failure      text NOT NULL DEFAULT ''
  , answered_by  text
  , answered_at  timestamptz
  , PRIMARY KEY (merchant_id, statement_id, batch_id)
  , FOREIGN KEY (merchant_id, statement_id) REFERENCES statements
  , CONSTRAINT a_payment_is_something CHECK (amount > 0)
  , CONSTRAINT an_order_stands_somewhere CHECK (state IN ('drafted', 'instructed', 'paid', 'failed', 'returned', 'dropped'))
  , CONSTRAINT a_failure_says_why CHECK ((state IN ('failed', 'returned')) = (failure <> ''))
  , CONSTRAINT an_answer_has_its_time CHECK ((state IN ('paid', 'failed', 'returned')) = (answered_at IS NOT NULL))
);
COMMENT ON TABLE payout_orders IS 'by merchant: a payout in a bank file; its batch is in payout_batches';
COMMENT ON COLUMN payout_orders.payee IS 'Where it goes, as it was when the batch was made: {name, bank, account}';
COMMENT ON COLUMN payout_orders.reference IS 'EndToEndId at the bank: the statement''s code and the number of the attempt';
CREATE UNIQUE INDEX a_payout_is_in_one_batch ON payout_orders (merchant_id, statement_id) WHERE state IN ('drafted', 'instructed');
CREATE UNIQUE INDEX an_attempt_is_made_once ON payout_orders (merchant_id, statement_id, attempt) WHERE state <> 'dropped';
CREATE INDEX payout_orders_of_a_batch ON payout_orders (batch_id, reference);

CREATE TABLE payout_returns (
    merchant_id  uuid NOT NULL
  , return_id    uuid NOT NULL
  , statement_id uuid NOT NULL
  , attempt      integer NOT NULL
  , amount       bigint NOT NULL
  , currency     text NOT NULL
  , reason       text NOT NULL
  , by           text NOT NULL
  , at           timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, return_id)
  , FOREIGN KEY (merchant_id, statement_id) REFERENCES statements
  , CONSTRAINT a_return_says_why CHECK (reason <> '')
);
COMMENT ON TABLE payout_returns IS 'by merchant, append-only: payouts that came back from the bank after they were paid';
COMMENT ON COLUMN payout_returns.attempt IS 'Which instruction it was that came back, from 1 on';
COMMENT ON COLUMN payout_returns.return_id IS 'The document in the books of the return, and of the payment that follows it';
CREATE INDEX returns_of_a_statement ON payout_returns (merchant_id, statement_id, at);

CREATE TABLE held_ages (
    currency   text NOT NULL REFERENCES currencies
  , since_days integer NOT NULL
  , amount     bigint NOT NULL
  , orders     integer NOT NULL
  , at         timestamptz NOT NULL
  , PRIMARY KEY (currency, since_days)
);
COMMENT ON TABLE held_ages IS 'local: money held for buyers by how many days ago it was paid, when it was last counted';
COMMENT ON COLUMN held_ages.since_days IS 'The first day of the band, up to that of the next';
