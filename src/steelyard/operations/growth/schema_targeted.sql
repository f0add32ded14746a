-- Targeted coupons: a coupon for the members of a segment, some of whom are held out, and what it may cost.

CREATE TABLE targeted_coupon_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE targeted_coupon_transitions IS 'reference: the states of a targeted coupon that follow each other';
INSERT INTO targeted_coupon_transitions (from_state, to_state) VALUES
    ('nowhere', 'draft'), ('draft', 'running'), ('draft', 'dropped'), ('running', 'over'), ('running', 'stopped');

CREATE TABLE targeted_coupons (
    merchant_id  uuid NOT NULL
  , targeted_id  uuid NOT NULL
  , state        text NOT NULL
  , name         text NOT NULL
  , segment_id   uuid NOT NULL
  , promotion_id uuid NOT NULL
  , currency     text NOT NULL REFERENCES currencies
  , held_out     integer NOT NULL
  , coupons      integer
  , budget       bigint
  , worth        bigint
  , joining      boolean NOT NULL
  , days         integer NOT NULL
  , given        integer NOT NULL DEFAULT 0
  , held         integer NOT NULL DEFAULT 0
  , upto         uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
  , passed       boolean NOT NULL DEFAULT false
  , looked_at    timestamptz
  , created_at   timestamptz NOT NULL DEFAULT now()
  , started_at   timestamptz
  , until        timestamptz
  , ended_at     timestamptz
  , take_back    boolean NOT NULL DEFAULT false
  , taken_back   integer NOT NULL DEFAULT 0
  , taken_at     timestamptz
  , PRIMARY KEY (merchant_id, targeted_id)
  , FOREIGN KEY (merchant_id, targeted_id) REFERENCES experiments
  , FOREIGN KEY (merchant_id, segment_id) REFERENCES segments
  , FOREIGN KEY (merchant_id, promotion_id) REFERENCES promotions
  , CONSTRAINT somebody_is_held_out_and_somebody_is_not CHECK (held_out BETWEEN 5 AND 50)
  , CONSTRAINT what_is_given_has_a_limit CHECK (coupons > 0 OR budget > 0)
  , CONSTRAINT never_give_more_coupons_than_were_set CHECK (given <= coupons)
  , CONSTRAINT never_set_aside_more_than_the_budget CHECK (budget IS NULL OR given = 0 OR (worth IS NOT NULL AND given * worth <= budget))
  , CONSTRAINT a_window_has_days CHECK (days BETWEEN 1 AND 90)
  , CONSTRAINT what_runs_has_begun_and_ends CHECK ((state IN ('draft', 'dropped')) = (started_at IS NULL)
                                               AND (started_at IS NULL) = (until IS NULL))
  , CONSTRAINT what_has_ended_says_when CHECK ((state IN ('over', 'stopped')) = (ended_at IS NOT NULL))
  , CONSTRAINT only_what_has_ended_is_taken_back CHECK ((NOT take_back OR ended_at IS NOT NULL)
                                                    AND (take_back OR (taken_back = 0 AND taken_at IS NULL)))
);
COMMENT ON TABLE targeted_coupons IS 'by merchant, never deleted: a coupon of a shop, or under an id of zeros of the platform, for the members of a segment; who is in which part of it stands in experiment_units under the same id';
COMMENT ON COLUMN targeted_coupons.held_out IS 'So many in a hundred get none';
COMMENT ON COLUMN targeted_coupons.coupons IS 'So many are given at most';
COMMENT ON COLUMN targeted_coupons.budget IS 'So much, in minor units, all that are given can take off at most';
COMMENT ON COLUMN targeted_coupons.worth IS 'What one of them can take off at most, as of the start; none: it has no bound';
COMMENT ON COLUMN targeted_coupons.joining IS 'Who comes into the segment while it runs gets one, too';
COMMENT ON COLUMN targeted_coupons.held IS 'So many were held out by now';
COMMENT ON COLUMN targeted_coupons.upto IS 'Of those who were in the segment, all up to this one have been looked at';
COMMENT ON COLUMN targeted_coupons.passed IS 'All of those have been looked at';
COMMENT ON COLUMN targeted_coupons.looked_at IS 'When the sweep found nobody more; none or long ago: there may be somebody';
COMMENT ON COLUMN targeted_coupons.take_back IS 'Unused ones are taken away; taken_at: that is done';
CREATE INDEX targeted_coupons_of_a_merchant ON targeted_coupons (merchant_id, created_at DESC, targeted_id);
CREATE UNIQUE INDEX a_coupon_is_targeted_once ON targeted_coupons (merchant_id, promotion_id) WHERE state <> 'dropped';
CREATE INDEX targeted_coupons_running ON targeted_coupons (looked_at NULLS FIRST, targeted_id) WHERE state = 'running';
CREATE INDEX targeted_coupons_ending ON targeted_coupons (until) WHERE state = 'running';
CREATE INDEX targeted_coupons_to_take_back ON targeted_coupons (ended_at) WHERE take_back AND taken_at IS NULL;

CREATE TABLE targeted_coupon_history (
    merchant_id uuid NOT NULL
  , targeted_id uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, targeted_id, step)
  , FOREIGN KEY (merchant_id, targeted_id) REFERENCES targeted_coupons
  , FOREIGN KEY (from_state, to_state) REFERENCES targeted_coupon_transitions
);
COMMENT ON TABLE targeted_coupon_history IS 'by merchant, append-only: each change of a targeted coupon''s state';
