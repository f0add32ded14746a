-- What buyers say: reviews of what they received, scores of the shop behind it, questions and their answers.

CREATE TABLE review_rules (
    only_one        boolean PRIMARY KEY DEFAULT true
  , write_days      integer NOT NULL DEFAULT 90
  , follow_up_days  integer NOT NULL DEFAULT 180
  , automatic_days  integer NOT NULL DEFAULT 0
  , CONSTRAINT there_is_one_set_of_rules CHECK (only_one)
  , CONSTRAINT periods_are_days CHECK (write_days BETWEEN 1 AND 365 AND follow_up_days BETWEEN 1 AND 730
                                       AND automatic_days BETWEEN 0 AND write_days)
);
COMMENT ON TABLE review_rules IS 'reference: how long one may review, and whether silence counts as a good review';
COMMENT ON COLUMN review_rules.write_days IS 'Days after receipt in which a line may be reviewed';
COMMENT ON COLUMN review_rules.follow_up_days IS 'Days after a review in which it may be followed up, once';
COMMENT ON COLUMN review_rules.automatic_days IS 'After so many days without a word a labelled good review is written, which counts in no rating; 0: never';
INSERT INTO review_rules DEFAULT VALUES;

CREATE TABLE reviews (
    merchant_id        uuid NOT NULL
  , review_id          uuid NOT NULL
  , product_id         uuid NOT NULL
  , sku_id             uuid NOT NULL
  , order_id           uuid NOT NULL
  , line               integer NOT NULL
  , buyer_id           uuid NOT NULL
  , author             text NOT NULL DEFAULT ''
  , locale             text NOT NULL
  , options            jsonb NOT NULL DEFAULT '[]'
  , stars              smallint NOT NULL
  , text               text NOT NULL DEFAULT ''
  , pictures           text[] NOT NULL DEFAULT '{}'
  , automatic          boolean NOT NULL DEFAULT false
  , written_at         timestamptz NOT NULL DEFAULT now()
  , follow_up          text
  , follow_up_pictures text[] NOT NULL DEFAULT '{}'
  , followed_up_at     timestamptz
  , reply              text
  , replied_at         timestamptz
  , helpful            integer NOT NULL DEFAULT 0
  , worth              integer NOT NULL DEFAULT 0
  , hidden_at          timestamptz
  , hidden_reason      text
  , hidden_ground      text
  , PRIMARY KEY (merchant_id, review_id)
  , CONSTRAINT a_line_is_reviewed_once UNIQUE (merchant_id, order_id, line)
  , CONSTRAINT a_review_has_one_to_five_stars CHECK (stars BETWEEN 1 AND 5)
  , CONSTRAINT followed_up_means_when CHECK ((follow_up IS NULL) = (followed_up_at IS NULL))
  , CONSTRAINT replied_means_when CHECK ((reply IS NULL) = (replied_at IS NULL))
  , CONSTRAINT hidden_means_why CHECK ((hidden_at IS NULL) = (hidden_reason IS NULL)
                                     AND (hidden_at IS NULL) = (hidden_ground IS NULL))
  , CONSTRAINT votes_are_counted CHECK (helpful >= 0)
  , CONSTRAINT silence_has_no_words CHECK (NOT automatic OR (text = '' AND pictures = '{}' AND follow_up IS NULL))
);
COMMENT ON TABLE reviews IS 'by merchant, never deleted: what a buyer says of one line of an order, after it has arrived';
COMMENT ON COLUMN reviews.author IS 'How the writer is called, masked when it was written; empty: anonymous';
COMMENT ON COLUMN reviews.options IS '[[name, value], …]: the choice that was bought';
COMMENT ON COLUMN reviews.automatic IS 'Nobody wrote it: the buyer was silent for review_rules.automatic_days';
COMMENT ON COLUMN reviews.hidden_ground IS 'held: a word of the dictionary, nobody has looked yet; else on which ground staff took it off the pages';
COMMENT ON COLUMN reviews.worth IS 'How much it tells others: what is in it, and ten for each helpful vote';
CREATE INDEX reviews_by_id ON reviews (review_id);
CREATE INDEX reviews_of_a_product_by_worth ON reviews (product_id, worth DESC, written_at DESC, review_id DESC)
    WHERE hidden_at IS NULL;
CREATE INDEX reviews_of_a_product_by_time ON reviews (product_id, written_at DESC, review_id DESC)
    WHERE hidden_at IS NULL;
CREATE INDEX reviews_of_a_product_by_stars ON reviews (product_id, stars, written_at DESC, review_id DESC)
    WHERE hidden_at IS NULL;
CREATE INDEX reviews_of_a_merchant ON reviews (merchant_id, written_at DESC, review_id DESC);
CREATE INDEX reviews_without_reply ON reviews (merchant_id, written_at DESC, review_id DESC)
    WHERE reply IS NULL AND hidden_at IS NULL AND NOT automatic;
CREATE INDEX low_reviews_without_reply ON reviews (merchant_id, written_at DESC, review_id DESC)
    WHERE reply IS NULL AND hidden_at IS NULL AND NOT automatic AND stars <= 3;
CREATE INDEX reviews_of_a_buyer ON reviews (buyer_id, written_at DESC, review_id DESC);
CREATE INDEX hidden_reviews ON reviews (hidden_at DESC, review_id DESC) WHERE hidden_at IS NOT NULL;

CREATE TABLE review_votes (
    merchant_id uuid NOT NULL
  , review_id   uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, review_id, buyer_id)
  , FOREIGN KEY (merchant_id, review_id) REFERENCES reviews
);
COMMENT ON TABLE review_votes IS 'by merchant: who found a review helpful, each once';
CREATE INDEX review_votes_of_a_buyer ON review_votes (buyer_id);

CREATE TABLE order_scores (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , service     smallint NOT NULL
  , logistics   smallint NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, order_id)
  , CONSTRAINT scores_are_one_to_five CHECK (service BETWEEN 1 AND 5 AND logistics BETWEEN 1 AND 5)
);
COMMENT ON TABLE order_scores IS 'by merchant: how an order was served and sent, said with its first review';
CREATE INDEX order_scores_by_time ON order_scores (merchant_id, at);

CREATE TABLE product_ratings (
    merchant_id uuid NOT NULL
  , product_id  uuid NOT NULL
  , stars_1     integer NOT NULL DEFAULT 0
  , stars_2     integer NOT NULL DEFAULT 0
  , stars_3     integer NOT NULL DEFAULT 0
  , stars_4     integer NOT NULL DEFAULT 0
  , stars_5     integer NOT NULL DEFAULT 0
  , texts       integer NOT NULL DEFAULT 0
  , pictured    integer NOT NULL DEFAULT 0
  , followed_up integer NOT NULL DEFAULT 0
  , silent      integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, product_id)
  , CONSTRAINT counts_are_not_negative CHECK (least(stars_1, stars_2, stars_3, stars_4, stars_5, texts, pictured
                                                  , followed_up, silent) >= 0)
);
COMMENT ON TABLE product_ratings IS 'by merchant: how many shown reviews of a product have so many stars, words, pictures';
COMMENT ON COLUMN product_ratings.silent IS 'Automatic good reviews: counted here, and in nothing else';
CREATE INDEX product_ratings_by_product ON product_ratings (product_id);

CREATE TABLE shop_scores (
    merchant_id      uuid NOT NULL
  , day              date NOT NULL
  , category_id      uuid
  , reviews          integer NOT NULL
  , description      integer NOT NULL
  , service          integer NOT NULL
  , logistics        integer NOT NULL
  , said_service     integer NOT NULL
  , said_logistics   integer NOT NULL
  , paid             integer NOT NULL
  , faults           integer NOT NULL
  , due              integer NOT NULL
  , late             integer NOT NULL
  , peers            integer
  , peer_description integer
  , peer_service     integer
  , peer_logistics   integer
  , PRIMARY KEY (merchant_id, day)
  , CONSTRAINT scores_are_hundredths_of_stars CHECK (description BETWEEN 0 AND 500 AND service BETWEEN 0 AND 500
                                                     AND logistics BETWEEN 0 AND 500)
  , CONSTRAINT facts_only_take_away CHECK (service <= said_service AND logistics <= said_logistics)
  , CONSTRAINT facts_are_counted CHECK (paid >= 0 AND faults >= 0 AND 0 <= late AND late <= due)
);
COMMENT ON TABLE shop_scores IS 'by merchant: description, service and logistics over 180 days in hundredths of a star, a row a day; 0: nobody has said';
COMMENT ON COLUMN shop_scores.said_service IS 'What buyers said, before the facts of 30 days took away from it';
COMMENT ON COLUMN shop_scores.faults IS 'After-sales cases of 30 days for a reason that lies with the shop, withdrawn and rejected ones left out; of paid orders';
COMMENT ON COLUMN shop_scores.due IS 'Orders paid in 30 days that were sent, or should have been by now; late of them';
COMMENT ON COLUMN shop_scores.category_id IS 'The root category that most of its goods are in: its peers are the shops of the same';
COMMENT ON COLUMN shop_scores.peers IS 'How many shops the peer_ columns are the average of; none: not compared yet';
CREATE INDEX shop_scores_of_a_day ON shop_scores (day, category_id);
CREATE INDEX shop_scores_to_compare ON shop_scores (day) WHERE peers IS NULL;

CREATE TABLE questions (
    merchant_id   uuid NOT NULL
  , question_id   uuid NOT NULL
  , product_id    uuid NOT NULL
  , buyer_id      uuid NOT NULL
  , author        text NOT NULL DEFAULT ''
  , locale        text NOT NULL
  , text          text NOT NULL
  , asked_at      timestamptz NOT NULL DEFAULT now()
  , answers       integer NOT NULL DEFAULT 0
  , shop_at       timestamptz
  , hidden_at     timestamptz
  , hidden_reason text
  , hidden_ground text
  , PRIMARY KEY (merchant_id, question_id)
  , CONSTRAINT answers_are_counted CHECK (answers >= 0)
  , CONSTRAINT hidden_means_why CHECK ((hidden_at IS NULL) = (hidden_reason IS NULL)
                                     AND (hidden_at IS NULL) = (hidden_ground IS NULL))
);
COMMENT ON TABLE questions IS 'by merchant, never deleted: what people want to know about a product';
COMMENT ON COLUMN questions.shop_at IS 'When the shop first answered';
CREATE INDEX questions_by_id ON questions (question_id);
CREATE INDEX questions_of_a_product ON questions (product_id, asked_at DESC, question_id DESC) WHERE hidden_at IS NULL;
CREATE INDEX questions_of_a_merchant ON questions (merchant_id, asked_at DESC, question_id DESC);
CREATE INDEX questions_unanswered ON questions (merchant_id, asked_at DESC, question_id DESC)
    WHERE shop_at IS NULL AND hidden_at IS NULL;
CREATE INDEX hidden_questions ON questions (hidden_at DESC, question_id DESC) WHERE hidden_at IS NOT NULL;
CREATE INDEX questions_of_a_buyer ON questions (buyer_id, asked_at DESC, question_id DESC);

CREATE TABLE answers (
    merchant_id   uuid NOT NULL
  , answer_id     uuid NOT NULL
  , question_id   uuid NOT NULL
  , by_shop       boolean NOT NULL
  , writer_id     uuid NOT NULL
  , author        text NOT NULL DEFAULT ''
  , text          text NOT NULL
  , answered_at   timestamptz NOT NULL DEFAULT now()
  , helpful       integer NOT NULL DEFAULT 0
  , hidden_at     timestamptz
  , hidden_reason text
  , hidden_ground text
  , PRIMARY KEY (merchant_id, answer_id)
  , FOREIGN KEY (merchant_id, question_id) REFERENCES questions
  , CONSTRAINT votes_are_counted CHECK (helpful >= 0)
  , CONSTRAINT hidden_means_why CHECK ((hidden_at IS NULL) = (hidden_reason IS NULL)
                                     AND (hidden_at IS NULL) = (hidden_ground IS NULL))
);
COMMENT ON TABLE answers IS 'by merchant, never deleted: answers of the shop, and of people who bought the product';
COMMENT ON COLUMN answers.writer_id IS 'The buyer, or the account of the shop''s staff';
CREATE INDEX answers_of_a_question ON answers (question_id, by_shop DESC, helpful DESC, answered_at);
CREATE INDEX hidden_answers ON answers (hidden_at DESC, answer_id DESC) WHERE hidden_at IS NOT NULL;
CREATE INDEX answers_by_id ON answers (answer_id);
CREATE INDEX answers_of_a_writer ON answers (writer_id);

CREATE TABLE answer_votes (
    merchant_id uuid NOT NULL
  , answer_id   uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, answer_id, buyer_id)
  , FOREIGN KEY (merchant_id, answer_id) REFERENCES answers
);
COMMENT ON TABLE answer_votes IS 'by merchant: who found an answer helpful, each once';
CREATE INDEX answer_votes_of_a_buyer ON answer_votes (buyer_id);

CREATE TABLE review_reports (
    merchant_id uuid NOT NULL
  , kind        text NOT NULL
  , subject_id  uuid NOT NULL
  , reporter_id uuid NOT NULL
  , reason      text NOT NULL
  , note        text NOT NULL DEFAULT ''
  , at          timestamptz NOT NULL DEFAULT now()
  , closed_at   timestamptz
  , PRIMARY KEY (merchant_id, kind, subject_id, reporter_id)
  , CONSTRAINT words_of_people_are_reported CHECK (kind IN ('review', 'question', 'answer'))
);
COMMENT ON TABLE review_reports IS 'by merchant: somebody says that a review, a question or an answer should not stand there';
COMMENT ON COLUMN review_reports.reporter_id IS 'The buyer, or the account of the shop''s staff';
CREATE INDEX review_reports_open ON review_reports (at, subject_id) WHERE closed_at IS NULL;

CREATE TABLE moderation_steps (
    merchant_id uuid NOT NULL
  , step_id     uuid NOT NULL
  , kind        text NOT NULL
  , subject_id  uuid NOT NULL
  , act         text NOT NULL
  , ground      text
  , reason      text NOT NULL
  , by          text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, step_id)
  , CONSTRAINT something_is_held_hidden_or_shown CHECK (act IN ('held', 'hidden', 'shown'))
  , CONSTRAINT nothing_is_hidden_without_a_ground CHECK ((act = 'shown') = (ground IS NULL))
  , CONSTRAINT nothing_is_hidden_without_a_reason CHECK (act = 'shown' OR reason <> '')
);
COMMENT ON TABLE moderation_steps IS 'by merchant, append-only: who took a review, a question or an answer off the pages, on which ground, and who showed it again';
COMMENT ON COLUMN moderation_steps.by IS 'The account of the operator''s staff; system: a word of the dictionary';
CREATE INDEX moderation_steps_of_a_subject ON moderation_steps (merchant_id, kind, subject_id, at DESC, step_id DESC);

CREATE TABLE review_appeals (
    merchant_id uuid NOT NULL
  , step_id     uuid NOT NULL
  , review_id   uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , words       text NOT NULL
  , appealed_at timestamptz NOT NULL DEFAULT now()
  , hidden_by   text NOT NULL
  , decided_at  timestamptz
  , decided_by  text
  , granted     boolean
  , answer      text
  , PRIMARY KEY (merchant_id, step_id)
  , FOREIGN KEY (merchant_id, step_id) REFERENCES moderation_steps
  , FOREIGN KEY (merchant_id, review_id) REFERENCES reviews
  , CONSTRAINT decided_means_how CHECK ((decided_at IS NULL) = (granted IS NULL) AND (granted IS NULL) = (answer IS NULL)
                                        AND (answer IS NULL) = (decided_by IS NULL))
  , CONSTRAINT somebody_else_decides_than_who_hid_it CHECK (decided_by <> hidden_by)
);
COMMENT ON TABLE review_appeals IS 'by merchant, never deleted: its author wants a hidden review to stand, once for each time that it was hidden';
COMMENT ON COLUMN review_appeals.hidden_by IS 'Whose act it is against: who that is does not decide about it';
CREATE INDEX review_appeals_open ON review_appeals (appealed_at, step_id) WHERE decided_at IS NULL;
CREATE INDEX review_appeals_by_id ON review_appeals (step_id);
CREATE INDEX review_appeals_of_a_review ON review_appeals (review_id);
