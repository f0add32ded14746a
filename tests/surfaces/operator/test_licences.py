"""A shop hands in its new licence; the operator looks it over, accepts it or sends it back."""

from datetime import UTC, datetime, timedelta

from litestar import Litestar

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.parties import access, merchants
from steelyard.parties.merchants.model import LicenceRenewal, RenewalState
from tests.support.browser import Browser, words
from tests.support.consoles import signed_in
from tests.support.world import World

SCAN = b"\xff\xd8\xff licence"
OTHER = b"\xff\xd8\xff another licence"
NEXT_YEAR = (datetime.now(UTC) + timedelta(days=365)).date()


async def hand_in(owner: Browser, scan: bytes = SCAN, until: str = NEXT_YEAR.isoformat()) -> str:
    """What the page says afterwards."""
    fields = {"renewal_id": str(ids.mint()), "good_until": until}
    answer = await owner.upload("/merchant/licence", fields, {"scan": ("licence.jpg", scan)})
    return words(await owner.follow(answer) if answer.status_code == 303 else answer)


async def last(db: Database, world: World) -> LicenceRenewal:
    return (await db.ask(merchants.renewals_of, world.tea.merchant_id))[0]


async def mails(read: Read) -> list[str]:
    rows = await read.fetch("SELECT facts->>'what' AS what FROM mails WHERE template = 'shop_news' ORDER BY mail_id")
    return [row["what"] for row in rows]


async def test_a_new_licence_counts_once_the_operator_has_looked_it_over(
    app: Litestar, db: Database, world: World, chief: Browser, owner: Browser
) -> None:
    own = f"/operator/merchants/{world.tea.merchant_id}"
    assert "Waiting for review" in await hand_in(owner)
    await hand_in(owner)
    [waiting] = await db.ask(merchants.renewals_of, world.tea.merchant_id)
    assert "New licences to look over 1" in words(await chief.get("/operator"))
    assert own in (await chief.get("/operator/merchants", licence="renewed")).text
    assert (await chief.get(f"{own}/papers/{waiting.renewal_id}")).content == SCAN
    assert (await owner.get(f"/merchant/licence/papers/{waiting.renewal_id}")).content == SCAN

    for _ in range(2):
        await chief.post(f"{own}/licence/{waiting.renewal_id}/accept", {"file": waiting.file})

    merchant = await db.ask(merchants.get, world.tea.merchant_id)
    assert merchant is not None
    assert merchant.licence_until == NEXT_YEAR
    assert (await last(db, world)).state is RenewalState.ACCEPTED
    assert await db.ask(mails) == ["licence_accepted"]
    log = [entry.action for entry in (await db.ask(access.audit_log)).items]
    assert log.count("merchants.accept_licence") == 1
    assert "Accepted" in words(await chief.get(f"{own}/papers")), "with none that waits the page is there, too"
    stranger = await signed_in(app, world.tools.owner)
    assert (await stranger.get(f"/merchant/licence/papers/{waiting.renewal_id}")).status_code == 404
    await stranger.close()


async def test_a_licence_is_sent_back_with_a_reason_and_another_is_handed_in(
    db: Database, world: World, chief: Browser, owner: Browser
) -> None:
    await hand_in(owner)
    renewal = await last(db, world)
    here = f"/operator/merchants/{world.tea.merchant_id}/licence/{renewal.renewal_id}/send-back"

    wordless = words(await chief.follow(await chief.post(here, {"file": renewal.file, "reason": ""})))
    assert "Please fill this in" in wordless
    await chief.post(here, {"file": renewal.file, "reason": "Not legible"})

    assert "Not legible" in words(await owner.get("/merchant/licence"))
    assert await db.ask(mails) == ["licence_sent_back"]
    await hand_in(owner, OTHER)
    assert [each.state for each in await db.ask(merchants.renewals_of, world.tea.merchant_id)] == [
        "waiting", "sent_back",
    ]  # fmt: skip


async def test_what_was_handed_in_meanwhile_is_not_decided_about_unseen(
    db: Database, world: World, chief: Browser, owner: Browser
) -> None:
    await hand_in(owner)
    seen = await last(db, world)
    await hand_in(owner, OTHER)
    here = f"/operator/merchants/{world.tea.merchant_id}/licence/{seen.renewal_id}/accept"

    refused = words(await chief.follow(await chief.post(here, {"file": seen.file})))

    assert "handed in meanwhile" in refused
    assert (await last(db, world)).state is RenewalState.WAITING


async def test_a_licence_that_cannot_be_is_told_beside_its_field(db: Database, world: World, owner: Browser) -> None:
    assert "This licence has ended" in await hand_in(owner, until="2020-01-01")
    assert "Please enter a day" in await hand_in(owner, until="soon")
    assert "JPEG, PNG, WebP or PDF" in await hand_in(owner, b"no picture")
    assert await db.ask(merchants.renewals_of, world.tea.merchant_id) == []
