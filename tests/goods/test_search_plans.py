"""Search at twenty thousand products: each hot statement goes by an index, is capped, and finds what LIKE finds."""

import random
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from steelyard.goods import search
from steelyard.goods.catalog.model import CategoryId
from steelyard.goods.search import queries, words
from steelyard.goods.search.model import COUNT_MAX, ORDERED_MAX, RANKED, Hit, Query, Results, Sort
from steelyard.goods.search.statements import find_sql
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx, administer
from steelyard.parties.merchants.model import MerchantId
from tests.support.plans import Listening

PRODUCTS = 20_000
SHOPS = [MerchantId(ids.mint()) for _ in range(40)]
ROOT = ids.mint()
# A category in forty has few products, the root has all.
CATEGORIES = [CategoryId(ids.mint()) for _ in range(40)]
MATERIALS = ["羊毛", "真丝", "陶瓷", "玻璃", "纯棉", "不锈钢", "竹制", "搪瓷"]
THINGS = ["围巾", "茶壶", "杯子", "台灯", "雨伞", "背包", "毛毯", "地垫"]
MATERIAL_CODES = ["wool", "silk", "ceramic", "glass", "cotton", "steel", "bamboo", "enamel"]
LATIN = ["scarf", "teapot", "mug", "lamp", "umbrella", "bag", "blanket", "mat"]


def titles() -> list[str]:
    chance = random.Random(7)
    found: list[str] = []
    for at in range(PRODUCTS):
        thing = chance.randrange(len(THINGS))
        rare = "限量珐琅" if at % 500 == 0 else ""
        found.append(f"{rare}{chance.choice(MATERIALS)}{THINGS[thing]} {LATIN[thing]} model{chance.randrange(4_000)}")
    return found


TITLES = titles()
COLUMNS = (
    *("merchant_id", "product_id", "category_path", "words", "title", "slug", "currency", "price", "price_to"),
    *("in_stock", "sold", "rating", "listed_at", "facets"),
)


def entries() -> list[tuple[object, ...]]:
    chance = random.Random(9)
    now = datetime.now(UTC)
    return [
        (
            SHOPS[at % len(SHOPS)],
            ids.mint(),
            [ROOT, chance.choice(CATEGORIES)],
            words.vector([("A", title)]),
            {"zh-Hans": title},
            f"p-{at}",
            "CNY",
            price := chance.randrange(1, 200_000),
            price,
            chance.random() < 0.9,
            chance.randrange(500),
            0,
            now - timedelta(minutes=at),
            [f"material:{MATERIAL_CODES[at % 8]}", f"colour:{at % 13}"],
        )
        for at, title in enumerate(TITLES)
    ]


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def big(database_server: object) -> AsyncIterator[tuple[Database, str]]:
    """Twenty thousand entries, made once for this file."""
    name = database_server.clone()  # pyright: ignore
    url: str = database_server.url(name)  # pyright: ignore
    async with administer(url) as connection:
        await connection.execute(
            "CREATE TEMP TABLE landing (LIKE search_entries INCLUDING DEFAULTS); ALTER TABLE landing ALTER words TYPE text"
        )
        await connection.copy_records_to_table("landing", columns=COLUMNS, records=entries())
        await connection.execute(
            """
            INSERT INTO search_entries (merchant_id, product_id, category_path, words, title, slug, currency, price
                                      , price_to, in_stock, sold, listed_at, facets)
            SELECT merchant_id, product_id, category_path, words::tsvector, title, slug, currency, price, price_to
                 , in_stock, sold, listed_at, facets FROM landing;
            INSERT INTO search_figures (merchant_id, product_id, sold)
            SELECT merchant_id, product_id, sold FROM landing;
            ANALYZE search_entries
            """
        )
    db = await Database.connect(url, size=2)
    yield db, url
    await db.close()
    database_server.drop(name)  # pyright: ignore


def _nodes(plan: dict[str, object]) -> list[dict[str, object]]:
    below = plan.get("Plans", [])
    assert isinstance(below, list)
    return [plan, *(node for child in below for node in _nodes(child))]


async def _scans(connection: asyncpg.Connection, sql: str, arguments: list[object]) -> list[tuple[str, str]]:
    """How each scan of search_entries goes: (kind of scan, index)."""
    (row,) = await connection.fetch("EXPLAIN (FORMAT JSON) " + sql, *arguments)
    plan = row[0] if isinstance(row[0], list) else msgspec.json.decode(row[0])
    nodes = _nodes(plan[0]["Plan"])
    return [
        (str(node["Node Type"]), str(node.get("Index Name", "")))
        for node in nodes
        if node.get("Relation Name") == "search_entries" or "Bitmap Index" in str(node["Node Type"])
    ]


USES: list[tuple[Sort, str | None, UUID | None, UUID | None]] = [
    case
    for case in product(Sort, [None, "珐琅", "model77"], [None, CATEGORIES[3]], [None, SHOPS[3]])
    if not (case[0] in RANKED and case[1] is None)
]


async def test_each_hot_statement_goes_by_an_index(big: tuple[Database, str]) -> None:
    slow: list[object] = []
    async with administer(big[1]) as connection:
        for (sort, text, category, merchant), facets in product(USES, (True, False)):
            sql = find_sql(
                sort,
                text=text is not None,
                category=category is not None,
                merchant=merchant is not None,
                narrowed=False,
                facets=facets,
            )
            wanted = words.query(text) if text else None
            arguments: list[object] = [wanted, category, merchant, None, None, False, None, None, None, 21, COUNT_MAX]
            scans = await _scans(
                connection, sql, [*arguments, queries.BUCKETS, None, None, *[None] * 6, 20_000, ORDERED_MAX]
            )
            # Counting everything there is reads the first COUNT_MAX rows, wherever they lie: that needs no index.
            whole = text is None and category is None and merchant is None
            sequential = sum(kind == "Seq Scan" for kind, _ in scans)
            if sequential > (1 if whole else 0):
                slow.append((sort, text, category is not None, merchant is not None, scans))
    assert not slow, slow


async def test_hits_are_not_looked_for_among_all_that_the_sort_begins_with(big: tuple[Database, str]) -> None:
    """All hits may stand at the end of a sort. While they are some thousands, it is not read along its index."""
    async with administer(big[1]) as connection:
        for sort, text, category, merchant in USES:
            if sort in RANKED or (text, category, merchant) == (None, None, None):
                continue
            sql = find_sql(
                sort,
                text=text is not None,
                category=category is not None,
                merchant=merchant is not None,
                narrowed=False,
            )
            wanted = words.query(text) if text else None
            arguments: list[object] = [wanted, category, merchant, None, None, False, None, None, None, 21, COUNT_MAX]
            (row,) = await connection.fetch(
                "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + sql,
                *[*arguments, queries.BUCKETS, None, None, *[None] * 6, 20_000, ORDERED_MAX],
            )
            plan = row[0] if isinstance(row[0], list) else msgspec.json.decode(row[0])
            passed_over = sum(int(str(node.get("Rows Removed by Filter", 0))) for node in _nodes(plan[0]["Plan"]))
            assert passed_over < COUNT_MAX, (sort, text, category, merchant)


@pytest.mark.parametrize("typed", ["珐琅", "限量珐琅", "量珐", "璃杯", "钢", "羊毛围巾", "珐琅 scarf"])
async def test_chinese_finds_what_like_finds(big: tuple[Database, str], typed: str) -> None:
    expected = sum(all(part in title for part in typed.split()) for title in TITLES)

    found = await big[0].ask(search.find, Query(text=typed, sort=Sort.NEWEST))

    assert found.count == min(expected, COUNT_MAX)
    assert all(part in hit.title["zh-Hans"] for hit in found.hits for part in typed.split())


async def test_counts_stop_at_their_cap_and_pages_go_on(big: tuple[Database, str]) -> None:
    first = await big[0].ask(search.find, Query(sort=Sort.PRICE_UP, limit=100))
    assert (first.count, first.capped) == (COUNT_MAX, True)
    assert sum(shop.count for shop in first.facets.shops) == COUNT_MAX

    seen, cursor = 0, None
    while True:
        page = await big[0].ask(
            search.find, Query(text="teapot", sort=Sort.PRICE_UP, limit=100, cursor=cursor, facets=False)
        )
        seen += len(page.hits)
        cursor = page.next
        if cursor is None:
            break
    assert seen == sum("teapot" in title for title in TITLES) > COUNT_MAX


async def test_what_is_narrowed_goes_by_an_index_too(big: tuple[Database, str]) -> None:
    slow: list[object] = []
    async with administer(big[1]) as connection:
        for sort, text, category, merchant in USES:
            if text is None and category is None and merchant is None:
                continue
            sql = find_sql(
                sort, text=text is not None, category=category is not None, merchant=merchant is not None, narrowed=True
            )
            wanted = words.query(text) if text else None
            arguments: list[object] = [wanted, category, merchant, 5_000, None, False, "CNY", None, None, 21, COUNT_MAX]
            chosen: list[object] = [["material:wool", "material:silk"], ["colour:3"], *[None] * 4]
            scans = await _scans(
                connection, sql, [*arguments, queries.BUCKETS, SHOPS[:3], None, *chosen, 20_000, ORDERED_MAX]
            )
            if any(kind == "Seq Scan" for kind, _ in scans):
                slow.append((sort, text, category is not None, merchant is not None, scans))
    assert not slow, slow


async def test_a_facet_does_not_filter_itself(big: tuple[Database, str]) -> None:
    ask = big[0].ask
    whole = await ask(search.find, Query(text="珐琅"))
    silk = await ask(search.find, Query(text="珐琅", values={"material": ["wool"]}))
    assert 0 < silk.count < whole.count

    def materials(results: Results) -> dict[str, int]:
        return {each.value: each.count for each in results.facets.values if each.value.startswith("material:")}

    assert materials(silk) == materials(whole), "each material can still be chosen, with its count"
    colours = {each.value: each.count for each in silk.facets.values if each.value.startswith("colour:")}
    assert sum(colours.values()) == silk.count, "the other facets count what is chosen"

    both = await ask(search.find, Query(text="珐琅", values={"material": ["wool", "ceramic"], "colour": ["3", "8"]}))
    for value, count in materials(both).items():
        alone = await ask(search.find, Query(text="珐琅", values={"material": [value[9:]], "colour": ["3", "8"]}))
        assert alone.count == count, value


async def test_prices_and_shops_do_not_filter_themselves(big: tuple[Database, str]) -> None:
    ask = big[0].ask
    whole = await ask(search.find, Query(text="珐琅"))
    cheap = await ask(search.find, Query(text="珐琅", price_to=50_000, shops=SHOPS[:20]))
    shops = await ask(search.find, Query(text="珐琅", price_to=50_000))
    assert {each.merchant_id: each.count for each in cheap.facets.shops} == {
        each.merchant_id: each.count for each in shops.facets.shops
    }
    within = await ask(search.find, Query(text="珐琅", shops=SHOPS[:20]))
    assert sum(each.count for each in cheap.facets.prices) == within.count
    assert cheap.count < within.count < whole.count


async def test_a_shops_own_goods_are_read_along_an_index_of_theirs(big: tuple[Database, str]) -> None:
    for sort, index in ((Sort.SALES, "search_best_selling_of_a_merchant"), (Sort.NEWEST, "search_of_a_merchant")):
        sql = find_sql(sort, text=False, category=False, merchant=True, narrowed=False)
        arguments: list[object] = [None, None, SHOPS[3], None, None, False, None, None, None, 21, 0, queries.BUCKETS]
        async with administer(big[1]) as connection:
            scans = await _scans(connection, sql, [*arguments, None, None, *[None] * 6, 20_000, ORDERED_MAX])
        assert ("Index Scan", index) in scans, scans


async def test_shelves_read_no_table_whole(big: tuple[Database, str]) -> None:
    async def listen(tx: Tx) -> list[str]:
        heard = Listening(tx, {"search_entries"})
        await search.best_selling(heard, CATEGORIES[3], limit=20)
        await search.best_matching(heard, "限量珐琅", limit=20)
        await search.best_matching(heard, "model77", limit=20)
        return heard.scans

    assert await big[0].transact(listen) == []


def names(hits: Sequence[Hit]) -> list[UUID]:
    return [hit.product_id for hit in hits]


async def test_a_shelf_of_a_category_is_what_a_search_there_begins_with(big: tuple[Database, str]) -> None:
    ask = big[0].ask
    shelf = await ask(search.best_selling, CATEGORIES[3], limit=20)
    found = await ask(
        search.find, Query(category_id=CATEGORIES[3], sort=Sort.SALES, in_stock=True, limit=20, facets=False)
    )
    assert names(shelf) == names(found.hits)
    assert len(shelf) == 20


@pytest.mark.parametrize("typed", ["限量珐琅", "珐琅 scarf", "玻璃杯子", "model77"])
async def test_a_shelf_of_words_holds_what_has_them_as_they_are_typed(big: tuple[Database, str], typed: str) -> None:
    shelf = await big[0].ask(search.best_matching, typed, limit=100)

    # The title may have the parts of the words elsewhere: those are no words.
    assert shelf
    assert all(hit.in_stock for hit in shelf)
    assert all(part in hit.title["zh-Hans"] for hit in shelf for part in typed.split())


async def test_a_shelf_of_few_is_all_of_them_in_the_order_of_a_search(big: tuple[Database, str]) -> None:
    ask = big[0].ask
    shelf = await ask(search.best_matching, "限量珐琅", limit=100)
    found = await ask(search.find, Query(text="限量珐琅", in_stock=True, limit=100, facets=False))
    assert names(shelf) == names(found.hits)
    assert not await ask(search.best_matching, "!", limit=20), "no word at all"


async def test_the_parts_of_a_word_elsewhere_are_not_the_word(big: tuple[Database, str]) -> None:
    class NeverMind(Exception):
        pass

    async def both(tx: Tx) -> None:
        for title, count in (("珐琅瓶与琅珐杯", 0), ("珐琅珐杯", 1)):
            await tx.execute(
                """
                UPDATE search_entries SET words = $2::text::tsvector, in_stock = true
                WHERE product_id = (SELECT product_id FROM search_entries WHERE merchant_id = $1 LIMIT 1)
                """,
                SHOPS[5],
                words.vector([("A", title)]),
            )
            assert len(await search.best_matching(tx, "珐琅珐", limit=20)) == count, title
        raise NeverMind

    with pytest.raises(NeverMind):
        await big[0].transact(both)
