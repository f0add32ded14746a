"""Buyers: masked until somebody reveals them, which is written down; blocked and let in again."""

from datetime import UTC, datetime

from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.operations import lifecycle
from steelyard.operations.lifecycle import MARKETPLACE
from steelyard.parties import access
from tests.support.browser import Browser, words
from tests.support.consoles import signed_in
from tests.support.world import World


async def test_a_buyers_data_is_masked_until_somebody_reveals_it_and_that_is_written_down(
    db: Database, world: World, chief: Browser
) -> None:
    own = f"/operator/buyers/{world.buyer.buyer_id}"

    found = await chief.get("/operator/buyers", q=world.buyer.email)
    page = await chief.get(own)

    assert own in found.text and "No buyer has this" in words(await chief.get("/operator/buyers", q="lina"))
    assert world.buyer.email not in page.text and "@example.com" in page.text
    assert world.buyer.email in (await chief.post(f"{own}/reveal")).text
    [entry] = [each for each in (await db.ask(access.audit_log)).items if each.action == "buyers.reveal"]
    assert entry.subject == str(world.buyer.buyer_id)


async def test_a_buyers_page_and_what_they_did_lead_to_each_other(db: Database, world: World, chief: Browser) -> None:
    own, customer = f"/operator/buyers/{world.buyer.buyer_id}", f"/operator/customers/{world.buyer.buyer_id}"
    assert customer not in (await chief.get(own)).text, "who has done nothing has no page of it"
    assert world.buyer.buyer_id is not None
    now = datetime.now(UTC)
    sight = lifecycle.Sight(merchant_id=MARKETPLACE, buyer_id=world.buyer.buyer_id, at=now)
    await db.transact(lifecycle.seen, [sight])

    assert customer in (await chief.get(own)).text
    assert own in (await chief.get(customer)).text


async def test_a_blocked_buyer_is_signed_out_and_stays_out_until_unblocked(
    db: Database, world: World, chief: Browser, app: Litestar
) -> None:
    own = f"/operator/buyers/{world.buyer.buyer_id}"
    buyer = await signed_in(app, world.buyer)

    assert "Please fill this in" in words(await chief.follow(await chief.post(f"{own}/block", {"reason": ""})))
    await chief.post(f"{own}/block", {"reason": "Fraud"})
    assert (await buyer.get("/account/sessions")).status_code != 200
    assert (await buyer.sign_in(world.buyer)).status_code == 401

    await chief.post(f"{own}/unblock")
    assert (await buyer.sign_in(world.buyer)).status_code == 303
    await buyer.close()
