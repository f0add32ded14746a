"""Who may touch which table follows from the table's kind, and is granted anew after every migration.

The application's role reads and writes everything; nobody updates or deletes in an append-only table, nor deletes in one
that is never deleted from. The merchants' role sees and changes a merchant's own rows only (row-level security by the setting
`steelyard.merchant_id`), reads reference tables, and touches other tables only where their COMMENT says so.
"""

import asyncio

import asyncpg

from steelyard.kernel.db import APP_ROLE, MERCHANT_ROLE
from steelyard.kernel.tables import OWNER_COLUMN, Kind, Table, read_comment

TRIES_MAX = 20
PAUSE_SECONDS = 0.1
# Roles belong to the whole cluster: another of its databases may be migrating in the same moment.
_RACES = (
    asyncpg.DuplicateObjectError,
    asyncpg.UniqueViolationError,
    asyncpg.InternalServerError,  # "tuple concurrently updated"
    asyncpg.UndefinedObjectError,
)

_ROLE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        CREATE ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
    -- Since PostgreSQL 16 who makes a role is a member of it, but may not act as it without a grant of its own.
    IF current_setting('server_version_num')::int >= 160000 THEN
        IF NOT (pg_has_role(current_user, '{role}', 'SET') AND pg_has_role(current_user, '{role}', 'USAGE')) THEN
            EXECUTE 'GRANT {role} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE';
        END IF;
    ELSIF NOT pg_has_role(current_user, '{role}', 'MEMBER') THEN
        GRANT {role} TO CURRENT_USER;
    END IF;
END $$
"""

_ROLES = tuple(_ROLE.format(role=role) for role in (APP_ROLE, MERCHANT_ROLE))
# Both in one text: for a restore, which needs them before anything is in the database.
ROLES = ";\n".join(_ROLES)

# So that the application can say whose transaction holds readers of the event log back. Only a superuser can grant it;
# without it the display names the process, not its query.
_SEES_ACTIVITY = f"""
DO $$ BEGIN
    IF NOT pg_has_role('{APP_ROLE}', 'pg_read_all_stats', 'MEMBER') THEN
        GRANT pg_read_all_stats TO {APP_ROLE};
    END IF;
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$
"""

_TABLES = """
SELECT c.relname AS name, obj_description(c.oid, 'pg_class') AS comment
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND c.relname NOT LIKE 'procrastinate%'
ORDER BY c.relname
"""

# The queue's own tables. A merchant's request may queue a job and see none.
_QUEUE = f"""
GRANT SELECT, INSERT, UPDATE, DELETE ON procrastinate_jobs, procrastinate_events, procrastinate_workers
    , procrastinate_periodic_defers TO {APP_ROLE};
GRANT INSERT, SELECT (id) ON procrastinate_jobs TO {MERCHANT_ROLE};
GRANT INSERT ON procrastinate_events TO {MERCHANT_ROLE}
"""


async def tables(connection: asyncpg.Connection) -> list[Table]:
    """Every table of ours, by what its COMMENT says. Raises `UnclearComment`."""
    return [read_comment(row["name"], row["comment"]) for row in await connection.fetch(_TABLES)]


async def make_roles(connection: asyncpg.Connection) -> None:
    """Both roles exist in this cluster and the connection's user may act as them."""
    for statement in (*_ROLES, _SEES_ACTIVITY):
        for attempt in range(1, TRIES_MAX + 1):
            try:
                await connection.execute(statement)
                break
            except _RACES:
                if attempt == TRIES_MAX:
                    raise
                await asyncio.sleep(PAUSE_SECONDS * attempt)


async def statements(connection: asyncpg.Connection) -> str:
    """What gives both roles exactly what the tables' kinds say, and takes everything else away."""
    spoken = [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {APP_ROLE}, {MERCHANT_ROLE}",
        f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}, {MERCHANT_ROLE}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE}, {MERCHANT_ROLE}",
    ]
    for table in await tables(connection):
        spoken += _of(table)
    if await connection.fetchval("SELECT to_regclass('public.procrastinate_jobs') IS NOT NULL"):
        spoken.append(_QUEUE)
    return ";\n".join(spoken)


async def grant(connection: asyncpg.Connection) -> None:
    """Bring both roles' privileges in line with the tables, whatever they were."""
    async with connection.transaction():
        await connection.execute(await statements(connection))


def _of(table: Table) -> list[str]:
    writes = "SELECT, INSERT"
    if not table.append_only:
        writes += ", UPDATE" if table.never_deleted else ", UPDATE, DELETE"
    spoken = [f"GRANT {writes} ON {table.name} TO {APP_ROLE}"]
    if table.kind in (Kind.BY_MERCHANT, Kind.BY_OWNER):
        owner = OWNER_COLUMN[table.kind]
        mine = f"{owner} = nullif(current_setting('steelyard.merchant_id', true), '')::uuid"
        spoken += [
            f"GRANT {writes} ON {table.name} TO {MERCHANT_ROLE}",
            f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table.name} FORCE ROW LEVEL SECURITY",
            f"DROP POLICY IF EXISTS everything ON {table.name}",
            f"DROP POLICY IF EXISTS own_rows ON {table.name}",
            # The owner of the schema is a member of the application's role and sees everything by that. No role of
            # this one installation is named, so that a backup can be restored under another owner.
            f"CREATE POLICY everything ON {table.name} TO {APP_ROLE} USING (true) WITH CHECK (true)",
            f"CREATE POLICY own_rows ON {table.name} TO {MERCHANT_ROLE} USING ({mine}) WITH CHECK ({mine})",
        ]
    elif table.kind is Kind.REFERENCE or "merchants read" in table.marks:
        spoken.append(f"GRANT SELECT ON {table.name} TO {MERCHANT_ROLE}")
    if "merchants insert" in table.marks:
        spoken.append(f"GRANT INSERT ON {table.name} TO {MERCHANT_ROLE}")
    return spoken
