-- Shopping agents: the platforms they come from, what they said and were shown, and what is to be told to them.

CREATE TABLE agent_platforms (
    profile_url  text PRIMARY KEY
  , version      text NOT NULL
  , capabilities jsonb NOT NULL
  , keys         jsonb NOT NULL
  , webhook_url  text
  , fetched_at   timestamptz NOT NULL DEFAULT now()
  , expires_at   timestamptz NOT NULL
);
COMMENT ON TABLE agent_platforms IS 'by key: a platform that agents come from, as its profile said when it was last fetched';
COMMENT ON COLUMN agent_platforms.capabilities IS 'name → the versions it speaks';
COMMENT ON COLUMN agent_platforms.keys IS 'Its public keys, as JWKs';
COMMENT ON COLUMN agent_platforms.webhook_url IS 'Where it wants to be told of its orders';

CREATE TABLE agent_sessions (
    session_id uuid PRIMARY KEY
  , kind       text NOT NULL
  , client     text NOT NULL
  , said       jsonb NOT NULL
  , shown      jsonb NOT NULL DEFAULT '{}'
  , action_url text
  , created_at timestamptz NOT NULL DEFAULT now()
  , changed_at timestamptz NOT NULL DEFAULT now()
  , CONSTRAINT a_session_is_a_cart_or_a_checkout CHECK (kind IN ('cart', 'checkout'))
);
COMMENT ON TABLE agent_sessions IS 'by key: what an agent said beside its checkout''s lines, and what it was shown last; it has the checkout''s id';
COMMENT ON COLUMN agent_sessions.client IS 'Who opened it, as checkouts.client says it: nobody else sees it';
COMMENT ON COLUMN agent_sessions.said IS '{buyer, destination, context} as they were sent, to be sent back';
COMMENT ON COLUMN agent_sessions.shown IS '{total, prices: {sku_id: price}}: nobody pays another sum than they were shown';
COMMENT ON COLUMN agent_sessions.action_url IS 'Where the buyer confirms a payment';
CREATE INDEX agent_sessions_by_change ON agent_sessions (changed_at);

CREATE TABLE agent_deliveries (
    delivery_id  uuid PRIMARY KEY
  , purchase_id  uuid NOT NULL
  , profile_url  text NOT NULL
  , webhook_url  text NOT NULL
  , news         text NOT NULL
  , state        text NOT NULL DEFAULT 'waiting'
  , attempts     integer NOT NULL DEFAULT 0
  , attempt_at   timestamptz DEFAULT now()
  , status       integer
  , error        text
  , created_at   timestamptz NOT NULL DEFAULT now()
  , delivered_at timestamptz
  , CONSTRAINT a_delivery_waits_or_is_over CHECK (state IN ('waiting', 'delivered', 'failed'))
  , CONSTRAINT only_what_waits_is_tried CHECK ((state = 'waiting') = (attempt_at IS NOT NULL))
  , CONSTRAINT delivered_means_when CHECK ((state = 'delivered') = (delivered_at IS NOT NULL))
);
COMMENT ON TABLE agent_deliveries IS 'by key: an order as it stands is told to the platform it came from; the log of doing so';
COMMENT ON COLUMN agent_deliveries.news IS 'What happened: created, or the kind of event';
COMMENT ON COLUMN agent_deliveries.status IS 'The HTTP status of the last answer; none when nobody answered';
CREATE INDEX agent_deliveries_to_try ON agent_deliveries (attempt_at) WHERE attempt_at IS NOT NULL;
CREATE INDEX agent_deliveries_of_a_purchase ON agent_deliveries (purchase_id, created_at);
