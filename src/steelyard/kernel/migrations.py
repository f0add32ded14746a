"""The migration runner: plain SQL, forward only.

`steelyard/migrations/NNNN_name.sql` runs in one transaction under a lock time-out (tried again, so that a migration
never queues the whole shop behind it). `NNNN_name.keys.sql`, when there is one, is its second stage: foreign keys onto
tables that already have rows, each statement in a transaction of its own (`ADD … NOT VALID`, then `VALIDATE`). A
migration that has run and was edited since is an error: history is not rewritten.

Before ours come those of the job queue, from the library that brings them; after them, when anything changed, the
privileges that follow from the tables' kinds.
"""

import asyncio
import hashlib
from importlib import resources

import asyncpg
import msgspec

from steelyard.kernel import privileges
from steelyard.kernel.db import administer

LOCK_TIMEOUT_SECONDS = 3
TRIES_MAX = 10
PAUSE_SECONDS = 0.5
# One key for "a migration is running", so that two processes starting at once take turns.
_ADVISORY_KEY = 0x5354_4545_4C59
_PRIVILEGES = "privileges"
_QUEUE = "procrastinate"

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
    """All our migration files in the order in which they run: `0001_x.sql`, `0001_x.keys.sql`, `0002_y.sql`."""
    folder = resources.files("steelyard") / "migrations"
    if not folder.is_dir():
        return []
    found = [Stage(file.name, file.read_text("utf-8")) for file in folder.iterdir() if file.name.endswith(".sql")]
    return sorted(found, key=lambda stage: (stage.name.split("_")[0], stage.separately, stage.name))


async def migrate(url: str) -> list[str]:
    """Bring the database at `url` up to date; returns the names of the stages that ran. Again, it does nothing.

    Raises `EditedMigration`. The connection's user must own the schema and be allowed to create roles, or be a member
    of both roles already.
    """
    async with administer(url) as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", _ADVISORY_KEY)
        await privileges.make_roles(connection)
        if await connection.fetchval("SELECT to_regclass('public.migrations') IS NULL"):
            await connection.execute(_BOOK)
        ran = await _ran(connection)
        fresh = await _run_queue(connection, ran)
        for stage in stages():
            if stage.name in ran:
                if ran[stage.name] != stage.checksum:
                    raise EditedMigration(stage.name)
                continue
            await _run(connection, stage)
            fresh.append(stage.name)
        await _grant(connection, ran)
        return fresh


async def pending(url: str) -> list[str]:
    """The stages that have not run yet."""
    async with administer(url) as connection:
        exists = await connection.fetchval("SELECT to_regclass('public.migrations') IS NOT NULL")
        ran = await _ran(connection) if exists else {}
        queue = [stage.name for stage in _queue_stages()] if ran else [f"{_QUEUE} schema"]
        waiting = [*queue, *(stage.name for stage in stages())]
        return [name for name in waiting if name not in ran]


async def _ran(connection: asyncpg.Connection) -> dict[str, str]:
    rows = await connection.fetch("SELECT name, checksum FROM migrations")
    return {row["name"]: row["checksum"] for row in rows}


def _queue_stages() -> list[Stage]:
    folder = resources.files("procrastinate") / "sql" / "migrations"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return [Stage(f"{_QUEUE} {name}", (folder / name).read_text("utf-8")) for name in names]


async def _run_queue(connection: asyncpg.Connection, ran: dict[str, str]) -> list[str]:
    """The queue's tables: its schema where there is none, else what its newer version adds to it."""
    fresh = [stage for stage in _queue_stages() if stage.name not in ran]
    if not any(name.startswith(f"{_QUEUE} ") for name in ran):
        schema = (resources.files("procrastinate") / "sql" / "schema.sql").read_text("utf-8")
        async with connection.transaction():
            await connection.execute(schema)
            for stage in fresh:
                await _note(connection, stage)
        return [f"{_QUEUE} schema"]
    for stage in fresh:
        await _run(connection, stage)
    return [stage.name for stage in fresh]


async def _run(connection: asyncpg.Connection, stage: Stage) -> None:
    if not stage.separately:
        await _patiently(connection, stage.sql, stage)
        return
    for statement in filter(None, (part.strip() for part in stage.sql.split(";\n"))):
        try:
            await _patiently(connection, statement)
        except asyncpg.DuplicateObjectError:
            continue  # ran before the process died in the middle of the stage
    await _note(connection, stage)


async def _patiently(connection: asyncpg.Connection, sql: str, stage: Stage | None = None) -> None:
    """In one transaction; when a lock cannot be had in time, let the others pass and try again."""
    for attempt in range(1, TRIES_MAX + 1):
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
                await connection.execute(sql)
                if stage is not None:
                    await _note(connection, stage)
                return
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            if attempt == TRIES_MAX:
                raise
            await asyncio.sleep(PAUSE_SECONDS * attempt)


async def _grant(connection: asyncpg.Connection, ran: dict[str, str]) -> None:
    """Only when they would be others than last time: changing policies locks the tables against everybody."""
    sql = await privileges.statements(connection)
    stage = Stage(_PRIVILEGES, sql)
    if ran.get(_PRIVILEGES) != stage.checksum:
        await _patiently(connection, sql, stage)


async def _note(connection: asyncpg.Connection, stage: Stage) -> None:
    await connection.execute(
        """
        INSERT INTO migrations (name, checksum) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, ran_at = now()
        """,
        stage.name,
        stage.checksum,
    )
