-- What is sold: categories, products (SPU) and their variants (SKU).

CREATE TABLE categories (
    category_id uuid PRIMARY KEY
  , parent_id   uuid REFERENCES categories
  , slug        text NOT NULL UNIQUE
  , name        jsonb NOT NULL
  , path        uuid[] NOT NULL
  , place       integer NOT NULL DEFAULT 0
  , icon        text NOT NULL DEFAULT 'package'
  , CONSTRAINT a_path_ends_with_itself CHECK (path[cardinality(path)] = category_id)
);
COMMENT ON TABLE categories IS 'reference: the category tree of the marketplace';
COMMENT ON COLUMN categories.path IS 'From the root to the category itself';
COMMENT ON COLUMN categories.place IS 'Its place among its siblings';
CREATE INDEX categories_by_parent ON categories (parent_id, place);

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
  , ('draft', 'on_shelf'), ('draft', 'binned'), ('on_shelf', 'off_shelf'), ('off_shelf', 'on_shelf')
  , ('off_shelf', 'binned'), ('binned', 'off_shelf');

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
  , source      text
  , created_at  timestamptz NOT NULL DEFAULT now()
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, product_id)
);
COMMENT ON TABLE products IS 'by merchant: products (SPU)';
COMMENT ON COLUMN products.options IS '[{"name": Text, "values": [Text, …]}, …], at most three: what a buyer chooses';
COMMENT ON COLUMN products.attributes IS '[{"name": Text, "value": Text}, …]: what no definition says, so of all its variants';
COMMENT ON COLUMN products.facts IS '{attribute code: [value codes] | number | {language: words}}: as its category''s attributes are defined';
COMMENT ON COLUMN products.source IS 'import:<name of the source>:<its id> when it came from elsewhere';
CREATE INDEX products_by_id ON products (product_id);
CREATE INDEX products_of_a_merchant ON products (merchant_id, state, changed_at DESC, product_id);
CREATE UNIQUE INDEX a_product_is_imported_once ON products (merchant_id, source) WHERE source IS NOT NULL;

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
  , barcode      text NOT NULL DEFAULT ''
  , choice       integer[] NOT NULL DEFAULT '{}'
  , weight_grams integer NOT NULL DEFAULT 0
  , picture      text
  , active       boolean NOT NULL DEFAULT true
  , place        integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, sku_id)
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
  , UNIQUE (merchant_id, code)
  , CONSTRAINT weight_is_not_negative CHECK (weight_grams >= 0)
);
COMMENT ON TABLE skus IS 'by merchant: variants (SKU): what is priced, stocked and sold';
COMMENT ON COLUMN skus.code IS 'The merchant''s own article number';
COMMENT ON COLUMN skus.choice IS 'For each option of the product, in order, the index of the chosen value';
CREATE INDEX skus_by_id ON skus (sku_id);
CREATE UNIQUE INDEX a_choice_is_one_sku ON skus (merchant_id, product_id, choice) WHERE active;
