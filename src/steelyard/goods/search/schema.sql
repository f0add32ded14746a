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
  , usual         bigint
  , in_stock      boolean NOT NULL
  , sold          integer NOT NULL DEFAULT 0
  , rating        integer NOT NULL DEFAULT 0
  , listed_at     timestamptz NOT NULL
  , ahead         boolean NOT NULL DEFAULT false
  , PRIMARY KEY (merchant_id, product_id)
);
COMMENT ON TABLE search_entries IS 'by merchant: products on the shelf as search and category pages show them';
COMMENT ON COLUMN search_entries.words IS 'Latin words and CJK bigrams of title, attributes, shop and codes, by the simple configuration';
COMMENT ON COLUMN search_entries.facets IS 'code:value of each attribute that buyers filter by; _ships:free of what is sent free of charge';
COMMENT ON COLUMN search_entries.price IS 'What the cheapest SKU costs now, with what is lowered for everybody';
COMMENT ON COLUMN search_entries.compare_at IS 'What is struck out beside it: the market price; of what is lowered, the lowest of the 30 days before';
COMMENT ON COLUMN search_entries.usual IS 'What the cheapest SKU would cost if nothing were lowered; none: nothing is';
COMMENT ON COLUMN search_entries.sold IS 'Pieces sold, pushed down by orders';
COMMENT ON COLUMN search_entries.rating IS 'Hundredths of a star, pushed down by reviews';
COMMENT ON COLUMN search_entries.ahead IS 'Among what sells best of very many: looked through first for words that too many have';
CREATE INDEX search_by_words ON search_entries USING gin (words);
CREATE INDEX search_by_words_ahead ON search_entries USING gin (words) WHERE ahead;
CREATE INDEX search_ahead ON search_entries (sold, product_id) WHERE ahead;
CREATE INDEX search_by_category ON search_entries USING gin (category_path);
CREATE INDEX search_by_facets ON search_entries USING gin (facets);
CREATE INDEX search_newest ON search_entries (listed_at DESC, product_id DESC);
CREATE INDEX search_best_selling ON search_entries (sold DESC, product_id DESC);
CREATE INDEX search_cheapest ON search_entries (price, product_id);
CREATE INDEX search_best_rated ON search_entries (rating DESC, product_id DESC);
CREATE INDEX search_of_a_merchant ON search_entries (merchant_id, listed_at DESC, product_id DESC);
CREATE INDEX search_best_selling_of_a_merchant ON search_entries (merchant_id, sold DESC, product_id DESC);
CREATE INDEX search_best_selling_of_a_category
    ON search_entries ((category_path[cardinality(category_path)]), sold DESC, product_id DESC);

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

CREATE TABLE search_free_delivery (
    merchant_id uuid NOT NULL
  , currency    text NOT NULL
  , free_from   bigint NOT NULL
  , PRIMARY KEY (merchant_id, currency)
  , CONSTRAINT free_from_is_not_negative CHECK (free_from >= 0)
);
COMMENT ON TABLE search_free_delivery IS 'by merchant: from which amount one piece is sent free of charge in the house''s country, pushed down by freight';

CREATE TABLE search_default_sorts (
    merchant_id uuid NOT NULL
  , list        text NOT NULL
  , sort        text NOT NULL
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, list)
);
COMMENT ON TABLE search_default_sorts IS 'by merchant: in which sort a list of a shop''s, or under an id of zeros of the marketplace''s, is shown to who chose none';
COMMENT ON COLUMN search_default_sorts.list IS 'search, categories or shop';

CREATE TABLE search_stale (
    merchant_id uuid NOT NULL
  , product_id  uuid NOT NULL
  , PRIMARY KEY (merchant_id, product_id)
);
COMMENT ON TABLE search_stale IS 'by merchant: products whose entries a sweep makes anew, since something changed for all of a shop';

CREATE TABLE search_vocabulary (
    kind     text NOT NULL
  , word     text NOT NULL
  , target   text NOT NULL DEFAULT ''
  , weight   integer NOT NULL
  , pinyin   text NOT NULL DEFAULT ''
  , initials text NOT NULL DEFAULT ''
  , PRIMARY KEY (kind, word)
  , CONSTRAINT a_word_is_of_some_kind CHECK (kind IN ('word', 'run', 'gram', 'category', 'shop', 'value', 'query'))
);
COMMENT ON TABLE search_vocabulary IS 'reference: the words that this marketplace knows: for suggestions and for mending what was mistyped';
COMMENT ON COLUMN search_vocabulary.kind IS 'word: of Latin titles; run: Chinese between two marks; gram: a part of one; value: of an attribute; query: what people search';
COMMENT ON COLUMN search_vocabulary.target IS 'The category''s or the shop''s address';
COMMENT ON COLUMN search_vocabulary.weight IS 'How much of what is sold and searched has the word';
CREATE INDEX search_vocabulary_by_weight ON search_vocabulary (weight DESC);

CREATE TABLE search_log (
    search_id uuid PRIMARY KEY
  , at        timestamptz NOT NULL DEFAULT now()
  , words     text NOT NULL
  , found     integer NOT NULL
  , followed  boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE search_log IS 'local: searches that wait to be counted';
COMMENT ON COLUMN search_log.followed IS 'A hit of such a search was opened';

CREATE TABLE search_days (
    day      date NOT NULL
  , words    text NOT NULL
  , searches integer NOT NULL DEFAULT 0
  , found    integer NOT NULL DEFAULT 0
  , followed integer NOT NULL DEFAULT 0
  , PRIMARY KEY (day, words)
);
COMMENT ON TABLE search_days IS 'local: what was searched, day by day';
COMMENT ON COLUMN search_days.found IS 'How many goods the last search of the day found';
COMMENT ON COLUMN search_days.followed IS 'How often a hit was opened from it';
CREATE INDEX searches_that_found_nothing ON search_days (day, searches DESC) WHERE found = 0;
CREATE INDEX searches_that_found_something ON search_days (words, day) WHERE found > 0;

CREATE TABLE search_hot (
    words text PRIMARY KEY
  , score integer NOT NULL
);
COMMENT ON TABLE search_hot IS 'reference: what many search, find and open these days; made anew by a sweep';

CREATE TABLE search_hot_rules (
    words  text PRIMARY KEY
  , pinned boolean NOT NULL
  , place  integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE search_hot_rules IS 'reference: hot words that the operator shows first (pinned), or never';

CREATE TABLE search_synonyms (
    synonym_id uuid PRIMARY KEY
  , words      text[] NOT NULL
  , CONSTRAINT synonyms_are_two_at_least CHECK (cardinality(words) >= 2)
);
COMMENT ON TABLE search_synonyms IS 'reference: words that mean the same: who searches one finds the others';

CREATE TABLE search_redirects (
    words  text PRIMARY KEY
  , target text NOT NULL
  , CONSTRAINT a_redirect_stays_in_the_house CHECK (target LIKE '/%' AND target NOT LIKE '//%')
);
COMMENT ON TABLE search_redirects IS 'reference: searches that lead to a page instead of a list';

CREATE TABLE search_history (
    buyer_id uuid NOT NULL
  , words    text NOT NULL
  , at       timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (buyer_id, words)
);
COMMENT ON TABLE search_history IS 'by buyer: what they searched, the last few';

CREATE TABLE search_choices (
    buyer_id      uuid PRIMARY KEY
  , keeps_history boolean NOT NULL DEFAULT true
  , personal      boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE search_choices IS 'by buyer: what they want of us when they look for goods';
COMMENT ON COLUMN search_choices.personal IS 'Whether results may follow what they looked at: the switch of the E-commerce Law, article 18';
