"""What our orders are measured against writes what our orders write."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from bench import baseline, scripts
from bench.door import CHANNEL, Signed, token
from steelyard.kernel.db import Database, Read, Tx, administer
from steelyard.money.payments import gateways
from tests.support.world import World
from tests.surfaces.api.house import Agent, open_house

SECRET = "a secret of this test"


@pytest.fixture
async def alone(shop_url: str) -> AsyncIterator[Database]:
    """One connection, so that what it wrote can be counted."""
    db = await Database.connect(shop_url, size=1)
    yield db
    await db.close()


async def inserted(read: Read) -> dict[str, int]:
    """How many rows have been inserted into each table since there is a database."""
    await read.value("SELECT pg_stat_force_next_flush()")
    rows = await read.fetch("SELECT relname, n_tup_ins FROM pg_stat_user_tables WHERE relname NOT LIKE 'bench%'")
    return {row["relname"]: row["n_tup_ins"] for row in rows}


def grown(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {table: count - before[table] for table, count in after.items() if count != before[table]}


async def test_an_order_of_ours_and_one_of_pgbench_make_the_same_rows(
    alone: Database, shop_url: str, world: World, tmp_path: Path
) -> None:
    house = open_house(alone, tmp_path)
    gateways._offered[house.settings] = {CHANNEL: Signed(SECRET.encode())}
    agent = Agent(house, profile=scripts.PROFILE)
    sku_id = str(world.items["nuts"].sku_id)
    model, ours, *theirs = [
        UUID((await agent.post("/checkout-sessions", scripts.opening(sku_id)))["id"]) for _ in range(5)
    ]
    await complete(agent, model)
    async with administer(shop_url) as owner:
        tx = Tx(owner)
        await baseline.install(tx, await tx.value("SELECT purchase_id FROM checkouts WHERE checkout_id = $1", model))
        await baseline.ready(tx, theirs)

        free: int = await owner.fetchval("SELECT sum(on_hand - reserved) FROM stock WHERE sku_id = $1", UUID(sku_id))
        await alone.transact(inserted)
        before = await alone.transact(inserted)
        await complete(agent, ours)
        await alone.transact(inserted)
        between = await alone.transact(inserted)
        await owner.execute("SELECT bench_order()")
        await inserted(tx)
        after = await inserted(tx)
        await owner.execute("SELECT bench_orders(2)")
        await inserted(tx)
        at_last = await inserted(tx)
        left: int = await owner.fetchval("SELECT sum(on_hand - reserved) FROM stock WHERE sku_id = $1", UUID(sku_id))
    await house.close()

    assert grown(between, after) == grown(before, between)
    assert grown(between, after)["orders"] == 1
    assert grown(after, at_last) == {table: 2 * rows for table, rows in grown(between, after).items()}
    assert free - left == 4, "all of them took their piece"


async def complete(agent: Agent, checkout_id: UUID) -> None:
    credential = {"type": "token", "token": token(SECRET.encode(), str(checkout_id))}
    instrument = {"id": "pi_1", "handler_id": CHANNEL, "type": "card", "credential": credential}
    body = {"payment": {"instruments": [instrument]}}
    done = await agent.post(f"/checkout-sessions/{checkout_id}/complete", body)
    assert done["status"] == "completed", done
