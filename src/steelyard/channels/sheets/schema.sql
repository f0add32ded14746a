-- Changes of many goods at once: by a file, in the grid, or by one action on the ticked ones. Each can be undone for a day.

CREATE TABLE goods_changes (
    merchant_id uuid NOT NULL
  , change_id   uuid NOT NULL
  , kind        text NOT NULL
  , name        text NOT NULL DEFAULT ''
  , state       text NOT NULL
  , rows        jsonb NOT NULL
  , counts      jsonb NOT NULL
  , done        integer NOT NULL DEFAULT 0
  , made_at     timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , applied_at  timestamptz
  , undone_at   timestamptz
  , trouble     text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, change_id)
  , CONSTRAINT a_change_is_of_a_kind CHECK (kind IN ('file', 'grid', 'action'))
  , CONSTRAINT a_change_is_in_a_state CHECK (state IN ('planned', 'applying', 'applied', 'failed', 'undone'))
  , CONSTRAINT applied_means_when CHECK ((state IN ('applied', 'undone')) = (applied_at IS NOT NULL))
  , CONSTRAINT undone_means_when CHECK ((state = 'undone') = (undone_at IS NOT NULL))
);
COMMENT ON TABLE goods_changes IS 'by merchant: changes of many goods at once, as planned, with what was before';
COMMENT ON COLUMN goods_changes.rows IS 'The rows of the plan: see model.Row';
COMMENT ON COLUMN goods_changes.counts IS '{new, changed, unchanged, wrong}: rows of each outcome';
COMMENT ON COLUMN goods_changes.done IS 'How many rows are written already';
COMMENT ON COLUMN goods_changes.trouble IS 'Why it failed';
CREATE INDEX goods_changes_latest ON goods_changes (merchant_id, made_at DESC, change_id DESC);
