-- What happens while a live session is on air: one log of beats, and what is kept beside it.

CREATE TABLE live_beats (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , seq         bigint NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , kind        text NOT NULL
  , body        jsonb NOT NULL DEFAULT '{}'
  , PRIMARY KEY (merchant_id, session_id, seq)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , CONSTRAINT beats_begin_at_one CHECK (seq >= 1)
  , CONSTRAINT a_beat_is_of_a_kind CHECK (kind IN (
        'state', 'chat', 'removed', 'muted', 'note', 'pin', 'unpin', 'shelf', 'price', 'stock', 'coupon', 'draw', 'drawn'
      , 'likes', 'viewers', 'sold', 'question', 'script'))
);
COMMENT ON TABLE live_beats IS 'by merchant, append-only: all that happens in a session and is shown to somebody, numbered without gaps';
CREATE INDEX live_beats_removed ON live_beats (merchant_id, session_id, ((body ->> 'seq')::bigint)) WHERE kind = 'removed';

CREATE TABLE live_segments (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , number      integer NOT NULL
  , at          timestamptz NOT NULL
  , seconds     double precision NOT NULL
  , bytes       bigint NOT NULL
  , file        text NOT NULL
  , sha256      text NOT NULL
  , PRIMARY KEY (merchant_id, session_id, number)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
);
COMMENT ON TABLE live_segments IS 'by merchant, append-only: the pieces of video that were recorded, as the media process told them';

CREATE TABLE live_seals (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , number      integer NOT NULL
  , from_seq    bigint NOT NULL
  , to_seq      bigint NOT NULL
  , of          jsonb NOT NULL DEFAULT '{}'
  , previous    text NOT NULL
  , digest      text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, session_id, number)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , CONSTRAINT a_seal_goes_forward CHECK (from_seq <= to_seq + 1)
);
COMMENT ON TABLE live_seals IS 'by merchant, append-only: a chain of digests over beats, pieces of video and trades that shows if one was changed';
COMMENT ON COLUMN live_seals.of IS 'What else it is over: {segments: […], orders: […]}';
COMMENT ON COLUMN live_seals.previous IS 'The digest of the seal before; empty for the first';

CREATE TABLE live_explained (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , from_seq    bigint NOT NULL
  , product_id  uuid NOT NULL
  , from_at     timestamptz NOT NULL
  , to_at       timestamptz
  , PRIMARY KEY (merchant_id, session_id, from_seq)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
  , CONSTRAINT explained_from_to CHECK (to_at >= from_at)
);
COMMENT ON TABLE live_explained IS 'by merchant: which product was pinned when; to_at is none while it still is';
CREATE INDEX live_explained_by_product ON live_explained (merchant_id, product_id, from_at DESC);

CREATE TABLE live_mutes (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , until       timestamptz
  , by          text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, session_id, buyer_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
);
CREATE INDEX live_mutes_of_a_buyer ON live_mutes (buyer_id);
COMMENT ON TABLE live_mutes IS 'by merchant: who may not write in a session''s chat; until is none for the whole session';

CREATE TABLE live_words (
    merchant_id uuid NOT NULL
  , room_id     uuid NOT NULL
  , word        text NOT NULL
  , by          text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, room_id, word)
  , FOREIGN KEY (merchant_id, room_id) REFERENCES rooms
);
COMMENT ON TABLE live_words IS 'by merchant: words that a room''s own people do not want in its chat, beside the dictionary';

CREATE TABLE live_minutes (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , minute      integer NOT NULL
  , viewers     integer NOT NULL DEFAULT 0
  , peak        integer NOT NULL DEFAULT 0
  , entries     jsonb NOT NULL DEFAULT '{}'
  , chats       integer NOT NULL DEFAULT 0
  , likes       bigint NOT NULL DEFAULT 0
  , goods       jsonb NOT NULL DEFAULT '{}'
  , PRIMARY KEY (merchant_id, session_id, minute)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
);
COMMENT ON TABLE live_minutes IS 'by merchant: figures of a session by minute since it began';
COMMENT ON COLUMN live_minutes.entries IS 'How many came in from where: {source: viewers}';
COMMENT ON COLUMN live_minutes.goods IS 'By product: {product_id: {clicks, carts, orders, paid, gmv}}; gmv in minor units of the shop''s currency';
