-- What shops owe the hosts of their live sessions and their agencies: agreements, what was earned by them, and what was paid.

CREATE TABLE host_payees (
    merchant_id uuid NOT NULL
  , payee_id    uuid NOT NULL
  , kind        text NOT NULL
  , host_id     uuid
  , name        text NOT NULL
  , holder      text NOT NULL DEFAULT ''
  , bank        text NOT NULL DEFAULT ''
  , account     text NOT NULL DEFAULT ''
  , made_at     timestamptz NOT NULL DEFAULT now()
  , made_by     text NOT NULL
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , changed_by  text NOT NULL
  , PRIMARY KEY (merchant_id, payee_id)
  , FOREIGN KEY (merchant_id, host_id) REFERENCES room_hosts
  , CONSTRAINT a_payee_is_a_host_or_an_agency CHECK (kind IN ('host', 'agency') AND (kind = 'host') = (host_id IS NOT NULL))
  , CONSTRAINT a_payee_has_a_name CHECK (name <> '')
  , CONSTRAINT a_bank_account_is_whole CHECK ((holder = '') = (bank = '') AND (bank = '') = (account = ''))
);
COMMENT ON TABLE host_payees IS 'by merchant, never deleted: hosts who are paid themselves, and agencies that are paid for theirs';
COMMENT ON COLUMN host_payees.payee_id IS 'Also whose its account in the books is';
COMMENT ON COLUMN host_payees.holder IS 'Of the bank account that it is paid to; empty: not known yet, and it is not paid';
CREATE UNIQUE INDEX a_host_is_one_payee ON host_payees (merchant_id, host_id) WHERE host_id IS NOT NULL;
CREATE INDEX host_payees_by_time ON host_payees (merchant_id, made_at DESC, payee_id DESC);

CREATE TABLE host_agreements (
    merchant_id  uuid NOT NULL
  , agreement_id uuid NOT NULL
  , payee_id     uuid NOT NULL
  , host_id      uuid NOT NULL
  , session_id   uuid
  , product_id   uuid
  , millionths   integer
  , slot_fee     bigint
  , currency     text REFERENCES currencies
  , note         text NOT NULL DEFAULT ''
  , valid_from   timestamptz NOT NULL
  , valid_to     timestamptz
  , made_at      timestamptz NOT NULL DEFAULT now()
  , made_by      text NOT NULL
  , ended_at     timestamptz
  , ended_by     text
  , PRIMARY KEY (merchant_id, agreement_id)
  , FOREIGN KEY (merchant_id, payee_id) REFERENCES host_payees
  , FOREIGN KEY (merchant_id, host_id) REFERENCES room_hosts
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
  , CONSTRAINT an_agreement_says_something CHECK (millionths IS NOT NULL OR slot_fee IS NOT NULL)
  , CONSTRAINT a_rate_is_a_part CHECK (millionths BETWEEN 0 AND 1000000)
  , CONSTRAINT a_slot_fee_is_of_a_currency CHECK (slot_fee >= 0 AND (slot_fee IS NULL) = (currency IS NULL))
  , CONSTRAINT an_agreement_ends_after_it_begins CHECK (valid_from <= valid_to)
  , CONSTRAINT an_end_was_said_by_somebody CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
COMMENT ON TABLE host_agreements IS 'by merchant, never deleted: what a host gets of sales in live sessions; the most specific that counts when an order is placed';
COMMENT ON COLUMN host_agreements.payee_id IS 'Who is paid: the host, or an agency';
COMMENT ON COLUMN host_agreements.session_id IS 'Of this session alone; none: of all in which the host speaks';
COMMENT ON COLUMN host_agreements.product_id IS 'Of this product alone; none: of all';
COMMENT ON COLUMN host_agreements.millionths IS 'Of what a line of an order comes to, in parts per million; none: it says nothing of that';
COMMENT ON COLUMN host_agreements.slot_fee IS 'In minor units, for each session that was on air and ended, of a product: in which it was in the bag; none: it says nothing of that';
COMMENT ON COLUMN host_agreements.ended_at IS 'When it was said that it ends before its time';
CREATE INDEX host_agreements_of_a_host ON host_agreements (merchant_id, host_id, valid_from);

CREATE TABLE host_commissions (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , session_id  uuid NOT NULL
  , host_id     uuid NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , placed_at   timestamptz NOT NULL
  , earned_at   timestamptz
  , PRIMARY KEY (merchant_id, order_id)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , FOREIGN KEY (merchant_id, host_id) REFERENCES room_hosts
);
COMMENT ON TABLE host_commissions IS 'by merchant, never deleted: orders of live sessions of which a host gets something';
COMMENT ON COLUMN host_commissions.earned_at IS 'When the order''s money became the shop''s, and the commission its host''s; none: not yet';
CREATE INDEX host_commissions_of_a_session ON host_commissions (merchant_id, session_id, order_id DESC);
CREATE INDEX host_commissions_of_a_host ON host_commissions (merchant_id, host_id, order_id DESC);

CREATE TABLE host_commission_lines (
    merchant_id  uuid NOT NULL
  , order_id     uuid NOT NULL
  , line         integer NOT NULL
  , agreement_id uuid NOT NULL
  , payee_id     uuid NOT NULL
  , millionths   integer NOT NULL
  , paid         bigint NOT NULL
  , amount       bigint NOT NULL
  , refunded     bigint NOT NULL DEFAULT 0
  , dropped      bigint NOT NULL DEFAULT 0
  , earned       bigint NOT NULL DEFAULT 0
  , given_back   bigint NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, order_id, line)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES host_commissions
  , FOREIGN KEY (merchant_id, order_id, line) REFERENCES order_lines
  , FOREIGN KEY (merchant_id, agreement_id) REFERENCES host_agreements
  , FOREIGN KEY (merchant_id, payee_id) REFERENCES host_payees
  , CONSTRAINT a_commission_is_a_part_of_what_was_paid CHECK (0 <= amount AND amount <= paid)
  , CONSTRAINT never_refund_more_than_was_paid CHECK (0 <= refunded AND refunded <= paid)
  , CONSTRAINT what_is_dropped_is_not_earned CHECK (0 <= dropped AND dropped <= amount AND earned IN (0, amount - dropped))
  , CONSTRAINT never_give_back_more_than_was_earned CHECK (0 <= given_back AND given_back <= earned)
);
COMMENT ON TABLE host_commission_lines IS 'by merchant, never deleted: the commission of a line of an order, frozen at sale, and what became of it';
COMMENT ON COLUMN host_commission_lines.paid IS 'What the line came to, with tax that was added';
COMMENT ON COLUMN host_commission_lines.amount IS 'Frozen at sale: the rate of the line''s amount';
COMMENT ON COLUMN host_commission_lines.refunded IS 'Of paid, what went back to the buyer';
COMMENT ON COLUMN host_commission_lines.dropped IS 'Of amount, what refunds took before it was earned';
COMMENT ON COLUMN host_commission_lines.given_back IS 'Of earned, what refunds after it gave back to the shop';
CREATE INDEX host_commission_lines_of_a_payee ON host_commission_lines (merchant_id, payee_id, order_id DESC);

CREATE TABLE host_commission_returns (
    merchant_id uuid NOT NULL
  , refund_id   uuid NOT NULL
  , order_id    uuid NOT NULL
  , line        integer NOT NULL
  , amount      bigint NOT NULL
  , earned      boolean NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, refund_id, line)
  , FOREIGN KEY (merchant_id, order_id, line) REFERENCES host_commission_lines
  , CONSTRAINT a_return_is_not_negative CHECK (amount >= 0)
);
COMMENT ON TABLE host_commission_returns IS 'by merchant, append-only: what a refund took of a line''s commission';
COMMENT ON COLUMN host_commission_returns.earned IS 'It had been earned, and was given back; else it was dropped';
CREATE INDEX host_commission_returns_of_a_line ON host_commission_returns (merchant_id, order_id, line);

CREATE TABLE host_slots (
    merchant_id  uuid NOT NULL
  , slot_id      uuid NOT NULL
  , session_id   uuid NOT NULL
  , agreement_id uuid NOT NULL
  , payee_id     uuid NOT NULL
  , product_id   uuid
  , amount       bigint NOT NULL
  , currency     text NOT NULL REFERENCES currencies
  , earned_at    timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, slot_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , FOREIGN KEY (merchant_id, agreement_id) REFERENCES host_agreements
  , FOREIGN KEY (merchant_id, payee_id) REFERENCES host_payees
  , CONSTRAINT a_slot_is_paid_once UNIQUE (merchant_id, session_id, agreement_id)
  , CONSTRAINT a_slot_costs_something CHECK (amount > 0)
);
COMMENT ON TABLE host_slots IS 'by merchant, append-only: slot fees of sessions that were on air';
COMMENT ON COLUMN host_slots.slot_id IS 'The document in the books and on the statement';

CREATE TABLE host_payments (
    merchant_id uuid NOT NULL
  , payment_id  uuid NOT NULL
  , payee_id    uuid NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , reference   text NOT NULL
  , paid_on     date NOT NULL
  , paid_to     jsonb NOT NULL
  , by          text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , undone_why  text NOT NULL DEFAULT ''
  , undone_by   text
  , undone_at   timestamptz
  , PRIMARY KEY (merchant_id, payment_id)
  , FOREIGN KEY (merchant_id, payee_id) REFERENCES host_payees
  , CONSTRAINT a_payment_is_something CHECK (amount > 0)
  , CONSTRAINT a_payment_has_a_reference CHECK (reference <> '')
  , CONSTRAINT what_is_undone_says_why_and_by_whom CHECK ((undone_at IS NULL) = (undone_by IS NULL) AND (undone_at IS NULL) = (undone_why = ''))
);
COMMENT ON TABLE host_payments IS 'by merchant, never deleted: what the marketplace has paid hosts and agencies, as its finance staff wrote down';
COMMENT ON COLUMN host_payments.reference IS 'Of the transfer, as the bank calls it';
COMMENT ON COLUMN host_payments.paid_to IS 'The account as it was then: {holder, bank, account}';
CREATE INDEX host_payments_of_a_payee ON host_payments (merchant_id, payee_id, at DESC, payment_id DESC);

CREATE TABLE host_balances (
    merchant_id uuid NOT NULL
  , payee_id    uuid NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , earned      bigint NOT NULL DEFAULT 0
  , slots       bigint NOT NULL DEFAULT 0
  , given_back  bigint NOT NULL DEFAULT 0
  , paid        bigint NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, payee_id, currency)
  , FOREIGN KEY (merchant_id, payee_id) REFERENCES host_payees
);
COMMENT ON TABLE host_balances IS 'by merchant: how it stands with each host and agency; checks.sql holds it to be the sum of the rows and of the books';
COMMENT ON COLUMN host_balances.paid IS 'What was undone is taken off';
CREATE INDEX host_balances_to_pay ON host_balances (merchant_id, payee_id, currency) WHERE earned + slots - given_back > paid;
