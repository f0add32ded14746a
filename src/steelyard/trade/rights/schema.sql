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
  , moves      boolean NOT NULL DEFAULT false
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
  , CONSTRAINT only_the_last_day_of_a_right_moves CHECK (NOT moves OR kind IN ('no_reason_return', 'withdrawal', 'fault'))
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
COMMENT ON COLUMN rights_rules.moves IS 'A last day that is no working day where the goods are moves to the next one';
COMMENT ON COLUMN rights_rules.countries IS 'Where the goods go, ISO 3166-1; none: wherever no other rule of its family is';
COMMENT ON COLUMN rights_rules.exceptions IS 'Goods that it does not cover, by the words of categories.no_return';
COMMENT ON COLUMN rights_rules.source IS 'The law and its article, as people read it';
COMMENT ON COLUMN rights_rules.since IS 'It counts for orders placed on this day or later, in the house''s time zone; none: a draft';
COMMENT ON COLUMN rights_rules.until IS 'The last day on which orders are placed under it; none: until it is superseded';
INSERT INTO rights_rules (rule_id, code, version, kind, name, days, countries, exceptions, source, link, since, drafted_at, drafted_by, moves) VALUES
    ('01890000-0000-7000-8000-000000000001', 'cn_seven_days', 1, 'no_reason_return'
   , '{"zh-Hans": "七天无理由退货", "en": "7-day return without a reason"}', 7, '{CN}'
   , '{made_to_order,perishable,opened_digital,periodical,confirmed}'
   , '{"zh-Hans": "《消费者权益保护法》第二十五条；《网络购买商品七日无理由退货暂行办法》第十条；《民法典》第二百零三条", "en": "Consumer Rights Law of the PRC, Art. 25; Interim Measures for the 7-day Return of Goods Bought Online, Art. 10; Civil Code, Art. 203"}'
   , 'https://flk.npc.gov.cn/', '2014-03-15', '2014-03-15', 'house', true)
  , ('01890000-0000-7000-8000-000000000002', 'eu_withdrawal', 1, 'withdrawal'
   , '{"zh-Hans": "欧盟 14 天撤回权", "en": "14-day right of withdrawal (EU)"}', 14
   , '{AT,BE,BG,CY,CZ,DE,DK,EE,ES,FI,FR,GR,HR,HU,IE,IT,LT,LU,LV,MT,NL,PL,PT,RO,SE,SI,SK}'
   , '{made_to_order,perishable,opened_digital,periodical}'
   , '{"zh-Hans": "欧盟指令 2011/83/EU 第九条、第十六条；第 1182/71 号条例第三条第四款", "en": "Directive 2011/83/EU, Art. 9 and 16; Regulation No 1182/71, Art. 3 (4)"}'
   , 'https://eur-lex.europa.eu/eli/dir/2011/83/oj', '2014-06-13', '2014-06-13', 'house', true)
  , ('01890000-0000-7000-8000-000000000003', 'house_seven_days', 1, 'no_reason_return'
   , '{"zh-Hans": "七天无理由退货（平台规则）", "en": "7-day return without a reason (marketplace)"}', 7, '{}'
   , '{made_to_order,perishable,opened_digital,periodical,confirmed}'
   , '{"zh-Hans": "本平台规则", "en": "Rule of this marketplace"}', '', '2014-03-15', '2014-03-15', 'house', false)
  , ('01890000-0000-7000-8000-000000000004', 'fault', 1, 'fault'
   , '{"zh-Hans": "商品有问题，15 天", "en": "15 days for what is wrong with the goods"}', 15, '{}', '{}'
   , '{"zh-Hans": "本平台规则；法定为 7 天（《消费者权益保护法》第二十四条）", "en": "Rule of this marketplace; by law 7 days (Consumer Rights Law of the PRC, Art. 24)"}'
   , '', '2014-03-15', '2014-03-15', 'house', false);
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

CREATE TABLE rights_holidays (
    country text NOT NULL
  , day     date NOT NULL
  , name    jsonb NOT NULL
  , worked  boolean NOT NULL DEFAULT false
  , PRIMARY KEY (country, day)
);
COMMENT ON TABLE rights_holidays IS 'reference: days on which nobody works in a country, and days of the weekend on which people do, as the operator keeps them';
COMMENT ON COLUMN rights_holidays.country IS 'ISO 3166-1';
COMMENT ON COLUMN rights_holidays.worked IS 'A day of the weekend that is worked for a holiday elsewhere in the week';
-- China 2026: notice of the General Office of the State Council of 4 November 2025. China 2027: the days that the Measures for Public
-- Holidays name by their date; those of the moon, and what is worked instead, come with the notice of the year.
INSERT INTO rights_holidays (country, day, name, worked) VALUES
    ('CN', '2026-01-01', '{"zh-Hans": "元旦", "en": "New Year"}', false)
  , ('CN', '2026-01-02', '{"zh-Hans": "元旦", "en": "New Year"}', false)
  , ('CN', '2026-01-03', '{"zh-Hans": "元旦", "en": "New Year"}', false)
  , ('CN', '2026-01-04', '{"zh-Hans": "调休上班", "en": "Worked instead"}', true)
  , ('CN', '2026-02-14', '{"zh-Hans": "调休上班", "en": "Worked instead"}', true)
  , ('CN', '2026-02-15', '{"zh-Hans": "春节", "en": "Spring Festival"}', false)
  , ('CN', '2026-02-16', '{"zh-Hans": "春节", "en": "Spring Festival"}', false)
  , ('CN', '2026-02-17', '{"zh-Hans": "春节", "en": "Spring Festival"}', false)
  , ('CN', '2026-02-18', '{"zh-Hans": "春节", "en": "Spring Festival"}', false)
  , ('CN', '2026-02-19', '{"zh-Hans": "春节", "en": "Spring Festival"}', false)
  , ('CN', '2026-02-20', '{"zh-Hans": "春节", "en": "Spring Festival"}', false)
  , ('CN', '2026-02-21', '{"zh-Hans": "春节", "en": "Spring Festival"}', false)
  , ('CN', '2026-02-22', '{"zh-Hans": "春节", "en": "Spring Festival"}', false)
  , ('CN', '2026-02-23', '{"zh-Hans": "春节", "en": "Spring Festival"}', false)
  , ('CN', '2026-02-28', '{"zh-Hans": "调休上班", "en": "Worked instead"}', true)
  , ('CN', '2026-04-04', '{"zh-Hans": "清明节", "en": "Qingming"}', false)
  , ('CN', '2026-04-05', '{"zh-Hans": "清明节", "en": "Qingming"}', false)
  , ('CN', '2026-04-06', '{"zh-Hans": "清明节", "en": "Qingming"}', false)
  , ('CN', '2026-05-01', '{"zh-Hans": "劳动节", "en": "Labour Day"}', false)
  , ('CN', '2026-05-02', '{"zh-Hans": "劳动节", "en": "Labour Day"}', false)
  , ('CN', '2026-05-03', '{"zh-Hans": "劳动节", "en": "Labour Day"}', false)
  , ('CN', '2026-05-04', '{"zh-Hans": "劳动节", "en": "Labour Day"}', false)
  , ('CN', '2026-05-05', '{"zh-Hans": "劳动节", "en": "Labour Day"}', false)
  , ('CN', '2026-05-09', '{"zh-Hans": "调休上班", "en": "Worked instead"}', true)
  , ('CN', '2026-06-19', '{"zh-Hans": "端午节", "en": "Dragon Boat Festival"}', false)
  , ('CN', '2026-06-20', '{"zh-Hans": "端午节", "en": "Dragon Boat Festival"}', false)
  , ('CN', '2026-06-21', '{"zh-Hans": "端午节", "en": "Dragon Boat Festival"}', false)
  , ('CN', '2026-09-20', '{"zh-Hans": "调休上班", "en": "Worked instead"}', true)
  , ('CN', '2026-09-25', '{"zh-Hans": "中秋节", "en": "Mid-Autumn Festival"}', false)
  , ('CN', '2026-09-26', '{"zh-Hans": "中秋节", "en": "Mid-Autumn Festival"}', false)
  , ('CN', '2026-09-27', '{"zh-Hans": "中秋节", "en": "Mid-Autumn Festival"}', false)
  , ('CN', '2026-10-01', '{"zh-Hans": "国庆节", "en": "National Day"}', false)
  , ('CN', '2026-10-02', '{"zh-Hans": "国庆节", "en": "National Day"}', false)
  , ('CN', '2026-10-03', '{"zh-Hans": "国庆节", "en": "National Day"}', false)
  , ('CN', '2026-10-04', '{"zh-Hans": "国庆节", "en": "National Day"}', false)
  , ('CN', '2026-10-05', '{"zh-Hans": "国庆节", "en": "National Day"}', false)
  , ('CN', '2026-10-06', '{"zh-Hans": "国庆节", "en": "National Day"}', false)
  , ('CN', '2026-10-07', '{"zh-Hans": "国庆节", "en": "National Day"}', false)
  , ('CN', '2026-10-10', '{"zh-Hans": "调休上班", "en": "Worked instead"}', true)
  , ('CN', '2027-01-01', '{"zh-Hans": "元旦", "en": "New Year"}', false)
  , ('CN', '2027-05-01', '{"zh-Hans": "劳动节", "en": "Labour Day"}', false)
  , ('CN', '2027-05-02', '{"zh-Hans": "劳动节", "en": "Labour Day"}', false)
  , ('CN', '2027-10-01', '{"zh-Hans": "国庆节", "en": "National Day"}', false)
  , ('CN', '2027-10-02', '{"zh-Hans": "国庆节", "en": "National Day"}', false)
  , ('CN', '2027-10-03', '{"zh-Hans": "国庆节", "en": "National Day"}', false);
-- The member states of the Union: the two days that are public holidays in each of them.
INSERT INTO rights_holidays (country, day, name)
SELECT c.country, d.day, d.name
FROM unnest('{AT,BE,BG,CY,CZ,DE,DK,EE,ES,FI,FR,GR,HR,HU,IE,IT,LT,LU,LV,MT,NL,PL,PT,RO,SE,SI,SK}'::text[]) AS c (country)
CROSS JOIN (VALUES ('2026-01-01'::date, '{"zh-Hans": "元旦", "en": "New Year"}'::jsonb)
                 , ('2026-12-25', '{"zh-Hans": "圣诞节", "en": "Christmas"}')
                 , ('2027-01-01', '{"zh-Hans": "元旦", "en": "New Year"}')
                 , ('2027-12-25', '{"zh-Hans": "圣诞节", "en": "Christmas"}')) AS d (day, name);
