-- Who belongs together: what a shop says of it, who is in it at this moment, and what follows it.

CREATE TABLE segments (
    merchant_id uuid NOT NULL
  , segment_id  uuid NOT NULL
  , kind        text NOT NULL
  , name        jsonb NOT NULL
  , description text NOT NULL DEFAULT ''
  , owner       text NOT NULL
  , version     integer NOT NULL DEFAULT 0
  , tree        jsonb
  , depends     text[] NOT NULL DEFAULT '{}'
  , members     integer NOT NULL DEFAULT 0
  , created_at  timestamptz NOT NULL DEFAULT now()
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , archived_at timestamptz
  , PRIMARY KEY (merchant_id, segment_id)
  , CONSTRAINT a_segment_has_rules_or_is_a_list CHECK (kind IN ('rules', 'list') AND (kind = 'rules') = (tree IS NOT NULL)
                                                 AND (kind = 'rules') = (version > 0))
  , CONSTRAINT nobody_is_a_member_less_than_once CHECK (members >= 0)
);
COMMENT ON TABLE segments IS 'by merchant: customers of a shop, or under an id of zeros of the marketplace, who belong together';
COMMENT ON COLUMN segments.owner IS 'Who answers for it, by name';
COMMENT ON COLUMN segments.tree IS 'What it says, as operations/segments/tree.py has it; none: a list';
COMMENT ON COLUMN segments.depends IS 'What can change it: profile, facts, values, answers, time, did:<kind of event>, segment:<id>';
COMMENT ON COLUMN segments.members IS 'How many are in it now; checks hold it to the rows of segment_members';
COMMENT ON COLUMN segments.archived_at IS 'Not kept any more since then; who was in it at that moment stays written down';

CREATE TABLE segment_versions (
    merchant_id uuid NOT NULL
  , segment_id  uuid NOT NULL
  , version     integer NOT NULL
  , tree        jsonb NOT NULL
  , by          text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, segment_id, version)
  , FOREIGN KEY (merchant_id, segment_id) REFERENCES segments
);
COMMENT ON TABLE segment_versions IS 'by merchant, append-only: what a segment said, and from when on';

CREATE TABLE segment_drafts (
    merchant_id uuid NOT NULL
  , segment_id  uuid NOT NULL
  , name        jsonb NOT NULL
  , description text NOT NULL DEFAULT ''
  , sketch      jsonb NOT NULL
  , by          text NOT NULL
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, segment_id)
);
COMMENT ON TABLE segment_drafts IS 'by merchant: definitions as somebody is putting them together; gone when they are saved';
CREATE INDEX segment_drafts_by_time ON segment_drafts (merchant_id, changed_at DESC, segment_id DESC);

CREATE TABLE segment_people (
    merchant_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , due_at      timestamptz
  , PRIMARY KEY (merchant_id, buyer_id)
);
COMMENT ON TABLE segment_people IS 'by merchant: customers whom segments have looked at; who looks at one holds the row, so that two never write at once';
COMMENT ON COLUMN segment_people.due_at IS 'When time alone can change in which segments they are, at the earliest; none: it cannot';
CREATE INDEX segment_people_due ON segment_people (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX segment_people_of_a_buyer ON segment_people (buyer_id);

CREATE TABLE segment_members (
    merchant_id uuid NOT NULL
  , segment_id  uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , since       timestamptz NOT NULL
  , PRIMARY KEY (merchant_id, segment_id, buyer_id)
  , FOREIGN KEY (merchant_id, segment_id) REFERENCES segments
);
COMMENT ON TABLE segment_members IS 'by merchant: who is in which segment now, and since when';
CREATE INDEX segments_of_a_buyer ON segment_members (buyer_id, merchant_id);
CREATE INDEX segment_members_by_time ON segment_members (merchant_id, segment_id, since DESC, buyer_id DESC);

CREATE TABLE segment_days (
    merchant_id uuid NOT NULL
  , segment_id  uuid NOT NULL
  , day         date NOT NULL
  , entered     integer NOT NULL
  , went        integer NOT NULL
  , PRIMARY KEY (merchant_id, segment_id, day)
);
COMMENT ON TABLE segment_days IS 'by merchant: how many came into a segment and how many went, by the house''s days';

CREATE TABLE segment_counts (
    merchant_id uuid NOT NULL
  , count_id    uuid NOT NULL
  , segment_id  uuid
  , upto        uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
  , people      integer NOT NULL DEFAULT 0
  , entered     integer NOT NULL DEFAULT 0
  , went        integer NOT NULL DEFAULT 0
  , began_at    timestamptz NOT NULL DEFAULT now()
  , ended_at    timestamptz
  , PRIMARY KEY (merchant_id, count_id)
);
COMMENT ON TABLE segment_counts IS 'by merchant: all customers looked at for one segment that was changed, or each night for all segments; then what came and went are differences that were mended';
COMMENT ON COLUMN segment_counts.segment_id IS 'None: all of them';
COMMENT ON COLUMN segment_counts.upto IS 'Up to this buyer so far';
CREATE INDEX segment_counts_to_do ON segment_counts (began_at, count_id) WHERE ended_at IS NULL;
CREATE INDEX segment_counts_by_time ON segment_counts (merchant_id, began_at DESC);

CREATE TABLE segment_groups (
    merchant_id uuid NOT NULL
  , group_id    uuid NOT NULL
  , segment_id  uuid NOT NULL
  , by          text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, group_id)
  , FOREIGN KEY (merchant_id, segment_id) REFERENCES segments
  , FOREIGN KEY (merchant_id, group_id) REFERENCES customer_groups
);
COMMENT ON TABLE segment_groups IS 'by merchant: customer groups that follow a segment, so that prices know it';
CREATE INDEX segment_groups_of_a_segment ON segment_groups (merchant_id, segment_id);

CREATE TABLE segment_news (
    follows  text PRIMARY KEY
  , xid      xid8 NOT NULL
  , position bigint NOT NULL
);
COMMENT ON TABLE segment_news IS 'local: up to where what people do has been read';

CREATE TABLE segment_answers (
    merchant_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , survey_id   uuid NOT NULL
  , question    text NOT NULL
  , choices     text[] NOT NULL DEFAULT '{}'
  , number      double precision
  , PRIMARY KEY (merchant_id, buyer_id, survey_id, question)
);
COMMENT ON TABLE segment_answers IS 'by merchant: what customers have answered in surveys, as the surveys tell it';
COMMENT ON COLUMN segment_answers.choices IS 'Options by their keys; number: a rating, or a number';
CREATE INDEX segment_answers_of_a_buyer ON segment_answers (buyer_id);
