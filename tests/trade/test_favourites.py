"""Favourites and footprints."""

import pytest

from steelyard.goods import catalog, inventory, pricing, search
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import NotFound
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import favourites
from steelyard.trade.favourites.model import FOOTPRINTS_PER_BUYER_MAX, FavouritesFull, Footprint, Which
from tests.support.world import CURRENCY, World


@pytest.fixture
def buyer() -> BuyerId:
    return BuyerId(ids.mint())


def footprint(world: World, buyer: BuyerId, slug: str) -> Footprint:
    item = world.items[slug]
    return Footprint(buyer_id=buyer, product_id=item.product_id, merchant_id=item.merchant_id)


async def seen(db: Database, buyer: BuyerId) -> list[str]:
    return [each.title["en"] for each in (await db.ask(favourites.footprints, buyer)).items]


async def test_a_product_is_kept_once_and_dropped(shop: Database, world: World, buyer: BuyerId) -> None:
    nuts = world.items["nuts"].product_id
    for _ in range(2):
        await shop.transact(favourites.keep_product, buyer, nuts)
    (kept,) = (await shop.ask(favourites.products, buyer)).items
    assert (kept.kept_price, kept.price, kept.cheaper_by, kept.back) == (3_990, 3_990, 0, False)
    assert await shop.ask(favourites.kept_among, buyer, [nuts, world.items["rare"].product_id]) == {nuts}

    for _ in range(2):
        await shop.transact(favourites.drop_products, buyer, [nuts])
    assert not (await shop.ask(favourites.products, buyer)).items
    with pytest.raises(NotFound):
        await shop.transact(favourites.keep_product, buyer, ids.mint())


async def test_it_is_said_what_has_become_of_favourites(shop: Database, world: World, buyer: BuyerId) -> None:
    nuts, rare, ruler = world.items["nuts"], world.items["rare"], world.items["ruler"]
    for item in (nuts, rare, ruler):
        await shop.transact(favourites.keep_product, buyer, item.product_id)

    cheaper = NewPrice(sku_id=nuts.sku_id, currency=CURRENCY, amount=2_990)
    await shop.transact(pricing.set_prices, nuts.merchant_id, [cheaper])
    lines = [(rare.sku_id, world.tea.warehouse_id, 3)]
    await shop.transact(inventory.receive, rare.merchant_id, lines, document=ids.mint(), by="system")
    await shop.transact(catalog.take_off_shelf, ruler.merchant_id, [ruler.product_id], "system")
    keys = [(item.merchant_id, item.product_id) for item in (nuts, rare, ruler)]
    await shop.transact(search.reindex_products, keys)

    assert await shop.ask(favourites.product_counts, buyer) == {
        Which.ALL: 3, Which.CHEAPER: 1, Which.BACK: 1, Which.GONE: 1
    }  # fmt: skip
    (fallen,) = (await shop.ask(favourites.products, buyer, Which.CHEAPER)).items
    assert (fallen.product_id, fallen.cheaper_by) == (nuts.product_id, 1_000)
    (back,) = (await shop.ask(favourites.products, buyer, Which.BACK)).items
    assert back.product_id == rare.product_id and back.back
    (gone,) = (await shop.ask(favourites.products, buyer, Which.GONE)).items
    assert gone.product_id == ruler.product_id and gone.price is None


async def test_favourites_have_a_limit(
    shop: Database, world: World, buyer: BuyerId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("steelyard.trade.favourites.service.PRODUCTS_PER_BUYER_MAX", 1)
    await shop.transact(favourites.keep_product, buyer, world.items["nuts"].product_id)
    await shop.transact(favourites.keep_product, buyer, world.items["nuts"].product_id)
    with pytest.raises(FavouritesFull):
        await shop.transact(favourites.keep_product, buyer, world.items["rare"].product_id)


async def test_a_shop_is_followed(shop: Database, world: World, buyer: BuyerId) -> None:
    for _ in range(2):
        await shop.transact(favourites.keep_shop, buyer, world.tea.merchant_id)
    assert await shop.ask(favourites.follows, buyer, world.tea.merchant_id)
    assert len(await shop.ask(favourites.shops, buyer)) == 1
    await shop.transact(favourites.drop_shop, buyer, world.tea.merchant_id)
    assert not await shop.ask(favourites.follows, buyer, world.tea.merchant_id)
    with pytest.raises(NotFound):
        await shop.transact(favourites.keep_shop, buyer, ids.mint())  # pyright: ignore[reportArgumentType]  # nobody's id


async def test_a_footprint_is_left_once_a_product_and_the_last_comes_first(
    shop: Database, world: World, buyer: BuyerId
) -> None:
    for slug in ("nuts", "black", "nuts"):
        await shop.transact(favourites.leave_footprints, [footprint(world, buyer, slug)])
    assert await seen(shop, buyer) == ["Hickory nuts", "Yunnan black tea"]

    await shop.transact(favourites.wipe_footprints, buyer, [world.items["nuts"].product_id])
    assert await seen(shop, buyer) == ["Yunnan black tea"]
    await shop.transact(favourites.wipe_footprints, buyer)
    assert await seen(shop, buyer) == []


async def test_who_switches_footprints_off_leaves_none(shop: Database, world: World, buyer: BuyerId) -> None:
    other = BuyerId(ids.mint())
    both = [footprint(world, buyer, "nuts"), footprint(world, other, "nuts"), footprint(world, other, "nuts")]
    await shop.transact(favourites.leave_footprints, both)

    await shop.transact(favourites.switch_footprints, buyer, on=False)
    assert await shop.transact(favourites.leave_footprints, both) == 1
    assert await seen(shop, buyer) == []
    assert await seen(shop, other) == ["Hickory nuts"]
    assert not await shop.ask(favourites.footprints_on, buyer)

    await shop.transact(favourites.switch_footprints, buyer, on=True)
    await shop.transact(favourites.leave_footprints, both)
    assert await seen(shop, buyer) == ["Hickory nuts"]


async def stuff(tx: Tx, buyer: BuyerId, count: int, days: int) -> None:
    await tx.execute(
        """
        INSERT INTO footprints (buyer_id, product_id, merchant_id, seen_at)
        SELECT $1, gen_random_uuid(), gen_random_uuid(), now() - $3 * interval '1 day' FROM generate_series(1, $2)
        """,
        buyer,
        count,
        days,
    )


async def test_footprints_are_limited_and_fade(shop: Database, world: World, buyer: BuyerId) -> None:
    await shop.transact(stuff, buyer, FOOTPRINTS_PER_BUYER_MAX, 3)
    await shop.transact(favourites.leave_footprints, [footprint(world, buyer, "nuts")])
    assert len((await shop.ask(favourites.of_buyers, [buyer]))["footprints"]) == FOOTPRINTS_PER_BUYER_MAX
    assert await seen(shop, buyer) == ["Hickory nuts"]

    await shop.transact(stuff, BuyerId(ids.mint()), 7, 61)
    assert await shop.transact(favourites.fade_footprints) == 7
    assert await shop.transact(favourites.fade_footprints) == 0


async def test_a_visitor_who_signs_in_keeps_all_of_it(shop: Database, world: World, buyer: BuyerId) -> None:
    visitor = BuyerId(ids.mint())
    for who, slug in ((visitor, "nuts"), (visitor, "black"), (buyer, "nuts")):
        await shop.transact(favourites.keep_product, who, world.items[slug].product_id)
        await shop.transact(favourites.leave_footprints, [footprint(world, who, slug)])
    await shop.transact(favourites.keep_shop, visitor, world.tea.merchant_id)

    for _ in range(2):
        await shop.transact(favourites.merge, visitor, buyer)

    assert len((await shop.ask(favourites.products, buyer)).items) == 2
    assert await shop.ask(favourites.follows, buyer, world.tea.merchant_id)
    assert len(await seen(shop, buyer)) == 2
    assert not any((await shop.ask(favourites.of_buyers, [visitor])).values())
    await shop.transact(favourites.forget, [buyer])
    assert not any((await shop.ask(favourites.of_buyers, [buyer])).values())
