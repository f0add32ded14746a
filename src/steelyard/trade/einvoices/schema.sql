-- E-invoices (EN 16931): of merchants to buyers, of the platform to merchants.

CREATE TABLE einvoice_sellers (
    merchant_id uuid PRIMARY KEY
  , legal_name  text NOT NULL
  , vat_number  text NOT NULL
  , street      text NOT NULL
  , city        text NOT NULL
  , postal_code text NOT NULL
  , country     text NOT NULL
  , email       text NOT NULL
  , automatic   boolean NOT NULL
  , since       timestamptz NOT NULL DEFAULT now()
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , CONSTRAINT a_seller_has_a_vat_number CHECK (vat_number <> '' AND legal_name <> '')
);
COMMENT ON TABLE einvoice_sellers IS 'by merchant: as whom a merchant issues e-invoices';
COMMENT ON COLUMN einvoice_sellers.vat_number IS 'With the prefix of the member state that gave it, such as DE136695976';
COMMENT ON COLUMN einvoice_sellers.automatic IS 'Whether orders that go to the EU are invoiced by themselves when all of them has left the house';

COMMENT ON COLUMN einvoice_sellers.since IS 'When it was said first: orders sent long before it are not asked for';

CREATE TABLE einvoice_series (
    owner_id uuid NOT NULL
  , year     integer NOT NULL
  , last     integer NOT NULL
  , PRIMARY KEY (owner_id, year)
  , CONSTRAINT a_series_counts_from_one CHECK (last > 0)
);
COMMENT ON TABLE einvoice_series IS 'by owner: the last number that a merchant, or the platform (whose id is in numbering.PLATFORM), has given in a year';

CREATE TABLE einvoices (
    merchant_id  uuid NOT NULL
  , einvoice_id  uuid NOT NULL
  , issuer       text NOT NULL
  , kind         text NOT NULL
  , year         integer NOT NULL
  , sequence     integer NOT NULL
  , number       text NOT NULL
  , issued_on    date NOT NULL
  , order_id     uuid
  , refund_id    uuid
  , buyer_id     uuid
  , month        date
  , currency     text NOT NULL
  , net          bigint NOT NULL
  , tax          bigint NOT NULL
  , document     jsonb NOT NULL
  , xml          text NOT NULL
  , issued_at    timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, einvoice_id)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , CONSTRAINT an_einvoice_is_an_invoice_or_a_credit_note CHECK (kind IN ('invoice', 'credit_note'))
  , CONSTRAINT a_merchant_invoices_orders_the_platform_months CHECK (
        issuer = 'merchant' AND order_id IS NOT NULL AND buyer_id IS NOT NULL AND month IS NULL AND (kind = 'credit_note') = (refund_id IS NOT NULL)
        OR issuer = 'platform' AND order_id IS NULL AND buyer_id IS NULL AND refund_id IS NULL AND month IS NOT NULL)
  , CONSTRAINT a_month_is_its_first_day CHECK (month = date_trunc('month', month)::date)
  , CONSTRAINT sums_are_not_negative CHECK (net >= 0 AND tax >= 0 AND net + tax > 0)
);
COMMENT ON TABLE einvoices IS 'by merchant, append-only: e-invoices and credit notes; what is issued is kept for ten years and longer, as tax laws want it';
COMMENT ON COLUMN einvoices.issuer IS 'merchant: to the buyer of an order; platform: to the merchant, for what it was charged in a month';
COMMENT ON COLUMN einvoices.net IS 'In minor units, of a credit note what is given back';
COMMENT ON COLUMN einvoices.sequence IS 'In the year, of the issuer: without gaps (see checks.sql)';
COMMENT ON COLUMN einvoices.document IS 'What it says, as model.Document; the xml is made of it once, when it is issued';
CREATE UNIQUE INDEX an_order_is_invoiced_once ON einvoices (merchant_id, order_id) WHERE kind = 'invoice' AND order_id IS NOT NULL;
CREATE UNIQUE INDEX a_refund_is_credited_once ON einvoices (merchant_id, refund_id) WHERE refund_id IS NOT NULL;
CREATE UNIQUE INDEX a_merchants_number_is_given_once ON einvoices (merchant_id, issuer, year, sequence);
CREATE INDEX einvoices_of_an_order ON einvoices (merchant_id, order_id);
CREATE INDEX einvoices_of_a_merchant ON einvoices (merchant_id, issuer, issued_at DESC, einvoice_id DESC);
CREATE INDEX einvoices_of_a_month ON einvoices (merchant_id, month, currency) WHERE month IS NOT NULL;
CREATE INDEX einvoices_of_the_platform ON einvoices (month DESC, einvoice_id DESC) WHERE issuer = 'platform';
CREATE INDEX einvoices_of_a_buyer ON einvoices (buyer_id, issued_at DESC) WHERE buyer_id IS NOT NULL;
CREATE INDEX einvoices_by_id ON einvoices (einvoice_id);
