-- Invoices: asked for by buyers, issued by merchants.

CREATE TABLE invoice_titles (
    buyer_id   uuid NOT NULL
  , title_id   uuid NOT NULL
  , company    boolean NOT NULL
  , name       text NOT NULL
  , tax_number text NOT NULL DEFAULT ''
  , special    boolean NOT NULL DEFAULT false
  , address    text NOT NULL DEFAULT ''
  , phone      text NOT NULL DEFAULT ''
  , bank       text NOT NULL DEFAULT ''
  , account    text NOT NULL DEFAULT ''
  , is_default boolean NOT NULL DEFAULT false
  , created_at timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (buyer_id, title_id)
  , CONSTRAINT a_company_has_a_number CHECK (company = (tax_number <> ''))
  , CONSTRAINT a_special_title_is_whole CHECK (NOT special OR company AND address <> '' AND phone <> '' AND bank <> '' AND account <> '')
);
COMMENT ON TABLE invoice_titles IS 'by buyer: to whom invoices are written: a person, or a company with its number';
COMMENT ON COLUMN invoice_titles.special IS 'Whether a special VAT invoice is wanted, from which a company deducts the tax: it needs address, telephone, bank and account';
COMMENT ON COLUMN invoice_titles.tax_number IS 'The unified social credit code of a company';
CREATE UNIQUE INDEX one_default_title ON invoice_titles (buyer_id) WHERE is_default;

CREATE TABLE invoice_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE invoice_transitions IS 'reference: the states of an invoice that follow each other';
INSERT INTO invoice_transitions (from_state, to_state) VALUES
    ('nowhere', 'requested'), ('requested', 'issued'), ('requested', 'refused'), ('requested', 'withdrawn')
  , ('issued', 'outdated'), ('outdated', 'issued'), ('outdated', 'reversed');

CREATE TABLE invoices (
    merchant_id  uuid NOT NULL
  , invoice_id   uuid NOT NULL
  , order_id     uuid NOT NULL
  , buyer_id     uuid NOT NULL
  , state        text NOT NULL
  , company      boolean NOT NULL
  , name         text NOT NULL
  , tax_number   text NOT NULL
  , amount       bigint NOT NULL
  , currency     text NOT NULL
  , number       text NOT NULL DEFAULT ''
  , issued_on    date
  , reason       text NOT NULL DEFAULT ''
  , requested_at timestamptz NOT NULL DEFAULT now()
  , answered_at  timestamptz
  , special      boolean NOT NULL DEFAULT false
  , address      text NOT NULL DEFAULT ''
  , phone        text NOT NULL DEFAULT ''
  , bank         text NOT NULL DEFAULT ''
  , account      text NOT NULL DEFAULT ''
  , reverses     uuid
  , reversed     bigint NOT NULL DEFAULT 0
  , due_by       timestamptz NOT NULL
  , reminded_at  timestamptz
  , PRIMARY KEY (merchant_id, invoice_id)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , FOREIGN KEY (merchant_id, reverses) REFERENCES invoices
  , CONSTRAINT an_invoice_is_about_money CHECK (amount > 0)
  , CONSTRAINT issued_means_number_and_day CHECK ((state IN ('issued', 'outdated', 'reversed')) = (number <> '' AND issued_on IS NOT NULL))
  , CONSTRAINT never_reverse_more_than_was_invoiced CHECK (0 <= reversed AND reversed <= amount)
  , CONSTRAINT reversed_means_all_of_it CHECK (state <> 'reversed' OR reversed = amount)
  , CONSTRAINT a_red_letter_is_not_reversed CHECK (reverses IS NULL OR reversed = 0)
);
COMMENT ON TABLE invoices IS 'by merchant: an invoice that a buyer asked for, and what came of it';
COMMENT ON COLUMN invoices.amount IS 'Of the order''s total what was not given back, tax included, in minor units';
COMMENT ON COLUMN invoices.state IS 'outdated: a red letter is due, since money was given back or another title is wanted; reversed: red letters have taken all of it back';
COMMENT ON COLUMN invoices.reverses IS 'Of a red letter (an invoice below nothing): the invoice that it takes back, all or a part of it';
COMMENT ON COLUMN invoices.reversed IS 'What red letters that are issued have taken back of it';
COMMENT ON COLUMN invoices.due_by IS 'Until when the shop is to issue it';
COMMENT ON COLUMN invoices.reason IS 'Why the shop refused';
CREATE UNIQUE INDEX one_invoice_at_a_time ON invoices (merchant_id, order_id) WHERE state IN ('requested', 'issued') AND reverses IS NULL;
CREATE UNIQUE INDEX one_red_letter_waits ON invoices (merchant_id, reverses) WHERE state = 'requested' AND reverses IS NOT NULL;
CREATE UNIQUE INDEX a_number_is_of_one_invoice ON invoices (merchant_id, number) WHERE number <> '';
CREATE INDEX invoices_due ON invoices (due_by) WHERE state = 'requested';
CREATE INDEX invoices_of_a_merchant ON invoices (merchant_id, state, requested_at DESC, invoice_id DESC);
CREATE INDEX invoices_of_an_order ON invoices (merchant_id, order_id);
CREATE INDEX invoices_of_a_buyer ON invoices (buyer_id, requested_at DESC, invoice_id DESC);

CREATE TABLE invoice_history (
    merchant_id uuid NOT NULL
  , invoice_id  uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, invoice_id, step)
  , FOREIGN KEY (merchant_id, invoice_id) REFERENCES invoices
  , FOREIGN KEY (from_state, to_state) REFERENCES invoice_transitions
);
COMMENT ON TABLE invoice_history IS 'by merchant, append-only: each change of an invoice''s state';

CREATE TABLE invoice_documents (
    merchant_id  uuid NOT NULL
  , invoice_id   uuid NOT NULL
  , content_type text NOT NULL
  , content      bytea NOT NULL
  , PRIMARY KEY (merchant_id, invoice_id)
  , FOREIGN KEY (merchant_id, invoice_id) REFERENCES invoices
);
COMMENT ON TABLE invoice_documents IS 'by merchant, append-only: the file of an issued invoice, handed in with it or later; in the database, since it is for its buyer and its shop alone';

CREATE TABLE invoice_terms (
    merchant_id uuid PRIMARY KEY
  , goods_code  text NOT NULL DEFAULT ''
  , freight_code text NOT NULL DEFAULT ''
  , CONSTRAINT a_tax_code_has_nineteen_digits CHECK (goods_code ~ '^([0-9]{19})?$' AND freight_code ~ '^([0-9]{19})?$')
);
COMMENT ON TABLE invoice_terms IS 'by merchant: what stands in every line that goes into its tax software';
COMMENT ON COLUMN invoice_terms.goods_code IS 'The classification code of its goods (商品和服务税收分类编码), 19 digits; empty: its bookkeeper fills it in';
