CREATE TABLE rights_rules (
    rule_id    uuid PRIMARY KEY
  , code       text NOT NULL
  , version    integer NOT NULL
  , kind       text NOT NULL
  , name       jsonb NOT NULL
  , days       integer NOT NULL
  , countries  text[] NOT NULL DEFAULT '{}'
  , exceptions text[] NOT NULL DEFAULT '{}'
  , source     jsonb NOT NULL
  , link       text NOT NULL DEFAULT ''
  , since      date
  , until      date
  , percent    integer NOT NULL DEFAULT 0
  , amount_least bigint NOT NULL DEFAULT 0
  , amount_most bigint
  , currency   text REFERENCES currencies
  , hours_least integer NOT NULL DEFAULT 0
  , hours_most integer NOT NULL DEFAULT 0
  , times_most integer NOT NULL DEFAULT 0
  , categories uuid[] NOT NULL DEFAULT '{}'
  , counted_from text NOT NULL DEFAULT 'received'
  , drafted_at timestamptz NOT NULL DEFAULT now()
  , drafted_by text NOT NULL
  , UNIQUE (code, version)
  , CONSTRAINT a_right_is_of_a_known_kind CHECK (kind IN ('no_reason_return', 'withdrawal', 'fault', 'ship_promise', 'price_protection', 'authenticity', 'return_freight', 'free_returns'))
  , CONSTRAINT a_right_lasts_some_days CHECK (days BETWEEN 0 AND 365 AND (days = 0) = (kind IN ('ship_promise', 'authenticity', 'return_freight', 'free_returns')))
  , CONSTRAINT a_share_is_a_share CHECK (percent BETWEEN 0 AND 100)
  , CONSTRAINT the_least_is_not_more_than_the_most CHECK (0 <= amount_least AND amount_least <= amount_most AND 0 <= hours_least AND hours_least <= hours_most)
  , CONSTRAINT an_amount_is_in_a_currency CHECK (currency IS NOT NULL OR (amount_least = 0 AND amount_most IS NULL))
  , CONSTRAINT hours_are_promised_for_sending CHECK ((hours_most > 0) = (kind = 'ship_promise'))
  , CONSTRAINT times_are_promised_for_what_is_genuine CHECK ((times_most > 0) = (kind = 'authenticity'))
  , CONSTRAINT days_count_from_something CHECK (counted_from IN ('placed', 'received'))
  , CONSTRAINT a_right_ends_after_it_began CHECK (until >= since)
);
COMMENT ON TABLE rights_rules IS 'reference: the rights of buyers, version by version; what is switched on is never changed, only superseded';
COMMENT ON COLUMN rights_rules.code IS 'The right, the same in all its versions';
COMMENT ON COLUMN rights_rules.days IS 'Whole days after the day on which the goods were received; of a price protection, times of 24 hours; 0: nothing lasts';
COMMENT ON COLUMN rights_rules.percent IS 'Of a promise: which part of what was paid a broken one costs';
COMMENT ON COLUMN rights_rules.amount_least IS 'Of a promise: what a broken one costs at least, in minor units';
COMMENT ON COLUMN rights_rules.amount_most IS 'Of a promise: what it costs, or gives back, at most for a line; none: as much as was paid';
COMMENT ON COLUMN rights_rules.currency IS 'Orders in which currency it is for; none: all';
COMMENT ON COLUMN rights_rules.hours_least IS 'The fewest hours after payment in which a shop may promise to send';
COMMENT ON COLUMN rights_rules.times_most IS 'How many times the price a shop may promise for a counterfeit';
COMMENT ON COLUMN rights_rules.categories IS 'For goods of which categories, and those below them; none: all';
COMMENT ON COLUMN rights_rules.counted_from IS 'Of a price protection: when its days begin';
COMMENT ON COLUMN rights_rules.countries IS 'Where the goods go, ISO 3166-1; none: wherever no other rule of its family is';
COMMENT ON COLUMN rights_rules.exceptions IS 'Goods that it does not cover, by the words of categories.no_return';
COMMENT ON COLUMN rights_rules.source IS 'The law and its article, as people read it';
COMMENT ON COLUMN rights_rules.since IS 'It counts for orders placed on this day or later, in the house''s time zone; none: a draft';
COMMENT ON COLUMN rights_rules.until IS 'The last day on which orders are placed under it; none: until it is superseded';
INSERT INTO rights_rules (rule_id, code, version, kind, name, days, countries, exceptions, source, link, since, drafted_at, drafted_by) VALUES
    ('01890000-0000-7000-8000-000000000001', 'cn_seven_days', 1, 'no_reason_return'
   , '{"zh-Hans": "七天无理由退货", "en": "7-day return without a reason"}', 7, '{CN}'
   , '{made_to_order,perishable,opened_digital,periodical,confirmed}'
   , '{"zh-Hans": "《消费者权益保护法》第二十五条；《网络购买商品七日无理由退货暂行办法》第十条", "en": "Consumer Rights Law of the PRC, Art. 25; Interim Measures for the 7-day Return of Goods Bought Online, Art. 10"}'
   , 'https://flk.npc.gov.cn/', '2014-03-15', '2014-03-15', 'house')
  , ('01890000-0000-7000-8000-000000000002', 'eu_withdrawal', 1, 'withdrawal'
   , '{"zh-Hans": "欧盟 14 天撤回权", "en": "14-day right of withdrawal (EU)"}', 14
   , '{AT,BE,BG,CY,CZ,DE,DK,EE,ES,FI,FR,GR,HR,HU,IE,IT,LT,LU,LV,MT,NL,PL,PT,RO,SE,SI,SK}'
   , '{made_to_order,perishable,opened_digital,periodical}'
   , '{"zh-Hans": "欧盟指令 2011/83/EU 第九条、第十六条", "en": "Directive 2011/83/EU, Art. 9 and 16"}'
   , 'https://eur-lex.europa.eu/eli/dir/2011/83/oj', '2014-06-13', '2014-06-13', 'house')
  , ('01890000-0000-7000-8000-000000000003', 'house_seven_days', 1, 'no_reason_return'
   , '{"zh-Hans": "七天无理由退货（平台规则）", "en": "7-day return without a reason (marketplace)"}', 7, '{}'
   , '{made_to_order,perishable,opened_digital,periodical,confirmed}'
   , '{"zh-Hans": "本平台规则", "en": "Rule of this marketplace"}', '', '2014-03-15', '2014-03-15', 'house')
  , ('01890000-0000-7000-8000-000000000004', 'fault', 1, 'fault'
   , '{"zh-Hans": "商品有问题，15 天", "en": "15 days for what is wrong with the goods"}', 15, '{}', '{}'
   , '{"zh-Hans": "本平台规则；法定为 7 天（《消费者权益保护法》第二十四条）", "en": "Rule of this marketplace; by law 7 days (Consumer Rights Law of the PRC, Art. 24)"}'
   , '', '2014-03-15', '2014-03-15', 'house');
INSERT INTO rights_rules (rule_id, code, version, kind, name, days, percent, amount_least, amount_most, currency, hours_least, hours_most, times_most, source, since, drafted_at, drafted_by) VALUES
    ('01890000-0000-7000-8000-000000000005', 'ship_by', 1, 'ship_promise'
   , '{"zh-Hans": "承诺时间内发货，超时赔付", "en": "Sent by a promised time, or compensated"}', 0, 5, 300, 3000, 'CNY', 4, 168, 0
   , '{"zh-Hans": "本平台规则", "en": "Rule of this marketplace"}', '2014-03-15', '2014-03-15', 'house')
  , ('01890000-0000-7000-8000-000000000006', 'genuine', 1, 'authenticity'
   , '{"zh-Hans": "正品保障，假一赔多", "en": "Guaranteed genuine, or paid several times"}', 0, 0, 0, NULL, NULL, 0, 0, 10
   , '{"zh-Hans": "本平台规则", "en": "Rule of this marketplace"}', '2014-03-15', '2014-03-15', 'house')
  , ('01890000-0000-7000-8000-000000000007', 'return_freight', 1, 'return_freight'
   , '{"zh-Hans": "商家责任退货，运费由商家承担", "en": "The shop bears the return freight where it is to blame"}', 0, 0, 0, 2500, 'CNY', 0, 0, 0
   , '{"zh-Hans": "本平台规则", "en": "Rule of this marketplace"}', '2014-03-15', '2014-03-15', 'house')
  , ('01890000-0000-7000-8000-000000000008', 'free_returns', 1, 'free_returns'
   , '{"zh-Hans": "退货包运费", "en": "Free returns"}', 0, 0, 0, 2500, 'CNY', 0, 0, 0
   , '{"zh-Hans": "本平台规则", "en": "Rule of this marketplace"}', '2014-03-15', '2014-03-15', 'house');
