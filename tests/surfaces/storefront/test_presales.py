"""A presale on a buyer's way: told on the page of the goods, booked at the till, paid in two parts, given up."""

from datetime import timedelta

from steelyard.kernel.db import Database
from steelyard.trade import orders
from steelyard.trade.orders.model import PurchaseId
from tests.simulators.world import Simulated
from tests.support.browser import Browser, words
from tests.support.presale import balance_from, planned, presale
from tests.support.world import World
from tests.surfaces.storefront.buying import decide, newest_code, place, put


async def booked(guest: Browser, channel: Simulated, world: World) -> str:
    """Book a piece of what is in the presale, pay its deposit; returns the purchase's code."""
    answer = await put(guest, world.items["nuts"], 1, then="checkout")
    till = answer.headers["location"]
    page = words(await guest.get(till))
    assert "Deposit to pay now" in page and "CN¥5.00" in page
    await decide(channel, await place(guest, till))
    code = await newest_code(guest)
    # The way back from the cashier asks the channel.
    assert "The deposit is paid. Thank you!" in words(await guest.get(f"/purchases/{code}/return"))
    return code


async def purchase_of(db: Database, code: str) -> PurchaseId:
    found = await db.ask(orders.by_code, code)
    assert found is not None
    return found.purchase_id


async def test_the_page_of_the_goods_tells_deposit_windows_and_day(db: Database, world: World, guest: Browser) -> None:
    wanted = await planned(db, presale(world))
    nuts = f"/products/{world.items['nuts'].product_id}"

    page = await guest.get(nuts)

    told = words(page)
    assert "CN¥30.00 before CN¥39.90" in told and "counts for CN¥10.00" in told
    assert "Pay the deposit" in told and "Sent by" in told and "gives up the deposit" in told
    assert f'data-countdown="{wanted.ends_at.isoformat()}"' in page.text
    assert "Presale" not in words(await guest.get(f"/products/{world.items['green'].product_id}"))


async def test_the_deposit_then_the_balance_are_paid_at_the_cashier(
    db: Database, world: World, guest: Browser, channel: Simulated
) -> None:
    await planned(db, presale(world))
    assert "Nothing booked" in words(await guest.get("/account/presales"))
    code = await booked(guest, channel, world)

    page = words(await guest.get(f"/purchases/{code}"))
    assert "The balance can be paid from" in page and "Pay the balance" not in page
    assert "Deposit paid" in words(await guest.get("/account/presales"))

    await db.transact(balance_from, await purchase_of(db, code), timedelta())
    assert "Pay the balance" in words(await guest.get("/account/presales"))
    await decide(channel, await guest.post(f"/purchases/{code}/pay", {"channel": "simpay"}))

    assert "Paid. Thank you!" in words(await guest.get(f"/purchases/{code}/return"))
    assert "To be sent" in words(await guest.get("/account/presales"))


async def test_who_steps_back_is_told_what_becomes_of_the_deposit(
    db: Database, world: World, guest: Browser, channel: Simulated
) -> None:
    await planned(db, presale(world))
    code = await booked(guest, channel, world)
    assert "goes to the shop and is not given back" in words(await guest.get(f"/purchases/{code}"))

    await guest.post(f"/purchases/{code}/cancel")
    assert "Deposit paid" in words(await guest.get("/account/presales")), "an old page gives no deposit up"
    for _ in range(2):
        await guest.post(f"/purchases/{code}/give-up")

    assert "Deposit given up" in words(await guest.get("/account/presales"))
