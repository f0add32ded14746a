-- The event log and the places its readers have come to. News travels up through these three tables.

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
