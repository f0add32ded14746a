CREATE TABLE warehouses (
    merchant_id  uuid NOT NULL
  , warehouse_id uuid NOT NULL
  , name         text NOT NULL
  , address      jsonb NOT NULL DEFAULT '{}'
  , place        integer NOT NULL DEFAULT 0
  , open         boolean NOT NULL DEFAULT true
  , takes_returns boolean NOT NULL DEFAULT false
  , PRIMARY KEY (merchant_id, warehouse_id)
);
COMMENT ON TABLE warehouses IS 'by merchant: where goods lie; orders are served from the first place that has enough';
COMMENT ON COLUMN warehouses.takes_returns IS 'Where buyers send goods back to; of a merchant one at most';
CREATE UNIQUE INDEX one_warehouse_takes_returns ON warehouses (merchant_id) WHERE takes_returns;
