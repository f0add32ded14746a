-- Periodic reviews: how a day, a week or a month went, as it was known when the review was written.

CREATE TABLE business_reviews (
    merchant_id uuid NOT NULL
  , review_id   uuid NOT NULL
  , span        text NOT NULL
  , first       date NOT NULL
  , made_at     timestamptz NOT NULL DEFAULT now()
  , made_by     text NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , paid        bigint NOT NULL
  , paid_before bigint NOT NULL
  , orders      integer NOT NULL
  , expected    bigint
  , low         bigint
  , high        bigint
  , facts       jsonb NOT NULL
  , PRIMARY KEY (merchant_id, review_id)
  , CONSTRAINT a_period_is_reviewed_once UNIQUE (merchant_id, span, first)
  , CONSTRAINT a_review_is_of_a_day_a_week_or_a_month CHECK (span IN ('day', 'week', 'month'))
  , CONSTRAINT a_week_begins_on_monday CHECK (span <> 'week' OR extract(isodow FROM first) = 1)
  , CONSTRAINT a_month_begins_on_its_first CHECK (span <> 'month' OR extract(day FROM first) = 1)
);
COMMENT ON TABLE business_reviews IS 'by merchant, append-only: reviews of periods, as their figures stood when they were written; under an id of zeros those of the marketplace';
COMMENT ON COLUMN business_reviews.first IS 'The first day of the period, in the house''s zone';
COMMENT ON COLUMN business_reviews.paid IS 'In minor units of the currency, like all amounts in it; expected, between low and high: what was foretold of it';
COMMENT ON COLUMN business_reviews.facts IS 'All that it says: Facts of operations/business_reviews/model.py';
CREATE INDEX business_reviews_by_time ON business_reviews (merchant_id, first DESC, review_id DESC);

CREATE TABLE business_review_notes (
    merchant_id uuid NOT NULL
  , review_id   uuid NOT NULL
  , note_id     uuid NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , words       text NOT NULL
  , PRIMARY KEY (merchant_id, review_id, note_id)
  , FOREIGN KEY (merchant_id, review_id) REFERENCES business_reviews
  , CONSTRAINT a_note_says_something CHECK (words <> '')
);
COMMENT ON TABLE business_review_notes IS 'by merchant, append-only: what people add to a review';

CREATE TABLE business_review_wishes (
    merchant_id uuid NOT NULL
  , span        text NOT NULL
  , first       date NOT NULL
  , wanted_at   timestamptz NOT NULL DEFAULT now()
  , wanted_by   text NOT NULL
  , PRIMARY KEY (merchant_id, span, first)
);
COMMENT ON TABLE business_review_wishes IS 'by merchant: reviews that somebody has asked for and that are not written yet';
CREATE INDEX business_review_wishes_by_time ON business_review_wishes (wanted_at);

CREATE TABLE business_review_turns (
    span     text NOT NULL
  , first    date NOT NULL
  , after    uuid
  , finished_at timestamptz
  , PRIMARY KEY (span, first)
);
COMMENT ON TABLE business_review_turns IS 'local: how far all shops'' reviews of a period have been written: up to which shop';
