"""A campaign through all three surfaces: opened, signed up for with reasons, approved, seen by buyers, told by mail, ended."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from litestar import Litestar

from steelyard.kernel.db import Database, Read
from steelyard.kernel.events import drain
from steelyard.trade import campaigns
from steelyard.worker import subscribers
from tests.support.browser import Browser, browsing, hidden, words
from tests.support.campaigns import begun
from tests.support.consoles import app, chief, database_url, owner, signed_in, world
from tests.support.world import World

__all__ = ["app", "chief", "database_url", "owner", "world"]

NEW = "/operator/campaigns/new"


def typed(**more: str) -> dict[str, str]:
    now = datetime.now(UTC) + timedelta(hours=8)  # as the house's clock says it
    moments = {
        "sign_up_from": now - timedelta(hours=1), "sign_up_until": now + timedelta(hours=2),
        "starts_at": now + timedelta(days=1), "ends_at": now + timedelta(days=3),
    }  # fmt: skip
    return {
        "name_zh": "金秋好物节", "name_en": "Autumn days", "code": "autumn-days", "off": "20", "pieces": "2",
        **{name: moment.strftime("%Y-%m-%dT%H:%M") for name, moment in moments.items()}, **more,
    }  # fmt: skip


async def mails(read: Read) -> list[str]:
    rows = await read.fetch("SELECT facts->>'what' AS what FROM mails WHERE template = 'shop_news' ORDER BY mail_id")
    return [row["what"] for row in rows]


async def test_from_the_platforms_wish_to_the_buyers_price(
    app: Litestar, db: Database, world: World, chief: Browser, owner: Browser
) -> None:
    form = await chief.get(NEW)
    fields = typed(campaign_id=hidden(form, "campaign_id"))
    for _ in range(2):
        page = words(await chief.follow(await chief.post(NEW, fields)))
        assert "The campaign is open" in page and "At least 20% off" in page
    here = f"/merchant/campaigns/{fields['campaign_id']}"
    assert "Autumn days" in words(await owner.get("/merchant/campaigns"))

    row = {"what_0": "NUTS-0", "price_0": "39", "pieces_0": "5", "per_buyer_0": "1"}
    answer = await owner.post(here, row)
    assert answer.status_code == 422 and "The campaign wants more off the price" in words(answer)
    assert 'href="#price_0"' in answer.text and 'value="NUTS-0"' in answer.text
    wrong = await owner.post(here, {**row, "price_0": "29.90", "what_0": "HAMMER-0"})
    assert wrong.status_code == 422 and 'href="#what_0"' in wrong.text
    signed = {**row, "price_0": "29.90", "sign_id": hidden(answer, "sign_id")}
    for _ in range(2):
        assert "Waits for the platform" in words(await owner.follow(await owner.post(here, signed)))
    stranger = await signed_in(app, world.tools.owner)
    assert "NUTS-0" not in words(await stranger.get(here))

    [entry] = await db.ask(campaigns.entries, UUID(fields["campaign_id"]))
    there = f"/operator/campaigns/{fields['campaign_id']}"
    assert "Please tick some articles" in words(
        await chief.follow(await chief.post(f"{there}/entries", {"action": "approve"}))
    )
    tick = {"entry": str(entry.entry_id)}
    assert "Please say why" in words(
        await chief.follow(await chief.post(f"{there}/entries", {**tick, "action": "send_back"}))
    )
    for told in ("1 approved.", "0 approved."):
        assert told in words(await chief.follow(await chief.post(f"{there}/entries", {**tick, "action": "approve"})))
    assert "Approved" in words(await owner.get(here))
    async with browsing(app) as buyer:
        assert "It has not begun yet" in words(await buyer.get("/campaigns/autumn-days"))
        await db.transact(begun, UUID(fields["campaign_id"]))
        page = words(await buyer.get("/campaigns/autumn-days"))
        assert "Autumn days" in page and "CN¥29.90" in page and "At most 1 for each buyer" in page
        assert (await buyer.get("/campaigns/another")).status_code == 404
        again = await owner.follow(await owner.post(f"{here}/entries/{entry.entry_id}/withdraw"))
        assert "It has begun already" in words(again)
        for _ in range(2):
            await chief.post(f"{there}/end", {"reason": "a mistake"})
        assert "a mistake" in words(await owner.get(here))
        assert (await buyer.get("/campaigns/autumn-days")).status_code == 404
    await drain(db, subscribers())
    assert await db.ask(mails) == ["campaign_approved"]
    await stranger.close()


async def test_what_cannot_be_opened_is_said_beside_its_field(chief: Browser) -> None:
    wrong = {
        "code": {"code": "Not so"},
        "name_zh": {"name_en": ""},
        "sign_up_until": {"sign_up_until": "2020-01-01T00:00"},
        "ends_at": {"ends_at": "soon"},
        "off": {"off": "100"},
        "rating": {"rating": "six"},
    }
    for name, told in wrong.items():
        answer = await chief.post(NEW, typed(**told))
        assert answer.status_code == 422, name
        assert f'href="#{name}"' in answer.text, name
        if name != "code":
            assert 'value="autumn-days"' in answer.text
