CREATE TABLE cart_lines (
    buyer_id    uuid NOT NULL
  , sku_id      uuid NOT NULL
  , merchant_id uuid NOT NULL
  , quantity    integer NOT NULL
  , selected    boolean NOT NULL DEFAULT true
  , seen_price  bigint NOT NULL
  , currency    text NOT NULL
  , added_at    timestamptz NOT NULL DEFAULT now()
  , source      text
  , PRIMARY KEY (buyer_id, sku_id)
  , CONSTRAINT a_cart_line_holds_something CHECK (quantity > 0)
);
COMMENT ON TABLE cart_lines IS 'by buyer: what lies in the cart; a visitor''s cart is kept under the visitor''s id';
COMMENT ON COLUMN cart_lines.seen_price IS 'The price the buyer last saw, so that we can say honestly that it moved';
COMMENT ON COLUMN cart_lines.source IS 'From where it was put in last, as orders say it: live:<session>:<second since it began>; none: in the shop';
CREATE INDEX cart_lines_by_age ON cart_lines (added_at);
