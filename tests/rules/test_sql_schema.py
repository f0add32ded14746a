"""The schema.sql files, which are read, and the migrations, which run, make the same database."""

import pytest
import pytest_asyncio

from steelyard.kernel import migrations, privileges
from steelyard.kernel.db import administer
from steelyard.kernel.modules import schema_files
from steelyard.kernel.tables import Kind
from tests.rules.reading import nothing_wrong
from tests.support.cluster import TestServer

# Everything that a table consists of, as lines that can be compared. Positions of columns are left out: a migration
# can only add at the end.
_CATALOG = """
WITH ours AS (
    SELECT oid, relname, relkind::text, relrowsecurity, relforcerowsecurity FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relname !~ '^(idx_)?procrastinate|^migrations'
)
SELECT format('%s %s: %s%s%s', CASE c.relkind WHEN 'r' THEN 'table' ELSE 'relation of kind ' || c.relkind END, c.relname
            , obj_description(c.oid, 'pg_class'), CASE WHEN relrowsecurity THEN ' (row-level security)' END
            , CASE WHEN relforcerowsecurity THEN ' (forced)' END)
FROM ours c WHERE relkind <> 'i'
UNION ALL
SELECT format('column %s.%s %s%s%s%s%s: %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
            , CASE WHEN a.attnotnull THEN ' NOT NULL' END, ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)
            , ' identity ' || nullif(a.attidentity::text, ''), ' generated ' || nullif(a.attgenerated::text, '')
            , col_description(c.oid, a.attnum))
FROM ours c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p')
UNION ALL
SELECT format('constraint %s.%s %s', c.relname, k.conname, pg_get_constraintdef(k.oid))
FROM ours c JOIN pg_constraint k ON k.conrelid = c.oid WHERE k.contype <> 'n'
UNION ALL
SELECT format('index %s', pg_get_indexdef(x.indexrelid)) FROM ours c JOIN pg_index x ON x.indrelid = c.oid
UNION ALL
SELECT format('policy %s.%s %s %s', tablename, policyname, qual, with_check) FROM pg_policies
UNION ALL
SELECT format('privileges %s: %s', relname, (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(relacl) a))
FROM pg_class JOIN ours USING (oid, relname) WHERE ours.relkind IN ('r', 'p')
UNION ALL
SELECT format('function %s', p.oid::regprocedure) FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace AND p.proname !~ '^procrastinate'
UNION ALL
SELECT format('type %s', t.typname) FROM pg_type t
WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('e', 'd') AND t.typname !~ '^procrastinate'
"""


async def catalog(url: str) -> set[str]:
    async with administer(url) as connection:
        lines = {row[0] for row in await connection.fetch(_CATALOG)}
        for table in await privileges.tables(connection):
            if table.kind is Kind.REFERENCE:  # what the schema fills it with belongs to it
                rows = await connection.fetch(f"SELECT t::text FROM {table.name} AS t")
                lines |= {f"row of {table.name} {row[0]}" for row in rows}
        return lines


@pytest_asyncio.fixture(scope="session")
async def written(database_server: TestServer) -> set[str]:
    """The catalog of a database made from the schema.sql files."""
    name = database_server.empty()
    url = database_server.url(name)
    async with administer(url) as connection:
        await privileges.make_roles(connection)
        for _, file in schema_files():
            await connection.execute(file.read_text("utf-8"))
        await privileges.grant(connection)
    found = await catalog(url)
    database_server.drop(name)
    return found


async def differences(migrated_url: str, written: set[str]) -> list[str]:
    """What the migrations make and the schema does not say, and the other way round."""
    migrated = await catalog(migrated_url)
    return [
        *(f"only the migrations make {line}: say it in schema.sql" for line in sorted(migrated - written)),
        *(
            f"only schema.sql says {line}: write a migration (or `make baseline`)"
            for line in sorted(written - migrated)
        ),
    ]


async def test_migrations_make_what_the_schema_says(worker_database_url: str, written: set[str]) -> None:
    nothing_wrong(await differences(worker_database_url, written))


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE events ADD note text",
        "ALTER TABLE events ALTER at DROP DEFAULT",
        "ALTER TABLE rate_limits DROP CONSTRAINT tokens_are_never_owed",
        "DROP INDEX rate_limits_by_full_at",
        "COMMENT ON COLUMN rate_limits.tokens IS 'something else'",
        "ALTER TABLE rate_limits ALTER tokens TYPE real",
        "DROP TABLE event_failures",
        "GRANT DELETE ON events TO steelyard_app",
        "CREATE TYPE colour AS ENUM ('red')",
        "DELETE FROM order_transitions",
        "ALTER TABLE orders NO FORCE ROW LEVEL SECURITY",
    ],
)
async def test_a_difference_is_seen(database_url: str, written: set[str], change: str) -> None:
    async with administer(database_url) as connection:
        await connection.execute(change)

    assert await differences(database_url, written)


async def test_every_difference_of_the_tables_own_policies_is_seen(database_url: str, written: set[str]) -> None:
    async with administer(database_url) as connection:
        policies = await connection.fetch("SELECT policyname, tablename FROM pg_policies LIMIT 1")
        assert policies, "there are tables by merchant"
        await connection.execute(f"DROP POLICY {policies[0]['policyname']} ON {policies[0]['tablename']}")

    (difference,) = await differences(database_url, written)
    assert "policy" in difference


def test_the_migrations_are_numbered_without_gaps() -> None:
    numbers = [stage.name[:4] for stage in migrations.stages() if not stage.separately]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
