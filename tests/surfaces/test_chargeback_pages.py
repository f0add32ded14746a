"""Chargebacks and suspicious orders on pages: a letter, the shop's answer, staff handing it on; what is held is let go."""

from litestar import Litestar

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.trade import chargebacks, risk
from steelyard.trade.chargebacks import ChargebackState
from steelyard.trade.orders.model import OrderState
from steelyard.trade.risk import CheckState
from tests.support import deal
from tests.support.browser import hidden, words
from tests.support.consoles import app, database_url, signed_in, world
from tests.support.world import World
from tests.trade.test_chargebacks import parts, taken
from tests.trade.test_risk import watchful

__all__ = ["app", "database_url", "world"]
PDF = b"%PDF-1.4\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n"


async def test_a_letter_is_written_down_answered_by_the_shop_and_handed_on(
    app: Litestar, db: Database, world: World
) -> None:
    [order] = await deal.paid(db, [(world.items["nuts"].sku_id, 1)], world.buyer.buyer_id)
    await deal.shipped(db, order)
    chief, owner, stranger, buyer = [
        await signed_in(app, who) for who in (world.operator, world.tea.owner, world.tools.owner, world.buyer)
    ]
    assert "No chargebacks here" in words(await chief.get("/operator/chargebacks"))
    letter = {"purchase": "S-NONE", "reference": "", "amount": "x", "reason": "", "kind": "chargeback", "due": ""}
    wrong = await chief.post("/operator/chargebacks/new", letter)
    assert wrong.status_code == 422 and "There is no payment under this number" in words(wrong)
    wrong = await chief.post("/operator/chargebacks/new", {**letter, "purchase": order.code, "amount": "99999"})
    assert wrong.status_code == 422 and 'value="99999"' in wrong.text and "Please choose a reason" in words(wrong)
    major = f"{order.total // 100}.{order.total % 100:02}"
    letter |= {"purchase": order.code, "reference": "L-1", "amount": major, "reason": "not_received", "fee": "15"}
    for _ in range(2):
        written = await chief.post("/operator/chargebacks/new", letter)
        assert written.status_code == 303, words(written)
    page = written.headers["location"].split("?")[0]
    [it] = await db.ask(chargebacks.of_purchase, order.purchase_id)
    assert page.endswith(str(it.chargeback_id)) and it.amount == order.total
    assert "Chargebacks to answer" in words(await chief.get("/operator"))
    assert it.code in words(await chief.get("/operator/chargebacks"))
    assert "The payment is disputed" in words(await buyer.get(f"/orders/{order.code}"))

    assert "Chargebacks to answer" in words(await owner.get("/merchant"))
    own = f"/merchant/chargebacks/{it.chargeback_id}/{order.order_id}"
    assert order.code in words(await owner.get("/merchant/chargebacks"))
    assert order.code not in words(await stranger.get("/merchant/chargebacks"))
    assert (await stranger.get(own)).status_code == 404
    assert (await stranger.post(own, {"words": "Hm"})).status_code == 404
    assert own in (await owner.get(f"/merchant/orders/{order.order_id}")).text
    shown = await owner.get(own)
    assert "Goods not received" in words(shown) and "SX" in words(shown)
    unsaid = await owner.post(own, {"words": " "})
    assert unsaid.status_code == 422 and "the bank decides by it" in words(unsaid)
    await owner.post(own, {"words": "It was signed for."})
    for _ in range(2):
        await owner.upload(own, {"file_id": hidden(shown, "file_id")}, {"file": ("slip.pdf", PDF, "application/pdf")})
    assert (
        await owner.upload(own, {"file_id": str(ids.mint())}, {"file": ("x.pdf", b"no", "application/pdf")})
    ).status_code == 422
    [file] = await db.ask(chargebacks.files_of, it.chargeback_id)
    assert (await owner.get(f"{own}/papers/{file.file_id}")).content == PDF
    assert (await stranger.get(f"{own}/papers/{file.file_id}")).status_code == 404
    assert (await chief.get(f"{page}/papers/{file.file_id}")).content == PDF

    shown = words(await chief.get(page))
    assert "It was signed for." in shown and "slip.pdf" in shown and "The platform" in shown
    assert (await chief.post(page, {"do": "evidence", "words": ""})).status_code == 422
    assert (
        await chief.post(page, {"do": "bear", "order_id": str(order.order_id), "bearer": "platform", "bearer_why": ""})
    ).status_code == 422
    await chief.post(page, {"do": "bear", "order_id": str(order.order_id), "bearer": "platform", "bearer_why": "Ours"})
    for _ in range(2):
        await chief.post(page, {"do": "evidence", "words": "Signed for", "carrier": "simex"})
    assert "The bank decides" in words(await chief.get(page))
    assert "Why the platform decided" in words(await owner.get(own))
    await chief.post(page, {"do": "lost"})
    assert [(await parts(db, it.chargeback_id))[order.order_id].state] == [ChargebackState.LOST]
    assert it.code in words(await chief.get("/operator/chargebacks?kind=ended"))
    assert order.code in words(await owner.get("/merchant/chargebacks?kind=ended"))
    assert "The payment is disputed" not in words(await buyer.get(f"/orders/{order.code}"))


async def test_what_is_of_two_orders_is_shared_out_on_its_page(app: Litestar, db: Database, world: World) -> None:
    first, second = await deal.paid(db, [(world.items["nuts"].sku_id, 1), (world.items["hammer"].sku_id, 1)])
    chargeback_id = await taken(db, first, amount=second.total)
    chief = await signed_in(app, world.operator)
    page = f"/operator/chargebacks/{chargeback_id}"
    shown = await chief.get(page)
    assert "Share it out otherwise" in words(shown)
    assert all(
        f'value="{part.amount // 100}.{part.amount % 100:02}"' in shown.text
        for part in (await parts(db, chargeback_id)).values()
    )
    names = {order.order_id: f"share-{order.order_id}" for order in (first, second)}
    wrong = await chief.post(page, {"do": "share", names[first.order_id]: "x", names[second.order_id]: "1"})
    assert wrong.status_code == 422
    much = await chief.post(page, {"do": "share", names[first.order_id]: "1", names[second.order_id]: "1"})
    assert much.status_code == 422 and "Together they must be" in words(much)
    major = f"{second.total // 100}.{second.total % 100:02}"
    await chief.post(page, {"do": "share", names[first.order_id]: "0", names[second.order_id]: major})
    assert {*await parts(db, chargeback_id)} == {second.order_id}


async def test_what_is_held_is_let_go_or_called_off_and_its_buyer_knows(
    app: Litestar, db: Database, world: World
) -> None:
    await watchful(db)
    chief, owner, buyer = [await signed_in(app, who) for who in (world.operator, world.tea.owner, world.buyer)]
    held = [await deal.paid(db, [(world.items["nuts"].sku_id, 1)], world.buyer.buyer_id) for _ in range(2)]
    await deal.at_rest(db)
    (first,), (second,) = held
    assert "Suspicious orders to look at" in words(await chief.get("/operator"))
    assert first.code in words(await chief.get("/operator/risk"))
    assert "Your order is being checked" in words(await buyer.get(f"/orders/{first.code}"))
    assert "Being checked" in words(await owner.get(f"/merchant/orders/{first.order_id}"))
    assert (await owner.get("/operator/risk")).status_code in (302, 303, 403)

    await chief.post(f"/operator/risk/{first.order_id}", {"do": "release", "why": "Called them"})
    await chief.post(f"/operator/risk/{second.order_id}", {"do": "call_off", "why": "Not them"})
    late = await chief.post(f"/operator/risk/{first.order_id}", {"do": "call_off", "why": ""})
    assert late.status_code == 422 and "not held any more" in words(late)
    states = [(await deal.again(db, order)).state for order in (first, second)]
    assert states == [OrderState.PAID, OrderState.CANCELLED]
    listed = words(await chief.get("/operator/risk?kind=all"))
    assert "Called them" in listed and "On the block list" in listed
    check = await db.ask(risk.check_of, second.order_id)
    assert check is not None and check.state is CheckState.CANCELLED


async def test_rules_are_changed_and_tried_and_lists_kept_on_pages(app: Litestar, db: Database, world: World) -> None:
    chief = await signed_in(app, world.operator)
    await deal.paid(db, [(world.items["nuts"].sku_id, 1)])
    assert "Paid purchases looked at" in words(await chief.get("/operator/risk/rules?tried=true"))
    wrong = await chief.post("/operator/risk/rules/new_buyer", {"points": "x", "least": "5", "active": "yes"})
    assert wrong.status_code == 422 and 'value="x"' in wrong.text
    await chief.post("/operator/risk/rules/new_buyer", {"points": "70", "least": "5"})
    rule = (await db.ask(risk.rules))[0]
    assert (rule.points, rule.least, rule.active) == (70, 5, False)
    assert (await chief.post("/operator/risk/rules/none", {})).status_code == 404

    page = "/operator/risk/lists/block"
    shown = await chief.get(page)
    assert "Nobody is on this list" in words(shown)
    form = {"entry_id": hidden(shown, "entry_id"), "kind": "email", "value": "x", "why": "", "until": "2020-01-01"}
    wrong = await chief.post(page, form)
    assert wrong.status_code == 422 and "at least three characters" in words(wrong)
    day = (await db.ask(lambda read: read.value("SELECT current_date + 20"))).isoformat()
    for _ in range(2):
        await chief.post(page, {**form, "value": "Bad@x.test", "why": "Twice", "until": day})
    assert "bad@x.test" in words(await chief.get(page))
    await chief.post(page, {"do": "strike", "entry_id": form["entry_id"]})
    assert "bad@x.test" not in words(await chief.get(page))
    assert (await chief.get("/operator/risk/lists/none")).status_code == 404


async def test_what_is_not_sent_is_on_hold_and_its_shop_sends_it_anyway(
    app: Litestar, db: Database, world: World
) -> None:
    [order] = await deal.paid(db, [(world.items["nuts"].sku_id, 1)], world.buyer.buyer_id)
    chargeback_id = await taken(db, order)
    await deal.at_rest(db)
    chief, owner, buyer = [await signed_in(app, who) for who in (world.operator, world.tea.owner, world.buyer)]
    own, its = f"/merchant/chargebacks/{chargeback_id}/{order.order_id}", f"/merchant/orders/{order.order_id}"

    assert "Being checked" not in words(await owner.get(its)) and "It is on hold" in words(await owner.get(its))
    assert "Order on hold" in words(await chief.get(f"/operator/chargebacks/{chargeback_id}"))
    # Nobody is offered to call it off, since there is no money to be given back; and nobody is told that it is looked at.
    assert "Cancel order" not in words(await owner.get(its))
    for page in ("/orders", f"/orders/{order.code}"):
        assert f"/orders/{order.code}/cancel" not in (await buyer.get(page)).text
    said = words(await buyer.get(f"/orders/{order.code}"))
    assert "It is not sent before that" in said and "being checked" not in said
    wrong = await owner.post(own, {"do": "anyway", "why": " "})
    assert wrong.status_code == 422 and "Please say why you send it" in words(wrong)
    for _ in range(2):
        assert (await owner.post(own, {"do": "anyway", "why": "Known for years"})).status_code == 303

    for page in (own, f"/operator/orders/{order.merchant_id}/{order.order_id}"):
        reader = owner if page == own else chief
        assert "Known for years" in words(await reader.get(page))
    assert (await deal.again(db, order)).state is OrderState.PAID
    assert "It is not sent before that" not in words(await buyer.get(f"/orders/{order.code}"))
