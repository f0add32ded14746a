"""`Cluster`: one embedded PostgreSQL, shared by every process that names the same home."""

import shutil
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg.conninfo import make_conninfo

from steelyard.kernel.postgres import databases, server
from steelyard.kernel.postgres.errors import InUse, StartFailed, TimedOut
from steelyard.kernel.postgres.locks import POLL_SECONDS, FileLock, alone
from steelyard.kernel.postgres.place import Place, settle

TURN_SECONDS_MAX = server.START_SECONDS_MAX + server.INIT_SECONDS_MAX
STOP_SECONDS_MAX = 90
ATTACH_SECONDS_MAX = 60
PROBE_SECONDS_MAX = 30
MAINTENANCE_DATABASE = "postgres"


class Cluster:
    """The embedded PostgreSQL whose data is under `home`.

    Every process that wants it calls `start`; the first one really starts it, the others attach. The server lives until
    the last of them has called `stop` or has ended, by whatever signal. All methods block: from asyncio call them with
    `asyncio.to_thread`. `fast` is for tests only (no fsync) and counts when this call is the one that starts the
    server.
    """

    def __init__(self, home: Path, *, fast: bool = False) -> None:
        self.home = home
        self._fast = fast
        self._guard = threading.Lock()
        self._place: Place | None = None
        self._holds: list[FileLock] = []
        self._port = 0
        self._password = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> bool:
        """Have the server running and hold it; True when this call started it, False when it ran already.

        Data left by a kill is recovered. Raises a `ClusterError` that says in one sentence what is in the way.
        """
        with self._guard:
            if self._holds:
                return False
            place = settle(self.home)
            with alone(place.directory / "gate", seconds=TURN_SECONDS_MAX, step="waiting for another start"):
                lease, users = FileLock(place.directory / "lease"), FileLock(place.directory / "users")
                # A server that is just shutting down keeps its lease until it is gone.
                lease.wait(shared=True, seconds=STOP_SECONDS_MAX, step="waiting for the former server to end")
                try:
                    users.wait(shared=True, seconds=STOP_SECONDS_MAX, step="waiting for another stop")
                    started = self._have(place)
                except BaseException:
                    lease.release()
                    users.release()
                    raise
            self._holds = [lease, users]
            return started

    def stop(self) -> None:
        """Let go of the server; when nobody else holds it, return only after it has shut down. Stopping twice does
        nothing.

        Raises `TimedOut`."""
        with self._guard:
            if not self._holds:
                return
            assert self._place is not None, "holds belong to a place"
            lease, users = self._holds
            self._holds = []
            directory = self._place.directory
            with alone(directory / "gate", seconds=TURN_SECONDS_MAX, step="waiting for another start"):
                users.release()
                last = users.take(shared=False)
                users.release()
                lease.release()
                if last:
                    self._await_end(self._place)

    def mend(self) -> bool:
        """Start the server again when it has ended under those who hold it, at the address it had; True when this call
        did.

        Said of a server that runs, or by who does not hold it, nothing happens. Raises a `ClusterError`, of which another
        try may find nothing left.
        """
        with self._guard:
            if not self._holds or self._place is None or server.is_watched(self._place):
                return False
            place = self._place
            with alone(place.directory / "gate", seconds=TURN_SECONDS_MAX, step="waiting for another start"):
                if server.is_watched(place):
                    return False  # another holder was quicker
                server.launch(place, fast=self._fast, port=self._port)
            return True

    def erase(self) -> None:
        """Remove the data for good, wherever it is. Removing what is not there does nothing. Raises `InUse` while
        anybody, this object included, holds the server."""
        with self._guard:
            place = settle(self.home)
            with alone(place.directory / "gate", seconds=TURN_SECONDS_MAX, step="waiting for another start"):
                users = FileLock(place.directory / "users")
                if not users.take(shared=False):
                    raise InUse(place.directory)
                try:
                    self._await_end(place)
                    shutil.rmtree(place.directory)
                finally:
                    users.release()
            if place.link.is_symlink():
                place.link.unlink()

    @property
    def held(self) -> bool:
        """Whether this object holds the server."""
        return bool(self._holds)

    def url(self, database: str = MAINTENANCE_DATABASE) -> str:
        """The address of `database` for asyncpg, psycopg and libpq, as the owner of everything. It contains the
        password."""
        assert self._port, "start() comes before url()"
        # The server has no TLS and is on the loopback interface: asking for it would cost a round trip per connection.
        return f"postgresql://{server.SUPERUSER}:{self._password}@{server.HOST}:{self._port}/{database}?sslmode=disable"

    def create_database(self, name: str) -> None:
        """Make an empty database; doing it twice does nothing."""
        databases.create_database(self.url(), name)

    def drop_database(self, name: str) -> None:
        """Drop the database and whoever is connected to it; dropping what is not there does nothing."""
        databases.drop_database(self.url(), name)

    def clone_database(self, template: str, name: str) -> None:
        """Make `name` a copy of `template`, to which nobody may be connected."""
        databases.clone_database(self.url(), template, name)

    @property
    def directory(self) -> Path:
        """Where the files of this cluster really are."""
        assert self._place is not None, "start() comes before directory"
        return self._place.directory

    def _have(self, place: Place) -> bool:
        self._place = place
        deadline = time.monotonic() + ATTACH_SECONDS_MAX
        # A watchdog may be there whose server has just died: then it goes too, and we start anew.
        while server.is_watched(place):
            if server.is_ready(place) and self._refusal(place) is None:
                return False
            if time.monotonic() > deadline:
                raise TimedOut("attaching", ATTACH_SECONDS_MAX, place.log)
            time.sleep(POLL_SECONDS)
        server.launch(place, fast=self._fast)
        if (refusal := self._refusal(place)) is not None:
            raise StartFailed(refusal, place.log)
        return True

    def _refusal(self, place: Place) -> str | None:
        """Why the server does not let us in; None when it does."""
        self._port = server.port_of(place)
        self._password = server.password_of(place)
        # What listens there proves that it knows the password before it learns anything.
        conninfo = make_conninfo(self.url(), require_auth="scram-sha-256", connect_timeout=PROBE_SECONDS_MAX)
        try:
            with psycopg.connect(conninfo) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError as error:
            return str(error).strip()
        return None

    def _await_end(self, place: Place) -> None:
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while server.is_watched(place):
            if time.monotonic() > deadline:
                raise TimedOut("stopping", STOP_SECONDS_MAX, place.log)
            time.sleep(POLL_SECONDS)
