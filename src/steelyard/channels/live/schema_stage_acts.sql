-- What stands on the stage of a session beside its log of beats, who wrote in its chat, and what was handed out.

CREATE TABLE live_stages (
    merchant_id  uuid NOT NULL
  , session_id   uuid NOT NULL
  , slow_seconds integer NOT NULL DEFAULT 1
  , muted        boolean NOT NULL DEFAULT false
  , note         text NOT NULL DEFAULT ''
  , likes        bigint NOT NULL DEFAULT 0
  , viewers      integer NOT NULL DEFAULT 0
  , peak         integer NOT NULL DEFAULT 0
  , entered      bigint NOT NULL DEFAULT 0
  , media_client text NOT NULL DEFAULT ''
  , grace_until  timestamptz
  , cut_off      boolean NOT NULL DEFAULT false
  , PRIMARY KEY (merchant_id, session_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , CONSTRAINT slow_mode_has_its_bounds CHECK (slow_seconds BETWEEN 1 AND 300)
  , CONSTRAINT a_peak_is_the_most CHECK (0 <= viewers AND viewers <= peak AND 0 <= likes AND 0 <= entered)
);
COMMENT ON TABLE live_stages IS 'by merchant: how a session stands at this moment';
COMMENT ON COLUMN live_stages.slow_seconds IS 'So long a buyer waits between two messages';
COMMENT ON COLUMN live_stages.muted IS 'Nobody but the shop''s own people writes';
COMMENT ON COLUMN live_stages.note IS 'What is pinned over the chat; empty: nothing';
COMMENT ON COLUMN live_stages.media_client IS 'The publishing connection, as the media origin calls it; empty: none';
COMMENT ON COLUMN live_stages.grace_until IS 'Until when a stream that broke off is waited for';
COMMENT ON COLUMN live_stages.cut_off IS 'The media origin is still to be told that this is not to be streamed or played any more';
CREATE INDEX live_stages_to_cut_off ON live_stages (session_id) WHERE cut_off;
CREATE INDEX live_stages_waiting ON live_stages (grace_until) WHERE grace_until IS NOT NULL;

CREATE TABLE live_chats (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , seq         bigint NOT NULL
  , chat_id     uuid NOT NULL
  , buyer_id    uuid
  , by          text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, session_id, seq)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , CONSTRAINT a_message_is_taken_once UNIQUE (merchant_id, session_id, chat_id)
);
COMMENT ON TABLE live_chats IS 'by merchant, never deleted: who wrote which message of a session''s chat; the words are its beats';
COMMENT ON COLUMN live_chats.buyer_id IS 'None: the shop''s own people, or a buyer who has been erased after the record''s time';
COMMENT ON COLUMN live_chats.by IS 'buyer, or staff:<account_id>';
CREATE INDEX live_chats_of_a_buyer ON live_chats (buyer_id, at);
CREATE INDEX live_chats_by_time ON live_chats (at) WHERE buyer_id IS NOT NULL;

CREATE TABLE live_speakers (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , last_at     timestamptz NOT NULL
  , chats       integer NOT NULL DEFAULT 1
  , PRIMARY KEY (merchant_id, session_id, buyer_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
);
COMMENT ON TABLE live_speakers IS 'by merchant: when a buyer wrote in a session''s chat last';
CREATE INDEX live_speakers_of_a_buyer ON live_speakers (buyer_id);

CREATE TABLE live_presence (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , process_id  uuid NOT NULL
  , viewers     integer NOT NULL
  , at          timestamptz NOT NULL
  , PRIMARY KEY (merchant_id, session_id, process_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
);
COMMENT ON TABLE live_presence IS 'by merchant: how many watch a session by way of a web process, which says so again every few seconds';
CREATE INDEX live_presence_by_time ON live_presence (at);

CREATE TABLE live_drops (
    merchant_id  uuid NOT NULL
  , session_id   uuid NOT NULL
  , drop_id      uuid NOT NULL
  , promotion_id uuid NOT NULL
  , kind         text NOT NULL
  , from_seq     bigint NOT NULL
  , until        timestamptz NOT NULL
  , by           text NOT NULL
  , PRIMARY KEY (merchant_id, session_id, drop_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , FOREIGN KEY (merchant_id, promotion_id) REFERENCES promotions
  , CONSTRAINT a_drop_is_of_a_kind CHECK (kind IN ('coupon', 'red_packet'))
);
COMMENT ON TABLE live_drops IS 'by merchant: coupons that were thrown into a session to be grabbed';
COMMENT ON COLUMN live_drops.kind IS 'red_packet: money off without a condition, of which each has one';

CREATE TABLE live_draws (
    merchant_id  uuid NOT NULL
  , session_id   uuid NOT NULL
  , draw_id      uuid NOT NULL
  , prize        jsonb NOT NULL
  , winners      integer NOT NULL
  , word         text NOT NULL DEFAULT ''
  , promotion_id uuid
  , secret       text NOT NULL
  , commitment   text NOT NULL
  , from_seq     bigint NOT NULL
  , closes_at    timestamptz NOT NULL
  , to_seq       bigint
  , entrants     integer
  , by           text NOT NULL
  , PRIMARY KEY (merchant_id, session_id, draw_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , CONSTRAINT a_draw_has_winners CHECK (winners BETWEEN 1 AND 100)
  , CONSTRAINT what_is_drawn_is_counted CHECK ((to_seq IS NULL) = (entrants IS NULL))
);
COMMENT ON TABLE live_draws IS 'by merchant: draws among those who write in the chat';
COMMENT ON COLUMN live_draws.word IS 'What a message has to hold to count; empty: any';
COMMENT ON COLUMN live_draws.secret IS '32 random bytes in hex: its SHA-256 is told when the draw begins, the secret when it is drawn';
COMMENT ON COLUMN live_draws.from_seq IS 'Messages after this beat count';
COMMENT ON COLUMN live_draws.to_seq IS 'Messages up to this beat counted; none: not drawn yet';
CREATE INDEX live_draws_to_close ON live_draws (closes_at) WHERE to_seq IS NULL;

CREATE TABLE live_winners (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , draw_id     uuid NOT NULL
  , place       integer NOT NULL
  , seq         bigint NOT NULL
  , buyer_id    uuid NOT NULL
  , PRIMARY KEY (merchant_id, session_id, draw_id, place)
  , FOREIGN KEY (merchant_id, session_id, draw_id) REFERENCES live_draws
);
COMMENT ON TABLE live_winners IS 'by merchant: who won in a draw, by which message';
CREATE INDEX live_winners_of_a_buyer ON live_winners (buyer_id);

CREATE TABLE live_streams (
    stream      text PRIMARY KEY
  , merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
);
COMMENT ON TABLE live_streams IS 'by key: the public name of a video that was admitted, and whose session it is';

CREATE TABLE live_orders (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , order_id    uuid NOT NULL
  , second      integer NOT NULL
  , product_id  uuid
  , paid_at     timestamptz
  , seal        integer
  , PRIMARY KEY (merchant_id, order_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
);
COMMENT ON TABLE live_orders IS 'by merchant: orders that came out of a session';
COMMENT ON COLUMN live_orders.second IS 'Of the session, since it began, as the buyer''s page knew it when the checkout was opened, or the goods were put into the cart';
COMMENT ON COLUMN live_orders.product_id IS 'What was explained at that second; none: nothing was';
COMMENT ON COLUMN live_orders.seal IS 'The number of the seal that it is in; none: not sealed yet';
CREATE INDEX live_orders_of_a_session ON live_orders (merchant_id, session_id, second);

CREATE TABLE live_unsealed (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , since       timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, session_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
);
COMMENT ON TABLE live_unsealed IS 'by merchant: sessions of which something is to be sealed';
CREATE INDEX live_unsealed_by_time ON live_unsealed (since);

CREATE TABLE live_sealed_segments (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , number      integer NOT NULL
  , seal        integer NOT NULL
  , PRIMARY KEY (merchant_id, session_id, number)
  , FOREIGN KEY (merchant_id, session_id, number) REFERENCES live_segments
);
COMMENT ON TABLE live_sealed_segments IS 'by merchant, append-only: the seal that a piece of video is in';
