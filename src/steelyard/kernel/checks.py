"""Truths about the whole database, as SELECTs that must return no row.

Each module may have a `checks.sql`: statements that end in `;`, each under a comment line `-- name: sentence`. They
run at the end of every test that uses a database, in `steelyard check`, and every ten minutes in production.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString, cast
from uuid import UUID

import msgspec
import structlog

from steelyard.kernel import ids
from steelyard.kernel.db import Connection, Database, Read, Tx, administer
from steelyard.kernel.modules import checks_files
from steelyard.kernel.sweeps import Sweep

SAMPLE_ROWS_MAX = 20
CHECKS_EVERY_SECONDS = 600
_TIMEOUT_SECONDS = 300

log = structlog.get_logger()


class Check(msgspec.Struct, frozen=True):
    """One truth: `name` is the sentence that is true when `sql` returns nothing."""

    module: str
    name: str
    sql: str


class Violation(msgspec.Struct, frozen=True):
    """A sentence that is not true here, and at most `SAMPLE_ROWS_MAX` rows that say so."""

    name: str
    rows: list[dict[str, Any]]


class UnnamedCheck(Exception):
    """A statement of a checks.sql has no `-- name: sentence` line above it, or a second one under the same name."""


def collect() -> list[Check]:
    """Every module's checks, from the ground up. Raises `UnnamedCheck`."""
    return [check for module, file in checks_files() for check in parse(module, file.read_text("utf-8"))]


def parse(module: str, source: str) -> list[Check]:
    """The checks in one file. Raises `UnnamedCheck`."""
    found: list[Check] = []
    for part in re.split(r";[ \t]*(?:--[^\n]*)?(?:\n|\Z)", source):
        names: list[str] = re.findall(r"^--\s*name:\s*(.+?)\s*$", part, re.MULTILINE)
        statement = re.sub(r"^\s*--[^\n]*\n?", "", part, flags=re.MULTILINE).strip()
        if not statement and not names:
            continue
        if len(names) != 1 or not statement:
            raise UnnamedCheck(f"{module}/checks.sql: one line '-- name: sentence' above {statement[:200]!r}")
        found.append(Check(module, names[0], statement))
    return found


async def run(source: str | Connection | Read, wanted: Sequence[Check] | None = None) -> list[Violation]:
    """Run all checks, or those that are wanted, at one instant; `source` is a URL, a connection or a running transaction.
    [] means all is true."""
    if isinstance(source, str):
        async with administer(source) as connection:
            return await run(connection, wanted)
    checks = collect() if wanted is None else wanted
    if isinstance(source, Read):
        return await _run(source, checks)
    async with source.transaction(readonly=True, isolation="repeatable_read"):
        return await _run(Read(source), checks)


async def _run(read: Read, checks: Sequence[Check]) -> list[Violation]:
    await read.value("SELECT set_config('statement_timeout', $1, true)", f"{_TIMEOUT_SECONDS}s")
    violations: list[Violation] = []
    for check in checks:
        # From our own files: as much a literal of the source as those in Python.
        sql = cast(LiteralString, f"SELECT * FROM ({check.sql}\n) AS found LIMIT {SAMPLE_ROWS_MAX}")  # noqa: S608  # names from our own source, never values
        rows = await read.fetch(sql)
        if rows:
            violations.append(Violation(f"{check.module}: {check.name}", [dict(row) for row in rows]))
    return violations


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a truth was last found to be; `found` rows say that it is not true (at most `SAMPLE_ROWS_MAX`)."""

    name: str
    module: str
    ran_at: datetime
    found: int
    sample: list[dict[str, Any]]


class CheckFailure(msgspec.Struct, frozen=True, kw_only=True):
    """A moment at which a truth was found not to be true any more, or more widely so."""

    failure_id: UUID
    at: datetime
    name: str
    module: str
    found: int


async def results(read: Read) -> list[CheckResult]:
    """The last result of each check that there still is, in the order of the house."""
    kept = await read.all(CheckResult, "SELECT name, module, ran_at, found, sample FROM check_results")
    by_name = {(each.module, each.name): each for each in kept}
    return [by_name[check.module, check.name] for check in collect() if (check.module, check.name) in by_name]


async def failures(read: Read, limit: int) -> list[CheckFailure]:
    """The log of failed checks, the newest first."""
    return await read.all(
        CheckFailure,
        "SELECT failure_id, at, name, module, found FROM check_failures ORDER BY at DESC, failure_id DESC LIMIT $1",
        limit,
    )


async def keep(tx: Tx, violations: Sequence[Violation]) -> None:
    """Keep what a run found: the last result of each check, and in the log what is newly or more widely untrue."""
    rows = {found.name: found.rows for found in violations}
    checks = collect()
    found = [rows.get(f"{check.module}: {check.name}", []) for check in checks]
    samples = msgspec.to_builtins([_plain(each) for each in found])
    names, modules = [check.name for check in checks], [check.module for check in checks]
    counts = [len(each) for each in found]
    await tx.execute(
        """
        INSERT INTO check_failures (failure_id, module, name, found, sample)
        SELECT f.failure_id, f.module, f.name, f.found, $5::jsonb -> (f.place - 1)::integer
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::integer[]) WITH ORDINALITY
             AS f (failure_id, module, name, found, place)
        LEFT JOIN check_results r USING (module, name)
        WHERE f.found > coalesce(r.found, 0)
        """,
        [ids.mint() for _ in checks],
        modules,
        names,
        counts,
        samples,
    )
    await tx.execute(
        """
        INSERT INTO check_results AS r (module, name, ran_at, found, sample)
        SELECT f.module, f.name, now(), f.found, $4::jsonb -> (f.place - 1)::integer
        FROM unnest($1::text[], $2::text[], $3::integer[]) WITH ORDINALITY AS f (module, name, found, place)
        ORDER BY f.module, f.name
        ON CONFLICT (module, name) DO UPDATE
        SET ran_at = excluded.ran_at, found = excluded.found, sample = excluded.sample
        """,
        modules,
        names,
        counts,
        samples,
    )


def _plain(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{name: str(value) for name, value in row.items()} for row in rows]


async def run_and_keep(db: Database) -> list[Violation]:
    """Run all checks now and keep what they found."""
    violations = await db.ask(run)
    await db.transact(keep, violations)
    return violations


async def _sweep(db: Database) -> int:
    for violation in await run_and_keep(db):
        log.error("check.violated", name=violation.name, rows=violation.rows)
    return 0


SWEEP = Sweep("checks", CHECKS_EVERY_SECONDS, _sweep)
