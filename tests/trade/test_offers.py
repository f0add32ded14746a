"""What shops offer in a deal: quoted, frozen on the lines, refunded in proportion, and never more of it than there is."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from steelyard.goods import inventory, promotions
from steelyard.goods.promotions.model import (
    AmountOff,
    BuyGet,
    CodeUnknown,
    CouponClaimed,
    CouponGone,
    FreeShipping,
    Offer,
    OfferBegun,
    OfferGone,
    PromotionId,
    Rule,
    Step,
    Used,
)
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx, administer
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.text import text
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import checkout, orders
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.checkout.model import CheckoutId, Quote
from tests.support import deal
from tests.support.cluster import TestServer
from tests.support.database import Settled, assert_checks
from tests.support.seeded import SeededServer
from tests.support.world import World

BUYERS = 100
AT_ONCE = 6
OFF = 500


def offer(merchant_id: MerchantId, rule: Rule, *, coupon: bool = False, **more: object) -> Offer:
    now = datetime.now(UTC)
    told = Offer(
        merchant_id=merchant_id,
        promotion_id=PromotionId(ids.mint()),
        name=text("满减", "Reduction"),
        rule=rule,
        currency="CNY",
        starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(days=1),
        coupon=coupon,
        per_buyer=1 if coupon else None,
    )
    return msgspec.structs.replace(told, **more)


async def quoted(db: Database, checkout_id: CheckoutId) -> Quote:
    view = await db.ask(checkout.view, checkout_id)
    assert view is not None
    return view.quote


async def test_the_offer_of_a_shop_counts_in_the_quote_and_is_frozen_on_its_lines(shop: Database, world: World) -> None:
    nuts, hammer = world.items["nuts"], world.items["hammer"]
    reduction = offer(world.tea.merchant_id, AmountOff(steps=(Step(10_000, 1_000),)))
    await shop.transact(promotions.save, reduction)
    checkout_id = await deal.opened(shop, [(nuts.sku_id, 3), (hammer.sku_id, 1)])

    cost = await quoted(shop, checkout_id)
    purchase_id = await shop.transact(checkout.place, checkout_id, expected_total=cost.total, by="buyer")

    parts = {part.merchant_id: part for part in await deal.orders_of(shop, purchase_id)}
    tea = parts[world.tea.merchant_id]
    (line,) = (await shop.ask(orders.lines_of, [tea.order_id]))[tea.order_id]
    assert (line.unit_price, line.quantity, line.discount, line.amount) == (3_990, 3, 1_000, 10_970)
    assert [(each.promotion_id, each.amount) for each in line.offers] == [(reduction.promotion_id, 1_000)]
    assert (tea.goods, sum(part.total for part in parts.values())) == (10_970, cost.total)
    assert (await shop.ask(promotions.used, world.tea.merchant_id, [reduction.promotion_id]))[
        reduction.promotion_id
    ] == Used(orders=1, amount=1_000)


async def test_what_is_missing_is_told(shop: Database, world: World) -> None:
    await shop.transact(promotions.save, offer(world.tea.merchant_id, AmountOff(steps=(Step(10_000, 1_000),))))

    cost = await quoted(shop, await deal.opened(shop, [(world.items["nuts"].sku_id, 2)]))

    assert cost.reckoning is not None and cost.discount == 0
    (missed,) = cost.reckoning.missed
    assert missed.hint is not None and (missed.hint.missing, missed.hint.off) == (2_020, 1_000)


async def test_freight_that_an_offer_pays_is_not_charged(shop: Database, world: World) -> None:
    wanted = [(world.items["nuts"].sku_id, 1)]
    before = await quoted(shop, await deal.opened(shop, wanted))
    assert before.freight > 0
    await shop.transact(promotions.save, offer(world.tea.merchant_id, FreeShipping(over=3_000)))

    after = await quoted(shop, await deal.opened(shop, wanted))

    assert (after.freight, after.freight_off, after.total) == (0, before.freight, before.total - before.freight)


async def test_a_refund_gives_back_what_was_paid_and_no_more(shop: Database, world: World, settled: Settled) -> None:
    await shop.transact(promotions.save, offer(world.tea.merchant_id, BuyGet(buy=2, get=1)))
    (order,) = await deal.paid(shop, [(world.items["nuts"].sku_id, 3)])
    assert order.goods == 2 * 3_990
    await deal.shipped(shop, order)
    await deal.received(shop, order)

    await deal.refunded(shop, order, Returned(1, 1))
    await deal.channel_refunds(shop)
    await settled()
    await deal.refunded(shop, order, Returned(1, 2))
    await deal.channel_refunds(shop)
    await settled()

    assert (await deal.again(shop, order)).refunded == order.goods


async def test_a_coupon_is_claimed_once_and_used_once(shop: Database, world: World) -> None:
    buyer_id = BuyerId(ids.mint())
    coupon = offer(world.tea.merchant_id, AmountOff(steps=(Step(3_000, OFF),)), coupon=True)
    await shop.transact(promotions.save, coupon)
    wanted = [(world.items["nuts"].sku_id, 1)]
    assert (await quoted(shop, await deal.opened(shop, wanted, buyer_id))).discount == 0

    await shop.transact(promotions.claim, buyer_id, coupon.merchant_id, coupon.promotion_id)
    with pytest.raises(CouponClaimed):
        await shop.transact(promotions.claim, buyer_id, coupon.merchant_id, coupon.promotion_id)
    first, second = await deal.opened(shop, wanted, buyer_id), await deal.opened(shop, wanted, buyer_id)
    both = [(await quoted(shop, each)).discount for each in (first, second)]
    purchase_id = await shop.transact(checkout.place, first, expected_total=None, by="buyer")

    assert both == [OFF, OFF]
    assert (await quoted(shop, second)).discount == 0
    await shop.transact(orders.cancel_purchase, purchase_id, reason="buyer", by="buyer")
    assert (await quoted(shop, second)).discount == OFF


async def test_a_code_is_that_of_a_shop_in_the_checkout(shop: Database, world: World) -> None:
    buyer_id = BuyerId(ids.mint())
    rule = AmountOff(steps=(Step(3_000, OFF),))
    coupon = offer(world.tea.merchant_id, rule, coupon=True, code="NUTS", copies=1)
    await shop.transact(promotions.save, coupon)

    with pytest.raises(CodeUnknown):
        await shop.transact(promotions.claim_code, buyer_id, "nuts", [world.tools.merchant_id])
    await shop.transact(promotions.claim_code, buyer_id, " nuts ", [world.tea.merchant_id])

    assert [each.offer.promotion_id for each in await shop.ask(promotions.coupons_of, buyer_id)] == [
        coupon.promotion_id
    ]
    with pytest.raises(CouponGone):
        await shop.transact(promotions.claim_code, BuyerId(ids.mint()), "NUTS", [world.tea.merchant_id])
    with pytest.raises(Invalid):
        await shop.transact(promotions.save, offer(world.tea.merchant_id, rule, coupon=True, code="NUTS"))


async def test_what_has_begun_is_not_changed_but_stopped(shop: Database, world: World) -> None:
    begun = offer(world.tea.merchant_id, AmountOff(steps=(Step(3_000, OFF),)))
    to_come = offer(world.tea.merchant_id, begun.rule, starts_at=datetime.now(UTC) + timedelta(hours=1))
    more = AmountOff(steps=(Step(3_000, OFF + 1),))
    for each in (begun, begun, to_come):
        await shop.transact(promotions.save, each)

    with pytest.raises(OfferBegun):
        await shop.transact(promotions.save, msgspec.structs.replace(begun, rule=more))
    await shop.transact(promotions.save, msgspec.structs.replace(to_come, rule=more))
    await shop.transact(promotions.stop, begun.merchant_id, begun.promotion_id)

    assert (await quoted(shop, await deal.opened(shop, [(world.items["nuts"].sku_id, 1)]))).discount == 0
    changed = await shop.ask(promotions.get, to_come.merchant_id, to_come.promotion_id)
    assert changed is not None and changed.rule == more


async def test_a_merchant_sees_and_stops_its_own_offers_only(shop: Database, world: World) -> None:
    mine = offer(world.tea.merchant_id, AmountOff(steps=(Step(3_000, OFF),)))
    await shop.transact(promotions.save, mine)
    theirs = shop.as_merchant(world.tools.merchant_id)

    assert await theirs.ask(promotions.get, mine.merchant_id, mine.promotion_id) is None
    assert await theirs.ask(promotions.offers, mine.merchant_id, None, 10) == []
    with pytest.raises(Refusal):
        await theirs.transact(promotions.stop, mine.merchant_id, mine.promotion_id)


@pytest.fixture(scope="module")
def seeded(database_server: TestServer) -> SeededServer:
    return SeededServer(database_server)


@pytest.fixture
def url(seeded: SeededServer) -> Iterator[str]:
    with seeded.database() as name:
        yield name


async def test_a_budget_is_never_overspent_by_a_crowd(seeded: SeededServer, url: str) -> None:
    """A budget for half of those who come, through batches of several at once, and one by one between them."""
    db = await Database.connect(url, size=AT_ONCE)
    rush = offer(seeded.world.tea.merchant_id, AmountOff(steps=(Step(1, 1),)), budget=BUYERS // 2)
    await db.transact(promotions.save, rush)
    await db.transact(plenty, seeded.world)
    sku_id = seeded.world.items["nuts"].sku_id
    slots = asyncio.Semaphore(AT_ONCE)

    async def buy(count: int) -> list[object]:
        async with slots:
            opened = [await deal.opened(db, [(sku_id, 1)]) for _ in range(count)]
            wishes = [checkout.Placement(checkout_id=each, expected_total=None, by="buyer") for each in sorted(opened)]
            return list(await db.transact(checkout.place_all, wishes))

    answers = [each for some in await asyncio.gather(*(buy(1 + n % 7) for n in range(BUYERS // 3))) for each in some]

    gone = sum(isinstance(answer, OfferGone) for answer in answers)
    used = (await db.ask(promotions.used, rush.merchant_id, [rush.promotion_id]))[rush.promotion_id]
    kept = await db.ask(promotions.get, rush.merchant_id, rush.promotion_id)
    assert kept is not None
    assert kept.spent == used.orders == BUYERS // 2
    assert len(answers) - gone >= BUYERS // 2
    await db.close()
    await assert_checks(url)


async def plenty(tx: Tx, world: World) -> None:
    lines = [(world.items["nuts"].sku_id, world.tea.warehouse_id, 10 * BUYERS)]
    await inventory.receive(tx, world.tea.merchant_id, lines, document=ids.mint(), by="test")


async def test_control_without_lock_and_guard_a_budget_is_overspent(seeded: SeededServer, url: str) -> None:
    """The same by look-then-write, with the constraint gone: if this did not overspend, the test above proves nothing."""
    async with administer(url) as owner:  # the guard is taken away behind the application's back
        await owner.execute("ALTER TABLE promotions DROP CONSTRAINT never_spend_more_than_the_budget")
    db = await Database.connect(url, size=AT_ONCE)
    rush = offer(seeded.world.tea.merchant_id, AmountOff(steps=(Step(1, 1),)), budget=AT_ONCE // 2)
    await db.transact(promotions.save, rush)
    everybody_has_looked = asyncio.Barrier(AT_ONCE)

    async def careless(tx: Tx) -> bool:
        kept = await promotions.get(tx, rush.merchant_id, rush.promotion_id)
        await everybody_has_looked.wait()
        if kept is None or not kept.left:
            return False
        return bool(
            await tx.execute("UPDATE promotions SET spent = spent + 1 WHERE promotion_id = $1", rush.promotion_id)
        )

    await asyncio.gather(*(db.transact(careless) for _ in range(AT_ONCE)))

    assert await db.ask(spent, rush.promotion_id) > AT_ONCE // 2
    await db.close()


async def spent(read: Read, promotion_id: UUID) -> int:
    return await read.value("SELECT spent FROM promotions WHERE promotion_id = $1", promotion_id)


async def test_of_a_hundred_coupons_a_crowd_gets_a_hundred(seeded: SeededServer, url: str) -> None:
    db = await Database.connect(url, size=AT_ONCE)
    few = offer(seeded.world.tea.merchant_id, AmountOff(steps=(Step(1, 1),)), coupon=True, copies=BUYERS // 2)
    await db.transact(promotions.save, few)
    slots = asyncio.Semaphore(AT_ONCE)

    async def want(buyer_id: UUID) -> bool:
        async with slots:
            try:
                await db.transact(promotions.claim, buyer_id, few.merchant_id, few.promotion_id)
            except (CouponGone, CouponClaimed):
                return False
            return True

    buyers = [ids.mint() for _ in range(BUYERS)]
    answers = await asyncio.gather(*(want(buyer_id) for buyer_id in buyers for _ in range(2)))

    assert sum(answers) == BUYERS // 2
    await db.close()
    await assert_checks(url)
