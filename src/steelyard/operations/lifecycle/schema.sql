-- What is known of each customer of a shop, and of the marketplace as a whole: what they have paid, in which stage of
-- their life as a customer they are, what they are worth. Counted anew from the orders whenever something of them changes.

CREATE TABLE customer_facts (
    merchant_id      uuid NOT NULL
  , buyer_id         uuid NOT NULL
  , first_seen_at    timestamptz NOT NULL
  , last_seen_at     timestamptz NOT NULL
  , wanted_at        timestamptz
  , first_paid_at    timestamptz
  , previous_paid_at timestamptz
  , last_paid_at     timestamptz
  , orders           integer NOT NULL DEFAULT 0
  , cancelled        integer NOT NULL DEFAULT 0
  , currency         text NOT NULL REFERENCES currencies
  , spent            bigint NOT NULL DEFAULT 0
  , refunds          integer NOT NULL DEFAULT 0
  , refunded         bigint NOT NULL DEFAULT 0
  , stage            text NOT NULL
  , stage_since      timestamptz NOT NULL
  , moves_at         timestamptz
  , PRIMARY KEY (merchant_id, buyer_id)
  , CONSTRAINT a_customer_is_in_a_stage CHECK (stage IN ('visitor', 'lead', 'new', 'active', 'loyal', 'dormant', 'lost'
                                                       , 'won_back'))
  , CONSTRAINT who_has_paid_is_a_customer CHECK ((orders > 0) = (last_paid_at IS NOT NULL)
                                             AND (orders > 0) = (first_paid_at IS NOT NULL)
                                             AND (orders > 1) = (previous_paid_at IS NOT NULL))
  , CONSTRAINT payments_follow_each_other CHECK (first_paid_at <= previous_paid_at AND previous_paid_at <= last_paid_at)
  , CONSTRAINT never_given_back_more_than_spent CHECK (0 <= refunded AND refunded <= spent AND refunds >= 0 AND cancelled >= 0)
  , CONSTRAINT seen_first_before_last CHECK (first_seen_at <= last_seen_at)
);
COMMENT ON TABLE customer_facts IS 'by merchant: what is known of each customer of a shop; merchant_id of zeros: of the marketplace as a whole';
COMMENT ON COLUMN customer_facts.buyer_id IS 'The buyer, with what they did as the visitors they were (visitor_merges)';
COMMENT ON COLUMN customer_facts.wanted_at IS 'When they first showed that they want something: kept a product or the shop in mind, put into the cart, placed an order; at the marketplace also when they signed up';
COMMENT ON COLUMN customer_facts.orders IS 'Paid and not called off since; of the marketplace: purchases, however many shops one is shared among';
COMMENT ON COLUMN customer_facts.previous_paid_at IS 'When the last but one of them was paid';
COMMENT ON COLUMN customer_facts.cancelled IS 'Paid and called off as a whole';
COMMENT ON COLUMN customer_facts.currency IS 'The shop''s own, at the marketplace the house''s; what was paid in others stands in customer_spend alone and is not converted';
COMMENT ON COLUMN customer_facts.spent IS 'What these orders came to in that currency, in minor units, tax and freight included; refunded: given back of it, by so many refunds';
COMMENT ON COLUMN customer_facts.stage_since IS 'Since when, as the facts say';
COMMENT ON COLUMN customer_facts.moves_at IS 'When time alone moves them on, to dormant or lost; none: it does not';
CREATE INDEX customers_by_stage ON customer_facts (merchant_id, stage, stage_since DESC, buyer_id DESC);
CREATE INDEX customers_time_moves ON customer_facts (moves_at) WHERE moves_at IS NOT NULL;
CREATE INDEX visitors_by_last_sight ON customer_facts (last_seen_at) WHERE stage = 'visitor';
CREATE INDEX customer_facts_of_a_buyer ON customer_facts (buyer_id);
CREATE INDEX customers_by_last_payment ON customer_facts (merchant_id, last_paid_at DESC, buyer_id DESC) WHERE orders > 0;
CREATE INDEX customers_by_spending ON customer_facts (merchant_id, spent DESC, buyer_id DESC) WHERE orders > 0;

CREATE TABLE customer_spend (
    merchant_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , orders      integer NOT NULL
  , spent       bigint NOT NULL
  , refunds     integer NOT NULL
  , refunded    bigint NOT NULL
  , PRIMARY KEY (merchant_id, buyer_id, currency)
  , CONSTRAINT never_given_back_more_than_spent CHECK (0 <= refunded AND refunded <= spent AND refunds >= 0 AND orders >= 0)
);
COMMENT ON TABLE customer_spend IS 'by merchant: what a customer has spent in each currency, in its minor units; merchant_id of zeros: at the marketplace as a whole';
CREATE INDEX customer_spend_of_a_buyer ON customer_spend (buyer_id);

CREATE TABLE stage_moves (
    merchant_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , step        integer NOT NULL
  , from_stage  text NOT NULL
  , to_stage    text NOT NULL
  , at          timestamptz NOT NULL
  , noted_at    timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, buyer_id, step)
  , CONSTRAINT a_move_goes_somewhere CHECK (from_stage <> to_stage AND step > 0 AND (step = 1) = (from_stage = 'nowhere'))
);
COMMENT ON TABLE stage_moves IS 'by merchant: how customers went from stage to stage; the history before the house began to count is told by the orders';
COMMENT ON COLUMN stage_moves.at IS 'When it happened, as the facts say; noted_at: when it was seen';
CREATE INDEX stage_moves_by_time ON stage_moves (merchant_id, at);
CREATE INDEX stage_moves_of_a_buyer ON stage_moves (buyer_id);

CREATE TABLE stage_rules (
    merchant_id   uuid NOT NULL
  , from_day      date NOT NULL
  , dormant_days  integer NOT NULL
  , lost_days     integer NOT NULL
  , loyal_orders  integer NOT NULL
  , interval_days integer
  , by            text NOT NULL
  , at            timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, from_day)
  , CONSTRAINT lost_comes_after_dormant CHECK (1 <= dormant_days AND dormant_days < lost_days AND lost_days <= 3650)
  , CONSTRAINT who_is_loyal_came_back CHECK (loyal_orders BETWEEN 2 AND 1000)
);
COMMENT ON TABLE stage_rules IS 'by merchant: where the stages of customers begin, from which day on; the last day reached counts, without any the defaults of operations/lifecycle/model.py';
COMMENT ON COLUMN stage_rules.dormant_days IS 'Days without a paid order after which a customer is dormant, and after lost_days lost';
COMMENT ON COLUMN stage_rules.loyal_orders IS 'From so many paid orders on a customer is loyal';
COMMENT ON COLUMN stage_rules.interval_days IS 'The usual days between two purchases from which the house reckoned it; none: somebody decided';
COMMENT ON COLUMN stage_rules.by IS 'house, or staff:<account>';

CREATE TABLE stage_rules_applied (
    merchant_id uuid PRIMARY KEY
  , from_day    date
  , after       uuid
  , begun_at    timestamptz NOT NULL
  , finished_at timestamptz
);
COMMENT ON TABLE stage_rules_applied IS 'by merchant: which rule all its customers have been looked at by; while that goes on, up to whom';

CREATE TABLE purchase_intervals (
    category_id uuid PRIMARY KEY REFERENCES categories
  , days        integer NOT NULL
  , customers   integer NOT NULL
  , counted_at  timestamptz NOT NULL
);
COMMENT ON TABLE purchase_intervals IS 'reference: how many days customers who come back usually stay away, in shops that sell mostly of a category of the first rank: the median over so many of them';

CREATE TABLE customer_values (
    merchant_id     uuid NOT NULL
  , buyer_id        uuid NOT NULL
  , counted_at      timestamptz NOT NULL
  , recency_days    integer NOT NULL
  , frequency       integer NOT NULL
  , monetary        bigint NOT NULL
  , r               smallint NOT NULL
  , f               smallint NOT NULL
  , m               smallint NOT NULL
  , segment         text NOT NULL
  , tier            smallint NOT NULL
  , model           text NOT NULL
  , alive           double precision
  , silent          double precision
  , expected_orders double precision
  , expected_low    double precision
  , expected_high   double precision
  , expected_spent  bigint
  , worth           bigint GENERATED ALWAYS AS (coalesce(expected_spent, monetary)) STORED
  , PRIMARY KEY (merchant_id, buyer_id)
  , CONSTRAINT scores_are_quintiles CHECK (r BETWEEN 1 AND 5 AND f BETWEEN 1 AND 5 AND m BETWEEN 1 AND 5)
  , CONSTRAINT a_customer_is_in_one_of_three_tiers CHECK (tier BETWEEN 1 AND 3)
  , CONSTRAINT alive_is_a_probability CHECK (alive BETWEEN 0 AND 1 AND silent BETWEEN 0 AND 1)
  , CONSTRAINT an_interval_holds_what_is_expected CHECK (0 <= expected_low AND expected_low <= expected_orders
                                                     AND expected_orders <= expected_high)
);
COMMENT ON TABLE customer_values IS 'by merchant: RFM scores and the predicted value of everybody who has paid, counted each night and when asked; merchant_id of zeros: at the marketplace as a whole';
COMMENT ON COLUMN customer_values.recency_days IS 'Days since the last paid order, on the day of counting';
COMMENT ON COLUMN customer_values.monetary IS 'Spent less refunded, in minor units of the currency that value_runs.facts tells';
COMMENT ON COLUMN customer_values.r IS 'Quintiles, 5 is best: recency, frequency, monetary; equal figures have equal scores';
COMMENT ON COLUMN customer_values.segment IS 'The named RFM segment, see Segment in operations/lifecycle/scoring.py';
COMMENT ON COLUMN customer_values.tier IS '1: the fifth from whom the most is expected, 2: the next three tenths, 3: the others';
COMMENT ON COLUMN customer_values.model IS 'Which model the prediction is of: bg_nbd, mbg_nbd, nbd; none: too few customers for one';
COMMENT ON COLUMN customer_values.alive IS 'How probable it is that they are still a customer; churn risk is what is missing to 1; not known by the nbd, where nobody leaves';
COMMENT ON COLUMN customer_values.silent IS 'How probable it is that they buy nothing in the next value_runs.horizon_days';
COMMENT ON COLUMN customer_values.expected_orders IS 'In the next value_runs.horizon_days; between low and high in nine of ten cases of refitting the model';
COMMENT ON COLUMN customer_values.expected_spent IS 'What these orders are expected to come to, in minor units of the currency that value_runs.facts tells';
COMMENT ON COLUMN customer_values.worth IS 'By which they are put in order: what is expected of them, without a model what they have spent';
CREATE INDEX customer_values_by_segment ON customer_values (merchant_id, segment, worth DESC, buyer_id DESC);
CREATE INDEX customer_values_by_worth ON customer_values (merchant_id, worth DESC, buyer_id DESC);
CREATE INDEX customer_values_of_a_buyer ON customer_values (buyer_id);

CREATE TABLE value_runs (
    merchant_id  uuid PRIMARY KEY
  , wanted_at    timestamptz NOT NULL
  , begun_at     timestamptz
  , counted_at   timestamptz
  , customers    integer NOT NULL DEFAULT 0
  , horizon_days integer NOT NULL DEFAULT 90
  , facts        jsonb
  , CONSTRAINT what_was_counted_has_its_facts CHECK ((counted_at IS NULL) = (facts IS NULL))
);
COMMENT ON TABLE value_runs IS 'by merchant: the last time that its customers'' values were counted; merchant_id of zeros: those of the marketplace as a whole';
COMMENT ON COLUMN value_runs.wanted_at IS 'When that was last asked for; until it is counted, it is waited for';
COMMENT ON COLUMN value_runs.begun_at IS 'When a worker began to count; after some minutes another may begin anew';
COMMENT ON COLUMN value_runs.horizon_days IS 'Over how many days from then on is foretold';
COMMENT ON COLUMN value_runs.facts IS 'The models'' parameters, how well they foretold what was held out, the means: ValueFacts of operations/lifecycle/valuing.py';

CREATE TABLE recounts (
    recount_id  text PRIMARY KEY
  , after       uuid
  , buyers      bigint NOT NULL DEFAULT 0
  , changed     bigint NOT NULL DEFAULT 0
  , begun_at    timestamptz NOT NULL DEFAULT now()
  , finished_at timestamptz
);
COMMENT ON TABLE recounts IS 'local: facts of all customers counted anew from the orders: each night, after an import, when asked for; up to whom';
COMMENT ON COLUMN recounts.recount_id IS 'night:<day>, import:<fingerprint>, or command:<id>';
COMMENT ON COLUMN recounts.changed IS 'Customers of whom the count was otherwise than what was known: none, of a night, where every event has had its effect';
CREATE INDEX recounts_open ON recounts (begun_at) WHERE finished_at IS NULL;

CREATE TABLE forgotten_customers (
    buyer_id uuid PRIMARY KEY
  , at       timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE forgotten_customers IS 'by key: whom the house was asked to forget: their orders are not counted by person any more';

CREATE TABLE followed_behaviour (
    reader   text PRIMARY KEY
  , xid      bigint NOT NULL
  , position bigint NOT NULL
);
COMMENT ON TABLE followed_behaviour IS 'local: how far what people do has been read into customer_facts: transaction and position of the last event';
