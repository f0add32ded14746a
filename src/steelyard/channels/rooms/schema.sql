-- Rooms in which shops sell live: who asked for one, who speaks in it, who works in it, and who or what was stopped.

CREATE TABLE room_application_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE room_application_transitions IS 'reference: the states of an application for a room that follow each other';
INSERT INTO room_application_transitions (from_state, to_state) VALUES
    ('nowhere', 'submitted'), ('submitted', 'sent_back'), ('sent_back', 'submitted')
  , ('submitted', 'approved'), ('submitted', 'refused');

CREATE TABLE room_applications (
    merchant_id    uuid NOT NULL
  , application_id uuid NOT NULL
  , state          text NOT NULL
  , name           jsonb NOT NULL
  , about          jsonb NOT NULL DEFAULT '{}'
  , slug           text NOT NULL
  , category_ids   uuid[] NOT NULL
  , host_id        uuid
  , reasons        jsonb NOT NULL DEFAULT '{}'
  , note           text NOT NULL DEFAULT ''
  , submitted_at   timestamptz NOT NULL DEFAULT now()
  , decided_at     timestamptz
  , decided_by     text
  , PRIMARY KEY (merchant_id, application_id)
  , CONSTRAINT a_room_application_is_in_a_state CHECK (state IN ('submitted', 'sent_back', 'approved', 'refused'))
  , CONSTRAINT a_decision_has_a_day CHECK ((decided_at IS NULL) = (decided_by IS NULL))
  , CONSTRAINT what_was_decided_says_by_whom CHECK (state = 'submitted' OR decided_at IS NOT NULL)
);
COMMENT ON TABLE room_applications IS 'by merchant: shops that want to sell live';
COMMENT ON COLUMN room_applications.slug IS 'The address it wants: /live/{slug}';
COMMENT ON COLUMN room_applications.reasons IS '{field: what is to be corrected}, of the last time it was sent back';
COMMENT ON COLUMN room_applications.note IS 'What the operator said with the decision';
CREATE UNIQUE INDEX a_shop_asks_for_one_room_at_a_time ON room_applications (merchant_id) WHERE state IN ('submitted', 'sent_back');
CREATE INDEX room_applications_in_a_state ON room_applications (state, submitted_at, application_id);

CREATE TABLE room_application_history (
    merchant_id    uuid NOT NULL
  , application_id uuid NOT NULL
  , step           integer NOT NULL
  , from_state     text NOT NULL
  , to_state       text NOT NULL
  , at             timestamptz NOT NULL DEFAULT now()
  , by             text NOT NULL
  , note           text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, application_id, step)
  , FOREIGN KEY (merchant_id, application_id) REFERENCES room_applications
  , FOREIGN KEY (from_state, to_state) REFERENCES room_application_transitions
);
COMMENT ON TABLE room_application_history IS 'by merchant, append-only: each change of state of an application for a room';

CREATE TABLE room_closed_categories (
    category_id uuid PRIMARY KEY REFERENCES categories
  , reason      jsonb NOT NULL
  , source      text NOT NULL DEFAULT ''
  , since       timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE room_closed_categories IS 'reference: categories, each with all below it, whose goods are not sold live';
COMMENT ON COLUMN room_closed_categories.source IS 'Where the rule comes from: law and article';

CREATE TABLE room_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE room_transitions IS 'reference: the states of a room that follow each other';
INSERT INTO room_transitions (from_state, to_state) VALUES
    ('nowhere', 'open'), ('open', 'stopped'), ('stopped', 'open'), ('open', 'closed'), ('stopped', 'closed');

CREATE TABLE rooms (
    merchant_id  uuid NOT NULL
  , room_id      uuid NOT NULL
  , slug         text NOT NULL
  , name         jsonb NOT NULL
  , about        jsonb NOT NULL DEFAULT '{}'
  , category_ids uuid[] NOT NULL
  , state        text NOT NULL
  , grade        text NOT NULL DEFAULT 'trial'
  , opened_at    timestamptz NOT NULL DEFAULT now()
  , changed_at   timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, room_id)
  , CONSTRAINT a_room_is_in_a_state CHECK (state IN ('open', 'stopped', 'closed'))
  , CONSTRAINT a_room_has_a_grade CHECK (grade IN ('trial', 'regular', 'trusted'))
);
COMMENT ON TABLE rooms IS 'by merchant: where a shop sells live';
COMMENT ON COLUMN rooms.slug IS 'Its address, /live/{slug}; room_slugs makes it unique across shops';
COMMENT ON COLUMN rooms.category_ids IS 'What is sold in it: categories, each with all below it';
COMMENT ON COLUMN rooms.state IS 'stopped: taken down or on the blacklist, see room_stops';
COMMENT ON COLUMN rooms.grade IS 'How far the operator trusts it: how long and how often it may be on air, see model.LIMITS';
CREATE INDEX rooms_in_a_state ON rooms (state, opened_at, room_id);
CREATE INDEX rooms_of_a_grade ON rooms (grade, opened_at, room_id);

CREATE TABLE room_slugs (
    slug        text PRIMARY KEY
  , merchant_id uuid NOT NULL
  , room_id     uuid NOT NULL
);
COMMENT ON TABLE room_slugs IS 'by key, merchants read: the address of a room (/live/{slug}), and which it is';

CREATE TABLE room_history (
    merchant_id uuid NOT NULL
  , room_id     uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , reason      text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, room_id, step)
  , FOREIGN KEY (merchant_id, room_id) REFERENCES rooms
  , FOREIGN KEY (from_state, to_state) REFERENCES room_transitions
);
COMMENT ON TABLE room_history IS 'by merchant, append-only: each change of a room''s state';

CREATE TABLE room_host_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE room_host_transitions IS 'reference: the states of a host that follow each other';
INSERT INTO room_host_transitions (from_state, to_state) VALUES
    ('nowhere', 'waiting'), ('waiting', 'verified'), ('waiting', 'sent_back'), ('sent_back', 'waiting')
  , ('waiting', 'barred'), ('sent_back', 'barred'), ('verified', 'barred'), ('barred', 'waiting')
  , ('waiting', 'gone'), ('sent_back', 'gone'), ('verified', 'gone');

CREATE TABLE room_hosts (
    merchant_id     uuid NOT NULL
  , host_id         uuid NOT NULL
  , account_id      uuid
  , name            text NOT NULL
  , real_name       text NOT NULL
  , document_number text NOT NULL
  , born_on         date NOT NULL
  , scan            text NOT NULL
  , is_ai           boolean NOT NULL DEFAULT false
  , state           text NOT NULL
  , reason          text NOT NULL DEFAULT ''
  , trained_until   date
  , registered_at   timestamptz NOT NULL DEFAULT now()
  , verified_at     timestamptz
  , verified_by     text
  , PRIMARY KEY (merchant_id, host_id)
  , CONSTRAINT a_host_is_in_a_state CHECK (state IN ('waiting', 'verified', 'sent_back', 'barred', 'gone'))
  , CONSTRAINT verified_means_when_and_by_whom CHECK (state <> 'verified' OR (verified_at IS NOT NULL AND verified_by IS NOT NULL))
);
COMMENT ON TABLE room_hosts IS 'by merchant: who speaks in a shop''s rooms';
COMMENT ON COLUMN room_hosts.account_id IS 'Opaque: the member of the shop''s staff who it is; none: somebody from outside';
COMMENT ON COLUMN room_hosts.name IS 'As buyers see it';
COMMENT ON COLUMN room_hosts.real_name IS 'As the identity card says; of a made host, who answers for it';
COMMENT ON COLUMN room_hosts.document_number IS 'Of the identity card: the operator finds the same person in other shops by it';
COMMENT ON COLUMN room_hosts.scan IS 'Of the identity card, in the private file store: the operator sees it, nobody else';
COMMENT ON COLUMN room_hosts.is_ai IS 'A made voice and picture: buyers are told so all the time';
COMMENT ON COLUMN room_hosts.reason IS 'Why it was sent back or barred';
COMMENT ON COLUMN room_hosts.trained_until IS 'Until when the last training counts; none: never trained';
CREATE UNIQUE INDEX a_member_of_the_staff_is_one_host ON room_hosts (merchant_id, account_id) WHERE account_id IS NOT NULL;
CREATE INDEX room_hosts_by_document ON room_hosts (document_number);
CREATE INDEX room_hosts_in_a_state ON room_hosts (state, registered_at, host_id);

CREATE TABLE room_host_history (
    merchant_id uuid NOT NULL
  , host_id     uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , reason      text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, host_id, step)
  , FOREIGN KEY (merchant_id, host_id) REFERENCES room_hosts
  , FOREIGN KEY (from_state, to_state) REFERENCES room_host_transitions
);
COMMENT ON TABLE room_host_history IS 'by merchant, append-only: each change of a host''s state';

CREATE TABLE room_trainings (
    merchant_id uuid NOT NULL
  , training_id uuid NOT NULL
  , host_id     uuid NOT NULL
  , course      text NOT NULL
  , passed_on   date NOT NULL
  , good_until  date NOT NULL
  , noted_at    timestamptz NOT NULL DEFAULT now()
  , noted_by    text NOT NULL
  , PRIMARY KEY (merchant_id, training_id)
  , FOREIGN KEY (merchant_id, host_id) REFERENCES room_hosts
  , CONSTRAINT a_training_counts_for_some_time CHECK (passed_on < good_until)
);
COMMENT ON TABLE room_trainings IS 'by merchant, append-only: which courses hosts have passed';
CREATE INDEX room_trainings_of_a_host ON room_trainings (merchant_id, host_id, passed_on DESC);

CREATE TABLE room_roles (
    merchant_id uuid NOT NULL
  , room_id     uuid NOT NULL
  , account_id  uuid NOT NULL
  , role        text NOT NULL
  , since       timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, room_id, account_id, role)
  , FOREIGN KEY (merchant_id, room_id) REFERENCES rooms
  , CONSTRAINT a_room_has_these_roles CHECK (role IN ('host', 'co_host', 'desk', 'service', 'field'))
);
COMMENT ON TABLE room_roles IS 'by merchant: who of the shop''s staff does what in a room';
COMMENT ON COLUMN room_roles.account_id IS 'Opaque: a member of the shop''s staff, who has the permission that goes with the role';

CREATE TABLE room_stops (
    merchant_id   uuid NOT NULL
  , stop_id       uuid NOT NULL
  , kind          text NOT NULL
  , subject       text NOT NULL
  , room_id       uuid
  , host_id       uuid
  , session_id    uuid
  , name          text NOT NULL
  , reason        text NOT NULL
  , at            timestamptz NOT NULL DEFAULT now()
  , by            text NOT NULL
  , appeal        text NOT NULL DEFAULT ''
  , appealed_at   timestamptz
  , appealed_by   text
  , answer        text NOT NULL DEFAULT ''
  , answered_at   timestamptz
  , lifted_at     timestamptz
  , lifted_by     text
  , PRIMARY KEY (merchant_id, stop_id)
  , CONSTRAINT a_stop_is_of_a_kind CHECK (kind IN ('takedown', 'blacklist'))
  , CONSTRAINT a_stop_is_of_one_subject CHECK (
        (subject = 'room') = (room_id IS NOT NULL AND session_id IS NULL AND host_id IS NULL)
    AND (subject = 'session') = (session_id IS NOT NULL AND room_id IS NOT NULL AND host_id IS NULL)
    AND (subject = 'host') = (host_id IS NOT NULL AND room_id IS NULL AND session_id IS NULL))
  , CONSTRAINT lifted_means_by_whom CHECK ((lifted_at IS NULL) = (lifted_by IS NULL))
  , CONSTRAINT an_appeal_says_something CHECK ((appealed_at IS NULL) = (appeal = ''))
  , CONSTRAINT what_is_answered_was_asked CHECK (answered_at IS NULL OR appealed_at IS NOT NULL)
);
COMMENT ON TABLE room_stops IS 'by merchant, never deleted: what the operator has stopped, why, and what became of that';
COMMENT ON COLUMN room_stops.name IS 'What it was called then';
COMMENT ON COLUMN room_stops.session_id IS 'Opaque: a session of the live module';
CREATE UNIQUE INDEX a_room_is_stopped_once ON room_stops (merchant_id, room_id) WHERE subject = 'room' AND lifted_at IS NULL;
CREATE UNIQUE INDEX a_host_is_stopped_once ON room_stops (merchant_id, host_id) WHERE subject = 'host' AND lifted_at IS NULL;
CREATE UNIQUE INDEX a_session_is_stopped_once ON room_stops (merchant_id, session_id) WHERE subject = 'session' AND lifted_at IS NULL;
CREATE INDEX room_stops_by_time ON room_stops (at DESC, stop_id DESC);
CREATE INDEX room_stops_of_a_shop ON room_stops (merchant_id, at DESC, stop_id DESC);
CREATE INDEX room_stops_appealed ON room_stops (appealed_at, stop_id) WHERE appealed_at IS NOT NULL AND answered_at IS NULL AND lifted_at IS NULL;
