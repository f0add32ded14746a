-- Paid orders that look like fraud are held until somebody has looked at them, or time decides.

CREATE TABLE risk_rules (
    rule       text PRIMARY KEY
  , active     boolean NOT NULL
  , points     integer NOT NULL
  , least      integer NOT NULL
  , minutes    integer NOT NULL
  , changed_at timestamptz
  , changed_by text
  , CONSTRAINT a_rule_has_points CHECK (points BETWEEN 1 AND 1000)
  , CONSTRAINT a_rule_counts_something CHECK (least > 0 AND minutes > 0)
);
COMMENT ON TABLE risk_rules IS 'reference: what makes an order suspicious, and how much';
COMMENT ON COLUMN risk_rules.least IS 'How many, or how much in major units of the currency, trip it; without meaning for rules of lists';
COMMENT ON COLUMN risk_rules.minutes IS 'Within which time it counts; without meaning for rules that count nothing';
INSERT INTO risk_rules (rule, active, points, least, minutes) VALUES
    ('new_buyer', true, 60, 2000, 1)
  , ('many_to_address', true, 60, 4, 60)
  , ('many_by_buyer', true, 50, 5, 60)
  , ('failed_payments', true, 50, 3, 1440)
  , ('foreign_phone', true, 30, 1, 1)
  , ('forwarder', true, 40, 1, 1)
  , ('blocked', true, 100, 1, 1);

CREATE TABLE risk_list (
    entry_id uuid PRIMARY KEY
  , list     text NOT NULL
  , kind     text NOT NULL
  , value    text NOT NULL
  , why      text NOT NULL
  , until    date NOT NULL
  , by       text NOT NULL
  , at       timestamptz NOT NULL DEFAULT now()
  , CONSTRAINT an_entry_stands_on_a_known_list CHECK (list IN ('block', 'allow', 'forwarder'))
  , CONSTRAINT an_entry_is_of_a_known_kind CHECK (kind IN ('email', 'domain', 'phone', 'address'))
  , CONSTRAINT an_entry_says_what_and_why CHECK (value <> '' AND why <> '')
  , CONSTRAINT a_forwarder_is_an_address CHECK (list <> 'forwarder' OR kind = 'address')
);
COMMENT ON TABLE risk_list IS 'local: whom staff know: never to hold, always to hold, and addresses of freight forwarders';
COMMENT ON COLUMN risk_list.value IS 'As it is compared: small letters, without spaces; of a telephone its digits; of an address a part of it';
COMMENT ON COLUMN risk_list.until IS 'It is forgotten on this day';
CREATE UNIQUE INDEX an_entry_stands_on_a_list_once ON risk_list (list, kind, value);
CREATE INDEX risk_list_by_time ON risk_list (at DESC, entry_id DESC);
CREATE INDEX risk_list_to_forget ON risk_list (until);

CREATE TABLE risk_seen (
    purchase_id uuid PRIMARY KEY
  , buyer_id    uuid NOT NULL
  , address     text NOT NULL
  , at          timestamptz NOT NULL
);
COMMENT ON TABLE risk_seen IS 'by key: paid purchases of the last days, by buyer and by what their address comes to, to count how many there are at once';
COMMENT ON COLUMN risk_seen.address IS 'A digest: the address cannot be read from it';
CREATE INDEX risk_seen_of_an_address ON risk_seen (address, at);
CREATE INDEX risk_seen_of_a_buyer ON risk_seen (buyer_id, at);
CREATE INDEX risk_seen_by_time ON risk_seen (at);

CREATE TABLE risk_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE risk_transitions IS 'reference: the states of a look at an order that follow each other';
INSERT INTO risk_transitions (from_state, to_state) VALUES
    ('nowhere', 'passed'), ('nowhere', 'held')
  , ('held', 'released'), ('held', 'cancelled'), ('held', 'overtaken');

CREATE TABLE risk_checks (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , purchase_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , code        text NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , score       integer NOT NULL
  , tripped     jsonb NOT NULL
  , state       text NOT NULL
  , checked_at  timestamptz NOT NULL DEFAULT now()
  , decide_by   timestamptz
  , decided_at  timestamptz
  , decided_by  text
  , why         text NOT NULL DEFAULT ''
  , charged_back_at timestamptz
  , PRIMARY KEY (merchant_id, order_id)
  , CONSTRAINT held_means_until_when CHECK ((state = 'passed') = (decide_by IS NULL))
  , CONSTRAINT decided_means_when_and_by_whom
        CHECK ((state IN ('released', 'cancelled', 'overtaken')) = (decided_at IS NOT NULL) AND (decided_at IS NULL) = (decided_by IS NULL))
);
COMMENT ON TABLE risk_checks IS 'by merchant: orders that tripped a rule, and what became of them; those that tripped none are not kept';
COMMENT ON COLUMN risk_checks.tripped IS '[{rule, points, found}]: found is a number, never who or where';
COMMENT ON COLUMN risk_checks.charged_back_at IS 'When its money was charged back, so that rules can be judged by what came later';
CREATE INDEX risk_checks_held ON risk_checks (decide_by, order_id) WHERE state = 'held';
CREATE INDEX risk_checks_by_time ON risk_checks (checked_at DESC, order_id DESC);
CREATE INDEX risk_checks_of_an_order ON risk_checks (order_id);

CREATE TABLE risk_check_history (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, order_id, step)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES risk_checks
  , FOREIGN KEY (from_state, to_state) REFERENCES risk_transitions
);
COMMENT ON TABLE risk_check_history IS 'by merchant, append-only: each change of a look''s state';
