-- Journeys: what a shop does with its customers by itself, who is on the way in one, and what became of them.

CREATE TABLE journey_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE journey_transitions IS 'reference: the states of a journey that follow each other';
INSERT INTO journey_transitions (from_state, to_state) VALUES
    ('nowhere', 'draft'), ('draft', 'live'), ('draft', 'ended'), ('live', 'paused'), ('live', 'ended'), ('paused', 'live')
  , ('paused', 'ended');

CREATE TABLE journeys (
    merchant_id  uuid NOT NULL
  , journey_id   uuid NOT NULL
  , name         jsonb NOT NULL
  , state        text NOT NULL
  , playbook     text NOT NULL DEFAULT ''
  , graph        jsonb NOT NULL
  , revision     integer NOT NULL DEFAULT 1
  , changed      boolean NOT NULL DEFAULT true
  , live_version integer
  , listens      text[] NOT NULL DEFAULT '{}'
  , created_at   timestamptz NOT NULL DEFAULT now()
  , changed_at   timestamptz NOT NULL DEFAULT now()
  , changed_by   text NOT NULL
  , started_at   timestamptz
  , ended_at     timestamptz
  , cleared_at   timestamptz
  , trouble      text
  , troubles     integer NOT NULL DEFAULT 0
  , retry_at     timestamptz
  , PRIMARY KEY (merchant_id, journey_id)
  , CONSTRAINT a_journey_is_in_a_state CHECK (state IN ('draft', 'live', 'paused', 'ended'))
  , CONSTRAINT what_runs_has_a_version CHECK (state NOT IN ('live', 'paused') OR (live_version IS NOT NULL AND started_at IS NOT NULL))
  , CONSTRAINT ended_means_when CHECK ((state = 'ended') = (ended_at IS NOT NULL))
  , CONSTRAINT trouble_is_tried_again CHECK ((trouble IS NULL) = (retry_at IS NULL) AND (trouble IS NULL) = (troubles = 0))
);
COMMENT ON TABLE journeys IS 'by merchant, never deleted: what a shop does with its customers by itself';
COMMENT ON COLUMN journeys.playbook IS 'From which of the ready ones it was copied';
COMMENT ON COLUMN journeys.graph IS 'As it is being edited: Graph of operations/journeys/graph.py; what is in force is in journey_versions';
COMMENT ON COLUMN journeys.revision IS 'How often it was edited, so that two windows do not overwrite each other';
COMMENT ON COLUMN journeys.changed IS 'What is edited is otherwise than what is in force';
COMMENT ON COLUMN journeys.live_version IS 'By which whoever comes in goes; who is inside stays on the version by which they came in';
COMMENT ON COLUMN journeys.listens IS 'Of which events the live version wants to hear, to let people in; empty: of none';
COMMENT ON COLUMN journeys.cleared_at IS 'When the last one who was inside when it ended had been led out';
COMMENT ON COLUMN journeys.trouble IS 'What its last step failed with, so many times in a row; it is tried again at retry_at, and others go on meanwhile';
CREATE INDEX journeys_of_a_shop ON journeys (merchant_id, changed_at DESC, journey_id DESC);
CREATE INDEX journeys_at_work ON journeys (merchant_id, journey_id) WHERE state = 'live' OR (state = 'ended' AND cleared_at IS NULL);
CREATE INDEX journeys_listening ON journeys USING gin (listens) WHERE state = 'live';

CREATE TABLE journey_history (
    merchant_id uuid NOT NULL
  , journey_id  uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, journey_id, step)
  , FOREIGN KEY (merchant_id, journey_id) REFERENCES journeys
  , FOREIGN KEY (from_state, to_state) REFERENCES journey_transitions
);
COMMENT ON TABLE journey_history IS 'by merchant, append-only: each change of state of a journey';

CREATE TABLE journey_versions (
    merchant_id uuid NOT NULL
  , journey_id  uuid NOT NULL
  , version     integer NOT NULL
  , graph       jsonb NOT NULL
  , by          text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, journey_id, version)
  , FOREIGN KEY (merchant_id, journey_id) REFERENCES journeys
);
COMMENT ON TABLE journey_versions IS 'by merchant, append-only: what a journey says for those who came in while it was in force';

CREATE TABLE journey_enrolments (
    merchant_id uuid NOT NULL
  , journey_id  uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , entry       integer NOT NULL
  , version     integer NOT NULL
  , stand       text NOT NULL
  , node        text NOT NULL
  , steps       integer NOT NULL DEFAULT 0
  , entered_at  timestamptz NOT NULL
  , since       timestamptz NOT NULL
  , due_at      timestamptz
  , signal      text
  , goal_until  timestamptz
  , ended_at    timestamptz
  , about       jsonb NOT NULL DEFAULT '{}'
  , PRIMARY KEY (merchant_id, journey_id, buyer_id, entry)
  , FOREIGN KEY (merchant_id, journey_id, version) REFERENCES journey_versions
  , CONSTRAINT one_stands_somehow CHECK (stand IN ('inside', 'finished', 'reached', 'exited', 'failed'))
  , CONSTRAINT who_is_inside_goes_on CHECK ((stand = 'inside') = (due_at IS NOT NULL))
  , CONSTRAINT who_is_out_has_ended CHECK ((stand = 'inside') = (ended_at IS NULL))
  , CONSTRAINT entries_are_counted CHECK (entry > 0 AND steps >= 0)
);
COMMENT ON TABLE journey_enrolments IS 'by merchant: each time that a customer came into a journey, and at which box they are, or were last';
COMMENT ON COLUMN journey_enrolments.entry IS 'The how-manieth time: two who let somebody in at once count the same, and one of them does it';
COMMENT ON COLUMN journey_enrolments.steps IS 'How many rows journey_steps has of it';
COMMENT ON COLUMN journey_enrolments.since IS 'Since when at this box';
COMMENT ON COLUMN journey_enrolments.due_at IS 'When they go on, at the latest';
COMMENT ON COLUMN journey_enrolments.signal IS 'By which out, where what was waited for has happened';
COMMENT ON COLUMN journey_enrolments.goal_until IS 'Until when reaching the goal counts, after the end of the way, too';
COMMENT ON COLUMN journey_enrolments.about IS 'What it is about, for messages: order_id, product_id, session_id … of the event by which they came in';
CREATE INDEX journey_enrolments_due ON journey_enrolments (merchant_id, journey_id, due_at) WHERE stand = 'inside';
CREATE INDEX journey_enrolments_at ON journey_enrolments (merchant_id, journey_id, node, due_at, buyer_id) WHERE stand = 'inside';
CREATE INDEX journey_enrolments_of_a_buyer ON journey_enrolments (buyer_id, merchant_id);
CREATE UNIQUE INDEX nobody_is_inside_twice ON journey_enrolments (merchant_id, journey_id, buyer_id) WHERE stand = 'inside';

CREATE TABLE journey_steps (
    merchant_id uuid NOT NULL
  , journey_id  uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , entry       integer NOT NULL
  , step        integer NOT NULL
  , node        text NOT NULL
  , out         text NOT NULL
  , reason      text NOT NULL DEFAULT ''
  , at          timestamptz NOT NULL
  , PRIMARY KEY (merchant_id, journey_id, buyer_id, entry, step)
);
COMMENT ON TABLE journey_steps IS 'by merchant: by which out a customer left which box, and when; gone with them when they leave the house';
COMMENT ON COLUMN journey_steps.out IS 'An out of the box, or how the way ended there: reached, exited, failed';
COMMENT ON COLUMN journey_steps.reason IS 'Why a message was not sent (capped, no_consent, no_template), something was not given (no_coupon, no_account, no_group, no_points), or the way ended';

CREATE TABLE journey_days (
    merchant_id uuid NOT NULL
  , journey_id  uuid NOT NULL
  , version     integer NOT NULL
  , node        text NOT NULL
  , out         text NOT NULL
  , reason      text NOT NULL DEFAULT ''
  , day         date NOT NULL
  , counter     integer NOT NULL
  , people      integer NOT NULL
  , PRIMARY KEY (merchant_id, journey_id, version, node, out, reason, day, counter)
);
COMMENT ON TABLE journey_days IS 'by merchant: how many left a box by which out, by the house''s days; names nobody';
COMMENT ON COLUMN journey_days.node IS 'Empty: the journey as a whole; then out is entered, finished, reached, exited or failed';
COMMENT ON COLUMN journey_days.counter IS 'Which connection counted: each has a row of its own, so that two that move people at once do not wait for each other';
COMMENT ON COLUMN journey_days.people IS 'Below zero where more who had finished reached the goal than finished that day';

CREATE TABLE journey_sends (
    merchant_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , sent        timestamptz[] NOT NULL DEFAULT '{}'
  , PRIMARY KEY (merchant_id, buyer_id)
);
COMMENT ON TABLE journey_sends IS 'by merchant: when a customer was sent advertising by journeys of the shop, within the last days that caps look at; who sends holds the row';
CREATE INDEX journey_sends_of_a_buyer ON journey_sends (buyer_id);

CREATE TABLE journey_calls (
    merchant_id uuid NOT NULL
  , journey_id  uuid NOT NULL
  , call_id     uuid NOT NULL
  , whom        text NOT NULL
  , thing_id    uuid
  , about       jsonb NOT NULL DEFAULT '{}'
  , begins_at   timestamptz NOT NULL
  , upto        uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
  , people      integer NOT NULL DEFAULT 0
  , ended_at    timestamptz
  , PRIMARY KEY (merchant_id, journey_id, call_id)
  , FOREIGN KEY (merchant_id, journey_id) REFERENCES journeys
  , CONSTRAINT a_call_says_whom CHECK (whom IN ('segment', 'cheaper', 'back', 'followers', 'birthday'))
);
COMMENT ON TABLE journey_calls IS 'by merchant: many who come into a journey at once, some at a time: whoever is in a segment, keeps a product in mind, follows the shop, has a birthday';
COMMENT ON COLUMN journey_calls.thing_id IS 'The segment, the product, the live session; none for a day';
COMMENT ON COLUMN journey_calls.upto IS 'Up to this buyer so far';
CREATE INDEX journey_calls_to_do ON journey_calls (begins_at) WHERE ended_at IS NULL;

CREATE TABLE journey_intervals (
    merchant_id uuid NOT NULL
  , product_id  uuid NOT NULL
  , days        integer NOT NULL
  , customers   integer NOT NULL
  , PRIMARY KEY (merchant_id, product_id)
  , CONSTRAINT an_interval_has_days CHECK (days > 0 AND customers > 0)
);
COMMENT ON TABLE journey_intervals IS 'by merchant: how many days customers who buy a product again usually wait: the median, counted once a day';

CREATE TABLE journey_interval_counts (
    merchant_id uuid PRIMARY KEY
  , counted_at  timestamptz NOT NULL
);
COMMENT ON TABLE journey_interval_counts IS 'by merchant: when its intervals were counted last, also where nothing is bought twice';

CREATE TABLE journey_news (
    follows  text PRIMARY KEY
  , xid      xid8 NOT NULL
  , position bigint NOT NULL
);
COMMENT ON TABLE journey_news IS 'local: up to where what people do has been read';
