CREATE TABLE warehouses (
    merchant_id  uuid NOT NULL
  , warehouse_id uuid NOT NULL
  , name         text NOT NULL
  , address      jsonb NOT NULL DEFAULT '{}'
  , place        integer NOT NULL DEFAULT 0
  , open         boolean NOT NULL DEFAULT true
  , PRIMARY KEY (merchant_id, warehouse_id)
);
COMMENT ON TABLE warehouses IS 'by merchant: where goods lie; orders are served from the first place that has enough';
