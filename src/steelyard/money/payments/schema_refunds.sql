-- Refunds that had come back and have arrived again.

CREATE TABLE refund_successes (
    merchant_id uuid NOT NULL
  , document    uuid NOT NULL
  , refund_id   uuid NOT NULL
  , nth         integer NOT NULL
  , reference   text
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, document)
  , UNIQUE (merchant_id, refund_id, nth)
  , FOREIGN KEY (merchant_id, refund_id) REFERENCES refunds
  , CONSTRAINT the_first_is_the_refund_itself CHECK (nth > 1)
);
COMMENT ON TABLE refund_successes IS 'by merchant, append-only: a refund that had come back has arrived again';
COMMENT ON COLUMN refund_successes.document IS 'What the books name it: the first success bears the refund''s own id';
COMMENT ON COLUMN refund_successes.reference IS 'What the channel, or the bank, called it then';
CREATE INDEX refund_successes_by_reference ON refund_successes (reference) WHERE reference IS NOT NULL;
CREATE INDEX refund_successes_of_a_refund ON refund_successes (refund_id, nth);
