-- What imports have brought, beside what they wrote through the modules that own it.

CREATE TABLE import_runs (
    fingerprint text PRIMARY KEY
  , run_id      uuid NOT NULL
  , subject     text NOT NULL
  , files       text[] NOT NULL
  , map         text NOT NULL
  , chunks      integer NOT NULL DEFAULT 0
  , counted     integer NOT NULL DEFAULT 0
  , orders      integer NOT NULL DEFAULT 0
  , documents   integer NOT NULL DEFAULT 0
  , refunds     integer NOT NULL DEFAULT 0
  , result      jsonb
  , begun_at    timestamptz NOT NULL DEFAULT now()
  , finished_at timestamptz
  , CONSTRAINT an_import_is_of_something CHECK (subject IN ('products', 'customers', 'orders'))
  , CONSTRAINT finished_means_a_result CHECK ((finished_at IS NOT NULL) = (result IS NOT NULL))
);
COMMENT ON TABLE import_runs IS 'by key: imports by the fingerprint of their files and map: how far each has come';
COMMENT ON COLUMN import_runs.chunks IS 'Chunks that are written; each is one transaction, which counts itself here';
COMMENT ON COLUMN import_runs.counted IS 'Products whose sales have been pushed down to search';
COMMENT ON COLUMN import_runs.orders IS 'Written so far, as are documents and refunds';
COMMENT ON COLUMN import_runs.result IS 'What was told at the end';

CREATE TABLE import_documents (
    merchant_id uuid NOT NULL
  , document_id uuid NOT NULL
  , run_id      uuid NOT NULL
  , role        text NOT NULL
  , number      text NOT NULL
  , buyer_id    uuid
  , country     text
  , currency    text NOT NULL REFERENCES currencies
  , amount      bigint NOT NULL
  , placed_at   timestamptz NOT NULL
  , PRIMARY KEY (merchant_id, document_id)
  , CONSTRAINT a_document_is_no_order CHECK (role IN ('return', 'adjustment', 'stock'))
);
COMMENT ON TABLE import_documents IS 'by merchant, append-only: imported documents that are no orders: returns and credits, corrections of accounts, pieces found or broken';
COMMENT ON COLUMN import_documents.number IS 'Its number where it comes from';
COMMENT ON COLUMN import_documents.buyer_id IS 'None when the customer is not known';
COMMENT ON COLUMN import_documents.amount IS 'Sum of its lines: negative for returns';
CREATE UNIQUE INDEX a_document_is_imported_once ON import_documents (merchant_id, number, role);
CREATE INDEX import_documents_by_time ON import_documents (placed_at);

CREATE TABLE import_lines (
    merchant_id uuid NOT NULL
  , document_id uuid NOT NULL
  , line        integer NOT NULL
  , product_id  uuid NOT NULL
  , sku_id      uuid NOT NULL
  , kind        text NOT NULL
  , title       jsonb NOT NULL
  , quantity    integer NOT NULL
  , unit_price_micros bigint NOT NULL
  , amount      bigint NOT NULL
  , source_line text NOT NULL
  , credited_quantity integer NOT NULL DEFAULT 0
  , credited    bigint NOT NULL DEFAULT 0
  , credited_because text
  , PRIMARY KEY (merchant_id, document_id, line)
  , FOREIGN KEY (merchant_id, document_id) REFERENCES import_documents
  , CONSTRAINT what_is_credited_has_a_reason CHECK ((credited_quantity > 0) = (credited_because IS NOT NULL))
);
COMMENT ON TABLE import_lines IS 'by merchant, append-only: lines of imported documents that are no orders';
COMMENT ON COLUMN import_lines.quantity IS 'Negative for returns';
COMMENT ON COLUMN import_lines.unit_price_micros IS 'Millionths of the major unit';
COMMENT ON COLUMN import_lines.credited_quantity IS 'Of a return, the pieces of which no sale was found: the rest are refunds of orders';
COMMENT ON COLUMN import_lines.credited_because IS 'Why no sale was found: no_earlier_sale, more_than_sold, unknown_customer, kind_not_matched';
