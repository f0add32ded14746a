-- What somebody keeps in mind: favourite products and shops, and what they looked at. A visitor's are kept under the
-- visitor's id, like a cart.

CREATE TABLE favourite_products (
    buyer_id      uuid NOT NULL
  , product_id    uuid NOT NULL
  , merchant_id   uuid NOT NULL
  , kept_price    bigint
  , currency      text
  , kept_in_stock boolean NOT NULL
  , kept_at       timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (buyer_id, product_id)
);
COMMENT ON TABLE favourite_products IS 'by buyer: products somebody keeps in mind';
COMMENT ON COLUMN favourite_products.kept_price IS 'From which price it was to be had when it was kept, so that we can say that it fell';
CREATE INDEX favourite_products_of_a_product ON favourite_products (product_id, buyer_id);
CREATE INDEX favourite_products_by_time ON favourite_products (buyer_id, kept_at DESC, product_id DESC);

CREATE TABLE favourite_shops (
    buyer_id    uuid NOT NULL
  , merchant_id uuid NOT NULL
  , kept_at     timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (buyer_id, merchant_id)
);
COMMENT ON TABLE favourite_shops IS 'by buyer: shops somebody follows';
CREATE INDEX favourite_shops_of_a_shop ON favourite_shops (merchant_id, buyer_id);
CREATE INDEX favourite_shops_by_time ON favourite_shops (buyer_id, kept_at DESC, merchant_id DESC);

CREATE TABLE footprints (
    buyer_id    uuid NOT NULL
  , product_id  uuid NOT NULL
  , merchant_id uuid NOT NULL
  , seen_at     timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (buyer_id, product_id)
);
COMMENT ON TABLE footprints IS 'by buyer: which products somebody looked at, and when last';
CREATE INDEX footprints_by_time ON footprints (buyer_id, seen_at DESC, product_id DESC);
CREATE INDEX footprints_by_age ON footprints (seen_at);

CREATE TABLE footprints_off (
    buyer_id uuid PRIMARY KEY
  , since    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE footprints_off IS 'by buyer: who does not want to be followed about';
