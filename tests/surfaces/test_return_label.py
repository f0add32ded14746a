"""What a buyer has for the way back: a carrier that fetches, a label to print, a code to show; and what the shop does with it."""

from litestar import Litestar

from steelyard.kernel.db import Database, Tx
from steelyard.logistics.parcels import waybills
from steelyard.trade import aftersales
from steelyard.trade.aftersales.pickups import follow_pickups
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.consoles import app, database_url, owner, signed_in, world
from tests.support.world import World
from tests.surfaces.merchant.test_shipping import drawn, pages_of
from tests.surfaces.test_after_sales import buyer, case_of, sent

__all__ = ["app", "buyer", "database_url", "owner", "world"]
NUMBER = "SX0000000000777"


async def agreed(db: Database, world: World) -> aftersales.Case:
    order = await sent(db, world)
    case_id = await deal.case_asked(db, order, aftersales.Kind.RETURN_REFUND)
    await db.transact(aftersales.agree, order.merchant_id, case_id, "staff:1")
    return await case_of(db, order)


async def test_a_buyer_prints_the_label_or_shows_the_code(db: Database, world: World, buyer: Browser) -> None:
    case = await agreed(db, world)
    mine = f"/after-sales/{case.case_id}"
    page = await buyer.get(mine)
    assert case.code in page.text and f"{mine}/code.svg" in page.text and f"{mine}/label.pdf" in page.text

    label = await buyer.get(f"{mine}/label.pdf")
    assert label.headers["content-type"] == "application/pdf" and pages_of(label.content) == 1
    said = drawn(label.content)
    assert case.code in said and "Freight collect" in said and NUMBER not in said
    code = await buyer.get(f"{mine}/code.svg")
    assert code.headers["content-type"].startswith("image/svg+xml") and code.text.startswith("<svg")

    unknown = await buyer.post(f"{mine}/pickup", {"pickup": "other"})
    assert unknown.status_code == 422 and "Please choose a carrier" in words(unknown)
    for _ in range(2):
        told = await buyer.follow(await buyer.post(f"{mine}/pickup", {"pickup": "simex"}))
        assert "has not answered yet" in words(told)

    async def answer(tx: Tx) -> None:
        [waybill] = await _open(tx, case)
        await waybills.answered(tx, waybill, NUMBER)

    await db.transact(answer)
    await db.transact(follow_pickups)
    page = await buyer.get(mine)
    assert NUMBER in page.text and "Show this code to the courier" in words(page)
    assert NUMBER in drawn((await buyer.get(f"{mine}/label.pdf")).content)
    assert (await buyer.get(f"{mine}/code.svg")).text != code.text, "the courier scans the number"
    done = await buyer.follow(await buyer.post(f"{mine}/send-back", {"carrier": "simex", "number": NUMBER}))
    assert "On its way back" in words(done)


async def _open(tx: Tx, case: aftersales.Case) -> list[waybills.Waybill]:
    wanted = await tx.fetch("SELECT waybill_id FROM waybills WHERE order_id = $1", case.case_id)
    assert len(wanted) == 1, "asked twice, it is asked for once"
    return await tx.all(waybills.Waybill, "SELECT * FROM waybills WHERE order_id = $1", case.case_id)


async def test_nothing_is_printed_for_what_does_not_go_back(
    db: Database, world: World, app: Litestar, buyer: Browser
) -> None:
    order = await sent(db, world)
    case_id = await deal.case_asked(db, order, aftersales.Kind.RETURN_REFUND)
    for what in ("label.pdf", "code.svg"):
        assert (await buyer.get(f"/after-sales/{case_id}/{what}")).status_code == 404
    await db.transact(aftersales.agree, order.merchant_id, case_id, "staff:1")
    stranger = await signed_in(app, world.other_buyer)
    for what in ("label.pdf", "code.svg"):
        assert (await buyer.get(f"/after-sales/{case_id}/{what}")).status_code == 200
        assert (await stranger.get(f"/after-sales/{case_id}/{what}")).status_code == 404
    await stranger.close()


async def test_a_shop_scans_the_parcel_and_is_told_of_a_number_that_is_not_known(
    db: Database, world: World, owner: Browser, buyer: Browser
) -> None:
    case = await agreed(db, world)
    found = await owner.get("/merchant/after-sales", code=case.code.lower())
    assert found.status_code == 303 and found.headers["location"].endswith(str(case.case_id))
    nothing = await owner.get("/merchant/after-sales", code="R-00000-00000")
    assert "No request of your shop has the number" in words(nothing)

    await db.transact(aftersales.send_back, case.merchant_id, case.case_id, "simex", "X1", "buyer")

    async def refused(tx: Tx) -> None:
        await tx.execute("UPDATE parcels SET refused_at = now() WHERE number = 'X1'")

    await db.transact(refused)
    assert "The carrier does not know this number" in words(await buyer.get(f"/after-sales/{case.case_id}"))
    assert "The carrier does not know this number" in words(await owner.get(f"/merchant/after-sales/{case.case_id}"))
