-- What the operator has decided otherwise than the defaults say.

CREATE TABLE policies (
    policy     text PRIMARY KEY
  , value      bigint NOT NULL
  , changed_at timestamptz NOT NULL DEFAULT now()
  , changed_by uuid
);
COMMENT ON TABLE policies IS 'reference: run-time settings that differ from their defaults in parties/policies/model.py';
COMMENT ON COLUMN policies.value IS 'In the unit of the policy; a yes or no is 1 or 0';

CREATE TABLE policy_changes (
    change_id uuid PRIMARY KEY
  , policy    text NOT NULL
  , before    bigint NOT NULL
  , after     bigint NOT NULL
  , at        timestamptz NOT NULL DEFAULT now()
  , by        uuid
);
COMMENT ON TABLE policy_changes IS 'local, append-only: each change of a run-time setting';
CREATE INDEX policy_changes_of_a_policy ON policy_changes (policy, at DESC);

CREATE TABLE policy_plans (
    policy     text PRIMARY KEY
  , value      bigint NOT NULL
  , from_day   date NOT NULL
  , planned_at timestamptz NOT NULL DEFAULT now()
  , planned_by uuid
);
COMMENT ON TABLE policy_plans IS 'reference: what a run-time setting will be from a day to come, one plan for each';
COMMENT ON COLUMN policy_plans.from_day IS 'From the midnight with which this day begins in Shanghai';

CREATE TABLE document_versions (
    document     text NOT NULL
  , from_day     date NOT NULL
  , summary      jsonb NOT NULL
  , body         jsonb NOT NULL DEFAULT '{}'
  , published_at timestamptz NOT NULL DEFAULT now()
  , published_by uuid
  , PRIMARY KEY (document, from_day)
);
COMMENT ON TABLE document_versions IS 'reference: what people are asked to agree to, each version by the day from which it is in force';
COMMENT ON COLUMN document_versions.from_day IS 'From the midnight with which this day begins in Shanghai';
COMMENT ON COLUMN document_versions.summary IS 'What is new in it, in a sentence or two';
COMMENT ON COLUMN document_versions.body IS 'Its text; empty where the text that the program brings stays as it is';
