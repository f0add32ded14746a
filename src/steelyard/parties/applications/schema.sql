-- Applications of those who want to become merchants.

CREATE TABLE application_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE application_transitions IS 'reference: the states of an application that follow each other';
INSERT INTO application_transitions (from_state, to_state) VALUES
    ('nowhere', 'draft'), ('draft', 'submitted'), ('submitted', 'sent_back'), ('sent_back', 'submitted')
  , ('submitted', 'approved'), ('submitted', 'refused');

CREATE TABLE applications (
    application_id uuid PRIMARY KEY
  , account_id     uuid NOT NULL
  , state          text NOT NULL
  , facts          jsonb NOT NULL DEFAULT '{}'
  , done           text[] NOT NULL DEFAULT '{}'
  , reasons        jsonb NOT NULL DEFAULT '{}'
  , licence_number text NOT NULL DEFAULT ''
  , slug           text NOT NULL DEFAULT ''
  , created_at     timestamptz NOT NULL DEFAULT now()
  , changed_at     timestamptz NOT NULL DEFAULT now()
  , submitted_at   timestamptz
  , CONSTRAINT an_application_is_in_a_state CHECK (state IN ('draft', 'submitted', 'sent_back', 'approved', 'refused'))
  , CONSTRAINT what_waits_was_submitted CHECK (state = 'draft' OR submitted_at IS NOT NULL)
);
COMMENT ON TABLE applications IS 'by key: who wants to sell here, with all that they have said so far';
COMMENT ON COLUMN applications.facts IS 'All steps together, see model.Facts';
COMMENT ON COLUMN applications.done IS 'The steps that have been saved';
COMMENT ON COLUMN applications.reasons IS '{field: what the operator wants to have corrected}, of the last time it was sent back';
COMMENT ON COLUMN applications.licence_number IS 'As in facts: for finding it again in other applications';
CREATE INDEX applications_of_an_account ON applications (account_id, created_at DESC);
CREATE INDEX applications_in_a_state ON applications (state, submitted_at, application_id);
CREATE INDEX applications_by_licence ON applications (licence_number) WHERE licence_number <> '';
CREATE INDEX applications_by_slug ON applications (slug) WHERE slug <> '';

CREATE TABLE application_history (
    application_id uuid NOT NULL REFERENCES applications
  , step           integer NOT NULL
  , from_state     text NOT NULL
  , to_state       text NOT NULL
  , at             timestamptz NOT NULL DEFAULT now()
  , by             text NOT NULL
  , note           text NOT NULL DEFAULT ''
  , reasons        jsonb NOT NULL DEFAULT '{}'
  , PRIMARY KEY (application_id, step)
  , FOREIGN KEY (from_state, to_state) REFERENCES application_transitions
);
COMMENT ON TABLE application_history IS 'by key, append-only: each change of an application''s state, with what was said about it';

CREATE TABLE application_files (
    application_id uuid NOT NULL REFERENCES applications
  , kind           text NOT NULL
  , file           text NOT NULL
  , name           text NOT NULL
  , bytes          bigint NOT NULL
  , uploaded_at    timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (application_id, kind)
);
COMMENT ON TABLE application_files IS 'by key: scans that belong to an application, in the private file store: seen by the applicant and by reviewers only';
COMMENT ON COLUMN application_files.name IS 'As it was called where it came from';
