"""How many people a second go on in journeys: `python -m bench journeys`.

A million customers (`STEELYARD_BENCH_ENROLLED`) stand at a wait whose time has come, all at once. The worker's own sweep moves
them: out of the wait, through a split that shares them out, to the next wait; each move is two steps written down and a row
brought up to date. It is measured for `--seconds` by one sweep, then by two at once, then with a message for each. How PostgreSQL
finds whose turn it is is printed beside it.
"""

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

from bench import shop
from bench.asked import Asked
from bench.report import Figure
from steelyard.demo import people
from steelyard.kernel import installation
from steelyard.kernel.db import Database, Read, administer
from steelyard.kernel.text import text
from steelyard.operations import journeys, outreach
from steelyard.operations.journeys.model import (
    Channel,
    Exit,
    Graph,
    JourneyId,
    Message,
    Node,
    Settings,
    Setup,
    Split,
    Trigger,
    Wait,
)
from steelyard.operations.journeys.running import sweep
from steelyard.operations.outreach.model import Channel as By

ENROLLED = int(os.environ.get("STEELYARD_BENCH_ENROLLED", "1000000"))
WITH_MESSAGES = 20_000
MOVES_PER_SECOND_MIN = 2_000.0
SHOP = UUID("7e577e57-0000-4000-8000-0000000000ac")
_BUYERS = """
    INSERT INTO buyers (buyer_id, locale, guest, email, country)
    SELECT md5('journeys' || n)::uuid, 'en', false, n || '@example.com', 'CN' FROM generate_series(1, $1::integer) AS n
"""
_FACTS = """
    INSERT INTO customer_facts (merchant_id, buyer_id, first_seen_at, last_seen_at, currency, stage, stage_since)
    SELECT $2, md5('journeys' || n)::uuid, now(), now(), 'CNY', 'visitor', now() FROM generate_series(1, $1::integer) AS n
"""
_ENROLLED = """
    INSERT INTO journey_enrolments (merchant_id, journey_id, buyer_id, entry, version, stand, node, entered_at, since, due_at)
    SELECT $2, $3, md5('journeys' || n)::uuid, 1, 1, 'inside', 'first', $4::timestamptz, $4, $4 + n * interval '1 millisecond'
    FROM generate_series(1, $1::integer) AS n
"""
_DUE = """
    EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF)
    SELECT buyer_id FROM journey_enrolments
    WHERE merchant_id = $1 AND journey_id = $2 AND stand = 'inside' AND due_at <= now()
    ORDER BY due_at LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED
"""


def figures(asked: Asked) -> list[Figure]:
    """`journeys_…`: people moved a second by one sweep, by two at once, and with a message for each."""
    with shop.kept(0, home=None) as settings, installation.opened(settings) as here:
        assert here.database_url is not None
        return asyncio.run(_measured(here.database_url, asked.seconds))


async def _measured(url: str, seconds: float) -> list[Figure]:
    db = await Database.connect(url, size=6)
    try:
        await _filled(url, ENROLLED)
        await db.transact(people.profile)  # whose points a message tells of
        plain = await _started(db, _graph(Split(weights=(50, 50))))
        await _enrolled(url, plain, ENROLLED)
        one = await _rate(db, 1, seconds)
        two = await _rate(db, 2, seconds)
        await _explained(url, plain)
        await db.transact(journeys.pause, SHOP, plain, "bench")
        template = await db.transact(outreach.use_ready, SHOP, "welcome", By.INBOX, "bench")
        told = await _started(db, _graph(Message(channel=Channel.INBOX, template_id=template)))
        await _enrolled(url, told, min(WITH_MESSAGES, ENROLLED))
        messages = await _rate(db, 1, seconds)
    finally:
        await db.close()
    assert min(one, two, messages), "nobody was moved"
    print(
        f"  {ENROLLED:,} due at once: one sweep {one:,.0f}/s, two {two:,.0f}/s, with a message each {messages:,.0f}/s"
    )
    return [
        Figure("journeys_enrolled", ENROLLED),
        Figure("journeys_moves_per_s", round(one), MOVES_PER_SECOND_MIN, at_least=True),
        Figure("journeys_moves_by_two_per_s", round(two)),
        Figure("journeys_messages_per_s", round(messages)),
    ]


def _graph(middle: Setup) -> Graph:
    outs = Node(key="middle", setup=middle).outs
    return Graph(
        nodes=(
            Node(key="begin", setup=Trigger(event="order_paid"), next={"then": "first"}),
            Node(key="first", setup=Wait(), next={"then": "middle"}),
            Node(key="middle", setup=middle, next=dict.fromkeys(outs, "second")),
            Node(key="second", setup=Wait(minutes=24 * 60), next={"then": "end"}),
            Node(key="end", setup=Exit()),
        ),
        settings=Settings(quiet_from=None, quiet_to=None, cap_messages=100),
    )


async def _started(db: Database, graph: Graph) -> JourneyId:
    journey_id = JourneyId(UUID(int=time.monotonic_ns()))
    await db.transact(journeys.make, SHOP, journey_id, text("量", "Measured"), "bench", graph=graph)
    await db.transact(journeys.start, SHOP, journey_id, 1, "bench")
    return journey_id


async def _filled(url: str, people: int) -> None:
    async with administer(url) as owner:
        await owner.execute("SET session_replication_role = replica")
        await owner.execute(_BUYERS, people)
        await owner.execute(_FACTS, people, SHOP)
        await owner.execute("VACUUM (ANALYZE) buyers, customer_facts")


async def _enrolled(url: str, journey_id: UUID, people: int) -> None:
    async with administer(url) as owner:
        await owner.execute("SET session_replication_role = replica")
        begin = datetime.now(UTC) - timedelta(days=1)
        await owner.execute(_ENROLLED, people, SHOP, journey_id, begin)
        await owner.execute("VACUUM (ANALYZE) journey_enrolments")


async def _rate(db: Database, sweeps: int, seconds: float) -> float:
    """People moved a second by so many sweeps at once."""
    before, began = await db.ask(_moved), time.monotonic()
    until = began + seconds

    async def keep() -> None:
        while time.monotonic() < until and await sweep(db):
            pass

    await asyncio.gather(*(keep() for _ in range(sweeps)))
    return (await db.ask(_moved) - before) / (time.monotonic() - began)


async def _moved(read: Read) -> int:
    return await read.value(
        "SELECT coalesce(sum(people), 0) FROM journey_days WHERE merchant_id = $1 AND node = 'first'", SHOP
    )


async def _explained(url: str, journey_id: UUID) -> None:
    async with administer(url) as owner:
        for row in await owner.fetch(_DUE, SHOP, journey_id):
            print(f"  {row[0]}")
