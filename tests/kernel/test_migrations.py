"""The migration runner and the privileges that follow from the tables' kinds."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import pytest_asyncio

from steelyard.kernel import ids, migrations, privileges
from steelyard.kernel.db import Database, Tx, administer
from steelyard.kernel.migrations import EditedMigration, Stage, migrate, pending
from steelyard.kernel.tables import UnclearComment
from tests.support.cluster import TestServer

SHELVES = """
CREATE TABLE racks (id integer PRIMARY KEY);
COMMENT ON TABLE racks IS 'reference: for tests';
CREATE TABLE shelves (merchant_id uuid, id uuid, rack integer, PRIMARY KEY (merchant_id, id));
COMMENT ON TABLE shelves IS 'by merchant: for tests';
"""
KEYS = """
ALTER TABLE shelves ADD CONSTRAINT shelf_in_a_rack FOREIGN KEY (rack) REFERENCES racks NOT VALID;
ALTER TABLE shelves VALIDATE CONSTRAINT shelf_in_a_rack;
"""


def use(monkeypatch: pytest.MonkeyPatch, *stages: Stage) -> None:
    monkeypatch.setattr(migrations, "stages", lambda: list(stages))


async def test_all_migrations_run_once(empty_database_url: str) -> None:
    waiting = await pending(empty_database_url)
    assert waiting[0] == "procrastinate schema"

    assert await migrate(empty_database_url) == waiting
    assert await migrate(empty_database_url) == []
    assert await pending(empty_database_url) == []


async def test_processes_and_databases_that_migrate_at_once_take_turns(database_server: TestServer) -> None:
    names = [database_server.empty() for _ in range(2)]
    urls = [database_server.url(name) for name in names]

    ran = await asyncio.gather(*(migrate(url) for url in urls * 2))

    assert sorted(len(stages) for stages in ran)[:2] == [0, 0]
    for name in names:
        database_server.drop(name)


async def test_keys_are_a_stage_of_their_own_and_go_on_after_a_kill(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, Stage("0001_shelves.sql", SHELVES))
    await migrate(empty_database_url)
    use(monkeypatch, Stage("0001_shelves.sql", SHELVES), Stage("0001_shelves.keys.sql", KEYS))
    async with administer(empty_database_url) as connection:
        await connection.execute(KEYS.split(";\n", maxsplit=1)[0])  # as if killed after the first statement

    assert await migrate(empty_database_url) == ["0001_shelves.keys.sql"]


async def test_a_migration_that_fails_leaves_nothing(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Stage("0001_shelves.sql", SHELVES + "SELECT 1/0;"))
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty_database_url)

    use(monkeypatch, Stage("0001_shelves.sql", SHELVES))
    assert await migrate(empty_database_url) == ["0001_shelves.sql"]


async def test_history_is_not_rewritten(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Stage("0001_shelves.sql", SHELVES))
    await migrate(empty_database_url)
    use(monkeypatch, Stage("0001_shelves.sql", SHELVES + "-- edited"))
    with pytest.raises(EditedMigration, match="0001_shelves"):
        await migrate(empty_database_url)


async def test_a_migration_waits_for_a_lock_only_shortly_and_comes_again(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT_SECONDS", 1)
    monkeypatch.setattr(migrations, "PAUSE_SECONDS", 0.1)
    use(monkeypatch, Stage("0001_shelves.sql", SHELVES))
    await migrate(empty_database_url)
    change = Stage("0002_shelves.sql", "ALTER TABLE shelves ADD note text")
    use(monkeypatch, Stage("0001_shelves.sql", SHELVES), change)

    async with administer(empty_database_url) as other:
        busy = other.transaction()
        await busy.start()
        await other.execute("LOCK TABLE shelves IN ACCESS SHARE MODE")
        migrating = asyncio.create_task(migrate(empty_database_url))
        await asyncio.sleep(1.5)
        assert not migrating.done()
        await busy.rollback()
        assert await migrating == ["0002_shelves.sql"]


async def test_privileges_are_not_given_anew_when_nothing_changed(empty_database_url: str) -> None:
    await migrate(empty_database_url)
    async with administer(empty_database_url) as other, other.transaction():
        # Changing a policy would wait for this reader, and everybody else behind it.
        await other.execute("LOCK TABLE events IN ACCESS SHARE MODE")
        await asyncio.wait_for(migrate(empty_database_url), 60)


async def test_a_table_without_a_kind_is_refused(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Stage("0001_x.sql", "CREATE TABLE shelves (id integer)"))
    with pytest.raises(UnclearComment, match="shelves"):
        await migrate(empty_database_url)


@pytest_asyncio.fixture
async def modest_url(database_server: TestServer) -> AsyncIterator[str]:
    """A database whose owner is no superuser and may make roles, as on a managed PostgreSQL."""
    name = database_server.empty()
    owner = f"owner_{name}"
    async with administer(database_server.url()) as connection:
        await connection.execute(f"CREATE ROLE {owner} LOGIN CREATEROLE PASSWORD 'modest'")
        await connection.execute(f"ALTER DATABASE {name} OWNER TO {owner}")
        # The roles of this cluster were made by another: who owns them lets the owner act as them.
        await privileges.make_roles(connection)
        await connection.execute(f"GRANT steelyard_app, steelyard_merchant TO {owner}")
    parts = urlsplit(database_server.url(name))
    place = parts.netloc.rpartition("@")[2]
    yield urlunsplit(parts._replace(netloc=f"{owner}:modest@{place}"))
    database_server.drop(name)
    async with administer(database_server.url()) as connection:
        await connection.execute(f"DROP ROLE {owner}")


async def test_an_owner_who_is_no_superuser_migrates_and_still_reads_everything(
    modest_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, Stage("0001_shelves.sql", SHELVES))
    await migrate(modest_url)
    house = await Database.connect(modest_url, size=2)

    async def put(tx: Tx) -> None:
        await tx.execute("INSERT INTO shelves VALUES ($1, $2)", ids.mint(), ids.mint())

    await house.transact(put)
    await house.close()
    async with administer(modest_url) as connection:
        assert await connection.fetchval("SELECT count(*) FROM shelves") == 1


async def test_a_merchant_reads_reference_tables_and_writes_none(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, Stage("0001_shelves.sql", SHELVES))
    await migrate(empty_database_url)
    house = await Database.connect(empty_database_url, size=2)
    merchant = house.as_merchant(ids.mint())

    async def write(tx: Tx) -> None:
        await tx.execute("INSERT INTO racks VALUES (1)")

    async def read(tx: Tx) -> int:
        return await tx.value("SELECT count(*) FROM racks")

    await house.transact(write)
    assert await merchant.ask(read) == 1  # pyright: ignore[reportArgumentType]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await merchant.transact(write)
    await house.close()


async def test_the_roles_own_nothing_and_pass_no_row_level_security(worker_database_url: str) -> None:
    async with administer(worker_database_url) as connection:
        found = await connection.fetch(
            """
            SELECT r.rolname FROM pg_roles r
            WHERE r.rolname IN ('steelyard_app', 'steelyard_merchant')
              AND (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolcanlogin
                   OR EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid))
            """
        )
        unforced = await connection.fetch(
            """
            SELECT relname FROM pg_class
            WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
              AND obj_description(oid, 'pg_class') ~ '^by (merchant|owner)\\y'
              AND NOT (relrowsecurity AND relforcerowsecurity)
            """
        )
    assert found == []
    assert unforced == []
