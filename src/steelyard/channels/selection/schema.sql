-- The pool from which hosts choose what they sell: offers of the shop with commission and terms, and the samples that hosts ask for.

CREATE TABLE pool_offer_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE pool_offer_transitions IS 'reference: the states of an offer in the selection pool that follow each other';
INSERT INTO pool_offer_transitions (from_state, to_state) VALUES ('nowhere', 'open'), ('open', 'closed');

CREATE TABLE pool_offers (
    merchant_id uuid NOT NULL
  , offer_id    uuid NOT NULL
  , product_id  uuid NOT NULL
  , millionths  integer NOT NULL
  , slot_fee    bigint
  , currency    text REFERENCES currencies
  , terms       text NOT NULL DEFAULT ''
  , samples     integer NOT NULL DEFAULT 0
  , sample_back boolean NOT NULL DEFAULT false
  , state       text NOT NULL
  , opened_at   timestamptz NOT NULL DEFAULT now()
  , closed_at   timestamptz
  , PRIMARY KEY (merchant_id, offer_id)
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
  , CONSTRAINT a_pool_offer_is_in_a_state CHECK (state IN ('open', 'closed') AND (state = 'closed') = (closed_at IS NOT NULL))
  , CONSTRAINT a_pool_rate_is_a_part CHECK (millionths BETWEEN 0 AND 1000000)
  , CONSTRAINT a_pool_slot_fee_is_of_a_currency CHECK (slot_fee >= 0 AND (slot_fee IS NULL) = (currency IS NULL))
  , CONSTRAINT samples_are_counted CHECK (samples BETWEEN 0 AND 10000)
);
COMMENT ON TABLE pool_offers IS 'by merchant, never deleted: products that hosts may take into their sessions, at which commission; other terms are another offer';
COMMENT ON COLUMN pool_offers.millionths IS 'What the host gets of sales, in parts per million';
COMMENT ON COLUMN pool_offers.slot_fee IS 'What the host gets for each session with it, in minor units; none: nothing';
COMMENT ON COLUMN pool_offers.samples IS 'How many pieces the shop gives away as samples, in all';
COMMENT ON COLUMN pool_offers.sample_back IS 'Whether a sample is to come back';
CREATE UNIQUE INDEX a_product_is_offered_once ON pool_offers (merchant_id, product_id) WHERE state = 'open';
CREATE INDEX pool_offers_in_a_state ON pool_offers (merchant_id, state, offer_id DESC);

CREATE TABLE pool_offer_history (
    merchant_id uuid NOT NULL
  , offer_id    uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, offer_id, step)
  , FOREIGN KEY (merchant_id, offer_id) REFERENCES pool_offers
  , FOREIGN KEY (from_state, to_state) REFERENCES pool_offer_transitions
);
COMMENT ON TABLE pool_offer_history IS 'by merchant, append-only: each change of state of an offer in the pool';

CREATE TABLE pool_sample_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE pool_sample_transitions IS 'reference: the states of a sample that follow each other';
INSERT INTO pool_sample_transitions (from_state, to_state) VALUES
    ('nowhere', 'asked'), ('asked', 'approved'), ('asked', 'refused'), ('asked', 'withdrawn')
  , ('approved', 'sent'), ('approved', 'withdrawn'), ('sent', 'received'), ('sent', 'returned'), ('received', 'returned');

CREATE TABLE pool_samples (
    merchant_id uuid NOT NULL
  , sample_id   uuid NOT NULL
  , offer_id    uuid NOT NULL
  , host_id     uuid NOT NULL
  , quantity    integer NOT NULL
  , receiver    jsonb NOT NULL
  , words       text NOT NULL DEFAULT ''
  , back        boolean NOT NULL
  , state       text NOT NULL
  , reason      text NOT NULL DEFAULT ''
  , carrier     text NOT NULL DEFAULT ''
  , tracking    text NOT NULL DEFAULT ''
  , sku_id      uuid
  , warehouse_id uuid
  , asked_at    timestamptz NOT NULL DEFAULT now()
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, sample_id)
  , FOREIGN KEY (merchant_id, offer_id) REFERENCES pool_offers
  , FOREIGN KEY (merchant_id, host_id) REFERENCES room_hosts
  , FOREIGN KEY (merchant_id, sku_id, warehouse_id) REFERENCES stock
  , CONSTRAINT a_sample_is_of_a_shelf CHECK ((sku_id IS NULL) = (warehouse_id IS NULL))
  , CONSTRAINT a_sample_is_in_a_state CHECK (state IN ('asked', 'approved', 'refused', 'withdrawn', 'sent', 'received', 'returned'))
  , CONSTRAINT a_sample_is_some_pieces CHECK (quantity BETWEEN 1 AND 100)
  , CONSTRAINT what_was_sent_has_a_number CHECK (state NOT IN ('sent', 'received', 'returned') OR (tracking <> '' AND carrier <> ''))
  , CONSTRAINT a_refusal_says_why CHECK (state <> 'refused' OR reason <> '')
);
COMMENT ON TABLE pool_samples IS 'by merchant, never deleted: samples that hosts have asked for';
COMMENT ON COLUMN pool_samples.receiver IS 'Where it goes: {name, phone, address}; emptied when it is over and nothing is to come back';
COMMENT ON COLUMN pool_samples.words IS 'What the host said with the request';
COMMENT ON COLUMN pool_samples.sku_id IS 'What was sent of the product, out of the stock of which warehouse; none: it was not in stock, or is not sent yet';
COMMENT ON COLUMN pool_samples.back IS 'Whether it is to come back, as the offer said then';
CREATE INDEX pool_samples_of_an_offer ON pool_samples (merchant_id, offer_id, sample_id DESC);

CREATE TABLE pool_sample_history (
    merchant_id uuid NOT NULL
  , sample_id   uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, sample_id, step)
  , FOREIGN KEY (merchant_id, sample_id) REFERENCES pool_samples
  , FOREIGN KEY (from_state, to_state) REFERENCES pool_sample_transitions
);
COMMENT ON TABLE pool_sample_history IS 'by merchant, append-only: each change of a sample''s state';

CREATE TABLE pool_picks (
    merchant_id  uuid NOT NULL
  , session_id   uuid NOT NULL
  , offer_id     uuid NOT NULL
  , agreement_id uuid NOT NULL
  , by           text NOT NULL
  , at           timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, session_id, offer_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , FOREIGN KEY (merchant_id, offer_id) REFERENCES pool_offers
  , FOREIGN KEY (merchant_id, agreement_id) REFERENCES host_agreements
);
COMMENT ON TABLE pool_picks IS 'by merchant, append-only: what was taken from the pool into a session, and the agreement that came of it';
CREATE INDEX pool_picks_of_an_offer ON pool_picks (merchant_id, offer_id, at DESC);
