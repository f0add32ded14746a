"""A campaign that runs is found from the home page and its categories; its articles are approved with what speaks against them
before one's eyes, and leave it by asking."""

from uuid import UUID

from litestar import Litestar

from steelyard.goods import pricing, promotions
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.events import drain
from steelyard.trade import campaigns, checkout
from steelyard.trade.campaigns.model import EntryState, Rules
from steelyard.worker import subscribers
from tests.support import deal
from tests.support.browser import Browser, browsing, words
from tests.support.campaigns import PRICE, begun, opened, signed_up
from tests.support.consoles import app, chief, database_url, owner, signed_in, world
from tests.support.groups import group, offered
from tests.support.world import World

__all__ = ["app", "chief", "database_url", "owner", "world"]


async def running(db: Database, world: World) -> tuple[UUID, UUID]:
    """A campaign that runs, with the nuts in it."""
    campaign_id, entry_id = await db.transact(signed_up, world)
    assert await db.transact(campaigns.approve, world.tea.merchant_id, entry_id, "operator")
    await db.transact(begun, campaign_id)
    return campaign_id, entry_id


async def news(read: Read) -> list[str]:
    rows = await read.fetch("SELECT facts->>'what' AS what FROM mails WHERE template = 'shop_news' ORDER BY mail_id")
    return [row["what"] for row in rows if row["what"] != "campaign_approved"]


async def test_a_campaign_that_runs_is_found_from_home_and_from_its_categories(
    app: Litestar, db: Database, world: World
) -> None:
    elsewhere = await opened(
        db, Rules(categories=frozenset([next(iter(world.categories.values()))])), code="tools-only"
    )
    async with browsing(app) as buyer:
        assert "Autumn days" not in words(await buyer.get("/"))
        await running(db, world)
        db.kept.pop("trade.campaigns", None)
        page = await buyer.get("/")
        assert 'href="/campaigns/autumn"' in page.text
        # Nothing is approved for this one: there is nothing to lead to.
        await db.transact(begun, elsewhere.campaign_id)
        db.kept.pop("trade.campaigns", None)
        assert "tools-only" not in (await buyer.get("/")).text


def test_goods_of_a_category_can_be_in_a_campaign_that_names_none_or_one_above_it() -> None:
    above, own, other = (UUID(int=n) for n in (1, 2, 3))
    assert Rules().reaches([above, own])
    assert Rules(categories=frozenset([above])).reaches([above, own])
    assert not Rules(categories=frozenset([other])).reaches([above, own])


async def test_the_shop_does_not_end_it_in_its_flash_list_but_asks_and_the_platform_decides(
    db: Database, world: World, chief: Browser, owner: Browser
) -> None:
    campaign_id, entry_id = await running(db, world)
    flash, here = f"/merchant/flash/{entry_id}", f"/merchant/campaigns/{campaign_id}"
    there = f"/operator/campaigns/{campaign_id}"
    page = await owner.get(flash)
    assert "part of a campaign" in words(page) and f'href="{here}"' in page.text and "/cancel" not in page.text
    assert "It is part of a campaign" in words(await owner.follow(await owner.post(f"{flash}/cancel")))
    assert await sold(db, world) == PRICE

    answer = await owner.post(f"{here}/entries/{entry_id}/leave", {"reason": " "})
    assert answer.status_code == 422 and f'id="leave-{entry_id}-error"' in answer.text
    for _ in range(2):
        again = await owner.follow(await owner.post(f"{here}/entries/{entry_id}/leave", {"reason": "the jars broke"}))
        assert "You have asked to leave: the jars broke" in words(again)
    assert "the jars broke" in words(await chief.get(there))

    no = {"entry": str(entry_id), "action": "keep"}
    assert "Please say why" in words(await chief.follow(await chief.post(f"{there}/leaving", no)))
    await chief.post(f"{there}/leaving", {**no, "reason": "buyers were told"})
    assert "the platform: buyers were told" in words(await owner.get(here))
    assert await sold(db, world) == PRICE

    await owner.post(f"{here}/entries/{entry_id}/leave", {"reason": "they really did"})
    for _ in range(2):
        await chief.post(f"{there}/leaving", {"entry": str(entry_id), "action": "let_go"})
    [entry] = await db.ask(campaigns.entries, campaign_id)
    assert entry.state is EntryState.WITHDRAWN
    assert await sold(db, world) == world.items["nuts"].amount
    await drain(db, subscribers())
    assert await db.ask(news) == ["campaign_stays", "campaign_left"]


async def sold(db: Database, world: World) -> int:
    """What a piece of the nuts costs a buyer now."""
    view = await db.ask(checkout.view, await deal.opened(db, [(world.items["nuts"].sku_id, 1)]))
    assert view is not None
    return view.quote.goods


async def test_another_shop_asks_nothing_about_it(db: Database, world: World, app: Litestar) -> None:
    campaign_id, entry_id = await running(db, world)
    stranger = await signed_in(app, world.tools.owner)
    answer = await stranger.post(f"/merchant/campaigns/{campaign_id}/entries/{entry_id}/leave", {"reason": "mine?"})
    assert answer.status_code == 404
    [entry] = await db.ask(campaigns.entries, campaign_id)
    assert entry.leave_asked_at is None


async def test_before_it_runs_nothing_is_asked_for(db: Database, world: World, owner: Browser) -> None:
    campaign_id, entry_id = await db.transact(signed_up, world)
    await db.transact(campaigns.approve, world.tea.merchant_id, entry_id, "operator")
    there = f"/merchant/campaigns/{campaign_id}/entries/{entry_id}/leave"
    assert "Nothing is signed up for it now" in words(await owner.follow(await owner.post(there, {"reason": "early"})))
    assert "part of a campaign" in words(await owner.get(f"/merchant/flash/{entry_id}"))


async def costly(tx: Tx, world: World) -> None:
    """The nuts cost the shop more than the campaign sells them for."""
    nuts = world.items["nuts"]
    await pricing.set_costs(tx, nuts.merchant_id, "CNY", {nuts.sku_id: PRICE + 500})


async def test_what_speaks_against_an_article_is_read_before_it_is_approved(
    db: Database, world: World, chief: Browser
) -> None:
    await db.transact(costly, world)
    campaign_id, entry_id = await db.transact(signed_up, world)
    there = f"/operator/campaigns/{campaign_id}"
    tick = {"entry": str(entry_id), "action": "approve"}

    answer = await chief.post(f"{there}/entries", tick)

    assert answer.status_code == 409 and "below its cost" in words(answer)
    assert f'value="{entry_id}" checked' in answer.text
    assert [each.state for each in await db.ask(campaigns.entries, campaign_id)] == [EntryState.WAITING]
    assert "1 approved." in words(await chief.follow(await chief.post(f"{there}/entries", {**tick, "anyway": "1"})))
    assert await db.ask(promotions.session, world.tea.merchant_id, entry_id) is not None


async def test_a_price_for_teams_of_the_same_goods_speaks_against_it_as_well(
    db: Database, world: World, chief: Browser
) -> None:
    campaign_id, entry_id = await db.transact(signed_up, world)
    await offered(db, group(world))

    answer = await chief.post(
        f"/operator/campaigns/{campaign_id}/entries", {"entry": str(entry_id), "action": "approve"}
    )

    assert answer.status_code == 409 and "sells it at another price at the same time" in words(answer)
