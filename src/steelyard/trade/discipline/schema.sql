-- What shops are held to: rules, violations with points and fines, deposits.

CREATE TABLE violation_rules (
    code     text PRIMARY KEY
  , name     jsonb NOT NULL
  , category text NOT NULL
  , points   integer NOT NULL
  , fine     bigint NOT NULL
  , currency text NOT NULL REFERENCES currencies
  , active   boolean NOT NULL DEFAULT true
  , CONSTRAINT a_rule_is_general_or_serious CHECK (category IN ('a', 'b'))
  , CONSTRAINT a_rule_costs_points_within_reason CHECK (points BETWEEN 0 AND 48)
  , CONSTRAINT a_rule_pays_nobody CHECK (fine >= 0)
);
COMMENT ON TABLE violation_rules IS 'reference: what shops may not do, and what it costs them';
COMMENT ON COLUMN violation_rules.category IS 'a: general; b: serious';
COMMENT ON COLUMN violation_rules.fine IS 'In minor units of its currency';
INSERT INTO violation_rules (code, name, category, points, fine, currency) VALUES
    ('late_dispatch', '{"zh-Hans": "延迟发货", "en": "Sent later than promised"}', 'a', 1, 0, 'CNY')
  , ('unfounded_refusal', '{"zh-Hans": "无正当理由拒绝售后", "en": "After-sales refused without ground"}', 'a', 3, 10000, 'CNY')
  , ('misdescribed', '{"zh-Hans": "商品描述不符", "en": "Goods not as described"}', 'a', 4, 20000, 'CNY')
  , ('missing_papers', '{"zh-Hans": "资质缺失或失效", "en": "Papers missing or out of date"}', 'a', 6, 0, 'CNY')
  , ('false_trade', '{"zh-Hans": "虚假交易", "en": "Made-up trade"}', 'b', 12, 50000, 'CNY')
  , ('counterfeit', '{"zh-Hans": "出售假冒商品", "en": "Counterfeit goods"}', 'b', 24, 200000, 'CNY');

CREATE TABLE violations (
    merchant_id  uuid NOT NULL REFERENCES merchants
  , violation_id uuid NOT NULL
  , code         text NOT NULL REFERENCES violation_rules
  , category     text NOT NULL
  , year         integer NOT NULL
  , points       integer NOT NULL
  , fine         bigint NOT NULL
  , currency     text NOT NULL
  , from_deposit bigint NOT NULL
  , from_payable bigint NOT NULL
  , facts        text NOT NULL
  , subject      text NOT NULL DEFAULT ''
  , subject_id   uuid
  , pictures     text[] NOT NULL DEFAULT '{}'
  , recorded_at  timestamptz NOT NULL
  , recorded_by  text NOT NULL
  , appeal       text NOT NULL DEFAULT ''
  , appeal_pictures text[] NOT NULL DEFAULT '{}'
  , appealed_at  timestamptz
  , appealed_by  text
  , outcome      text
  , decision     text NOT NULL DEFAULT ''
  , decided_at   timestamptz
  , decided_by   text
  , PRIMARY KEY (merchant_id, violation_id)
  , CONSTRAINT a_fine_comes_out_of_two_pockets CHECK (fine = from_deposit + from_payable AND from_deposit >= 0 AND from_payable >= 0)
  , CONSTRAINT a_violation_says_what_happened CHECK (facts <> '')
  , CONSTRAINT evidence_is_an_order_a_product_or_a_case CHECK (subject IN ('', 'order', 'product', 'case') AND (subject = '') = (subject_id IS NULL))
  , CONSTRAINT an_appeal_has_words_and_an_author CHECK ((appeal = '') = (appealed_at IS NULL) AND (appealed_at IS NULL) = (appealed_by IS NULL))
  , CONSTRAINT pictures_come_with_words CHECK (appeal <> '' OR appeal_pictures = '{}')
  , CONSTRAINT only_an_appeal_is_decided CHECK (outcome IS NULL OR appealed_at IS NOT NULL)
  , CONSTRAINT an_appeal_is_upheld_or_not CHECK (outcome IN ('stands', 'revoked'))
  , CONSTRAINT a_decision_says_when_and_by_whom CHECK ((outcome IS NULL) = (decided_at IS NULL) AND (outcome IS NULL) = (decided_by IS NULL))
  , CONSTRAINT somebody_else_decides_than_who_recorded CHECK (decided_by <> recorded_by)
);
COMMENT ON TABLE violations IS 'by merchant: what a shop did against the rules, and what it cost; revoked when its appeal was upheld';
COMMENT ON COLUMN violations.year IS 'The calendar year (Asia/Shanghai) whose points they are';
COMMENT ON COLUMN violations.pictures IS 'Evidence of the staff, by its name in the file store; appeal_pictures: of the shop';
COMMENT ON COLUMN violations.from_deposit IS 'How much of the fine the deposit paid';
COMMENT ON COLUMN violations.from_payable IS 'How much of the fine came, or comes, out of what the shop is owed';
CREATE INDEX violations_of_a_merchant ON violations (merchant_id, recorded_at DESC, violation_id DESC);
CREATE INDEX violations_by_time ON violations (recorded_at DESC, violation_id DESC);
CREATE INDEX violations_appealed ON violations (appealed_at, violation_id) WHERE appealed_at IS NOT NULL AND outcome IS NULL;

CREATE TABLE deposit_terms (
    merchant_id uuid PRIMARY KEY REFERENCES merchants
  , required    bigint NOT NULL
  , by_category bigint NOT NULL DEFAULT 0
  , currency    text NOT NULL
  , due_on      date
  , told_on     date
  , CONSTRAINT a_deposit_is_not_negative CHECK (required >= 0 AND by_category >= 0)
);
COMMENT ON TABLE deposit_terms IS 'by merchant: how much deposit a shop is asked for, and until when';
COMMENT ON COLUMN deposit_terms.required IS 'What staff ask of this shop; it owes the more of the two';
COMMENT ON COLUMN deposit_terms.by_category IS 'What its categories ask for: see category_deposits';
COMMENT ON COLUMN deposit_terms.due_on IS 'The last day for what is missing; none: nothing is missing';
COMMENT ON COLUMN deposit_terms.told_on IS 'The deadline of which the shop was told that it had passed';
CREATE INDEX deposit_terms_due ON deposit_terms (due_on) WHERE due_on IS NOT NULL;

CREATE TABLE category_deposits (
    category_id uuid NOT NULL REFERENCES categories
  , currency    text NOT NULL REFERENCES currencies
  , amount      bigint NOT NULL
  , PRIMARY KEY (category_id, currency)
  , CONSTRAINT a_category_asks_for_something CHECK (amount > 0)
);
COMMENT ON TABLE category_deposits IS 'reference: how much deposit a category and all below it ask of a shop that sells there';

CREATE TABLE deposit_movements (
    merchant_id uuid NOT NULL REFERENCES merchants
  , movement_id uuid NOT NULL
  , kind        text NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL
  , reference   text NOT NULL DEFAULT ''
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, movement_id)
  , CONSTRAINT a_movement_is_of_a_kind CHECK (kind IN (
        'from_balance', 'transfer', 'fine', 'fine_returned', 'returned', 'compensation', 'netted'))
  , CONSTRAINT what_leaves_is_negative CHECK (amount <> 0 AND (kind IN ('fine', 'returned', 'compensation', 'netted')) = (amount < 0))
  , CONSTRAINT a_transfer_has_its_reference CHECK (kind <> 'transfer' OR reference <> '')
);
COMMENT ON TABLE deposit_movements IS 'by merchant, append-only: what went into a deposit, and what left it';
COMMENT ON COLUMN deposit_movements.movement_id IS 'The document in the books; of a fine, made from the violation''s id; of a compensation, that of what is paid';
CREATE INDEX deposit_movements_of_a_merchant ON deposit_movements (merchant_id, at DESC, movement_id DESC);
CREATE UNIQUE INDEX a_bank_transfer_counts_once ON deposit_movements (merchant_id, reference) WHERE kind = 'transfer';

CREATE TABLE debts (
    merchant_id uuid NOT NULL REFERENCES merchants
  , currency    text NOT NULL REFERENCES currencies
  , amount      bigint NOT NULL
  , claimed_on  date NOT NULL
  , told_on     date
  , restricts   boolean NOT NULL DEFAULT false
  , PRIMARY KEY (merchant_id, currency)
  , CONSTRAINT who_owes_owes_something CHECK (amount > 0)
);
COMMENT ON TABLE debts IS 'by merchant: what a shop was asked to pay, since neither sales nor deposit did; gone once it is paid';
COMMENT ON COLUMN debts.claimed_on IS 'The day on which it was first asked for';
COMMENT ON COLUMN debts.told_on IS 'The day of the last reminder';
COMMENT ON COLUMN debts.restricts IS 'It holds new products back';
CREATE INDEX debts_to_tell ON debts (told_on);

CREATE TABLE debt_payments (
    merchant_id uuid NOT NULL REFERENCES merchants
  , payment_id  uuid NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL
  , reference   text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, payment_id)
  , CONSTRAINT a_payment_is_more_than_nothing CHECK (amount > 0)
  , CONSTRAINT a_payment_has_its_reference CHECK (reference <> '')
);
COMMENT ON TABLE debt_payments IS 'by merchant, append-only: what shops paid in by transfer of what they owed';
COMMENT ON COLUMN debt_payments.payment_id IS 'The document in the books and on the statement';
CREATE UNIQUE INDEX a_transfer_pays_once ON debt_payments (merchant_id, reference);
