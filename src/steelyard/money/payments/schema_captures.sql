-- What channels were asked to take of authorised payments, and what was let go of them.

CREATE TABLE capture_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE capture_transitions IS 'reference: the states of a capture that follow each other';
INSERT INTO capture_transitions (from_state, to_state) VALUES
    ('nowhere', 'instructed'), ('instructed', 'succeeded'), ('instructed', 'failed');

CREATE TABLE payment_captures (
    buyer_id     uuid NOT NULL
  , capture_id   uuid NOT NULL
  , payment_id   uuid NOT NULL
  , document     uuid NOT NULL
  , amount       bigint NOT NULL
  , currency     text NOT NULL REFERENCES currencies
  , final        boolean NOT NULL
  , state        text NOT NULL
  , failure      text
  , created_at   timestamptz NOT NULL DEFAULT now()
  , ended_at     timestamptz
  , attempt_at   timestamptz
  , attempts     integer NOT NULL DEFAULT 0
  , PRIMARY KEY (buyer_id, capture_id)
  , FOREIGN KEY (buyer_id, payment_id) REFERENCES payments
  , CONSTRAINT a_capture_is_of_some_money CHECK (amount > 0)
  , CONSTRAINT a_capture_is_asked_for_until_it_ended CHECK ((state = 'instructed') = (attempt_at IS NOT NULL))
  , CONSTRAINT a_capture_ended_when CHECK ((state = 'instructed') = (ended_at IS NULL))
);
COMMENT ON TABLE payment_captures IS 'by buyer: what a channel was asked to take of an authorised payment; its id is the channel''s idempotency key';
COMMENT ON COLUMN payment_captures.document IS 'Under which the books have it: the payment where the channel captures once, else the capture itself';
COMMENT ON COLUMN payment_captures.final IS 'Nothing more follows: the channel lets go what is left';
CREATE INDEX captures_of_a_payment ON payment_captures (payment_id);
CREATE INDEX captures_by_id ON payment_captures (capture_id);
CREATE INDEX captures_by_document ON payment_captures (document);
CREATE INDEX captures_to_ask ON payment_captures (attempt_at) WHERE attempt_at IS NOT NULL;

CREATE TABLE payment_capture_history (
    buyer_id   uuid NOT NULL
  , capture_id uuid NOT NULL
  , step       integer NOT NULL
  , from_state text NOT NULL
  , to_state   text NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
  , by         text NOT NULL
  , PRIMARY KEY (buyer_id, capture_id, step)
  , FOREIGN KEY (buyer_id, capture_id) REFERENCES payment_captures
  , FOREIGN KEY (from_state, to_state) REFERENCES capture_transitions
);
COMMENT ON TABLE payment_capture_history IS 'by buyer, append-only: each change of a capture''s state';

CREATE TABLE payment_capture_parts (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , payment_id  uuid NOT NULL
  , capture_id  uuid NOT NULL
  , amount      bigint NOT NULL
  , PRIMARY KEY (merchant_id, order_id, capture_id)
  , FOREIGN KEY (merchant_id, order_id, payment_id) REFERENCES payment_splits
  , CONSTRAINT a_captured_part_is_of_some_money CHECK (amount > 0)
);
COMMENT ON TABLE payment_capture_parts IS 'by merchant, append-only: what of a capture is for which order';
CREATE INDEX capture_parts_of_a_capture ON payment_capture_parts (capture_id);

CREATE TABLE payment_releases (
    merchant_id uuid NOT NULL
  , document    uuid NOT NULL
  , order_id    uuid NOT NULL
  , payment_id  uuid NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , reason      text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, document, payment_id)
  , FOREIGN KEY (merchant_id, order_id, payment_id) REFERENCES payment_splits
  , CONSTRAINT a_release_is_of_some_money CHECK (amount <> 0)
);
COMMENT ON TABLE payment_releases IS 'by merchant, append-only: what of an authorised payment was let go before it was captured: the buyer was never charged with it';
COMMENT ON COLUMN payment_releases.amount IS 'Above zero: let go. Below: the channel had taken it all the same, and it is refunded';
COMMENT ON COLUMN payment_releases.document IS 'The refund that was decided, of which this needed no money back';
CREATE INDEX releases_of_an_order ON payment_releases (merchant_id, order_id);
