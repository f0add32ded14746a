-- What channels and banks say has moved, line by line, beside what our books say.

CREATE TABLE reconciliation_sources (
    source      text PRIMARY KEY
  , side        text NOT NULL
  , format      text NOT NULL
  , utc_minutes integer NOT NULL
  , name        jsonb NOT NULL
  , CONSTRAINT a_source_is_a_channel_a_bank_or_a_carrier CHECK (side IN ('channel', 'bank', 'carrier'))
);
COMMENT ON TABLE reconciliation_sources IS 'reference: who sends statements: a channel is called as in payments.channel, a carrier as carrier:NAME once it has paid on';
COMMENT ON COLUMN reconciliation_sources.utc_minutes IS 'Where its days begin: minutes ahead of UTC';
INSERT INTO reconciliation_sources (source, side, format, utc_minutes, name) VALUES
    ('simpay', 'channel', 'simpay', 0, '{"zh-Hans": "模拟支付", "en": "Simulated channel"}')
  , ('stripe', 'channel', 'stripe', 0, '{"zh-Hans": "Stripe", "en": "Stripe"}')
  , ('alipay', 'channel', 'alipay', 480, '{"zh-Hans": "支付宝", "en": "Alipay"}')
  , ('wechatpay', 'channel', 'wechatpay', 480, '{"zh-Hans": "微信支付", "en": "WeChat Pay"}')
  , ('simbank', 'bank', 'simbank', 0, '{"zh-Hans": "模拟银行", "en": "Simulated bank"}')
  , ('bank', 'bank', 'bank_csv', 480, '{"zh-Hans": "平台收款银行账户", "en": "The platform''s own bank account"}');

CREATE TABLE reconciliation_routes (
    reason text PRIMARY KEY
  , source text REFERENCES reconciliation_sources
);
COMMENT ON TABLE reconciliation_routes IS 'reference: through which bank account, or channel that pays shops, money moves, by why it moves; * is for all that is not said';
COMMENT ON COLUMN reconciliation_routes.source IS 'None: the bank shows many of these in one line, so that they are not laid beside it one by one';
INSERT INTO reconciliation_routes (reason, source) VALUES
    ('paid_out', 'simbank'), ('payout_returned', 'simbank'), ('swept', 'simbank'), ('*', 'bank')
  , ('remitted', NULL), ('carrier_fee', NULL), ('transferred', 'stripe'), ('transfer_reversed', 'stripe');

CREATE TABLE reconciliation_files (
    source      text NOT NULL REFERENCES reconciliation_sources
  , file_id     uuid NOT NULL
  , day         date NOT NULL
  , format      text NOT NULL
  , name        text NOT NULL
  , sha256      text NOT NULL
  , size        bigint NOT NULL
  , lines       integer NOT NULL
  , problems    integer NOT NULL
  , state       text NOT NULL
  , received_by text NOT NULL
  , received_at timestamptz NOT NULL DEFAULT now()
  , withdrawal_asked_by text
  , hash_total    numeric(30) NOT NULL
  , arrived       integer NOT NULL DEFAULT 0
  , arrived_total numeric(30) NOT NULL DEFAULT 0
  , PRIMARY KEY (source, file_id)
  , CONSTRAINT a_file_is_read_or_refused CHECK (state IN ('arriving', 'read', 'refused', 'withdrawn'))
  , CONSTRAINT what_counts_is_all_here CHECK (state <> 'read' OR (arrived = lines AND arrived_total = hash_total))
  , CONSTRAINT refused_means_why CHECK ((state = 'refused') = (problems > 0))
);
COMMENT ON TABLE reconciliation_files IS 'by key: statements as they came, whether they could be read or not';
COMMENT ON COLUMN reconciliation_files.withdrawal_asked_by IS 'Who wants it withdrawn; another person agrees';
COMMENT ON COLUMN reconciliation_files.size IS 'Bytes';
COMMENT ON COLUMN reconciliation_files.lines IS 'That could be read in the file, whether they are here yet or not';
COMMENT ON COLUMN reconciliation_files.hash_total IS 'Amounts and fees of all lines together, in minor units of whatever currency: what must be here before the file counts';
COMMENT ON COLUMN reconciliation_files.arrived IS 'Lines that are here; of a file that is refused, none';
COMMENT ON COLUMN reconciliation_files.arrived_total IS 'Like hash_total, of the lines that are here';
COMMENT ON COLUMN reconciliation_files.problems IS 'How many lines could not be read; one is enough to refuse the file, and nothing of it is used';
-- (Days on which nothing moved have the same bytes: a header and nothing else.)
CREATE UNIQUE INDEX the_same_bytes_are_the_same_file ON reconciliation_files (source, sha256)
    WHERE state = 'read' AND lines > 0;
CREATE UNIQUE INDEX a_day_has_one_statement ON reconciliation_files (source, day) WHERE state = 'read';
-- (One that is broken off goes on when the same bytes come again.)
CREATE UNIQUE INDEX the_same_bytes_arrive_once ON reconciliation_files (source, day, sha256) WHERE state = 'arriving';
CREATE INDEX reconciliation_files_by_time ON reconciliation_files (received_at DESC, file_id DESC);

CREATE TABLE reconciliation_contents (
    source  text NOT NULL
  , file_id uuid NOT NULL
  , part    integer NOT NULL
  , content bytea NOT NULL
  , PRIMARY KEY (source, file_id, part)
  , FOREIGN KEY (source, file_id) REFERENCES reconciliation_files
);
COMMENT ON TABLE reconciliation_contents IS 'by key, append-only: the bytes of a statement as they came, in parts';

CREATE TABLE reconciliation_problems (
    source  text NOT NULL
  , file_id uuid NOT NULL
  , number  integer NOT NULL
  , line_no integer NOT NULL
  , problem text NOT NULL
  , told    text NOT NULL
  , PRIMARY KEY (source, file_id, number)
  , FOREIGN KEY (source, file_id) REFERENCES reconciliation_files
);
COMMENT ON TABLE reconciliation_problems IS 'by key, append-only: why a statement could not be read, line by line';
COMMENT ON COLUMN reconciliation_problems.told IS 'What stands there, shortened';

CREATE TABLE reconciliation_lines (
    source    text NOT NULL
  , file_id   uuid NOT NULL
  , line_no   integer NOT NULL
  , at        timestamptz NOT NULL
  , kind      text NOT NULL
  , their_id  text NOT NULL
  , reference text
  , document  uuid
  , their_document text
  , currency  text NOT NULL
  , amount    bigint NOT NULL
  , fee       bigint NOT NULL
  , PRIMARY KEY (source, file_id, line_no)
  , FOREIGN KEY (source, file_id) REFERENCES reconciliation_files
  , CONSTRAINT a_line_is_of_a_kind CHECK (kind IN (
        'capture', 'refund', 'fee', 'payout', 'paid_out', 'received', 'dispute', 'dispute_won', 'transfer', 'transfer_reversal'
      , 'remitted'
      , 'other'))
);
COMMENT ON TABLE reconciliation_lines IS 'by key, append-only: what a statement says has moved';
COMMENT ON COLUMN reconciliation_lines.their_id IS 'What the sender calls this movement; a second line of it is a duplicate';
COMMENT ON COLUMN reconciliation_lines.reference IS 'What we called it when we asked for it, as it stands there';
COMMENT ON COLUMN reconciliation_lines.document IS 'The payment, refund, payout or transfer that the reference names; it need not be one of ours';
COMMENT ON COLUMN reconciliation_lines.their_document IS 'What the sender calls the payment or refund itself';
COMMENT ON COLUMN reconciliation_lines.amount IS 'Minor units, positive where it came into the account, before the fee';
COMMENT ON COLUMN reconciliation_lines.fee IS 'Minor units that were kept for it; negative where a fee came back';
CREATE INDEX reconciliation_lines_by_their_id ON reconciliation_lines (source, their_id, kind);
CREATE INDEX reconciliation_payouts_by_name ON reconciliation_lines (source, coalesce(reference, their_id))
    WHERE kind = 'payout';

CREATE TABLE reconciliation_matches (
    source      text NOT NULL
  , file_id     uuid NOT NULL
  , line_no     integer NOT NULL
  , owner_id    uuid NOT NULL
  , transfer_id uuid NOT NULL
  , way         text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (source, file_id, line_no)
  , UNIQUE (source, owner_id, transfer_id)
  , FOREIGN KEY (source, file_id, line_no) REFERENCES reconciliation_lines
  , CONSTRAINT a_match_is_found_in_a_way CHECK (way IN ('our_id', 'their_id', 'amount'))
);
COMMENT ON TABLE reconciliation_matches IS 'by key: which transfer of the books a line is about; each line and each transfer once';

CREATE TABLE reconciliation_difference_transitions (
    from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE reconciliation_difference_transitions IS 'reference: the states of a difference that follow each other';
INSERT INTO reconciliation_difference_transitions (from_state, to_state) VALUES
    ('nowhere', 'waiting'), ('nowhere', 'open'), ('nowhere', 'closed')
  , ('waiting', 'open'), ('waiting', 'closed')
  , ('open', 'proposed'), ('open', 'booked'), ('open', 'accepted'), ('open', 'closed')
  , ('proposed', 'open'), ('proposed', 'booked'), ('proposed', 'accepted'), ('proposed', 'closed')
  , ('booked', 'open'), ('booked', 'closed'), ('accepted', 'open'), ('accepted', 'closed'), ('closed', 'waiting');

CREATE TABLE reconciliation_differences (
    source      text NOT NULL REFERENCES reconciliation_sources
  , item_id     uuid NOT NULL
  , day         date NOT NULL
  , kind        text NOT NULL
  , state       text NOT NULL
  , file_id     uuid
  , line_no     integer
  , owner_id    uuid
  , transfer_id uuid
  , document    uuid
  , currency    text NOT NULL
  , theirs      bigint NOT NULL
  , our_currency text NOT NULL
  , ours        bigint NOT NULL
  , found_at    timestamptz NOT NULL DEFAULT now()
  , ended_at    timestamptz
  , ended_on    date
  , into_kind   text
  , proposed_by text
  , booking     uuid
  , words       text NOT NULL DEFAULT ''
  , undo_asked_by text
  , undo_words  text NOT NULL DEFAULT ''
  , PRIMARY KEY (source, item_id)
  , FOREIGN KEY (source, file_id, line_no) REFERENCES reconciliation_lines
  , CONSTRAINT a_difference_is_of_a_kind CHECK (
        kind IN ('missing_here', 'missing_there', 'amount', 'fee', 'duplicate', 'currency', 'day'))
  , CONSTRAINT only_what_is_missing_there_has_no_line CHECK ((kind = 'missing_there') = (line_no IS NULL))
  , CONSTRAINT booked_means_how CHECK ((state = 'booked') = (booking IS NOT NULL))
  , CONSTRAINT ended_means_when CHECK (
        (state IN ('booked', 'accepted', 'closed')) = (ended_at IS NOT NULL AND ended_on IS NOT NULL))
  , CONSTRAINT what_is_accepted_says_why CHECK (state <> 'accepted' OR words <> '')
  , CONSTRAINT it_is_booked_into_a_known_account CHECK (into_kind IN ('suspense', 'channel_fees'))
);
COMMENT ON TABLE reconciliation_differences IS 'by key: where a statement and our books say different things';
COMMENT ON COLUMN reconciliation_differences.day IS 'Of the statement on which it was found';
COMMENT ON COLUMN reconciliation_differences.theirs IS 'Minor units of currency that the statement says; of a fee, what was kept; 0 where it says nothing';
COMMENT ON COLUMN reconciliation_differences.ours IS 'Minor units of our_currency that our books say; of a fee, what was agreed; 0 where they say nothing';
COMMENT ON COLUMN reconciliation_differences.ended_on IS 'The day, as its source counts days, from which it is explained';
COMMENT ON COLUMN reconciliation_differences.undo_asked_by IS 'Who wants what was booked or accepted taken back; above the limit another person agrees';
COMMENT ON COLUMN reconciliation_differences.booking IS 'The document of the transfers that were posted for it';
CREATE UNIQUE INDEX a_line_differs_once ON reconciliation_differences (source, file_id, line_no) WHERE line_no IS NOT NULL;
CREATE UNIQUE INDEX a_transfer_is_missing_once ON reconciliation_differences (source, owner_id, transfer_id)
    WHERE kind = 'missing_there';
CREATE INDEX reconciliation_differences_by_day ON reconciliation_differences (day DESC, source, item_id DESC);
CREATE INDEX reconciliation_differences_to_work_on ON reconciliation_differences (source, day)
    WHERE state IN ('waiting', 'open', 'proposed');
CREATE INDEX reconciliation_differences_left_over ON reconciliation_differences (source, file_id, line_no)
    WHERE kind = 'missing_here' AND state <> 'closed';

CREATE TABLE reconciliation_difference_history (
    source     text NOT NULL
  , item_id    uuid NOT NULL
  , step       integer NOT NULL
  , from_state text NOT NULL
  , to_state   text NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
  , by         text NOT NULL
  , words      text NOT NULL DEFAULT ''
  , PRIMARY KEY (source, item_id, step)
  , FOREIGN KEY (source, item_id) REFERENCES reconciliation_differences
  , FOREIGN KEY (from_state, to_state) REFERENCES reconciliation_difference_transitions
);
COMMENT ON TABLE reconciliation_difference_history IS 'by key, append-only: each change of a difference''s state';

CREATE TABLE reconciliation_days (
    source    text NOT NULL REFERENCES reconciliation_sources
  , day       date NOT NULL
  , file_id   uuid NOT NULL
  , lines     integer NOT NULL
  , matched   integer NOT NULL
  , run_at    timestamptz NOT NULL DEFAULT now()
  , closed_at timestamptz
  , PRIMARY KEY (source, day)
  , FOREIGN KEY (source, file_id) REFERENCES reconciliation_files
);
COMMENT ON TABLE reconciliation_days IS 'by key: a day of a source that was laid beside our books';
COMMENT ON COLUMN reconciliation_days.closed_at IS 'Since when nothing of the day waits for anybody';

CREATE TABLE reconciliation_totals (
    source   text NOT NULL
  , day      date NOT NULL
  , currency text NOT NULL
  , theirs   bigint NOT NULL
  , ours     bigint NOT NULL
  , fees     bigint NOT NULL
  , paid_on  bigint NOT NULL
  , PRIMARY KEY (source, day, currency)
  , FOREIGN KEY (source, day) REFERENCES reconciliation_days
);
COMMENT ON TABLE reconciliation_totals IS 'by key: what the lines of a day come to in a currency, and what the transfers that they were matched with come to';
COMMENT ON COLUMN reconciliation_totals.paid_on IS 'What a channel says it has paid to our bank';

CREATE TABLE reconciliation_fetches (
    source   text NOT NULL REFERENCES reconciliation_sources
  , day      date NOT NULL
  , tries    integer NOT NULL
  , next_at  timestamptz
  , asked_at timestamptz
  , answer   text
  , failure  text
  , PRIMARY KEY (source, day)
  , CONSTRAINT an_answer_is_of_a_kind CHECK (answer IN ('here', 'none', 'other', 'not_yet', 'unreadable', 'failed'))
  , CONSTRAINT answered_means_when CHECK ((answer IS NULL) = (asked_at IS NULL))
);
COMMENT ON TABLE reconciliation_fetches IS 'by key: statements that are asked for; no next_at: it is not asked again by itself';
COMMENT ON COLUMN reconciliation_fetches.answer IS 'What came of asking last. none: the sender says that the day has none; other: another statement of the day counts';
COMMENT ON COLUMN reconciliation_fetches.asked_at IS 'When the last answer came, or did not';
CREATE INDEX reconciliation_fetches_due ON reconciliation_fetches (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX reconciliation_fetches_by_day ON reconciliation_fetches (day DESC, source DESC);
