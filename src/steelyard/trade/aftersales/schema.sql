CREATE TABLE order_refunds (
    merchant_id  uuid NOT NULL
  , refund_id    uuid NOT NULL
  , order_id     uuid NOT NULL
  , goods        bigint NOT NULL
  , freight      bigint NOT NULL
  , commission   bigint NOT NULL
  , fees         jsonb NOT NULL DEFAULT '[]'
  , fee_tax      bigint NOT NULL DEFAULT 0
  , currency     text NOT NULL
  , reason       text NOT NULL
  , note         text NOT NULL DEFAULT ''
  , by           text NOT NULL
  , released     boolean NOT NULL
  , at           timestamptz NOT NULL DEFAULT now()
  , subsidy      bigint NOT NULL DEFAULT 0
  , tax          bigint
  , PRIMARY KEY (merchant_id, refund_id)
  , CONSTRAINT no_more_tax_than_money_goes_back CHECK (tax BETWEEN 0 AND goods + freight)
  , CONSTRAINT a_refund_gives_something_back CHECK (goods >= 0 AND freight >= 0 AND goods + freight > 0)
  , CONSTRAINT a_refund_has_a_reason CHECK (reason IN ('cancelled', 'paid_late', 'goodwill', 'returned', 'imported', 'price_protection'
                                                       , 'refused_at_the_door', 'chargeback', 'uncollected'))
);
COMMENT ON TABLE order_refunds IS 'by merchant, append-only: what was given back of an order and why';
COMMENT ON COLUMN order_refunds.goods IS 'Of the lines, added tax included';
COMMENT ON COLUMN order_refunds.commission IS 'Fees given back with it, with the tax on them';
COMMENT ON COLUMN order_refunds.fees IS 'Of each fee: [{fee_id, amount, tax}], what is nothing left out';
COMMENT ON COLUMN order_refunds.fee_tax IS 'Of commission, the tax';
COMMENT ON COLUMN order_refunds.subsidy IS 'Of what the platform pays the merchant for promotions, taken back with it';
COMMENT ON COLUMN order_refunds.tax IS 'Of goods and freight, what is tax, whether it was in the price or on top; none where history was taken over';
COMMENT ON COLUMN order_refunds.released IS 'Whether the order''s money had already been released to the merchant';
CREATE INDEX order_refunds_of_an_order ON order_refunds (order_id);
CREATE INDEX order_refunds_by_time ON order_refunds (at);
CREATE INDEX order_refunds_of_a_merchant ON order_refunds (merchant_id, at);
CREATE INDEX order_refunds_by_staff ON order_refunds (by, at) WHERE by LIKE 'staff:%';

CREATE TABLE order_refund_lines (
    merchant_id uuid NOT NULL
  , refund_id   uuid NOT NULL
  , order_id    uuid NOT NULL
  , line        integer NOT NULL
  , quantity    integer NOT NULL
  , amount      bigint NOT NULL
  , PRIMARY KEY (merchant_id, refund_id, line)
  , FOREIGN KEY (merchant_id, refund_id) REFERENCES order_refunds
  , FOREIGN KEY (merchant_id, order_id, line) REFERENCES order_lines
);
COMMENT ON TABLE order_refund_lines IS 'by merchant, append-only: which lines a refund is for';

CREATE TABLE cancellation_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE cancellation_transitions IS 'reference: the states of a request to cancel that follow each other';
INSERT INTO cancellation_transitions (from_state, to_state) VALUES
    ('nowhere', 'asked'), ('asked', 'granted'), ('asked', 'refused'), ('asked', 'overtaken');

CREATE TABLE cancellation_requests (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , refund_id   uuid NOT NULL
  , state       text NOT NULL
  , reason      text NOT NULL
  , note        text NOT NULL DEFAULT ''
  , answer      text NOT NULL DEFAULT ''
  , asked_at    timestamptz NOT NULL DEFAULT now()
  , answer_by   timestamptz NOT NULL
  , answered_at timestamptz
  , PRIMARY KEY (merchant_id, order_id)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , CONSTRAINT an_answer_has_its_time CHECK ((state = 'asked') = (answered_at IS NULL))
);
COMMENT ON TABLE cancellation_requests IS 'by merchant: a buyer asks the shop to call off an order that it is packing, once an order';
COMMENT ON COLUMN cancellation_requests.refund_id IS 'The id that the refund will have when it is granted';
COMMENT ON COLUMN cancellation_requests.answer_by IS 'Without an answer it is granted then';
COMMENT ON COLUMN cancellation_requests.state IS 'overtaken: the order was sent, or ended otherwise, before the answer';
CREATE INDEX cancellation_requests_open ON cancellation_requests (answer_by) WHERE state = 'asked';
CREATE INDEX cancellation_requests_of_a_merchant ON cancellation_requests (merchant_id, answer_by, order_id) WHERE state = 'asked';
CREATE INDEX cancellation_requests_of_a_buyer ON cancellation_requests (buyer_id);

CREATE TABLE cancellation_history (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, order_id, step)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES cancellation_requests
  , FOREIGN KEY (from_state, to_state) REFERENCES cancellation_transitions
);
COMMENT ON TABLE cancellation_history IS 'by merchant, append-only: each change of a request to cancel';

CREATE TABLE aftersales_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE aftersales_transitions IS 'reference: the states of an after-sales case that follow each other';
INSERT INTO aftersales_transitions (from_state, to_state) VALUES
    ('nowhere', 'asked')
  , ('asked', 'agreed'), ('asked', 'refused'), ('asked', 'refunded'), ('asked', 'withdrawn'), ('asked', 'closed')
  , ('agreed', 'sent_back'), ('agreed', 'refunded'), ('agreed', 'withdrawn'), ('agreed', 'closed')
  , ('sent_back', 'refunded'), ('sent_back', 'refused'), ('sent_back', 'withdrawn'), ('sent_back', 'closed')
  , ('refused', 'asked'), ('refused', 'disputed'), ('refused', 'withdrawn'), ('refused', 'closed')
  , ('disputed', 'agreed'), ('disputed', 'refunded'), ('disputed', 'rejected'), ('disputed', 'withdrawn')
  , ('disputed', 'closed')
  , ('agreed', 'disputed'), ('rejected', 'disputed')
  , ('sent_back', 'accepted'), ('accepted', 'resent'), ('accepted', 'refunded'), ('accepted', 'closed')
  , ('resent', 'exchanged'), ('resent', 'disputed');

CREATE TABLE aftersales_cases (
    merchant_id  uuid NOT NULL
  , case_id      uuid NOT NULL
  , order_id     uuid NOT NULL
  , buyer_id     uuid NOT NULL
  , refund_id    uuid NOT NULL
  , kind         text NOT NULL
  , reason       text NOT NULL
  , state        text NOT NULL
  , note         text NOT NULL DEFAULT ''
  , photographs  text[] NOT NULL DEFAULT '{}'
  , freight      bigint NOT NULL DEFAULT 0
  , currency     text NOT NULL
  , rule_id      uuid REFERENCES rights_rules
  , answer       text NOT NULL DEFAULT ''
  , complaint    text NOT NULL DEFAULT ''
  , decision     text NOT NULL DEFAULT ''
  , return_to    jsonb
  , carrier      text
  , number       text
  , asked_at     timestamptz NOT NULL DEFAULT now()
  , moved_at     timestamptz NOT NULL DEFAULT now()
  , due_at       timestamptz
  , improved_at  timestamptz
  , ended_at     timestamptz
  , verdict      text
  , decided_at   timestamptz
  , decided_by   text
  , return_freight bigint NOT NULL DEFAULT 0
  , code         text NOT NULL
  , pickup_at    timestamptz
  , pickup_carrier text REFERENCES carriers
  , PRIMARY KEY (merchant_id, case_id)
  , UNIQUE (merchant_id, code)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , CONSTRAINT who_fetches_is_asked_at_a_time CHECK ((pickup_at IS NULL) = (pickup_carrier IS NULL))
  , CONSTRAINT sending_back_costs_nothing_or_more CHECK (return_freight >= 0)
  , CONSTRAINT a_decision_has_its_verdict_time_and_author CHECK ((verdict IS NULL) = (decided_at IS NULL) AND (verdict IS NULL) = (decided_by IS NULL))
  , CONSTRAINT a_case_is_of_a_known_kind CHECK (kind IN ('refund_only', 'return_refund', 'exchange', 'replacement'))
  , CONSTRAINT a_case_wants_no_negative_freight CHECK (freight >= 0)
  , CONSTRAINT ended_means_when CHECK ((state IN ('exchanged', 'refunded', 'rejected', 'withdrawn', 'closed')) = (ended_at IS NOT NULL))
  , CONSTRAINT whose_turn_it_is_has_a_deadline CHECK ((state IN ('asked', 'agreed', 'sent_back', 'refused', 'accepted', 'resent')) = (due_at IS NOT NULL))
  , CONSTRAINT a_parcel_has_carrier_and_number CHECK ((carrier IS NULL) = (number IS NULL))
  , CONSTRAINT sent_back_means_with_what CHECK (state <> 'sent_back' OR number IS NOT NULL)
  , CONSTRAINT agreed_means_where_to CHECK (state <> 'agreed' OR return_to IS NOT NULL)
  , CONSTRAINT a_dispute_says_why CHECK (state <> 'disputed' OR complaint <> '')
);
COMMENT ON TABLE aftersales_cases IS 'by merchant: a buyer asks for money back for some pieces of an order, with the goods sent back or without';
COMMENT ON COLUMN aftersales_cases.refund_id IS 'The id that the refund has, or will have';
COMMENT ON COLUMN aftersales_cases.photographs IS 'Names in the file store';
COMMENT ON COLUMN aftersales_cases.freight IS 'Of what was paid for sending, asked back too';
COMMENT ON COLUMN aftersales_cases.rule_id IS 'The version of the right by which it was admitted; none when no right had to be looked at';
COMMENT ON COLUMN aftersales_cases.answer IS 'The shop''s last words';
COMMENT ON COLUMN aftersales_cases.complaint IS 'Why the buyer asks the platform to step in';
COMMENT ON COLUMN aftersales_cases.decision IS 'The platform''s reason';
COMMENT ON COLUMN aftersales_cases.verdict IS 'What the platform decided last; none as long as it was not asked';
COMMENT ON COLUMN aftersales_cases.return_to IS 'The warehouse''s address as it was when the shop agreed';
COMMENT ON COLUMN aftersales_cases.return_freight IS 'What sending back cost by the buyer''s receipt, where the shop is to blame; see promises';
COMMENT ON COLUMN aftersales_cases.code IS 'What people call it by; it stands on the parcel that comes back';
COMMENT ON COLUMN aftersales_cases.pickup_at IS 'When a carrier was asked to fetch the goods';
COMMENT ON COLUMN aftersales_cases.due_at IS 'What happens to a silent side happens then; see docs/algorithms/after-sales.md';
COMMENT ON COLUMN aftersales_cases.improved_at IS 'When the buyer improved a refused request, once';
CREATE INDEX aftersales_cases_by_id ON aftersales_cases (case_id);
CREATE INDEX aftersales_cases_of_an_order ON aftersales_cases (order_id);
CREATE INDEX aftersales_cases_due ON aftersales_cases (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX aftersales_cases_of_a_buyer ON aftersales_cases (buyer_id, asked_at DESC, case_id DESC);
CREATE INDEX aftersales_cases_of_a_merchant ON aftersales_cases (merchant_id, asked_at DESC, case_id DESC);
CREATE INDEX aftersales_cases_of_a_merchant_by_state ON aftersales_cases (merchant_id, state, asked_at DESC, case_id DESC);
CREATE INDEX aftersales_cases_to_fetch ON aftersales_cases (pickup_at) WHERE state = 'agreed' AND pickup_at IS NOT NULL;
CREATE INDEX aftersales_cases_disputed ON aftersales_cases (moved_at, case_id) WHERE state = 'disputed';

CREATE TABLE aftersales_case_lines (
    merchant_id uuid NOT NULL
  , case_id     uuid NOT NULL
  , order_id    uuid NOT NULL
  , line        integer NOT NULL
  , quantity    integer NOT NULL
  , given       integer
  , restocked   integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, case_id, line)
  , FOREIGN KEY (merchant_id, case_id) REFERENCES aftersales_cases
  , FOREIGN KEY (merchant_id, order_id, line) REFERENCES order_lines
  , CONSTRAINT a_case_asks_for_pieces CHECK (quantity > 0)
  , CONSTRAINT never_give_more_than_asked CHECK (given BETWEEN 0 AND quantity)
  , CONSTRAINT never_restock_more_than_given CHECK (restocked BETWEEN 0 AND coalesce(given, 0))
);
COMMENT ON TABLE aftersales_case_lines IS 'by merchant: how many pieces of which lines a case is about';
COMMENT ON COLUMN aftersales_case_lines.given IS 'For how many of them money went back; none as long as that is not decided';
COMMENT ON COLUMN aftersales_case_lines.restocked IS 'How many of them lie on the shelf again; the others were scrapped, or stay with the buyer';
CREATE INDEX aftersales_case_lines_of_an_order ON aftersales_case_lines (order_id);

CREATE TABLE aftersales_exchanges (
    merchant_id uuid NOT NULL
  , case_id     uuid NOT NULL
  , order_id    uuid NOT NULL
  , line        integer NOT NULL
  , sku_id      uuid NOT NULL
  , options     jsonb NOT NULL DEFAULT '[]'
  , sku_code    text NOT NULL
  , quantity    integer NOT NULL
  , difference  bigint NOT NULL
  , turned      boolean NOT NULL DEFAULT false
  , accepted    integer
  , restocked   integer NOT NULL DEFAULT 0
  , parcel_id   uuid
  , PRIMARY KEY (merchant_id, case_id)
  , FOREIGN KEY (merchant_id, case_id) REFERENCES aftersales_cases
  , CONSTRAINT nothing_is_collected_for_an_exchange CHECK (difference >= 0)
  , CONSTRAINT never_exchange_more_than_asked CHECK (accepted BETWEEN 0 AND quantity AND restocked BETWEEN 0 AND coalesce(accepted, 0))
  , CONSTRAINT what_was_sent_was_accepted CHECK (parcel_id IS NULL OR accepted IS NOT NULL)
);
COMMENT ON TABLE aftersales_exchanges IS 'by merchant: what a case is to exchange pieces of its line for; its reservation and its parcels are known by the case''s id';
COMMENT ON COLUMN aftersales_exchanges.options IS 'As they were called when it was asked for';
COMMENT ON COLUMN aftersales_exchanges.difference IS 'What goes back for all pieces asked for, since it is cheaper, in minor units';
COMMENT ON COLUMN aftersales_exchanges.turned IS 'There was not enough of it when the shop agreed: the case became a return with a refund';
COMMENT ON COLUMN aftersales_exchanges.accepted IS 'Pieces that the shop took back to exchange; none before it looked';
CREATE INDEX aftersales_exchanges_by_case ON aftersales_exchanges (case_id);

CREATE TABLE aftersales_appeals (
    merchant_id  uuid NOT NULL
  , case_id      uuid NOT NULL
  , order_id     uuid NOT NULL
  , buyer_id     uuid NOT NULL
  , side         text NOT NULL
  , verdict      text NOT NULL
  , first_by     text NOT NULL
  , first_reason text NOT NULL
  , first_at     timestamptz NOT NULL
  , words        text NOT NULL
  , photographs  text[] NOT NULL DEFAULT '{}'
  , by           text NOT NULL
  , appealed_at  timestamptz NOT NULL
  , answer_by    timestamptz NOT NULL
  , answer       text NOT NULL DEFAULT ''
  , answer_photographs text[] NOT NULL DEFAULT '{}'
  , answered_at  timestamptz
  , outcome      text
  , compensation bigint NOT NULL DEFAULT 0
  , currency     text NOT NULL
  , decision     text NOT NULL DEFAULT ''
  , decided_at   timestamptz
  , decided_by   text
  , PRIMARY KEY (merchant_id, case_id)
  , FOREIGN KEY (merchant_id, case_id) REFERENCES aftersales_cases
  , CONSTRAINT one_of_two_sides_appeals CHECK (side IN ('buyer', 'shop'))
  , CONSTRAINT an_appeal_ends_in_one_of_these CHECK (outcome IN ('upheld', 'changed', 'lapsed'))
  , CONSTRAINT an_ended_appeal_has_its_time CHECK ((outcome IS NULL) = (decided_at IS NULL))
  , CONSTRAINT somebody_else_decides_about_an_appeal CHECK (decided_by <> first_by)
  , CONSTRAINT only_a_changed_decision_is_made_good CHECK (compensation >= 0 AND (compensation = 0 OR outcome = 'changed'))
);
COMMENT ON TABLE aftersales_appeals IS 'by merchant: an appeal against the platform''s decision of a case, one in a case';
COMMENT ON COLUMN aftersales_appeals.verdict IS 'The decision that is appealed against, with first_by and first_reason';
COMMENT ON COLUMN aftersales_appeals.answer_by IS 'Until when the other side may answer; after that it is decided without';
COMMENT ON COLUMN aftersales_appeals.compensation IS 'What the platform paid the shop for a refund that was wrong';
CREATE INDEX aftersales_appeals_by_case ON aftersales_appeals (case_id);
CREATE INDEX aftersales_appeals_of_a_buyer ON aftersales_appeals (buyer_id);
CREATE INDEX aftersales_appeals_open ON aftersales_appeals (appealed_at, case_id) WHERE outcome IS NULL;

CREATE TABLE aftersales_case_history (
    merchant_id uuid NOT NULL
  , case_id     uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , words       text NOT NULL DEFAULT ''
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, case_id, step)
  , FOREIGN KEY (merchant_id, case_id) REFERENCES aftersales_cases
  , FOREIGN KEY (from_state, to_state) REFERENCES aftersales_transitions
);
COMMENT ON TABLE aftersales_case_history IS 'by merchant: each change of an after-sales case, and what was said with it; the words are blanked with old records';

CREATE TABLE refund_limits (
    merchant_id uuid NOT NULL
  , role_id     text NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , valid_from  timestamptz NOT NULL
  , per_refund  bigint
  , per_day     bigint
  , set_by      uuid
  , set_at      timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, role_id, currency, valid_from)
  , CONSTRAINT limits_are_not_below_nothing CHECK (coalesce(per_refund, 0) >= 0 AND coalesce(per_day, 0) >= 0)
);
COMMENT ON TABLE refund_limits IS 'by merchant, append-only: what a role of a shop''s staff may give back alone; the latest that has begun counts';
COMMENT ON COLUMN refund_limits.per_refund IS 'In minor units; none: without a limit';
COMMENT ON COLUMN refund_limits.per_day IS 'In minor units, of one person in a day of the house; none: without a limit';

CREATE TABLE platform_refund_limits (
    role_id     text NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , valid_from  timestamptz NOT NULL
  , per_refund  bigint
  , per_day     bigint
  , set_by      uuid
  , set_at      timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (role_id, currency, valid_from)
  , CONSTRAINT limits_are_not_below_nothing CHECK (coalesce(per_refund, 0) >= 0 AND coalesce(per_day, 0) >= 0)
);
COMMENT ON TABLE platform_refund_limits IS 'reference, append-only: what a role of the operator''s staff may give back alone; the latest that has begun counts';

CREATE TABLE refund_request_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE refund_request_transitions IS 'reference: the states of a refund that waits for a second person';
INSERT INTO refund_request_transitions (from_state, to_state) VALUES
    ('nowhere', 'waiting'), ('waiting', 'approved'), ('waiting', 'declined'), ('waiting', 'withdrawn'), ('waiting', 'expired')
  , ('waiting', 'overtaken');

CREATE TABLE refund_requests (
    merchant_id uuid NOT NULL
  , request_id  uuid NOT NULL
  , refund_id   uuid NOT NULL
  , order_id    uuid NOT NULL
  , case_id     uuid
  , side        text NOT NULL
  , command     jsonb NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , why         text NOT NULL
  , state       text NOT NULL
  , asked_by    uuid NOT NULL
  , asked_at    timestamptz NOT NULL DEFAULT now()
  , expires_at  timestamptz NOT NULL
  , answered_by uuid
  , answered_at timestamptz
  , answer      text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, request_id)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , CONSTRAINT a_refund_that_waits_is_of_some_money CHECK (amount > 0)
  , CONSTRAINT who_asks_is_of_one_side CHECK (side IN ('merchant', 'operator'))
  , CONSTRAINT it_waits_for_a_reason CHECK (why IN ('per_refund', 'per_day'))
  , CONSTRAINT an_answered_request_has_its_time CHECK ((state = 'waiting') = (answered_at IS NULL))
  , CONSTRAINT four_eyes_see_more_than_two CHECK (state <> 'approved' OR (answered_by IS NOT NULL AND answered_by <> asked_by))
  , CONSTRAINT a_refund_is_declined_for_a_reason CHECK (state <> 'declined' OR answer <> '')
);
COMMENT ON TABLE refund_requests IS 'by merchant: a refund above what the person may give back alone: it waits for a second person of the same side';
COMMENT ON COLUMN refund_requests.refund_id IS 'The id that the refund has once it is approved';
COMMENT ON COLUMN refund_requests.command IS 'What is done when it is approved';
COMMENT ON COLUMN refund_requests.amount IS 'What it would have given back when it was asked for; approved, it gives back that or less';
COMMENT ON COLUMN refund_requests.why IS 'Which limit it is above';
COMMENT ON COLUMN refund_requests.state IS 'overtaken: the money went back otherwise, or the case that it was for has ended';
CREATE UNIQUE INDEX a_refund_waits_once ON refund_requests (merchant_id, refund_id) WHERE state = 'waiting';
CREATE INDEX refund_requests_waiting ON refund_requests (side, expires_at) WHERE state = 'waiting';
CREATE INDEX refund_requests_of_an_order ON refund_requests (merchant_id, order_id);
CREATE INDEX refund_requests_of_a_case ON refund_requests (case_id) WHERE case_id IS NOT NULL;
CREATE INDEX refund_requests_by_time ON refund_requests (side, asked_at DESC, request_id DESC);
CREATE INDEX refund_requests_of_a_merchant ON refund_requests (merchant_id, side, asked_at DESC, request_id DESC);
CREATE INDEX refund_requests_approved ON refund_requests (refund_id) WHERE state = 'approved';

CREATE TABLE refund_request_history (
    merchant_id uuid NOT NULL
  , request_id  uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, request_id, step)
  , FOREIGN KEY (merchant_id, request_id) REFERENCES refund_requests
  , FOREIGN KEY (from_state, to_state) REFERENCES refund_request_transitions
);
COMMENT ON TABLE refund_request_history IS 'by merchant, append-only: each change of a refund that waits for a second person';
