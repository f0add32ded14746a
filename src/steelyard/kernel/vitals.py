"""How PostgreSQL itself does: its size, its connections, its oldest transaction, its largest tables, what has migrated."""

from datetime import datetime

import msgspec

from steelyard.kernel.db import Read

TABLES_SHOWN = 12


class OldestTransaction(msgspec.Struct, frozen=True):
    """Whose transaction has been open longest; the query is only known to a role that may see it."""

    pid: int
    application: str
    seconds: float
    query: str | None


class TableSize(msgspec.Struct, frozen=True):
    """A table with its indexes. `rows` is the planner's estimate."""

    name: str
    bytes: int
    rows: int


class Migration(msgspec.Struct, frozen=True):
    name: str
    ran_at: datetime


class Vitals(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    bytes: int
    connections: int
    active: int
    connections_max: int
    oldest: OldestTransaction | None
    tables: list[TableSize]
    migrations: list[Migration]
    events: int


async def vitals(read: Read) -> Vitals:
    """All of it at one instant."""
    row = await read.row(
        """
        SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS bytes
             , (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()) AS connections
             , (SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND state = 'active') AS active
             , current_setting('max_connections')::integer AS connections_max
             , greatest((SELECT reltuples FROM pg_class WHERE oid = 'events'::regclass), 0)::bigint AS events
        """
    )
    assert row is not None
    return Vitals(
        **dict(row),
        oldest=await _oldest(read),
        tables=await read.all(
            TableSize,
            """
            SELECT c.relname AS name, pg_total_relation_size(c.oid) AS bytes
                 , greatest(c.reltuples, 0)::bigint AS rows
            FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
            ORDER BY pg_total_relation_size(c.oid) DESC, c.relname LIMIT $1
            """,
            TABLES_SHOWN,
        ),
        migrations=await read.all(
            Migration, "SELECT name, ran_at FROM migrations WHERE name <> 'privileges' ORDER BY ran_at DESC, name DESC"
        ),
    )


async def _oldest(read: Read) -> OldestTransaction | None:
    return await read.one(
        OldestTransaction,
        """
        SELECT pid, application_name AS application, extract(epoch FROM clock_timestamp() - xact_start)::float8 AS seconds
             , left(query, 200) AS query
        FROM pg_stat_activity
        WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
          AND backend_type = 'client backend'
        ORDER BY xact_start LIMIT 1
        """,
    )
