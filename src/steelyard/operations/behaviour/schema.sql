-- What people do: each thing on its own row, kept as it was said.

CREATE TABLE behaviour_events (
    merchant_id uuid NOT NULL
  , event_id    uuid NOT NULL
  , xid         xid8 NOT NULL DEFAULT pg_current_xact_id()
  , position    bigint GENERATED ALWAYS AS IDENTITY (CACHE 100)
  , at          timestamptz NOT NULL
  , kind        text NOT NULL
  , visitor_id  uuid NOT NULL
  , buyer_id    uuid
  , product_id  uuid
  , order_id    uuid
  , session_id  uuid
  , surface     text NOT NULL
  , channel     text NOT NULL
  , source      text NOT NULL DEFAULT ''
  , medium      text NOT NULL DEFAULT ''
  , campaign    text NOT NULL DEFAULT ''
  , device      text NOT NULL DEFAULT ''
  , properties  jsonb NOT NULL DEFAULT '{}'
  , PRIMARY KEY (merchant_id, event_id)
  , CONSTRAINT people_do_known_things CHECK (kind IN ('arrive', 'view', 'search', 'favourite', 'cart', 'checkout', 'pay', 'refund'
      , 'live_enter', 'live_leave', 'live_click', 'share', 'invite', 'message_open', 'message_click', 'survey_answer'
      , 'exposure'))
  , CONSTRAINT it_happens_on_a_surface CHECK (surface IN ('storefront', 'live', 'api', 'ucp', 'mail', 'house'))
  , CONSTRAINT it_comes_by_a_channel CHECK (channel IN ('direct', 'search', 'social', 'link', 'mail', 'ad', 'qr', 'invite'
      , 'live'))
  , CONSTRAINT properties_are_flat CHECK (jsonb_typeof(properties) = 'object')
);
COMMENT ON TABLE behaviour_events IS 'by merchant: what people do, one row each, never rewritten; gone when a person wants it, or it is old and nobody''s';
COMMENT ON COLUMN behaviour_events.merchant_id IS 'Whose goods or rooms it is about; all zeros: the marketplace as a whole';
COMMENT ON COLUMN behaviour_events.xid IS 'The transaction that wrote it: readers never step over one that is still open';
COMMENT ON COLUMN behaviour_events.position IS 'Within its transaction only; each connection takes a hundred numbers at once';
COMMENT ON COLUMN behaviour_events.visitor_id IS 'Of the browser; where there is none (an agent''s order), the buyer';
COMMENT ON COLUMN behaviour_events.buyer_id IS 'Who was signed in, or bought. Who a visitor became later is in visitor_merges';
COMMENT ON COLUMN behaviour_events.session_id IS 'The live session';
COMMENT ON COLUMN behaviour_events.channel IS 'By which this visitor came here, or for a payment: came last';
COMMENT ON COLUMN behaviour_events.source IS 'utm_source, or the host of the page that led here; medium and campaign likewise as the link said';
COMMENT ON COLUMN behaviour_events.device IS 'phone, desk; empty where there is none';
COMMENT ON COLUMN behaviour_events.properties IS 'Small and flat; which there are is in docs/guide/behaviour.md';
CREATE INDEX behaviour_in_order ON behaviour_events (xid, position);
CREATE INDEX behaviour_of_a_visitor ON behaviour_events (visitor_id, at);
CREATE INDEX behaviour_of_a_buyer ON behaviour_events (buyer_id, at) WHERE buyer_id IS NOT NULL;
CREATE INDEX arrivals_of_a_visitor ON behaviour_events (visitor_id, at) WHERE kind = 'arrive';
CREATE INDEX behaviour_by_kind ON behaviour_events (merchant_id, kind, at);
CREATE INDEX strangers_by_time ON behaviour_events (at) WHERE buyer_id IS NULL;

CREATE TABLE behaviour_choices (
    buyer_id uuid PRIMARY KEY
  , analysed boolean NOT NULL
  , at       timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE behaviour_choices IS 'by buyer: who has said whether what they do may be analysed; who has not, may be';

CREATE TABLE behaviour_robots (
    visitor_id uuid PRIMARY KEY
  , views      integer NOT NULL
  , minute     timestamptz NOT NULL
  , found_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE behaviour_robots IS 'by key, merchants read: visitors who looked at more pages in a minute than people do; analyses leave them out';
COMMENT ON COLUMN behaviour_robots.views IS 'In that minute, as far as they had been counted when it was found';
CREATE INDEX robots_by_time ON behaviour_robots (found_at);

CREATE TABLE behaviour_archive (
    archive  text PRIMARY KEY
  , xid      xid8 NOT NULL
  , position bigint NOT NULL
  , at       timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE behaviour_archive IS 'local: up to which event each archive (the lake) has copied: what nobody has copied yet is kept a while longer';
