-- Membership: what shops and the platform count as growth, the levels that it makes, and where each member stands.

CREATE TABLE growth_programmes (
    merchant_id uuid PRIMARY KEY
  , name        jsonb NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , since       date NOT NULL
  , closed_at   timestamptz
  , version     integer NOT NULL DEFAULT 1
  , changed_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE growth_programmes IS 'by merchant: the membership of a shop, or under an id of zeros of the platform';
COMMENT ON COLUMN growth_programmes.since IS 'Orders received, reviews written and check-ins from this day on count';
COMMENT ON COLUMN growth_programmes.closed_at IS 'Since then it brings nothing and nobody sees it; what is earned is counted on';
COMMENT ON COLUMN growth_programmes.version IS 'Who changes it has seen this one';

CREATE TABLE growth_rules (
    merchant_id         uuid NOT NULL
  , from_day            date NOT NULL
  , per_hundred         integer NOT NULL
  , review              integer NOT NULL
  , reviews_per_month   integer NOT NULL
  , check_in            integer NOT NULL
  , check_ins_per_month integer NOT NULL
  , window_days         integer NOT NULL
  , keep_days           integer NOT NULL
  , warn_days           integer NOT NULL
  , PRIMARY KEY (merchant_id, from_day)
  , FOREIGN KEY (merchant_id) REFERENCES growth_programmes
  , CONSTRAINT growth_is_earned_not_lost CHECK (per_hundred >= 0 AND review >= 0 AND check_in >= 0)
  , CONSTRAINT growth_counts_for_some_time CHECK (window_days > 0 AND keep_days >= 0 AND warn_days >= 0)
);
COMMENT ON TABLE growth_rules IS 'by merchant: what earns how much growth, from which day on; a day has one rule';
COMMENT ON COLUMN growth_rules.per_hundred IS 'Growth for a hundred minor units of an order that were paid with money';
COMMENT ON COLUMN growth_rules.window_days IS 'So long what was earned counts';
COMMENT ON COLUMN growth_rules.keep_days IS 'So long a level is kept after growth ceased to suffice for it';

CREATE TABLE growth_levels (
    merchant_id       uuid NOT NULL
  , rank              integer NOT NULL
  , name              jsonb NOT NULL
  , threshold         integer NOT NULL
  , group_id          uuid
  , list_id           uuid
  , percent_off       integer NOT NULL DEFAULT 0
  , free_freight_over bigint
  , points_extra      integer NOT NULL DEFAULT 0
  , birthday_coupon   uuid
  , priority          boolean NOT NULL DEFAULT false
  , price_offer       uuid
  , freight_offer     uuid
  , PRIMARY KEY (merchant_id, rank)
  , FOREIGN KEY (merchant_id) REFERENCES growth_programmes
  , CONSTRAINT a_level_asks_for_something CHECK (rank > 0 AND threshold > 0)
  , CONSTRAINT a_level_takes_part_of_a_price_off CHECK (percent_off BETWEEN 0 AND 99)
  , CONSTRAINT points_are_the_platforms CHECK (points_extra >= 0
        AND (points_extra = 0 OR merchant_id = '00000000-0000-0000-0000-000000000000'))
);
COMMENT ON TABLE growth_levels IS 'by merchant: the levels of a membership, and what each brings';
COMMENT ON COLUMN growth_levels.group_id IS 'The customer group of a shop that has exactly this level''s members';
COMMENT ON COLUMN growth_levels.list_id IS 'The list among the segments that has exactly this level''s members';
COMMENT ON COLUMN growth_levels.price_offer IS 'The promotion for the group that takes percent_off off';
COMMENT ON COLUMN growth_levels.freight_offer IS 'The promotion for the group that makes freight free';
COMMENT ON COLUMN growth_levels.points_extra IS 'In percent of the points that an order earns';

CREATE TABLE growth_members (
    merchant_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , growth      bigint NOT NULL DEFAULT 0
  , rank        integer NOT NULL DEFAULT 0
  , since       date
  , falls_on    date
  , check_on    date
  , counted_on  date NOT NULL
  , warned_for  date
  , listed_rank integer NOT NULL DEFAULT 0
  , unlisted    boolean NOT NULL GENERATED ALWAYS AS (listed_rank <> rank) STORED
  , joined_at   timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, buyer_id)
  , FOREIGN KEY (merchant_id) REFERENCES growth_programmes
  , CONSTRAINT growth_is_never_below_nothing CHECK (growth >= 0 AND rank >= 0)
);
COMMENT ON TABLE growth_members IS 'by merchant: where a member stands; follows from growth_lines, and is what others read';
COMMENT ON COLUMN growth_members.rank IS 'The level; 0: none yet';
COMMENT ON COLUMN growth_members.falls_on IS 'From this day on the level is lower if nothing more is earned';
COMMENT ON COLUMN growth_members.check_on IS 'On this day it is looked at again though nothing happens';
COMMENT ON COLUMN growth_members.counted_on IS 'The day for which it is true';
COMMENT ON COLUMN growth_members.warned_for IS 'The falls_on that the member was told of';
COMMENT ON COLUMN growth_members.listed_rank IS 'Of which level''s list among the segments the member is';
COMMENT ON COLUMN growth_members.unlisted IS 'Is still to go on another list; a column of its own, so that PostgreSQL knows how few these are';
CREATE INDEX growth_members_to_look_at ON growth_members (check_on) WHERE check_on IS NOT NULL;
CREATE INDEX growth_members_to_list ON growth_members (merchant_id, buyer_id) WHERE unlisted;
CREATE INDEX growth_members_by_growth ON growth_members (merchant_id, rank DESC, growth DESC, buyer_id);
CREATE INDEX growth_members_of_a_buyer ON growth_members (buyer_id);

CREATE TABLE growth_lines (
    merchant_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , cause       text NOT NULL
  , document    uuid NOT NULL
  , about       uuid
  , amount      bigint NOT NULL
  , day         date NOT NULL
  , until       date NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, buyer_id, cause, document)
  , FOREIGN KEY (merchant_id, buyer_id) REFERENCES growth_members
  , CONSTRAINT growth_has_a_cause CHECK (cause IN ('order', 'refund', 'review', 'check_in', 'task'))
  , CONSTRAINT only_a_refund_takes_growth_back CHECK ((cause = 'refund') = (amount < 0) AND amount <> 0)
  , CONSTRAINT growth_counts_on_some_day CHECK (day < until)
);
COMMENT ON TABLE growth_lines IS 'by merchant: each thing that earned growth, once; a refund has the days of what it takes back';
COMMENT ON COLUMN growth_lines.about IS 'The order of a refund, or of a review';
COMMENT ON COLUMN growth_lines.until IS 'The first day on which it counts no more';
CREATE INDEX growth_lines_of_an_order ON growth_lines (merchant_id, about) WHERE about IS NOT NULL;
CREATE INDEX growth_lines_of_a_buyer ON growth_lines (buyer_id);
CREATE INDEX growth_lines_by_time ON growth_lines (merchant_id, buyer_id, at DESC, document);

CREATE TABLE level_moves (
    merchant_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , step        integer NOT NULL
  , from_rank   integer NOT NULL
  , to_rank     integer NOT NULL
  , growth      bigint NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, buyer_id, step)
  , FOREIGN KEY (merchant_id, buyer_id) REFERENCES growth_members
  , CONSTRAINT a_move_leads_elsewhere CHECK (from_rank <> to_rank)
);
COMMENT ON TABLE level_moves IS 'by merchant: each change of a member''s level, with the growth at that moment';

CREATE TABLE birthday_gifts (
    merchant_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , year        integer NOT NULL
  , promotion_id uuid NOT NULL
  , given       boolean NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, buyer_id, year)
);
COMMENT ON TABLE birthday_gifts IS 'by merchant: who had a birthday as a member, and whether there was a coupon left to give';
CREATE INDEX birthday_gifts_of_a_buyer ON birthday_gifts (buyer_id);

CREATE TABLE level_bonuses (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , per_hundred integer NOT NULL
  , earned      bigint NOT NULL
  , taken_back  bigint NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, order_id)
  , CONSTRAINT no_more_of_a_bonus_is_taken_back CHECK (0 <= taken_back AND taken_back <= earned AND earned > 0)
);
COMMENT ON TABLE level_bonuses IS 'by merchant: points that an order has earned beside the usual ones, for a level of the platform''s membership';
COMMENT ON COLUMN level_bonuses.merchant_id IS 'Whose order it is';
COMMENT ON COLUMN level_bonuses.per_hundred IS 'Points for ten thousand minor units, frozen when they were earned';
COMMENT ON COLUMN level_bonuses.taken_back IS 'Because of refunds, as far as the buyer still had them';
CREATE INDEX level_bonuses_of_a_buyer ON level_bonuses (buyer_id);
