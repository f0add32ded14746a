-- Channels that did not answer, and how often they did.

CREATE TABLE channel_rest_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE channel_rest_transitions IS 'reference: how a channel is rested and works again';
INSERT INTO channel_rest_transitions (from_state, to_state) VALUES
    ('nowhere', 'resting'), ('resting', 'resting'), ('resting', 'working'), ('working', 'resting');

CREATE TABLE channel_rests (
    channel      text PRIMARY KEY
  , state        text NOT NULL
  , since        timestamptz NOT NULL
  , rested_until timestamptz NOT NULL
  , times        integer NOT NULL
  , why          text NOT NULL
  , CONSTRAINT rested_means_how_often CHECK ((state = 'resting') = (times > 0))
);
COMMENT ON TABLE channel_rests IS 'local: channels that did not answer: not offered until then, and tried again afterwards';
COMMENT ON COLUMN channel_rests.times IS 'How often in a row it was rested: each rest is twice as long as the one before';

CREATE TABLE channel_rest_history (
    channel    text NOT NULL REFERENCES channel_rests
  , step       integer NOT NULL
  , from_state text NOT NULL
  , to_state   text NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
  , why        text NOT NULL
  , by         text NOT NULL
  , PRIMARY KEY (channel, step)
  , FOREIGN KEY (from_state, to_state) REFERENCES channel_rest_transitions
);
COMMENT ON TABLE channel_rest_history IS 'local, append-only: when a channel was rested and worked again';
CREATE INDEX channel_rest_history_by_time ON channel_rest_history (at DESC);

CREATE TABLE channel_calls (
    channel    text NOT NULL
  , tick       timestamptz NOT NULL
  , answered   bigint NOT NULL
  , unanswered bigint NOT NULL
  , PRIMARY KEY (channel, tick)
  , CONSTRAINT calls_are_counted_up CHECK (answered >= 0 AND unanswered >= 0)
);
COMMENT ON TABLE channel_calls IS 'local: how many calls of a channel were answered and how many were not, by ten seconds';
CREATE INDEX channel_calls_by_tick ON channel_calls (tick);
