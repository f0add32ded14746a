"""Promises on pages: a shop sets them within the rule, buyers read them, and both sides see what they cost, with the rule."""

from litestar import Litestar

from steelyard.kernel.db import Database, Tx
from steelyard.trade import aftersales, orders, promises
from steelyard.trade.aftersales import Kind
from tests.support import deal
from tests.support.browser import hidden, words
from tests.support.consoles import app, database_url, signed_in, world
from tests.support.world import World
from tests.trade.test_promises import due, judged, priced, promised, protecting

__all__ = ["app", "database_url", "world"]


async def test_a_shop_promises_within_the_rule_and_buyers_read_it(app: Litestar, db: Database, world: World) -> None:
    nuts, hammer = world.items["nuts"], world.items["hammer"]
    owner, buyer = await signed_in(app, world.tea.owner), await signed_in(app, world.buyer)
    own = f"/merchant/products/{nuts.product_id}"
    assert f"{own}/promises" in (await owner.get(own)).text
    assert "You may promise 4 to 168 hours after payment" in words(await owner.get(f"{own}/promises"))
    wrong = await owner.post(f"{own}/promises", {"ship_hours": "1", "authentic_times": "99"})
    assert wrong.status_code == 422 and wrong.text.count("This is outside what the platform") >= 2
    assert 'value="99"' in wrong.text, "what was typed stays"
    for _ in range(2):
        await owner.post(f"{own}/promises", {"ship_hours": "24", "authentic_times": "3"})
    assert 'value="24"' in (await owner.get(f"{own}/promises")).text
    assert (await owner.get(f"/merchant/products/{hammer.product_id}/promises")).status_code == 404, "another shop's"

    page = words(await buyer.get(f"/products/{nuts.product_id}/{nuts.slug}"))
    assert "Leaves within 24 hours of payment; later, you get 5% of what was paid, at least CN¥3.00" in page
    assert "for a counterfeit the shop pays 3 times its price" in page
    other = words(await buyer.get(f"/products/{hammer.product_id}/{hammer.slug}"))
    assert "hours of payment" not in other and "counterfeit" not in other


async def test_what_was_late_stands_on_both_sides_with_its_rule(app: Litestar, db: Database, world: World) -> None:
    await promised(db, world)
    [order] = await deal.paid(db, [(world.items["nuts"].sku_id, 2)], world.buyer.buyer_id)
    owner, buyer, stranger = [await signed_in(app, who) for who in (world.tea.owner, world.buyer, world.tools.owner)]
    assert "Promised to leave by" in words(await buyer.get(f"/orders/{order.code}"))
    assert order.code in words(await owner.get("/merchant/promises"))
    assert order.code in words(await owner.get("/merchant"))
    assert order.code not in words(await stranger.get("/merchant/promises"))

    await judged(db, await due(db, order))

    [made] = await db.ask(promises.compensations_of, [order.order_id])
    for page in (await buyer.get(f"/orders/{order.code}"), await owner.get(f"/merchant/orders/{order.order_id}")):
        said = words(page)
        assert "Sent by a promised time, or compensated" in said and f"{made.amount // 100}." in said
    listed = words(await owner.get("/merchant/promises"))
    assert "Sent later than promised" in listed and "as points of the buyer" in listed
    assert "Sent later than promised" not in words(await stranger.get("/merchant/promises"))
    assert "Compensation of a shop" in words(await buyer.get("/account/wallet"))


async def test_a_fallen_price_is_claimed_with_one_click_by_who_bought(
    app: Litestar, db: Database, world: World
) -> None:
    await protecting(db)
    [order] = await deal.paid(db, [(world.items["nuts"].sku_id, 2)], world.buyer.buyer_id)
    buyer, stranger = await signed_in(app, world.buyer), await signed_in(app, world.tools.owner)
    here = f"/orders/{order.code}"
    assert "Get CN¥" not in words(await buyer.get(here))
    await priced(db, world, world.items["nuts"].amounts[0] - 150)
    page = await buyer.get(here)
    assert "Get CN¥3.00 back" in words(page) and hidden(page, "line") == "1"
    assert (await stranger.post(f"{here}/protect", {"line": "1"})).status_code == 404

    for said in ("is on its way back", "Nothing has become cheaper"):
        done = await buyer.post(f"{here}/protect", {"line": "1", "back": here})
        assert said in words(await buyer.follow(done))

    told = words(await buyer.get(here))
    assert "Price protection: CN¥3.00" in told and "Price protection, 7 days" in told
    found = await db.ask(orders.order, order.merchant_id, order.order_id)
    assert found is not None and found.refunded == 300


async def test_the_operator_drafts_a_promise_and_tries_it(app: Litestar, db: Database, world: World) -> None:
    await promised(db, world)
    [order] = await deal.paid(db, [(world.items["nuts"].sku_id, 2)])
    await judged(db, await due(db, order))
    chief = await signed_in(app, world.operator)
    rule_id = hidden(await chief.get("/operator/rights/new"), "rule_id")
    form = {
        "rule_id": rule_id, "code": "ship_by", "kind": "ship_promise", "name_zh": "按时", "name_en": "In time",
        "source_zh": "规则", "source_en": "Rule", "percent": "10", "currency": "CNY", "amount_least": "5", "amount_most": "50",
        "hours_least": "12", "hours_most": "48", "counted_from": "received",
    }  # fmt: skip
    wrong = await chief.post(
        "/operator/rights", form | {"hours_most": "8", "amount_most": "1", "categories": "nowhere"}
    )
    assert wrong.status_code == 422 and "no category with this address" in words(wrong)
    wrong = await chief.post("/operator/rights", form | {"hours_most": "8", "amount_most": "1"})
    assert wrong.status_code == 422 and "The most is not less than the least" in words(wrong)
    assert "its fewest and its most hours" in words(wrong)
    page = words(await chief.follow(await chief.post("/operator/rights", form)))
    assert "Would cost shops something else 1" in page and order.code in page


async def test_what_sending_back_cost_is_claimed_with_a_receipt(app: Litestar, db: Database, world: World) -> None:
    [order] = await deal.paid(db, [(world.items["nuts"].sku_id, 1)], world.buyer.buyer_id)
    await deal.shipped(db, order)
    case_id = await deal.case_asked(db, order, Kind.RETURN_REFUND)
    await db.transact(aftersales.agree, order.merchant_id, case_id, "staff:shop")
    buyer, owner = await signed_in(app, world.buyer), await signed_in(app, world.tea.owner)
    here = f"/after-sales/{case_id}"
    assert "up to CN¥25.00" in words(await buyer.get(here))
    form = {"carrier": "simex", "number": "R-77", "return_freight": "12"}
    wrong = await buyer.post(f"{here}/send-back", form)
    assert wrong.status_code == 422 and "add a picture of the receipt" in words(wrong) and 'value="12"' in wrong.text

    async def with_receipt(tx: Tx) -> None:
        await aftersales.send_back(
            tx, order.merchant_id, case_id, "simex", "R-77", "buyer", return_freight=1_200, receipts=["receipt.jpg"]
        )

    await db.transact(with_receipt)
    inspected = [aftersales.Inspected(line=1, accepted=1)]
    await db.transact(aftersales.receive, order.merchant_id, case_id, inspected, "", "staff:shop")
    await deal.at_rest(db)
    for page in (await buyer.get(here), await owner.get(f"/merchant/after-sales/{case_id}")):
        said = words(page)
        assert "Return freight by receipt CN¥12.00" in said and "bears the return freight where it is to blame" in said
