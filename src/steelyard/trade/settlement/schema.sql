-- What merchants have earned, the statements that say so and the payouts that pay it.

CREATE TABLE statement_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE statement_transitions IS 'reference: the states of a statement that follow each other';
INSERT INTO statement_transitions (from_state, to_state) VALUES
    ('nowhere', 'issued'), ('nowhere', 'paid')
  , ('issued', 'paying'), ('paying', 'paid'), ('paying', 'failed'), ('failed', 'paying');

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
  , PRIMARY KEY (merchant_id, statement_id)
  , UNIQUE (merchant_id, currency, day)
  , CONSTRAINT a_statement_adds_up
        CHECK (payout = sales + subsidy - commission - refunds + commission_returned - subsidy_returned + adjustments)
  , CONSTRAINT only_what_is_owed_is_paid CHECK (payout > 0)
  , CONSTRAINT paid_means_when CHECK ((state = 'paid') = (paid_at IS NOT NULL))
);
COMMENT ON TABLE statements IS 'by merchant: a settlement statement and its payout; its id is the bank''s idempotency key';
COMMENT ON COLUMN statements.day IS 'The settlement day (UTC+8) it was issued for';
COMMENT ON COLUMN statements.subsidy IS 'What the platform pays of what its promotions took off';
COMMENT ON COLUMN statements.adjustments IS 'What is neither a sale nor a refund: goodwill of the platform, what went into the deposit or came out of it, fines, compensation of buyers, what the shop paid in of what it owed';
COMMENT ON COLUMN statements.attempt_at IS 'When to instruct the bank or to ask it next';
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
  , FOREIGN KEY (merchant_id, statement_id) REFERENCES statements
  , CONSTRAINT an_entry_is_of_a_kind CHECK (kind IN ('sale', 'subsidy', 'commission', 'refund', 'commission_returned'
                                                       , 'subsidy_returned', 'goodwill', 'deposit', 'deposit_returned', 'fine'
                                                       , 'fine_returned', 'compensation', 'compensation_returned'
                                                       , 'deposit_forfeited', 'debt_paid', 'disputed', 'dispute_returned'
                                                       , 'chargeback_fee', 'chargeback_borne'))
  , CONSTRAINT costs_are_negative
        CHECK ((kind IN ('commission', 'refund', 'subsidy_returned', 'deposit', 'fine', 'compensation', 'disputed', 'chargeback_fee'))
               = (amount < 0))
);
COMMENT ON TABLE settlement_entries IS 'by merchant: what the merchant''s payable is made of; entries without a statement wait for the next one';
COMMENT ON COLUMN settlement_entries.order_id IS 'None where it is about no order: a deposit, a fine';
COMMENT ON COLUMN settlement_entries.document IS 'What it stems from: an order, a refund, an appeal, a movement of the deposit, a violation, a broken promise';
COMMENT ON COLUMN settlement_entries.due_on IS 'The first settlement day that may take it: T+N';
CREATE UNIQUE INDEX an_entry_is_made_once ON settlement_entries (merchant_id, document, kind);
CREATE INDEX entries_to_settle ON settlement_entries (due_on, merchant_id) WHERE statement_id IS NULL;
CREATE INDEX entries_of_a_statement ON settlement_entries (merchant_id, statement_id, entry_id);
CREATE INDEX entries_waiting_of_a_merchant ON settlement_entries (merchant_id, due_on) WHERE statement_id IS NULL;

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
