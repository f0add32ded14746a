-- One purchase of a buyer, and in it one order per merchant.

CREATE TABLE purchase_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE purchase_transitions IS 'reference: the states of a purchase that follow each other';
INSERT INTO purchase_transitions (from_state, to_state) VALUES
    ('nowhere', 'placed'), ('nowhere', 'paid'), ('placed', 'paid'), ('placed', 'cancelled');

CREATE TABLE purchases (
    buyer_id    uuid NOT NULL
  , purchase_id uuid NOT NULL
  , code        text NOT NULL
  , state       text NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , total       bigint NOT NULL
  , contact     jsonb NOT NULL
  , address     jsonb NOT NULL
  , locale      text NOT NULL
  , source      text
  , placed_at   timestamptz NOT NULL DEFAULT now()
  , pay_by      timestamptz NOT NULL
  , tendered    bigint NOT NULL DEFAULT 0
  , deposit     bigint NOT NULL DEFAULT 0
  , team_id     uuid
  , PRIMARY KEY (buyer_id, purchase_id)
  , CONSTRAINT a_total_is_not_negative CHECK (total >= 0)
  , CONSTRAINT purses_pay_the_total_at_most CHECK (0 <= tendered AND tendered <= total)
  , CONSTRAINT a_deposit_is_a_part_of_the_total CHECK (0 <= deposit AND (deposit = 0 OR (deposit < total AND tendered = 0)))
);
COMMENT ON TABLE purchases IS 'by buyer: what a buyer bought at once and pays at once; its id is the idempotency key of placing it';
COMMENT ON COLUMN purchases.contact IS '{name, email, phone}';
COMMENT ON COLUMN purchases.pay_by IS 'Until then stock is reserved for it; a sweep cancels what is unpaid after';
COMMENT ON COLUMN purchases.source IS 'Opaque: shop, shop:replay:<session>:<second of its replay>, live:<session>:<second since it began>, ucp:<client>, import:<name of the source>:<its id>';
COMMENT ON COLUMN purchases.tendered IS 'Of total, what the buyer''s purses pay (balance and points, see payments); the rest is collected by a channel';
COMMENT ON COLUMN purchases.deposit IS 'Of total, what is paid first, where it is of a presale: see presale_bookings; the rest when its time has come';
COMMENT ON COLUMN purchases.team_id IS 'Opaque: the team of buyers that its one order waits for once it is paid (see groups)';
CREATE INDEX purchases_by_id ON purchases (purchase_id);
CREATE INDEX purchases_of_a_buyer ON purchases (buyer_id, placed_at DESC, purchase_id DESC);
CREATE INDEX purchases_unpaid ON purchases (pay_by) WHERE state = 'placed';

CREATE TABLE purchase_history (
    buyer_id    uuid NOT NULL
  , purchase_id uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (buyer_id, purchase_id, step)
  , FOREIGN KEY (buyer_id, purchase_id) REFERENCES purchases
  , FOREIGN KEY (from_state, to_state) REFERENCES purchase_transitions
);
COMMENT ON TABLE purchase_history IS 'by buyer, append-only: each change of a purchase''s state';

CREATE TABLE order_codes (
    code        text PRIMARY KEY
  , purchase_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , merchant_id uuid
  , order_id    uuid
  , CONSTRAINT an_orders_code_names_its_merchant CHECK ((merchant_id IS NULL) = (order_id IS NULL))
);
COMMENT ON TABLE order_codes IS 'by key: the short code of a purchase (P-…) or of an order (S-…), and whose it is';

CREATE TABLE order_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE order_transitions IS 'reference: the states of an order that follow each other';
INSERT INTO order_transitions (from_state, to_state) VALUES
    ('nowhere', 'placed'), ('nowhere', 'completed'), ('nowhere', 'cancelled')
  , ('placed', 'paid'), ('placed', 'held'), ('placed', 'cancelled'), ('held', 'paid'), ('held', 'cancelled')
  , ('paid', 'held'), ('paid', 'shipped'), ('paid', 'partly_shipped'), ('paid', 'cancelled')
  , ('partly_shipped', 'shipped'), ('shipped', 'completed'), ('shipped', 'cancelled');

CREATE TABLE orders (
    merchant_id  uuid NOT NULL
  , order_id     uuid NOT NULL
  , purchase_id  uuid NOT NULL
  , buyer_id     uuid NOT NULL
  , code         text NOT NULL
  , state        text NOT NULL
  , currency     text NOT NULL REFERENCES currencies
  , goods        bigint NOT NULL
  , freight      bigint NOT NULL
  , tax_added    bigint NOT NULL
  , tax_included bigint NOT NULL
  , total        bigint NOT NULL
  , commission   bigint NOT NULL
  , refunded     bigint NOT NULL DEFAULT 0
  , commission_returned bigint NOT NULL DEFAULT 0
  , delivery     jsonb NOT NULL
  , contact      jsonb NOT NULL
  , address      jsonb NOT NULL
  , note         text NOT NULL DEFAULT ''
  , source       text
  , import_run   uuid
  , placed_at    timestamptz NOT NULL DEFAULT now()
  , paid_at      timestamptz
  , shipped_at   timestamptz
  , delivered_at timestamptz
  , receive_by   timestamptz
  , completed_at timestamptz
  , cancelled_at timestamptz
  , cancel_reason text
  , buyer_name     text GENERATED ALWAYS AS (lower(address ->> 'name')) STORED
  , phone_backward text GENERATED ALWAYS AS (reverse(regexp_replace(address ->> 'phone', '[^0-9]', '', 'g'))) STORED
  , contact_phone  text GENERATED ALWAYS AS (contact ->> 'phone') STORED
  , contact_email  text GENERATED ALWAYS AS (contact ->> 'email') STORED
  , packing_at   timestamptz
  , reminded_at  timestamptz
  , extended_at  timestamptz
  , hidden_at    timestamptz
  , open_cases   integer NOT NULL DEFAULT 0
  , subsidy      bigint NOT NULL DEFAULT 0
  , subsidy_returned bigint NOT NULL DEFAULT 0
  , freight_offers jsonb NOT NULL DEFAULT '[]'
  , freight_fees jsonb NOT NULL DEFAULT '[]'
  , fee_tax      bigint NOT NULL DEFAULT 0
  , fee_tax_returned bigint NOT NULL DEFAULT 0
  , ship_hours   integer
  , ship_by      timestamptz
  , freight_tax  bigint NOT NULL DEFAULT 0
  , freight_tax_millionths integer NOT NULL DEFAULT 0
  , freight_tax_inclusive boolean NOT NULL DEFAULT true
  , tax_country  text GENERATED ALWAYS AS (upper(address ->> 'country')) STORED
  , PRIMARY KEY (merchant_id, order_id)
  , CONSTRAINT open_cases_are_counted CHECK (open_cases >= 0)
  , CONSTRAINT an_order_adds_up CHECK (total = goods + freight + tax_added)
  , CONSTRAINT fees_are_part_of_what_the_merchant_gets CHECK (0 <= commission AND commission <= total + subsidy)
  , CONSTRAINT tax_is_part_of_the_fees CHECK (0 <= fee_tax AND fee_tax <= commission)
  , CONSTRAINT never_take_back_more_subsidy CHECK (0 <= subsidy_returned AND subsidy_returned <= subsidy)
  , CONSTRAINT never_refund_more_than_paid CHECK (0 <= refunded AND refunded <= total)
  , CONSTRAINT never_return_more_commission CHECK (0 <= commission_returned AND commission_returned <= commission)
  , CONSTRAINT never_return_more_tax CHECK (0 <= fee_tax_returned AND fee_tax_returned <= fee_tax)
  , CONSTRAINT a_promise_is_an_hour_at_least CHECK (ship_hours > 0)
  , CONSTRAINT completed_means_when CHECK ((state = 'completed') = (completed_at IS NOT NULL))
  , CONSTRAINT cancelled_means_when CHECK ((state = 'cancelled') = (cancelled_at IS NOT NULL))
);
COMMENT ON TABLE orders IS 'by merchant: the part of a purchase that one merchant delivers';
COMMENT ON COLUMN orders.goods IS 'Sum of its lines, in minor units, inclusive taxes included';
COMMENT ON COLUMN orders.tax_added IS 'Taxes on top of the shown prices';
COMMENT ON COLUMN orders.tax_included IS 'Taxes inside goods and freight';
COMMENT ON COLUMN orders.commission IS 'Frozen at sale: all fees of goods and freight, with the tax on them';
COMMENT ON COLUMN orders.fee_tax IS 'Of commission, the tax on fees, which the platform owes the tax office';
COMMENT ON COLUMN orders.fee_tax_returned IS 'Of commission_returned, the tax in it';
COMMENT ON COLUMN orders.freight_fees IS 'Frozen at sale: what of the fees is for the freight, as order_lines.fees';
COMMENT ON COLUMN orders.refunded IS 'Of total, given back to the buyer or on its way there';
COMMENT ON COLUMN orders.commission_returned IS 'Of commission, given back to the merchant because of refunds';
COMMENT ON COLUMN orders.subsidy IS 'Of what promotions took off goods and freight, what the platform pays the merchant; frozen at sale';
COMMENT ON COLUMN orders.subsidy_returned IS 'Of subsidy, taken back because of refunds';
COMMENT ON COLUMN orders.freight_tax IS 'Frozen at sale, of tax_included or tax_added, the part of the freight; its rate is freight_tax_millionths';
COMMENT ON COLUMN orders.tax_country IS 'The place of supply: the country that it is sent to, which no later change of the address leaves';
COMMENT ON COLUMN orders.freight_offers IS 'What promotions took off the freight, as order_lines.offers';
COMMENT ON COLUMN orders.ship_hours IS 'Frozen at sale: hours after payment in which the first of it is to leave the house, where a line promises that; none: see ship_by';
COMMENT ON COLUMN orders.ship_by IS 'By when it is to leave the house: as agreed in a presale, or as promised and once paid; none: within 48 hours of payment, as every order';
COMMENT ON COLUMN orders.delivery IS 'The chosen freight option as it was: {template_id, name, days_from, days_to}';
COMMENT ON COLUMN orders.import_run IS 'Opaque: which import brought it';
COMMENT ON COLUMN orders.buyer_name IS 'Who receives it, in small letters, as staff look for it by its beginning';
COMMENT ON COLUMN orders.phone_backward IS 'The digits of the receiver''s telephone from the last to the first: staff know the last four';
COMMENT ON COLUMN orders.receive_by IS 'Receipt counts as confirmed then';
COMMENT ON COLUMN orders.contact_email IS 'A column, since under row-level security no index on an expression over jsonb is used';
COMMENT ON COLUMN orders.packing_at IS 'The shop has begun to pack it: from now on a buyer asks before it is cancelled or sent elsewhere';
COMMENT ON COLUMN orders.reminded_at IS 'When the buyer last asked the shop to hurry';
COMMENT ON COLUMN orders.extended_at IS 'When the buyer was given more time to receive it, once';
COMMENT ON COLUMN orders.open_cases IS 'After-sales cases that are not ended: meanwhile receipt does not count as confirmed by time alone';
COMMENT ON COLUMN orders.hidden_at IS 'The buyer has taken it off their list; it is there for everybody else';
CREATE INDEX orders_of_a_buyer ON orders (buyer_id, placed_at DESC, order_id DESC);
CREATE INDEX orders_of_a_buyer_by_state ON orders (buyer_id, state, placed_at DESC, order_id DESC);
CREATE INDEX orders_of_a_buyer_refunded ON orders (buyer_id, placed_at DESC, order_id DESC) WHERE refunded > 0;
CREATE INDEX orders_with_a_reminder ON orders (merchant_id, reminded_at) WHERE reminded_at IS NOT NULL AND state IN ('paid', 'partly_shipped');
CREATE INDEX orders_of_a_purchase ON orders (purchase_id);
CREATE INDEX orders_of_a_merchant ON orders (merchant_id, placed_at DESC, order_id DESC);
CREATE INDEX orders_of_a_merchant_by_state ON orders (merchant_id, state, placed_at DESC, order_id DESC);
CREATE INDEX orders_of_a_contact_phone ON orders (merchant_id, contact_phone);
CREATE INDEX orders_of_an_email ON orders (merchant_id, contact_email) WHERE contact_email IS NOT NULL;
CREATE INDEX orders_to_send_by_payment ON orders (merchant_id, paid_at) WHERE state IN ('paid', 'partly_shipped') AND ship_by IS NULL;
CREATE INDEX orders_to_send_by_day ON orders (merchant_id, ship_by) WHERE state IN ('paid', 'partly_shipped') AND ship_by IS NOT NULL;
CREATE INDEX orders_awaiting_receipt ON orders (merchant_id, receive_by, order_id) WHERE state = 'shipped';
CREATE INDEX orders_sought_by_code ON orders (code text_pattern_ops, merchant_id);
CREATE INDEX orders_by_buyer_name ON orders (buyer_name text_pattern_ops, merchant_id);
CREATE INDEX orders_by_phone ON orders (phone_backward text_pattern_ops, merchant_id);
CREATE INDEX orders_by_time ON orders (placed_at DESC, order_id DESC);
CREATE INDEX orders_by_payment_time ON orders (paid_at) WHERE paid_at IS NOT NULL;
CREATE INDEX orders_of_a_merchant_by_payment_time ON orders (merchant_id, paid_at) INCLUDE (buyer_id) WHERE paid_at IS NOT NULL;
CREATE INDEX orders_of_a_merchants_buyer ON orders (merchant_id, buyer_id, paid_at) WHERE paid_at IS NOT NULL;
CREATE INDEX orders_given_back_by_payment_time ON orders (paid_at, merchant_id) WHERE refunded > 0;
CREATE INDEX orders_called_off ON orders (merchant_id, cancelled_at) WHERE cancelled_at IS NOT NULL;
CREATE INDEX orders_to_complete ON orders (receive_by) WHERE state = 'shipped' AND open_cases = 0;
CREATE UNIQUE INDEX an_order_is_imported_once ON orders (merchant_id, source) WHERE source LIKE 'import:%';
-- The last of them: of indexes that seem to cost the same the planner takes the newest, and while there are few orders, or
-- nobody has counted them, all those that begin with the merchant seem to. One of those would be asked for each new row's
-- order, and go through all orders of its merchant. See tests/trade/test_plans.py.
CREATE INDEX orders_by_id ON orders (order_id);

CREATE TABLE order_history (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, order_id, step)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , FOREIGN KEY (from_state, to_state) REFERENCES order_transitions
);
COMMENT ON TABLE order_history IS 'by merchant, append-only: each change of an order''s state';

CREATE TABLE order_acts (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , act         integer NOT NULL
  , kind        text NOT NULL
  , facts       jsonb NOT NULL DEFAULT '{}'
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, order_id, act)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , CONSTRAINT an_act_is_of_a_known_kind CHECK (kind IN ('packing', 'reminded', 'extended', 'readdressed', 'hidden', 'shown'))
);
COMMENT ON TABLE order_acts IS 'by merchant: what was done about an order without changing its state, and who did it when';
COMMENT ON COLUMN order_acts.facts IS 'readdressed: {before, after} as addresses; extended: {days}';

CREATE TABLE order_lines (
    merchant_id  uuid NOT NULL
  , order_id     uuid NOT NULL
  , line         integer NOT NULL
  , product_id   uuid NOT NULL
  , sku_id       uuid NOT NULL
  , kind         text NOT NULL DEFAULT 'goods'
  , title        jsonb NOT NULL
  , options      jsonb NOT NULL DEFAULT '[]'
  , picture      text
  , sku_code     text NOT NULL
  , quantity     integer NOT NULL
  , unit_price   bigint NOT NULL
  , unit_price_micros bigint
  , amount       bigint NOT NULL
  , tax          bigint NOT NULL DEFAULT 0
  , tax_millionths integer NOT NULL DEFAULT 0
  , tax_inclusive boolean NOT NULL DEFAULT true
  , commission   bigint NOT NULL DEFAULT 0
  , refunded_quantity integer NOT NULL DEFAULT 0
  , refunded     bigint NOT NULL DEFAULT 0
  , source_line  text
  , discount     bigint NOT NULL DEFAULT 0
  , offers       jsonb NOT NULL DEFAULT '[]'
  , fees         jsonb NOT NULL DEFAULT '[]'
  , no_return    text
  , gift         jsonb
  , gift_charged bigint NOT NULL DEFAULT 0
  , ship_hours   integer
  , authentic_times integer NOT NULL DEFAULT 0
  , free_returns boolean NOT NULL DEFAULT false
  , tax_class    text NOT NULL DEFAULT 'standard'
  , PRIMARY KEY (merchant_id, order_id, line)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , CONSTRAINT a_line_sells_something CHECK (quantity > 0)
  , CONSTRAINT a_line_costs_nothing_or_more CHECK (unit_price >= 0 AND amount >= 0)
  , CONSTRAINT a_gift_says_why CHECK ((kind = 'gift') = (gift IS NOT NULL))
  , CONSTRAINT only_a_gift_is_charged CHECK (gift_charged = 0 OR (gift IS NOT NULL AND gift_charged > 0))
  , CONSTRAINT a_discount_is_not_negative CHECK (discount >= 0)
  , CONSTRAINT never_refund_more_than_sold CHECK (0 <= refunded_quantity AND refunded_quantity <= quantity)
);
COMMENT ON TABLE order_lines IS 'by merchant: what was sold, as it was at that moment';
COMMENT ON COLUMN order_lines.kind IS 'goods, gift, or for imported lines: postage, fee, sample, voucher, adjustment …';
COMMENT ON COLUMN order_lines.amount IS 'What the pieces cost together; unit_price times quantity, less the discount, unless a sub-unit price was rounded';
COMMENT ON COLUMN order_lines.discount IS 'What promotions took off: amount is without it';
COMMENT ON COLUMN order_lines.offers IS 'Frozen at sale: [{promotion_id, name, amount, platform}]; of each amount the platform paid its part, the merchant the rest';
COMMENT ON COLUMN order_lines.commission IS 'Frozen at sale: all fees of the goods, with the tax on them';
COMMENT ON COLUMN order_lines.fees IS 'Frozen at sale: [{fee_id, name, amount, tax, tax_millionths, kept, rule_id, millionths}], what is nothing left out; see docs/algorithms/fees.md';
COMMENT ON COLUMN order_lines.no_return IS 'Frozen at sale: why it is not returned without a reason, as its category said, and the buyer confirmed where the law wants that';
COMMENT ON COLUMN order_lines.gift IS 'Frozen at sale, of what came for nothing: {promotion_id, name, worth, over, counted, of: [[line, what it counted for]]}';
COMMENT ON COLUMN order_lines.gift_charged IS 'What was kept back of refunds, since the gift was not earned any more and was not sent back';
COMMENT ON COLUMN order_lines.ship_hours IS 'Frozen at sale: hours after payment in which it is promised to leave the house; none: no promise';
COMMENT ON COLUMN order_lines.authentic_times IS 'Frozen at sale: how many times its price a counterfeit costs the shop';
COMMENT ON COLUMN order_lines.free_returns IS 'Frozen at sale: whether the shop bears what sending it back costs, whatever the reason';
COMMENT ON COLUMN order_lines.tax_class IS 'Frozen at sale: of what class the goods were; a rate of nothing does not tell zero-rated from exempt';
COMMENT ON COLUMN order_lines.unit_price_micros IS 'Of an imported line: the price of a piece in millionths of the major unit, when minor units cannot say it';
COMMENT ON COLUMN order_lines.source_line IS 'Of an imported line: its name in its order where it comes from';
COMMENT ON COLUMN order_lines.refunded IS 'Of amount and added tax, given back';
CREATE INDEX order_lines_of_an_order ON order_lines (order_id, line);
CREATE INDEX order_lines_of_a_product ON order_lines (merchant_id, product_id);
CREATE INDEX order_lines_of_an_article ON order_lines (merchant_id, sku_code);
CREATE INDEX order_lines_of_a_sku ON order_lines (merchant_id, sku_id);

CREATE TABLE order_notes (
    merchant_id uuid NOT NULL
  , note_id     uuid NOT NULL
  , order_id    uuid NOT NULL
  , said        text NOT NULL
  , by          text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, note_id)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , CONSTRAINT a_note_says_something CHECK (said <> '')
);
COMMENT ON TABLE order_notes IS 'by merchant, append-only: what a shop''s staff tell each other about an order; buyers never see it';
CREATE INDEX order_notes_by_time ON order_notes (merchant_id, at DESC);
CREATE INDEX order_notes_of_an_order ON order_notes (merchant_id, order_id, at);

CREATE TABLE order_note_mentions (
    merchant_id uuid NOT NULL
  , note_id     uuid NOT NULL
  , account_id  uuid NOT NULL
  , order_id    uuid NOT NULL
  , seen_at     timestamptz
  , PRIMARY KEY (merchant_id, note_id, account_id)
  , FOREIGN KEY (merchant_id, note_id) REFERENCES order_notes
);
COMMENT ON TABLE order_note_mentions IS 'by merchant: who of the staff is named in a note, and when they opened its order since';
CREATE INDEX order_note_mentions_unseen ON order_note_mentions (merchant_id, account_id, order_id) WHERE seen_at IS NULL;

CREATE TABLE presale_bookings (
    merchant_id     uuid NOT NULL
  , order_id        uuid NOT NULL
  , purchase_id     uuid NOT NULL
  , buyer_id        uuid NOT NULL
  , session_id      uuid NOT NULL
  , quantity        integer NOT NULL
  , deposit         bigint NOT NULL
  , counts_for      bigint NOT NULL
  , deposit_until   timestamptz NOT NULL
  , balance_from    timestamptz NOT NULL
  , balance_until   timestamptz NOT NULL
  , ships_by        timestamptz NOT NULL
  , forfeits        boolean NOT NULL
  , created_at      timestamptz NOT NULL DEFAULT now()
  , deposit_payment uuid
  , deposit_paid_at timestamptz
  , called_off_at   timestamptz
  , opened_at       timestamptz
  , warned_at       timestamptz
  , reason          text NOT NULL DEFAULT ''
  , ended_at        timestamptz
  , outcome         text
  , PRIMARY KEY (merchant_id, order_id)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , CONSTRAINT a_deposit_counts_for_no_less_than_it_is CHECK (0 <= deposit AND deposit <= counts_for)
  , CONSTRAINT a_paid_deposit_has_its_payment CHECK ((deposit_payment IS NULL) = (deposit_paid_at IS NULL))
  , CONSTRAINT an_end_is_of_a_kind CHECK (outcome IN ('dropped', 'forfeited', 'returned') AND (outcome IS NULL) = (ended_at IS NULL))
  , CONSTRAINT only_what_was_paid_is_given_up CHECK ((outcome = 'dropped') = (deposit_paid_at IS NULL))
  , CONSTRAINT what_is_called_off_is_not_given_up CHECK (called_off_at IS NULL OR outcome <> 'forfeited')
);
COMMENT ON TABLE presale_bookings IS 'by merchant: orders of presales, what is paid of each when, as it was when they were placed';
COMMENT ON COLUMN presale_bookings.session_id IS 'Of which presale';
COMMENT ON COLUMN presale_bookings.deposit IS 'What is paid first, in minor units of the order''s currency; 0: it is paid whole, and sent later';
COMMENT ON COLUMN presale_bookings.counts_for IS 'What the deposit is worth when the balance is paid; what it is worth more is a discount of the order''s line';
COMMENT ON COLUMN presale_bookings.forfeits IS 'Who does not pay the balance in time, or steps back, gives the deposit up; else it goes back';
COMMENT ON COLUMN presale_bookings.deposit_payment IS 'The payment that the deposit was paid by';
COMMENT ON COLUMN presale_bookings.called_off_at IS 'When the shop or the platform said that it is not delivered; a sweep drops it, and the deposit goes back';
COMMENT ON COLUMN presale_bookings.opened_at IS 'When its buyer was told that the balance can be paid, or need not be told any more';
COMMENT ON COLUMN presale_bookings.warned_at IS 'When its buyer was told that it is soon too late for the balance, or need not be told any more';
COMMENT ON COLUMN presale_bookings.outcome IS 'How it ended without being bought: dropped before anything was paid, deposit forfeited, deposit returned';
CREATE INDEX presale_bookings_of_a_presale ON presale_bookings (merchant_id, session_id, order_id);
CREATE INDEX presale_bookings_of_a_buyer ON presale_bookings (buyer_id, created_at DESC, order_id DESC);
CREATE INDEX presale_bookings_of_a_purchase ON presale_bookings (purchase_id);
CREATE INDEX presale_bookings_to_open ON presale_bookings (balance_from)
    WHERE opened_at IS NULL AND deposit_paid_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX presale_bookings_to_warn ON presale_bookings (balance_until)
    WHERE warned_at IS NULL AND deposit_paid_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX presale_bookings_called_off ON presale_bookings (called_off_at) WHERE called_off_at IS NOT NULL AND ended_at IS NULL;
