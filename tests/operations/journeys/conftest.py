"""A shop with journeys, and people who come into them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.text import text
from steelyard.operations import journeys, lifecycle, outreach
from steelyard.operations.journeys.hearing import News, hear
from steelyard.operations.journeys.model import Exit, Graph, JourneyId, Node, Settings, Setup, Trigger
from steelyard.operations.journeys.running import move_due
from steelyard.operations.outreach.model import Channel
from tests.support.world import World, seeded

NAME = text("旅程", "Journey")
# Nothing is quiet, and nobody is capped, where a test is about something else.
PLAIN = Settings(quiet_from=None, quiet_to=None, cap_messages=100)
PAID = Trigger(event="order_paid")


@pytest.fixture
async def world(db: Database) -> World:
    return await seeded(db)


def line(*setups: Setup, settings: Settings = PLAIN) -> Graph:
    """A beginning by a paid order, then these one after the other, each out to the next, then the end: boxes b1, b2 …"""
    keys = ["begin", *(f"b{n}" for n in range(1, len(setups) + 1)), "end"]
    first = () if setups and isinstance(setups[0], Trigger) else (PAID,)
    boxes = [*first, *setups]
    keys = keys if first else ["begin", *keys[2:]]
    nodes = [
        Node(key=key, setup=setup, next=dict.fromkeys(Node(key=key, setup=setup).outs, following))
        for key, setup, following in zip(keys, boxes, keys[1:], strict=False)
    ]
    return Graph(nodes=(*nodes, Node(key="end", setup=Exit())), settings=settings)


async def started(db: Database, merchant_id: UUID, graph: Graph) -> JourneyId:
    journey_id = JourneyId(ids.mint())
    await db.transact(journeys.make, merchant_id, journey_id, NAME, "li", graph=graph)
    await db.transact(journeys.start, merchant_id, journey_id, 1, "li")
    return journey_id


async def template(db: Database, merchant_id: UUID, channel: Channel = Channel.INBOX) -> UUID:
    return await db.transact(outreach.use_ready, merchant_id, "abandoned_cart", channel, "li")


async def people(db: Database, merchant_id: UUID, many: int, country: str = "CN") -> list[UUID]:
    """So many customers of a shop with accounts."""
    found = [ids.mint() for _ in range(many)]

    async def make(tx: Tx) -> None:
        await tx.execute(
            """
            INSERT INTO buyers (buyer_id, email, name, locale, country, guest)
            SELECT b, b || '@example.com', 'N', 'en', $2, false FROM unnest($1::uuid[]) AS b
            """,
            found,
            country,
        )
        now = await tx.value("SELECT now()")
        await lifecycle.seen(tx, [lifecycle.Sight(merchant_id=merchant_id, buyer_id=each, at=now) for each in found])

    await db.transact(make)
    return found


async def happens(db: Database, merchant_id: UUID, event: str, buyers: Iterable[UUID], **more: Any) -> datetime:
    now = datetime.now(UTC)
    at: datetime = more.pop("at", now)
    news = [News(event=event, merchant_id=merchant_id, buyer_id=each, at=at, **more) for each in buyers]
    await db.transact(hear, news)
    return at


async def go(db: Database, merchant_id: UUID, journey_id: UUID, after: timedelta = timedelta(0)) -> int:
    """All who are due by then go on."""
    moved, now = 0, datetime.now(UTC) + timedelta(seconds=1) + after
    while some := await db.transact(move_due, merchant_id, journey_id, now):
        moved += some
    return moved


async def stands(db: Database, journey_id: UUID) -> dict[UUID, tuple[str, str]]:
    """How everybody stands, and at which box; of several times the last."""

    async def ask(read: Read) -> dict[UUID, tuple[str, str]]:
        rows = await read.fetch(
            "SELECT buyer_id, stand, node FROM journey_enrolments WHERE journey_id = $1 ORDER BY entry", journey_id
        )
        return {row["buyer_id"]: (row["stand"], row["node"]) for row in rows}

    return await db.ask(ask)


async def steps(db: Database, journey_id: UUID) -> list[tuple[str, str, str]]:
    """Which boxes were left by which out, and why, in order."""

    async def ask(read: Read) -> Sequence[Any]:
        return await read.fetch(
            "SELECT node, out, reason FROM journey_steps WHERE journey_id = $1 ORDER BY buyer_id, entry, step",
            journey_id,
        )

    return [(row["node"], row["out"], row["reason"]) for row in await db.ask(ask)]


async def messages(db: Database) -> list[UUID]:
    """To whom messages were handed over."""

    async def ask(read: Read) -> Sequence[Any]:
        return await read.fetch("SELECT buyer_id FROM messages ORDER BY message_id")

    return [row["buyer_id"] for row in await db.ask(ask)]
