"""What a promotion of the platform takes off is paid by platform and shops as it says, and refunds undo it to the last cent."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.goods import inventory, promotions
from steelyard.goods.promotions.model import (
    PLATFORM,
    AmountOff,
    FreeShipping,
    Offer,
    PromotionId,
    Rule,
    Scope,
    Step,
    Used,
)
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.events import drain
from steelyard.kernel.money import share
from steelyard.kernel.text import text
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments.model import RefundId
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import aftersales, checkout, orders, settlement
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.orders.model import Order
from steelyard.worker import subscribers
from tests.support import deal
from tests.support.cluster import TestServer
from tests.support.database import Settled, assert_checks
from tests.support.seeded import SeededServer
from tests.support.world import World

LIVES = 4


def of_platform(rule: Rule, millionths: int, *, coupon: bool = False, **more: object) -> Offer:
    now = datetime.now(UTC)
    told = Offer(
        merchant_id=PLATFORM,
        promotion_id=PromotionId(ids.mint()),
        name=text("跨店满减", "Across shops"),
        rule=rule,
        currency="CNY",
        starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(days=1),
        coupon=coupon,
        per_buyer=1 if coupon else None,
        platform_millionths=millionths,
    )
    return msgspec.structs.replace(told, **more)


async def balances(db: Database, order: Order) -> dict[AccountKind, int]:
    return {each.kind: each.balance for each in await db.ask(ledger.balances, order.merchant_id)}


async def test_each_bears_its_part_and_the_merchant_is_paid_the_platforms(
    shop: Database, world: World, settled: Settled
) -> None:
    """3 × 39.90 and a hammer, 20.01 off over both shops, of which the platform pays 70 %."""
    across = of_platform(AmountOff(steps=(Step(10_000, 2_001),)), 700_000)
    await shop.transact(promotions.save, across)
    wanted = [(world.items["nuts"].sku_id, 3), (world.items["hammer"].sku_id, 1)]

    parts = {order.merchant_id: order for order in await deal.paid(shop, wanted)}

    tea, tools = parts[world.tea.merchant_id], parts[world.tools.merchant_id]
    lines = await shop.ask(orders.lines_of, [tea.order_id, tools.order_id])
    (nuts,), (hammer,) = lines[tea.order_id], lines[tools.order_id]
    assert nuts.discount + hammer.discount == 2_001
    assert (nuts.subsidy + hammer.subsidy, tea.subsidy, tools.subsidy) == (1_401, nuts.subsidy, hammer.subsidy)
    assert nuts.commission == share(nuts.amount + nuts.subsidy, nuts.fees[0].millionths) > 0
    used = (await shop.ask(promotions.used, PLATFORM, [across.promotion_id]))[across.promotion_id]
    assert used == Used(orders=2, amount=2_001, platform=1_401)
    await deal.shipped(shop, tea)
    await deal.received(shop, tea)
    await settled()
    owed = await balances(shop, tea)
    assert owed[AccountKind.PAYABLE] == tea.total + tea.subsidy - tea.commission == tea.income
    assert owed[AccountKind.SUBSIDY] == tea.subsidy
    await deal.at_rest(shop)
    (statement,) = await shop.transact(settlement.run, await shop.ask(in_two_days))
    assert (statement.sales, statement.subsidy, statement.payout) == (tea.total, tea.subsidy, tea.income)


async def in_two_days(read: Read) -> date:
    return await read.value("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date + 2")


async def test_freight_that_the_platform_pays_reaches_the_shop_that_sends(shop: Database, world: World) -> None:
    await shop.transact(promotions.save, of_platform(FreeShipping(over=3_000), 1_000_000))

    (order,) = await deal.paid(shop, [(world.items["nuts"].sku_id, 1)])

    (off,) = order.freight_offers
    assert (order.freight, off.amount, off.platform, order.subsidy) == (0, off.amount, off.amount, off.amount)
    await deal.shipped(shop, order)
    await deal.received(shop, order)
    assert (await balances(shop, order))[AccountKind.PAYABLE] == order.total + off.amount - order.commission


async def test_it_is_for_the_shops_that_it_names(shop: Database, world: World) -> None:
    only = of_platform(AmountOff(steps=(Step(100, 100),)), 0, scope=Scope(shops=frozenset([world.tools.merchant_id])))
    await shop.transact(promotions.save, only)

    wanted = [(world.items["nuts"].sku_id, 1), (world.items["hammer"].sku_id, 1)]
    view = await shop.ask(checkout.view, await deal.opened(shop, wanted))

    assert view is not None
    assert {group.shop.merchant_id: group.discount for group in view.quote.groups} == {
        world.tea.merchant_id: 0, world.tools.merchant_id: 100
    }  # fmt: skip


async def test_a_coupon_of_the_platform_is_used_once_for_all_orders_and_comes_back_with_the_last(
    shop: Database, world: World, settled: Settled
) -> None:
    buyer_id = BuyerId(ids.mint())
    coupon = of_platform(AmountOff(steps=(Step(3_000, 501),)), 500_000, coupon=True, budget=501)
    await shop.transact(promotions.save, coupon)
    await shop.transact(promotions.claim, buyer_id, PLATFORM, coupon.promotion_id)
    wanted = [(world.items["nuts"].sku_id, 1), (world.items["hammer"].sku_id, 1)]
    first, second = await deal.paid(shop, wanted, buyer_id)
    assert first.subsidy + second.subsidy == 251
    assert await left(shop, buyer_id, coupon) == (0, 0)

    for order, expected in ((first, 0), (second, 1)):
        refund_id = RefundId(ids.mint())
        await shop.as_merchant(order.merchant_id).transact(
            aftersales.cancel, order.merchant_id, order.order_id, refund_id, "no", "staff:1"
        )
        await drain(shop, subscribers())
        assert (await left(shop, buyer_id, coupon))[0] == expected
    await deal.channel_refunds(shop)
    await settled()
    assert await left(shop, buyer_id, coupon) == (1, 501)


async def left(db: Database, buyer_id: BuyerId, coupon: Offer) -> tuple[int, int]:
    """How many coupons the buyer has, and what the budget has."""
    kept = await db.ask(promotions.get, PLATFORM, coupon.promotion_id)
    assert kept is not None and kept.left is not None
    held = await db.ask(promotions.held_by, [buyer_id], [coupon])
    return len(held.get(buyer_id, ())), kept.left


async def test_a_shop_cannot_make_the_platform_pay_nor_see_or_end_its_promotions(shop: Database, world: World) -> None:
    mine = of_platform(AmountOff(steps=(Step(1, 1),)), 500_000)
    await shop.transact(promotions.save, mine)
    merchant = shop.as_merchant(world.tea.merchant_id)

    with pytest.raises(Invalid):
        await merchant.transact(promotions.save, msgspec.structs.replace(mine, merchant_id=world.tea.merchant_id))
    assert await merchant.ask(promotions.get, PLATFORM, mine.promotion_id) is None
    with pytest.raises(NotFound):
        await merchant.transact(promotions.stop, PLATFORM, mine.promotion_id)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await merchant.transact(promotions.save, msgspec.structs.replace(mine, promotion_id=PromotionId(ids.mint())))


@pytest.fixture(scope="module")
def seeded(database_server: TestServer) -> SeededServer:
    return SeededServer(database_server)


@pytest.fixture
def url(seeded: SeededServer) -> Iterator[str]:
    with seeded.database() as name:
        yield name


STEPS = st.lists(st.one_of(st.integers(1, 3), st.just("receive"), st.just("freight")), max_size=6)


@settings(max_examples=LIVES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lives=st.lists(st.tuples(st.integers(1, 3_989), st.integers(0, 1_000_000), STEPS), min_size=4, max_size=4))
def test_whatever_is_refunded_when_all_parts_add_up_to_what_was_paid(
    seeded: SeededServer, url: str, lives: list[tuple[int, int, list[int | str]]]
) -> None:
    async def lived_all() -> None:
        db = await Database.connect(url, size=2)
        try:
            await db.transact(plenty, seeded.world)
            for off, part, steps in lives:
                await lived(db, seeded.world, off, part, steps)
            await deal.at_rest(db)
            await deal.channel_refunds(db)
            (order,) = await deal.paid(db, [(seeded.world.items["nuts"].sku_id, 1)])
            assert {kind for kind, amount in (await balances(db, order)).items() if amount} <= {
                AccountKind.HELD, AccountKind.ORDER_CLEARING
            }  # fmt: skip
            await assert_checks(url)
        finally:
            await db.close()

    asyncio.run(lived_all())


async def plenty(tx: Tx, world: World) -> None:
    lines = [(world.items["nuts"].sku_id, world.tea.warehouse_id, 100)]
    await inventory.receive(tx, world.tea.merchant_id, lines, document=ids.mint(), by="test")


async def lived(db: Database, world: World, off: int, part: int, steps: list[int | str]) -> None:
    """An order of five pieces, given back in these parts, some before receipt is confirmed; in the end all of it."""
    some = [
        of_platform(AmountOff(steps=(Step(off, off),)), part),
        of_platform(FreeShipping(at_most=101), part),
    ]
    for each in some:
        await db.transact(promotions.save, each)
    (order,) = await deal.paid(db, [(world.items["nuts"].sku_id, 5)])
    await deal.shipped(db, order)
    left, freight = 5, order.freight
    for step in steps:
        if step == "receive":
            await deal.received(db, order)
        elif step == "freight" and freight:
            await deal.refunded(db, order, freight=(freight + 1) // 2)
            freight -= (freight + 1) // 2
        elif isinstance(step, int) and min(step, left):
            await deal.refunded(db, order, Returned(1, min(step, left)))
            left -= min(step, left)
        await as_told(db, order)
    await deal.received(db, order)
    if left or freight:
        await deal.refunded(db, order, *([Returned(1, left)] if left else []), freight=freight)
    await as_told(db, order)
    now = await deal.again(db, order)
    assert (now.refunded, now.subsidy_returned, now.commission_returned) == (now.total, now.subsidy, now.commission)
    for each in some:
        await db.transact(promotions.stop, PLATFORM, each.promotion_id)


async def as_told(db: Database, order: Order) -> None:
    """What is owed to the merchant is what the order says, and the platform bears what is left of its part."""
    now = await deal.again(db, order)
    received = now.state == "completed"
    owed = await balances(db, order)
    assert owed.get(AccountKind.PAYABLE, 0) == (now.income if received else 0)
    assert owed.get(AccountKind.SUBSIDY, 0) == (now.subsidy_kept if received else 0)
