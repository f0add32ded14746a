"""A shop with customers, and segments of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from steelyard.kernel import events, ids
from steelyard.kernel.db import Database, Read
from steelyard.kernel.sweeps import sweep_once
from steelyard.kernel.text import text
from steelyard.operations import behaviour, lifecycle, segments
from steelyard.operations.behaviour import Behaviour
from steelyard.operations.lifecycle.subscribers import SUBSCRIBER as LIFECYCLE
from steelyard.operations.segments.jobs import SWEEPS
from steelyard.operations.segments.model import Kind, Node, Segment, SegmentId
from steelyard.operations.segments.subscribers import SUBSCRIBER
from steelyard.parties.customers.model import BuyerId
from tests.support import deal, open_transactions
from tests.support.world import World


def said(world: World, tree: Node | None, **more: Any) -> Segment:
    facts: dict[str, Any] = {
        "merchant_id": world.tea.merchant_id,
        "segment_id": SegmentId(ids.mint()),
        "kind": Kind.RULES if tree is not None else Kind.LIST,
        "name": text("人群", "People"),
        "owner": "Li Na",
        "tree": tree,
    }
    return Segment(**{**facts, **more})


async def defined(db: Database, world: World, tree: Node, **more: Any) -> Segment:
    segment = said(world, tree, **more)
    await db.transact(segments.define, segment, "test")
    await heard(db)
    return segment


async def heard(db: Database) -> None:
    """All news has been read, of what people do, too, and all counts are done."""
    await events.drain(db, [LIFECYCLE, SUBSCRIBER])
    await open_transactions.awaited(db)
    await sweep_once(db, [each for each in SWEEPS if each.name in ("segments.follow", "segments.count")])


async def bought(db: Database, world: World, buyer_id: BuyerId, times: int = 1) -> None:
    for _ in range(times):
        await deal.paid(db, [(world.items["nuts"].sku_id, 1)], buyer_id)
    await heard(db)


async def seen(db: Database, world: World, buyer_ids: Sequence[UUID], of: UUID | None = None) -> None:
    """These are customers of the tea shop, or of another place, who have bought nothing."""
    now, place = await db.ask(_now), world.tea.merchant_id if of is None else of
    sights = [lifecycle.Sight(merchant_id=place, buyer_id=each, at=now) for each in buyer_ids]
    await db.transact(lifecycle.seen, sights)
    await heard(db)


async def _now(read: Read) -> datetime:
    return await read.value("SELECT now()")


async def did(db: Database, deeds: Sequence[Behaviour]) -> None:
    await db.transact(behaviour.record, deeds)
    await heard(db)


async def inside(db: Database, segment: Segment) -> set[UUID]:
    return set(await db.ask(segments.members, segment.merchant_id, segment.segment_id))
