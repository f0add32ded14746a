-- What orders have earned their buyers in points.

CREATE TABLE order_rewards (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , per_hundred integer NOT NULL
  , earned      bigint NOT NULL
  , taken_back  bigint NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, order_id)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , CONSTRAINT never_take_back_more_than_was_earned CHECK (0 <= taken_back AND taken_back <= earned)
);
COMMENT ON TABLE order_rewards IS 'by merchant: the points that a received order has earned its buyer, and at which rate';
COMMENT ON COLUMN order_rewards.per_hundred IS 'Points for a hundred minor units paid with money, frozen when they were earned';
COMMENT ON COLUMN order_rewards.taken_back IS 'Because of refunds, as far as the buyer still had them';
