"""A shop sees its customers' stages, who moved where, and all that happened with one of them at this shop, and no other's."""

import re
from html import unescape
from uuid import UUID

import pytest

from steelyard.kernel import events, ids
from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import sweep_once
from steelyard.operations import behaviour, lifecycle, outreach
from steelyard.operations.behaviour import Behaviour, Kind
from steelyard.operations.journeys.model import Wait
from steelyard.operations.journeys.subscribers import SUBSCRIBER
from steelyard.operations.lifecycle.jobs import SWEEPS
from steelyard.operations.outreach.model import Channel, MessageId, Outgoing
from steelyard.surfaces.web import customer_pages
from steelyard.trade.aftersales.model import Returned
from tests.operations.journeys.conftest import line, started, template
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.world import World


async def traded(db: Database, world: World) -> None:
    """Li Na bought green tea and a hammer; a piece of tea came back."""
    orders = await deal.paid(
        db, [(world.items["green"].sku_id, 2), (world.items["hammer"].sku_id, 1)], world.buyer.buyer_id
    )
    [tea] = [order for order in orders if order.merchant_id == world.tea.merchant_id]
    await deal.refunded(db, tea, Returned(1, 1))
    await deal.at_rest(db)
    await db.transact(lifecycle.ask_for_recount, "command:test")
    await sweep_once(db, [sweep for sweep in SWEEPS if sweep.name in ("lifecycle.recount", "lifecycle.value")])


async def written_to(db: Database, merchant_id: UUID, buyer_id: UUID) -> None:
    template_id = await template(db, merchant_id)
    message = Outgoing(
        merchant_id=merchant_id,
        message_id=MessageId(ids.mint()),
        buyer_id=buyer_id,
        channel=Channel.INBOX,
        template_id=template_id,
    )
    await db.transact(outreach.send, message)


async def test_stages_flows_and_values_are_pages_and_files(db: Database, world: World, owner: Browser) -> None:
    await traded(db, world)

    stages = words(await owner.get("/merchant/lifecycle"))
    new = words(await owner.get("/merchant/lifecycle/stages/new"))
    values = words(await owner.get("/merchant/lifecycle/values"))
    everybody = words(await owner.get("/merchant/lifecycle/values/all"))
    assert "New customer 1" in stages
    assert "Interested New customer 1" in stages
    assert "L**" in new
    assert "Customers who have paid 1" in values
    assert "it takes 100 customers" in values
    assert "L**" in everybody
    for path in ("", "/stages/new", "/values", "/values/all"):
        file = await owner.get(f"/merchant/lifecycle{path}", format="csv")
        assert file.status_code == 200, path
        assert file.text.startswith("\ufeff"), path
    assert (await owner.get("/merchant/lifecycle/stages/asleep")).status_code == 404


async def test_a_customers_page_tells_what_happened_at_this_shop_alone(
    db: Database, world: World, owner: Browser
) -> None:
    await events.drain(db, [SUBSCRIBER])
    journey = await started(db, world.tea.merchant_id, line(Wait(minutes=60)))
    await traded(db, world)
    await events.drain(db, [SUBSCRIBER])

    shown = await owner.get(f"/merchant/customers/{world.buyer.buyer_id}")
    stranger = await owner.get(f"/merchant/customers/{world.other_buyer.buyer_id}")

    page = words(shown)
    assert "Stage: New customer" in page
    assert page.count("Paid order") == 1, "what was bought of the tool shop is not for the tea shop"
    assert "Got back" in page
    assert "Came into the journey" in page and f"/merchant/journeys/{journey}/run" in shown.text
    assert "lina@example.com" not in page
    assert stranger.status_code == 404


async def test_a_customers_page_names_what_it_was_about_and_what_the_shop_has_told_them(
    db: Database, world: World, owner: Browser
) -> None:
    await traded(db, world)
    buyer, tea = world.buyer.buyer_id, world.tea.merchant_id
    assert buyer is not None
    green = world.items["green"]
    looked = Behaviour(
        kind=Kind.VIEW, visitor_id=ids.mint(), buyer_id=buyer, merchant_id=tea, product_id=green.product_id
    )
    around = Behaviour(kind=Kind.VIEW, visitor_id=ids.mint(), buyer_id=buyer, merchant_id=tea)
    await db.transact(behaviour.record, [looked, around])
    for merchant_id in (tea, world.tools.merchant_id):
        await written_to(db, merchant_id, buyer)
    mine = (await db.ask(outreach.told, tea, [buyer]))[0]

    shown = await owner.get(f"/merchant/customers/{buyer}")

    page = words(shown)
    assert f"Looked at a product: {green.title['en']}" in page
    assert page.count("Looked at a product") == 1 and "Looked around" in page
    assert page.count("A message is waiting to be sent") == 1, "what another shop wrote is not for this one"
    assert f"/merchant/messages/sent/{mine.message_id}" in shown.text
    assert len(await db.ask(outreach.told, lifecycle.MARKETPLACE, [buyer])) == 2


async def test_what_happened_is_told_once_however_many_pages_it_takes(
    db: Database, world: World, owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await traded(db, world)
    buyer, tea = world.buyer.buyer_id, world.tea.merchant_id
    assert buyer is not None
    for _ in range(3):
        deed = Behaviour(kind=Kind.SHARE, visitor_id=ids.mint(), buyer_id=buyer, merchant_id=tea)
        await db.transact(behaviour.record, [deed])
        await written_to(db, tea, buyer)
    monkeypatch.setattr(customer_pages, "ROWS_PER_PAGE", 2)

    here, pages = f"/merchant/customers/{buyer}", list[str]()
    while here and len(pages) < 20:
        shown = await owner.get(here)
        pages.append(shown.text)
        found = re.search(r'href="([^"]*[?&](?:amp;)?cursor=[^"]*)" rel="next"|rel="next" href="([^"]*)"', shown.text)
        here = unescape(next(each for each in found.groups() if each)) if found else ""

    assert len(pages) > 3
    assert sum(page.count("Shared something") for page in pages) == 3
    assert sum(page.count("A message is waiting to be sent") for page in pages) == 3
    assert sum(page.count("Paid order") for page in pages) == 1


async def test_a_rule_that_makes_no_sense_is_told_beside_the_field_and_kept(
    db: Database, world: World, owner: Browser
) -> None:
    form = {"dormant_days": "30", "lost_days": "20", "loyal_orders": "3"}

    refused = await owner.post("/merchant/lifecycle/rule", form)
    taken = await owner.post("/merchant/lifecycle/rule", form | {"lost_days": "90"})

    assert refused.status_code == 422
    assert "More days than for dormant" in words(refused)
    assert 'value="20"' in refused.text
    assert taken.status_code in (302, 303)
    rules = await db.ask(lifecycle.rules_of, world.tea.merchant_id)
    assert [(rule.dormant_days, rule.lost_days, rule.loyal_orders) for rule in rules] == [(30, 90, 3)]
