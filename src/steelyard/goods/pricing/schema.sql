CREATE TABLE prices (
    merchant_id uuid NOT NULL
  , sku_id      uuid NOT NULL
  , currency    text NOT NULL
  , amount      bigint NOT NULL
  , compare_at  bigint
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , lowest_before bigint
  , PRIMARY KEY (merchant_id, sku_id, currency)
  , CONSTRAINT a_price_is_not_negative CHECK (amount >= 0)
  , CONSTRAINT a_market_price_is_higher CHECK (compare_at IS NULL OR compare_at > amount)
);
COMMENT ON TABLE prices IS 'by merchant: what a SKU costs now, in minor units; there is one price a currency';
COMMENT ON COLUMN prices.lowest_before IS 'The lowest that it cost in the 30 days before this amount; none where it never cost anything else';
COMMENT ON COLUMN prices.compare_at IS 'The price it is compared with (market price), shown struck out';
CREATE INDEX prices_by_sku ON prices (sku_id);

CREATE TABLE unit_costs (
    merchant_id uuid NOT NULL
  , sku_id      uuid NOT NULL
  , currency    text NOT NULL
  , amount      bigint NOT NULL
  , PRIMARY KEY (merchant_id, sku_id, currency)
  , CONSTRAINT a_cost_is_not_negative CHECK (amount >= 0)
);
COMMENT ON TABLE unit_costs IS 'by merchant: what a SKU costs the shop itself, in minor units; nobody else sees it';

CREATE TABLE price_history (
    merchant_id uuid NOT NULL
  , sku_id      uuid NOT NULL
  , currency    text NOT NULL
  , until       timestamptz NOT NULL
  , amount      bigint NOT NULL
  , PRIMARY KEY (merchant_id, sku_id, currency, until)
);
COMMENT ON TABLE price_history IS 'by merchant, append-only: what a SKU cost before, until it was changed to something else';
