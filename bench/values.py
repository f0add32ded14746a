"""How long it takes to say what customers are worth: `python -m bench values`.

A shop of a million customers (`STEELYARD_BENCH_CUSTOMERS`) is made, who buy and leave as BG/NBD says. The worker's own function
then reads them, scores them, fits the models, foretells each and writes all of it down, in a process of its own.
"""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import numpy as np

from bench import shop
from bench.alone import alone
from bench.asked import Asked
from bench.report import Figure
from steelyard.kernel import ids, installation
from steelyard.kernel.db import Database, Read, administer
from steelyard.operations import lifecycle

CUSTOMERS = int(os.environ.get("STEELYARD_BENCH_CUSTOMERS", "1000000"))
SECONDS_MAX = 1_800.0
PER_COPY = 50_000
SHOP = UUID("7e577e57-0000-4000-8000-0000000000ad")
# Published for CDNOW, in weeks: r and alpha of how often, a and b of leaving.
RATE, RATE_WEEKS, LEAVE, STAY = 0.243, 4.414, 0.793, 2.426
WEEKS = (4.0, 104.0)
_COLUMNS = (
    "merchant_id", "buyer_id", "first_seen_at", "last_seen_at", "first_paid_at", "previous_paid_at", "last_paid_at", "orders",
    "currency", "spent", "stage", "stage_since",
)  # fmt: skip


def figures(asked: Asked) -> list[Figure]:
    """`values_…`: seconds, the most memory, and whom the models were for."""
    del asked
    now = datetime.now(UTC)
    with shop.kept(0, home=None) as settings, installation.opened(settings) as here:
        assert here.database_url is not None
        asyncio.run(_filled(here.database_url, CUSTOMERS, now))
        done = alone(partial(_valued, here.database_url, now), SECONDS_MAX)
    customers, model = done.found
    assert customers == CUSTOMERS, f"{customers} of {CUSTOMERS} have a value"
    print(
        f"  {customers:,} customers by {model}: {done.seconds:.0f} s, of processor {done.cpu_seconds:.0f} s beside PostgreSQL's, "
        f"{done.peak_mb:,.0f} MB"
    )
    return [
        Figure("values_customers", customers),
        Figure("values_s", round(done.seconds, 1)),
        Figure("values_cpu_s", round(done.cpu_seconds, 1)),
        Figure("values_peak_mb", round(done.peak_mb)),
    ]


def _valued(url: str, now: datetime) -> tuple[int, str]:
    return asyncio.run(_value(url, now))


async def _value(url: str, now: datetime) -> tuple[int, str]:
    db = await Database.connect(url, size=2)
    try:
        await lifecycle.value(db, SHOP, now)
        run = await db.ask(lifecycle.value_run, SHOP)
        assert run is not None
        assert run.facts is not None
        return await db.ask(_count), run.facts.model
    finally:
        await db.close()


async def _count(read: Read) -> int:
    return await read.value("SELECT count(*) FROM customer_values WHERE merchant_id = $1", SHOP)


async def _filled(url: str, customers: int, now: datetime) -> None:
    chance = np.random.default_rng(7)
    async with administer(url) as owner:
        await owner.execute("SET session_replication_role = replica")
        for begin in range(0, customers, PER_COPY):
            rows = _people(chance, min(PER_COPY, customers - begin), now)
            await owner.copy_records_to_table("customer_facts", records=rows, columns=_COLUMNS)
        await owner.execute("VACUUM (ANALYZE) customer_facts")


def _people(chance: Any, count: int, now: datetime) -> list[tuple[object, ...]]:
    """Who buys at a rate of their own until they leave behind one of their purchases."""
    age = chance.uniform(*WEEKS, count)
    could = chance.poisson(chance.gamma(RATE, 1 / RATE_WEEKS, count) * age)
    until = chance.geometric(np.clip(chance.beta(LEAVE, STAY, count), 1e-6, 1))
    repeats = np.minimum(could, until)
    # Of so many moments that fall anywhere, the last that was a purchase.
    part = np.where(repeats > 0, chance.beta(np.maximum(repeats, 1), np.maximum(could - repeats, 0) + 1), 0.0)
    spent = np.maximum(chance.gamma(6.25, 500.0, count) * (repeats + 1), 1).astype(int)
    found: list[tuple[object, ...]] = []
    for weeks, again, last, amount in zip(
        age.tolist(), repeats.tolist(), (part * age).tolist(), spent.tolist(), strict=True
    ):
        first_at = now - timedelta(weeks=weeks)
        last_at = first_at + timedelta(weeks=last)
        previous = first_at if again else None
        found.append(
            (
                SHOP,
                ids.mint(),
                first_at,
                last_at,
                first_at,
                previous,
                last_at,
                again + 1,
                "CNY",
                amount,
                "active",
                last_at,
            )
        )
    return found
