"""What buyers find: in Chinese, in Latin letters, by category and shop, sorted, counted and paged."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
import pytest

from steelyard.goods import catalog, inventory, pricing, search
from steelyard.goods.catalog.model import Attribute, CategoryId, ProductChange, ProductId
from steelyard.goods.inventory.model import Wanted
from steelyard.goods.pricing.model import NewPrice
from steelyard.goods.search.jobs import STALE_ENTRIES
from steelyard.goods.search.model import RANKED, Facets, Query, Results, Sort
from steelyard.goods.search.subscribers import SUBSCRIBER
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid
from steelyard.kernel.events import drain
from steelyard.kernel.sweeps import sweep_once
from steelyard.kernel.text import Text, text
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantState, Shop
from tests.goods.conftest import Market


class Shelf:
    """Products by title, and what a query finds of them."""

    def __init__(self, db: Database, market: Market) -> None:
        self.db = db
        self.market = market
        self.titles: dict[UUID, str] = {}

    async def put(self, *titles: str, price: int = 1_000) -> None:
        merchant_id, category_id = await self.market.merchant(name=Text()), await self.market.category(name=Text())
        for title in titles:
            product_id, _ = await self.market.product(
                merchant_id, category_id, title=Text({"zh-Hans": title}), price=price
            )
            self.titles[product_id] = title
        await drain(self.db, [SUBSCRIBER])

    async def find(self, words: str) -> set[str]:
        found = await self.db.ask(search.find, Query(text=words))
        return {self.titles[hit.product_id] for hit in found.hits}


@pytest.fixture
def shelf(db: Database, market: Market) -> Shelf:
    return Shelf(db, market)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("围巾", {"羊毛围巾", "真丝围巾 Silk"}),
        ("羊毛围巾", {"羊毛围巾"}),
        ("毛围", {"羊毛围巾"}),
        ("巾", {"羊毛围巾", "真丝围巾 Silk", "毛巾"}),
        ("围毛", set()),
        ("巾毛", set()),
        ("silk围巾", {"真丝围巾 Silk"}),
        ("SILK", {"真丝围巾 Silk"}),
        ("ＳＩＬＫ", {"真丝围巾 Silk"}),
        ("cafe", {"Café crème"}),
        ("CRÈME café", {"Café crème"}),
        ("creme mug", set()),
        ("strasse", {"Straße 85123A"}),
        ("85123a", {"Straße 85123A"}),
        ("ガラス", {"ガラスのコップ"}),
        ("カラス", set()),
        ("한국", {"한국어 책"}),
        ("t-shirt", {"T-Shirt 3.5 'x' & | ! \\"}),
        ("3.5", {"T-Shirt 3.5 'x' & | ! \\"}),
        ("' | !x:* \\", {"T-Shirt 3.5 'x' & | ! \\"}),
        ("!!! ...", set()),
        ("丝 围巾", {"真丝围巾 Silk"}),
    ],
)
async def test_words_are_found_as_they_are_typed(shelf: Shelf, typed: str, found: set[str]) -> None:
    await shelf.put(
        "羊毛围巾",
        "真丝围巾 Silk",
        "毛巾",
        "Café crème",
        "Straße 85123A",
        "ガラスのコップ",
        "한국어 책",
        "T-Shirt 3.5 'x' & | ! \\",
    )

    assert await shelf.find(typed) == found


async def test_attributes_shop_and_article_number_are_found(db: Database, market: Market) -> None:
    merchant_id = await market.merchant(name=text("云上小铺", "Cloud corner"))
    category_id = await market.category(name=text("厨房", "Kitchen"))
    product_id, _ = await market.product(
        merchant_id,
        category_id,
        title=text("杯子", "Mug"),
        attributes=[Attribute(name=text("材质", "Material"), value=text("陶瓷", "Ceramic"))],
    )
    await drain(db, [SUBSCRIBER])

    for words in ("云上", "cloud", "厨房", "陶瓷", "ceramic mug", f"c-{product_id.hex}"):
        assert [hit.product_id for hit in (await db.ask(search.find, Query(text=words))).hits] == [product_id], words


async def test_what_happens_below_is_soon_found(db: Database, market: Market) -> None:
    merchant_id, category_id = await market.merchant("old-name"), await market.category()
    warehouse_id = await market.warehouse(merchant_id)
    product_id, sku_id = await market.product(
        merchant_id, category_id, title=text("茶壶", "Teapot"), stock={warehouse_id: 1}
    )

    async def teapot(words: str = "teapot") -> Results:
        await drain(db, [SUBSCRIBER])
        await sweep_once(db, [STALE_ENTRIES])
        return await db.ask(search.find, Query(text=words))

    (hit,) = (await teapot()).hits
    assert (hit.price, hit.in_stock, hit.title) == (1_000, True, text("茶壶", "Teapot"))

    wanted = Wanted(merchant_id=merchant_id, order_id=ids.mint(), sku_id=sku_id, quantity=1)
    await db.transact(inventory.reserve, [wanted])
    assert not (await teapot()).hits[0].in_stock

    await db.transact(inventory.release, merchant_id, [wanted.order_id])
    prices = [NewPrice(sku_id=sku_id, currency="CNY", amount=900, compare_at=1_200)]
    await db.transact(pricing.set_prices, merchant_id, prices)
    (hit,) = (await teapot()).hits
    assert (hit.price, hit.compare_at, hit.in_stock) == (900, 1_200, True)

    await db.transact(catalog.change_product, merchant_id, product_id, ProductChange(title=text("水壶", "Kettle")))
    assert not (await teapot()).hits
    assert (await teapot("kettle")).count == 1

    await db.transact(
        merchants.change_shop, Shop(merchant_id=merchant_id, slug="old-name", name=text("壶庄", "Pot house"))
    )
    assert (await teapot("壶庄")).count == 1

    await db.transact(merchants.set_state, merchant_id, MerchantState.SUSPENDED)
    assert not (await teapot("kettle")).hits
    await db.transact(merchants.set_state, merchant_id, MerchantState.OPEN)
    assert (await teapot("kettle")).count == 1

    await db.transact(catalog.take_off_shelf, merchant_id, [product_id], "test")
    assert not (await teapot("kettle")).hits


async def test_sales_are_kept_while_a_product_is_away(db: Database, market: Market) -> None:
    merchant_id, category_id = await market.merchant(), await market.category()
    product_id, _ = await market.product(merchant_id, category_id)
    await drain(db, [SUBSCRIBER])

    await db.transact(search.record_sales, [(merchant_id, product_id, 3), (merchant_id, product_id, 2)])
    await db.transact(search.record_ratings, [(merchant_id, product_id, 450)])
    await db.transact(catalog.take_off_shelf, merchant_id, [product_id], "test")
    await drain(db, [SUBSCRIBER])
    await db.transact(search.record_sales, [(merchant_id, product_id, -1)])
    await db.transact(catalog.put_on_shelf, merchant_id, [product_id], "test")
    await drain(db, [SUBSCRIBER])

    (hit,) = (await db.ask(search.find, Query())).hits
    assert (hit.sold, hit.rating) == (4, 450)


async def test_indexing_twice_changes_nothing(db: Database, market: Market) -> None:
    merchant_id, category_id = await market.merchant(), await market.category()
    product_id, _ = await market.product(merchant_id, category_id)

    await db.transact(search.reindex, merchant_id, [product_id])
    once = await db.ask(search.find, Query())
    await db.transact(search.reindex, merchant_id, [product_id, product_id, ids.mint()])

    assert await db.ask(search.find, Query()) == once


async def _fill(db: Database, market: Market) -> tuple[list[ProductId], CategoryId, CategoryId]:
    """Twelve products of two shops in a category and one below it, many alike in price and sales."""
    one, other = await market.merchant(), await market.merchant()
    top = await market.category()
    below = await market.category(parent_id=top)
    made: list[ProductId] = []
    for at in range(12):
        merchant_id, category_id = (one, top) if at % 3 else (other, below)
        title = text(f"台灯{at}", f"Lamp {at}")
        product_id, _ = await market.product(merchant_id, category_id, title=title, price=100 * (at // 4) + 100)
        await db.transact(search.record_sales, [(merchant_id, product_id, at // 5)])
        made.append(product_id)
    await drain(db, [SUBSCRIBER])
    return made, top, below


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("words", ["", "台灯", "lamp"])
async def test_pages_follow_each_other_in_every_sort(db: Database, market: Market, sort: Sort, words: str) -> None:
    made, top, _ = await _fill(db, market)
    whole = await db.ask(search.find, Query(text=words, sort=sort, category_id=top))

    pages: list[ProductId] = []
    cursor = None
    for _ in range(10):
        page = await db.ask(search.find, Query(text=words, sort=sort, category_id=top, cursor=cursor, limit=5))
        pages += [hit.product_id for hit in page.hits]
        assert page.count == 12
        cursor = page.next
        if cursor is None:
            break

    assert pages == [hit.product_id for hit in whole.hits]
    assert sorted(pages) == sorted(made)
    expected: dict[Sort, Sequence[int]] = {
        Sort.SALES: sorted((hit.sold for hit in whole.hits), reverse=True),
        Sort.PRICE_UP: sorted(hit.price for hit in whole.hits),
        Sort.PRICE_DOWN: sorted((hit.price for hit in whole.hits), reverse=True),
    }
    got: dict[Sort, Sequence[int]] = {
        Sort.SALES: [hit.sold for hit in whole.hits],
        Sort.PRICE_UP: [hit.price for hit in whole.hits],
        Sort.PRICE_DOWN: [hit.price for hit in whole.hits],
    }
    assert got.get(sort) == expected.get(sort)
    if sort is Sort.NEWEST:
        assert pages == list(reversed(made))


async def test_a_cursor_of_another_sort_is_refused(db: Database, market: Market) -> None:
    await _fill(db, market)
    page = await db.ask(search.find, Query(sort=Sort.NEWEST, limit=2))

    with pytest.raises(Invalid):
        await db.ask(search.find, Query(sort=Sort.PRICE_UP, cursor=page.next))
    with pytest.raises(Invalid):
        await db.ask(search.find, Query(cursor="x"))


async def test_filters_narrow_down_and_facets_count(db: Database, market: Market) -> None:
    made, top, below = await _fill(db, market)

    everything = await db.ask(search.find, Query(text="lamp"))
    counts = {each.category_id: each.count for each in everything.facets.categories}
    assert (counts[top], counts[below]) == (12, 4)
    assert sorted(each.count for each in everything.facets.shops) == [4, 8]
    assert sum(band.count for band in everything.facets.prices) == 12
    assert everything.facets.prices[-1].price_to is None

    in_below = await db.ask(search.find, Query(category_id=below))
    assert {hit.product_id for hit in in_below.hits} == set(made[::3])
    shop = await db.ask(search.find, Query(merchant_id=in_below.hits[0].merchant_id, sort=Sort.NEWEST))
    assert shop.count == 4
    dear = await db.ask(search.find, Query(price_from=200, price_to=299, currency="CNY"))
    assert {hit.price for hit in dear.hits} == {200}
    assert (await db.ask(search.find, Query(in_stock=True))).count == 0
    assert (await db.ask(search.find, Query(currency="EUR"))).count == 0
    assert (await db.ask(search.find, Query(facets=False))).facets.categories == []


@pytest.mark.parametrize("sort", list(Sort))
async def test_who_asks_for_the_count_alone_is_told_the_same_of_the_same_hits(
    db: Database, market: Market, sort: Sort
) -> None:
    await _fill(db, market)
    shop = (await db.ask(search.find, Query(limit=1))).hits[0].merchant_id

    for asked in (
        Query(sort=sort, limit=5),
        Query(sort=sort, text="lamp", limit=5),
        Query(sort=sort, shops=[shop], price_from=200, limit=5),
    ):
        whole = await db.ask(search.find, asked)
        alone = await db.ask(search.find, msgspec.structs.replace(asked, facets=False, count=True))

        assert (alone.hits, alone.count, alone.next) == (whole.hits, whole.count, whole.next)
        assert len(alone.hits) > 1
        assert alone.facets == Facets()


async def test_what_is_sent_free_of_charge_can_be_asked_for(db: Database, market: Market) -> None:
    merchant_id, category_id = await market.merchant(), await market.category()
    dear, _ = await market.product(merchant_id, category_id, title=text("灯", "Lamp"), price=9_900)
    cheap, _ = await market.product(merchant_id, category_id, title=text("灯泡", "Lamp bulb"), price=900)

    async def sent_free(free_from: dict[str, int]) -> tuple[set[UUID], int]:
        await db.transact(search.record_free_delivery, merchant_id, free_from)
        await drain(db, [SUBSCRIBER])
        await sweep_once(db, [STALE_ENTRIES])
        found = await db.ask(search.find, Query(text="lamp", ships_free=True))
        everything = await db.ask(search.find, Query(text="lamp"))
        assert {hit.product_id for hit in everything.hits if hit.ships_free} == {hit.product_id for hit in found.hits}
        assert (everything.count, found.facets.ships_free) == (2, everything.facets.ships_free)
        return {hit.product_id for hit in found.hits}, everything.facets.ships_free

    assert await sent_free({"CNY": 5_000}) == ({dear}, 1)
    assert await sent_free({"CNY": 0}) == ({dear, cheap}, 2)
    assert await sent_free({"EUR": 0}) == (set(), 0)
    assert await sent_free({}) == (set(), 0)


async def test_best_match_can_be_weighed_by_what_sells_and_by_what_is_new(db: Database, market: Market) -> None:
    merchant_id, category_id = await market.merchant(name=Text()), await market.category(name=Text())
    made: dict[str, ProductId] = {}
    for title in ("Lamp lamp lamp", "Lamp for reading", "Lamp for walking"):
        made[title], _ = await market.product(merchant_id, category_id, title=Text({"en": title}))
    await drain(db, [SUBSCRIBER])
    often, reading, walking = made.values()
    await db.transact(search.record_sales, [(merchant_id, reading, 3)])
    await db.transact(
        lambda tx: tx.execute(
            "UPDATE search_entries SET listed_at = now() - interval '400 days' WHERE product_id <> $1",
            walking,
        )
    )

    found = {
        sort: [hit.product_id for hit in (await db.ask(search.find, Query(text="lamp", sort=sort))).hits]
        for sort in RANKED
    }

    assert found[Sort.RELEVANCE][0] == often
    assert found[Sort.RELEVANCE_SALES][0] == reading
    assert found[Sort.RELEVANCE_NEWEST][0] == walking
