CREATE TABLE tax_rates (
    country    text NOT NULL
  , region     text NOT NULL DEFAULT ''
  , tax_class  text NOT NULL
  , valid_from date NOT NULL
  , valid_to   date
  , millionths integer NOT NULL
  , inclusive  boolean NOT NULL
  , name       jsonb NOT NULL
  , PRIMARY KEY (country, region, tax_class, valid_from)
  , CONSTRAINT a_rate_is_a_part CHECK (millionths BETWEEN 0 AND 1000000)
  , CONSTRAINT a_rate_begins_before_it_ends CHECK (valid_to IS NULL OR valid_from < valid_to)
);
COMMENT ON TABLE tax_rates IS 'reference: dated rates by where the goods go and what they are';
COMMENT ON COLUMN tax_rates.region IS 'Empty: the whole country';
COMMENT ON COLUMN tax_rates.millionths IS 'The rate in parts per million: 130000 is 13 %';
COMMENT ON COLUMN tax_rates.inclusive IS 'Whether prices shown to this country already contain it';
COMMENT ON COLUMN tax_rates.valid_to IS 'The first day on which it is not valid any more';
INSERT INTO tax_rates (country, region, tax_class, valid_from, millionths, inclusive, name) VALUES
    ('CN', '', 'standard', '2019-04-01', 130000, true, '{"zh-Hans": "增值税", "en": "VAT"}')
  , ('CN', '', 'reduced', '2019-04-01', 90000, true, '{"zh-Hans": "增值税", "en": "VAT"}')
  , ('GB', '', 'standard', '2011-01-04', 200000, true, '{"zh-Hans": "英国增值税", "en": "UK VAT"}')
  , ('DE', '', 'standard', '2021-01-01', 190000, true, '{"zh-Hans": "德国增值税", "en": "German VAT"}')
  , ('FR', '', 'standard', '2014-01-01', 200000, true, '{"zh-Hans": "法国增值税", "en": "French VAT"}')
  , ('US', 'CA', 'standard', '2017-01-01', 72500, false, '{"zh-Hans": "加州销售税", "en": "California sales tax"}')
  , ('US', 'NY', 'standard', '2005-06-01', 40000, false, '{"zh-Hans": "纽约州销售税", "en": "New York sales tax"}')
  , ('US', 'TX', 'standard', '1990-07-01', 62500, false, '{"zh-Hans": "得州销售税", "en": "Texas sales tax"}');
