-- What shops and the platform take off, until when, how often, who pays for it, and who has a coupon for it.

CREATE TABLE flash_sessions (
    merchant_id  uuid NOT NULL
  , session_id   uuid NOT NULL
  , name         jsonb NOT NULL
  , starts_at    timestamptz NOT NULL
  , ends_at      timestamptz NOT NULL
  , created_at   timestamptz NOT NULL DEFAULT now()
  , begun_at     timestamptz
  , ended_at     timestamptz
  , cancelled_by text
  , reason       text NOT NULL DEFAULT ''
  , presale      jsonb
  , only_source  text
  , PRIMARY KEY (merchant_id, session_id)
  , CONSTRAINT a_session_begins_before_it_ends CHECK (starts_at < ends_at)
  , CONSTRAINT what_is_called_off_is_over CHECK (cancelled_by IS NULL OR ended_at IS NOT NULL)
  , CONSTRAINT a_presale_is_everybodys CHECK (only_source IS NULL OR presale IS NULL)
);
COMMENT ON TABLE flash_sessions IS 'by merchant: when a shop sells some pieces at a flash price; its id is the order that keeps them in reservations';
COMMENT ON COLUMN flash_sessions.begun_at IS 'When its beginning was announced; prices go by starts_at';
COMMENT ON COLUMN flash_sessions.ended_at IS 'When what was left was given back to the stock that is sold';
COMMENT ON COLUMN flash_sessions.cancelled_by IS 'Who called it off before its end, for the reason beside it';
COMMENT ON COLUMN flash_sessions.only_source IS 'Its prices count only for orders of this source: live:<session>; none: for all';
COMMENT ON COLUMN flash_sessions.presale IS 'Of a presale: {balance_from, balance_until, ships_by, forfeits}; none: a flash sale';
CREATE INDEX presales_near ON flash_sessions (starts_at) WHERE presale IS NOT NULL;
CREATE INDEX flash_sessions_to_begin ON flash_sessions (starts_at) WHERE begun_at IS NULL AND ended_at IS NULL;
CREATE INDEX flash_sessions_of_a_source ON flash_sessions (merchant_id, only_source) WHERE only_source IS NOT NULL;
CREATE INDEX flash_sessions_to_end ON flash_sessions (ends_at) WHERE ended_at IS NULL;

CREATE TABLE customer_groups (
    merchant_id uuid NOT NULL
  , group_id    uuid NOT NULL
  , name        jsonb NOT NULL
  , orders      integer
  , days        integer
  , created_at  timestamptz NOT NULL DEFAULT now()
  , closed_at   timestamptz
  , PRIMARY KEY (merchant_id, group_id)
  , CONSTRAINT who_comes_in_has_bought_something CHECK (orders > 0)
  , CONSTRAINT who_comes_in_stays_for_some_time CHECK (days > 0)
);
COMMENT ON TABLE customer_groups IS 'by merchant: customers to whom a shop sells at other prices: its regulars, its members';
COMMENT ON COLUMN customer_groups.orders IS 'Who has completed so many orders comes in by themselves; none: by hand alone';
COMMENT ON COLUMN customer_groups.days IS 'How long one stays, from when one came in or completed an order last; none: for good';

CREATE TABLE customer_group_members (
    merchant_id uuid NOT NULL
  , group_id    uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , since       timestamptz NOT NULL DEFAULT now()
  , until       timestamptz
  , source      text NOT NULL
  , PRIMARY KEY (merchant_id, group_id, buyer_id, source)
  , FOREIGN KEY (merchant_id, group_id) REFERENCES customer_groups
  , CONSTRAINT one_is_in_a_group_for_a_reason CHECK (source IN ('hand', 'orders', 'segment', 'experiment', 'level'))
);
COMMENT ON TABLE customer_group_members IS 'by merchant: who is in a group, for each reason since when and until when; who has one reason is in it';
COMMENT ON COLUMN customer_group_members.source IS 'hand: the shop chose them; orders: they bought often enough; segment: a segment of the platform says so; level: they stand on a level of the shop''s membership';
CREATE INDEX customer_group_members_of_a_buyer ON customer_group_members (buyer_id);

CREATE TABLE promotions (
    merchant_id  uuid NOT NULL
  , promotion_id uuid NOT NULL
  , name         jsonb NOT NULL
  , rule         jsonb NOT NULL
  , scope        jsonb NOT NULL
  , currency     text NOT NULL REFERENCES currencies
  , starts_at    timestamptz NOT NULL
  , ends_at      timestamptz NOT NULL
  , coupon       boolean NOT NULL
  , code         text
  , copies       integer
  , per_buyer    integer
  , budget       bigint
  , claimed      integer NOT NULL DEFAULT 0
  , spent        bigint NOT NULL DEFAULT 0
  , stopped_at   timestamptz
  , created_at   timestamptz NOT NULL DEFAULT now()
  , platform_millionths integer NOT NULL DEFAULT 0
  , session_id   uuid
  , sku_id       uuid
  , pieces       integer
  , taken        integer NOT NULL DEFAULT 0
  , pieces_per_order integer
  , pieces_per_buyer integer
  , returned_at  timestamptz
  , new_buyers   boolean NOT NULL DEFAULT false
  , given        boolean NOT NULL DEFAULT false
  , presale      jsonb
  , group_id     uuid
  , told_end     timestamptz
  , shelf        boolean NOT NULL DEFAULT false
  , shown_at     timestamptz
  , hidden_at    timestamptz
  , only_source  text
  , PRIMARY KEY (merchant_id, promotion_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES flash_sessions
  , FOREIGN KEY (merchant_id, group_id) REFERENCES customer_groups
  , CONSTRAINT the_platform_pays_for_its_own_only CHECK (platform_millionths = 0 OR merchant_id = '00000000-0000-0000-0000-000000000000')
  , CONSTRAINT the_platform_pays_a_part CHECK (platform_millionths BETWEEN 0 AND 1000000)
  , CONSTRAINT a_session_has_a_sku_once UNIQUE (merchant_id, session_id, sku_id)
  , CONSTRAINT a_code_is_given_out_once UNIQUE (merchant_id, code)
  , CONSTRAINT it_begins_before_it_ends CHECK (starts_at < ends_at)
  , CONSTRAINT only_coupons_are_claimed CHECK (coupon OR (code IS NULL AND copies IS NULL AND claimed = 0))
  , CONSTRAINT a_coupon_is_given_to_each_so_often CHECK (coupon = (per_buyer IS NOT NULL) AND per_buyer > 0)
  , CONSTRAINT never_claim_more_than_there_are CHECK (0 <= claimed AND (copies IS NULL OR claimed <= copies))
  , CONSTRAINT a_flash_price_has_its_own_pieces CHECK ((session_id IS NULL) = (pieces IS NULL) AND (session_id IS NULL) = (sku_id IS NULL))
  , CONSTRAINT never_take_more_pieces_than_there_are CHECK (0 <= taken AND taken <= coalesce(pieces, 0))
  , CONSTRAINT a_flash_price_is_everybodys CHECK (session_id IS NULL OR NOT coupon)
  , CONSTRAINT only_a_flash_price_is_of_a_source CHECK (only_source IS NULL OR session_id IS NOT NULL)
  , CONSTRAINT a_presale_has_its_own_pieces CHECK (presale IS NULL OR session_id IS NOT NULL)
  , CONSTRAINT what_is_given_is_not_claimed CHECK (NOT given OR (coupon AND code IS NULL))
  , CONSTRAINT only_coupons_are_for_new_buyers CHECK (coupon OR NOT new_buyers)
  , CONSTRAINT a_coupon_is_for_who_holds_it CHECK (group_id IS NULL OR NOT coupon)
  , CONSTRAINT what_stands_on_the_shelf_is_everybodys CHECK (NOT shelf OR (session_id IS NULL AND group_id IS NULL AND NOT coupon AND budget IS NULL))
  , CONSTRAINT only_what_is_for_the_shelf_is_shown CHECK (shelf OR (shown_at IS NULL AND hidden_at IS NULL))
  , CONSTRAINT a_limit_leaves_something CHECK (pieces_per_order > 0 AND pieces_per_buyer > 0)
  , CONSTRAINT never_spend_more_than_the_budget CHECK (0 <= spent AND (budget IS NULL OR spent <= budget))
);
COMMENT ON TABLE promotions IS 'by merchant: what a shop, or under an id of zeros the platform, takes off for whoever buys enough or holds a coupon of it';
COMMENT ON COLUMN promotions.platform_millionths IS 'Of the platform''s own: which part of what they take off it pays; the shops whose goods are cheaper pay the rest';
COMMENT ON COLUMN promotions.rule IS 'What it takes off, as goods/promotions/model.py says: {type, …}';
COMMENT ON COLUMN promotions.scope IS 'Which goods it is for: {shops, products, categories, without}; nothing named: all of the shop, or of all shops';
COMMENT ON COLUMN promotions.code IS 'In capitals; a coupon with a code is got by entering it, one without lies open for claiming';
COMMENT ON COLUMN promotions.copies IS 'How many can be claimed by all buyers together; none: as many as want one';
COMMENT ON COLUMN promotions.per_buyer IS 'How many one buyer can claim; each is used once';
COMMENT ON COLUMN promotions.budget IS 'How much it may take off altogether, in minor units; none: whatever it comes to';
COMMENT ON COLUMN promotions.spent IS 'Of the budget, taken off orders that were not dropped unpaid; nothing is counted without one';
COMMENT ON COLUMN promotions.session_id IS 'The flash sale that it is a price of; its pieces are kept under this id in reservations';
COMMENT ON COLUMN promotions.sku_id IS 'What is sold at this flash price';
COMMENT ON COLUMN promotions.pieces IS 'How many can be had at this flash price, by all buyers together';
COMMENT ON COLUMN promotions.taken IS 'Of those, in orders that were not dropped unpaid';
COMMENT ON COLUMN promotions.pieces_per_order IS 'How many of them one order can have; none: as many as there are';
COMMENT ON COLUMN promotions.pieces_per_buyer IS 'How many of them one buyer can have';
COMMENT ON COLUMN promotions.returned_at IS 'When the pieces that were left went back to the stock that is sold';
COMMENT ON COLUMN promotions.told_end IS 'The end that those who hold a coupon were told of; put off, they are told again';
COMMENT ON COLUMN promotions.group_id IS 'The group of the shop''s customers that it is for; none: everybody';
COMMENT ON COLUMN promotions.given IS 'A coupon that the shop or the platform gives to whom it wants; nobody claims it';
COMMENT ON COLUMN promotions.presale IS 'Of a presale: {price, deposit, counts_for} of a piece, and the terms of the session; none: a flash price';
COMMENT ON COLUMN promotions.only_source IS 'Of its session: it counts only for orders of this source';
COMMENT ON COLUMN promotions.shelf IS 'Its price stands on cards and pages, for everybody: a special price without session, group and coupon';
COMMENT ON COLUMN promotions.shown_at IS 'Of the shelf: when its beginning was announced; the price counts from starts_at on';
COMMENT ON COLUMN promotions.hidden_at IS 'Of the shelf: when its end was announced, or it was stopped';
COMMENT ON COLUMN promotions.new_buyers IS 'It counts only for who has not bought of the shop, or of one of the platform anywhere here, before';
CREATE INDEX promotions_running ON promotions (merchant_id, ends_at) WHERE stopped_at IS NULL;
CREATE INDEX promotions_by_time ON promotions (ends_at, starts_at) WHERE stopped_at IS NULL;
CREATE INDEX promotions_to_claim ON promotions (ends_at, promotion_id) WHERE stopped_at IS NULL AND coupon AND code IS NULL;

CREATE INDEX promotions_on_shelf ON promotions (merchant_id, ends_at) WHERE shelf OR session_id IS NOT NULL;
CREATE INDEX promotions_to_show ON promotions (starts_at) WHERE shelf AND shown_at IS NULL AND hidden_at IS NULL;
CREATE INDEX promotions_to_hide ON promotions (ends_at) WHERE shelf AND shown_at IS NOT NULL AND hidden_at IS NULL;

CREATE TABLE coupon_gifts (
    merchant_id  uuid NOT NULL
  , gift_id      uuid NOT NULL
  , promotion_id uuid NOT NULL
  , audience     text NOT NULL
  , days         integer
  , emails       text[] NOT NULL DEFAULT '{}'
  , asked_by     text NOT NULL
  , asked_at     timestamptz NOT NULL DEFAULT now()
  , done_at      timestamptz
  , given        integer
  , left_out     integer
  , PRIMARY KEY (merchant_id, gift_id)
  , FOREIGN KEY (merchant_id, promotion_id) REFERENCES promotions
  , CONSTRAINT a_gift_says_to_whom CHECK (audience IN ('named', 'bought', 'never', 'segment') AND (audience = 'bought') = (days IS NOT NULL))
  , CONSTRAINT what_is_done_is_counted CHECK ((done_at IS NULL) = (given IS NULL) AND (done_at IS NULL) = (left_out IS NULL))
  , CONSTRAINT addresses_are_kept_until_it_is_done CHECK (done_at IS NULL OR emails = '{}')
);
COMMENT ON TABLE coupon_gifts IS 'by merchant: to whom a shop, or under an id of zeros the platform, gives a coupon of its own, and what came of it';
COMMENT ON COLUMN coupon_gifts.audience IS 'named: by e-mail address; bought: within so many days; never: who follows the shop, or has an account here, and has not bought; segment: who was in a segment when it was asked for';
COMMENT ON COLUMN coupon_gifts.left_out IS 'Who is not known there, has it already, or came after the last copy';
CREATE INDEX coupon_gifts_of_a_coupon ON coupon_gifts (merchant_id, promotion_id, asked_at DESC);

CREATE TABLE promotion_uses (
    merchant_id  uuid NOT NULL
  , order_id     uuid NOT NULL
  , promotion_id uuid NOT NULL
  , buyer_id     uuid NOT NULL
  , amount       bigint NOT NULL
  , claim        integer
  , pieces       integer NOT NULL DEFAULT 0
  , at           timestamptz NOT NULL DEFAULT now()
  , given_back_at timestamptz
  , platform     bigint NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, order_id, promotion_id)
  , FOREIGN KEY (merchant_id, promotion_id) REFERENCES promotions
  , CONSTRAINT a_use_takes_off_nothing_or_more CHECK (amount >= 0)
  , CONSTRAINT the_platform_pays_no_more_than_all CHECK (0 <= platform AND platform <= amount)
);
COMMENT ON TABLE promotion_uses IS 'by merchant: what a promotion took off an order; given back when the order was dropped unpaid, or cancelled as a whole';
COMMENT ON COLUMN promotion_uses.merchant_id IS 'Whose promotion it is: for one of the platform not the merchant of the order';
COMMENT ON COLUMN promotion_uses.amount IS 'Nothing where it gives something: a gift';
COMMENT ON COLUMN promotion_uses.platform IS 'Of the amount, what the platform pays';
COMMENT ON COLUMN promotion_uses.order_id IS 'Opaque: whose order it is stands in orders';
COMMENT ON COLUMN promotion_uses.claim IS 'The number of the buyer''s coupon that was used for it';
COMMENT ON COLUMN promotion_uses.pieces IS 'How many of a flash sale''s pieces the order has';
CREATE INDEX promotion_uses_of_a_promotion ON promotion_uses (merchant_id, promotion_id, at);
CREATE INDEX promotion_uses_of_a_coupon ON promotion_uses (merchant_id, promotion_id, buyer_id, claim) WHERE claim IS NOT NULL;

CREATE TABLE coupon_claims (
    buyer_id     uuid NOT NULL
  , promotion_id uuid NOT NULL
  , number       integer NOT NULL
  , merchant_id  uuid NOT NULL
  , claimed_at   timestamptz NOT NULL DEFAULT now()
  , used_for     uuid
  , entered      boolean NOT NULL DEFAULT false
  , again        boolean NOT NULL DEFAULT false
  , PRIMARY KEY (buyer_id, promotion_id, number)
);
COMMENT ON TABLE coupon_claims IS 'by buyer: the coupons that a buyer has, each of them to be used once';
COMMENT ON COLUMN coupon_claims.number IS 'The buyer''s first, second … of this coupon';
COMMENT ON COLUMN coupon_claims.used_for IS 'The order that it was used for; of a coupon of the platform, the purchase';
COMMENT ON COLUMN coupon_claims.entered IS 'It was claimed by entering its code with a purchase: it goes again when that is dropped unpaid';
COMMENT ON COLUMN coupon_claims.again IS 'It was given for a reason that comes again and has a limit of its own, such as a birthday: so many as each may have do not count';

CREATE INDEX coupon_claims_unused ON coupon_claims (promotion_id, buyer_id) WHERE used_for IS NULL;

CREATE TABLE coupon_people (
    person       text NOT NULL
  , limited_by   uuid NOT NULL
  , number       integer NOT NULL
  , used_for     uuid NOT NULL
  , buyer_id     uuid NOT NULL
  , at           timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (person, limited_by, number)
);
COMMENT ON TABLE coupon_people IS 'by key: who used coupons of which each person can have only so many, as far as people can be told apart';
COMMENT ON COLUMN coupon_people.person IS 'SHA-256 of a buyer''s id, an e-mail address or a telephone number, with its kind before it';
COMMENT ON COLUMN coupon_people.limited_by IS 'The coupon; or the shop (zeros: the platform), of whose coupons for new buyers a person uses one';
COMMENT ON COLUMN coupon_people.used_for IS 'The order; for a coupon of the platform, made of the purchase and the coupon';
COMMENT ON COLUMN coupon_people.number IS 'The person''s first, second … time';
CREATE INDEX coupon_people_of_an_order ON coupon_people (used_for);
CREATE INDEX coupon_people_of_a_buyer ON coupon_people (buyer_id);

CREATE TABLE promotion_limits (
    buyer_id     uuid NOT NULL
  , promotion_id uuid NOT NULL
  , pieces       integer NOT NULL
  , most         integer NOT NULL
  , PRIMARY KEY (buyer_id, promotion_id)
  , CONSTRAINT nobody_has_more_than_the_limit CHECK (0 <= pieces AND pieces <= most)
);
COMMENT ON TABLE promotion_limits IS 'by buyer: how many pieces a buyer has at a flash price of which each can have only so many';
