"""Scores and predictions of a shop's customers are counted when asked for, in pages, and say how they were found."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.sweeps import sweep_once
from steelyard.operations import lifecycle
from steelyard.operations.lifecycle import MARKETPLACE, Segment
from steelyard.operations.lifecycle.jobs import SWEEPS
from tests.support import deal
from tests.support.world import CURRENCY, World, seeded

NIGHT = [sweep for sweep in SWEEPS if sweep.name in ("lifecycle.recount", "lifecycle.value")]
PEOPLE = 160


@asynccontextmanager
async def crowded(db: Database) -> AsyncGenerator[World]:
    """A shop with `PEOPLE` customers of two years, whose orders told nobody of themselves. They were never paid for in the
    books, and so they are gone before these are looked at."""
    world = await seeded(db)
    now, chance = datetime.now(UTC), Random(1)
    rows: list[tuple[UUID, UUID, datetime, int]] = []
    for _ in range(PEOPLE):
        buyer_id, at = ids.mint(), now - timedelta(days=chance.uniform(30, 700))
        rate, leaves = chance.gammavariate(0.8, 1 / 40), chance.betavariate(0.8, 2.4)
        while at < now:
            rows.append((ids.mint(), buyer_id, at, chance.randint(1_000, 30_000)))
            if chance.random() < leaves:
                break
            at += timedelta(days=chance.expovariate(rate))

    async def write(tx: Tx) -> None:
        buyers = sorted({row[1] for row in rows})
        await tx.execute(
            "INSERT INTO buyers (buyer_id, locale, guest) SELECT b, 'en', true FROM unnest($1::uuid[]) AS b", buyers
        )
        await tx.execute(
            """
            INSERT INTO orders (merchant_id, order_id, purchase_id, buyer_id, code, state, currency, goods, freight, tax_added
                              , tax_included, total, commission, delivery, contact, address, placed_at, paid_at, completed_at)
            SELECT $1, o, o, b, 'S-' || left(o::text, 18), 'completed', $2, total, 0, 0, 0, total, 0, '{}', '{}', '{}', at, at, at
            FROM unnest($3::uuid[], $4::uuid[], $5::timestamptz[], $6::bigint[]) AS w (o, b, at, total)
            """,
            world.tea.merchant_id,
            CURRENCY,
            *(list(column) for column in zip(*rows, strict=True)),
        )

    await db.transact(write)

    async def undo(tx: Tx) -> None:
        await tx.execute("DELETE FROM orders WHERE merchant_id = $1", world.tea.merchant_id)

    await db.transact(lifecycle.ask_for_recount, "command:crowd")
    try:
        yield world
    finally:
        await db.transact(undo)


async def test_a_night_values_everybody_who_has_paid(db: Database) -> None:
    async with crowded(db) as world:
        await sweep_once(db, NIGHT)

        run = await db.ask(lifecycle.value_run, world.tea.merchant_id)
        assert run is not None
        assert run.facts is not None
        assert (run.customers, run.waits) == (PEOPLE, False)
        assert run.facts.model in ("bg_nbd", "mbg_nbd", "nbd")
        assert run.facts.holdout is not None
        assert run.facts.holdout.days == 90
        assert run.facts.low is not None
        assert run.facts.orders is not None
        assert run.facts.high is not None
        assert run.facts.low < run.facts.orders < run.facts.high
        sums = await db.ask(lifecycle.segment_sums, world.tea.merchant_id)
        assert sum(each.customers for each in sums) == PEOPLE
        assert sum(each.net for each in sums) == await db.ask(_sold, world.tea.merchant_id)
        everywhere = await db.ask(lifecycle.value_run, MARKETPLACE)
        assert everywhere is not None
        assert everywhere.customers == PEOPLE


async def test_customers_are_listed_by_what_is_expected_of_them(db: Database) -> None:
    async with crowded(db) as world:
        await sweep_once(db, NIGHT)

        first = await db.ask(lifecycle.by_worth, world.tea.merchant_id, None, None, 100)
        rest = await db.ask(lifecycle.by_worth, world.tea.merchant_id, None, first.next, 100)
        champions = await db.ask(lifecycle.by_worth, world.tea.merchant_id, Segment.CHAMPIONS, None, 100)

        worth = [each.worth for each in [*first.items, *rest.items]]
        assert len(worth) == PEOPLE
        assert worth == sorted(worth, reverse=True)
        assert {each.segment for each in champions.items} == {Segment.CHAMPIONS}
        best = first.items[0]
        assert best.tier == 1
        assert best.expected_low is not None
        assert best.expected_orders is not None
        assert best.expected_low <= best.expected_orders
        assert best.silent is not None


async def test_too_few_customers_are_scored_and_not_foretold(db: Database) -> None:
    world = await seeded(db)
    assert world.buyer.buyer_id is not None
    await deal.paid(db, [(world.items["green"].sku_id, 1)], world.buyer.buyer_id)
    await db.transact(lifecycle.ask_for_recount, "command:few")

    await sweep_once(db, NIGHT)

    value = await db.ask(lifecycle.value_of, world.tea.merchant_id, world.buyer.buyer_id)
    assert value is not None
    assert (value.frequency, value.model, value.expected_orders, value.churn) == (1, "", None, None)
    assert value.worth == value.monetary > 0
    assert not await sweep_once(db, NIGHT), "nothing waits any more"


async def _sold(read: Read, merchant_id: UUID) -> int:
    return await read.value("SELECT sum(total)::bigint FROM orders WHERE merchant_id = $1", merchant_id)
