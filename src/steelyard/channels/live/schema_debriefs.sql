-- What is looked at after a session: who did what in it, the debrief as it was made first, and what people add to it.

CREATE TABLE live_acts (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , seq         bigint NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , act         text NOT NULL
  , PRIMARY KEY (merchant_id, session_id, seq)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , CONSTRAINT an_act_has_a_name CHECK (act <> '')
);
COMMENT ON TABLE live_acts IS 'by merchant, append-only: which of the shop''s people did what in a session, as far as it changed something';
COMMENT ON COLUMN live_acts.seq IS 'The number of the last beat that it brought about';
COMMENT ON COLUMN live_acts.by IS 'staff:<account_id>';

CREATE TABLE live_debriefs (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , made_at     timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , facts       jsonb NOT NULL
  , PRIMARY KEY (merchant_id, session_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
);
COMMENT ON TABLE live_debriefs IS 'by merchant, append-only: the written review of a session that has ended, as it stood when it was made';
COMMENT ON COLUMN live_debriefs.facts IS 'Plan and figures of that moment; what changes afterwards, such as refunds, is counted anew beside it';

CREATE TABLE live_debrief_notes (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , note_id     uuid NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , words       text NOT NULL
  , PRIMARY KEY (merchant_id, session_id, note_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_debriefs
  , CONSTRAINT a_note_says_something CHECK (words <> '')
);
COMMENT ON TABLE live_debrief_notes IS 'by merchant, append-only: what the shop''s people add to a review, each with author and time';
CREATE INDEX live_debrief_notes_by_time ON live_debrief_notes (merchant_id, session_id, at, note_id);

CREATE TABLE live_debrief_tasks (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , task_id     uuid NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , words       text NOT NULL
  , owner_id    uuid
  , due_on      date
  , done_at     timestamptz
  , done_by     text
  , PRIMARY KEY (merchant_id, session_id, task_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_debriefs
  , CONSTRAINT a_task_says_something CHECK (words <> '')
  , CONSTRAINT done_means_by_whom CHECK ((done_at IS NULL) = (done_by IS NULL))
);
COMMENT ON TABLE live_debrief_tasks IS 'by merchant: what is to be done next, as a review says';
COMMENT ON COLUMN live_debrief_tasks.owner_id IS 'Who sees to it, an account of the shop''s staff; none: nobody yet';
COMMENT ON COLUMN live_debrief_tasks.due_on IS 'A day of the house; none: no day';
CREATE INDEX live_debrief_tasks_by_time ON live_debrief_tasks (merchant_id, session_id, at, task_id);
