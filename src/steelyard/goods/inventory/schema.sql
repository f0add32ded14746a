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
-- Whether something runs low is not in the index itself: placing an order would then write to it each time.
CREATE INDEX stock_to_watch ON stock (merchant_id, sku_id, warehouse_id) WHERE warn_below > 0;

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
  , CONSTRAINT a_movement_has_a_reason CHECK (reason IN ('received', 'shipped', 'returned', 'counted', 'scrapped', 'imported', 'transferred', 'sampled', 'sample_returned'))
);
COMMENT ON TABLE stock_movements IS 'by merchant, append-only: every change of what is on hand, with its reason and document';
CREATE INDEX stock_movements_of_a_merchant ON stock_movements (merchant_id, at DESC, movement_id DESC);
CREATE INDEX stock_movements_by_reason ON stock_movements (merchant_id, reason, at DESC, movement_id DESC);
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

CREATE TABLE stock_counts (
    merchant_id  uuid NOT NULL
  , count_id     uuid NOT NULL
  , warehouse_id uuid NOT NULL
  , blind        boolean NOT NULL
  , note         text NOT NULL DEFAULT ''
  , by           text NOT NULL
  , made_at      timestamptz NOT NULL DEFAULT now()
  , booked_at    timestamptz
  , dropped_at   timestamptz
  , closed_by    text
  , PRIMARY KEY (merchant_id, count_id)
  , FOREIGN KEY (merchant_id, warehouse_id) REFERENCES warehouses
  , CONSTRAINT a_sheet_is_booked_or_dropped CHECK (booked_at IS NULL OR dropped_at IS NULL)
  , CONSTRAINT closed_means_by_whom CHECK ((booked_at IS NOT NULL OR dropped_at IS NOT NULL) = (closed_by IS NOT NULL))
);
COMMENT ON TABLE stock_counts IS 'by merchant: sheets to count a warehouse on; its id is the document of the differences';
COMMENT ON COLUMN stock_counts.blind IS 'The sheet does not tell what should be there';

CREATE TABLE stock_count_lines (
    merchant_id uuid NOT NULL
  , count_id    uuid NOT NULL
  , sku_id      uuid NOT NULL
  , expected    integer NOT NULL
  , counted     integer
  , PRIMARY KEY (merchant_id, count_id, sku_id)
  , FOREIGN KEY (merchant_id, count_id) REFERENCES stock_counts
  , FOREIGN KEY (merchant_id, sku_id) REFERENCES skus
  , CONSTRAINT nobody_counts_less_than_nothing CHECK (counted >= 0)
);
COMMENT ON TABLE stock_count_lines IS 'by merchant: what a sheet asks for and what was counted';
COMMENT ON COLUMN stock_count_lines.expected IS 'On hand when the sheet was made';
