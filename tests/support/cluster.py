"""One PostgreSQL for a whole test run, one migrated template in it, and clones of that for whoever asks.

The process that runs pytest (the controller, with xdist) makes a folder and names it in the environment, which the
workers inherit. The first worker that wants a database starts the server in it, the others attach; it goes with the
last of them, and the controller removes the folder. `STEELYARD_TEST_DATABASE_URL` names a server to use instead: its
user must be allowed to make databases and roles.
"""

import asyncio
import importlib.util
import os
import secrets
import shutil
import threading
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from steelyard.kernel.postgres import Cluster, create_database, databases, drop_database
from steelyard.kernel.postgres.databases import database_names
from steelyard.kernel.postgres.locks import alone
from tests.support.folders import scratch

FOLDER_VARIABLE = "STEELYARD_TEST_FOLDER"
EXTERNAL_VARIABLE = "STEELYARD_TEST_DATABASE_URL"
TEMPLATE_SECONDS_MAX = 300


class TestRun:
    """What all processes of one test run have in common."""

    __test__ = False  # not a test, whatever its name says to pytest

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.external = os.environ.get(EXTERNAL_VARIABLE)
        self.prefix = f"{folder.name.replace('-', '_')}_".lower()

    @classmethod
    def begin(cls) -> "TestRun":
        """Called once, by the controller."""
        folder = scratch(f"steelyard-test-{secrets.token_hex(3)}-")
        os.environ[FOLDER_VARIABLE] = str(folder)
        return cls(folder)

    @classmethod
    def current(cls) -> "TestRun":
        """Called by whoever runs tests."""
        return cls(Path(os.environ[FOLDER_VARIABLE]))

    def end(self) -> None:
        """Called once, by the controller, when no test runs any more."""
        if self.external is not None:
            for name in database_names(self.external, self.prefix):
                drop_database(self.external, name)
        elif (self.folder / "home").exists():
            Cluster(self.folder / "home").erase()
        shutil.rmtree(self.folder)
        os.environ.pop(FOLDER_VARIABLE, None)


class TestServer:
    """The server as one worker sees it; `worker` is its name, `main` without xdist."""

    __test__ = False

    def __init__(self, run: TestRun, worker: str) -> None:
        self._run = run
        self._worker = worker
        self._made = 0
        self._cluster: Cluster | None = None
        self._connection: psycopg.Connection | None = None
        if run.external is None:
            self._cluster = Cluster(run.folder / "home", fast=True)
            self._cluster.start()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._cluster is not None:
            self._cluster.stop()

    def url(self, database: str | None = None) -> str:
        """The address of `database`, or of the one from which others are made."""
        if self._cluster is not None:
            return self._cluster.url() if database is None else self._cluster.url(database)
        assert self._run.external is not None
        parts = urlsplit(self._run.external)
        return self._run.external if database is None else urlunsplit(parts._replace(path=f"/{database}"))

    def template(self) -> str:
        """The name of the migrated template; the first to ask makes it."""
        name = f"{self._run.prefix}template"
        done = self._run.folder / "template.done"
        with alone(self._run.folder / "template.lock", seconds=TEMPLATE_SECONDS_MAX, step="migrating the template"):
            if not done.exists():
                drop_database(self.url(), name)
                create_database(self.url(), name)
                _migrate(self.url(name))
                done.touch()
        return name

    def clone(self, template: str | None = None) -> str:
        """The name of a fresh copy of the migrated template, or of `template`."""
        name = self._new_name()
        databases.clone(self._desk(), template or self.template(), name)
        return name

    def empty(self) -> str:
        """The name of a fresh database with nothing in it."""
        name = self._new_name()
        create_database(self.url(), name)
        return name

    def drop(self, name: str) -> None:
        databases.drop(self._desk(), name)

    def _desk(self) -> psycopg.Connection:
        """The connection over which databases are made and dropped: one more for each would cost what a test's own do."""
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self.url(), autocommit=True)
        return self._connection

    def _new_name(self) -> str:
        self._made += 1
        return f"{self._run.prefix}{self._worker}_{self._made}"


def _migrate(url: str) -> None:
    if importlib.util.find_spec("steelyard.kernel.migrations") is None:
        return
    from steelyard.kernel.migrations import migrate  # noqa: PLC0415

    failures: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(migrate(url))
        except BaseException as error:
            failures.append(error)

    # In a thread of its own: the test session may have an event loop running in this one.
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
