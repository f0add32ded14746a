"""Every SQL statement of the source is one that PostgreSQL understands, on a database with our schema."""

from pathlib import Path

import asyncpg

from steelyard.kernel.db import administer
from tests.rules.reading import ROOT, nothing_wrong, write
from tests.rules.sql_reading import Statement, statements


async def statements_not_understood(root: Path, url: str) -> list[str]:
    """SQL that is no literal, or that PostgreSQL does not PREPARE."""
    found: list[str] = []
    async with administer(url) as connection:
        opened: tuple[str, str] | None = None
        transaction = connection.transaction()
        await transaction.start()
        for statement in statements(root):
            here = (statement.place.rpartition(":")[0], statement.function)
            if here != opened:  # temporary tables live as long as the function that makes them
                await transaction.rollback()
                transaction = connection.transaction()
                await transaction.start()
                opened = here
            if statement.sql is None:
                found.append(f"{statement.place}: the SQL is not made of literals in the source: write it out")
                continue
            found += await _prepare(connection, statement, statement.sql)
        await transaction.rollback()
    return found


async def _prepare(connection: asyncpg.Connection, statement: Statement, sql: str) -> list[str]:
    try:
        async with connection.transaction():
            await connection.prepare(sql)
            if sql.lstrip().upper().startswith("CREATE TEMP"):
                await connection.execute(sql)
    except asyncpg.PostgresError as error:
        return [f"{statement.place}: {error}\n    {' '.join(sql.split())[:200]}"]
    return []


async def test_every_statement_is_understood(worker_database_url: str) -> None:
    nothing_wrong(await statements_not_understood(ROOT, worker_database_url))


def test_the_statements_of_the_source_are_found() -> None:
    found = statements(ROOT)
    assert sum("kernel/events.py" in statement.place for statement in found) >= 15
    assert any("INSERT INTO events" in (statement.sql or "") for statement in found)


WRONG = """
from steelyard.kernel.db import Read, Tx

_COLUMNS = "position, kind"
_WHERE = f"SELECT {_COLUMNS} FROM events "


async def fine(read: Read, tx: Tx) -> None:
    await read.fetch(_WHERE + "WHERE position > $1", 5)
    await tx.execute("CREATE TEMP TABLE scratch ON COMMIT DROP AS SELECT 1 AS n")
    await tx.value("SELECT n FROM scratch")
    await read.one(int, "SELECT 1" if read else "SELECT 2")


async def wrong(ledger: Tx) -> None:
    await ledger.value("SELECT colour FROM events")
    await ledger.all(int, _WHERE + "WHERE kind = 5")
    await ledger.fetch("SELECT n FROM scratch")


async def built(read: Read, order: str) -> None:
    await read.fetch("SELECT 1 ORDER BY " + order)
"""


async def test_a_statement_that_is_wrong_is_seen(tmp_path: Path, worker_database_url: str) -> None:
    write(tmp_path, "src/steelyard/goods/catalog/queries.py", WRONG)
    write(tmp_path, "src/steelyard/goods/catalog/checks.sql", "-- name: nothing\nSELECT 1 FROM nowhere;\n")

    found = await statements_not_understood(tmp_path, worker_database_url)

    assert [line.split(": ", 1)[0] for line in found] == [
        "goods/catalog/queries.py:16",
        "goods/catalog/queries.py:17",
        "goods/catalog/queries.py:18",
        "goods/catalog/queries.py:22",
        "goods/catalog/checks.sql",
    ]
