-- What goes with what: the products that people who bought one of them bought as well.

CREATE TABLE co_purchase_progress (
    only_one      boolean PRIMARY KEY DEFAULT true
  , learned_until timestamptz NOT NULL
  , buyers        integer NOT NULL DEFAULT 0
  , CONSTRAINT there_is_one_progress CHECK (only_one)
);
COMMENT ON TABLE co_purchase_progress IS 'local: up to which payment orders have been looked at, and how many buyers were seen';

CREATE TABLE baskets (
    buyer_id    uuid NOT NULL
  , product_id  uuid NOT NULL
  , merchant_id uuid NOT NULL
  , bought_at   timestamptz NOT NULL
  , PRIMARY KEY (buyer_id, product_id)
);
COMMENT ON TABLE baskets IS 'by buyer: which products somebody has ever paid for, each once';
CREATE INDEX baskets_of_a_product ON baskets (product_id, bought_at DESC);

CREATE TABLE co_purchase_products (
    merchant_id uuid NOT NULL
  , product_id  uuid NOT NULL
  , buyers      integer NOT NULL DEFAULT 0
  , stale       boolean NOT NULL DEFAULT true
  , PRIMARY KEY (merchant_id, product_id)
);
COMMENT ON TABLE co_purchase_products IS 'by merchant: how many people bought a product, and whether its partners are to be found anew';
CREATE INDEX co_purchase_products_by_id ON co_purchase_products (product_id);
CREATE INDEX co_purchase_products_stale ON co_purchase_products (product_id) WHERE stale;

CREATE TABLE bought_together (
    merchant_id         uuid NOT NULL
  , product_id          uuid NOT NULL
  , partner_id          uuid NOT NULL
  , partner_merchant_id uuid NOT NULL
  , together            integer NOT NULL
  , score               integer NOT NULL
  , PRIMARY KEY (merchant_id, product_id, partner_id)
  , CONSTRAINT nothing_goes_with_itself CHECK (product_id <> partner_id)
);
COMMENT ON TABLE bought_together IS 'by merchant: the twenty best partners of a product';
COMMENT ON COLUMN bought_together.score IS 'Thousandths of the lift, shrunk where few people bought both: see docs/algorithms/bought-together.md';
CREATE INDEX bought_together_of_a_product ON bought_together (product_id, score DESC, partner_id);
