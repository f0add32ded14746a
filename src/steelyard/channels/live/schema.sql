-- Live sessions as they are planned: when, by whom, what is sold and said in them, and who wants to be told.

CREATE TABLE live_session_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE live_session_transitions IS 'reference: the states of a live session that follow each other';
INSERT INTO live_session_transitions (from_state, to_state) VALUES
    ('nowhere', 'planned'), ('planned', 'ready'), ('ready', 'planned'), ('ready', 'on_air'), ('on_air', 'ended')
  , ('planned', 'cancelled'), ('ready', 'cancelled')
  , ('planned', 'taken_down'), ('ready', 'taken_down'), ('on_air', 'taken_down'), ('ended', 'taken_down')
  , ('taken_down', 'planned'), ('taken_down', 'ended');

CREATE TABLE live_sessions (
    merchant_id    uuid NOT NULL
  , session_id     uuid NOT NULL
  , room_id        uuid NOT NULL
  , host_id        uuid
  , title          jsonb NOT NULL
  , cover          text
  , starts_at      timestamptz NOT NULL
  , ends_at        timestamptz NOT NULL
  , portrait       boolean NOT NULL DEFAULT true
  , trailer        jsonb NOT NULL DEFAULT '{}'
  , trailer_file   text
  , trailer_video  text
  , script         text NOT NULL DEFAULT ''
  , state          text NOT NULL
  , created_at     timestamptz NOT NULL DEFAULT now()
  , changed_at     timestamptz NOT NULL DEFAULT now()
  , started_at     timestamptz
  , ended_at       timestamptz
  , last_seq       bigint NOT NULL DEFAULT 0
  , key_digest     text
  , key_made_at    timestamptz
  , playback       jsonb NOT NULL DEFAULT '{}'
  , media          jsonb NOT NULL DEFAULT '{}'
  , published_at   timestamptz
  , unpublished_at timestamptz
  , reminded_at    timestamptz
  , begun_told_at  timestamptz
  , replay_shown   boolean NOT NULL DEFAULT true
  , PRIMARY KEY (merchant_id, session_id)
  , FOREIGN KEY (merchant_id, room_id) REFERENCES rooms
  , FOREIGN KEY (merchant_id, host_id) REFERENCES room_hosts
  , CONSTRAINT a_live_session_is_in_a_state CHECK (state IN ('planned', 'ready', 'on_air', 'ended', 'cancelled', 'taken_down'))
  , CONSTRAINT a_live_session_begins_before_it_ends CHECK (starts_at < ends_at)
  , CONSTRAINT on_air_means_since_when CHECK (state NOT IN ('on_air', 'ended') OR started_at IS NOT NULL)
  , CONSTRAINT ended_means_until_when CHECK (state <> 'ended' OR ended_at IS NOT NULL)
  , CONSTRAINT a_key_has_a_day CHECK ((key_digest IS NULL) = (key_made_at IS NULL))
  , CONSTRAINT beats_are_counted_from_one CHECK (last_seq >= 0)
);
COMMENT ON TABLE live_sessions IS 'by merchant: when a shop sells live in one of its rooms';
COMMENT ON COLUMN live_sessions.host_id IS 'Who speaks first; a session becomes ready with a host alone';
COMMENT ON COLUMN live_sessions.cover IS 'A picture of the file store';
COMMENT ON COLUMN live_sessions.trailer IS 'Words that tell of it before it begins';
COMMENT ON COLUMN live_sessions.trailer_file IS 'A picture of the file store that tells of it before it begins';
COMMENT ON COLUMN live_sessions.trailer_video IS 'A video of the file store that tells of it before it begins; forgotten some weeks after it was to end';
COMMENT ON COLUMN live_sessions.script IS 'What the host says, as the teleprompter shows it';
COMMENT ON COLUMN live_sessions.last_seq IS 'The number of its last beat; the row is locked while numbers are taken';
COMMENT ON COLUMN live_sessions.key_digest IS 'SHA-256 of the stream key; the key itself is shown once and not kept';
COMMENT ON COLUMN live_sessions.playback IS 'Where it is played, as the media process says: {hls, …}';
COMMENT ON COLUMN live_sessions.media IS 'What comes in, as the media process measured it last: {width, height, fps, kbps, codec, audio}';
COMMENT ON COLUMN live_sessions.published_at IS 'When a stream began to come in last';
COMMENT ON COLUMN live_sessions.unpublished_at IS 'When it broke off last; later than published_at: nothing comes in now';
COMMENT ON COLUMN live_sessions.reminded_at IS 'When those who asked for it were told that it begins soon';
COMMENT ON COLUMN live_sessions.begun_told_at IS 'When they were told that it has begun';
COMMENT ON COLUMN live_sessions.replay_shown IS 'Buyers see its recording once it has ended; the shop decides';
CREATE UNIQUE INDEX a_room_is_on_air_once ON live_sessions (merchant_id, room_id) WHERE state = 'on_air';
CREATE INDEX live_sessions_of_a_room ON live_sessions (merchant_id, room_id, starts_at DESC, session_id DESC);
CREATE INDEX live_sessions_of_a_shop ON live_sessions (merchant_id, starts_at DESC, session_id DESC);
CREATE INDEX live_sessions_coming ON live_sessions (starts_at, session_id) WHERE state IN ('planned', 'ready');
CREATE INDEX live_sessions_on_air ON live_sessions (started_at, session_id) WHERE state = 'on_air';
CREATE INDEX live_sessions_over ON live_sessions (ended_at DESC, session_id DESC) WHERE state = 'ended';
CREATE INDEX live_sessions_with_a_trailer ON live_sessions (ends_at) WHERE trailer_video IS NOT NULL;
CREATE INDEX live_sessions_by_key ON live_sessions (key_digest) WHERE key_digest IS NOT NULL;

CREATE TABLE live_session_history (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , reason      text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, session_id, step)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , FOREIGN KEY (from_state, to_state) REFERENCES live_session_transitions
);
COMMENT ON TABLE live_session_history IS 'by merchant, append-only: each change of a live session''s state';

CREATE TABLE live_goods (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , product_id  uuid NOT NULL
  , position    integer NOT NULL
  , shown       boolean NOT NULL DEFAULT true
  , points      text NOT NULL DEFAULT ''
  , added_at    timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, session_id, product_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
  , CONSTRAINT goods_stand_in_a_place CHECK (position > 0)
);
COMMENT ON TABLE live_goods IS 'by merchant: the goods bag of a live session';
COMMENT ON COLUMN live_goods.position IS 'From 1; two that are moved at once may have the same for a moment, then the id decides';
COMMENT ON COLUMN live_goods.shown IS 'Buyers see it in the bag';
COMMENT ON COLUMN live_goods.points IS 'Its selling points, a line each, as buyers see them in the bag';
CREATE INDEX live_goods_of_a_product ON live_goods (merchant_id, product_id, session_id);

CREATE TABLE live_rundown (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , entry_id    uuid NOT NULL
  , minute      integer NOT NULL
  , minutes     integer NOT NULL
  , product_id  uuid
  , what        text NOT NULL DEFAULT ''
  , points      jsonb NOT NULL DEFAULT '[]'
  , offer       text NOT NULL DEFAULT ''
  , owner       text NOT NULL DEFAULT 'host'
  , price       bigint
  , pieces      integer
  , PRIMARY KEY (merchant_id, session_id, entry_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
  , CONSTRAINT an_entry_is_within_a_day CHECK (0 <= minute AND minute <= 1440 AND 1 <= minutes AND minutes <= 240)
  , CONSTRAINT an_entry_is_somebodys CHECK (owner IN ('host', 'co_host', 'desk', 'service', 'field'))
  , CONSTRAINT what_is_planned_to_be_sold_is_something CHECK (price >= 0 AND pieces > 0)
);
COMMENT ON TABLE live_rundown IS 'by merchant: what happens when in a live session: time, product, selling points, offer, owner';
COMMENT ON COLUMN live_rundown.minute IS 'Minutes from the beginning of the session';
COMMENT ON COLUMN live_rundown.minutes IS 'How long it takes';
COMMENT ON COLUMN live_rundown.what IS 'What happens, where it is not about a product';
COMMENT ON COLUMN live_rundown.points IS 'The selling points, a text each';
COMMENT ON COLUMN live_rundown.price IS 'What a piece is to cost, in minor units of the shop''s currency; none: as it costs otherwise';
COMMENT ON COLUMN live_rundown.pieces IS 'How many are to be sold; none: nobody has said';
COMMENT ON COLUMN live_rundown.owner IS 'The role in the room that sees to it';
CREATE INDEX live_rundown_by_minute ON live_rundown (merchant_id, session_id, minute, entry_id);

CREATE TABLE live_reminders (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , asked_at    timestamptz NOT NULL DEFAULT now()
  , by_mail     boolean NOT NULL DEFAULT false
  , PRIMARY KEY (merchant_id, session_id, buyer_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
);
COMMENT ON TABLE live_reminders IS 'by merchant: buyers who want to be told when a live session begins';
COMMENT ON COLUMN live_reminders.by_mail IS 'By mail too; where they are signed in they read it anyway';
CREATE INDEX live_reminders_of_a_buyer ON live_reminders (buyer_id, session_id);
