-- Checkouts under way: what a buyer, at a page or through an agent, is about to place.

CREATE TABLE checkouts (
    checkout_id uuid PRIMARY KEY
  , buyer_id    uuid NOT NULL
  , purchase_id uuid NOT NULL
  , client      text NOT NULL
  , state       text NOT NULL
  , currency    text NOT NULL
  , locale      text NOT NULL
  , lines       jsonb NOT NULL
  , contact     jsonb NOT NULL DEFAULT '{}'
  , address     jsonb NOT NULL DEFAULT '{}'
  , deliveries  jsonb NOT NULL DEFAULT '{}'
  , notes       jsonb NOT NULL DEFAULT '{}'
  , invoice     jsonb
  , codes       jsonb NOT NULL DEFAULT '[]'
  , discounts   jsonb NOT NULL DEFAULT '[]'
  , from_cart   boolean NOT NULL DEFAULT false
  , purses      jsonb NOT NULL DEFAULT '[]'
  , created_at  timestamptz NOT NULL DEFAULT now()
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , expires_at  timestamptz NOT NULL
  , CONSTRAINT a_checkout_is_open_or_done CHECK (state IN ('open', 'placed', 'completed', 'cancelled'))
);
COMMENT ON TABLE checkouts IS 'by key: a checkout: its lines, buyer, address and delivery choices, before and while it becomes a purchase';
COMMENT ON COLUMN checkouts.purchase_id IS 'The id that its purchase has or will have; a new one after a failed payment';
COMMENT ON COLUMN checkouts.client IS 'shop, shop:replay:<session>:<second>, live:<session>:<second>, or the profile of the agent that opened it';
COMMENT ON COLUMN checkouts.lines IS '[{line_id, sku_id, quantity, seen_price, confirmed}]; confirmed: that it cannot be returned without a reason';
COMMENT ON COLUMN checkouts.deliveries IS 'merchant_id → template_id of the chosen freight option';
COMMENT ON COLUMN checkouts.notes IS 'merchant_id → what the buyer writes to the shop';
COMMENT ON COLUMN checkouts.invoice IS 'To whom invoices are to be written once it is paid: {company, name, tax_number}; none when none are wanted';
COMMENT ON COLUMN checkouts.purses IS 'What of the buyer''s own is to pay what it can: [balance, points]';
COMMENT ON COLUMN checkouts.codes IS 'Codes of coupons that are used for it if they can, in capitals; claimed when it is placed';
COMMENT ON COLUMN checkouts.discounts IS 'What promotions took off when it was placed, by line and by freight: the same as its order lines keep';
COMMENT ON COLUMN checkouts.from_cart IS 'Placing it takes its lines out of the buyer''s cart';
CREATE INDEX checkouts_never_placed ON checkouts (expires_at) WHERE state IN ('open', 'cancelled');
CREATE INDEX checkouts_of_a_buyer ON checkouts (buyer_id);
CREATE INDEX checkouts_of_a_purchase ON checkouts (purchase_id);
