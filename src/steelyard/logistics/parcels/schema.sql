-- Parcels on their way.

CREATE TABLE carriers (
    carrier text PRIMARY KEY
  , name    jsonb NOT NULL
  , active  boolean NOT NULL DEFAULT true
  , collects boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE carriers IS 'reference: who carries';
COMMENT ON COLUMN carriers.collects IS 'Whether it collects cash at the door and pays it on; with any other, the shop collects it itself';
INSERT INTO carriers (carrier, name, collects) VALUES
    ('simex', '{"zh-Hans": "模拟速运", "en": "Simex Express"}', true)
  , ('simpost', '{"zh-Hans": "模拟邮政", "en": "Simpost"}', true)
  , ('other', '{"zh-Hans": "其他承运商", "en": "Other carrier"}', false);

CREATE TABLE shop_carriers (
    merchant_id uuid NOT NULL
  , carrier     text NOT NULL REFERENCES carriers
  , place       integer NOT NULL
  , PRIMARY KEY (merchant_id, carrier)
);
COMMENT ON TABLE shop_carriers IS 'by merchant: the carriers that a shop sends with; no row: all of them';
COMMENT ON COLUMN shop_carriers.place IS 'The lowest is the one that forms propose';

CREATE TABLE delivery_carriers (
    merchant_id uuid NOT NULL
  , template_id uuid NOT NULL
  , carrier     text NOT NULL REFERENCES carriers
  , PRIMARY KEY (merchant_id, template_id)
  , FOREIGN KEY (merchant_id, template_id) REFERENCES freight_templates
);
COMMENT ON TABLE delivery_carriers IS 'by merchant: which carrier a delivery option goes with';

CREATE TABLE parcel_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE parcel_transitions IS 'reference: the states of a parcel that follow each other';
INSERT INTO parcel_transitions (from_state, to_state) VALUES
    ('nowhere', 'handed_over'), ('nowhere', 'delivered')
  , ('handed_over', 'in_transit'), ('handed_over', 'delivered'), ('handed_over', 'lost')
  , ('in_transit', 'delivered'), ('in_transit', 'lost'), ('lost', 'in_transit'), ('lost', 'delivered')
  , ('handed_over', 'refused'), ('in_transit', 'refused'), ('lost', 'refused');

CREATE TABLE parcels (
    merchant_id  uuid NOT NULL
  , parcel_id    uuid NOT NULL
  , order_id     uuid NOT NULL
  , carrier      text NOT NULL REFERENCES carriers
  , number       text NOT NULL
  , state        text NOT NULL
  , sent_at      timestamptz NOT NULL DEFAULT now()
  , delivered_at timestamptz
  , registered_at timestamptz
  , attempt_at   timestamptz
  , attempts     integer NOT NULL DEFAULT 0
  , refused_at   timestamptz
  , collect      bigint
  , collect_currency text REFERENCES currencies
  , PRIMARY KEY (merchant_id, parcel_id)
  , UNIQUE (merchant_id, carrier, number)
  , CONSTRAINT delivered_means_when CHECK ((state = 'delivered') = (delivered_at IS NOT NULL))
  , CONSTRAINT what_is_collected_is_some_money CHECK (collect > 0 AND (collect IS NULL) = (collect_currency IS NULL))
);
COMMENT ON COLUMN parcels.collect IS 'What is to be paid for it at the door, in minor units; none: nothing';
COMMENT ON TABLE parcels IS 'by merchant: a parcel with its tracking number';
COMMENT ON COLUMN parcels.order_id IS 'The order, or the after-sales case whose goods go back or out again';
COMMENT ON COLUMN parcels.registered_at IS 'When the carrier promised to tell us where it is';
COMMENT ON COLUMN parcels.refused_at IS 'Since when the carrier says that it does not know the number, or that it cannot be one';
COMMENT ON COLUMN parcels.attempt_at IS 'When to ask the carrier next; none when nothing is to ask';
CREATE INDEX parcels_of_an_order ON parcels (order_id);
CREATE INDEX parcels_by_number ON parcels (carrier, number);
CREATE INDEX parcels_of_a_merchant_by_number ON parcels (merchant_id, number);
CREATE INDEX parcels_under_way ON parcels (merchant_id, sent_at) WHERE state IN ('handed_over', 'in_transit');
CREATE INDEX parcels_sought ON parcels (number text_pattern_ops, merchant_id);
CREATE INDEX parcels_lost ON parcels (merchant_id, order_id) WHERE state = 'lost';
CREATE INDEX parcels_to_ask_about ON parcels (attempt_at) WHERE attempt_at IS NOT NULL;

CREATE TABLE parcel_history (
    merchant_id uuid NOT NULL
  , parcel_id   uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, parcel_id, step)
  , FOREIGN KEY (merchant_id, parcel_id) REFERENCES parcels
  , FOREIGN KEY (from_state, to_state) REFERENCES parcel_transitions
);
COMMENT ON TABLE parcel_history IS 'by merchant, append-only: each change of a parcel''s state';

CREATE TABLE parcel_scans (
    merchant_id uuid NOT NULL
  , parcel_id   uuid NOT NULL
  , at          timestamptz NOT NULL
  , code        text NOT NULL
  , place       text NOT NULL DEFAULT ''
  , words       jsonb NOT NULL DEFAULT '{}'
  , PRIMARY KEY (merchant_id, parcel_id, at, code)
  , FOREIGN KEY (merchant_id, parcel_id) REFERENCES parcels
);
COMMENT ON TABLE parcel_scans IS 'by merchant, append-only: what the carrier told about a parcel';

CREATE TABLE parcel_corrections (
    merchant_id uuid NOT NULL
  , parcel_id   uuid NOT NULL
  , correction  integer NOT NULL
  , carrier     text NOT NULL REFERENCES carriers
  , number      text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, parcel_id, correction)
  , FOREIGN KEY (merchant_id, parcel_id) REFERENCES parcels
);
COMMENT ON TABLE parcel_corrections IS 'by merchant, append-only: the numbers that parcels were sent under by mistake';

CREATE TABLE waybills (
    merchant_id  uuid NOT NULL
  , waybill_id   uuid NOT NULL
  , order_id     uuid NOT NULL
  , carrier      text NOT NULL REFERENCES carriers
  , sender       jsonb NOT NULL
  , recipient    jsonb NOT NULL
  , weight_grams integer NOT NULL
  , collect      boolean NOT NULL DEFAULT false
  , number       text
  , failure      text
  , asked_at     timestamptz NOT NULL DEFAULT now()
  , answered_at  timestamptz
  , PRIMARY KEY (merchant_id, waybill_id)
  , CONSTRAINT a_number_or_a_reason CHECK (number IS NULL OR failure IS NULL)
  , CONSTRAINT answered_means_when CHECK ((answered_at IS NOT NULL) = (number IS NOT NULL OR failure IS NOT NULL))
);
COMMENT ON TABLE waybills IS 'by merchant: numbers that carriers were asked for; its id is the carrier''s idempotency key and becomes the parcel''s';
COMMENT ON COLUMN waybills.collect IS 'The recipient pays the carrier, not the sender';
COMMENT ON COLUMN waybills.answered_at IS 'None while the carrier''s answer is not known';
CREATE INDEX waybills_of_an_order ON waybills (merchant_id, order_id);
CREATE INDEX waybills_unanswered ON waybills (asked_at) WHERE answered_at IS NULL;
