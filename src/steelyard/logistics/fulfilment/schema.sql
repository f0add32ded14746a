-- What has to leave the house, and in which parcel it did.

CREATE TABLE fulfilment_lines (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , line        integer NOT NULL
  , sku_id      uuid NOT NULL
  , quantity    integer NOT NULL
  , shipped     integer NOT NULL DEFAULT 0
  , withdrawn   integer NOT NULL DEFAULT 0
  , instructed_at timestamptz NOT NULL DEFAULT now()
  , ship_by     timestamptz
  , judged_at   timestamptz
  , PRIMARY KEY (merchant_id, order_id, line)
  , CONSTRAINT never_ship_more_than_instructed CHECK (0 <= shipped AND 0 <= withdrawn AND shipped + withdrawn <= quantity)
  , CONSTRAINT only_a_promise_is_judged CHECK (judged_at IS NULL OR ship_by IS NOT NULL)
);
COMMENT ON TABLE fulfilment_lines IS 'by merchant: pieces that a paid order wants sent';
COMMENT ON COLUMN fulfilment_lines.withdrawn IS 'Pieces that need not be sent any more';
COMMENT ON COLUMN fulfilment_lines.ship_by IS 'By when it was promised to leave the house; none: no promise';
COMMENT ON COLUMN fulfilment_lines.judged_at IS 'When it was found whether the promise was kept';
CREATE INDEX fulfilment_lines_promised ON fulfilment_lines (ship_by) WHERE ship_by IS NOT NULL AND judged_at IS NULL;
CREATE INDEX fulfilment_lines_promised_by_a_merchant ON fulfilment_lines (merchant_id, ship_by) WHERE ship_by IS NOT NULL AND judged_at IS NULL;
CREATE INDEX fulfilment_lines_of_an_order ON fulfilment_lines (order_id);

CREATE TABLE parcel_lines (
    merchant_id uuid NOT NULL
  , parcel_id   uuid NOT NULL
  , order_id    uuid NOT NULL
  , line        integer NOT NULL
  , quantity    integer NOT NULL
  , PRIMARY KEY (merchant_id, parcel_id, order_id, line)
  , FOREIGN KEY (merchant_id, parcel_id) REFERENCES parcels
  , FOREIGN KEY (merchant_id, order_id, line) REFERENCES fulfilment_lines
  , CONSTRAINT a_parcel_line_holds_something CHECK (quantity > 0)
);
COMMENT ON TABLE parcel_lines IS 'by merchant, append-only: what is in a parcel';
CREATE INDEX parcel_lines_of_an_order ON parcel_lines (order_id);
