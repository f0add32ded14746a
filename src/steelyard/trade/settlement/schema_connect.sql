-- What merchants are paid through Stripe: their accounts there, transfers to them, and what was taken back of these.

CREATE TABLE stripe_accounts (
    merchant_id uuid PRIMARY KEY
  , opening_id  uuid NOT NULL
  , account_id  text
  , country     text NOT NULL
  , opened_by   text NOT NULL
  , opened_at   timestamptz NOT NULL DEFAULT now()
  , submitted   boolean NOT NULL DEFAULT false
  , transfers   text NOT NULL DEFAULT 'inactive'
  , payouts     boolean NOT NULL DEFAULT false
  , disabled_for text
  , due         text[] NOT NULL DEFAULT '{}'
  , past_due    text[] NOT NULL DEFAULT '{}'
  , pending     text[] NOT NULL DEFAULT '{}'
  , due_by      timestamptz
  , looked_at   timestamptz
  , look_at     timestamptz
  , way_before  text
  , CONSTRAINT a_way_before_is_a_way CHECK (way_before IN ('direct', 'file'))
  , CONSTRAINT only_what_is_there_is_looked_at CHECK (account_id IS NOT NULL OR (look_at IS NULL AND looked_at IS NULL))
);
COMMENT ON TABLE stripe_accounts IS 'by merchant: a shop''s account at Stripe, connected with the platform''s, as Stripe last said that it stands';
COMMENT ON COLUMN stripe_accounts.opening_id IS 'The idempotency key of the account''s making';
COMMENT ON COLUMN stripe_accounts.account_id IS 'acct_…; none while Stripe has not said that it is there';
COMMENT ON COLUMN stripe_accounts.transfers IS 'Its capability to be sent money: active, inactive, pending, unrequested';
COMMENT ON COLUMN stripe_accounts.payouts IS 'Whether Stripe sends what is there on to the shop''s bank';
COMMENT ON COLUMN stripe_accounts.disabled_for IS 'Why it may do less than was asked for: requirements.disabled_reason';
COMMENT ON COLUMN stripe_accounts.due IS 'What Stripe wants to know, by its own names of it';
COMMENT ON COLUMN stripe_accounts.look_at IS 'When Stripe is asked next how it stands; a message of it brings that forward';
COMMENT ON COLUMN stripe_accounts.way_before IS 'How the shop was paid before it chose Stripe';
CREATE INDEX stripe_accounts_by_name ON stripe_accounts (account_id);
CREATE INDEX stripe_accounts_to_look_at ON stripe_accounts (look_at) WHERE look_at IS NOT NULL;

CREATE TABLE payout_transfers (
    merchant_id  uuid NOT NULL
  , statement_id uuid NOT NULL
  , attempt      integer NOT NULL
  , account_id   text NOT NULL
  , amount       bigint NOT NULL
  , currency     text NOT NULL
  , transfer_id  text
  , reversed     bigint NOT NULL DEFAULT 0
  , at           timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, statement_id, attempt)
  , FOREIGN KEY (merchant_id, statement_id) REFERENCES statements
  , CONSTRAINT a_transfer_is_something CHECK (amount > 0)
  , CONSTRAINT never_take_back_more_than_was_sent CHECK (0 <= reversed AND reversed <= amount)
  , CONSTRAINT only_what_was_sent_is_taken_back CHECK (reversed = 0 OR transfer_id IS NOT NULL)
);
COMMENT ON TABLE payout_transfers IS 'by merchant: a payout through Stripe, written down before it is asked for';
COMMENT ON COLUMN payout_transfers.attempt IS 'Which instruction of the statement it is, from 1 on: part of its key at Stripe';
COMMENT ON COLUMN payout_transfers.account_id IS 'Where it goes, as it was when it was first asked for';
COMMENT ON COLUMN payout_transfers.transfer_id IS 'tr_…; none while nobody knows that it was made';
COMMENT ON COLUMN payout_transfers.reversed IS 'What was taken back of it, with what is being taken back';
CREATE INDEX transfers_to_take_back ON payout_transfers (merchant_id, currency, at DESC) WHERE transfer_id IS NOT NULL AND reversed < amount;

CREATE TABLE payout_reversals (
    merchant_id  uuid NOT NULL
  , reversal_id  uuid NOT NULL
  , statement_id uuid NOT NULL
  , attempt      integer NOT NULL
  , purpose      text NOT NULL
  , amount       bigint NOT NULL
  , currency     text NOT NULL
  , reason       text NOT NULL
  , state        text NOT NULL
  , stripe_id    text
  , failure      text NOT NULL DEFAULT ''
  , by           text NOT NULL
  , at           timestamptz NOT NULL DEFAULT now()
  , ended_at     timestamptz
  , attempt_at   timestamptz
  , attempts     integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, reversal_id)
  , FOREIGN KEY (merchant_id, statement_id, attempt) REFERENCES payout_transfers
  , CONSTRAINT a_reversal_is_something CHECK (amount > 0)
  , CONSTRAINT a_reversal_has_a_purpose CHECK (purpose IN ('owed', 'payout'))
  , CONSTRAINT a_reversal_says_why CHECK (reason <> '')
  , CONSTRAINT a_reversal_stands_somewhere CHECK (state IN ('sent', 'succeeded', 'failed'))
  , CONSTRAINT a_reversal_succeeded_by_name CHECK ((state = 'succeeded') = (stripe_id IS NOT NULL))
  , CONSTRAINT a_failed_reversal_says_why CHECK ((state = 'failed') = (failure <> ''))
  , CONSTRAINT stripe_is_asked_of_what_it_has_not_answered CHECK ((state = 'sent') = (attempt_at IS NOT NULL) AND (state = 'sent') = (ended_at IS NULL))
);
COMMENT ON TABLE payout_reversals IS 'by merchant: what is taken back through Stripe of what was paid out; its id is Stripe''s idempotency key';
COMMENT ON COLUMN payout_reversals.purpose IS 'owed: of what the shop owes, and it counts as given back; payout: the whole payout, which can be paid anew';
COMMENT ON COLUMN payout_reversals.stripe_id IS 'trr_…';
CREATE INDEX reversals_to_attempt ON payout_reversals (attempt_at) WHERE attempt_at IS NOT NULL;
CREATE INDEX reversals_of_a_statement ON payout_reversals (merchant_id, statement_id, at);
CREATE INDEX reversals_of_a_merchant ON payout_reversals (merchant_id, currency, at DESC);
