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
