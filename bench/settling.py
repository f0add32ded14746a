"""A settlement run over a million lines: `python -m bench settling`.

The lines are made by one statement for each table, of 2,000 merchants with 500 lines each, sales and their commissions, all due
on one day; then the run takes step after step until nothing is left, as the worker does. The books have no sales behind the
lines, so that this house is for measuring only, and thrown away.
"""

import asyncio
import time
from datetime import date

import psutil

from bench import shop
from bench.asked import Asked
from bench.report import Figure
from steelyard.kernel import installation
from steelyard.kernel.db import Database, Read, administer
from steelyard.trade import settlement

LINES = 1_000_000
MERCHANTS = 2_000
SECONDS_MAX = 60.0
# With 10,000 refunds a minute: so much of it is settling's.
SECONDS_OF_IT = 30.0
# Then it is stopped, whatever is left.
PATIENCE_SECONDS = 600.0
DAY = date(2026, 3, 3)
_FILL = """
    INSERT INTO merchants (merchant_id, code, legal_name, country, currency, state)
    SELECT md5('settling' || n)::uuid, 'M-' || n, 'Shop ' || n, 'CN', 'CNY', 'open' FROM generate_series(1, $1::integer) AS n
"""
_LINES = """
    INSERT INTO settlement_entries (merchant_id, entry_id, order_id, document, kind, amount, currency, earned_at, due_on)
    SELECT md5('settling' || (n % $2 + 1))::uuid, md5('line' || n || k)::uuid, md5('order' || n)::uuid, md5('order' || n)::uuid
         , k, CASE k WHEN 'sale' THEN 10000 + n % 977 ELSE -500 END, 'CNY', $3::date - interval '12 hours', $3::date
    FROM generate_series(1, $1::integer / 2) AS n CROSS JOIN (VALUES ('sale'), ('commission')) AS kinds (k)
"""


def figures(asked: Asked) -> list[Figure]:
    """`settling_…`: how long the run takes over so many lines, and what it issued."""
    with shop.kept(0, home=None) as settings, installation.opened(settings) as here:
        assert here.database_url is not None
        return asyncio.run(_measured(here.database_url))


async def _measured(url: str) -> list[Figure]:
    async with administer(url) as owner:
        begun = time.monotonic()
        async with owner.transaction():
            await owner.execute(_FILL, MERCHANTS)
            await owner.execute(_LINES, LINES, MERCHANTS, DAY)
        await owner.execute("VACUUM (ANALYZE) settlement_entries")
        await owner.execute("ANALYZE merchants")
        filled = time.monotonic() - begun
    print(f"  {LINES:,} lines of {MERCHANTS:,} merchants, made in {filled:.0f} s")
    took, cpu, statements = await _run(url)
    async with administer(url) as owner:
        left: int = await owner.fetchval("SELECT count(*) FROM settlement_entries WHERE statement_id IS NULL")
        wrong: int = await owner.fetchval(
            """
            SELECT count(*) FROM statements s JOIN LATERAL (
                SELECT sum(amount) AS amount FROM settlement_entries e
                WHERE (e.merchant_id, e.statement_id) = (s.merchant_id, s.statement_id)) AS e ON true
            WHERE s.payout <> e.amount
            """
        )
    assert wrong == 0, "a statement is not the sum of its lines"
    print(
        f"  settled in {sum(took):.1f} s: {sum(took) / SECONDS_OF_IT:.2f} of its part ({SECONDS_OF_IT:.0f} s) of a minute"
    )
    return [
        Figure("settling_lines", LINES - left, LINES, at_least=True),
        Figure("settling_statements", statements, MERCHANTS, at_least=True),
        Figure("settling_rounds", len(took)),
        Figure("settling_longest_round_s", round(max(took), 2)),
        Figure("settling_database_cpu_s", round(cpu, 2)),
        Figure("settling_us_per_line", round(cpu * 1_000_000 / LINES, 1)),
        Figure("settling_s", round(sum(took), 2), SECONDS_MAX),
    ]


async def _run(url: str) -> tuple[list[float], float, int]:
    """Seconds of each round, the processor's seconds of the database for all, and how many statements were issued."""
    db = await Database.connect(url, size=1)
    took: list[float] = []
    statements, after = 0, settlement.BEGINNING
    try:
        server = psutil.Process(await db.ask(_server))
        before = server.cpu_times()
        while sum(took) < PATIENCE_SECONDS:
            begun = time.monotonic()
            done = await db.transact(settlement.step, DAY, after)
            took.append(time.monotonic() - begun)
            statements += len(done.statements)
            if done.after is None:
                break
            after = done.after
        after = server.cpu_times()
    finally:
        await db.close()
    return took, after.user + after.system - before.user - before.system, statements


async def _server(read: Read) -> int:
    return await read.value("SELECT pg_backend_pid()")
