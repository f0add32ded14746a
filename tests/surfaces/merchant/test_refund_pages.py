"""A shop refunds by amount, within what a role may give back alone; a colleague answers the rest."""

from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.trade import aftersales
from steelyard.trade.aftersales import RequestSide
from tests.support import deal
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import signed_in
from tests.support.world import World, account


async def test_money_of_a_line_goes_back_and_too_much_is_told_beside_its_field(
    db: Database, world: World, owner: Browser
) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    await deal.shipped(db, order)
    here = f"/merchant/orders/{order.order_id}/refund"
    page = await owner.get(here)
    fields = {"refund_id": hidden(page, "refund_id"), "line_1": "0", "note": "A scratch"}

    refused = await owner.post(here, {**fields, "amount_1": "999999.00"})
    assert refused.status_code == 409
    assert 'value="999999.00"' in refused.text and "A scratch" in refused.text
    assert 'id="amount_1-error"' in refused.text
    after = await owner.follow(await owner.post(here, {**fields, "amount_1": "1.50"}))

    [made] = (await db.ask(aftersales.of_orders, [order.order_id]))[order.order_id]
    assert (made.goods, made.note) == (150, "A scratch")
    assert made.tax is not None and 0 < made.tax < 150
    assert "of it tax" in words(after)
    listed = await owner.get("/merchant/refunds")
    assert order.code in words(listed)
    assert order.code in (await owner.get("/merchant/refunds", format="csv")).text
    assert order.code not in words(await owner.get("/merchant/refunds", state="failed"))


async def test_a_clerks_refund_above_the_limit_waits_for_the_owner(
    app: Litestar, db: Database, world: World, owner: Browser
) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    await deal.shipped(db, order)
    saved = await owner.post(
        "/merchant/refunds/limits", {"role": "merchant_clerk", "per_refund": "1.00", "per_day": ""}
    )
    assert saved.status_code == 303
    assert (await owner.post("/merchant/refunds/limits", {"role": "nobody"})).status_code == 422
    person = await db.transact(
        account, "merchant", "tea.clerk2", "Clerk", merchant_id=world.tea.merchant_id, roles=["merchant_clerk"]
    )
    clerk = await signed_in(app, person)
    here = f"/merchant/orders/{order.order_id}/refund"
    page = await clerk.get(here)

    told = await clerk.follow(await clerk.post(here, {"refund_id": hidden(page, "refund_id"), "amount_1": "5.00"}))

    assert "waits for a second person" in words(told)
    assert (await deal.again(db, order)).refunded == 0
    assert "Refunds for a second person 1" in words(await owner.get("/merchant"))
    [waits] = (await db.ask(aftersales.requests_page, RequestSide.MERCHANT, merchant_id=order.merchant_id)).items
    target = f"/merchant/refunds/approvals/{waits.request_id}"
    assert "Take it back" in words(await clerk.get("/merchant/refunds/approvals"))
    assert (await owner.post(f"{target}/decline", {"answer": ""})).status_code == 422
    done = await owner.follow(await owner.post(f"{target}/approve", {}))
    assert "Approved" in words(done)
    assert (await deal.again(db, order)).refunded == 500
    assert order.code in words(await owner.get("/merchant/refunds/approvals"))
    await clerk.close()
