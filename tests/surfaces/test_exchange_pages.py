"""An exchange on both sides' pages: what can be had instead, what is kept, what is sent, and the word that it is there."""

import pytest
from litestar import Litestar

from steelyard.goods import pricing
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel.db import Database
from steelyard.trade import aftersales
from steelyard.trade.aftersales import Case
from steelyard.trade.aftersales.model import CaseState
from steelyard.trade.orders.model import Order
from tests.support import deal
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import app, database_url, owner, signed_in, world
from tests.support.world import World

__all__ = ["app", "database_url", "owner", "world"]


@pytest.fixture
async def buyer(app: Litestar, world: World) -> Browser:
    return await signed_in(app, world.buyer)


async def sent(db: Database, world: World) -> Order:
    """Of the dearest variant: the others cost less."""
    tea = world.items["green"]
    [order] = await deal.paid(db, [(tea.sku_ids[2], 1)], world.buyer.buyer_id)
    await deal.shipped(db, order)
    return order


async def the_case(db: Database, order: Order) -> Case:
    return (await db.ask(aftersales.cases_of_orders, [order.order_id]))[order.order_id][0]


async def test_an_exchange_from_the_order_to_the_word_that_it_is_there(
    db: Database, world: World, buyer: Browser, owner: Browser
) -> None:
    tea = world.items["green"]
    order = await sent(db, world)
    here = f"/orders/{order.code}/after-sales"
    choice = words(await buyer.get(here))
    assert "Exchange" in choice and "Replacement" in choice
    form = await buyer.get(here, kind="exchange")
    assert "¥141 back for each" in form.text, "29,900 less 15,800"
    asked = {"case_id": hidden(form, "case_id"), "kind": "exchange", "quantity-1": "1", "reason": "does_not_fit"}
    unsaid = await buyer.post(here, asked)
    assert unsaid.status_code == 422 and "Please choose what you want instead" in words(unsaid)
    for _ in range(2):
        page = await buyer.follow(await buyer.post(here, {**asked, "want-1": str(tea.sku_ids[1])}))
        assert "Instead of it" in words(page)
    case = await the_case(db, order)

    theirs = f"/merchant/after-sales/{case.case_id}"
    assert "Agree to the exchange" in words(await owner.get(theirs))
    await owner.post(f"{theirs}/agree")
    await buyer.post(f"/after-sales/{case.case_id}/send-back", {"carrier": "simex", "number": "BACK1"})
    looked = await owner.follow(await owner.post(f"{theirs}/receive", {"accepted-1": "1", "restocked-1": "1"}))
    assert "Send the other one" in words(looked)
    assert order.code in (await owner.get("/merchant/after-sales")).text, "it waits for the shop"
    wrong = await owner.post(f"{theirs}/send-again", {"carrier": "simex", "number": "?"})
    assert wrong.status_code == 422 and "1 to 40 letters" in words(wrong)
    for _ in range(2):
        await owner.post(f"{theirs}/send-again", {"carrier": "simex", "number": "AGAIN1"})
    mine = await buyer.get(f"/after-sales/{case.case_id}")
    assert theirs in (await owner.get("/merchant/find?q=AGAIN1")).text, "looked for by its number"
    assert "AGAIN1" in mine.text and "BACK1" in mine.text and "Withdraw" not in words(mine)
    for _ in range(2):
        assert "The exchange is done" in words(
            await buyer.follow(await buyer.post(f"/after-sales/{case.case_id}/received"))
        )
    assert (await the_case(db, order)).state is CaseState.EXCHANGED
    assert (await deal.again(db, order)).refunded > 0
    assert "Exchanged" in words(await owner.get("/merchant/after-sales?state=exchanged"))


async def test_nobody_confirms_anothers_exchange(db: Database, world: World, app: Litestar, buyer: Browser) -> None:
    order = await sent(db, world)
    form = await buyer.get(f"/orders/{order.code}/after-sales", kind="replacement")
    asked = {"case_id": hidden(form, "case_id"), "kind": "replacement", "quantity-1": "1", "reason": "quality"}
    await buyer.post(f"/orders/{order.code}/after-sales", asked)
    case = await the_case(db, order)
    other = await signed_in(app, world.other_buyer)

    assert (await other.post(f"/after-sales/{case.case_id}/received")).status_code == 404
    early = await buyer.follow(await buyer.post(f"/after-sales/{case.case_id}/received"))
    assert "Waiting for the shop" in words(early)


async def test_a_dearer_one_is_not_offered(db: Database, world: World, buyer: Browser) -> None:
    tea = world.items["green"]
    order = await sent(db, world)
    dear = [NewPrice(sku_id=each, currency="CNY", amount=90_000) for each in tea.sku_ids if each != tea.sku_ids[2]]
    await db.transact(pricing.set_prices, world.tea.merchant_id, dear)
    choice = words(await buyer.get(f"/orders/{order.code}/after-sales"))
    assert "Replacement" in choice and "at the same price or less" not in choice
