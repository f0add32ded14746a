-- What shops sell cheaper to so many buyers together, and the teams in which they come together.

CREATE TABLE group_offers (
    merchant_id uuid NOT NULL
  , offer_id    uuid NOT NULL
  , product_id  uuid NOT NULL
  , prices      jsonb NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , size        integer NOT NULL
  , hours       integer NOT NULL
  , pieces      integer NOT NULL
  , taken       integer NOT NULL DEFAULT 0
  , per_buyer   integer
  , enough      integer
  , starts_at   timestamptz NOT NULL
  , ends_at     timestamptz NOT NULL
  , created_at  timestamptz NOT NULL DEFAULT now()
  , stopped_at  timestamptz
  , stopped_by  text
  , reason      text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, offer_id)
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
  , CONSTRAINT a_group_is_more_than_one CHECK (2 <= size AND size <= 100)
  , CONSTRAINT a_team_has_some_hours CHECK (1 <= hours AND hours <= 72)
  , CONSTRAINT never_take_more_pieces_than_are_offered CHECK (0 <= taken AND taken <= pieces AND pieces > 0)
  , CONSTRAINT a_limit_is_one_piece_at_least CHECK (per_buyer > 0)
  , CONSTRAINT enough_is_less_than_all CHECK (1 <= enough AND enough < size)
  , CONSTRAINT an_offer_begins_before_it_ends CHECK (starts_at < ends_at)
  , CONSTRAINT stopped_means_by_whom CHECK ((stopped_at IS NULL) = (stopped_by IS NULL))
);
COMMENT ON TABLE group_offers IS 'by merchant: at which price a product is sold to a team of buyers';
COMMENT ON COLUMN group_offers.prices IS 'What a piece costs a member of a team, in minor units, by SKU: what is not here is not offered';
COMMENT ON COLUMN group_offers.size IS 'So many buyers are a whole team';
COMMENT ON COLUMN group_offers.hours IS 'So long a team waits for its last member';
COMMENT ON COLUMN group_offers.pieces IS 'How many are sold at this price, by all teams together; they are not set aside';
COMMENT ON COLUMN group_offers.taken IS 'Of those, in orders of teams that have not failed';
COMMENT ON COLUMN group_offers.per_buyer IS 'How many of them one buyer can have; none: as many as there are';
COMMENT ON COLUMN group_offers.enough IS 'When a team''s time is over, so many paid members are enough for it to succeed; none: only all of them';
CREATE INDEX group_offers_running ON group_offers (ends_at) WHERE stopped_at IS NULL;
CREATE INDEX group_offers_of_a_product ON group_offers (merchant_id, product_id, ends_at) WHERE stopped_at IS NULL;

CREATE TABLE group_teams (
    merchant_id uuid NOT NULL
  , team_id     uuid NOT NULL
  , offer_id    uuid NOT NULL
  , code        text NOT NULL
  , opened_by   uuid NOT NULL
  , size        integer NOT NULL
  , hours       integer NOT NULL
  , enough      integer
  , members     integer NOT NULL
  , paid        integer NOT NULL DEFAULT 0
  , created_at  timestamptz NOT NULL DEFAULT now()
  , opened_at   timestamptz
  , ends_at     timestamptz
  , full_at     timestamptz
  , failed_at   timestamptz
  , PRIMARY KEY (merchant_id, team_id)
  , FOREIGN KEY (merchant_id, offer_id) REFERENCES group_offers
  , CONSTRAINT never_more_than_its_size CHECK (0 <= paid AND paid <= members AND members <= size)
  , CONSTRAINT an_open_team_has_a_deadline CHECK ((opened_at IS NULL) = (ends_at IS NULL))
  , CONSTRAINT a_team_ends_one_way CHECK (full_at IS NULL OR failed_at IS NULL)
  , CONSTRAINT full_means_all_or_enough CHECK (full_at IS NULL OR (paid >= coalesce(enough, size) AND opened_at IS NOT NULL))
);
COMMENT ON TABLE group_teams IS 'by merchant: buyers who buy together; size, hours and what is enough are those of its offer when it was begun';
COMMENT ON COLUMN group_teams.opened_by IS 'Opaque: the buyer who began it';
COMMENT ON COLUMN group_teams.members IS 'Who has placed an order in it, paid or not yet; of a team that has ended, as it was then';
COMMENT ON COLUMN group_teams.opened_at IS 'When who began it had paid: before that nobody else can join';
COMMENT ON COLUMN group_teams.full_at IS 'When it succeeded: its orders are sent';
COMMENT ON COLUMN group_teams.failed_at IS 'When it came to nothing: its orders are called off, and their money goes back';
CREATE INDEX group_teams_of_an_offer ON group_teams (merchant_id, offer_id, team_id DESC);
CREATE INDEX group_teams_open ON group_teams (merchant_id, offer_id, ends_at)
    WHERE opened_at IS NOT NULL AND full_at IS NULL AND failed_at IS NULL;
CREATE INDEX group_teams_to_end ON group_teams (ends_at) WHERE full_at IS NULL AND failed_at IS NULL;

CREATE TABLE group_codes (
    code        text PRIMARY KEY
  , merchant_id uuid NOT NULL
  , team_id     uuid NOT NULL
);
COMMENT ON TABLE group_codes IS 'by key: the short code of a team (G-…), which its link bears, and where it is';

CREATE TABLE group_members (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , team_id     uuid NOT NULL
  , offer_id    uuid NOT NULL
  , purchase_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , sku_id      uuid NOT NULL
  , pieces      integer NOT NULL
  , placed_at   timestamptz NOT NULL DEFAULT now()
  , paid_at     timestamptz
  , gone_at     timestamptz
  , PRIMARY KEY (merchant_id, order_id)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , FOREIGN KEY (merchant_id, team_id) REFERENCES group_teams
  , CONSTRAINT a_member_buys_something CHECK (pieces > 0)
);
COMMENT ON TABLE group_members IS 'by merchant: who is in a team with which order';
COMMENT ON COLUMN group_members.purchase_id IS 'Opaque: what the buyer pays for it';
COMMENT ON COLUMN group_members.gone_at IS 'When the order was dropped unpaid, or called off before the team succeeded: its place and pieces are free again';
CREATE UNIQUE INDEX a_buyer_is_in_a_team_once ON group_members (merchant_id, team_id, buyer_id) WHERE gone_at IS NULL;
CREATE INDEX group_members_of_a_purchase ON group_members (purchase_id);
CREATE INDEX group_members_of_a_buyer ON group_members (merchant_id, offer_id, buyer_id) WHERE gone_at IS NULL;
