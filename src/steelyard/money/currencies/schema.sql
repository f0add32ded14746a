CREATE TABLE currencies (
    currency text PRIMARY KEY
  , digits   integer NOT NULL
  , name     jsonb NOT NULL
  , CONSTRAINT a_currency_has_an_iso_code CHECK (currency ~ '^[A-Z]{3}$')
  , CONSTRAINT minor_units_are_few CHECK (digits BETWEEN 0 AND 4)
);
COMMENT ON TABLE currencies IS 'reference: ISO 4217 currencies that this marketplace deals in';
COMMENT ON COLUMN currencies.digits IS 'Digits behind the point: what a minor unit is';
INSERT INTO currencies (currency, digits, name) VALUES
    ('CNY', 2, '{"zh-Hans": "人民币", "en": "Chinese yuan"}')
  , ('USD', 2, '{"zh-Hans": "美元", "en": "US dollar"}')
  , ('EUR', 2, '{"zh-Hans": "欧元", "en": "Euro"}')
  , ('GBP', 2, '{"zh-Hans": "英镑", "en": "Pound sterling"}')
  , ('JPY', 0, '{"zh-Hans": "日元", "en": "Japanese yen"}')
  , ('HKD', 2, '{"zh-Hans": "港元", "en": "Hong Kong dollar"}');
