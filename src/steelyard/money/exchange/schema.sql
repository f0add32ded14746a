-- Money of one currency for money of another: documents of two legs, rates as dated data, and what is open in each currency.

CREATE TABLE exchange_rates (
    day      date NOT NULL
  , currency text NOT NULL REFERENCES currencies
  , micros   bigint NOT NULL
  , source   text NOT NULL
  , PRIMARY KEY (day, currency)
  , CONSTRAINT a_rate_is_positive CHECK (micros > 0)
  , CONSTRAINT the_base_has_no_rate CHECK (currency <> 'EUR')
);
COMMENT ON TABLE exchange_rates IS 'reference: reference rates of a day, as the European Central Bank gives them out: so much of a currency for one euro';
COMMENT ON COLUMN exchange_rates.micros IS 'Millionths of the currency''s major unit for one euro';
CREATE INDEX exchange_rates_of_a_currency ON exchange_rates (currency, day DESC);

CREATE TABLE exchange_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE exchange_transitions IS 'reference: the states of an exchange that follow each other';
INSERT INTO exchange_transitions (from_state, to_state) VALUES
    ('nowhere', 'proposed'), ('proposed', 'posted'), ('proposed', 'declined');

CREATE TABLE exchanges (
    exchange_id   uuid PRIMARY KEY
  , on_day        date NOT NULL
  , state         text NOT NULL
  , from_owner    uuid NOT NULL
  , from_kind     text NOT NULL
  , from_currency text NOT NULL REFERENCES currencies
  , sold          bigint NOT NULL
  , to_owner      uuid NOT NULL
  , to_kind       text NOT NULL
  , to_currency   text NOT NULL REFERENCES currencies
  , bought        bigint NOT NULL
  , value         bigint
  , realised      bigint
  , words         text NOT NULL
  , proposed_by   text NOT NULL
  , proposed_at   timestamptz NOT NULL DEFAULT now()
  , decided_by    text
  , decided_at    timestamptz
  , CONSTRAINT an_exchange_is_proposed_posted_or_declined CHECK (state IN ('proposed', 'posted', 'declined'))
  , CONSTRAINT two_currencies_are_exchanged CHECK (from_currency <> to_currency AND sold > 0 AND bought > 0)
  , CONSTRAINT cash_is_exchanged_for_cash_or_own_funds_for_own_funds CHECK (
        (from_kind IN ('channel_cash', 'bank_cash') AND to_kind IN ('channel_cash', 'bank_cash'))
        OR (from_kind = 'own_funds' AND to_kind = 'own_funds'))
  , CONSTRAINT posted_means_its_value CHECK (
        (state = 'posted') = (value IS NOT NULL) AND (state = 'posted') = (realised IS NOT NULL))
  , CONSTRAINT decided_means_by_whom_and_when CHECK (
        (state <> 'proposed') = (decided_by IS NOT NULL) AND (state <> 'proposed') = (decided_at IS NOT NULL))
  , CONSTRAINT two_people_exchange CHECK (state <> 'posted' OR decided_by <> proposed_by)
);
COMMENT ON TABLE exchanges IS 'by key: money of one currency that became money of another, on the word of two people';
COMMENT ON COLUMN exchanges.on_day IS 'The day of the channel''s or bank''s paper, whose reference rate counts';
COMMENT ON COLUMN exchanges.value IS 'In minor units of the house''s currency';
COMMENT ON COLUMN exchanges.realised IS 'What positions that it closed have gained, in minor units of the house''s currency; below zero, lost';
CREATE INDEX exchanges_by_time ON exchanges (proposed_at DESC, exchange_id DESC);

CREATE TABLE exchange_history (
    exchange_id uuid NOT NULL REFERENCES exchanges
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (exchange_id, step)
  , FOREIGN KEY (from_state, to_state) REFERENCES exchange_transitions
);
COMMENT ON TABLE exchange_history IS 'by key, append-only: each change of an exchange''s state';

CREATE TABLE exchange_positions (
    currency text PRIMARY KEY REFERENCES currencies
  , quantity bigint NOT NULL
  , cost     bigint NOT NULL
  , CONSTRAINT what_is_not_open_costs_nothing CHECK (quantity <> 0 OR cost = 0)
  , CONSTRAINT what_was_given_has_brought_something CHECK (quantity >= 0 OR cost <= 0)
  , CONSTRAINT what_was_got_has_cost_something CHECK (quantity <= 0 OR cost >= 0)
);
COMMENT ON TABLE exchange_positions IS 'local: what exchanges have left open in each currency but the house''s';
COMMENT ON COLUMN exchange_positions.quantity IS 'Minor units got by exchanges; below zero, given away';
COMMENT ON COLUMN exchange_positions.cost IS 'What it cost, or below zero what it brought, in minor units of the house''s currency';
