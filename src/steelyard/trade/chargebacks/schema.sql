-- Chargebacks: a buyer's bank takes captured money back. Which orders it is of, what is said against it, who bears it.

CREATE TABLE chargeback_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE chargeback_transitions IS 'reference: the states of a chargeback that follow each other';
INSERT INTO chargeback_transitions (from_state, to_state) VALUES
    ('nowhere', 'inquiry'), ('nowhere', 'evidence_due')
  , ('inquiry', 'evidence_due'), ('inquiry', 'closed')
  , ('evidence_due', 'answering'), ('evidence_due', 'submitted'), ('evidence_due', 'won'), ('evidence_due', 'lost')
  , ('evidence_due', 'accepted'), ('evidence_due', 'expired')
  , ('answering', 'evidence_due'), ('answering', 'submitted'), ('answering', 'won'), ('answering', 'lost')
  , ('answering', 'accepted'), ('answering', 'expired')
  , ('submitted', 'won'), ('submitted', 'lost')
  , ('lost', 'recovered'), ('accepted', 'recovered'), ('expired', 'recovered');

CREATE TABLE chargebacks (
    buyer_id      uuid NOT NULL
  , chargeback_id uuid NOT NULL
  , code          text NOT NULL
  , payment_id    uuid NOT NULL
  , purchase_id   uuid NOT NULL
  , channel       text NOT NULL
  , reference     text NOT NULL
  , amount        bigint NOT NULL
  , currency      text NOT NULL REFERENCES currencies
  , fee           bigint NOT NULL DEFAULT 0
  , excess        bigint NOT NULL DEFAULT 0
  , covered       bigint NOT NULL DEFAULT 0
  , reason        text NOT NULL
  , state         text NOT NULL
  , opened_at     timestamptz NOT NULL DEFAULT now()
  , opened_by     text NOT NULL
  , note          text NOT NULL DEFAULT ''
  , due_at        timestamptz
  , shop_due_at   timestamptz
  , answer        text
  , facts         jsonb NOT NULL DEFAULT '{}'
  , words         text NOT NULL DEFAULT ''
  , answer_at     timestamptz
  , attempts      integer NOT NULL DEFAULT 0
  , failure       text
  , submitted_at  timestamptz
  , ended_at      timestamptz
  , PRIMARY KEY (buyer_id, chargeback_id)
  , CONSTRAINT a_chargeback_is_of_some_money CHECK (amount > 0 AND fee >= 0 AND 0 <= covered AND covered <= excess AND excess <= amount)
  , CONSTRAINT an_answer_is_evidence_or_acceptance CHECK (answer IN ('evidence', 'accept'))
  , CONSTRAINT ended_means_when CHECK ((state IN ('won', 'lost', 'accepted', 'expired', 'closed', 'recovered')) = (ended_at IS NOT NULL))
  , CONSTRAINT who_answers_has_an_answer CHECK (state <> 'answering' OR answer IS NOT NULL)
);
COMMENT ON TABLE chargebacks IS 'by buyer: money of a payment that its channel has taken back, or asks about';
COMMENT ON COLUMN chargebacks.reference IS 'What the channel, or the bank''s letter, calls it';
COMMENT ON COLUMN chargebacks.fee IS 'What the channel charges for it, in minor units of the currency';
COMMENT ON COLUMN chargebacks.excess IS 'Of amount, what had been given back already: taken twice, and on the platform until it is won';
COMMENT ON COLUMN chargebacks.covered IS 'Of excess, refunds that the channel refused because of it: it has made them thereby';
COMMENT ON COLUMN chargebacks.due_at IS 'By when the channel must have evidence; shop_due_at: by when the shops are to have handed theirs in';
COMMENT ON COLUMN chargebacks.facts IS 'What was handed in, by the names of payments.EVIDENCE_FACTS; words: beside it';
COMMENT ON COLUMN chargebacks.answer_at IS 'When to tell the channel next';
CREATE INDEX chargebacks_by_id ON chargebacks (chargeback_id);
CREATE INDEX chargebacks_of_a_purchase ON chargebacks (purchase_id);
CREATE INDEX chargebacks_by_time ON chargebacks (opened_at DESC, chargeback_id DESC);
CREATE INDEX chargebacks_open ON chargebacks (due_at, chargeback_id) WHERE ended_at IS NULL;
CREATE INDEX chargebacks_to_answer ON chargebacks (answer_at) WHERE answer_at IS NOT NULL;

CREATE TABLE chargeback_history (
    buyer_id      uuid NOT NULL
  , chargeback_id uuid NOT NULL
  , step          integer NOT NULL
  , from_state    text NOT NULL
  , to_state      text NOT NULL
  , at            timestamptz NOT NULL DEFAULT now()
  , by            text NOT NULL
  , PRIMARY KEY (buyer_id, chargeback_id, step)
  , FOREIGN KEY (buyer_id, chargeback_id) REFERENCES chargebacks
  , FOREIGN KEY (from_state, to_state) REFERENCES chargeback_transitions
);
COMMENT ON TABLE chargeback_history IS 'by buyer, append-only: each change of a chargeback''s state';

CREATE TABLE chargeback_parts (
    merchant_id   uuid NOT NULL
  , chargeback_id uuid NOT NULL
  , order_id      uuid NOT NULL
  , code          text NOT NULL
  , amount        bigint NOT NULL
  , currency      text NOT NULL REFERENCES currencies
  , reason        text NOT NULL
  , state         text NOT NULL
  , opened_at     timestamptz NOT NULL
  , shop_due_at   timestamptz
  , round         integer NOT NULL DEFAULT 1
  , frozen        boolean NOT NULL DEFAULT false
  , held          boolean NOT NULL DEFAULT false
  , sent_anyway_at timestamptz
  , sent_anyway_by text
  , sent_anyway_why text NOT NULL DEFAULT ''
  , bearer        text
  , bearer_why    text NOT NULL DEFAULT ''
  , refund_id     uuid
  , made_good     bigint NOT NULL DEFAULT 0
  , fee           bigint NOT NULL DEFAULT 0
  , words         text NOT NULL DEFAULT ''
  , answered_at   timestamptz
  , answered_by   text
  , PRIMARY KEY (merchant_id, chargeback_id, order_id)
  , CONSTRAINT a_part_is_of_some_money CHECK (amount > 0 AND made_good >= 0 AND fee >= 0)
  , CONSTRAINT a_merchant_or_the_platform_bears_it CHECK (bearer IN ('merchant', 'platform'))
  , CONSTRAINT a_refund_has_its_bearer CHECK (refund_id IS NULL OR bearer IS NOT NULL)
  , CONSTRAINT answered_means_by_whom CHECK ((answered_at IS NULL) = (answered_by IS NULL))
  , CONSTRAINT sent_anyway_means_by_whom_and_why CHECK ((sent_anyway_at IS NULL) = (sent_anyway_by IS NULL) AND (sent_anyway_at IS NULL) = (sent_anyway_why = ''))
  , CONSTRAINT what_is_sent_anyway_is_not_held CHECK (NOT held OR sent_anyway_at IS NULL)
);
COMMENT ON TABLE chargeback_parts IS 'by merchant: which part of a chargeback is of which order, and what its shop says; state, reason and dates as of the chargeback';
COMMENT ON COLUMN chargeback_parts.round IS 'Counted up when the amount is shared out anew: what was frozen before is thawed under its own number';
COMMENT ON COLUMN chargeback_parts.frozen IS 'Set aside from what the shop is owed: before the order is received its money is held anyway';
COMMENT ON COLUMN chargeback_parts.held IS 'Its order was not sent yet and is held because of it, until it is decided or its shop sends it anyway';
COMMENT ON COLUMN chargeback_parts.sent_anyway_at IS 'When the shop said that it sends the order all the same, at its own risk';
COMMENT ON COLUMN chargeback_parts.bearer IS 'Who bears it when it is lost; none: by the rule of docs/algorithms/chargebacks.md';
COMMENT ON COLUMN chargeback_parts.refund_id IS 'Of a lost one: the refund that the channel has made';
COMMENT ON COLUMN chargeback_parts.made_good IS 'Of a lost or recovered one: what the platform paid the shop for it';
COMMENT ON COLUMN chargeback_parts.fee IS 'Of the channel''s fee, what the shop bears';
CREATE INDEX chargeback_parts_of_one ON chargeback_parts (chargeback_id);
CREATE INDEX chargeback_parts_of_an_order ON chargeback_parts (order_id);
CREATE INDEX chargeback_parts_by_time ON chargeback_parts (merchant_id, opened_at DESC, chargeback_id DESC);
CREATE INDEX chargeback_parts_to_answer ON chargeback_parts (merchant_id, shop_due_at)
    WHERE answered_at IS NULL AND state IN ('inquiry', 'evidence_due');

CREATE TABLE chargeback_files (
    merchant_id   uuid NOT NULL
  , file_id       uuid NOT NULL
  , chargeback_id uuid NOT NULL
  , order_id      uuid NOT NULL
  , file          text NOT NULL
  , name          text NOT NULL
  , bytes         integer NOT NULL
  , by            text NOT NULL
  , at            timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, file_id)
  , FOREIGN KEY (merchant_id, chargeback_id, order_id) REFERENCES chargeback_parts
  , CONSTRAINT a_file_has_something_in_it CHECK (bytes > 0)
);
COMMENT ON TABLE chargeback_files IS 'by merchant: what a shop handed in as evidence, by its name in the private file store';
CREATE INDEX chargeback_files_of_a_part ON chargeback_files (merchant_id, chargeback_id, order_id, at);
