"""How long after the commit a customer is in a segment: `python -m bench segments`.

A shop of a million customers (`STEELYARD_BENCH_CUSTOMERS`) and 200 segments are made. Then news comes as of orders, so many a
second whatever becomes of it (open loop): a customer has paid once more, and the segment of who has paid that often has to have
them. The worker's own loop reads the news. Measured is the time from the commit to the row of the member that others can see;
and how long a definition's first count of all customers takes.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from bench import shop
from bench.asked import Asked
from bench.report import Figure
from steelyard import worker
from steelyard.kernel import events, installation
from steelyard.kernel.db import Database, Read, Tx, administer
from steelyard.kernel.text import text
from steelyard.operations import segments
from steelyard.operations.lifecycle import FactsChanged
from steelyard.operations.segments.model import (
    All,
    Did,
    Kind,
    Measure,
    Moment,
    Not,
    Number,
    Segment,
    SegmentId,
    When,
)
from steelyard.operations.segments.subscribers import SUBSCRIBER

CUSTOMERS = int(os.environ.get("STEELYARD_BENCH_CUSTOMERS", "1000000"))
SEGMENTS = 200
NEWS = 600
PER_SECOND = 20.0
LAG_SECONDS_MAX = 1.0
LOOK_SECONDS = 0.01
SHOP = UUID("7e577e57-0000-4000-8000-0000000000ab")
# What nobody has paid before the news: whoever has, has come in by it.
OFTEN = 1_000
_BUYERS = """
    INSERT INTO buyers (buyer_id, locale, guest)
    SELECT md5('segments' || n)::uuid, 'en', false FROM generate_series(1, $1::integer) AS n
"""
_FACTS = """
    INSERT INTO customer_facts (merchant_id, buyer_id, first_seen_at, last_seen_at, first_paid_at, previous_paid_at, last_paid_at
                              , orders, currency, spent, stage, stage_since)
    SELECT $2, md5('segments' || n)::uuid, $3::timestamptz, $3, $3, $3, $3::timestamptz + n % 300 * interval '1 day'
         , 2 + n % 20, 'CNY', n % 100000
         , 'active', $3::timestamptz
    FROM generate_series(1, $1::integer) AS n
"""


def figures(asked: Asked) -> list[Figure]:
    """`segments_…`: the first count, and the lag of each piece of news."""
    del asked
    with shop.kept(0, home=None) as settings, installation.opened(settings) as here:
        assert here.database_url is not None
        return asyncio.run(_measured(here.database_url))


async def _measured(url: str) -> list[Figure]:
    began = datetime.now(UTC).replace(month=1, day=1, hour=0)
    async with administer(url) as owner:
        await owner.execute("SET session_replication_role = replica")
        await owner.execute(_BUYERS, CUSTOMERS)
        await owner.execute(_FACTS, CUSTOMERS, SHOP, began.replace(year=began.year - 1))
        await owner.execute("VACUUM (ANALYZE) buyers, customer_facts")
        people = [
            row[0]
            for row in await owner.fetch(
                "SELECT md5('segments' || n)::uuid FROM generate_series(1, $1::integer) AS n", min(NEWS, CUSTOMERS)
            )
        ]
    db = await Database.connect(url, size=6)
    try:
        counted = await _counted(db)
        lags = sorted(await _lags(db, people))
    finally:
        await db.close()
    p50, p99 = lags[len(lags) // 2], lags[min(len(lags) - 1, len(lags) * 99 // 100)]
    print(
        f"  {CUSTOMERS:,} customers, {SEGMENTS} segments: p50 {p50:.3f} s, p99 {p99:.3f} s, all {lags[-1]:.3f} s at most"
    )
    return [
        Figure("segments_customers", CUSTOMERS),
        Figure("segments_first_count_s", round(counted, 1)),
        Figure("segments_lag_p50_s", round(p50, 3)),
        Figure("segments_lag_p99_s", round(p99, 3), LAG_SECONDS_MAX),
    ]


async def _counted(db: Database) -> float:
    """The segment that the news is about, counted alone; the others are there, and are told in the news."""
    await db.transact(segments.define, _segment(0), "bench")
    began = time.monotonic()
    while await db.transact(segments.count_on):
        pass
    took = time.monotonic() - began
    for n in range(1, SEGMENTS):
        await db.transact(segments.define, _segment(n), "bench")
    await db.transact(_leave_uncounted)
    return took


async def _leave_uncounted(tx: Tx) -> None:
    await tx.execute("UPDATE segment_counts SET ended_at = now() WHERE ended_at IS NULL")


def _segment(n: int) -> Segment:
    often = Number(measure=Measure.ORDERS, at_least=OFTEN + n)
    lapsed = All(
        of=(
            Number(measure=Measure.SPENT, at_least=n * 100),
            When(moment=Moment.LAST_PAID, within=n % 2 == 0, days=30 + n),
            Not(of=Did(event="cart", at_least=True, times=1 + n % 3, days=7)),
        )
    )
    return Segment(
        merchant_id=SHOP,
        segment_id=SegmentId(UUID(int=n + 1)),
        kind=Kind.RULES,
        name=text(str(n), str(n)),
        owner="bench",
        tree=often if n == 0 else lapsed,
    )


async def _lags(db: Database, people: Sequence[UUID]) -> list[float]:
    stop = asyncio.Event()
    await events.drain(db, [SUBSCRIBER])
    reading = asyncio.create_task(worker.keep_reading(db, [SUBSCRIBER], stop))
    committed: dict[UUID, float] = {}
    lags: dict[UUID, float] = {}
    looking = asyncio.create_task(_look(db, committed, lags, len(people)))
    began = time.monotonic()
    try:
        for n, buyer_id in enumerate(people):
            await asyncio.sleep(max(0.0, began + n / PER_SECOND - time.monotonic()))
            await db.transact(_paid, buyer_id)
            committed[buyer_id] = time.monotonic()
        await asyncio.wait_for(looking, 120)
    finally:
        stop.set()
        looking.cancel()
        await reading
    return list(lags.values())


async def _paid(tx: Tx, buyer_id: UUID) -> None:
    await tx.execute(
        "UPDATE customer_facts SET orders = $3, last_paid_at = now() WHERE merchant_id = $1 AND buyer_id = $2",
        SHOP,
        buyer_id,
        OFTEN,
    )
    await events.publish(tx, FactsChanged(merchant_id=SHOP, buyer_ids=[buyer_id]))


async def _look(db: Database, committed: dict[UUID, float], lags: dict[UUID, float], most: int) -> None:
    """Sees each member as soon as others can, to a hundredth of a second."""
    while len(lags) < most:
        waiting = [buyer_id for buyer_id in committed if buyer_id not in lags]
        for buyer_id in await db.ask(_in, waiting):
            lags[buyer_id] = time.monotonic() - committed[buyer_id]
        await asyncio.sleep(LOOK_SECONDS)


async def _in(read: Read, buyer_ids: Sequence[UUID]) -> list[UUID]:
    rows = await read.fetch(
        "SELECT buyer_id FROM segment_members WHERE merchant_id = $1 AND segment_id = $2 AND buyer_id = ANY($3)",
        SHOP,
        UUID(int=1),
        list(buyer_ids),
    )
    return [row["buyer_id"] for row in rows]
