"""Prices: one a currency, announced when they change."""

from datetime import UTC, datetime, timedelta

import pytest

from steelyard.goods import pricing
from steelyard.goods.pricing.model import MerchantPrice, NewPrice, Price
from steelyard.kernel.db import Database, Read, administer
from steelyard.kernel.errors import Invalid, NotFound
from tests.goods.conftest import Market


async def _announced(read: Read) -> int:
    return await read.value("SELECT count(*) FROM events WHERE kind = 'pricing.prices_changed'")


async def test_a_price_is_announced_when_it_changes(db: Database, market: Market) -> None:
    merchant_id, category_id = await market.merchant(), await market.category()
    _, sku_id = await market.product(merchant_id, category_id, price=1_000)
    new = NewPrice(sku_id=sku_id, currency="CNY", amount=800, compare_at=1_000)

    assert await db.transact(pricing.set_prices, merchant_id, [new]) == [sku_id]
    assert await db.transact(pricing.set_prices, merchant_id, [new]) == []

    assert await db.ask(pricing.current, [sku_id], "CNY") == {
        sku_id: Price(amount=800, compare_at=1_000, currency="CNY", lowest_before=1_000)
    }
    assert await db.ask(pricing.current, [sku_id], "EUR") == {}
    assert await db.ask(_announced) == 2


async def test_a_market_price_that_is_not_higher_is_left_out(db: Database, market: Market) -> None:
    merchant_id, category_id = await market.merchant(), await market.category()
    _, sku_id = await market.product(merchant_id, category_id)

    prices = [NewPrice(sku_id=sku_id, currency="CNY", amount=800, compare_at=800)]
    await db.transact(pricing.set_prices, merchant_id, prices)

    assert (await db.ask(pricing.current, [sku_id], "CNY"))[sku_id].compare_at is None


async def test_prices_are_of_ones_own_goods_and_not_negative(db: Database, market: Market) -> None:
    merchant_id, category_id = await market.merchant(), await market.category()
    _, sku_id = await market.product(merchant_id, category_id)

    with pytest.raises(Invalid):
        await db.transact(pricing.set_prices, merchant_id, [NewPrice(sku_id=sku_id, currency="CNY", amount=-1)])
    with pytest.raises(NotFound):
        prices = [NewPrice(sku_id=sku_id, currency="CNY", amount=1)]
        await db.transact(pricing.set_prices, await market.merchant(), prices)


async def test_each_price_in_its_merchants_own_currency(db: Database, market: Market) -> None:
    category_id = await market.category()
    chinese, british = await market.merchant(), await market.merchant(currency="GBP")
    _, one = await market.product(chinese, category_id, price=100)
    _, other = await market.product(british, category_id, price=200, currency="GBP")
    await db.transact(pricing.set_prices, british, [NewPrice(sku_id=other, currency="CNY", amount=1_800)])

    prices = await db.ask(pricing.current_at_home, [one, other])

    assert {sku_id: (price.amount, price.currency) for sku_id, price in prices.items()} == {
        one: (100, "CNY"),
        other: (200, "GBP"),
    }


async def test_the_bulk_path_writes_what_the_command_writes(db: Database, market: Market) -> None:
    merchant_id, category_id = await market.merchant(), await market.category()
    _, one = await market.product(merchant_id, category_id)
    _, other = await market.product(merchant_id, category_id)

    def prices(sku: object) -> list[NewPrice]:
        return [NewPrice(sku_id=sku, currency="USD", amount=90, compare_at=compare) for compare in (90,)]  # pyright: ignore[reportArgumentType]

    await db.transact(pricing.set_prices, merchant_id, prices(one))
    await db.transact(
        pricing.bulk_set, [MerchantPrice(merchant_id=merchant_id, price=price) for price in prices(other)]
    )

    found = await db.ask(pricing.current, [one, other], "USD")
    assert found[one] == found[other]


async def test_beside_a_price_stands_the_lowest_of_thirty_days_before_it(db: Database, market: Market) -> None:
    merchant_id, category_id = await market.merchant(), await market.category()
    _, sku_id = await market.product(merchant_id, category_id, price=1_000)

    async def now(amount: int, compare_at: int | None = None) -> int | None:
        wanted = [NewPrice(sku_id=sku_id, currency="CNY", amount=amount, compare_at=compare_at)]
        await db.transact(pricing.set_prices, merchant_id, wanted)
        return (await db.ask(pricing.current, [sku_id], "CNY"))[sku_id].lowest_before

    assert (await db.ask(pricing.current, [sku_id], "CNY"))[sku_id].lowest_before is None
    # Raised before it is "reduced": the lowest tells.
    assert await now(1_500) == 1_000
    assert await now(1_200, 1_500) == 1_000
    # What it is compared with is no price that was asked.
    assert await now(1_200, 9_900) == 1_000
    assert await now(900, 1_200) == 1_000
    assert await now(1_100) == 900
    assert await now(1_100) == 900


async def test_what_it_cost_longer_ago_is_not_counted(database_url: str, db: Database, market: Market) -> None:
    merchant_id, category_id = await market.merchant(), await market.category()
    _, sku_id = await market.product(merchant_id, category_id, price=700)

    async def now(amount: int) -> int | None:
        await db.transact(pricing.set_prices, merchant_id, [NewPrice(sku_id=sku_id, currency="CNY", amount=amount)])
        return (await db.ask(pricing.current, [sku_id], "CNY"))[sku_id].lowest_before

    await now(1_000)
    async with administer(database_url) as owner:  # time passes: the table is append-only for everybody else
        await owner.execute("UPDATE price_history SET until = until - interval '29 days 23 hours'")
    assert await now(900) == 700
    async with administer(database_url) as owner:
        await owner.execute("UPDATE price_history SET until = until - interval '1 hour' WHERE amount = 700")
    assert await now(800) == 900


async def test_the_lowest_until_a_moment_is_of_thirty_days_before_it(db: Database, market: Market) -> None:
    merchant_id, category_id = await market.merchant(), await market.category()
    _, sku_id = await market.product(merchant_id, category_id, price=700)
    await db.transact(pricing.set_prices, merchant_id, [NewPrice(sku_id=sku_id, currency="CNY", amount=1_000)])

    async def lowest(days: int) -> int | None:
        at = datetime.now(UTC) + timedelta(days=days)
        return await db.ask(pricing.lowest_until, merchant_id, sku_id, "CNY", at)

    assert [await lowest(days) for days in (0, 29, 31)] == [700, 700, 1_000]
    assert await db.ask(pricing.lowest_until, merchant_id, sku_id, "USD", datetime.now(UTC)) is None
