"""A demo that was broken off while it was made is gone on with: at another hour of the day, too."""

from pathlib import Path

from steelyard.demo import generator, offers, people
from steelyard.demo.generator import Size
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.settings import Settings
from tests.demo.test_rooms import nothing
from tests.parties.people import SOME_HASH


async def test_what_the_shops_offered_hours_ago_is_not_offered_again(
    db: Database, database_url: str, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, database_url=database_url)
    await generator.furnish(db, settings, SOME_HASH, seed=1, size=Size(0.02), step=nothing)
    buyer_id = await db.transact(people.buyer, SOME_HASH)
    await offers.offer(db, buyer_id)
    await db.transact(hours_ago)
    before = await db.transact(offered)

    await offers.offer(db, buyer_id)

    assert before
    assert await db.transact(offered) == before


async def hours_ago(tx: Tx) -> None:
    await tx.execute(
        "UPDATE promotions SET starts_at = starts_at - interval '3 hours', ends_at = ends_at - interval '3 hours'"
    )


async def offered(tx: Tx) -> list[tuple[object, ...]]:
    rows = await tx.fetch("SELECT promotion_id, starts_at, claimed FROM promotions ORDER BY promotion_id")
    return [tuple(row.values()) for row in rows]
