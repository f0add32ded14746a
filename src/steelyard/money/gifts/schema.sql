-- Gift cards that buyers buy in the shop. The platform sells them itself: what is paid for one is owed from that moment on.

CREATE TABLE gift_sales (
    sale_id     uuid PRIMARY KEY
  , batch_id    uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , recipient   text NOT NULL
  , sender      text NOT NULL
  , message     text NOT NULL
  , locale      text NOT NULL
  , day         date NOT NULL
  , placed_at   timestamptz NOT NULL DEFAULT now()
  , pay_by      timestamptz NOT NULL
  , send_at     timestamptz NOT NULL
  , paid_at     timestamptz
  , payment_id  uuid
  , refund_by   timestamptz
  , lapsed_at   timestamptz
  , sent_at     timestamptz
  , sendings    integer NOT NULL DEFAULT 0
  , refunded_at timestamptz
  , refunded_by text
  , refund_reason text NOT NULL DEFAULT ''
  , forgotten   boolean NOT NULL DEFAULT false
  , CONSTRAINT a_card_is_worth_something CHECK (amount > 0)
  , CONSTRAINT paid_means_by_which_payment CHECK ((paid_at IS NULL) = (payment_id IS NULL))
  , CONSTRAINT paid_means_a_last_day_to_give_it_back CHECK ((paid_at IS NULL) = (refund_by IS NULL))
  , CONSTRAINT what_lapsed_was_not_paid CHECK (lapsed_at IS NULL OR paid_at IS NULL)
  , CONSTRAINT only_what_is_paid_is_sent CHECK (sent_at IS NULL OR paid_at IS NOT NULL)
  , CONSTRAINT sent_means_so_many_times CHECK ((sent_at IS NULL) = (sendings = 0))
  , CONSTRAINT only_what_was_paid_is_refunded CHECK (refunded_at IS NULL OR paid_at IS NOT NULL)
  , CONSTRAINT refunded_means_by_whom CHECK ((refunded_at IS NULL) = (refunded_by IS NULL))
);
COMMENT ON TABLE gift_sales IS 'by key: a gift card that a buyer ordered; once it is paid its card is one of gift_cards, whose issue is the sale';
COMMENT ON COLUMN gift_sales.batch_id IS 'Cards that are ordered at once are paid at once, and each goes its own way then: the first one''s id';
COMMENT ON COLUMN gift_sales.refund_reason IS 'Why staff gave the money back; empty: its buyer did';
COMMENT ON COLUMN gift_sales.recipient IS 'The mail address that the code goes to; empty when its buyer was forgotten';
COMMENT ON COLUMN gift_sales.day IS 'The day of the house that it counts for, under what one may buy in a day';
COMMENT ON COLUMN gift_sales.send_at IS 'Not before';
COMMENT ON COLUMN gift_sales.refund_by IS 'Until when a card that nobody has redeemed is taken back';
COMMENT ON COLUMN gift_sales.lapsed_at IS 'It was not paid in time';
COMMENT ON COLUMN gift_sales.sendings IS 'How often a code was sent: each time a new one, and the one before is good for nothing';
COMMENT ON COLUMN gift_sales.forgotten IS 'Its buyer has left: what is personal goes with the sending';
CREATE INDEX gift_sales_of_a_batch ON gift_sales (batch_id, sale_id);
CREATE INDEX gift_sales_of_a_buyer ON gift_sales (buyer_id, placed_at DESC, sale_id DESC);
CREATE INDEX gift_sales_by_time ON gift_sales (placed_at DESC, sale_id DESC);
CREATE INDEX gift_sales_to_lapse ON gift_sales (pay_by) WHERE paid_at IS NULL AND lapsed_at IS NULL;
CREATE INDEX gift_sales_to_send ON gift_sales (send_at) WHERE paid_at IS NOT NULL AND sent_at IS NULL AND refunded_at IS NULL;

CREATE TABLE gift_days (
    buyer_id uuid NOT NULL
  , day      date NOT NULL
  , currency text NOT NULL REFERENCES currencies
  , amount   bigint NOT NULL
  , PRIMARY KEY (buyer_id, day, currency)
  , CONSTRAINT nobody_buys_less_than_nothing CHECK (amount >= 0)
);
COMMENT ON TABLE gift_days IS 'by buyer: what a buyer has ordered of gift cards in a day and not let lapse: the row that orders of one buyer wait at';
