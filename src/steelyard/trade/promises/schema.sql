-- What shops promise with a sale, and what is paid where it was not kept.

CREATE TABLE compensations (
    merchant_id  uuid NOT NULL
  , order_id     uuid NOT NULL
  , line         integer NOT NULL
  , cause        text NOT NULL
  , buyer_id     uuid NOT NULL
  , rule_id      uuid REFERENCES rights_rules
  , case_id      uuid
  , basis        bigint NOT NULL
  , amount       bigint NOT NULL
  , currency     text NOT NULL REFERENCES currencies
  , due_at       timestamptz NOT NULL
  , excuse       text
  , purse        text
  , from_deposit bigint NOT NULL DEFAULT 0
  , document     uuid NOT NULL
  , at           timestamptz NOT NULL
  , made_good_at timestamptz
  , PRIMARY KEY (merchant_id, document)
  , FOREIGN KEY (merchant_id, order_id, line) REFERENCES order_lines
  , CONSTRAINT a_compensation_has_a_known_cause CHECK (cause IN ('late', 'counterfeit', 'return_freight'))
  , CONSTRAINT an_excuse_is_known CHECK (excuse IN ('readdressed', 'asked', 'split', 'no_rule', 'nothing_left'))
  , CONSTRAINT paid_or_excused CHECK ((excuse IS NULL) = (amount > 0) AND amount >= 0)
  , CONSTRAINT what_is_paid_is_paid_into_a_purse CHECK ((purse IS NULL) = (amount = 0))
  , CONSTRAINT no_compensation_without_a_rule CHECK (amount = 0 OR rule_id IS NOT NULL)
  , CONSTRAINT a_deposit_pays_a_part_at_most CHECK (from_deposit BETWEEN 0 AND amount)
  , CONSTRAINT lateness_and_freight_cost_their_basis_at_most CHECK (cause = 'counterfeit' OR amount <= basis)
  , CONSTRAINT what_a_case_decided_names_it CHECK ((cause = 'late') = (case_id IS NULL))
  , CONSTRAINT only_what_a_case_cost_is_made_good CHECK (made_good_at IS NULL OR (case_id IS NOT NULL AND amount > 0))
);
COMMENT ON TABLE compensations IS 'by merchant: what shops owed buyers for a line, or for a line in a case, by a dated rule, or why they did not';
COMMENT ON COLUMN compensations.rule_id IS 'The version of the rule that made it';
COMMENT ON COLUMN compensations.case_id IS 'The after-sales case in which the platform decided it';
COMMENT ON COLUMN compensations.basis IS 'What the buyer had paid for the line, less what had gone back; of a case, what went back of it; of freight, what it cost';
COMMENT ON COLUMN compensations.due_at IS 'By when the line was promised to leave; of a case, when it was decided';
COMMENT ON COLUMN compensations.purse IS 'Where the buyer has it: the balance, or points where no balance is kept';
COMMENT ON COLUMN compensations.from_deposit IS 'Which part the deposit paid; the rest came, or comes, out of what the shop is owed';
COMMENT ON COLUMN compensations.document IS 'What the books and the purse name as its cause, made from the order or the case, the cause and the line: it is decided once';
COMMENT ON COLUMN compensations.made_good_at IS 'When the platform paid it back to the shop, since an appeal found the refund wrong; the buyer keeps it';
CREATE INDEX compensations_of_an_order ON compensations (order_id);
CREATE INDEX compensations_of_a_case ON compensations (case_id) WHERE case_id IS NOT NULL;
CREATE INDEX compensations_of_a_merchant ON compensations (merchant_id, at DESC, document DESC);
CREATE INDEX compensations_by_time ON compensations (at DESC, document DESC);

CREATE TABLE price_protections (
    merchant_id uuid NOT NULL
  , refund_id   uuid NOT NULL
  , order_id    uuid NOT NULL
  , line        integer NOT NULL
  , rule_id     uuid NOT NULL REFERENCES rights_rules
  , unit_price  bigint NOT NULL
  , price       bigint NOT NULL
  , pieces      integer NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , at          timestamptz NOT NULL
  , PRIMARY KEY (merchant_id, refund_id)
  , UNIQUE (merchant_id, order_id, line, price)
  , FOREIGN KEY (merchant_id, order_id, line) REFERENCES order_lines
  , FOREIGN KEY (merchant_id, refund_id) REFERENCES order_refunds
  , CONSTRAINT only_what_is_cheaper_is_protected CHECK (price < unit_price AND pieces > 0 AND amount > 0)
);
COMMENT ON TABLE price_protections IS 'by merchant, append-only: what went back of lines since their price had fallen, once for each fall';
COMMENT ON COLUMN price_protections.unit_price IS 'What a piece was sold for, before promotions';
COMMENT ON COLUMN price_protections.price IS 'What a piece cost on the day of the claim, without promotions';
COMMENT ON COLUMN price_protections.amount IS 'What went back, in minor units, added tax included';
CREATE INDEX price_protections_of_an_order ON price_protections (order_id);
CREATE INDEX price_protections_by_time ON price_protections (at DESC, refund_id DESC);
CREATE INDEX price_protections_of_a_merchant ON price_protections (merchant_id, at DESC, refund_id DESC);
