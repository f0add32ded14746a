-- Interviews: who was drawn to be talked to, and how far each of them is.

CREATE TABLE interview_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE interview_transitions IS 'reference: the states of an interview that follow each other';
INSERT INTO interview_transitions (from_state, to_state) VALUES
    ('nowhere', 'drawn'), ('drawn', 'asked'), ('drawn', 'declined'), ('asked', 'agreed'), ('asked', 'declined'), ('asked', 'drawn')
  , ('agreed', 'done'), ('agreed', 'declined'), ('agreed', 'asked'), ('done', 'agreed'), ('declined', 'asked');

CREATE TABLE interview_lists (
    merchant_id uuid NOT NULL
  , list_id     uuid NOT NULL
  , name        text NOT NULL
  , segment_id  uuid NOT NULL
  , wanted      integer NOT NULL
  , seed        text NOT NULL
  , could       integer NOT NULL
  , drawn_at    timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, list_id)
  , FOREIGN KEY (merchant_id, segment_id) REFERENCES segments
  , CONSTRAINT somebody_is_wanted CHECK (wanted > 0 AND could >= 0)
);
COMMENT ON TABLE interview_lists IS 'by merchant, never deleted: people of a segment drawn by chance to be interviewed';
COMMENT ON COLUMN interview_lists.seed IS 'The same seed draws the same people of the same ones';
COMMENT ON COLUMN interview_lists.could IS 'How many of the segment could be asked when they were drawn';
CREATE INDEX interview_lists_newest ON interview_lists (merchant_id, drawn_at DESC, list_id DESC);

CREATE TABLE interview_people (
    merchant_id uuid NOT NULL
  , list_id     uuid NOT NULL
  , place       integer NOT NULL
  , buyer_id    uuid
  , state       text NOT NULL
  , note        text NOT NULL DEFAULT ''
  , thanked_at  timestamptz
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, list_id, place)
  , FOREIGN KEY (merchant_id, list_id) REFERENCES interview_lists
);
COMMENT ON TABLE interview_people IS 'by merchant: who is on a list of interviews, in the order in which they were drawn';
COMMENT ON COLUMN interview_people.buyer_id IS 'None: somebody who is forgotten';
COMMENT ON COLUMN interview_people.thanked_at IS 'When they got a coupon for it';
CREATE INDEX interview_people_of_a_buyer ON interview_people (buyer_id) WHERE buyer_id IS NOT NULL;

CREATE TABLE interview_history (
    merchant_id uuid NOT NULL
  , list_id     uuid NOT NULL
  , place       integer NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, list_id, place, step)
  , FOREIGN KEY (merchant_id, list_id, place) REFERENCES interview_people
  , FOREIGN KEY (from_state, to_state) REFERENCES interview_transitions
);
COMMENT ON TABLE interview_history IS 'by merchant, append-only: each change of an interview''s state';
