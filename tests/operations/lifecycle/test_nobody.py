"""An imported order without a customer is of nobody: it is in the shop's figures, and no person of the lifecycle."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from steelyard.kernel.db import Database, Read
from steelyard.kernel.sweeps import sweep_once
from steelyard.operations import lifecycle
from steelyard.operations.lifecycle import MARKETPLACE
from steelyard.operations.lifecycle.jobs import SWEEPS
from steelyard.parties import merchants
from tests.channels.feeds.conftest import WriteCsv, write_csv
from tests.channels.feeds.importing import COLUMNS, brought

__all__ = ["write_csv"]
NIGHT = [sweep for sweep in SWEEPS if sweep.name in ("lifecycle.recount", "lifecycle.value")]
ROWS = [
    ("garn", "O1", "2024-01-05", "k1", "A1", "Article", 1, "5", "GBP", "GB"),
    ("garn", "O2", "2024-02-05", "k1", "A1", "Article", 2, "5", "GBP", "GB"),
    ("garn", "O3", "2024-02-06", "k2", "A1", "Article", 3, "5", "GBP", "GB"),
    ("garn", "O4", "2024-02-07", "", "A1", "Article", 4, "5", "GBP", "GB"),
    ("garn", "O5", "2024-02-08", "", "A1", "Article", 5, "5", "GBP", "GB"),
]


async def night(db: Database, name: str) -> None:
    await db.transact(lifecycle.ask_for_recount, f"command:{name}")
    for _ in range(4):  # everybody, then a shop and the marketplace
        await sweep_once(db, NIGHT)


async def people(read: Read) -> dict[str, int]:
    rows = await read.fetch("SELECT merchant_id::text AS whose, count(*) FROM customer_facts GROUP BY 1")
    return {row["whose"]: row["count"] for row in rows}


async def test_orders_of_nobody_are_counted_and_are_no_persons(
    db: Database, database_url: str, tmp_path: Path, write_csv: WriteCsv
) -> None:
    await brought(database_url, tmp_path, "orders", [write_csv("past.csv", COLUMNS, ROWS)])
    card = await db.ask(merchants.by_slug, "garn")
    assert card is not None

    await night(db, "one")
    known = await db.ask(people)
    runs = [await db.ask(lifecycle.value_run, each) for each in (card.merchant_id, MARKETPLACE)]

    assert known == {str(card.merchant_id): 2, str(MARKETPLACE): 2}
    for run in runs:
        assert run is not None and run.facts is not None
        assert (run.customers, run.facts.paid_orders, run.facts.left_out) == (2, 3, 2)
        assert (run.facts.paid, run.facts.currency) == (3_000, "GBP")
        assert run.facts.currencies == {"GBP": 3}, "the marketplace tells in what most of its orders were paid in"
        assert run.facts.monetary == 1_500, "a house whose shops all sell abroad is not told that nobody spends"
    assert await db.ask(lifecycle.orders_of_nobody, card.merchant_id, datetime(2024, 2, 8, tzinfo=UTC)) == 1


async def test_counting_one_by_one_and_counting_everybody_leave_the_same(
    db: Database, database_url: str, tmp_path: Path, write_csv: WriteCsv
) -> None:
    await brought(database_url, tmp_path, "orders", [write_csv("past.csv", COLUMNS, ROWS)])

    async def buyers(read: Read) -> dict[UUID, bool]:
        return {row["buyer_id"]: row["nobody"] for row in await read.fetch("SELECT buyer_id, nobody FROM buyers")}

    everybody = await db.ask(buyers)
    assert sum(everybody.values()) == 2

    changed = await db.transact(lifecycle.count, list(everybody))
    one_by_one = await db.ask(people)
    await night(db, "two")
    found = await db.ask(lifecycle.recount_of, "command:two")

    assert changed == 4, "two customers, at the shop and at the marketplace"
    assert found is not None and found.changed == 0, "nothing was otherwise than what was known"
    assert await db.ask(people) == one_by_one
