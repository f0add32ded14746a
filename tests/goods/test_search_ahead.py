"""What a large house looks through first: chosen by what sells, and of no consequence for who is found."""

from uuid import UUID

import pytest

from steelyard.goods import search
from steelyard.goods.search import queries
from steelyard.goods.search.model import Query, Sort
from steelyard.goods.search.subscribers import SUBSCRIBER
from steelyard.kernel.db import Database, Read, administer
from steelyard.kernel.events import drain
from steelyard.kernel.text import text
from tests.goods.conftest import Market

PRODUCTS = 24


@pytest.fixture
async def lamps(db: Database, database_url: str, market: Market) -> list[tuple[UUID, UUID]]:
    """So many lamps of one shop, each sold more often than the one before it."""
    merchant_id, category_id = await market.merchant(), await market.category()
    made: list[tuple[UUID, UUID]] = []
    for at in range(PRODUCTS):
        product_id, _ = await market.product(merchant_id, category_id, title=text(f"台灯{at}", f"Lamp {at}"), price=100)
        made.append((merchant_id, product_id))
    await db.transact(search.record_sales, [(*key, 10 * at) for at, key in enumerate(made)])
    await drain(db, [SUBSCRIBER])
    async with administer(database_url) as owner:
        await owner.execute("ANALYZE search_entries")
    return made


async def of_those_ahead(read: Read) -> set[UUID]:
    return {row["product_id"] for row in await read.fetch("SELECT product_id FROM search_entries WHERE ahead")}


async def chosen(db: Database, most: int = 100) -> int:
    return await db.transact(search.choose_ahead, most, products_from=PRODUCTS)


async def test_what_sells_best_is_ahead_until_it_has_fallen_well_behind(
    db: Database, lamps: list[tuple[UUID, UUID]]
) -> None:
    # One of sixteen comes, and who is among one of twelve stays: of 24 the first two come, the first three stay.
    assert await chosen(db) == 2
    assert await db.ask(of_those_ahead) == {lamps[23][1], lamps[22][1]}

    await db.transact(search.record_sales, [(*lamps[21], 15)])
    assert await chosen(db) == 1
    assert await db.ask(of_those_ahead) == {lamps[23][1], lamps[22][1], lamps[21][1]}

    await db.transact(search.record_sales, [(*lamps[20], 100)])
    assert await chosen(db) == 2
    assert await db.ask(of_those_ahead) == {lamps[20][1], lamps[23][1], lamps[21][1]}
    assert await chosen(db) == 0


async def test_few_change_in_one_round(db: Database, lamps: list[tuple[UUID, UUID]]) -> None:
    assert [await chosen(db, most=1) for _ in range(3)] == [1, 1, 0]
    assert await db.ask(of_those_ahead) == {lamps[23][1], lamps[22][1]}


async def test_a_small_house_has_no_need_of_it(db: Database, lamps: list[tuple[UUID, UUID]]) -> None:
    assert await db.transact(search.choose_ahead) == 0
    assert await db.ask(of_those_ahead) == set()


async def test_an_entry_that_is_made_anew_keeps_its_place(db: Database, lamps: list[tuple[UUID, UUID]]) -> None:
    await chosen(db)
    await db.transact(search.reindex_products, lamps)

    assert await db.ask(of_those_ahead) == {lamps[23][1], lamps[22][1]}


@pytest.mark.parametrize("sort", list(Sort))
async def test_who_is_ahead_changes_nothing_of_what_is_found(
    db: Database, lamps: list[tuple[UUID, UUID]], sort: Sort
) -> None:
    wanted = [Query(text=words, sort=sort, limit=5) for words in ("lamp", "台灯")]
    before = [await db.ask(search.find, query) for query in wanted]
    await chosen(db)
    after = [await db.ask(search.find, query) for query in wanted]

    assert after == before
    assert after[0].count == PRODUCTS


async def test_of_too_many_those_ahead_are_the_ones_that_are_ranked(
    db: Database, lamps: list[tuple[UUID, UUID]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if a search could rank only as many as are ahead."""

    def few(*arguments: object, **kinds: bool) -> str:
        return real(*arguments, **kinds).replace("LIMIT 2000", "LIMIT 2")  # pyright: ignore

    real = queries.find_sql
    monkeypatch.setattr(queries, "find_sql", few)
    await chosen(db)

    found = await db.ask(search.find, Query(text="lamp", limit=5))

    assert [hit.product_id for hit in found.hits] == [lamps[23][1], lamps[22][1]]


async def test_who_is_content_with_what_sells_best_is_told_that_there_may_be_more(
    db: Database, lamps: list[tuple[UUID, UUID]]
) -> None:
    await chosen(db)

    enough = await db.ask(search.find, Query(text="lamp", limit=5, facets=False, count=True, enough=2))
    assert [hit.product_id for hit in enough.hits] == [lamps[23][1], lamps[22][1]]
    assert (enough.count, enough.capped, enough.next) == (2, True, None)

    too_few = await db.ask(search.find, Query(text="lamp", limit=5, facets=False, count=True, enough=3))
    assert (too_few.count, too_few.capped) == (PRODUCTS, False)
    assert too_few.hits == (await db.ask(search.find, Query(text="lamp", limit=5))).hits


async def test_what_follows_a_search_is_planned_as_usual(db: Database) -> None:
    async def modes(read: Read) -> list[str]:
        said = "SELECT current_setting('plan_cache_mode')"
        await search.find(read, Query(text="lamp"))
        during = await read.value(said)
        await read.plan_as_usual()
        return [during, await read.value(said)]

    assert await db.ask(modes) == ["force_custom_plan", "auto"]
