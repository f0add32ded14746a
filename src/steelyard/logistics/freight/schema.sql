-- What it costs to send it, and how.

CREATE TABLE freight_templates (
    merchant_id uuid NOT NULL
  , template_id uuid NOT NULL
  , name        jsonb NOT NULL
  , method      text NOT NULL
  , currency    text NOT NULL
  , place       integer NOT NULL DEFAULT 0
  , days_from   integer NOT NULL
  , days_to     integer NOT NULL
  , active      boolean NOT NULL DEFAULT true
  , PRIMARY KEY (merchant_id, template_id)
  , CONSTRAINT freight_goes_by_piece_or_weight CHECK (method IN ('piece', 'weight'))
  , CONSTRAINT a_promise_is_a_range CHECK (0 <= days_from AND days_from <= days_to)
);
COMMENT ON TABLE freight_templates IS 'by merchant: a delivery option such as standard or express';

CREATE TABLE freight_zones (
    merchant_id   uuid NOT NULL
  , template_id   uuid NOT NULL
  , zone          integer NOT NULL
  , countries     text[] NOT NULL
  , regions       text[] NOT NULL DEFAULT '{}'
  , deliverable   boolean NOT NULL DEFAULT true
  , first_units   integer NOT NULL DEFAULT 1
  , first_fee     bigint NOT NULL DEFAULT 0
  , next_units    integer NOT NULL DEFAULT 1
  , next_fee      bigint NOT NULL DEFAULT 0
  , free_over     bigint
  , PRIMARY KEY (merchant_id, template_id, zone)
  , FOREIGN KEY (merchant_id, template_id) REFERENCES freight_templates
  , CONSTRAINT units_are_counted_in_steps CHECK (first_units > 0 AND next_units > 0)
  , CONSTRAINT fees_are_not_negative CHECK (first_fee >= 0 AND next_fee >= 0)
);
COMMENT ON TABLE freight_zones IS 'by merchant: what a template charges where; the zone with the lowest number that matches counts';
COMMENT ON COLUMN freight_zones.countries IS 'ISO 3166-1 alpha-2 codes; {*}: everywhere';
COMMENT ON COLUMN freight_zones.regions IS 'Regions (provinces, states) of these countries; empty: all';
COMMENT ON COLUMN freight_zones.first_units IS 'Pieces or grams that the first fee covers';
COMMENT ON COLUMN freight_zones.free_over IS 'Goods worth this much or more go free';
