"""What every test may ask for. How it comes about is in `tests/support`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from steelyard.kernel import db as kernel_db
from tests.support.cluster import TestRun, TestServer
from tests.support.database import db, settled
from tests.support.saying import logged_plainly
from tests.support.seeded import seeded_server

if TYPE_CHECKING:
    from xdist.remote import Producer

    from tests.support.turns import OneHouse

__all__ = [
    "database_server",
    "database_url",
    "db",
    "empty_database_url",
    "seeded_server",
    "settled",
    "worker_database_url",
]

# A busy machine is no fault of what is tested.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
# Nor is one that stood still: a statement of a few rows was cancelled after ten seconds, once in some ten thousand tests.
kernel_db.STATEMENT_TIMEOUT_SECONDS = 120
kernel_db.LOCK_TIMEOUT_SECONDS = 60
logged_plainly()
# `--hypothesis-profile=long`: tests/model looks for new examples instead of running the known ones.
settings.register_profile("long", print_blob=True)

RUN = pytest.StashKey[TestRun]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--every-variant",
        action="store_true",
        help="browser journeys in every language, width and theme instead of a choice of pairs",
    )


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[RUN] = TestRun.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    if RUN in config.stash:
        config.stash[RUN].end()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "OneHouse | None":
    if config.getvalue("dist") != "loadfile":
        return None
    from tests.support.turns import OneHouse  # noqa: PLC0415  # only where tests run in several processes

    return OneHouse(config, log)


@pytest.fixture(scope="session")
def database_server(request: pytest.FixtureRequest) -> Iterator[TestServer]:
    """The PostgreSQL of this test run."""
    worker = getattr(request.config, "workerinput", {"workerid": "main"})["workerid"]
    server = TestServer(TestRun.current(), worker)
    yield server
    server.close()


@pytest.fixture(scope="session")
def worker_database_url(database_server: TestServer) -> str:
    """A migrated database that all tests of this worker share: for those that only read it or roll back."""
    return database_server.url(database_server.clone())


@pytest.fixture
def database_url(database_server: TestServer) -> Iterator[str]:
    """A migrated database of this test's own."""
    name = database_server.clone()
    yield database_server.url(name)
    database_server.drop(name)


@pytest.fixture
def empty_database_url(database_server: TestServer) -> Iterator[str]:
    """A database of this test's own with nothing in it."""
    name = database_server.empty()
    yield database_server.url(name)
    database_server.drop(name)
