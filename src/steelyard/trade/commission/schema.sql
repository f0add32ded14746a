-- What the platform charges merchants of what they sell: fees, the rules by which they are reckoned, and the tax on them.

CREATE TABLE fees (
    fee_id uuid PRIMARY KEY
  , name   jsonb NOT NULL
  , place  integer NOT NULL
  , kept   boolean NOT NULL DEFAULT false
  , CONSTRAINT fees_stand_in_one_order UNIQUE (place)
  , CONSTRAINT the_first_fee_is_the_commission CHECK (place > 0)
);
COMMENT ON TABLE fees IS 'reference: what merchants are charged for; the sales commission is the first, see docs/algorithms/fees.md';
COMMENT ON COLUMN fees.place IS 'The order in which fees are taken: where a line does not bear them all, the last is cut first';
COMMENT ON COLUMN fees.kept IS 'Of sales from now on: the fee stays with the platform when goods come back; else it goes back in proportion';
INSERT INTO fees (fee_id, name, place) VALUES
    ('01980000-0000-7000-8000-000000000001', '{"zh-Hans": "销售佣金", "en": "Sales commission"}', 1);

CREATE TABLE fee_rules (
    rule_id     uuid PRIMARY KEY
  , fee_id      uuid NOT NULL REFERENCES fees
  , merchant_id uuid
  , category_id uuid
  , product_id  uuid
  , channel     text
  , currency    text REFERENCES currencies
  , millionths  integer NOT NULL DEFAULT 0
  , fixed       bigint NOT NULL DEFAULT 0
  , per_piece   boolean NOT NULL DEFAULT false
  , least       bigint
  , most        bigint
  , on_freight  boolean NOT NULL DEFAULT false
  , taxes       text NOT NULL DEFAULT 'shown'
  , valid_from  timestamptz NOT NULL
  , valid_to    timestamptz
  , replaces    uuid
  , set_at      timestamptz NOT NULL
  , set_by      uuid
  , ended_at    timestamptz
  , ended_by    uuid
  , CONSTRAINT a_rate_is_a_part CHECK (millionths BETWEEN 0 AND 1000000)
  , CONSTRAINT a_fixed_part_is_not_negative CHECK (fixed >= 0)
  , CONSTRAINT the_least_is_no_more_than_the_most CHECK (0 <= least AND least <= most OR least IS NULL AND 0 <= most OR most IS NULL AND 0 <= least
                                                         OR least IS NULL AND most IS NULL)
  , CONSTRAINT amounts_are_of_a_currency CHECK (currency IS NOT NULL OR fixed = 0 AND least IS NULL AND most IS NULL)
  , CONSTRAINT goods_are_of_a_merchant CHECK (product_id IS NULL OR merchant_id IS NOT NULL AND category_id IS NULL)
  , CONSTRAINT a_sale_comes_by_a_channel CHECK (channel IN ('shop', 'live', 'amazon', 'agent'))
  , CONSTRAINT taxes_are_counted_in_one_way CHECK (taxes IN ('shown', 'without', 'with'))
  , CONSTRAINT a_rule_ends_after_it_begins CHECK (valid_from <= valid_to)
  , CONSTRAINT an_end_was_set_by_somebody CHECK (ended_by IS NULL OR ended_at IS NOT NULL AND valid_to IS NOT NULL)
);
COMMENT ON TABLE fee_rules IS 'reference: how a fee is reckoned for some sales; of each fee the most specific rule counts, of two the same the newer';
COMMENT ON COLUMN fee_rules.merchant_id IS 'Sales of this merchant; none: of everybody';
COMMENT ON COLUMN fee_rules.category_id IS 'This category and those below it; none: all';
COMMENT ON COLUMN fee_rules.product_id IS 'This product alone';
COMMENT ON COLUMN fee_rules.channel IS 'By which channel it was sold: shop, live, amazon, agent; none: by any';
COMMENT ON COLUMN fee_rules.currency IS 'What its amounts are in, and of which sales it counts; none: of all, and it has no amounts';
COMMENT ON COLUMN fee_rules.millionths IS 'The rate in parts per million: 50000 is 5 %';
COMMENT ON COLUMN fee_rules.fixed IS 'On top of the rate, in minor units, for each line of an order or for each of its pieces';
COMMENT ON COLUMN fee_rules.least IS 'The least that a line pays, in minor units';
COMMENT ON COLUMN fee_rules.most IS 'The most that a line pays, in minor units';
COMMENT ON COLUMN fee_rules.on_freight IS 'Whether the line''s part of the freight counts too';
COMMENT ON COLUMN fee_rules.taxes IS 'What the rate is taken of: prices as they are shown, without the taxes in them, or with those on top too';
COMMENT ON COLUMN fee_rules.valid_to IS 'Not counting any more from then on; the same as valid_from: withdrawn before it began';
COMMENT ON COLUMN fee_rules.replaces IS 'The rule that this one was set instead of';
COMMENT ON COLUMN fee_rules.ended_at IS 'When it was said that it ends';
CREATE INDEX fee_rules_of_a_merchant ON fee_rules (merchant_id, valid_to);
CREATE INDEX fee_rules_set_instead ON fee_rules (replaces) WHERE replaces IS NOT NULL;
CREATE INDEX fee_rules_by_beginning ON fee_rules (valid_from DESC, rule_id DESC);

CREATE TABLE fee_taxes (
    fee_id     uuid NOT NULL REFERENCES fees
  , valid_from timestamptz NOT NULL
  , millionths integer NOT NULL
  , set_at     timestamptz NOT NULL
  , set_by     uuid
  , PRIMARY KEY (fee_id, valid_from)
  , CONSTRAINT a_tax_is_a_part CHECK (millionths BETWEEN 0 AND 1000000)
);
COMMENT ON TABLE fee_taxes IS 'reference: the rate of tax on a fee, on top of it, from a moment until the next; before the first: none';
