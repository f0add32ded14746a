"""Both sides of an after-sales case, and the platform, on their pages; without a script, in either language."""

from io import BytesIO

import pytest
from litestar import Litestar
from PIL import Image

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.parties import access
from steelyard.trade import aftersales
from steelyard.trade.aftersales import Case, CaseId, Kind, Verdict
from steelyard.trade.aftersales.model import CaseState
from steelyard.trade.orders.model import Order
from tests.support import deal
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import app, database_url, owner, signed_in, world
from tests.support.world import World, account

__all__ = ["app", "database_url", "owner", "world"]


def photograph() -> bytes:
    out = BytesIO()
    Image.new("RGB", (200, 200), "teal").save(out, "JPEG")
    return out.getvalue()


async def sent(db: Database, world: World, pieces: int = 2) -> Order:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, pieces)], world.buyer.buyer_id)
    await deal.shipped(db, order)
    return order


async def case_of(db: Database, order: Order) -> Case:
    return (await db.ask(aftersales.cases_of_orders, [order.order_id]))[order.order_id][0]


@pytest.fixture
async def buyer(app: Litestar, world: World) -> Browser:
    return await signed_in(app, world.buyer)


async def test_a_return_from_the_order_to_the_money(
    db: Database, world: World, app: Litestar, buyer: Browser, owner: Browser
) -> None:
    order = await sent(db, world)
    assert f"/orders/{order.code}/after-sales" in (await buyer.get(f"/orders/{order.code}")).text
    here = f"/orders/{order.code}/after-sales"
    choice = await buyer.get(here)
    assert "Refund only" in words(choice) and "Return and refund" in words(choice)
    form = await buyer.get(here, kind="return_refund")
    asked = {"case_id": hidden(form, "case_id"), "kind": "return_refund", "quantity-1": "0", "note": "A crack <b>"}
    wrong = await buyer.upload(here, {**asked, "reason": "quality"}, {"photos": ("a.jpg", photograph())})
    assert wrong.status_code == 422
    assert "Please say how many pieces" in words(wrong) and "A crack &lt;b&gt;" in wrong.text
    kept = hidden(wrong, "photos-kept")
    for _ in range(2):
        answer = await buyer.post(here, {**asked, "reason": "quality", "quantity-1": "2", "photos-kept": kept})
        assert "Waiting for the shop" in words(await buyer.follow(answer))
    case = await case_of(db, order)
    assert case.photographs == [kept]

    assert "Refunds and returns to answer" in words(await owner.get("/merchant"))
    assert order.code in (await owner.get("/merchant/after-sales")).text
    assert order.code in (await owner.get("/merchant/after-sales?state=all&kind=return_refund&format=csv")).text
    assert order.code not in (await owner.get("/merchant/after-sales?kind=refund_only")).text
    page = f"/merchant/after-sales/{case.case_id}"
    assert "The quality is bad" in words(await owner.get(page))
    unsaid = await owner.post(f"{page}/refuse", {"answer": " "})
    assert unsaid.status_code == 422 and "Please say why" in words(unsaid)
    for _ in range(2):
        assert "To be sent back" in words(await owner.follow(await owner.post(f"{page}/agree")))

    mine = f"/after-sales/{case.case_id}"
    assert "Send it back" in words(await buyer.get(mine))
    unread = await buyer.post(f"{mine}/send-back", {"carrier": "simex", "number": "?"})
    assert unread.status_code == 422 and "1 to 40 letters" in words(unread)
    for _ in range(2):
        answer = await buyer.post(f"{mine}/send-back", {"carrier": "simex", "number": "back-1"})
        assert "On its way back" in words(await buyer.follow(answer))

    too_much = await owner.post(f"{page}/receive", {"accepted-1": "3", "restocked-1": "0"})
    assert too_much.status_code == 422 and "more than was sent back" in words(too_much)
    for _ in range(2):
        answer = await owner.post(f"{page}/receive", {"accepted-1": "2", "restocked-1": "1"})
        assert "Refunded" in words(await owner.follow(answer))
    assert (await case_of(db, order)).state is CaseState.REFUNDED
    assert "Refunded" in words(await buyer.get(mine)) and order.code in (await buyer.get("/account/after-sales")).text
    log = await db.ask(access.audit_log, order.merchant_id)
    assert [each.action for each in log.items if each.action.startswith("aftersales.")] == [
        "aftersales.receive", "aftersales.agree",
    ]  # fmt: skip
    chinese = await signed_in(app, world.tea.owner, "zh-Hans")
    assert "退货退款" in words(await chinese.get(page))
    await chinese.close()


async def test_a_dispute_is_decided_by_the_platform(
    db: Database, world: World, app: Litestar, buyer: Browser, owner: Browser
) -> None:
    order = await sent(db, world)
    case_id = await deal.case_asked(db, order)
    mine = f"/after-sales/{case_id}"
    await owner.post(f"/merchant/after-sales/{case_id}/refuse", {"answer": "It was fine"})
    refused = await buyer.get(mine)
    assert "It was fine" in words(refused) and "Ask the platform to decide" in words(refused)
    unsaid = await buyer.post(f"{mine}/platform", {"complaint": ""})
    assert unsaid.status_code == 422 and "the platform decides by it" in words(unsaid)
    for _ in range(2):
        answer = await buyer.post(f"{mine}/platform", {"complaint": "It was broken"})
        assert "The platform decides" in words(await buyer.follow(answer))

    chief = await signed_in(app, world.operator)
    assert "Disputes to decide" in words(await chief.get("/operator"))
    assert order.code in (await chief.get("/operator/disputes")).text
    page = f"/operator/disputes/{case_id}"
    shown = words(await chief.get(page))
    assert "It was broken" in shown and "It was fine" in shown and "Return first" not in shown
    for fields in ({"verdict": "", "decision": "So"}, {"verdict": "refund", "decision": ""}):
        assert (await chief.post(page, fields)).status_code == 422
    for _ in range(2):
        decided = await chief.post(page, {"verdict": "refund", "decision": "The picture shows it"})
        assert "No disputes" in words(await chief.follow(decided))
    late = await chief.post(page, {"verdict": "reject", "decision": "Or not"})
    assert late.status_code == 409 and "no longer possible" in words(late)
    await chief.close()
    assert "The picture shows it" in words(await buyer.get(mine))
    assert "The picture shows it" in words(await owner.get(f"/merchant/after-sales/{case_id}"))


async def test_an_appeal_is_heard_on_both_sides_and_decided_by_somebody_else(
    db: Database, world: World, app: Litestar, buyer: Browser, owner: Browser
) -> None:
    order = await sent(db, world)
    case_id = await deal.case_asked(db, order)
    ref = (order.merchant_id, case_id)
    await db.transact(aftersales.refuse, *ref, "It was fine", "staff:shop")
    await db.transact(aftersales.ask_platform, *ref, "It was broken", "buyer")
    chief_by = f"staff:{world.operator.account_id}"
    await db.transact(aftersales.decide, *ref, Verdict.REFUND, "The picture shows it", chief_by)
    mine, theirs, page = (
        f"{base}/{case_id}" for base in ("/after-sales", "/merchant/after-sales", "/operator/disputes")
    )
    assert "Appeal against the decision" not in words(await buyer.get(mine))
    assert "Appeal against the decision" in words(await owner.get(theirs))
    unsaid = await owner.post(f"{theirs}/appeal", {"appeal": ""})
    assert unsaid.status_code == 422 and "the platform decides by it" in words(unsaid)
    wrong = await owner.upload(f"{theirs}/appeal", {"appeal": ""}, {"appeal-photos": ("a.jpg", photograph())})
    kept = hidden(wrong, "appeal-photos-kept")
    for _ in range(2):
        answer = await owner.post(f"{theirs}/appeal", {"appeal": "Another article", "appeal-photos-kept": kept})
        assert "Another article" in words(await owner.follow(answer))

    chief = await signed_in(app, world.operator)
    assert order.code in (await chief.get("/operator/disputes")).text
    assert "Another member of staff decides" in words(await chief.get(page))
    refused = await chief.post(page, {"verdict": "reject", "decision": "Me again"})
    assert refused.status_code == 403 and "Another member of staff" in words(refused)
    await chief.close()
    assert "Answer the appeal" in words(await buyer.get(mine))
    for _ in range(2):
        answer = await buyer.post(f"{mine}/answer-appeal", {"appeal": "It is the one I got"})
        assert "It is the one I got" in words(await buyer.follow(answer))
    another = await db.transact(account, "operator", "second", "Second", roles=["operator_admin"])
    second = await signed_in(app, another)
    assert "It is the one I got" in words(await second.get(page))
    for _ in range(2):
        await second.post(page, {"verdict": "reject", "decision": "Not the article that was sold"})
    assert order.code not in (await second.get("/operator/disputes")).text
    await second.close()
    assert "The decision was changed" in words(await buyer.get(mine))
    assert "The platform has credited the shop" in words(await owner.get(theirs))


async def test_a_second_window_is_told_what_happened_in_the_first(db: Database, world: World, buyer: Browser) -> None:
    order = await sent(db, world)
    case_id = await deal.case_asked(db, order, Kind.RETURN_REFUND)
    mine = f"/after-sales/{case_id}"
    await db.transact(aftersales.refuse, order.merchant_id, case_id, "No", "staff:test")
    better = await buyer.post(f"{mine}/improve", {"reason": "damaged", "note": "Look again"})
    assert "Waiting for the shop" in words(await buyer.follow(better))
    for _ in range(2):
        assert "Withdrawn" in words(await buyer.follow(await buyer.post(f"{mine}/withdraw")))
    stale = await buyer.post(f"{mine}/platform", {"complaint": "From the other window"})
    assert stale.status_code == 409 and "“withdrawn” now" in words(stale)


async def test_a_stranger_finds_nothing(db: Database, world: World, app: Litestar) -> None:
    case_id = await deal.case_asked(db, await sent(db, world))
    stranger = await signed_in(app, world.other_buyer)
    others = await signed_in(app, world.tools.owner)
    for path in (f"/after-sales/{case_id}", f"/after-sales/{CaseId(ids.mint())}"):
        assert (await stranger.get(path)).status_code == 404
        assert (await stranger.post(f"{path}/withdraw")).status_code == 404
        for step in ("appeal", "answer-appeal"):
            assert (await stranger.post(f"{path}/{step}", {"appeal": "Mine"})).status_code == 404
    assert str(case_id) not in (await stranger.get("/account/after-sales")).text
    assert str(case_id) not in (await others.get("/merchant/after-sales?state=all")).text
    assert (await others.get(f"/merchant/after-sales/{case_id}")).status_code == 404
    for step in ("agree", "appeal", "answer-appeal"):
        assert (await others.post(f"/merchant/after-sales/{case_id}/{step}", {"appeal": "Mine"})).status_code == 404
    await stranger.close()
    await others.close()
