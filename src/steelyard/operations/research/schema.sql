-- Surveys: what is asked, what was answered, and whom somebody has asked already.

CREATE TABLE survey_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE survey_transitions IS 'reference: the states of a survey that follow each other';
INSERT INTO survey_transitions (from_state, to_state) VALUES
    ('nowhere', 'draft'), ('draft', 'open'), ('draft', 'dropped'), ('open', 'closed'), ('closed', 'open');

CREATE TABLE surveys (
    merchant_id uuid NOT NULL
  , survey_id   uuid NOT NULL
  , state       text NOT NULL
  , code        text NOT NULL
  , version     integer NOT NULL DEFAULT 0
  , draft       jsonb NOT NULL
  , trigger     text NOT NULL DEFAULT ''
  , segment_id  uuid
  , share       integer NOT NULL DEFAULT 1000000
  , after_hours integer NOT NULL DEFAULT 0
  , in_page     boolean NOT NULL DEFAULT false
  , by_mail     boolean NOT NULL DEFAULT false
  , invited_to  uuid
  , created_at  timestamptz NOT NULL DEFAULT now()
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , opened_at   timestamptz
  , closed_at   timestamptz
  , PRIMARY KEY (merchant_id, survey_id)
  , CONSTRAINT what_was_opened_has_a_version CHECK ((state IN ('open', 'closed')) = (version > 0)
                                                AND (version > 0) = (opened_at IS NOT NULL))
  , CONSTRAINT what_is_closed_says_when CHECK ((state = 'closed') = (closed_at IS NOT NULL))
  , CONSTRAINT a_share_of_people_is_a_share CHECK (0 < share AND share <= 1000000)
  , CONSTRAINT nobody_is_asked_before_it_happened CHECK (after_hours >= 0)
  , CONSTRAINT it_asks_after_something_known CHECK (trigger IN ('', 'received', 'returned', 'watched', 'entered'))
);
COMMENT ON TABLE surveys IS 'by merchant, never deleted: what a shop, or under an id of zeros the marketplace, asks people';
COMMENT ON COLUMN surveys.code IS 'Its short address: /q/<code>';
COMMENT ON COLUMN surveys.version IS 'Which of its versions is asked; 0: it was never opened';
COMMENT ON COLUMN surveys.draft IS 'As somebody is putting it together: operations/research/model.py, Definition';
COMMENT ON COLUMN surveys.trigger IS 'This and the columns below say whom the version that is asked reaches, as its definition has it: after what';
COMMENT ON COLUMN surveys.share IS 'How many of those are asked, in parts per million';
COMMENT ON COLUMN surveys.invited_to IS 'Up to which buyer of the segment invitations are written; none: nothing is to be written';
CREATE INDEX surveys_newest ON surveys (merchant_id, created_at DESC, survey_id DESC);
CREATE INDEX surveys_open ON surveys (trigger, merchant_id) WHERE state = 'open';
CREATE INDEX surveys_to_invite ON surveys (merchant_id, survey_id) WHERE state = 'open' AND invited_to IS NOT NULL;

CREATE TABLE survey_codes (
    code        text PRIMARY KEY
  , merchant_id uuid NOT NULL
  , survey_id   uuid NOT NULL
);
COMMENT ON TABLE survey_codes IS 'by key, merchants insert: whose survey a short address is';

CREATE TABLE survey_versions (
    merchant_id uuid NOT NULL
  , survey_id   uuid NOT NULL
  , version     integer NOT NULL
  , asked       jsonb NOT NULL
  , by          text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, survey_id, version)
  , FOREIGN KEY (merchant_id, survey_id) REFERENCES surveys
);
COMMENT ON TABLE survey_versions IS 'by merchant, append-only: what a survey asked, and from when on';

CREATE TABLE survey_history (
    merchant_id uuid NOT NULL
  , survey_id   uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , version     integer NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, survey_id, step)
  , FOREIGN KEY (merchant_id, survey_id) REFERENCES surveys
  , FOREIGN KEY (from_state, to_state) REFERENCES survey_transitions
);
COMMENT ON TABLE survey_history IS 'by merchant, append-only: each change of a survey''s state';

CREATE TABLE survey_quotas (
    merchant_id uuid NOT NULL
  , survey_id   uuid NOT NULL
  , quota       text NOT NULL
  , most        integer NOT NULL
  , taken       integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, survey_id, quota)
  , FOREIGN KEY (merchant_id, survey_id) REFERENCES surveys
  , CONSTRAINT no_quota_is_taken_less_than_never CHECK (taken >= 0)
);
COMMENT ON TABLE survey_quotas IS 'by merchant: how many answers of a kind are wanted of a survey, and how many there are';
COMMENT ON COLUMN survey_quotas.taken IS 'May be more than is wanted where less is wanted than was: then nobody else is taken';

CREATE TABLE survey_responses (
    merchant_id uuid NOT NULL
  , survey_id   uuid NOT NULL
  , response_id uuid NOT NULL
  , version     integer NOT NULL
  , person      uuid NOT NULL
  , buyer_id    uuid
  , via         text NOT NULL
  , locale      text NOT NULL
  , began_at    timestamptz NOT NULL
  , ended_at    timestamptz
  , ending      text
  , stage       text
  , segments    uuid[] NOT NULL DEFAULT '{}'
  , PRIMARY KEY (merchant_id, survey_id, response_id)
  , FOREIGN KEY (merchant_id, survey_id, version) REFERENCES survey_versions
  , CONSTRAINT nobody_answers_twice UNIQUE (merchant_id, survey_id, person)
  , CONSTRAINT an_answer_comes_by_a_door CHECK (via IN ('page', 'link', 'mail'))
  , CONSTRAINT what_has_ended_says_how CHECK ((ended_at IS NULL) = (ending IS NULL) AND ending IN ('finished', 'full'))
);
COMMENT ON TABLE survey_responses IS 'by merchant: who answers a survey, and how far they are';
COMMENT ON COLUMN survey_responses.person IS 'Who in this survey: a buyer, a visitor; where nobody may be known, an id that leads to nobody';
COMMENT ON COLUMN survey_responses.buyer_id IS 'None: a visitor, an anonymous survey, or somebody who is forgotten';
COMMENT ON COLUMN survey_responses.ending IS 'full: enough had answered so, and this one counts in no result';
COMMENT ON COLUMN survey_responses.stage IS 'In which stage of the lifecycle they were when they had answered; segments: in which segments';
CREATE INDEX survey_responses_by_time ON survey_responses (merchant_id, survey_id, ended_at DESC, response_id DESC) WHERE ending = 'finished';
CREATE INDEX survey_responses_of_a_buyer ON survey_responses (buyer_id) WHERE buyer_id IS NOT NULL;
CREATE INDEX survey_responses_of_a_person ON survey_responses (person);

CREATE TABLE survey_answers (
    merchant_id uuid NOT NULL
  , survey_id   uuid NOT NULL
  , response_id uuid NOT NULL
  , question    text NOT NULL
  , choices     text[] NOT NULL DEFAULT '{}'
  , number      double precision
  , words       text NOT NULL DEFAULT ''
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, survey_id, response_id, question)
  , FOREIGN KEY (merchant_id, survey_id, response_id) REFERENCES survey_responses
);
COMMENT ON TABLE survey_answers IS 'by merchant: what somebody answered to a question; all empty: they passed it over';
COMMENT ON COLUMN survey_answers.choices IS 'Options by their keys: of a ranking in its order, of a matrix as line=option';

CREATE TABLE survey_asked (
    merchant_id  uuid NOT NULL
  , survey_id    uuid NOT NULL
  , person       uuid NOT NULL
  , at           timestamptz NOT NULL DEFAULT now()
  , last_at      timestamptz NOT NULL DEFAULT now()
  , times        integer NOT NULL DEFAULT 1
  , dismissed_at timestamptz
  , PRIMARY KEY (merchant_id, survey_id, person)
  , FOREIGN KEY (merchant_id, survey_id) REFERENCES surveys
);
COMMENT ON TABLE survey_asked IS 'by merchant: whom a survey has asked on a page or by mail, so that nobody is asked too often';
COMMENT ON COLUMN survey_asked.dismissed_at IS 'They do not want to answer it';
CREATE INDEX survey_asked_lately ON survey_asked (merchant_id, person, at);
CREATE INDEX survey_asked_of_a_person ON survey_asked (person);

CREATE TABLE survey_invitations (
    merchant_id uuid NOT NULL
  , survey_id   uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , token       uuid NOT NULL
  , reason      text NOT NULL DEFAULT ''
  , by_mail     boolean NOT NULL
  , due_at      timestamptz NOT NULL
  , sent_at     timestamptz
  , kept_back   text
  , PRIMARY KEY (merchant_id, survey_id, buyer_id)
  , FOREIGN KEY (merchant_id, survey_id) REFERENCES surveys
  , CONSTRAINT what_is_sent_is_not_kept_back CHECK (sent_at IS NULL OR kept_back IS NULL)
  , CONSTRAINT an_invitation_is_kept_back_for_a_reason CHECK (kept_back IN ('consent', 'lately', 'answered', 'closed'))
);
COMMENT ON TABLE survey_invitations IS 'by merchant: who is to be asked because of something that happened, or because they are in a segment';
COMMENT ON COLUMN survey_invitations.token IS 'Random: whoever brings it answers as this buyer';
COMMENT ON COLUMN survey_invitations.kept_back IS 'Why no mail went out: no consent, asked lately, answered already, the survey is closed';
CREATE INDEX survey_invitations_due ON survey_invitations (due_at) WHERE by_mail AND sent_at IS NULL AND kept_back IS NULL;
CREATE INDEX survey_invitations_of_a_buyer ON survey_invitations (buyer_id);

CREATE TABLE survey_rules (
    merchant_id    uuid PRIMARY KEY
  , recontact_days integer NOT NULL
  , by             text NOT NULL
  , at             timestamptz NOT NULL DEFAULT now()
  , CONSTRAINT days_between_two_surveys_are_days CHECK (recontact_days BETWEEN 0 AND 365)
);
COMMENT ON TABLE survey_rules IS 'by merchant: for how many days after one survey of a shop nobody is asked by another';
