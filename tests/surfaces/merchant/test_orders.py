"""A shop's staff see their orders and send, cancel and refund them."""

from steelyard.kernel.db import Database
from steelyard.money import payments
from steelyard.parties import access
from steelyard.trade import aftersales, orders
from steelyard.trade.orders.model import OrderState
from tests.support import deal
from tests.support.browser import Browser, hidden, words
from tests.support.world import World


async def test_the_front_page_counts_what_waits(db: Database, world: World, owner: Browser) -> None:
    await deal.paid(db, [(world.items["green"].sku_id, 2)])
    await deal.placed(db, [(world.items["black"].sku_id, 1)])

    page = await owner.get("/merchant")

    assert page.status_code == 200
    said = words(page)
    assert "Orders to ship 1" in said
    assert "Waiting for payment 1" in said


async def test_a_paid_order_is_sent_in_two_parcels_and_a_second_click_sends_nothing(
    db: Database, world: World, owner: Browser
) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2), (world.items["black"].sku_id, 1)])
    here = f"/merchant/orders/{order.order_id}"
    page = await owner.get(here)
    assert page.status_code == 200
    part = {"parcel_id": hidden(page, "parcel_id"), "carrier": "simex", "number": "SX1", "line_1": "1", "line_2": "0"}

    for _ in range(2):
        after = await owner.follow(await owner.post(f"{here}/ship", part))
        assert "on its way" in words(after)

    assert (await deal.again(db, order)).state is OrderState.PARTLY_SHIPPED
    rest = {"parcel_id": hidden(after, "parcel_id"), "carrier": "simex", "number": "SX2", "whole": "yes"}
    await owner.post(f"{here}/ship", rest)
    assert (await deal.again(db, order)).state is OrderState.SHIPPED
    log = await db.ask(access.audit_log, world.tea.merchant_id)
    assert [entry.action for entry in log.items].count("orders.ship") == 3


async def test_a_parcel_holds_no_more_than_is_left(db: Database, world: World, owner: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    here = f"/merchant/orders/{order.order_id}"

    after = await owner.follow(await owner.post(f"{here}/ship", {"carrier": "simex", "number": "X1", "line_1": "3"}))

    assert "not that much" in words(after) or "still to be sent" in words(after)
    assert (await deal.again(db, order)).state is OrderState.PAID


async def test_a_cancelled_order_gives_all_its_money_back(db: Database, world: World, owner: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    here = f"/merchant/orders/{order.order_id}"
    page = await owner.get(here)

    fields = {"refund_id": hidden(page, "refund_id"), "reason": "The harvest failed"}
    after = await owner.follow(await owner.post(f"{here}/cancel", fields))

    assert "The harvest failed" in words(after)
    now = await deal.again(db, order)
    assert now.state is OrderState.CANCELLED
    assert now.refunded == now.total
    assert len(await db.ask(payments.refunds_of_order, order.merchant_id, order.order_id)) == 1


async def test_pieces_and_freight_are_refunded_once(db: Database, world: World, owner: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    await deal.shipped(db, order)
    here = f"/merchant/orders/{order.order_id}"
    page = await owner.get(f"{here}/refund")
    fields = {"refund_id": hidden(page, "refund_id"), "line_1": "1", "freight": "1.50", "note": "Broken"}

    for _ in range(2):
        after = await owner.follow(await owner.post(f"{here}/refund", fields))

    [refund] = (await db.ask(aftersales.of_orders, [order.order_id]))[order.order_id]
    assert (refund.goods, refund.freight, refund.note) == (world.items["green"].amount, 150, "Broken")
    assert "Broken" in words(after)


async def test_an_order_is_found_by_its_code_however_it_is_typed(db: Database, world: World, owner: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 1)])

    found = await owner.get("/merchant/orders", q=order.code.lower().replace("-", " "))
    missing = await owner.get("/merchant/orders", q="S-00000-00000")

    assert found.headers["location"] == f"/merchant/orders/{order.order_id}"
    assert "No order fits" in words(missing)


async def test_lists_by_state_go_on_where_they_ended(db: Database, world: World, owner: Browser) -> None:
    for number in range(32):
        await deal.placed(db, [(world.items["nuts" if number < 16 else "black"].sku_id, 1)])

    first = await owner.get("/merchant/orders", state="placed")
    assert first.text.count("table-link") == 30
    following = first.text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = await owner.get(following)

    assert second.text.count("table-link") == 2


async def test_another_shops_order_is_not_there(db: Database, world: World, owner: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["hammer"].sku_id, 1)])
    here = f"/merchant/orders/{order.order_id}"

    assert (await owner.get(here)).status_code == 404
    fields = {"carrier": "simex", "number": "X1", "whole": "yes", "reason": "no", "line_1": "1"}
    for action in ("ship", "cancel", "refund"):
        assert (await owner.post(f"{here}/{action}", fields)).status_code == 404, action
    assert (await db.ask(orders.order, order.merchant_id, order.order_id)) == order
