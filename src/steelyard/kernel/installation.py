"""An installation opened: its database is there, its own or the one that DATABASE_URL names, for as long as it is open."""

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager

import asyncpg
import msgspec
import psycopg
import structlog

from steelyard.kernel import migrations
from steelyard.kernel.db import Unreachable
from steelyard.kernel.postgres import Cluster, ClusterError, create_database
from steelyard.kernel.settings import Settings

DATABASE = "steelyard"
CLUSTER_FOLDER = "postgresql"
LOOK_SECONDS = 0.5
MENDING_PAUSE_SECONDS = 2.0

# What whoever runs an installation can put right, by either of our two ways to talk to PostgreSQL.
BAD_ADDRESS = (asyncpg.ClientConfigurationError, psycopg.ProgrammingError)
DISK_FULL = (asyncpg.DiskFullError, psycopg.errors.DiskFull)
NO_ANSWER = (*Unreachable, psycopg.OperationalError)


log = structlog.get_logger()


class NotMigrated(Exception):
    """The database is older than the program: `steelyard migrate` brings it up to date."""

    def __init__(self, pending: list[str]) -> None:
        super().__init__(f"The database needs {len(pending)} migration(s) first. Run: steelyard migrate")
        self.pending = pending


@contextmanager
def opened(settings: Settings) -> Generator[Settings]:
    """The settings with `database_url` filled in: the embedded server runs while this is open, and is started again when
    it dies.

    A server that another process of this installation already runs is shared and left running. Raises `ClusterError`.
    """
    if settings.database_url is not None:
        yield settings
        return
    cluster = Cluster(settings.home / CLUSTER_FOLDER)
    cluster.start()
    try:
        create_database(cluster.url(), DATABASE)
        with _kept_running(cluster):
            yield msgspec.structs.replace(settings, database_url=cluster.url(DATABASE))
    finally:
        cluster.stop()


@contextmanager
def _kept_running(cluster: Cluster) -> Generator[None]:
    """Whatever ends the server, it comes back at the address that everybody knows."""
    done = threading.Event()

    def keep() -> None:
        pause = LOOK_SECONDS
        while not done.wait(pause):
            pause = LOOK_SECONDS
            try:
                if cluster.mend():
                    log.warning("postgresql.started_again")
            except (ClusterError, OSError) as error:  # a full disk may be emptied, a taken port let go
                log.exception("postgresql.does_not_start", error=str(error))
                pause = MENDING_PAUSE_SECONDS

    keeper = threading.Thread(target=keep, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()


@contextmanager
def opened_and_migrated(settings: Settings) -> Generator[Settings]:
    """As `opened`, for commands that need every table. Raises `NotMigrated`."""
    with opened(settings) as here:
        assert here.database_url is not None
        if pending := asyncio.run(migrations.pending(here.database_url)):
            raise NotMigrated(pending)
        yield here
