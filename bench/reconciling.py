"""A day of a million lines laid beside the books: `python -m bench reconciling`.

A million payments of one day and their channel's statement are made: of ten thousand lines each one's fee is wrong, one is there
twice, one is nobody's, one movement is not on it. Then the file is read, taken in and matched, as the worker does with a day that
was fetched. The money has no orders behind it, so that this house is for measuring only, and thrown away.
"""

import asyncio
import resource
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import psutil

from bench import shop
from bench.asked import Asked
from bench.report import Figure
from steelyard.kernel import ids, installation
from steelyard.kernel.db import Database, Read, administer
from steelyard.money import reconciliation
from steelyard.money.reconciliation.model import DayRun

LINES = 1_000_000
ODD_EVERY = 10_000
SECONDS_MAX = 60.0
# Readers of the event log wait for a transaction that writes.
STEP_SECONDS_MAX = 1.0
SOURCE = "simpay"
DAY = date(2026, 3, 3)
_BUYERS = 50_000
_ACCOUNTS = """
    INSERT INTO ledger_accounts (owner_id, kind, currency, debits, credits)
    SELECT md5('reconciling' || n)::uuid, k, 'CNY', 0, 0
    FROM generate_series(0, $1::integer - 1) AS n CROSS JOIN (VALUES ('channel_cash'), ('purchase_clearing')) AS kinds (k)
"""
_PAYMENTS = """
    INSERT INTO payments (buyer_id, payment_id, purchase_id, channel, amount, currency, state, channel_reference, expires_at
                        , captured_at)
    SELECT md5('reconciling' || n % $2)::uuid, md5('payment' || n)::uuid, md5('purchase' || n)::uuid, 'simpay'
         , 10000 + n % 977, 'CNY', 'captured', 'ch_' || n, $3, $3
    FROM generate_series(0, $1::integer - 1) AS n
"""
_TRANSFERS = """
    INSERT INTO ledger_transfers (owner_id, transfer_id, debit, credit, amount, currency, reason, document, at)
    SELECT md5('reconciling' || n % $2)::uuid, md5('transfer' || n)::uuid, 'channel_cash', 'purchase_clearing'
         , 10000 + n % 977, 'CNY', 'captured', md5('payment' || n)::uuid, $3::timestamptz + n % 80000 * interval '1 second'
    FROM generate_series(0, $1::integer - 1) AS n
"""


def figures(asked: Asked) -> list[Figure]:
    """`reconciling_…`: how long taking in and matching take, and the memory that this process used at its highest."""
    with shop.kept(0, home=None) as settings, installation.opened(settings) as here:
        assert here.database_url is not None
        return asyncio.run(_measured(here.database_url))


async def _measured(url: str) -> list[Figure]:
    begun = time.monotonic()
    async with administer(url) as owner:
        await owner.execute("SET session_replication_role = replica")
        began_on = datetime.combine(DAY, datetime.min.time(), UTC)
        await owner.execute(_ACCOUNTS, _BUYERS)
        await owner.execute(_PAYMENTS, LINES, _BUYERS, began_on)
        await owner.execute(_TRANSFERS, LINES, _BUYERS, began_on)
        await owner.execute("VACUUM (ANALYZE) ledger_transfers, payments, ledger_accounts")
        documents = [row[0] for row in await owner.fetch(
            "SELECT md5('payment' || n)::uuid FROM generate_series(0, $1::integer - 1) AS n", LINES)]  # fmt: skip
    content = _statement(documents)
    del documents
    print(f"  {LINES:,} payments and their statement, made in {time.monotonic() - begun:.0f} s")
    took, cpu, run, longest = await _run(url, content)
    odd = LINES // ODD_EVERY
    assert dict(run.found) == {"fee": odd, "duplicate": odd, "missing_here": odd, "missing_there": odd}, run.found
    total = sum(took)
    print(f"  reconciled in {total:.1f} s: {total / SECONDS_MAX:.2f} of {SECONDS_MAX:.0f} s")
    return [
        Figure("reconciling_lines", run.lines),
        Figure("reconciling_taken_s", round(took[0], 1)),
        Figure("reconciling_matched_s", round(took[1], 1)),
        Figure("reconciling_longest_step_s", round(longest, 2), STEP_SECONDS_MAX),
        Figure("reconciling_cpu_us_per_line", round(cpu * 1_000_000 / LINES, 1)),
        Figure("reconciling_peak_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024),
        Figure("reconciling_s", round(total, 1), SECONDS_MAX),
    ]


def _statement(documents: Sequence[UUID]) -> bytes:
    """In the simulated channel's format, 0.6 % taken of each."""
    began = datetime.combine(DAY, datetime.min.time(), UTC)
    moments = [(began + timedelta(seconds=second)).isoformat() for second in range(80_000)]
    lines = ["time,kind,id,payment,reference,currency,amount,fee,net"]
    for n, document in enumerate(documents):
        odd = n % ODD_EVERY
        amount = 10_000 + n % 977
        fee = (amount * 6_000 + 500_000) // 1_000_000 + (odd == 1)
        line = f"{moments[n % 80_000]},capture,ch_{n},ch_{n},{document},CNY,{amount},{fee},{amount - fee}"
        if odd == 2:  # there twice
            lines.append(line)
        elif odd == 3:  # nobody's
            lines.append(line.replace(f"ch_{n}", f"ch_x{n}").replace(str(document), str(ids.mint())))
        if odd != 4:  # not there
            lines.append(line)
    return "\n".join(lines).encode() + b"\n"


class _Timed:
    """The database, and the seconds of the longest transaction that writes."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.longest = 0.0

    async def transact(self, command: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        begun = time.monotonic()
        try:
            return await self._db.transact(command, *args, **kwargs)
        finally:
            self.longest = max(self.longest, time.monotonic() - begun)

    async def ask(self, query: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        return await self._db.ask(query, *args, **kwargs)


async def _run(url: str, content: bytes) -> tuple[list[float], float, DayRun, float]:
    """Seconds of taking in and of matching; the processor's seconds of both sides; what was found; and the seconds of the longest
    step of matching."""
    db = await Database.connect(url, size=1, patient=True)
    try:
        server = psutil.Process(await db.ask(_server))
        before = server.cpu_times()
        marks, own = [time.monotonic()], time.process_time()
        source = await db.ask(reconciliation.source_called, SOURCE)
        arrival = reconciliation.Arrival(source=source, day=DAY, name="bench.csv", content=content)
        await reconciliation.receive(db, arrival, ["CNY"], "bench")
        marks.append(time.monotonic())
        steps = _Timed(db)
        run = await reconciliation.run(steps, SOURCE, DAY)
        marks.append(time.monotonic())
        after = server.cpu_times()
    finally:
        await db.close()
    cpu = after.user + after.system - before.user - before.system + time.process_time() - own
    return [later - earlier for earlier, later in pairwise(marks)], cpu, run, steps.longest


async def _server(read: Read) -> int:
    return await read.value("SELECT pg_backend_pid()")
