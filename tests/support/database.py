"""A database of the test's own, left true: after the test every `checks.sql` runs, and a violation fails the test.

The fixtures come to the tests by `pytest_plugins` in `tests/conftest.py`.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from steelyard.kernel import checks
from steelyard.kernel.db import Database

POOL_SIZE = 4


async def assert_checks(url: str) -> None:
    """Every sentence of every `checks.sql` is true in the database at `url`."""
    violations = await checks.run(url)
    assert not violations, "\n".join(f"{found.name}\n    {found.rows[:3]}" for found in violations)


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
