"""Buyers: masked until somebody reveals them, which is written down; blocked and let in again."""

from datetime import UTC, datetime
from importlib.resources import files

from litestar import Litestar

from steelyard.kernel.db import Database, Tx
from steelyard.operations import lifecycle
from steelyard.operations.lifecycle import MARKETPLACE
from steelyard.parties import access
from steelyard.parties.notifications.model import Template
from steelyard.surfaces.web.lifecycle_words import MAILS
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


async def test_every_mail_that_a_customer_was_sent_is_told_in_words(db: Database, world: World, chief: Browser) -> None:
    written = {
        path.name.removesuffix(".html")
        for path in (files("steelyard") / "parties/notifications/templates/en").iterdir()
    }
    assert set(MAILS) == written == set(Template)
    assert world.buyer.buyer_id is not None
    sight = lifecycle.Sight(merchant_id=MARKETPLACE, buyer_id=world.buyer.buyer_id, at=datetime.now(UTC))
    await db.transact(lifecycle.seen, [sight])
    await db.transact(_sent, world.buyer.email, sorted(written))

    page = words(await chief.get(f"/operator/customers/{world.buyer.buyer_id}"))

    assert [template for template in written if f"Was sent a mail: {MAILS[template]}" not in page] == []


async def _sent(tx: Tx, recipient: str, templates: list[str]) -> None:
    await tx.execute(
        """
        INSERT INTO mails (mail_id, recipient, template, locale, facts, sent_at)
        SELECT gen_random_uuid(), $1, t, 'en', '{}', now() FROM unnest($2::text[]) AS t
        """,
        recipient,
        templates,
    )


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
