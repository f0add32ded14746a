"""The migration runner: plain SQL, forward only.

`steelyard/migrations/NNNN_name.sql` runs in one transaction under a lock time-out (tried again, so that a migration never
queues the whole shop behind it). `NNNN_name.keys.sql`, when there is one, is its second stage: foreign keys onto tables that
already have rows, each statement in a transaction of its own (`ADD … NOT VALID`, then `VALIDATE`). A migration that has
run and was edited since is an error: history is not rewritten.
"""

import asyncio
import hashlib
from importlib import resources

import asyncpg
import msgspec

from steelyard.kernel import privileges
from steelyard.kernel.db import Row, administer

LOCK_TIMEOUT_SECONDS = 3
TRIES_MAX = 10
PAUSE_SECONDS = 0.5
# One key for "a migration is running", so that two processes starting at once take turns.
_ADVISORY_KEY = 0x5354_4545_4C59

_BOOK = """
CREATE TABLE IF NOT EXISTS migrations (
    name     text PRIMARY KEY
  , checksum text NOT NULL
  , ran_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE migrations IS 'local: the migrations that have run, and the SHA-256 of what they said';
"""


class Stage(msgspec.Struct, frozen=True):
    """One file: `separately` means that each of its statements is a transaction of its own."""

    name: str
    sql: str

    @property
    def separately(self) -> bool:
        return self.name.endswith(".keys.sql")

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


class EditedMigration(Exception):
    """A migration that has already run here does not say any more what it said then."""


def stages() -> list[Stage]:
    """All migration files in the order in which they run: `0001_x.sql`, `0001_x.keys.sql`, `0002_y.sql`."""
    folder = resources.files("steelyard") / "migrations"
    found = [Stage(file.name, file.read_text("utf-8")) for file in folder.iterdir() if file.name.endswith(".sql")]
    return sorted(found, key=lambda stage: (stage.name.split("_")[0], stage.separately, stage.name))


async def migrate(url: str) -> list[str]:
    """Bring the database at `url` up to date; returns the names of the stages that ran. Running it again does nothing.

    Raises `EditedMigration`. The connection's user must own the schema and be allowed to create roles.
    """
    async with administer(url) as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", _ADVISORY_KEY)
        await connection.execute(privileges.ROLES)
        await connection.execute(_BOOK)
        ran = {row["name"]: row["checksum"] for row in await connection.fetch("SELECT name, checksum FROM migrations")}
        fresh: list[str] = []
        for stage in stages():
            if stage.name in ran:
                if ran[stage.name] != stage.checksum:
                    raise EditedMigration(stage.name)
                continue
            await _run(connection, stage)
            fresh.append(stage.name)
        await privileges.grant(connection)
        return fresh


async def pending(url: str) -> list[str]:
    """The stages that have not run yet."""
    async with administer(url) as connection:
        if await connection.fetchval("SELECT to_regclass('migrations')") is None:
            return [stage.name for stage in stages()]
        ran = {row["name"] for row in await connection.fetch("SELECT name FROM migrations")}
        return [stage.name for stage in stages() if stage.name not in ran]


async def _run(connection: "asyncpg.Connection[Row]", stage: Stage) -> None:
    if stage.separately:
        for statement in filter(None, (part.strip() for part in stage.sql.split(";\n"))):
            await _patiently(connection, statement)
        await _note(connection, stage)
        return
    for attempt in range(1, TRIES_MAX + 1):
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
                await connection.execute(stage.sql)
                await _note(connection, stage)
                return
        except asyncpg.LockNotAvailableError:
            if attempt == TRIES_MAX:
                raise
            await asyncio.sleep(PAUSE_SECONDS * attempt)


async def _patiently(connection: "asyncpg.Connection[Row]", statement: str) -> None:
    for attempt in range(1, TRIES_MAX + 1):
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
                await connection.execute(statement)
                return
        except asyncpg.DuplicateObjectError:
            return  # ran before the process died in the middle of the stage
        except asyncpg.LockNotAvailableError:
            if attempt == TRIES_MAX:
                raise
            await asyncio.sleep(PAUSE_SECONDS * attempt)


async def _note(connection: "asyncpg.Connection[Row]", stage: Stage) -> None:
    await connection.execute("INSERT INTO migrations (name, checksum) VALUES ($1, $2)", stage.name, stage.checksum)
