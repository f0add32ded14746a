"""The one way to PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from steelyard.kernel import db as kernel_db
from steelyard.kernel import ids, privileges
from steelyard.kernel.db import ConnectionLost, Database, Read, Tx, Unreachable, administer
from steelyard.kernel.text import Text, text

TABLES = """
CREATE TABLE shelves (merchant_id uuid NOT NULL, id uuid NOT NULL, name jsonb, PRIMARY KEY (merchant_id, id));
COMMENT ON TABLE shelves IS 'by merchant: for tests';
CREATE TABLE counters (name text PRIMARY KEY, value integer NOT NULL);
COMMENT ON TABLE counters IS 'local: for tests';
INSERT INTO counters VALUES ('a', 0), ('b', 0);
"""


class Shelf(msgspec.Struct):
    id: UUID
    name: Text | None


@pytest_asyncio.fixture
async def house(database_url: str) -> AsyncIterator[Database]:
    async with administer(database_url) as connection:
        await connection.execute(TABLES)
        await privileges.grant(connection)
    database = await Database.connect(database_url, size=4)
    yield database
    await database.close()


async def add(tx: Tx, name: str, by: int = 1) -> int:
    return await tx.value("UPDATE counters SET value = value + $2 WHERE name = $1 RETURNING value", name, by)


async def value(read: Read, name: str) -> int:
    return await read.value("SELECT value FROM counters WHERE name = $1", name)


async def put(tx: Tx, merchant_id: UUID, name: Text | None = None) -> UUID:
    shelf = ids.mint()
    await tx.execute("INSERT INTO shelves (merchant_id, id, name) VALUES ($1, $2, $3)", merchant_id, shelf, name)
    return shelf


async def shelves(read: Read) -> list[Shelf]:
    return await read.all(Shelf, "SELECT id, name FROM shelves ORDER BY id")


async def test_a_command_commits_when_it_returns_and_leaves_nothing_when_it_raises(house: Database) -> None:
    async def fail(tx: Tx) -> None:
        await add(tx, "a", 100)
        raise LookupError

    await house.transact(add, "a")
    with pytest.raises(LookupError):
        await house.transact(fail)

    assert await house.ask(value, "a") == 1


async def test_a_question_cannot_write(house: Database) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await house.ask(add, "a")  # pyright: ignore[reportArgumentType]  # the type checker refuses it, too

    assert await house.ask(value, "a") == 0


async def test_a_question_sees_one_instant(house: Database) -> None:
    async def twice(read: Read) -> tuple[int, int]:
        first = await value(read, "a")
        await house.transact(add, "a")
        return first, await value(read, "a")

    assert await house.ask(twice) == (0, 0)


async def test_of_two_that_deadlock_both_have_their_effect_in_the_end(house: Database) -> None:
    together = asyncio.Barrier(2)
    tries: list[str] = []

    async def cross(tx: Tx, first: str, second: str) -> None:
        tries.append(first)
        await add(tx, first)
        if len(tries) <= 2:
            await together.wait()
        await add(tx, second)

    await asyncio.gather(house.transact(cross, "a", "b"), house.transact(cross, "b", "a"))

    assert await house.ask(value, "a") == await house.ask(value, "b") == 2
    assert len(tries) >= 3, "one of them was the deadlock's victim and said it again"


async def test_a_serialization_failure_is_tried_again(house: Database) -> None:
    together = asyncio.Barrier(2)
    tries = 0

    async def careful(tx: Tx) -> None:
        nonlocal tries
        tries += 1
        await tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        before = await value(tx, "a")
        if tries <= 2:
            await together.wait()
        await tx.execute("UPDATE counters SET value = $1 WHERE name = 'a'", before + 1)

    await asyncio.gather(house.transact(careful), house.transact(careful))

    assert await house.ask(value, "a") == 2
    assert tries == 3


async def test_control_without_another_try_one_of_the_two_is_lost(
    house: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel_db, "TRIES_MAX", 1)
    together = asyncio.Barrier(2)

    async def cross(tx: Tx, first: str, second: str) -> None:
        await add(tx, first)
        await together.wait()
        await add(tx, second)

    outcomes = await asyncio.gather(
        house.transact(cross, "a", "b"), house.transact(cross, "b", "a"), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes if outcome] == [asyncpg.DeadlockDetectedError]


async def test_a_table_that_a_migration_changes_under_us_does_not_fail_the_request(
    house: Database, database_url: str
) -> None:
    async def row(tx: Tx) -> int:
        found = await tx.row("SELECT * FROM counters WHERE name = 'a'")
        assert found is not None
        return len(found)

    assert await house.transact(row) == 2
    async with administer(database_url) as connection:
        await connection.execute("ALTER TABLE counters ADD COLUMN note text")

    assert await house.transact(row) == 3


async def test_a_statement_that_takes_too_long_is_ended(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_db, "STATEMENT_TIMEOUT_SECONDS", 1)
    impatient = await Database.connect(database_url, size=2)

    async def sleep(read: Read) -> None:
        await read.value("SELECT pg_sleep(5)")

    with pytest.raises(asyncpg.QueryCanceledError):
        await impatient.ask(sleep)
    await impatient.close()


async def test_where_nobody_waits_a_statement_has_minutes(database_url: str) -> None:
    for patient, timeouts in ((False, ("2min", "30s")), (True, ("10min", "10min"))):
        house = await Database.connect(database_url, size=1, patient=patient)
        try:
            for asked in (house, house.as_merchant(ids.mint())):
                row = await asked.ask(
                    lambda read: read.row(
                        """
                        SELECT current_setting('statement_timeout')
                             , current_setting('idle_in_transaction_session_timeout')
                        """
                    )
                )
                assert row is not None
                assert tuple(row) == timeouts
        finally:
            await house.close()


async def test_a_merchant_sees_and_writes_own_rows_only(house: Database) -> None:
    mine, theirs = ids.mint(), ids.mint()
    await house.transact(put, mine)
    other = await house.transact(put, theirs)
    merchant = house.as_merchant(mine)

    assert len(await house.ask(shelves)) == 2
    assert len(await merchant.ask(shelves)) == 1
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await merchant.transact(put, theirs)

    async def empty(tx: Tx) -> int:
        return await tx.execute("DELETE FROM shelves")

    assert await merchant.transact(empty) == 1
    assert [shelf.id for shelf in await house.ask(shelves)] == [other]


async def test_a_merchants_connection_without_its_merchant_sees_nothing(house: Database) -> None:
    mine = ids.mint()
    await house.transact(put, mine)
    merchant = house.as_merchant(mine)
    assert len(await merchant.ask(shelves)) == 1

    # The same pooled connections, and nobody said whose they are.
    nobody = Database(house._merchants, None)  # pyright: ignore[reportPrivateUsage, reportArgumentType]

    assert await nobody.ask(shelves) == []


async def test_a_merchant_does_not_touch_the_houses_own_tables(house: Database) -> None:
    merchant = house.as_merchant(ids.mint())

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await merchant.ask(value, "a")


async def test_words_in_many_languages_come_back_as_they_went(house: Database) -> None:
    mine = ids.mint()
    named = await house.transact(put, mine, text("秤", "Scale"))
    bare = await house.transact(put, mine)

    found = await house.ask(shelves)

    assert found == [Shelf(named, text("秤", "Scale")), Shelf(bare, None)]
    assert isinstance(found[0].name, Text)


async def test_one_bad_row_among_many_is_undone_alone(house: Database) -> None:
    async def both(tx: Tx) -> None:
        await add(tx, "a")
        with pytest.raises(asyncpg.NotNullViolationError):
            async with tx.savepoint():
                await add(tx, "b")
                await tx.execute("INSERT INTO counters (name) VALUES ('c')")

    await house.transact(both)

    assert await house.ask(value, "a") == 1
    assert await house.ask(value, "b") == 0


async def test_rows_are_copied_into_tables_with_and_without_row_level_security(house: Database) -> None:
    mine = ids.mint()

    async def fill(tx: Tx) -> None:
        await tx.copy("counters", ["name", "value"], [("c", 1), ("d", 2)])
        for _ in range(2):
            await tx.copy("shelves", ["merchant_id", "id", "name"], [(mine, ids.mint(), text("秤", "Scale"))])

    async def streamed(read: Read) -> list[str]:
        return [row["name"] async for row in read.stream("SELECT name FROM counters ORDER BY name", prefetch=1)]

    await house.transact(fill)

    assert await house.ask(streamed) == ["a", "b", "c", "d"]
    assert len(await house.ask(shelves)) == 2


async def test_execute_says_how_many_rows_it_touched(house: Database) -> None:
    async def count(tx: Tx) -> tuple[int, int]:
        return await tx.execute("UPDATE counters SET value = 5"), await tx.execute("DELETE FROM counters WHERE false")

    assert await house.transact(count) == (2, 0)


async def cut(database_url: str) -> None:
    """Everybody's connections to this database are ended by the server."""
    async with administer(database_url) as owner:
        await owner.execute(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
            """
        )


async def test_connections_that_were_cut_while_nobody_used_them_are_not_noticed(
    house: Database, database_url: str
) -> None:
    for _ in range(3):
        await asyncio.gather(*(house.transact(add, "a") for _ in range(4)))
        await cut(database_url)

        assert await house.transact(add, "b") > 0
        await cut(database_url)
        await house.ask(value, "a")

    assert await house.ask(value, "a") == 12
    assert await house.ask(value, "b") == 3


async def test_a_connection_that_is_cut_in_the_middle_is_said_to_be_gone_and_nothing_is_done(
    house: Database, database_url: str
) -> None:
    async def interrupted(tx: Tx) -> None:
        await add(tx, "a")
        await cut(database_url)
        await add(tx, "a")

    with pytest.raises(Unreachable):
        await house.transact(interrupted)

    assert await house.ask(value, "a") == 0


async def test_however_asyncpg_says_it_a_broken_connection_is_a_lost_one(house: Database) -> None:
    async def between_two_words(tx: Tx) -> None:
        tx._connection.terminate()  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]
        await add(tx, "a")

    async def about_to_be_closed(_tx: Tx) -> None:
        raise asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")

    for broken in (between_two_words, about_to_be_closed):
        with pytest.raises(ConnectionLost):
            await house.transact(broken)

    assert await house.transact(add, "a") == 1


async def test_a_mistake_in_the_program_is_no_lost_connection(house: Database) -> None:
    async def mistaken(tx: Tx) -> None:
        await tx.value("SELECT $1::integer", "no number")

    with pytest.raises(asyncpg.DataError):
        await house.transact(mistaken)


async def test_what_a_burst_has_opened_is_given_back_when_nobody_uses_it(database_url: str) -> None:
    house = await Database.connect(database_url, size=4, unused_seconds=0.01)
    try:
        together = asyncio.Barrier(4)

        async def busy(_tx: Tx) -> None:
            await together.wait()

        await asyncio.gather(*(house.transact(busy) for _ in range(4)))

        async with asyncio.timeout(60):
            while house._pool.get_size() > 1:  # pyright: ignore[reportPrivateUsage]
                await asyncio.sleep(0.01)
    finally:
        await house.close()
