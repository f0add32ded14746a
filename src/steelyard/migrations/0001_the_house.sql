-- Made from the modules' schema.sql by `make baseline`. Do not edit.

-- kernel

-- What the kernel keeps: the event log and how far its readers have come, answers by idempotency key, rate limits.

-- News travels up through these three tables.

CREATE TABLE events (
    position   bigint GENERATED ALWAYS AS IDENTITY
  , xid        xid8 NOT NULL DEFAULT pg_current_xact_id()
  , kind       text NOT NULL
  , payload    jsonb NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (xid, position)
);
COMMENT ON TABLE events IS 'local, append-only, merchants insert: what has happened, in the words of the module that announced it';
COMMENT ON COLUMN events.xid IS 'The transaction that announced it: readers never step over one that is still open';
COMMENT ON COLUMN events.payload IS 'Ids and amounts only';

CREATE TABLE event_cursors (
    subscriber text PRIMARY KEY
  , xid        xid8 NOT NULL
  , position   bigint NOT NULL
  , moved_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE event_cursors IS 'local: up to which event each subscriber has read; moved in the transaction of its effects';

CREATE TABLE event_failures (
    subscriber text PRIMARY KEY
  , xid        xid8 NOT NULL
  , position   bigint NOT NULL
  , failures   integer NOT NULL
  , error      text NOT NULL
  , retry_at   timestamptz NOT NULL
);
COMMENT ON TABLE event_failures IS 'local: the event that a subscriber cannot get past, since its handler raises; it is tried again at retry_at';

-- The job queue's own tables are not here: the library that brings them makes them, before ours.

CREATE TABLE http_idempotency_keys (
    caller       text NOT NULL
  , key          text NOT NULL
  , fingerprint  bytea NOT NULL
  , operation_id uuid NOT NULL
  , claimed_at   timestamptz NOT NULL
  , claim        uuid NOT NULL
  , status       integer
  , headers      jsonb
  , body         bytea
  , answered_at  timestamptz
  , PRIMARY KEY (key, caller)
  , CONSTRAINT fingerprint_is_a_sha_256  CHECK (octet_length(fingerprint) = 32)
  , CONSTRAINT answered_means_whole      CHECK (
        (answered_at IS NOT NULL) = (status IS NOT NULL)
        AND (answered_at IS NOT NULL) = (headers IS NOT NULL)
        AND (answered_at IS NOT NULL) = (body IS NOT NULL))
);
CREATE INDEX http_idempotency_keys_by_age ON http_idempotency_keys (claimed_at);
COMMENT ON TABLE http_idempotency_keys IS 'by key: what a caller asked under an Idempotency-Key, and what we answered';
COMMENT ON COLUMN http_idempotency_keys.caller IS 'Who owns the key: an API key, a session, an agent';
COMMENT ON COLUMN http_idempotency_keys.fingerprint IS 'SHA-256 of method, path and raw body';
COMMENT ON COLUMN http_idempotency_keys.operation_id IS 'The id that the request''s command works under, also when it is taken over';
COMMENT ON COLUMN http_idempotency_keys.claim IS 'Who answers now: a new one when an answer that never came is taken over';

CREATE TABLE rate_limits (
    key     text PRIMARY KEY
  , tokens  double precision NOT NULL
  , at      timestamptz NOT NULL
  , full_at timestamptz NOT NULL
  , CONSTRAINT tokens_are_never_owed CHECK (tokens >= 0)
);
CREATE INDEX rate_limits_by_full_at ON rate_limits (full_at);
COMMENT ON TABLE rate_limits IS 'by key: token buckets of what is limited (log-ins, money), each filling up again by itself';
COMMENT ON COLUMN rate_limits.tokens IS 'What was left at the time in column at';
COMMENT ON COLUMN rate_limits.full_at IS 'When it is as good as new: the row may go';

-- parties.merchants

-- Merchants and their shops.

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
  , payout       jsonb NOT NULL DEFAULT '{}'
  , source       text
  , created_at   timestamptz NOT NULL DEFAULT now()
  , CONSTRAINT a_merchant_is_open_or_not CHECK (state IN ('open', 'suspended', 'closed'))
  , CONSTRAINT settlement_waits_some_days CHECK (settlement_days BETWEEN 0 AND 90)
  , CONSTRAINT receipt_is_confirmed_by_itself_some_day CHECK (receipt_days BETWEEN 0 AND 60)
);
COMMENT ON TABLE merchants IS 'by merchant: who sells here';
COMMENT ON COLUMN merchants.settlement_days IS 'T+N: days from the release of an order''s money to the statement that pays it';
COMMENT ON COLUMN merchants.receipt_days IS 'Days after delivery until receipt counts as confirmed';
COMMENT ON COLUMN merchants.payout IS 'Where its money goes: {name, bank, account}';

CREATE TABLE shops (
    merchant_id uuid PRIMARY KEY REFERENCES merchants
  , slug        text NOT NULL
  , name        jsonb NOT NULL
  , notice      jsonb NOT NULL DEFAULT '{}'
  , logo        text
  , opened_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE shops IS 'by merchant: the merchant''s shop as buyers see it';

CREATE TABLE shop_names (
    slug        text PRIMARY KEY
  , merchant_id uuid NOT NULL
);
COMMENT ON TABLE shop_names IS 'by key: a shop''s address is unique across the marketplace';

-- parties.customers

-- Buyers, with or without a login.

CREATE TABLE buyers (
    buyer_id   uuid PRIMARY KEY
  , email      text
  , name       text NOT NULL DEFAULT ''
  , phone      text NOT NULL DEFAULT ''
  , locale     text NOT NULL
  , country    text
  , guest      boolean NOT NULL
  , source     text
  , created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE buyers IS 'by buyer: everybody who buys; a guest has no login';
COMMENT ON COLUMN buyers.source IS 'Where the buyer came from when not from here: import:<name of the source>:<its id>';

CREATE TABLE addresses (
    buyer_id   uuid NOT NULL REFERENCES buyers
  , address_id uuid NOT NULL
  , address    jsonb NOT NULL
  , is_default boolean NOT NULL DEFAULT false
  , created_at timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (buyer_id, address_id)
);
COMMENT ON TABLE addresses IS 'by buyer: the address book';
COMMENT ON COLUMN addresses.address IS '{name, phone, country, region, city, district, street, postal_code}';
CREATE UNIQUE INDEX one_default_address ON addresses (buyer_id) WHERE is_default;

CREATE TABLE visitor_merges (
    visitor_id uuid PRIMARY KEY
  , buyer_id   uuid NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE visitor_merges IS 'by key: a visitor who signed in is this buyer; nothing is rewritten';
