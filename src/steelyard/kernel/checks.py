"""Truths about the whole database, as SELECTs that must return no row.

Each module may have a `checks.sql`: statements that end in `;`, each under a comment line `-- name: sentence`. They
run at the end of every test that uses a database, in `steelyard check`, and every ten minutes in production.
"""

import re
from typing import Any, LiteralString, cast

import msgspec
import structlog

from steelyard.kernel.db import Connection, Database, Read, administer
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


async def run(source: str | Connection | Read) -> list[Violation]:
    """Run all checks at one instant; `source` is a URL, a connection or a running transaction. [] means all is true."""
    if isinstance(source, str):
        async with administer(source) as connection:
            return await run(connection)
    if isinstance(source, Read):
        return await _run(source, collect())
    async with source.transaction(readonly=True, isolation="repeatable_read"):
        return await _run(Read(source), collect())


async def _run(read: Read, checks: list[Check]) -> list[Violation]:
    await read.value("SELECT set_config('statement_timeout', $1, true)", f"{_TIMEOUT_SECONDS}s")
    violations: list[Violation] = []
    for check in checks:
        # From our own files: as much a literal of the source as those in Python.
        sql = cast(LiteralString, f"SELECT * FROM ({check.sql}\n) AS found LIMIT {SAMPLE_ROWS_MAX}")  # noqa: S608  # names from our own source, never values
        rows = await read.fetch(sql)
        if rows:
            violations.append(Violation(f"{check.module}: {check.name}", [dict(row) for row in rows]))
    return violations


async def _sweep(db: Database) -> int:
    for violation in await db.ask(run):
        log.error("check.violated", name=violation.name, rows=violation.rows)
    return 0


SWEEP = Sweep("checks", CHECKS_EVERY_SECONDS, _sweep)
