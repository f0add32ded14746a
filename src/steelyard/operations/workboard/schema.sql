-- The board of tasks: what people are to do next, who sees to it, what was said of it.

CREATE TABLE task_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE task_transitions IS 'reference: the states of a task that follow each other';
INSERT INTO task_transitions (from_state, to_state) VALUES
    ('nowhere', 'open'), ('open', 'doing'), ('open', 'done'), ('open', 'dropped'), ('doing', 'open'), ('doing', 'done')
  , ('doing', 'dropped'), ('done', 'open'), ('dropped', 'open');

CREATE TABLE tasks (
    merchant_id uuid NOT NULL
  , task_id     uuid NOT NULL
  , state       text NOT NULL DEFAULT 'open'
  , title       jsonb NOT NULL
  , note        jsonb NOT NULL DEFAULT '{}'
  , role        text
  , account_id  uuid
  , due_at      timestamptz
  , source      text NOT NULL DEFAULT 'hand'
  , source_id   uuid
  , link        text NOT NULL DEFAULT ''
  , opened_at   timestamptz NOT NULL DEFAULT now()
  , opened_by   text NOT NULL
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , closed_at   timestamptz
  , reason      text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, task_id)
  , CONSTRAINT a_task_is_in_a_state CHECK (state IN ('open', 'doing', 'done', 'dropped'))
  , CONSTRAINT what_is_over_has_ended CHECK ((state IN ('done', 'dropped')) = (closed_at IS NOT NULL))
  , CONSTRAINT what_is_dropped_has_a_reason CHECK ((state = 'dropped') = (reason <> ''))
  , CONSTRAINT a_link_stays_in_the_house CHECK (link = '' OR (link LIKE '/%' AND link NOT LIKE '//%'))
);
COMMENT ON TABLE tasks IS 'by merchant, never deleted: what is to be done by people of a shop; under an id of zeros by those of the marketplace';
COMMENT ON COLUMN tasks.role IS 'In whose queue it waits; none: in nobody''s';
COMMENT ON COLUMN tasks.account_id IS 'Who sees to it; none: nobody has taken it yet';
COMMENT ON COLUMN tasks.source IS 'What opened it: hand (a person), or a module; source_id: which one of that module''s things';
COMMENT ON COLUMN tasks.link IS 'Where in the console one sees what it is about';
COMMENT ON COLUMN tasks.reason IS 'Why it was dropped';
CREATE INDEX tasks_waiting ON tasks (merchant_id, state, (coalesce(due_at, TIMESTAMPTZ '9999-01-01 00:00+00')), task_id) WHERE closed_at IS NULL;
CREATE INDEX tasks_closed ON tasks (merchant_id, state, closed_at DESC, task_id DESC) WHERE closed_at IS NOT NULL;
CREATE INDEX tasks_of_a_person ON tasks (merchant_id, account_id, (coalesce(due_at, TIMESTAMPTZ '9999-01-01 00:00+00'))) WHERE closed_at IS NULL;
CREATE INDEX tasks_of_a_role ON tasks (merchant_id, role, (coalesce(due_at, TIMESTAMPTZ '9999-01-01 00:00+00'))) WHERE closed_at IS NULL AND account_id IS NULL;
CREATE INDEX tasks_of_a_source ON tasks (merchant_id, source, source_id) WHERE source_id IS NOT NULL;

CREATE TABLE task_history (
    merchant_id uuid NOT NULL
  , task_id     uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , note        text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, task_id, step)
  , FOREIGN KEY (merchant_id, task_id) REFERENCES tasks
  , FOREIGN KEY (from_state, to_state) REFERENCES task_transitions
);
COMMENT ON TABLE task_history IS 'by merchant, append-only: each change of state of a task';

CREATE TABLE task_comments (
    merchant_id uuid NOT NULL
  , task_id     uuid NOT NULL
  , comment_id  uuid NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , words       text NOT NULL
  , handed      boolean NOT NULL DEFAULT false
  , account_id  uuid
  , role        text
  , PRIMARY KEY (merchant_id, task_id, comment_id)
  , FOREIGN KEY (merchant_id, task_id) REFERENCES tasks
  , CONSTRAINT a_comment_says_something CHECK (handed OR words <> '')
  , CONSTRAINT only_what_is_handed_over_has_a_taker CHECK (handed OR (account_id IS NULL AND role IS NULL))
);
COMMENT ON TABLE task_comments IS 'by merchant, append-only: what people said of a task, and to whom it was handed over';
