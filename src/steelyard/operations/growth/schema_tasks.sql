-- Tasks of a membership: what a buyer may do once for growth.

CREATE TABLE growth_tasks (
    merchant_id uuid NOT NULL
  , task        text NOT NULL
  , amount      integer NOT NULL
  , target      integer NOT NULL
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, task)
  , FOREIGN KEY (merchant_id) REFERENCES growth_programmes
  , CONSTRAINT a_task_is_one_of_these CHECK (task IN ('profile', 'review', 'follow', 'share', 'watch'))
  , CONSTRAINT a_task_asks_and_brings_something CHECK (amount > 0 AND target > 0)
);
COMMENT ON TABLE growth_tasks IS 'by merchant: what a membership gives growth for, once to each buyer; had is what has its line in growth_lines';
COMMENT ON COLUMN growth_tasks.target IS 'So much is to be done: of a profile its parts, of watching minutes';
