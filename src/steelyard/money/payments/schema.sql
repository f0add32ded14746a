-- Instructions to payment channels and what they answered.

CREATE TABLE payment_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE payment_transitions IS 'reference: the states of a payment that follow each other';
INSERT INTO payment_transitions (from_state, to_state) VALUES
    ('nowhere', 'instructed'), ('nowhere', 'captured')
  , ('instructed', 'pending'), ('instructed', 'captured'), ('instructed', 'declined'), ('instructed', 'cancelled')
  , ('pending', 'captured'), ('pending', 'declined'), ('pending', 'cancelled')
  , ('declined', 'captured'), ('cancelled', 'captured')
  , ('instructed', 'authorised'), ('pending', 'authorised'), ('declined', 'authorised'), ('cancelled', 'authorised')
  , ('authorised', 'captured'), ('authorised', 'cancelled');

CREATE TABLE payments (
    buyer_id          uuid NOT NULL
  , payment_id        uuid NOT NULL
  , purchase_id       uuid NOT NULL
  , channel           text NOT NULL
  , amount            bigint NOT NULL
  , currency          text NOT NULL REFERENCES currencies
  , state             text NOT NULL
  , channel_reference text
  , cashier_url       text
  , failure           text
  , surplus           boolean NOT NULL DEFAULT false
  , created_at        timestamptz NOT NULL DEFAULT now()
  , expires_at        timestamptz NOT NULL
  , captured_at       timestamptz
  , query_at          timestamptz
  , queries           integer NOT NULL DEFAULT 0
  , handed            jsonb
  , later             boolean NOT NULL DEFAULT false
  , authorised_until  timestamptz
  , void_at           timestamptz
  , instalments       integer NOT NULL DEFAULT 0
  , seller_millionths bigint NOT NULL DEFAULT 0
  , PRIMARY KEY (buyer_id, payment_id)
  , CONSTRAINT a_payment_is_of_some_money CHECK (amount > 0)
  , CONSTRAINT captured_means_when CHECK ((state = 'captured') = (captured_at IS NOT NULL))
  , CONSTRAINT only_what_is_captured_later_is_authorised CHECK (later OR (state <> 'authorised' AND authorised_until IS NULL))
  , CONSTRAINT authorised_means_until CHECK (state <> 'authorised' OR authorised_until IS NOT NULL)
  , CONSTRAINT instalments_are_several CHECK (instalments = 0 OR instalments BETWEEN 2 AND 60)
  , CONSTRAINT the_seller_bears_a_share_of_instalments_only
      CHECK (seller_millionths = 0 OR (seller_millionths BETWEEN 1 AND 1000000 AND instalments > 0))
);
COMMENT ON TABLE payments IS 'by buyer: one instruction to a channel to collect a purchase''s money; its id is the channel''s idempotency key';
COMMENT ON COLUMN payments.surplus IS 'Captured though the purchase did not need it any more (paid twice, or cancelled): refunded by itself';
COMMENT ON COLUMN payments.query_at IS 'When to ask the channel next while the outcome is unknown; none when it is known';
COMMENT ON COLUMN payments.handed IS 'What the payer gets on our own page: a QR code''s text, facts to pay by; none where a channel''s page follows';
COMMENT ON COLUMN payments.later IS 'Asked for as an authorisation only: what is sent of it is captured by payment_captures';
COMMENT ON COLUMN payments.authorised_until IS 'Until when the channel keeps the money back; it stays when it is captured or let go';
COMMENT ON COLUMN payments.void_at IS 'When to ask the channel next to let go what was not captured';
COMMENT ON COLUMN payments.instalments IS 'In how many months the payer pays it to the channel; 0: at once';
COMMENT ON COLUMN payments.seller_millionths IS 'What the channel keeps of it for the instalments, beside its usual fee, as its plan was when it was asked for';
CREATE INDEX payments_in_instalments_of_the_seller ON payments (buyer_id, payment_id) WHERE seller_millionths > 0;
CREATE INDEX payments_authorised ON payments (authorised_until) WHERE state = 'authorised';
CREATE INDEX payments_by_id ON payments (payment_id);
CREATE INDEX payments_of_a_purchase ON payments (purchase_id);
CREATE INDEX payments_by_reference ON payments (channel_reference) WHERE channel_reference IS NOT NULL;
CREATE INDEX payments_to_query ON payments (query_at) WHERE query_at IS NOT NULL;
CREATE INDEX payments_by_time ON payments (created_at DESC, payment_id);

CREATE TABLE payment_history (
    buyer_id   uuid NOT NULL
  , payment_id uuid NOT NULL
  , step       integer NOT NULL
  , from_state text NOT NULL
  , to_state   text NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
  , by         text NOT NULL
  , PRIMARY KEY (buyer_id, payment_id, step)
  , FOREIGN KEY (buyer_id, payment_id) REFERENCES payments
  , FOREIGN KEY (from_state, to_state) REFERENCES payment_transitions
);
COMMENT ON TABLE payment_history IS 'by buyer, append-only: each change of a payment''s state';

CREATE TABLE payment_splits (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , payment_id  uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , channel     text NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , authorised  bigint NOT NULL DEFAULT 0
  , capturing   bigint NOT NULL DEFAULT 0
  , captured    bigint NOT NULL DEFAULT 0
  , released    bigint NOT NULL DEFAULT 0
  , refunding   bigint NOT NULL DEFAULT 0
  , refunded    bigint NOT NULL DEFAULT 0
  , wanted_at   timestamptz
  , refused_at  timestamptz
  , let_go_at   timestamptz
  , disputed    bigint NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, order_id, payment_id)
  , CONSTRAINT all_or_nothing_is_authorised CHECK (authorised IN (0, amount))
  , CONSTRAINT never_take_more_than_authorised
        CHECK (0 <= capturing AND 0 <= captured AND 0 <= released AND capturing + captured + released <= authorised)
  , CONSTRAINT never_refund_more_than_captured CHECK (
        0 <= refunding AND 0 <= refunded AND 0 <= disputed AND refunding + refunded + disputed <= captured)
);
COMMENT ON TABLE payment_splits IS 'by merchant: what part of a payment is for which order: to be collected, authorised, captured, let go, on its way back, refunded';
COMMENT ON COLUMN payment_splits.authorised IS 'What the channel vouches for: kept back for us, or taken already';
COMMENT ON COLUMN payment_splits.capturing IS 'Of authorised, what the channel was asked to take and has not answered about';
COMMENT ON COLUMN payment_splits.released IS 'Of authorised, what is not wanted any more and was never taken';
COMMENT ON COLUMN payment_splits.wanted_at IS 'Since when what is authorised is to be captured: the order was packed or sent';
COMMENT ON COLUMN payment_splits.refused_at IS 'When the channel said that it does not capture it: the order is called off, or given back if it was sent';
COMMENT ON COLUMN payment_splits.let_go_at IS 'Since when a part is released that the channel still keeps back; none once it was told';
COMMENT ON COLUMN payment_splits.disputed IS 'Of captured, what the channel has taken back and we argue about: see chargebacks';
CREATE INDEX splits_of_a_payment ON payment_splits (payment_id);
CREATE INDEX splits_to_capture ON payment_splits (wanted_at)
    WHERE wanted_at IS NOT NULL AND refused_at IS NULL AND capturing + captured + released < authorised;
CREATE INDEX splits_not_captured ON payment_splits (payment_id) WHERE capturing + captured + released < authorised;
CREATE INDEX splits_refused ON payment_splits (refused_at)
    WHERE refused_at IS NOT NULL AND capturing + captured + released < authorised;
CREATE INDEX splits_let_go ON payment_splits (let_go_at) WHERE let_go_at IS NOT NULL;

CREATE TABLE refund_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE refund_transitions IS 'reference: the states of a refund that follow each other';
INSERT INTO refund_transitions (from_state, to_state) VALUES
    ('nowhere', 'instructed'), ('nowhere', 'succeeded')
  , ('instructed', 'sent'), ('instructed', 'succeeded'), ('instructed', 'failed')
  , ('sent', 'succeeded'), ('sent', 'failed'), ('failed', 'instructed'), ('succeeded', 'failed');

CREATE TABLE refunds (
    merchant_id       uuid NOT NULL
  , refund_id         uuid NOT NULL
  , order_id          uuid NOT NULL
  , payment_id        uuid NOT NULL
  , buyer_id          uuid NOT NULL
  , amount            bigint NOT NULL
  , currency          text NOT NULL REFERENCES currencies
  , reason            text NOT NULL
  , state             text NOT NULL
  , channel           text NOT NULL
  , channel_payment   text
  , channel_reference text
  , failure           text
  , created_at        timestamptz NOT NULL DEFAULT now()
  , succeeded_at      timestamptz
  , attempt_at        timestamptz
  , attempts          integer NOT NULL DEFAULT 0
  , part_of           uuid
  , route             text NOT NULL DEFAULT 'origin'
  , twice_at          timestamptz
  , PRIMARY KEY (merchant_id, refund_id)
  , FOREIGN KEY (merchant_id, order_id, payment_id) REFERENCES payment_splits
  , CONSTRAINT a_refund_is_of_some_money CHECK (amount > 0)
  , CONSTRAINT succeeded_means_when CHECK ((state = 'succeeded') = (succeeded_at IS NOT NULL))
  , CONSTRAINT a_refund_goes_a_known_way CHECK (route IN ('origin', 'balance', 'by_hand'))
  , CONSTRAINT out_of_a_purse_is_back_into_it CHECK (route = 'origin' OR channel NOT IN ('balance', 'points'))
);
COMMENT ON TABLE refunds IS 'by merchant: money on its way back to the buyer; its id is the channel''s idempotency key';
COMMENT ON COLUMN refunds.channel_payment IS 'The channel''s own name of the payment that is refunded';
COMMENT ON COLUMN refunds.attempt_at IS 'When to send it or to ask for its outcome next; none when it is known';
COMMENT ON COLUMN refunds.part_of IS 'The refund that was decided, of which this is what goes back another way than most of it';
COMMENT ON COLUMN refunds.route IS 'balance: into the buyer''s balance instead of the channel; by_hand: transferred by staff, under a number in refunds_by_hand';
COMMENT ON COLUMN refunds.twice_at IS 'When the channel said that it had paid, too, what had gone back another way';
CREATE INDEX refunds_of_an_order ON refunds (merchant_id, order_id);
CREATE INDEX refunds_by_id ON refunds (refund_id);
CREATE INDEX refunds_by_reference ON refunds (channel_reference) WHERE channel_reference IS NOT NULL;
CREATE INDEX refunds_by_time ON refunds (created_at DESC, refund_id DESC);
CREATE INDEX refunds_failed ON refunds (created_at DESC, refund_id DESC) WHERE state = 'failed';
CREATE INDEX refunds_paid_twice ON refunds (created_at DESC, refund_id DESC) WHERE twice_at IS NOT NULL;
CREATE INDEX refunds_of_a_merchant ON refunds (merchant_id, created_at DESC, refund_id DESC);
CREATE INDEX refunds_to_attempt ON refunds (attempt_at) WHERE attempt_at IS NOT NULL;

CREATE TABLE refund_history (
    merchant_id uuid NOT NULL
  , refund_id   uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, refund_id, step)
  , FOREIGN KEY (merchant_id, refund_id) REFERENCES refunds
  , FOREIGN KEY (from_state, to_state) REFERENCES refund_transitions
);
COMMENT ON TABLE refund_history IS 'by merchant, append-only: each change of a refund''s state';

CREATE TABLE refunds_by_hand (
    bank_number text PRIMARY KEY
  , merchant_id uuid NOT NULL
  , refund_id   uuid NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , party       text NOT NULL
  , on_day      date NOT NULL
  , recorded_at timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , CONSTRAINT a_refund_by_hand_is_of_some_money CHECK (amount > 0)
);
COMMENT ON TABLE refunds_by_hand IS 'by key, append-only: refunds that staff transferred, each under a number of the bank that is used once';
COMMENT ON COLUMN refunds_by_hand.party IS 'Whose account it went to';
CREATE INDEX refunds_by_hand_of_a_refund ON refunds_by_hand (refund_id, recorded_at);

CREATE TABLE webhook_receipts (
    channel     text NOT NULL
  , event_id    text NOT NULL
  , body        jsonb NOT NULL
  , received_at timestamptz NOT NULL DEFAULT now()
  , applied_at  timestamptz
  , error       text
  , document    uuid
  , PRIMARY KEY (channel, event_id)
);
COMMENT ON TABLE webhook_receipts IS 'by key: verified messages from outside, stored before they are applied, so that the second copy is nothing new';
COMMENT ON COLUMN webhook_receipts.document IS 'The payment or refund that it tells of; none for anything else';
CREATE INDEX webhooks_about_a_document ON webhook_receipts (document) WHERE document IS NOT NULL;
CREATE INDEX webhooks_to_apply ON webhook_receipts (received_at) WHERE applied_at IS NULL;

CREATE TABLE bank_movements (
    bank_number text PRIMARY KEY
  , payment_id  uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , party       text NOT NULL
  , on_day      date NOT NULL
  , recorded_at timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , document    uuid NOT NULL
  , CONSTRAINT a_movement_is_of_some_money CHECK (amount <> 0)
);
COMMENT ON TABLE bank_movements IS 'by key, append-only: lines of the bank statement that are of payments by bank transfer, as staff wrote them down';
COMMENT ON COLUMN bank_movements.amount IS 'Above zero: it came. Below: what was left over was given back';
COMMENT ON COLUMN bank_movements.document IS 'Of its transfer in the books';
COMMENT ON COLUMN bank_movements.party IS 'Whose account it came from or went to';
CREATE INDEX bank_movements_of_a_payment ON bank_movements (payment_id);
CREATE INDEX bank_movements_by_time ON bank_movements (recorded_at DESC, bank_number);
CREATE INDEX payments_by_transfer ON payments (created_at, payment_id) WHERE channel = 'bank_transfer';
CREATE INDEX refunds_by_transfer ON refunds (created_at, refund_id)
    WHERE channel = 'bank_transfer' AND state IN ('instructed', 'sent');

CREATE TABLE channel_rules (
    channel    text NOT NULL
  , valid_from timestamptz NOT NULL
  , offered    boolean NOT NULL
  , place      integer NOT NULL
  , countries  text[] NOT NULL DEFAULT '{}'
  , note       text NOT NULL DEFAULT ''
  , set_by     uuid
  , set_at     timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (channel, valid_from)
  , CONSTRAINT places_are_counted_from_one CHECK (place BETWEEN 1 AND 99)
);
COMMENT ON TABLE channel_rules IS 'reference: what the operator decided about a channel; the latest that has begun counts';
COMMENT ON COLUMN channel_rules.place IS 'Where buyers see it among the others, the first first';
COMMENT ON COLUMN channel_rules.countries IS 'Where goods must go for it to be offered; none: wherever the channel takes them';

CREATE TABLE channel_rule_limits (
    channel    text NOT NULL
  , valid_from timestamptz NOT NULL
  , currency   text NOT NULL REFERENCES currencies
  , smallest   bigint
  , largest    bigint
  , PRIMARY KEY (channel, valid_from, currency)
  , FOREIGN KEY (channel, valid_from) REFERENCES channel_rules
  , CONSTRAINT limits_are_in_order CHECK (coalesce(smallest, 1) > 0 AND coalesce(smallest, 1) <= coalesce(largest, coalesce(smallest, 1)))
);
COMMENT ON TABLE channel_rule_limits IS 'reference: the amounts, in minor units, within which a rule has a channel offered';

CREATE TABLE channel_disputes (
    channel   text NOT NULL
  , reference text NOT NULL
  , told_at   timestamptz NOT NULL DEFAULT now()
  , look_at   timestamptz
  , looks     integer NOT NULL DEFAULT 0
  , problem   text
  , document  uuid
  , PRIMARY KEY (channel, reference)
);
CREATE INDEX channel_disputes_by_document ON channel_disputes (document) WHERE document IS NOT NULL;
COMMENT ON COLUMN channel_disputes.document IS 'The chargeback in the books, once it is there';
COMMENT ON TABLE channel_disputes IS 'by key: chargebacks that a channel has told of, and when it is asked next how far they are';
COMMENT ON COLUMN channel_disputes.look_at IS 'None: it has ended, or is of no payment of ours';
COMMENT ON COLUMN channel_disputes.problem IS 'Why what was told could not be applied';
CREATE INDEX channel_disputes_to_look_at ON channel_disputes (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX channel_disputes_with_a_problem ON channel_disputes (told_at DESC) WHERE problem IS NOT NULL;

CREATE TABLE door_shops (
    merchant_id uuid PRIMARY KEY
  , offered     boolean NOT NULL
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , changed_by  text NOT NULL
);
COMMENT ON TABLE door_shops IS 'by merchant: the shops whose goods can be paid at the door; no row: not offered';

CREATE TABLE door_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE door_transitions IS 'reference: how far what is collected at the door can be';
INSERT INTO door_transitions (from_state, to_state) VALUES
    ('nowhere', 'due'), ('due', 'carried'), ('due', 'void')
  , ('carried', 'collected'), ('carried', 'kept'), ('carried', 'refused'), ('collected', 'remitted');

CREATE TABLE door_remittances (
    bank_number text PRIMARY KEY
  , carrier     text NOT NULL
  , amount      bigint NOT NULL
  , fee         bigint NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , on_day      date NOT NULL
  , recorded_at timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , CONSTRAINT a_remittance_is_of_some_money CHECK (amount > 0 AND fee >= 0)
);
COMMENT ON TABLE door_remittances IS 'by key, append-only: what carriers paid on of the cash that they collected, as staff wrote it down from the bank statement';
COMMENT ON COLUMN door_remittances.fee IS 'What the carrier kept for itself of what it had collected';
CREATE INDEX door_remittances_by_time ON door_remittances (recorded_at DESC, bank_number);

CREATE TABLE door_collections (
    merchant_id   uuid NOT NULL
  , order_id      uuid NOT NULL
  , payment_id    uuid NOT NULL
  , buyer_id      uuid NOT NULL
  , amount        bigint NOT NULL
  , undone        bigint NOT NULL DEFAULT 0
  , currency      text NOT NULL REFERENCES currencies
  , state         text NOT NULL
  , told          bigint
  , reported      bigint
  , carrier       text
  , remittance    text
  , created_at    timestamptz NOT NULL DEFAULT now()
  , ended_at      timestamptz
  , PRIMARY KEY (merchant_id, order_id, payment_id)
  , FOREIGN KEY (merchant_id, order_id, payment_id) REFERENCES payment_splits
  , CONSTRAINT no_more_is_taken_off_than_was_promised CHECK (0 <= undone AND undone <= amount)
  , CONSTRAINT what_is_on_its_way_was_told CHECK ((state IN ('due', 'void')) = (told IS NULL))
  , CONSTRAINT told_is_what_is_left CHECK (state NOT IN ('carried', 'collected', 'remitted', 'kept') OR (told > 0 AND told = amount - undone))
  , CONSTRAINT a_carrier_has_what_it_collected CHECK ((state IN ('collected', 'remitted')) = (carrier IS NOT NULL))
  , CONSTRAINT remitted_means_by_which CHECK ((state = 'remitted') = (remittance IS NOT NULL))
  , CONSTRAINT over_means_when CHECK ((state IN ('due', 'carried')) = (ended_at IS NULL))
);
COMMENT ON TABLE door_collections IS 'by merchant: what buyers pay at the door, order by order, and where the cash is';
COMMENT ON COLUMN door_collections.amount IS 'What was promised when it was ordered';
COMMENT ON COLUMN door_collections.undone IS 'What refunds have taken off it: it is not collected any more';
COMMENT ON COLUMN door_collections.told IS 'What whoever hands the parcel over asks for, fixed when it leaves';
COMMENT ON COLUMN door_collections.reported IS 'What the carrier says that it got, where it says so';
COMMENT ON COLUMN door_collections.remittance IS 'The bank''s number of what the carrier paid on';
COMMENT ON COLUMN door_collections.ended_at IS 'When it was collected, refused or called off';
CREATE INDEX door_collections_with_carriers ON door_collections (carrier, currency, ended_at, order_id) WHERE state = 'collected';
CREATE INDEX door_collections_on_their_way ON door_collections (created_at, order_id) WHERE state = 'carried';
CREATE INDEX door_refusals_of_a_buyer ON door_collections (buyer_id, ended_at) WHERE state = 'refused';
CREATE INDEX door_collections_of_a_remittance ON door_collections (remittance) WHERE remittance IS NOT NULL;

CREATE TABLE door_history (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , payment_id  uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, order_id, payment_id, step)
  , FOREIGN KEY (merchant_id, order_id, payment_id) REFERENCES door_collections
  , FOREIGN KEY (from_state, to_state) REFERENCES door_transitions
);
COMMENT ON TABLE door_history IS 'by merchant, append-only: what became of what is collected at the door';

CREATE INDEX refunds_of_the_door ON refunds (created_at, refund_id) WHERE channel = 'cod' AND state IN ('instructed', 'sent');

CREATE TABLE channel_exclusions (
    channel text NOT NULL
  , about   text NOT NULL
  , subject uuid NOT NULL
  , why     text NOT NULL DEFAULT ''
  , set_by  uuid
  , set_at  timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (channel, about, subject)
  , CONSTRAINT an_exclusion_is_about_a_shop_a_category_or_gift_cards CHECK (about IN ('merchant', 'category', 'gift_cards'))
);
COMMENT ON TABLE channel_exclusions IS 'reference: what a channel is not offered for: the goods of a shop, those of a category and all below it, gift cards';
COMMENT ON COLUMN channel_exclusions.subject IS 'The merchant or the category; the nil UUID for gift cards';

CREATE TABLE channel_fees (
    channel    text NOT NULL
  , currency   text NOT NULL REFERENCES currencies
  , valid_from date NOT NULL
  , millionths bigint NOT NULL
  , fixed      bigint NOT NULL
  , set_by     uuid
  , set_at     timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (channel, currency, valid_from)
  , CONSTRAINT a_fee_is_a_share_and_a_fixed_part CHECK (millionths BETWEEN 0 AND 1000000 AND fixed >= 0)
);
COMMENT ON TABLE channel_fees IS 'reference: what the contract with a channel says that it keeps of a payment, from a day on; the latest that has begun counts';
COMMENT ON COLUMN channel_fees.millionths IS 'Of the amount, half a minor unit upwards';
COMMENT ON COLUMN channel_fees.fixed IS 'And so much besides, in minor units';
-- What the simulated channel has always kept.
INSERT INTO channel_fees (channel, currency, valid_from, millionths, fixed, set_at) VALUES
    ('simpay', 'CNY', '2020-01-01', 6000, 0, '2020-01-01 00:00:00+00')
  , ('simpay', 'USD', '2020-01-01', 6000, 0, '2020-01-01 00:00:00+00')
  , ('simpay', 'EUR', '2020-01-01', 6000, 0, '2020-01-01 00:00:00+00')
  , ('simpay', 'GBP', '2020-01-01', 6000, 0, '2020-01-01 00:00:00+00')
  , ('simpay', 'JPY', '2020-01-01', 6000, 0, '2020-01-01 00:00:00+00')
  , ('simpay', 'HKD', '2020-01-01', 6000, 0, '2020-01-01 00:00:00+00');
