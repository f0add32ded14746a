-- The figures by which people see how the marketplace does: a day's trade and traffic, rolled up.

CREATE TABLE stale_days (
    merchant_id uuid NOT NULL
  , day         date NOT NULL
  , PRIMARY KEY (merchant_id, day)
);
COMMENT ON TABLE stale_days IS 'by merchant: days of which something has changed since they were rolled up';

CREATE TABLE counted_imports (
    fingerprint text PRIMARY KEY
);
COMMENT ON TABLE counted_imports IS 'by key: imports of orders whose days have been marked for rolling up';

CREATE TABLE sales_days (
    merchant_id uuid NOT NULL
  , day         date NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , channel     text NOT NULL
  , orders      integer NOT NULL DEFAULT 0
  , gmv         bigint NOT NULL DEFAULT 0
  , paid_orders integer NOT NULL DEFAULT 0
  , paid        bigint NOT NULL DEFAULT 0
  , buyers      integer NOT NULL DEFAULT 0
  , newcomers   integer NOT NULL DEFAULT 0
  , cancelled   integer NOT NULL DEFAULT 0
  , refunded_orders integer NOT NULL DEFAULT 0
  , refunds     bigint NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, day, currency, channel)
);
COMMENT ON TABLE sales_days IS 'by merchant: a day''s trade by currency and channel, made anew when something of it changes';
COMMENT ON COLUMN sales_days.day IS 'Of the settlement zone';
COMMENT ON COLUMN sales_days.channel IS 'Where the order came from: the first word of its source, such as shop, ucp, live';
COMMENT ON COLUMN sales_days.orders IS 'Placed that day, called off or not; gmv is what they come to';
COMMENT ON COLUMN sales_days.paid_orders IS 'Of which the money came in that day; paid is what they come to';
COMMENT ON COLUMN sales_days.buyers IS 'Different people among those who paid that day';
COMMENT ON COLUMN sales_days.newcomers IS 'Of the buyers, those who had never paid at this merchant before';
COMMENT ON COLUMN sales_days.cancelled IS 'Orders called off that day';
COMMENT ON COLUMN sales_days.refunds IS 'Decided that day to give back';
CREATE INDEX sales_days_by_day ON sales_days (day);

CREATE TABLE product_days (
    merchant_id uuid NOT NULL
  , day         date NOT NULL
  , product_id  uuid NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , orders      integer NOT NULL
  , pieces      integer NOT NULL
  , paid        bigint NOT NULL
  , PRIMARY KEY (merchant_id, day, product_id, currency)
);
COMMENT ON TABLE product_days IS 'by merchant: what a product sold on a day, of orders paid that day';
CREATE INDEX product_days_by_day ON product_days (day);

CREATE TABLE category_days (
    merchant_id uuid NOT NULL
  , day         date NOT NULL
  , category_id uuid NOT NULL REFERENCES categories
  , currency    text NOT NULL REFERENCES currencies
  , orders      integer NOT NULL
  , pieces      integer NOT NULL
  , paid        bigint NOT NULL
  , PRIMARY KEY (merchant_id, day, category_id, currency)
);
COMMENT ON TABLE category_days IS 'by merchant: what the products of a category sold on a day together, made anew with product_days';
COMMENT ON COLUMN category_days.category_id IS 'In which the products stood when the day was counted';
COMMENT ON COLUMN category_days.orders IS 'Of each product; an order with two products of a category counts twice';
CREATE INDEX category_days_by_day ON category_days (day);

CREATE TABLE customer_days (
    merchant_id uuid NOT NULL
  , day         date NOT NULL
  , newcomers   integer NOT NULL
  , PRIMARY KEY (merchant_id, day)
);
COMMENT ON TABLE customer_days IS 'by merchant: the people of a day whatever they paid in and wherever they came from, made anew with the day''s sales';
COMMENT ON COLUMN customer_days.newcomers IS 'Who paid that day and never before at this merchant; each is one of exactly one day, so days may be added up';

CREATE TABLE region_days (
    merchant_id uuid NOT NULL
  , day         date NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , country     text NOT NULL
  , region      text NOT NULL
  , orders      integer NOT NULL
  , paid        bigint NOT NULL
  , PRIMARY KEY (merchant_id, day, currency, country, region)
);
COMMENT ON TABLE region_days IS 'by merchant: where the orders paid on a day go, made anew with the day''s sales';

CREATE TABLE visits (
    merchant_id uuid NOT NULL
  , day         date NOT NULL
  , visitor_id  uuid NOT NULL
  , channel     text NOT NULL
  , device      text NOT NULL
  , furthest    smallint NOT NULL DEFAULT 0
  , products    uuid[] NOT NULL DEFAULT '{}'
  , PRIMARY KEY (merchant_id, day, visitor_id)
  , CONSTRAINT a_visitor_has_a_device CHECK (device IN ('phone', 'desk'))
);
COMMENT ON TABLE visits IS 'by merchant: who has looked on which day; kept for some weeks, since only the counts are wanted';
COMMENT ON COLUMN visits.merchant_id IS 'The merchant whose goods were looked at; all zeros: the marketplace as a whole';
COMMENT ON COLUMN visits.channel IS 'Where the visitor came from first that day: direct, search, social, link, mail, ad';
COMMENT ON COLUMN visits.furthest IS 'How far the visitor came: 0 looked around, 1 a product, 2 the cart, 3 the checkout';
COMMENT ON COLUMN visits.products IS 'Products looked at, so that each counts once a day and visitor';
CREATE INDEX visits_by_day ON visits (day);
CREATE INDEX visits_of_a_visitor ON visits (visitor_id);

CREATE TABLE traffic_days (
    merchant_id uuid NOT NULL
  , day         date NOT NULL
  , channel     text NOT NULL
  , device      text NOT NULL
  , views       integer NOT NULL DEFAULT 0
  , visitors    integer NOT NULL DEFAULT 0
  , product_visitors integer NOT NULL DEFAULT 0
  , cart_visitors integer NOT NULL DEFAULT 0
  , checkout_visitors integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, day, channel, device)
  , CONSTRAINT a_device_is_a_phone_or_a_desk CHECK (device IN ('phone', 'desk'))
);
COMMENT ON TABLE traffic_days IS 'by merchant: a day''s visitors, counted as they come; all zeros: the marketplace as a whole';
COMMENT ON COLUMN traffic_days.product_visitors IS 'Of the visitors, those who came at least as far as a product';
COMMENT ON COLUMN traffic_days.cart_visitors IS 'Of the visitors, those who came at least as far as the cart';
COMMENT ON COLUMN traffic_days.checkout_visitors IS 'Of the visitors, those who came to the checkout';
CREATE INDEX traffic_days_by_day ON traffic_days (day);

CREATE TABLE product_traffic_days (
    merchant_id uuid NOT NULL
  , day         date NOT NULL
  , product_id  uuid NOT NULL
  , views       integer NOT NULL DEFAULT 0
  , visitors    integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, day, product_id)
);
COMMENT ON TABLE product_traffic_days IS 'by merchant: who looked at a product on a day';
CREATE INDEX product_traffic_days_by_day ON product_traffic_days (day);
