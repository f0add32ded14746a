"""Who may touch which table follows from the table's kind, and is granted anew after every migration.

The application's role reads and writes everything; nobody updates or deletes in an append-only table. The merchants' role
sees and changes a merchant's own rows only (row-level security by the setting `steelyard.merchant_id`), reads reference tables,
and touches other tables only where their COMMENT says so.
"""

import asyncpg

from steelyard.kernel.db import APP_ROLE, MERCHANT_ROLE, Row
from steelyard.kernel.tables import OWNER_COLUMN, Kind, Table, read_comment

ROLES = "".join(
    f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        CREATE ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
    IF NOT pg_has_role(current_user, '{role}', 'MEMBER') THEN
        GRANT {role} TO CURRENT_USER;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- another database of this cluster was quicker
END $$;
"""
    for role in (APP_ROLE, MERCHANT_ROLE)
)

_TABLES = """
SELECT c.relname AS name, obj_description(c.oid, 'pg_class') AS comment
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname NOT LIKE 'procrastinate%'
ORDER BY c.relname
"""


async def tables(connection: "asyncpg.Connection[Row]") -> list[Table]:
    """Every table of ours, by what its COMMENT says. Raises `UnclearComment`."""
    return [read_comment(row["name"], row["comment"]) for row in await connection.fetch(_TABLES)]


async def grant(connection: "asyncpg.Connection[Row]") -> None:
    """Give both roles exactly what the tables' kinds say, and take everything else away."""
    statements = [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {APP_ROLE}, {MERCHANT_ROLE}",
        f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}, {MERCHANT_ROLE}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE}, {MERCHANT_ROLE}",
    ]
    for table in await tables(connection):
        statements += _of(table)
    # The queue's own tables and functions: jobs are deferred inside our transactions by its SQL function.
    for row in await connection.fetch(
        "SELECT relname FROM pg_class WHERE relname LIKE 'procrastinate%' AND relkind = 'r'"
        " AND relnamespace = 'public'::regnamespace"
    ):
        statements.append(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {row['relname']} TO {APP_ROLE}, {MERCHANT_ROLE}")
    async with connection.transaction():
        await connection.execute(";\n".join(statements))


def _of(table: Table) -> list[str]:
    writes = "SELECT, INSERT" if table.append_only else "SELECT, INSERT, UPDATE, DELETE"
    statements = [f"GRANT {writes} ON {table.name} TO {APP_ROLE}"]
    if table.kind in (Kind.BY_MERCHANT, Kind.BY_OWNER):
        owner = OWNER_COLUMN[table.kind]
        mine = f"{owner} = nullif(current_setting('steelyard.merchant_id', true), '')::uuid"
        statements += [
            f"GRANT {writes} ON {table.name} TO {MERCHANT_ROLE}",
            f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table.name} FORCE ROW LEVEL SECURITY",
            f"DROP POLICY IF EXISTS everything ON {table.name}",
            f"DROP POLICY IF EXISTS own_rows ON {table.name}",
            f"CREATE POLICY everything ON {table.name} TO {APP_ROLE}, CURRENT_USER USING (true) WITH CHECK (true)",
            f"CREATE POLICY own_rows ON {table.name} TO {MERCHANT_ROLE} USING ({mine}) WITH CHECK ({mine})",
        ]
    elif table.kind is Kind.REFERENCE or "merchants read" in table.marks:
        statements.append(f"GRANT SELECT ON {table.name} TO {MERCHANT_ROLE}")
    if "merchants insert" in table.marks:
        statements.append(f"GRANT INSERT ON {table.name} TO {MERCHANT_ROLE}")
    return statements
