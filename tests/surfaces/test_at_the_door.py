"""Cash on delivery as buyers, shops and the operator see it, in both languages, and who cannot touch whose."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from litestar import Litestar

from steelyard.kernel.db import Database, Read
from steelyard.money import payments
from steelyard.money.payments import DoorState, choosing, gateways
from steelyard.money.payments.gateways.cod import CashOnDelivery
from steelyard.money.payments.gateways.simpay import Simpay
from steelyard.trade import orders
from steelyard.trade.orders.model import Order, OrderState
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.consoles import app, database_url, signed_in, world
from tests.support.world import World
from tests.surfaces.storefront.buying import open_checkout, place, put

__all__ = ["app", "database_url", "world"]


@pytest.fixture(autouse=True)
def channels(app: Litestar, monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"simpay": Simpay("http://simpay.test", "", ""), "cod": CashOnDelivery(frozenset({"CNY"}))}
    monkeypatch.setitem(gateways._offered, app.state.settings, there)


@pytest.fixture
async def guest(app: Litestar) -> AsyncIterator[Browser]:
    browser = Browser(app)
    yield browser
    await browser.close()


async def ready(db: Database, world: World) -> None:
    for merchant_id in (world.items["nuts"].merchant_id, world.items["hammer"].merchant_id):
        await db.transact(payments.offer, merchant_id, True, "staff:test")
    db.kept.pop(choosing.KEPT, None)


async def ordered(db: Database, app: Litestar, world: World, language: str = "en") -> tuple[Browser, list[Order], str]:
    """A guest has bought of two shops, to be paid at the door; also the page that they see then."""
    await ready(db, world)
    guest = Browser(app, language)
    await put(guest, world.items["nuts"])
    await put(guest, world.items["hammer"])
    answer = await place(guest, await open_checkout(guest), channel="cod")
    page = await guest.follow(answer)
    found = re.search(r"/purchases/(P-[0-9A-Z-]+)", answer.headers["location"])
    assert found
    return guest, await db.ask(bought_as, found[1]), page.text


async def bought_as(read: Read, code: str) -> list[Order]:
    """The orders of a purchase that is paid, or to be paid at the door."""
    purchase_id = await read.value("SELECT purchase_id FROM purchases WHERE code = $1 AND state = 'paid'", code)
    return await orders.orders_of_purchase(read, purchase_id)


@pytest.mark.parametrize(
    ("language", "told", "due"),
    [("en", "Ordered. Thank you!", "to pay at the door"), ("zh-CN", "下单成功，谢谢！", "货到付款")],
)
async def test_a_guest_orders_of_two_shops_and_pays_at_each_door(
    db: Database, app: Litestar, world: World, language: str, told: str, due: str
) -> None:
    guest, [first, second], page = await ordered(db, app, world, language)

    assert told in page
    assert (first.state, second.state) == (OrderState.PAID, OrderState.PAID)
    own = await guest.get(f"/orders/{first.code}")
    assert due in words(own)
    await guest.close()


async def test_it_is_not_among_the_ways_to_pay_where_a_shop_does_not_offer_it(
    db: Database, guest: Browser, world: World
) -> None:
    await db.transact(payments.offer, world.items["nuts"].merchant_id, True, "staff:test")
    db.kept.pop(choosing.KEPT, None)
    await put(guest, world.items["nuts"])
    await put(guest, world.items["hammer"])

    page = await guest.get(await open_checkout(guest))

    assert 'value="simpay"' in page.text
    assert 'value="cod"' not in page.text


async def test_where_nothing_is_left_the_page_says_why(db: Database, guest: Browser, world: World) -> None:
    for channel in ("simpay", "cod"):
        await db.transact(
            payments.exclude, channel, "merchant", world.items["nuts"].merchant_id, why="no contract", set_by=None
        )
    await put(guest, world.items["nuts"])

    page = await guest.get(await open_checkout(guest))

    assert "No way to pay is offered for all of these goods together" in words(page)


async def test_a_shop_that_brings_it_says_what_became_of_it_and_no_other_does(
    db: Database, app: Litestar, world: World
) -> None:
    guest, found, _ = await ordered(db, app, world)
    own = next(order for order in found if order.merchant_id == world.tea.merchant_id)
    other = next(order for order in found if order.merchant_id != world.tea.merchant_id)
    owner = await signed_in(app, world.tea.owner)
    here = f"/merchant/orders/{own.order_id}"
    assert "is collected when the parcel is handed over" in words(await owner.get(here))
    await owner.post(
        f"{here}/ship", {"parcel_id": str(own.order_id), "carrier": "other", "number": "A1", "whole": "yes"}
    )

    strange = await owner.post(f"/merchant/orders/{other.order_id}/door", {"what": "kept"})
    wrong = await owner.post(f"{here}/door", {"what": "everything"})
    await owner.post(f"{here}/door", {"what": "kept"})
    told = await owner.follow(await owner.post(f"{here}/door", {"what": "kept"}))

    assert (strange.status_code, wrong.status_code) == (404, 404)
    assert "Nothing is to be collected for this order now" in words(told), "the second click"
    doors = await db.ask(payments.doors_of_all, [(order.merchant_id, order.order_id) for order in found])
    assert doors[own.order_id].state is DoorState.KEPT
    assert doors[other.order_id].state is DoorState.DUE
    await owner.close()
    await guest.close()


async def test_a_shop_switches_it_on_for_itself_alone(db: Database, app: Litestar, world: World) -> None:
    owner = await signed_in(app, world.tea.owner)
    assert "Offer cash on delivery for my goods" in words(await owner.get("/merchant/carriers"))

    told = await owner.follow(await owner.post("/merchant/carriers/door", {"offered": "yes"}))

    assert "Buyers can pay on delivery." in words(told)
    assert await db.ask(payments.offers_of, world.tea.merchant_id)
    others = [item.merchant_id for item in world.items.values() if item.merchant_id != world.tea.merchant_id]
    assert not await db.ask(payments.offers_of, others[0])
    await owner.close()


async def test_the_operator_writes_down_what_a_carrier_paid_on(db: Database, app: Litestar, world: World) -> None:
    guest, found, _ = await ordered(db, app, world)
    chief = await signed_in(app, world.operator)
    here = "/operator/cash-on-delivery"
    assert "No carrier owes anything" in words(await chief.get(here))
    for order in found:
        await deal.shipped(db, order)
        arrived = payments.ArrivedAtTheDoor(
            merchant_id=order.merchant_id, order_id=order.order_id, carrier="simex", reported=None
        )
        await db.transact(payments.collect_at_the_door, [arrived], "carrier")
    page = f"{here}/simex/CNY"
    assert found[0].code in words(await chief.get(page))
    due = sum(order.total for order in found)
    line = {
        "bank_number": "B1",
        "fee": "1.00",
        "on_day": datetime.now(UTC).date().isoformat(),
        "orders": [f"{order.merchant_id}.{order.order_id}" for order in found],
    }

    wrong = await chief.post(page, {**line, "amount": str(due / 100)})
    told = await chief.follow(await chief.post(page, {**line, "amount": str((due - 100) / 100)}))

    assert wrong.status_code == 422
    assert "This does not add up" in words(wrong)
    assert 'value="B1"' in wrong.text, "what was typed is kept"
    assert "B1" in words(told)
    assert "No carrier owes anything" in words(told)
    await chief.close()
    await guest.close()


async def test_a_carriers_file_is_taken_in_on_its_page(db: Database, app: Litestar, world: World) -> None:
    guest, found, _ = await ordered(db, app, world)
    chief = await signed_in(app, world.operator)
    for order in found:
        await deal.shipped(db, order)
        arrived = payments.ArrivedAtTheDoor(
            merchant_id=order.merchant_id, order_id=order.order_id, carrier="simex", reported=None
        )
        await db.transact(payments.collect_at_the_door, [arrived], "carrier")
    page = "/operator/cash-on-delivery/simex/CNY"
    today = datetime.now(UTC).date().isoformat()
    rows = "".join(f"{today}T01:00:00Z,x{n},{order.code},{order.total / 100},CNY\n" for n, order in enumerate(found))
    content = f"time,number,order,amount,currency\n{rows}".encode()

    none = await chief.upload(f"{page}/file", {"file_number": "", "file_day": ""}, {})
    fields = {"file_number": "B1", "file_day": today}
    strange = await chief.upload(
        f"{page}/file", fields, {"file": ("a.csv", b"time,number,amount,currency\n", "text/csv")}
    )
    said = await chief.upload(f"{page}/file", fields, {"file": ("a.csv", content, "text/csv")})
    shown = await chief.follow(said)
    again = await chief.upload(f"{page}/file", fields, {"file": ("a.csv", content, "text/csv")})

    assert none.status_code == 422 and "Please choose a file" in words(none)
    assert strange.status_code == 422 and "owes nothing for the parcels" in words(strange) and "B1" in strange.text
    assert "The file is laid beside the books" in words(shown) and "a.csv" in words(shown)
    assert said.headers["location"].split("?")[0] == again.headers["location"].split("?")[0]
    assert "No carrier owes anything" in words(await chief.get("/operator/cash-on-delivery"))
    await chief.close()
    await guest.close()
