-- The lake's manifest: which files make it up at this moment, up to where they reach, and what is still to be done to them.

CREATE TABLE lake_files (
    name       text PRIMARY KEY
  , part       text NOT NULL
  , day        date NOT NULL
  , rows       bigint NOT NULL
  , bytes      bigint NOT NULL
  , first_at   timestamptz NOT NULL
  , written_at timestamptz NOT NULL DEFAULT now()
  , gone_at    timestamptz
  , CONSTRAINT a_file_is_of_a_part CHECK (part IN ('hour', 'day', 'trade'))
);
COMMENT ON TABLE lake_files IS 'local: the Parquet files of events; those that are not gone are what readers see';
COMMENT ON COLUMN lake_files.part IS 'hour: behaviour as it came; day: several of these joined; trade: all orders and refunds of a day';
COMMENT ON COLUMN lake_files.day IS 'Of trade: the day it happened; else the day it was written';
COMMENT ON COLUMN lake_files.first_at IS 'The earliest event in it';
COMMENT ON COLUMN lake_files.gone_at IS 'Since when another file stands for it; it is deleted when nobody can be reading it any more';
CREATE INDEX lake_files_seen ON lake_files (part, day) WHERE gone_at IS NULL;
CREATE INDEX lake_files_gone ON lake_files (gone_at) WHERE gone_at IS NOT NULL;

CREATE TABLE lake_cursors (
    name     text PRIMARY KEY
  , xid      xid8 NOT NULL
  , position bigint NOT NULL
);
COMMENT ON TABLE lake_cursors IS 'local: up to which event of behaviour the files reach; moved in the transaction that records a file';

CREATE TABLE lake_stale_days (
    day date PRIMARY KEY
  , xid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON TABLE lake_stale_days IS 'local: days whose orders or refunds have changed since their file was written';
COMMENT ON COLUMN lake_stale_days.xid IS 'The transaction that marked it last: a file written from before does not take the mark away';

CREATE TABLE lake_renamings (
    person  uuid PRIMARY KEY
  , becomes uuid
);
COMMENT ON TABLE lake_renamings IS 'local: people whose events are to be written anew: as a buyer''s whom a visitor has become, or (none) left out';

CREATE TABLE lake_forgotten (
    person uuid PRIMARY KEY
  , at     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE lake_forgotten IS 'by key: whose orders stand in the lake as nobody''s, each by itself';

CREATE TABLE lake_imports (
    fingerprint text PRIMARY KEY
);
COMMENT ON TABLE lake_imports IS 'local: imports of orders whose days were marked stale; the empty one is the lake''s own beginning';
