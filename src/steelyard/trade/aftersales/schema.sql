CREATE TABLE order_refunds (
    merchant_id  uuid NOT NULL
  , refund_id    uuid NOT NULL
  , order_id     uuid NOT NULL
  , goods        bigint NOT NULL
  , freight      bigint NOT NULL
  , commission   bigint NOT NULL
  , currency     text NOT NULL
  , reason       text NOT NULL
  , note         text NOT NULL DEFAULT ''
  , by           text NOT NULL
  , released     boolean NOT NULL
  , at           timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, refund_id)
  , CONSTRAINT a_refund_gives_something_back CHECK (goods >= 0 AND freight >= 0 AND goods + freight > 0)
  , CONSTRAINT a_refund_has_a_reason CHECK (reason IN ('cancelled', 'paid_late', 'goodwill', 'returned', 'imported'))
);
COMMENT ON TABLE order_refunds IS 'by merchant, append-only: what was given back of an order and why';
COMMENT ON COLUMN order_refunds.goods IS 'Of the lines, added tax included';
COMMENT ON COLUMN order_refunds.commission IS 'Commission given back with it';
COMMENT ON COLUMN order_refunds.released IS 'Whether the order''s money had already been released to the merchant';
CREATE INDEX order_refunds_of_an_order ON order_refunds (order_id);
CREATE INDEX order_refunds_by_time ON order_refunds (at);
CREATE INDEX order_refunds_of_a_merchant ON order_refunds (merchant_id, at);

CREATE TABLE order_refund_lines (
    merchant_id uuid NOT NULL
  , refund_id   uuid NOT NULL
  , order_id    uuid NOT NULL
  , line        integer NOT NULL
  , quantity    integer NOT NULL
  , amount      bigint NOT NULL
  , PRIMARY KEY (merchant_id, refund_id, line)
  , FOREIGN KEY (merchant_id, refund_id) REFERENCES order_refunds
  , FOREIGN KEY (merchant_id, order_id, line) REFERENCES order_lines
);
COMMENT ON TABLE order_refund_lines IS 'by merchant, append-only: which lines a refund is for';

CREATE TABLE cancellation_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE cancellation_transitions IS 'reference: the states of a request to cancel that follow each other';
INSERT INTO cancellation_transitions (from_state, to_state) VALUES
    ('nowhere', 'asked'), ('asked', 'granted'), ('asked', 'refused'), ('asked', 'overtaken');

CREATE TABLE cancellation_requests (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , refund_id   uuid NOT NULL
  , state       text NOT NULL
  , reason      text NOT NULL
  , note        text NOT NULL DEFAULT ''
  , answer      text NOT NULL DEFAULT ''
  , asked_at    timestamptz NOT NULL DEFAULT now()
  , answer_by   timestamptz NOT NULL
  , answered_at timestamptz
  , PRIMARY KEY (merchant_id, order_id)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , CONSTRAINT an_answer_has_its_time CHECK ((state = 'asked') = (answered_at IS NULL))
);
COMMENT ON TABLE cancellation_requests IS 'by merchant: a buyer asks the shop to call off an order that it is packing, once an order';
COMMENT ON COLUMN cancellation_requests.refund_id IS 'The id that the refund will have when it is granted';
COMMENT ON COLUMN cancellation_requests.answer_by IS 'Without an answer it is granted then';
COMMENT ON COLUMN cancellation_requests.state IS 'overtaken: the order was sent, or ended otherwise, before the answer';
CREATE INDEX cancellation_requests_open ON cancellation_requests (answer_by) WHERE state = 'asked';
CREATE INDEX cancellation_requests_of_a_merchant ON cancellation_requests (merchant_id, answer_by, order_id) WHERE state = 'asked';
CREATE INDEX cancellation_requests_of_a_buyer ON cancellation_requests (buyer_id);

CREATE TABLE cancellation_history (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, order_id, step)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES cancellation_requests
  , FOREIGN KEY (from_state, to_state) REFERENCES cancellation_transitions
);
COMMENT ON TABLE cancellation_history IS 'by merchant, append-only: each change of a request to cancel';
