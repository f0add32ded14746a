-- Merchants and their shops.

CREATE TABLE merchant_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE merchant_transitions IS 'reference: the states of a merchant that follow each other';
INSERT INTO merchant_transitions (from_state, to_state) VALUES
    ('nowhere', 'open'), ('nowhere', 'suspended'), ('nowhere', 'closed')
  , ('open', 'suspended'), ('suspended', 'open'), ('suspended', 'closed');

CREATE TABLE merchants (
    merchant_id  uuid PRIMARY KEY
  , code         text NOT NULL
  , legal_name   text NOT NULL
  , credit_code  text NOT NULL DEFAULT ''
  , country      text NOT NULL
  , currency     text NOT NULL
  , state        text NOT NULL
  , self_operated boolean NOT NULL DEFAULT false
  , settlement_days integer NOT NULL DEFAULT 1
  , receipt_days integer NOT NULL DEFAULT 7
  , time_zone    text NOT NULL DEFAULT 'Asia/Shanghai'
  , payout       jsonb NOT NULL DEFAULT '{}'
  , source       text
  , licence_until date
  , licence_reminded date
  , verify_by    date
  , verify_told  date
  , restricted_until timestamptz
  , stopped_by_points boolean NOT NULL DEFAULT false
  , deposit_short boolean NOT NULL DEFAULT false
  , in_debt boolean NOT NULL DEFAULT false
  , captures text NOT NULL DEFAULT 'at_once'
  , created_at   timestamptz NOT NULL DEFAULT now()
  , CONSTRAINT a_merchant_is_open_or_not CHECK (state IN ('open', 'suspended', 'closed'))
  , CONSTRAINT settlement_waits_some_days CHECK (settlement_days BETWEEN 0 AND 90)
  , CONSTRAINT money_is_taken_at_a_known_moment CHECK (captures IN ('at_once', 'at_packing', 'at_sending'))
  , CONSTRAINT receipt_is_confirmed_by_itself_some_day CHECK (receipt_days BETWEEN 0 AND 60)
);
COMMENT ON TABLE merchants IS 'by merchant: who sells here';
COMMENT ON COLUMN merchants.settlement_days IS 'T+N: days from the release of an order''s money to the statement that pays it';
COMMENT ON COLUMN merchants.receipt_days IS 'Days after delivery until receipt counts as confirmed';
COMMENT ON COLUMN merchants.captures IS 'When the buyer''s money is taken, where the channel can authorise first: when it is paid, when the order is packed, when its first parcel leaves';
COMMENT ON COLUMN merchants.time_zone IS 'Where its days begin and end, in its sales reports: an IANA name';
COMMENT ON COLUMN merchants.licence_until IS 'The last day of its business licence; none: without end, or not known';
COMMENT ON COLUMN merchants.restricted_until IS 'Points hold new products back until then';
COMMENT ON COLUMN merchants.stopped_by_points IS 'Points keep the shop suspended';
COMMENT ON COLUMN merchants.deposit_short IS 'The deposit was not topped up in time: new products are held back';
COMMENT ON COLUMN merchants.in_debt IS 'What it owes the platform was asked for long ago and is not paid: new products are held back';
CREATE INDEX merchants_who_capture_later ON merchants (merchant_id) WHERE captures <> 'at_once';
CREATE INDEX merchants_stopped_by_points ON merchants (restricted_until) WHERE stopped_by_points;
COMMENT ON COLUMN merchants.licence_reminded IS 'The day on which the owners were last reminded of that';
COMMENT ON COLUMN merchants.verify_by IS 'The day by which the operator looks anew at who it is; none: it came from elsewhere';
COMMENT ON COLUMN merchants.verify_told IS 'The day on which the owners were last told of that';
CREATE INDEX merchants_to_verify ON merchants (verify_by) WHERE verify_by IS NOT NULL AND state <> 'closed';
CREATE INDEX merchants_by_licence ON merchants (licence_until) WHERE licence_until IS NOT NULL AND state <> 'closed';
CREATE INDEX merchants_by_credit_code ON merchants (credit_code) WHERE credit_code <> '';
COMMENT ON COLUMN merchants.payout IS 'Where its money goes: {name, bank, account}';

CREATE TABLE shops (
    merchant_id uuid PRIMARY KEY REFERENCES merchants
  , slug        text NOT NULL
  , name        jsonb NOT NULL
  , notice      jsonb NOT NULL DEFAULT '{}'
  , logo        text
  , opened_at   timestamptz NOT NULL DEFAULT now()
  , checklist_put_away_at timestamptz
  , away_from   timestamptz
  , away_until  timestamptz
  , away_notice jsonb NOT NULL DEFAULT '{}'
  , away_sells  boolean NOT NULL DEFAULT false
  , back_told   boolean NOT NULL DEFAULT true
  , CONSTRAINT a_pause_ends_after_it_began CHECK (away_from < away_until)
  , CONSTRAINT a_pause_has_both_ends CHECK ((away_from IS NULL) = (away_until IS NULL))
);
COMMENT ON TABLE shops IS 'by merchant: the merchant''s shop as buyers see it';
COMMENT ON COLUMN shops.away_from IS 'When the shop''s last or next pause begins; a pause that is over stays, for the deadlines of what was ordered in it';
COMMENT ON COLUMN shops.away_sells IS 'Orders are taken while the shop is away, and leave the house after it';
COMMENT ON COLUMN shops.back_told IS 'The owners know that the pause is over, or there is none';
CREATE INDEX shops_coming_back ON shops (away_until) WHERE NOT back_told;

CREATE TABLE shop_names (
    slug        text PRIMARY KEY
  , merchant_id uuid NOT NULL
);
COMMENT ON TABLE shop_names IS 'by key: a shop''s address is unique across the marketplace';

CREATE TABLE merchant_history (
    merchant_id uuid NOT NULL REFERENCES merchants
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , reason      text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, step)
  , FOREIGN KEY (from_state, to_state) REFERENCES merchant_transitions
);
COMMENT ON TABLE merchant_history IS 'by merchant, append-only: each change of a merchant''s state, with its reason';

CREATE TABLE merchant_categories (
    merchant_id uuid NOT NULL REFERENCES merchants
  , category_id uuid NOT NULL
  , PRIMARY KEY (merchant_id, category_id)
);
COMMENT ON TABLE merchant_categories IS 'by merchant: the categories a merchant may sell in, each with all below it; no row: all categories';

CREATE TABLE licence_renewals (
    merchant_id  uuid NOT NULL REFERENCES merchants
  , renewal_id   uuid NOT NULL
  , good_until   date
  , file         text NOT NULL
  , name         text NOT NULL
  , bytes        bigint NOT NULL
  , state        text NOT NULL
  , reason       text NOT NULL DEFAULT ''
  , handed_in_at timestamptz NOT NULL DEFAULT now()
  , handed_in_by text NOT NULL
  , decided_at   timestamptz
  , decided_by   text
  , PRIMARY KEY (merchant_id, renewal_id)
  , CONSTRAINT a_renewal_waits_or_is_decided CHECK (state IN ('waiting', 'accepted', 'sent_back'))
  , CONSTRAINT decided_means_when_and_by_whom CHECK ((state = 'waiting') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL))
  , CONSTRAINT who_sends_back_says_why CHECK (state <> 'sent_back' OR reason <> '')
);
COMMENT ON TABLE licence_renewals IS 'by merchant: new licences that shops have handed in, and what the operator said of them';
COMMENT ON COLUMN licence_renewals.good_until IS 'The last day of the new licence; none: without end';
COMMENT ON COLUMN licence_renewals.file IS 'The scan, in the private file store: seen by the shop and by reviewers only';
CREATE UNIQUE INDEX one_renewal_waits ON licence_renewals (merchant_id) WHERE state = 'waiting';
CREATE INDEX licence_renewals_waiting ON licence_renewals (handed_in_at) WHERE state = 'waiting';

CREATE TABLE paper_kinds (
    kind text PRIMARY KEY
  , name jsonb NOT NULL
);
COMMENT ON TABLE paper_kinds IS 'reference: the kinds of papers that a category may need';
INSERT INTO paper_kinds (kind, name) VALUES
    ('brand_authorisation', '{"zh-Hans": "品牌授权书", "en": "Authorisation by the brand"}')
  , ('cosmetics_filing', '{"zh-Hans": "化妆品备案凭证", "en": "Filing of cosmetics"}')
  , ('food_business', '{"zh-Hans": "食品经营许可证", "en": "Food business licence"}')
  , ('medical_devices', '{"zh-Hans": "医疗器械经营许可证", "en": "Licence for medical devices"}')
  , ('publications', '{"zh-Hans": "出版物经营许可证", "en": "Licence for publications"}')
  , ('quality_report', '{"zh-Hans": "质检报告", "en": "Quality inspection report"}');

CREATE TABLE category_papers (
    category_id uuid NOT NULL
  , kind        text NOT NULL REFERENCES paper_kinds
  , PRIMARY KEY (category_id, kind)
);
COMMENT ON TABLE category_papers IS 'reference: which papers a shop needs to sell in a category and all below it';

CREATE TABLE merchant_papers (
    merchant_id  uuid NOT NULL REFERENCES merchants
  , paper_id     uuid NOT NULL
  , kind         text NOT NULL REFERENCES paper_kinds
  , number       text NOT NULL
  , good_until   date
  , file         text NOT NULL
  , name         text NOT NULL
  , bytes        bigint NOT NULL
  , state        text NOT NULL
  , reason       text NOT NULL DEFAULT ''
  , handed_in_at timestamptz NOT NULL DEFAULT now()
  , handed_in_by text NOT NULL
  , decided_at   timestamptz
  , decided_by   text
  , reminded     date
  , PRIMARY KEY (merchant_id, paper_id)
  , CONSTRAINT a_paper_waits_or_is_decided CHECK (state IN ('waiting', 'accepted', 'sent_back'))
  , CONSTRAINT a_decided_paper_says_when_and_by_whom CHECK ((state = 'waiting') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL))
  , CONSTRAINT who_sends_a_paper_back_says_why CHECK (state <> 'sent_back' OR reason <> '')
);
COMMENT ON TABLE merchant_papers IS 'by merchant: papers that shops have handed in for categories, and what the operator said of them';
COMMENT ON COLUMN merchant_papers.good_until IS 'Its last day; none: without end';
COMMENT ON COLUMN merchant_papers.file IS 'The scan, in the private file store: seen by the shop and by reviewers only';
COMMENT ON COLUMN merchant_papers.reminded IS 'The day on which the owners were last reminded that it ends';
CREATE UNIQUE INDEX one_paper_of_a_kind_waits ON merchant_papers (merchant_id, kind) WHERE state = 'waiting';
CREATE INDEX merchant_papers_waiting ON merchant_papers (handed_in_at, paper_id) WHERE state = 'waiting';
CREATE INDEX merchant_papers_ending ON merchant_papers (good_until) WHERE state = 'accepted';

CREATE TABLE merchant_agreements (
    merchant_id uuid NOT NULL REFERENCES merchants
  , version     text NOT NULL
  , account_id  uuid NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, version)
);
COMMENT ON TABLE merchant_agreements IS 'by merchant, append-only: which version of the rules a merchant agreed to, when, and who did so for it';
