-- How many there are, for whom they are kept, and why that changed.

CREATE TABLE stock (
    merchant_id  uuid NOT NULL
  , sku_id       uuid NOT NULL
  , warehouse_id uuid NOT NULL
  , on_hand      integer NOT NULL DEFAULT 0
  , reserved     integer NOT NULL DEFAULT 0
  , warn_below   integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, sku_id, warehouse_id)
  , CONSTRAINT never_promise_twice CHECK (0 <= reserved AND reserved <= on_hand)
);
COMMENT ON TABLE stock IS 'by merchant: pieces of a SKU in a warehouse';
COMMENT ON COLUMN stock.reserved IS 'Of those on hand, promised to orders that have not left the house';
COMMENT ON COLUMN stock.warn_below IS 'Warn when fewer than this are free';
CREATE INDEX stock_by_sku ON stock (sku_id);

CREATE TABLE stock_movements (
    merchant_id  uuid NOT NULL
  , movement_id  uuid NOT NULL
  , sku_id       uuid NOT NULL
  , warehouse_id uuid NOT NULL
  , quantity     integer NOT NULL
  , reason       text NOT NULL
  , document     uuid NOT NULL
  , note         text NOT NULL DEFAULT ''
  , by           text NOT NULL
  , at           timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, movement_id)
  , FOREIGN KEY (merchant_id, sku_id, warehouse_id) REFERENCES stock
  , CONSTRAINT a_movement_moves_something CHECK (quantity <> 0)
  , CONSTRAINT a_movement_has_a_reason CHECK (reason IN ('received', 'shipped', 'returned', 'counted', 'scrapped', 'imported'))
);
COMMENT ON TABLE stock_movements IS 'by merchant, append-only: every change of what is on hand, with its reason and document';
CREATE INDEX stock_movements_of_a_sku ON stock_movements (merchant_id, sku_id, at DESC);

CREATE TABLE reservations (
    merchant_id  uuid NOT NULL
  , order_id     uuid NOT NULL
  , sku_id       uuid NOT NULL
  , warehouse_id uuid NOT NULL
  , quantity     integer NOT NULL
  , PRIMARY KEY (merchant_id, order_id, sku_id, warehouse_id)
  , FOREIGN KEY (merchant_id, sku_id, warehouse_id) REFERENCES stock
  , CONSTRAINT a_reservation_keeps_something CHECK (quantity > 0)
);
COMMENT ON TABLE reservations IS 'by merchant: pieces kept for an order, from placement until they leave the house or the order ends';
COMMENT ON COLUMN reservations.quantity IS 'What is still kept; a row goes away with its last piece';
CREATE INDEX reservations_of_a_sku ON reservations (merchant_id, sku_id);
CREATE UNIQUE INDEX a_document_is_booked_once ON stock_movements (merchant_id, document, reason, sku_id, warehouse_id);
