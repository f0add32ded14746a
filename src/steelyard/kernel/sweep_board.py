"""The board between people and sweeps: what the workers tell of their rounds, and what people have told the workers.

A worker looks at the board once a second, all its sweeps in one question, and writes what they did every few seconds, all
in one statement: a sweep's own rounds cost nothing more.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime

import msgspec
import structlog

from steelyard.kernel.db import Database, Read, Row, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.sweeps import Round, Sweep, wait

LOOK_SECONDS = 1.0
REPORT_SECONDS = 10.0
ERROR_LETTERS_MAX = 2_000
# How often people may have a sweep run.
EVERY_SECONDS_MIN, EVERY_SECONDS_MAX = 1, 86_400

log = structlog.get_logger()


class SweepRun(msgspec.Struct, frozen=True, kw_only=True):
    """A sweep as the workers last told of it. `wanted_at` is later than `ran_at` while a round that people asked for
    has not begun; `told_seconds` is how often people want it instead of `every_seconds`."""

    sweep: str
    every_seconds: float
    reported_at: datetime
    ran_at: datetime | None
    seconds: float | None
    moved: int
    last_moved: int | None
    moved_at: datetime | None
    failures: int
    failed_at: datetime | None
    error: str | None
    paused_at: datetime | None
    wanted_at: datetime | None
    told_seconds: float | None = None

    @property
    def interval(self) -> float:
        return self.every_seconds if self.told_seconds is None else self.told_seconds


async def listed(read: Read) -> list[SweepRun]:
    """Every sweep that a worker has ever told of."""
    return await read.all(
        SweepRun,
        """
        SELECT sweep, every_seconds, reported_at, ran_at, seconds, moved, last_moved, moved_at, failures, failed_at
             , error, paused_at, wanted_at, told_seconds
        FROM sweep_runs ORDER BY sweep
        """,
    )


async def pause(tx: Tx, sweep: str) -> bool:
    """Have the workers leave it out, within a second or two. False when they do already. Raises `NotFound`."""
    await _known(tx, sweep)
    return bool(
        await tx.execute("UPDATE sweep_runs SET paused_at = now() WHERE sweep = $1 AND paused_at IS NULL", sweep)
    )


async def resume(tx: Tx, sweep: str) -> bool:
    """Have the workers do it again. False when they do already. Raises `NotFound`."""
    await _known(tx, sweep)
    return bool(
        await tx.execute("UPDATE sweep_runs SET paused_at = NULL WHERE sweep = $1 AND paused_at IS NOT NULL", sweep)
    )


async def run_now(tx: Tx, sweep: str) -> None:
    """Ask for a round at once, of a paused sweep too. Raises `NotFound`."""
    await _known(tx, sweep)
    await tx.execute("UPDATE sweep_runs SET wanted_at = now() WHERE sweep = $1", sweep)


async def set_interval(tx: Tx, sweep: str, seconds: float | None) -> float | None:
    """Have it run so often from now on, or with none as the program says; the interval before, or none when that is what
    it had. Raises `NotFound`, `Invalid` outside of `EVERY_SECONDS_MIN` to `EVERY_SECONDS_MAX`."""
    if seconds is not None and not EVERY_SECONDS_MIN <= seconds <= EVERY_SECONDS_MAX:
        raise Invalid({"seconds": N_("Between 1 second and a day, please.")})
    await _known(tx, sweep)
    before = await tx.fetch("SELECT every_seconds, told_seconds FROM sweep_runs WHERE sweep = $1", sweep)
    had, own = before[0]["told_seconds"], before[0]["every_seconds"]
    wanted = None if seconds == own else seconds
    if wanted == had:
        return None
    await tx.execute("UPDATE sweep_runs SET told_seconds = $2 WHERE sweep = $1", sweep, wanted)
    return own if had is None else had


async def _known(tx: Tx, sweep: str) -> None:
    if not await tx.value("SELECT true FROM sweep_runs WHERE sweep = $1 FOR UPDATE", sweep):
        raise NotFound()


class Board:
    """One worker's view of the board. A sweep asks `paused`, waits on `wanted`, and tells `note` of each round."""

    def __init__(self, sweeps: Sequence[Sweep]) -> None:
        self._sweeps = sweeps
        self._paused: frozenset[str] = frozenset()
        self._told: dict[str, float] = {}
        self._asked: dict[str, datetime | None] = {}
        self._rounds: dict[str, list[Round]] = {}
        self._calls = {sweep.name: asyncio.Event() for sweep in sweeps}

    def paused(self, sweep: str) -> bool:
        return sweep in self._paused

    def every(self, sweep: Sweep) -> float:
        """How long to rest after a round: as people say, else as the program does."""
        return self._told.get(sweep.name, sweep.every_seconds)

    def wanted(self, sweep: str) -> asyncio.Event:
        """Set when people ask for a round at once; who answers clears it."""
        return self._calls[sweep]

    def note(self, sweep: str, done: Round) -> None:
        self._rounds.setdefault(sweep, []).append(done)

    async def keep(self, db: Database, stop: asyncio.Event) -> None:
        """Look and report until `stop` is set. While the database is away, the last view holds."""
        reported = 0.0
        entered = False
        while not stop.is_set():
            try:
                if not entered:
                    await db.transact(_enter, self._sweeps)
                    entered = True
                await self.look(db)
                if time.monotonic() - reported >= REPORT_SECONDS:
                    await self.report(db)
                    reported = time.monotonic()
            except Exception as error:  # what is wrong with the database, the parts that work with it tell better
                log.warning("sweeps.board_unreachable", error=str(error))
            await wait(stop, LOOK_SECONDS)

    async def look(self, db: Database) -> None:
        """Learn what people have told the workers since the last time."""
        rows = await db.ask(_told)
        paused = frozenset(row["sweep"] for row in rows if row["paused_at"] is not None)
        for name in (self._paused - paused) & self._calls.keys():
            self._calls[name].set()  # it goes on at once, not after its usual pause
        self._paused = paused
        told = {row["sweep"]: row["told_seconds"] for row in rows if row["told_seconds"] is not None}
        for name in {*told, *self._told} & self._calls.keys():
            if told.get(name) != self._told.get(name) and name not in paused:
                self._calls[name].set()  # a long rest is not waited for
        self._told = told
        first = not self._asked
        for row in rows:
            name, wanted = row["sweep"], row["wanted_at"]
            new = wanted is not None and wanted != self._asked.get(name)
            if new and name in self._calls and not (first and row["answered"]):
                self._calls[name].set()
            self._asked[name] = wanted

    async def report(self, db: Database) -> None:
        """Write what the rounds since the last report did."""
        rounds, self._rounds = self._rounds, {}
        if rounds:
            await db.transact(_report, rounds)


async def _enter(tx: Tx, sweeps: Sequence[Sweep]) -> None:
    await tx.execute(
        """
        INSERT INTO sweep_runs AS s (sweep, every_seconds) SELECT * FROM unnest($1::text[], $2::float8[])
        ON CONFLICT (sweep) DO UPDATE SET every_seconds = excluded.every_seconds, reported_at = now()
        """,
        [sweep.name for sweep in sweeps],
        [sweep.every_seconds for sweep in sweeps],
    )


async def _told(read: Read) -> list[Row]:
    return await read.fetch(
        """
        SELECT sweep, paused_at, wanted_at, told_seconds, coalesce(ran_at >= wanted_at, false) AS answered FROM sweep_runs
        """
    )


async def _report(tx: Tx, rounds: dict[str, list[Round]]) -> None:
    """Each sweep's last round, what all of them moved, and the last error among them. In key order: other workers
    report as well."""
    names = sorted(rounds)
    last = [rounds[name][-1] for name in names]
    moving = [next((each for each in reversed(rounds[name]) if each.moved), None) for name in names]
    failed = [next((each for each in reversed(rounds[name]) if each.error), None) for name in names]
    await tx.execute(
        """
        UPDATE sweep_runs s
        SET reported_at = now(), ran_at = greatest(s.ran_at, r.ran_at), seconds = r.seconds, moved = s.moved + r.moved
          , last_moved = coalesce(r.last_moved, s.last_moved), moved_at = coalesce(r.moved_at, s.moved_at)
          , failures = s.failures + r.failures, failed_at = coalesce(r.failed_at, s.failed_at)
          , error = coalesce(r.error, s.error)
        FROM (SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::float8[], $4::bigint[], $5::bigint[]
                                 , $6::timestamptz[], $7::bigint[], $8::timestamptz[], $9::text[])
              AS r (sweep, ran_at, seconds, moved, last_moved, moved_at, failures, failed_at, error)
              ORDER BY sweep) r
        WHERE s.sweep = r.sweep
        """,
        names,
        [each.at for each in last],
        [each.seconds for each in last],
        [sum(each.moved for each in rounds[name]) for name in names],
        [each.moved if each else None for each in moving],
        [each.at if each else None for each in moving],
        [sum(1 for each in rounds[name] if each.error) for name in names],
        [each.at if each else None for each in failed],
        [each.error[:ERROR_LETTERS_MAX] if each and each.error else None for each in failed],
    )
