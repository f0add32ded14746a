"""After the purchase: what is shown of it, and what its buyer can do."""

from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.logistics import parcels
from steelyard.logistics.fulfilment.model import Dispatch
from steelyard.logistics.parcels.model import ParcelId, Scan
from steelyard.trade import orders
from tests.simulators.world import Simulated
from tests.support import deal
from tests.support.browser import Browser, hidden, words
from tests.support.world import CONTACT, World
from tests.surfaces.storefront.buying import bought, newest_code, open_checkout, order_codes, place, put


async def ship(db: Database, code: str, number: str = "SF1234567890") -> None:
    """The merchant sends the whole order."""
    owner = await db.ask(orders.by_code, code)
    assert owner is not None and owner.merchant_id is not None and owner.order_id is not None
    await db.transact(
        orders.ship,
        Dispatch(
            merchant_id=owner.merchant_id,
            order_id=owner.order_id,
            parcel_id=ParcelId(ids.mint()),
            carrier="simex",
            number=number,
            lines=None,
        ),
        "system",
    )


async def test_an_unpaid_purchase_can_be_cancelled_and_bought_again(guest: Browser, world: World) -> None:
    await put(guest, world.items["nuts"])
    await place(guest, await open_checkout(guest))
    code = await newest_code(guest)
    assert "Please pay until" in words(await guest.get(f"/purchases/{code}"))
    page = await guest.follow(await guest.post(f"/purchases/{code}/cancel"))
    assert "The purchase was cancelled." in words(page) and "You cancelled it." in words(page)
    assert code in (await guest.get("/orders?state=cancelled")).text
    assert code not in (await guest.get("/orders?state=to-pay")).text
    (order,) = order_codes(page)
    assert "Hickory nuts" in words(await guest.follow(await guest.post(f"/orders/{order}/again")))


async def test_a_paid_order_is_called_off_by_shop(guest: Browser, world: World, channel: Simulated) -> None:
    code = await bought(guest, channel, world.items["nuts"], world.items["ruler"])
    page = await guest.get(f"/purchases/{code}")
    first, second = order_codes(page)
    form = {"refund_id": hidden(page, "refund_id")}
    for _ in range(2):
        page = await guest.follow(await guest.post(f"/orders/{first}/cancel", form))
    assert "Refund of" in words(page) and words(page).count("Paid, being packed") == 1
    assert first in page.text and second in page.text


async def test_a_sent_order_is_tracked_and_received(
    guest: Browser, world: World, channel: Simulated, db: Database
) -> None:
    code = await bought(guest, channel, world.items["nuts"])
    (order,) = order_codes(await guest.get(f"/purchases/{code}"))
    assert "This is no longer possible" in words(await guest.follow(await guest.post(f"/orders/{order}/receive")))
    await ship(db, order)
    page = words(await guest.get(f"/purchases/{code}"))
    assert "SF1234567890" in page and "Handed to the carrier" in page
    assert "On its way" in words(await guest.get("/orders"))
    scan = Scan(at=datetime.now(UTC), code="delivered", place="温州")
    await db.transact(partial(parcels.record_scans, carrier="simex", number="SF1234567890", scans=[scan]))
    await deal.at_rest(db)
    listed = words(await guest.get("/orders"))
    assert "Delivered" in listed and "On its way" not in listed
    assert "This is no longer possible" in words(await guest.follow(await guest.post(f"/orders/{order}/cancel")))
    for _ in range(2):
        page = words(await guest.follow(await guest.post(f"/orders/{order}/receive")))
    assert "Receipt confirmed" in page
    assert code in (await guest.get("/orders?state=done")).text


async def test_a_guest_finds_an_order_again_by_code_and_address(
    guest: Browser, other: Browser, world: World, channel: Simulated
) -> None:
    code = await bought(guest, channel, world.items["nuts"])
    assert (await other.get(f"/purchases/{code}")).status_code == 404
    wrong = await other.post("/find-order", {"code": code, "email": "somebody@example.com"})
    assert wrong.status_code == 404 and "There is no order" in words(wrong)
    right = await other.post("/find-order", {"code": code.lower().replace("-", " "), "email": CONTACT.email.upper()})
    assert "Hickory nuts" in words(await other.follow(right))
    assert (await other.get(f"/purchases/{code}/return")).status_code == 200
    answers = [await other.post("/find-order", {"code": "P-0", "email": "x@example.com"}) for _ in range(12)]
    assert answers[-1].status_code == 429


async def test_nobody_else_sees_or_touches_a_purchase(
    guest: Browser, other: Browser, buyer: Browser, world: World, channel: Simulated
) -> None:
    await put(guest, world.items["ruler"])
    checkout = await open_checkout(guest)
    code = await bought(guest, channel, world.items["nuts"])
    (order, *_) = order_codes(await guest.get(f"/purchases/{code}"))
    for stranger in (other, buyer):
        for path in (
            checkout,
            f"/purchases/{code}",
            f"/purchases/{code}/return",
            f"/purchases/{code}/paid",
            f"/purchases/{code}/wechat",
            f"/orders/{order}",
            f"/orders/{order}/address",
        ):
            assert (await stranger.get(path)).status_code == 404, path
        for path in (
            checkout,
            f"{checkout}/cancel",
            f"/purchases/{code}/pay",
            f"/purchases/{code}/cancel",
            f"/orders/{order}/cancel",
            f"/orders/{order}/receive",
            f"/orders/{order}/again",
            f"/orders/{order}/address",
            f"/orders/{order}/remind",
            f"/orders/{order}/extend",
            f"/orders/{order}/hide",
            f"/orders/{order}/show",
            f"/orders/{order}/ask-to-cancel",
        ):
            assert (await stranger.post(path)).status_code == 404, path
        assert code not in (await stranger.get("/orders")).text


async def test_knowing_a_buyers_id_is_not_being_the_buyer(
    other: Browser, buyer: Browser, world: World, channel: Simulated
) -> None:
    code = await bought(buyer, channel, world.items["nuts"])
    assert isinstance(world.buyer.buyer_id, UUID)
    for forged in (str(world.buyer.buyer_id), f"{world.buyer.buyer_id}.{'0' * 43}"):
        other.http.cookies.set("steelyard_visitor", forged)
        assert (await other.get(f"/purchases/{code}")).status_code == 404
        assert code not in (await other.get("/orders")).text


async def test_an_order_is_readdressed_hurried_and_asked_about(
    guest: Browser, world: World, channel: Simulated, db: Database
) -> None:
    code = await bought(guest, channel, world.items["nuts"])
    (order,) = order_codes(await guest.get(f"/purchases/{code}"))
    form = {
        "name": "Zhou", "phone": "13800000000", "country": "CN", "region": "浙江", "city": "温州", "district": "鹿城",
        "street": "五马街 1 号",
    }  # fmt: skip
    assert (await guest.post(f"/orders/{order}/address", {**form, "street": ""})).status_code == 422
    abroad = await guest.post(f"/orders/{order}/address", {**form, "country": "GB", "postal_code": "EC1Y 8SY"})
    assert abroad.status_code in (409, 422)
    page = words(await guest.follow(await guest.post(f"/orders/{order}/address", form)))
    assert "五马街 1 号" in page and "The address was changed" in page
    back = {"back": f"/orders/{order}"}
    assert "has been reminded" in words(await guest.follow(await guest.post(f"/orders/{order}/remind", back)))
    assert "reminded already" in words(await guest.follow(await guest.post(f"/orders/{order}/remind", back)))
    owner = await db.ask(orders.by_code, order)
    assert owner is not None and owner.merchant_id is not None and owner.order_id is not None
    await db.transact(orders.begin_packing, owner.merchant_id, owner.order_id, "staff:1")
    page = words(await guest.get(f"/orders/{order}"))
    assert "Ask to cancel" in page and "Change the address" not in page
    asked = await guest.follow(await guest.post(f"/orders/{order}/ask-to-cancel", {**back, "reason": "too_slow"}))
    assert "You asked the shop to cancel" in words(asked)


async def test_orders_are_found_by_words_and_taken_off_the_list(
    guest: Browser, world: World, channel: Simulated, db: Database
) -> None:
    code = await bought(guest, channel, world.items["nuts"])
    (order,) = order_codes(await guest.get(f"/purchases/{code}"))
    assert order in (await guest.get("/orders?q=hickory")).text
    assert "No order fits" in words(await guest.get("/orders?q=nothing-like-it"))
    await ship(db, order)
    await guest.post(f"/orders/{order}/extend")
    assert "You extended the time" in words(await guest.get(f"/orders/{order}"))
    await guest.post(f"/orders/{order}/receive")
    assert order in (await guest.get("/orders?state=to-review")).text
    hidden = await guest.follow(await guest.post(f"/orders/{order}/hide"))
    assert f'action="/orders/{order}/show"' in hidden.text
    assert f'href="/orders/{order}"' not in hidden.text
    assert order not in (await guest.get("/orders?state=to-review")).text
    assert "Put back on my list" in words(await guest.get(f"/orders/{order}"))
    await guest.post(f"/orders/{order}/show")
    assert order in (await guest.get("/orders")).text
