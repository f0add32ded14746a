-- What people agreed to, what they take along, and who wants to be forgotten.

CREATE TABLE consents (
    buyer_id   uuid NOT NULL
  , consent_id uuid NOT NULL
  , subject    text NOT NULL
  , version    text NOT NULL
  , agreed     boolean NOT NULL
  , how        text NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (buyer_id, consent_id)
);
COMMENT ON TABLE consents IS 'by buyer, append-only: what somebody agreed to, which version of it, when and how';
COMMENT ON COLUMN consents.how IS 'registering, ordering, renewing';

CREATE TABLE data_exports (
    buyer_id   uuid NOT NULL
  , export_id  uuid NOT NULL
  , asked_at   timestamptz NOT NULL DEFAULT now()
  , ready_at   timestamptz
  , expires_at timestamptz
  , content    bytea
  , PRIMARY KEY (buyer_id, export_id)
  , CONSTRAINT ready_means_until_when CHECK ((ready_at IS NULL) = (expires_at IS NULL))
);
COMMENT ON TABLE data_exports IS 'by buyer: a ZIP of all that is kept of a buyer, for that buyer alone and for some days';
COMMENT ON COLUMN data_exports.content IS 'None before it is ready and after it has expired';
CREATE INDEX data_exports_to_expire ON data_exports (expires_at) WHERE content IS NOT NULL;

CREATE TABLE erasure_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE erasure_transitions IS 'reference: the states of an erasure that follow each other';
INSERT INTO erasure_transitions (from_state, to_state) VALUES
    ('nowhere', 'planned'), ('planned', 'withdrawn'), ('planned', 'done');

CREATE TABLE erasures (
    buyer_id   uuid NOT NULL
  , erasure_id uuid NOT NULL
  , account_id uuid NOT NULL
  , state      text NOT NULL
  , asked_at   timestamptz NOT NULL DEFAULT now()
  , due_at     timestamptz NOT NULL
  , ended_at   timestamptz
  , faded_at   timestamptz
  , PRIMARY KEY (buyer_id, erasure_id)
  , CONSTRAINT planned_means_not_ended CHECK ((state = 'planned') = (ended_at IS NULL))
);
COMMENT ON TABLE erasures IS 'by buyer: an account that is to be erased, or was';
COMMENT ON COLUMN erasures.due_at IS 'Until then it can be withdrawn';
COMMENT ON COLUMN erasures.faded_at IS 'When the records that had to be kept longer were last looked through';
CREATE UNIQUE INDEX one_planned_erasure ON erasures (buyer_id) WHERE state = 'planned';
CREATE INDEX erasures_due ON erasures (due_at) WHERE state = 'planned';
CREATE INDEX erasures_to_fade ON erasures (faded_at NULLS FIRST) WHERE state = 'done';

CREATE TABLE erasure_history (
    buyer_id   uuid NOT NULL
  , erasure_id uuid NOT NULL
  , step       integer NOT NULL
  , from_state text NOT NULL
  , to_state   text NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
  , by         text NOT NULL
  , PRIMARY KEY (buyer_id, erasure_id, step)
  , FOREIGN KEY (buyer_id, erasure_id) REFERENCES erasures
  , FOREIGN KEY (from_state, to_state) REFERENCES erasure_transitions
);
COMMENT ON TABLE erasure_history IS 'by buyer, append-only: each change of an erasure''s state';
