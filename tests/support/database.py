"""A database of the test's own, left true: after the test every `checks.sql` runs, and a violation fails the test.

The fixtures come to the tests by `pytest_plugins` in `tests/conftest.py`.
"""

import asyncio
import re
from collections.abc import AsyncIterator

import psycopg
import pytest
import pytest_asyncio

from steelyard.kernel import checks
from steelyard.kernel.checks import Check, Violation
from steelyard.kernel.db import Database

POOL_SIZE = 4
CHECKS = checks.collect()
# Who is still connected may have written what is not counted yet: a connection counts when it ends, at the latest.
ALONE = """
    SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid())
       AND current_setting('track_counts')::boolean
"""
# What was written to since the database was cloned, even if it was taken back.
WRITTEN = """
    SELECT relname::text FROM pg_class
    WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
      AND (relkind = 'p' OR pg_stat_get_tuples_inserted(oid) + pg_stat_get_tuples_updated(oid)
                            + pg_stat_get_tuples_deleted(oid) > 0)
"""
# A table without a page has never had a row. Its size is asked for without opening it, where one may.
FILLED = """
    SELECT relname::text FROM pg_class
    WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
      AND (relkind = 'p' OR CASE WHEN current_setting('is_superuser') = 'on'
                                 THEN (pg_stat_file(pg_relation_filepath(oid))).size
                                 ELSE pg_relation_size(oid) END > 0)
"""
_WORDS = {check: frozenset(re.findall(r"\w+", check.sql)) for check in CHECKS}


async def violations(url: str) -> list[Violation]:
    """What of every `checks.sql` is not true in the database at `url`, a clone. A check of which no table was written to is as
    true as in what was cloned: all of them are asked of an empty house (`tests/kernel/test_checks.py`) and of the small world
    (`seeded.py`)."""
    return await checks.run(url) if await asyncio.to_thread(_any, url) else []


def _any(url: str) -> bool:
    """Whether one of the checks is not true: all of them are asked in one message, which takes a third of the time."""
    with psycopg.connect(url, autocommit=True) as connection:
        wanted = about(_touched(connection))
        found = connection.execute(
            "; ".join(
                ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", *(_exists(check) for check in wanted)]
            ).encode()
        )
        while found.description is None or found.fetchone() is None:
            if not found.nextset():
                return False
        return True


def _touched(connection: psycopg.Connection) -> set[str]:
    """The tables that were written to; while somebody is connected besides us, all that have ever had a row."""
    row = connection.execute(ALONE).fetchone()
    return {row[0] for row in connection.execute(WRITTEN if row == (True,) else FILLED)}


def _exists(check: Check) -> str:
    return f"SELECT FROM ({check.sql}\n) AS found LIMIT 1"


def about(tables: set[str]) -> list[Check]:
    """The checks that name one of these tables."""
    return [check for check in CHECKS if _WORDS[check] & tables]


async def assert_checks(url: str) -> None:
    """Every sentence of every `checks.sql` is true in the database at `url`."""
    found = await violations(url)
    assert not found, "\n".join(f"{each.name}\n    {each.rows[:3]}" for each in found)


@pytest_asyncio.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """A migrated database, connected to as the application; what the test leaves behind must be true."""
    database = await Database.connect(database_url, size=POOL_SIZE)
    yield database
    await database.close()
    await assert_checks(database_url)


@pytest.fixture
def settled(database_url: str) -> "Settled":
    """`await settled()` in the middle of a test: all checks hold here, too."""
    return Settled(database_url)


class Settled:
    def __init__(self, url: str) -> None:
        self._url = url

    async def __call__(self) -> None:
        await assert_checks(self._url)
