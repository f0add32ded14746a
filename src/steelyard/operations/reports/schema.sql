-- Questions that staff have given a name, so that everybody of the shop can ask them again.

CREATE TABLE saved_reports (
    merchant_id uuid NOT NULL
  , report_id   uuid NOT NULL
  , name        text NOT NULL
  , analysis    text NOT NULL
  , asked       text NOT NULL
  , made_by     text NOT NULL
  , made_at     timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, report_id)
  , CONSTRAINT a_report_has_a_name CHECK (length(name) BETWEEN 1 AND 100)
  , CONSTRAINT a_question_is_short CHECK (length(asked) <= 2000)
);
COMMENT ON TABLE saved_reports IS 'by merchant: analyses under a name, shared by all staff of a shop; all zeros: the operator''s';
COMMENT ON COLUMN saved_reports.analysis IS 'trend, funnel, …';
COMMENT ON COLUMN saved_reports.asked IS 'The questions of the page''s address';
CREATE INDEX saved_reports_by_time ON saved_reports (merchant_id, made_at);
