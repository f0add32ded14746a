-- What the house's and the shops' pages are put together of: blocks as data, in drafts and published versions.

CREATE TABLE page_drafts (
    owner_id   uuid NOT NULL
  , page       text NOT NULL
  , title      jsonb NOT NULL DEFAULT '{}'
  , blocks     jsonb NOT NULL DEFAULT '[]'
  , changed_at timestamptz NOT NULL DEFAULT now()
  , by         text NOT NULL
  , PRIMARY KEY (owner_id, page)
);
COMMENT ON TABLE page_drafts IS 'by owner: pages as somebody is putting them together; the owner is a merchant or the house';
COMMENT ON COLUMN page_drafts.page IS 'home, shop, or topic:<address>';

CREATE TABLE page_versions (
    owner_id     uuid NOT NULL
  , page         text NOT NULL
  , version      integer NOT NULL
  , title        jsonb NOT NULL DEFAULT '{}'
  , blocks       jsonb NOT NULL
  , shown_from   timestamptz NOT NULL
  , withdrawn_at timestamptz
  , made_at      timestamptz NOT NULL DEFAULT now()
  , by           text NOT NULL
  , PRIMARY KEY (owner_id, page, version)
);
COMMENT ON TABLE page_versions IS 'by owner: pages as they were published; the one that began last is shown';
COMMENT ON COLUMN page_versions.shown_from IS 'In the future: it waits for its hour';
COMMENT ON COLUMN page_versions.withdrawn_at IS 'It is not shown, or not any more';
CREATE INDEX page_versions_shown ON page_versions (owner_id, page, shown_from DESC, version DESC) WHERE withdrawn_at IS NULL;

CREATE TABLE shop_categories (
    merchant_id      uuid NOT NULL
  , shop_category_id uuid NOT NULL
  , name             jsonb NOT NULL
  , place            integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, shop_category_id)
);
COMMENT ON TABLE shop_categories IS 'by merchant: how a shop itself sorts its goods';

CREATE TABLE shop_category_products (
    merchant_id      uuid NOT NULL
  , shop_category_id uuid NOT NULL
  , product_id       uuid NOT NULL
  , place            integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, shop_category_id, product_id)
  , FOREIGN KEY (merchant_id, shop_category_id) REFERENCES shop_categories
);
COMMENT ON TABLE shop_category_products IS 'by merchant: the goods of a shop''s own categories, in their order';
