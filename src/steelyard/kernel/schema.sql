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
  , paused_at  timestamptz
);
COMMENT ON TABLE event_cursors IS 'local: up to which event each subscriber has read; moved in the transaction of its effects';
COMMENT ON COLUMN event_cursors.paused_at IS 'Since when people have told it to wait; none while it reads';

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

CREATE TABLE job_failures (
    job_id bigint PRIMARY KEY
  , job    text NOT NULL
  , tries  integer NOT NULL
  , error  text NOT NULL
  , at     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE job_failures IS 'local: the last error of each job that did not come to its end; gone when it does';

-- What goes on by itself, and how it went.

CREATE TABLE sweep_runs (
    sweep         text PRIMARY KEY
  , every_seconds double precision NOT NULL
  , reported_at   timestamptz NOT NULL DEFAULT now()
  , ran_at        timestamptz
  , seconds       double precision
  , moved         bigint NOT NULL DEFAULT 0
  , last_moved    bigint
  , moved_at      timestamptz
  , failures      bigint NOT NULL DEFAULT 0
  , failed_at     timestamptz
  , error         text
  , paused_at     timestamptz
  , wanted_at     timestamptz
  , told_seconds  double precision
  , CONSTRAINT a_sweep_rests_between_rounds CHECK (told_seconds BETWEEN 1 AND 86400)
  , CONSTRAINT a_sweep_that_failed_says_why CHECK ((failed_at IS NULL) = (error IS NULL))
);
COMMENT ON TABLE sweep_runs IS 'local: each sweep as the workers last told of it, and what people have told the workers';
COMMENT ON COLUMN sweep_runs.moved IS 'In all rounds since the first';
COMMENT ON COLUMN sweep_runs.last_moved IS 'In the round that last moved anything, at moved_at';
COMMENT ON COLUMN sweep_runs.paused_at IS 'Since when people have told it to wait; none while it runs';
COMMENT ON COLUMN sweep_runs.told_seconds IS 'How often people want it instead of every_seconds; none: as the program says';
COMMENT ON COLUMN sweep_runs.wanted_at IS 'When somebody last asked for a round at once';

CREATE TABLE check_results (
    module  text NOT NULL
  , name    text NOT NULL
  , ran_at  timestamptz NOT NULL
  , found   integer NOT NULL
  , sample  jsonb NOT NULL
  , PRIMARY KEY (module, name)
);
COMMENT ON TABLE check_results IS 'local: what each truth of checks.sql found when it was last looked for';
COMMENT ON COLUMN check_results.found IS 'How many rows say that it is not true, at most a sample; 0: it is true';

CREATE TABLE check_failures (
    failure_id uuid PRIMARY KEY
  , at         timestamptz NOT NULL DEFAULT now()
  , module     text NOT NULL
  , name       text NOT NULL
  , found      integer NOT NULL
  , sample     jsonb NOT NULL
);
COMMENT ON TABLE check_failures IS 'local, append-only: each time a truth was found not to be true any more, or more widely so';
CREATE INDEX check_failures_by_time ON check_failures (at DESC);

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
)
-- A claim is small and its answer large: pages begin nearly empty, so that the answer has room beside its claim and its
-- row's two keys are written once.
WITH (fillfactor = 10);
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

CREATE TABLE batch_minutes (
    minute         timestamptz NOT NULL
  , batcher        text NOT NULL
  , batches        bigint NOT NULL
  , requests       bigint NOT NULL
  , merged         bigint NOT NULL
  , largest        bigint NOT NULL
  , split          bigint NOT NULL
  , refused        bigint NOT NULL
  , failed         bigint NOT NULL
  , turned_away    bigint NOT NULL
  , waited_seconds double precision NOT NULL
  , worked_seconds double precision NOT NULL
  , PRIMARY KEY (minute, batcher)
);
COMMENT ON TABLE batch_minutes IS 'local: what batchers did, of all processes, by the minute in which they told of it';
COMMENT ON COLUMN batch_minutes.largest IS 'Requests in the largest batch; all else adds up';
