"""While a shop is suspended its journeys rest: nobody goes on, nothing is given, and nothing is lost when it is open again."""

from datetime import UTC, datetime, timedelta

from steelyard.goods import promotions
from steelyard.goods.promotions.model import Offer
from steelyard.kernel.db import Database
from steelyard.money import wallets
from steelyard.operations import journeys, workboard
from steelyard.operations.journeys.model import Await, Coupon, Points, Task, Wait
from steelyard.operations.journeys.running import sweep, with_due
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId, MerchantState
from tests.operations.journeys.conftest import go, happens, line, people, stands, started, steps
from tests.operations.journeys.test_acts import coupon_of
from tests.support.world import World


async def put(db: Database, merchant_id: MerchantId, state: MerchantState) -> None:
    await db.transact(merchants.set_state, merchant_id, state, by="staff:chief", reason="a look at it")


async def given(db: Database, coupon: Offer) -> int:
    return len(await db.ask(promotions.holders, coupon.promotion_id, None, 100))


async def test_a_suspended_shops_journeys_give_nothing_and_go_on_when_it_is_open_again(
    db: Database, world: World
) -> None:
    shop, other = world.tea.merchant_id, world.tools.merchant_id
    its, control = coupon_of(shop), coupon_of(other)
    for each in (its, control):
        await db.transact(promotions.save, each)
    graph = line(Coupon(promotion_id=its.promotion_id), Points(points=50), Task(title="Call them"))
    journey, some = await started(db, shop, graph), await people(db, shop, 2)
    beside = await started(db, other, line(Coupon(promotion_id=control.promotion_id)))
    others = await people(db, other, 1)
    await happens(db, shop, "order_paid", some[:1])
    await put(db, shop, MerchantState.SUSPENDED)
    await happens(db, shop, "order_paid", some[1:])
    await happens(db, other, "order_paid", others)

    assert await db.ask(with_due) == [(other, beside)], "nobody of the shop is looked for"
    while await sweep(db):
        pass
    assert await go(db, shop, journey, timedelta(days=90)) == 0
    assert (await given(db, its), await given(db, control)) == (0, 1)
    assert await db.ask(workboard.of_source, shop, "journeys", journey) == []
    assert await steps(db, journey) == []
    assert [stand for stand, _ in (await stands(db, journey)).values()] == ["inside", "inside"]

    await put(db, shop, MerchantState.OPEN)
    while await sweep(db):
        pass
    assert await given(db, its) == 2, "who came in meanwhile is served, too"
    assert len(await db.ask(workboard.of_source, shop, "journeys", journey)) == 2
    for buyer_id in some:
        (purse,) = await db.ask(wallets.amounts, BuyerId(buyer_id))
        assert purse.amount == 50
    assert {stand for stand, _ in (await stands(db, journey)).values()} == {"finished"}


async def test_what_happens_while_the_shop_is_suspended_is_heard(db: Database, world: World) -> None:
    shop = world.tea.merchant_id
    journey, some = await started(db, shop, line(Await(event="parcel_received", minutes=60))), await people(db, shop, 2)
    await happens(db, shop, "order_paid", some)
    await go(db, shop, journey)
    await put(db, shop, MerchantState.SUSPENDED)

    await happens(db, shop, "parcel_received", some[:1], at=datetime.now(UTC) + timedelta(minutes=1))
    assert await go(db, shop, journey, timedelta(hours=2)) == 0
    await put(db, shop, MerchantState.OPEN)
    await go(db, shop, journey, timedelta(hours=2))

    outs = sorted(out for node, out, _ in await steps(db, journey) if node == "b1")
    assert outs == ["happened", "late"]


async def test_a_journey_of_a_shut_shop_can_end_and_nobody_comes_to_one_that_is_closed(
    db: Database, world: World
) -> None:
    shop = world.tea.merchant_id
    ended, left = await started(db, shop, line(Wait(minutes=60))), await started(db, shop, line(Wait(minutes=60)))
    first, later = await people(db, shop, 2)
    await happens(db, shop, "order_paid", [first])
    await put(db, shop, MerchantState.SUSPENDED)

    await db.transact(journeys.end, shop, ended, "li")
    await go(db, shop, ended)
    assert (await stands(db, ended))[first][0] == "exited"

    await put(db, shop, MerchantState.CLOSED)
    await happens(db, shop, "order_paid", [later])
    assert set(await stands(db, left)) == {first}
    assert await go(db, shop, left, timedelta(days=1)) == 0
