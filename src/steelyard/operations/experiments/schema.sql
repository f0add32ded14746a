-- Experiments: what is tried on whom, who has seen what, and what came of it.

CREATE TABLE experiment_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE experiment_transitions IS 'reference: the states of an experiment that follow each other';
INSERT INTO experiment_transitions (from_state, to_state) VALUES
    ('nowhere', 'draft'), ('nowhere', 'stopped'), ('draft', 'running'), ('draft', 'dropped'), ('running', 'stopped')
  , ('stopped', 'archived');

CREATE TABLE experiments (
    merchant_id   uuid NOT NULL
  , experiment_id uuid NOT NULL
  , kind          text NOT NULL
  , state         text NOT NULL
  , name          text NOT NULL
  , hypothesis    text NOT NULL
  , page          text
  , journey_id    uuid
  , box           text
  , journey_version integer
  , block_id      uuid
  , metric        text NOT NULL
  , guardrails    text[] NOT NULL DEFAULT '{}'
  , currency      text NOT NULL REFERENCES currencies
  , share         integer NOT NULL DEFAULT 1000000
  , alpha         integer NOT NULL DEFAULT 50000
  , units_planned integer NOT NULL
  , days_max      integer NOT NULL
  , salt          uuid NOT NULL
  , bought_days   integer
  , source        text NOT NULL DEFAULT ''
  , created_at    timestamptz NOT NULL DEFAULT now()
  , started_at    timestamptz
  , stopped_at    timestamptz
  , shipped       smallint
  , learning      text NOT NULL DEFAULT ''
  , measured_at   timestamptz
  , enrolled_at   timestamptz
  , mixed         integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, experiment_id)
  , CONSTRAINT an_experiment_is_of_a_kind CHECK (kind IN ('page', 'block', 'sort', 'groups', 'journey', 'coupons', 'imported'))
  , CONSTRAINT a_page_is_tried_on_a_page CHECK ((kind IN ('page', 'block', 'sort')) = (page IS NOT NULL))
  , CONSTRAINT a_block_is_tried_on_a_block CHECK ((kind = 'block') = (block_id IS NOT NULL))
  , CONSTRAINT a_split_is_tried_on_a_split CHECK ((kind = 'journey') = (journey_id IS NOT NULL) AND (kind = 'journey') = (box IS NOT NULL))
  , CONSTRAINT everybody_passes_a_split CHECK (kind <> 'journey' OR share = 1000000)
  , CONSTRAINT a_split_is_judged_from_a_version_on CHECK ((journey_version IS NOT NULL) = (kind = 'journey' AND started_at IS NOT NULL))
  , CONSTRAINT groups_are_of_who_has_bought CHECK ((kind = 'groups') = (bought_days IS NOT NULL))
  , CONSTRAINT a_share_is_a_share CHECK (0 < share AND share <= 1000000)
  , CONSTRAINT a_level_is_a_level CHECK (0 < alpha AND alpha < 500000)
  , CONSTRAINT something_is_planned CHECK (units_planned > 0 AND days_max > 0)
  , CONSTRAINT what_runs_has_begun CHECK (state IN ('draft', 'dropped') OR started_at IS NOT NULL)
  , CONSTRAINT what_is_over_has_ended CHECK ((state IN ('stopped', 'archived')) = (stopped_at IS NOT NULL))
  , CONSTRAINT what_is_archived_taught_something CHECK (state <> 'archived' OR learning <> '')
);
COMMENT ON TABLE experiments IS 'by merchant, never deleted: what a shop, or under an id of zeros the marketplace, tries on a part of its visitors or customers';
COMMENT ON COLUMN experiments.journey_id IS 'journey: whose split is judged; box: which of its splits, of whose ways each is a variant, in their order';
COMMENT ON COLUMN experiments.journey_version IS 'journey: who came in by this version or a later one counts: in these the ways of the split are the same';
COMMENT ON COLUMN experiments.page IS 'page, block: which page of merchandising; sort: list:search, list:categories or list:shop';
COMMENT ON COLUMN experiments.block_id IS 'block: the one block of the page that is tried';
COMMENT ON COLUMN experiments.metric IS 'By which it is judged';
COMMENT ON COLUMN experiments.guardrails IS 'What must not become worse meanwhile';
COMMENT ON COLUMN experiments.share IS 'How many take part, in parts per million';
COMMENT ON COLUMN experiments.alpha IS 'How often it may find something where nothing is, in parts per million';
COMMENT ON COLUMN experiments.units_planned IS 'At which number of units its intervals are narrowest';
COMMENT ON COLUMN experiments.days_max IS 'After so many days it is stopped';
COMMENT ON COLUMN experiments.salt IS 'Shuffles the units: another salt, another order';
COMMENT ON COLUMN experiments.bought_days IS 'groups: customers who have paid for something within so many days before take part';
COMMENT ON COLUMN experiments.source IS 'imported: which file, and which of its columns';
COMMENT ON COLUMN experiments.shipped IS 'The variant that everybody has had since; none: nothing was changed';
COMMENT ON COLUMN experiments.measured_at IS 'When its sums were last counted; none: now, please';
COMMENT ON COLUMN experiments.enrolled_at IS 'groups: until when who takes part has been shared out';
COMMENT ON COLUMN experiments.mixed IS 'People who saw more than one variant, on two browsers: left out';
CREATE INDEX experiments_of_a_merchant ON experiments (merchant_id, created_at DESC, experiment_id);
CREATE UNIQUE INDEX one_experiment_runs_on_a_page ON experiments (merchant_id, page) WHERE state = 'running';
CREATE UNIQUE INDEX one_experiment_runs_on_a_split ON experiments (merchant_id, journey_id, box) WHERE state = 'running';
CREATE INDEX experiments_of_a_split ON experiments (merchant_id, journey_id, box, started_at DESC) WHERE journey_id IS NOT NULL;
CREATE INDEX experiments_to_leave ON experiments (merchant_id, experiment_id) WHERE kind = 'groups' AND enrolled_at IS NOT NULL;
CREATE INDEX experiments_running ON experiments (measured_at NULLS FIRST) WHERE state = 'running';
CREATE INDEX experiments_stopped ON experiments (stopped_at) WHERE state = 'stopped' AND kind <> 'imported';
CREATE INDEX experiments_to_measure ON experiments (merchant_id, experiment_id) WHERE measured_at IS NULL AND state IN ('running', 'stopped') AND kind <> 'imported';

CREATE TABLE experiment_variants (
    merchant_id   uuid NOT NULL
  , experiment_id uuid NOT NULL
  , variant       smallint NOT NULL
  , name          text NOT NULL
  , weight        integer NOT NULL
  , version       integer
  , group_id      uuid
  , block         jsonb
  , sort          text
  , PRIMARY KEY (merchant_id, experiment_id, variant)
  , FOREIGN KEY (merchant_id, experiment_id) REFERENCES experiments
  , CONSTRAINT a_weight_weighs CHECK (weight BETWEEN 1 AND 1000)
);
COMMENT ON TABLE experiment_variants IS 'by merchant: what is tried; variant 0 is the control';
COMMENT ON COLUMN experiment_variants.version IS 'page: which version of the page is shown';
COMMENT ON COLUMN experiment_variants.block IS 'block: what stands in its place; none: nothing does';
COMMENT ON COLUMN experiment_variants.sort IS 'sort: in which sort the list is shown to who chose none';
COMMENT ON COLUMN experiment_variants.group_id IS 'groups: into which customer group they come; none: everything stays as it is for them';

CREATE TABLE experiment_history (
    merchant_id   uuid NOT NULL
  , experiment_id uuid NOT NULL
  , step          integer NOT NULL
  , from_state    text NOT NULL
  , to_state      text NOT NULL
  , at            timestamptz NOT NULL DEFAULT now()
  , by            text NOT NULL
  , note          text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, experiment_id, step)
  , FOREIGN KEY (merchant_id, experiment_id) REFERENCES experiments
  , FOREIGN KEY (from_state, to_state) REFERENCES experiment_transitions
);
COMMENT ON TABLE experiment_history IS 'by merchant, append-only: each change of state of an experiment';

CREATE TABLE experiment_units (
    merchant_id   uuid NOT NULL
  , experiment_id uuid NOT NULL
  , unit_id       uuid NOT NULL
  , variant       smallint
  , since         timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, experiment_id, unit_id)
  , FOREIGN KEY (merchant_id, experiment_id, variant) REFERENCES experiment_variants
);
COMMENT ON TABLE experiment_units IS 'by merchant: who has seen which variant, since when: a visitor or a buyer';
COMMENT ON COLUMN experiment_units.variant IS 'groups: none: a customer who takes no part';
CREATE INDEX experiment_units_of_one ON experiment_units (unit_id);

CREATE TABLE experiment_looks (
    merchant_id    uuid NOT NULL
  , experiment_id  uuid NOT NULL
  , day            date NOT NULL
  , metric         text NOT NULL
  , variant        smallint NOT NULL
  , units          integer NOT NULL
  , summed         double precision NOT NULL
  , squares        double precision NOT NULL
  , before         double precision NOT NULL DEFAULT 0
  , before_squares double precision NOT NULL DEFAULT 0
  , products       double precision NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, experiment_id, day, metric, variant)
  , FOREIGN KEY (merchant_id, experiment_id, variant) REFERENCES experiment_variants
);
COMMENT ON TABLE experiment_looks IS 'by merchant: what was known on a day of each variant and metric; the last of a day stays';
COMMENT ON COLUMN experiment_looks.summed IS 'Of the units'' values: a count, a share''s hits, or minor units of the currency';
COMMENT ON COLUMN experiment_looks.squares IS 'Of the units'' values, summed; before…: of what they paid before; products: of both';
