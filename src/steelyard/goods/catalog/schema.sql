-- What is sold: categories, products (SPU) and their variants (SKU).

CREATE TABLE categories (
    category_id uuid PRIMARY KEY
  , parent_id   uuid REFERENCES categories
  , slug        text NOT NULL UNIQUE
  , name        jsonb NOT NULL
  , path        uuid[] NOT NULL
  , place       integer NOT NULL DEFAULT 0
  , icon        text NOT NULL DEFAULT 'package'
  , picture     text
  , merged_into uuid REFERENCES categories
  , own_no_return text
  , no_return   text
  , CONSTRAINT what_is_not_returned_has_a_reason CHECK (own_no_return IN ('none', 'made_to_order', 'perishable', 'opened_digital', 'periodical', 'confirmed'))
  , CONSTRAINT nothing_is_merged_into_itself CHECK (merged_into <> category_id)
  , CONSTRAINT a_path_ends_with_itself CHECK (path[cardinality(path)] = category_id)
);
COMMENT ON TABLE categories IS 'reference: the category tree of the marketplace';
COMMENT ON COLUMN categories.path IS 'From the root to the category itself';
COMMENT ON COLUMN categories.place IS 'Its place among its siblings';
COMMENT ON COLUMN categories.picture IS 'Name in the file store';
COMMENT ON COLUMN categories.own_no_return IS 'Why its goods are not returned without a reason, as said here: for it and all below it; none: they are, whatever is said above';
COMMENT ON COLUMN categories.no_return IS 'The same as it counts here: its own, else what the nearest above it says';
COMMENT ON COLUMN categories.merged_into IS 'It is out of use; its products went there, and so does its address';
CREATE INDEX categories_by_parent ON categories (parent_id, place);
CREATE INDEX categories_by_path ON categories USING gin (path);

CREATE TABLE category_addresses (
    slug        text PRIMARY KEY
  , category_id uuid NOT NULL REFERENCES categories
);
COMMENT ON TABLE category_addresses IS 'reference: addresses that categories once had, and lead on from';

CREATE TABLE attribute_definitions (
    code       text PRIMARY KEY
  , name       jsonb NOT NULL
  , kind       text NOT NULL
  , unit       text NOT NULL DEFAULT ''
  , values     jsonb NOT NULL DEFAULT '[]'
  , filterable boolean NOT NULL DEFAULT false
  , retired    boolean NOT NULL DEFAULT false
  , CONSTRAINT an_attribute_is_of_a_kind CHECK (kind IN ('choice', 'choices', 'number', 'text', 'yes_no'))
);
COMMENT ON TABLE attribute_definitions IS 'reference: what products may be asked for, such as their material';
COMMENT ON COLUMN attribute_definitions.unit IS 'Written behind a number: W, mm';
COMMENT ON COLUMN attribute_definitions.values IS '[{"code": "leather", "name": Text}, …] for a choice';
COMMENT ON COLUMN attribute_definitions.retired IS 'No new product is asked for it; facts that products have stay';

CREATE TABLE category_attributes (
    category_id uuid NOT NULL REFERENCES categories
  , code        text NOT NULL REFERENCES attribute_definitions
  , required    boolean NOT NULL DEFAULT false
  , place       integer NOT NULL DEFAULT 0
  , PRIMARY KEY (category_id, code)
);
COMMENT ON TABLE category_attributes IS 'reference: which attributes the products of a category and of all below it have';
COMMENT ON COLUMN category_attributes.required IS 'A product without it is incomplete and does not go onto the shelf by itself';
CREATE INDEX category_attributes_by_code ON category_attributes (code);

CREATE TABLE product_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE product_transitions IS 'reference: the states of a product that follow each other';
INSERT INTO product_transitions (from_state, to_state) VALUES
    ('nowhere', 'draft'), ('nowhere', 'on_shelf'), ('nowhere', 'off_shelf')
  , ('draft', 'in_review'), ('draft', 'on_shelf'), ('draft', 'binned')
  , ('in_review', 'on_shelf'), ('in_review', 'sent_back'), ('in_review', 'draft')
  , ('sent_back', 'in_review'), ('sent_back', 'on_shelf'), ('sent_back', 'binned')
  , ('on_shelf', 'off_shelf'), ('on_shelf', 'sent_back')
  , ('off_shelf', 'on_shelf'), ('off_shelf', 'in_review'), ('off_shelf', 'binned'), ('binned', 'off_shelf');

CREATE TABLE products (
    merchant_id uuid NOT NULL
  , product_id  uuid NOT NULL
  , category_id uuid NOT NULL REFERENCES categories
  , slug        text NOT NULL
  , title       jsonb NOT NULL
  , description jsonb NOT NULL DEFAULT '{}'
  , options     jsonb NOT NULL DEFAULT '[]'
  , attributes  jsonb NOT NULL DEFAULT '[]'
  , facts       jsonb NOT NULL DEFAULT '{}'
  , tax_class   text NOT NULL DEFAULT 'standard'
  , state       text NOT NULL
  , approved    boolean NOT NULL DEFAULT false
  , gaps        text[] NOT NULL DEFAULT '{}'
  , on_shelf_at  timestamptz
  , off_shelf_at timestamptz
  , lacks_paper boolean NOT NULL DEFAULT false
  , source      text
  , created_at  timestamptz NOT NULL DEFAULT now()
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , ship_hours  integer
  , authentic_times integer NOT NULL DEFAULT 0
  , free_returns boolean NOT NULL DEFAULT false
  , limits      jsonb
  , PRIMARY KEY (merchant_id, product_id)
  , CONSTRAINT a_products_limits_are_named CHECK (jsonb_typeof(limits) = 'object')
  , CONSTRAINT off_the_shelf_after_onto_it CHECK (off_shelf_at > on_shelf_at)
  , CONSTRAINT what_lacks_a_paper_is_off_the_shelf CHECK (NOT lacks_paper OR state = 'off_shelf')
  , CONSTRAINT a_promise_is_kept_in_time_to_come CHECK (ship_hours > 0)
  , CONSTRAINT a_guarantee_is_not_negative CHECK (authentic_times >= 0)
);
COMMENT ON TABLE products IS 'by merchant: products (SPU)';
COMMENT ON COLUMN products.options IS '[{"name": Text, "values": [Text, …]}, …], at most three: what a buyer chooses';
COMMENT ON COLUMN products.attributes IS '[{"name": Text, "value": Text}, …]: what no definition says, so of all its variants';
COMMENT ON COLUMN products.facts IS '{attribute code: [value codes] | number | {language: words}}: as its category''s attributes are defined';
COMMENT ON COLUMN products.ship_hours IS 'Hours after payment in which it is promised to leave the house; none: no promise';
COMMENT ON COLUMN products.authentic_times IS 'How many times its price the shop pays when it is a counterfeit; 0: no promise';
COMMENT ON COLUMN products.free_returns IS 'Whether the shop bears what sending it back costs, whatever the reason';
COMMENT ON COLUMN products.approved IS 'It was on the shelf, or approved, as it is now: it goes back without a review';
COMMENT ON COLUMN products.limits IS 'How many a buyer can have, and an order needs, of all its variants together: {per_order, per_buyer, period, least}';
COMMENT ON COLUMN products.gaps IS 'What it lacks to be complete: see completeness';
COMMENT ON COLUMN products.on_shelf_at IS 'When it goes onto the shelf by itself';
COMMENT ON COLUMN products.off_shelf_at IS 'When it is taken off the shelf by itself';
COMMENT ON COLUMN products.lacks_paper IS 'It was taken off the shelf for a paper that the shop has no more, and comes back with the next one';
COMMENT ON COLUMN products.source IS 'import:<name of the source>:<its id> when it came from elsewhere';
CREATE INDEX products_by_id ON products (product_id);
CREATE INDEX products_lacking_paper ON products (merchant_id, product_id) WHERE lacks_paper;
CREATE INDEX products_of_a_merchant ON products (merchant_id, state, changed_at DESC, product_id);
CREATE INDEX products_newly_changed ON products (merchant_id, changed_at DESC, product_id DESC);
CREATE INDEX products_incomplete ON products (merchant_id, changed_at DESC, product_id DESC) WHERE gaps <> '{}';
CREATE INDEX products_in_a_category ON products (category_id, merchant_id, product_id);
CREATE INDEX products_due_onto_the_shelf ON products (on_shelf_at) WHERE on_shelf_at IS NOT NULL;
CREATE INDEX products_due_off_the_shelf ON products (off_shelf_at) WHERE off_shelf_at IS NOT NULL;
CREATE INDEX products_of_a_category ON products (category_id) WHERE state <> 'binned';
CREATE UNIQUE INDEX a_product_is_imported_once ON products (merchant_id, source) WHERE source IS NOT NULL;

CREATE TABLE product_sought (
    merchant_id uuid NOT NULL
  , product_id  uuid NOT NULL
  , words       text NOT NULL
  , PRIMARY KEY (merchant_id, product_id)
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
);
COMMENT ON TABLE product_sought IS 'by merchant: what the merchant''s own staff find a product by, in one short row';
COMMENT ON COLUMN product_sought.words IS 'Its titles, article numbers and barcodes, in small letters, a line each';

CREATE TABLE product_history (
    merchant_id uuid NOT NULL
  , product_id  uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, product_id, step)
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
  , FOREIGN KEY (from_state, to_state) REFERENCES product_transitions
);
COMMENT ON TABLE product_history IS 'by merchant, append-only: each change of a product''s state';

CREATE TABLE product_pictures (
    merchant_id uuid NOT NULL
  , product_id  uuid NOT NULL
  , place       integer NOT NULL
  , file        text NOT NULL
  , alt         jsonb NOT NULL DEFAULT '{}'
  , PRIMARY KEY (merchant_id, product_id, place)
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
);
COMMENT ON TABLE product_pictures IS 'by merchant: pictures in their order; the first is the main one';
COMMENT ON COLUMN product_pictures.file IS 'Name in the file store, which is the SHA-256 of what is in it and its ending';

CREATE TABLE skus (
    merchant_id  uuid NOT NULL
  , sku_id       uuid NOT NULL
  , product_id   uuid NOT NULL
  , code         text NOT NULL
  , code_upper   text COLLATE "C" GENERATED ALWAYS AS (upper(code)) STORED
  , barcode      text NOT NULL DEFAULT ''
  , choice       integer[] NOT NULL DEFAULT '{}'
  , weight_grams integer NOT NULL DEFAULT 0
  , picture      text
  , active       boolean NOT NULL DEFAULT true
  , place        integer NOT NULL DEFAULT 0
  , was          jsonb
  , ship_hours   integer
  , limits       jsonb
  , PRIMARY KEY (merchant_id, sku_id)
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
  , UNIQUE (merchant_id, code)
  , CONSTRAINT a_variants_limits_are_named CHECK (jsonb_typeof(limits) = 'object')
  , CONSTRAINT weight_is_not_negative CHECK (weight_grams >= 0)
  , CONSTRAINT a_promise_is_kept_in_time_to_come CHECK (ship_hours > 0)
  , CONSTRAINT what_was_is_not_sold CHECK (was IS NULL OR NOT active AND choice = '{}')
);
COMMENT ON TABLE skus IS 'by merchant: variants (SKU): what is priced, stocked and sold';
COMMENT ON COLUMN skus.code IS 'The merchant''s own article number';
COMMENT ON COLUMN skus.code_upper IS 'For what is typed in small letters: a column of its own, since row-level security lets no function into an index';
COMMENT ON COLUMN skus.choice IS 'For each option of the product, in order, the index of the chosen value';
COMMENT ON COLUMN skus.ship_hours IS 'Where it is promised to leave in other hours than its product';
COMMENT ON COLUMN skus.limits IS 'As products.limits, of this variant by itself';
COMMENT ON COLUMN skus.was IS '{"chosen": [[name Text, value Text], …]} of one whose choice the product does not offer any more; it is kept for its orders';
CREATE INDEX skus_of_a_product ON skus (merchant_id, product_id, place, sku_id);
CREATE INDEX skus_by_code ON skus (merchant_id, code_upper, code);
CREATE INDEX skus_by_barcode ON skus (merchant_id, barcode) WHERE barcode <> '';
CREATE INDEX skus_by_id ON skus (sku_id);
CREATE UNIQUE INDEX a_choice_is_one_sku ON skus (merchant_id, product_id, choice) WHERE active;

CREATE TABLE product_versions (
    merchant_id uuid NOT NULL
  , product_id  uuid NOT NULL
  , version     integer NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , what        jsonb NOT NULL
  , PRIMARY KEY (merchant_id, product_id, version)
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
);
COMMENT ON TABLE product_versions IS 'by merchant, append-only: what a product said of itself, each time that it changed';
COMMENT ON COLUMN product_versions.what IS 'Its words, pictures, facts and variants, whole; the first is what it was before its first change';

CREATE TABLE product_reviews (
    merchant_id uuid NOT NULL
  , review_id   uuid NOT NULL
  , product_id  uuid NOT NULL
  , kind        text NOT NULL
  , proposal    jsonb NOT NULL DEFAULT '{}'
  , state       text NOT NULL DEFAULT 'waiting'
  , asked_at    timestamptz NOT NULL DEFAULT now()
  , asked_by    text NOT NULL
  , decided_at  timestamptz
  , decided_by  text
  , reasons     jsonb NOT NULL DEFAULT '[]'
  , version     integer
  , PRIMARY KEY (merchant_id, review_id)
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
  , CONSTRAINT a_review_is_of_a_kind CHECK (kind IN ('publication', 'change'))
  , CONSTRAINT a_review_is_in_a_state CHECK (state IN ('waiting', 'approved', 'sent_back', 'withdrawn'))
  , CONSTRAINT decided_means_when CHECK ((state = 'waiting') = (decided_at IS NULL))
  , CONSTRAINT a_change_is_proposed CHECK ((kind = 'change') = (proposal <> '{}'))
  , CONSTRAINT sent_back_means_why CHECK (state <> 'sent_back' OR reasons <> '[]')
);
COMMENT ON TABLE product_reviews IS 'by merchant: what the operator looks at before buyers see it';
COMMENT ON COLUMN product_reviews.proposal IS 'Of a change to what is on sale: title, description, category_id, facts, pictures as they shall be';
COMMENT ON COLUMN product_reviews.reasons IS '[{"field": …, "reason": code, "words": text}, …] when it was sent back';
COMMENT ON COLUMN product_reviews.version IS 'The version of the product that was approved';
CREATE UNIQUE INDEX one_product_review_waits ON product_reviews (merchant_id, product_id) WHERE state = 'waiting';
CREATE INDEX product_reviews_waiting ON product_reviews (asked_at, review_id) WHERE state = 'waiting';
CREATE INDEX product_reviews_decided ON product_reviews (decided_at DESC, review_id DESC) WHERE state IN ('approved', 'sent_back');
CREATE INDEX product_reviews_by_id ON product_reviews (review_id);
CREATE INDEX product_reviews_of_a_product ON product_reviews (merchant_id, product_id, asked_at DESC);

CREATE TABLE review_policy (
    singly       boolean PRIMARY KEY DEFAULT true
  , of_whom      text NOT NULL
  , products     integer NOT NULL
  , changes      boolean NOT NULL
  , CONSTRAINT there_is_one_policy CHECK (singly)
  , CONSTRAINT somebody_is_reviewed CHECK (of_whom IN ('nobody', 'new_merchants', 'everybody'))
  , CONSTRAINT a_merchant_is_new_for_some_products CHECK (products > 0)
);
COMMENT ON TABLE review_policy IS 'reference: whose products the operator looks at before buyers see them';
COMMENT ON COLUMN review_policy.products IS 'A merchant is new until so many products were approved';
COMMENT ON COLUMN review_policy.changes IS 'Whether changes of title, description, category and main picture wait too';
INSERT INTO review_policy (of_whom, products, changes) VALUES ('new_merchants', 3, false);
