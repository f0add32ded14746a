CREATE TABLE commission_rates (
    rate_id     uuid PRIMARY KEY
  , merchant_id uuid
  , category_id uuid
  , millionths  integer NOT NULL
  , valid_from  timestamptz NOT NULL
  , valid_to    timestamptz
  , CONSTRAINT a_commission_is_a_part CHECK (millionths BETWEEN 0 AND 1000000)
);
COMMENT ON TABLE commission_rates IS 'reference: the platform''s commission; the most specific rate counts: merchant and category, merchant, category, all';
COMMENT ON COLUMN commission_rates.millionths IS 'The rate in parts per million: 50000 is 5 %';
COMMENT ON COLUMN commission_rates.category_id IS 'This category and those below it; none: all';
CREATE INDEX commission_rates_of_a_merchant ON commission_rates (merchant_id, category_id);
