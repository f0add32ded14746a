-- What buyers search and browse: one row a product on the shelf, made from catalog, pricing and inventory.

CREATE TABLE search_entries (
    merchant_id   uuid NOT NULL
  , product_id    uuid NOT NULL
  , category_path uuid[] NOT NULL
  , words         tsvector NOT NULL
  , facets        text[] NOT NULL DEFAULT '{}'
  , title         jsonb NOT NULL
  , slug          text NOT NULL
  , picture       text
  , currency      text NOT NULL
  , price         bigint NOT NULL
  , price_to      bigint NOT NULL
  , compare_at    bigint
  , in_stock      boolean NOT NULL
  , sold          integer NOT NULL DEFAULT 0
  , rating        integer NOT NULL DEFAULT 0
  , listed_at     timestamptz NOT NULL
  , PRIMARY KEY (merchant_id, product_id)
);
COMMENT ON TABLE search_entries IS 'by merchant: products on the shelf as search and category pages show them';
COMMENT ON COLUMN search_entries.words IS 'Latin words and CJK bigrams of title, attributes, shop and codes, by the simple configuration';
COMMENT ON COLUMN search_entries.facets IS 'code:value of each attribute that buyers filter by';
COMMENT ON COLUMN search_entries.sold IS 'Pieces sold, pushed down by orders';
COMMENT ON COLUMN search_entries.rating IS 'Hundredths of a star, pushed down by reviews';
CREATE INDEX search_by_words ON search_entries USING gin (words);
CREATE INDEX search_by_category ON search_entries USING gin (category_path);
CREATE INDEX search_by_facets ON search_entries USING gin (facets);
CREATE INDEX search_newest ON search_entries (listed_at DESC, product_id DESC);
CREATE INDEX search_best_selling ON search_entries (sold DESC, product_id DESC);
CREATE INDEX search_cheapest ON search_entries (price, product_id);
CREATE INDEX search_best_rated ON search_entries (rating DESC, product_id DESC);
CREATE INDEX search_of_a_merchant ON search_entries (merchant_id, listed_at DESC, product_id DESC);

CREATE TABLE search_figures (
    merchant_id uuid NOT NULL
  , product_id  uuid NOT NULL
  , sold        integer NOT NULL DEFAULT 0
  , rating      integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, product_id)
  , CONSTRAINT sold_is_not_negative CHECK (sold >= 0)
  , CONSTRAINT a_rating_has_five_stars CHECK (rating BETWEEN 0 AND 500)
);
COMMENT ON TABLE search_figures IS 'by merchant: what orders and reviews pushed down about a product, kept while it is off the shelf';

CREATE TABLE search_stale (
    merchant_id uuid NOT NULL
  , product_id  uuid NOT NULL
  , PRIMARY KEY (merchant_id, product_id)
);
COMMENT ON TABLE search_stale IS 'by merchant: products whose entries a sweep makes anew, since something changed for all of a shop';
