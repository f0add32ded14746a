"""A shop puts a segment together, sees who would be in it, keeps a list, and lets a group follow."""

import re
from html import unescape
from uuid import UUID

import psycopg
from litestar import Litestar

from steelyard.goods import promotions
from steelyard.goods.promotions.model import Group, GroupId, MemberSource
from steelyard.kernel import events, ids
from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import sweep_once
from steelyard.kernel.text import text
from steelyard.operations import journeys, segments
from steelyard.operations.behaviour import MARKETPLACE
from steelyard.operations.journeys.model import On, Trigger
from steelyard.operations.lifecycle.subscribers import SUBSCRIBER as LIFECYCLE
from steelyard.operations.segments.jobs import SWEEPS
from steelyard.operations.segments.model import All, Foretold, Measure, Number, Predicted
from steelyard.operations.segments.subscribers import SUBSCRIBER
from steelyard.parties.customers.model import BuyerId
from tests.operations.journeys.conftest import line, started
from tests.support import deal
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import signed_in
from tests.support.world import CONTACT, World
from tests.surfaces.merchant.test_lifecycle import traded

HERE = "/merchant/segments"


async def bought(db: Database, world: World) -> BuyerId:
    buyer_id = world.buyer.buyer_id
    assert buyer_id is not None
    await deal.paid(db, [(world.items["nuts"].sku_id, 1)], buyer_id)
    await heard(db)
    return buyer_id


async def heard(db: Database) -> None:
    await events.drain(db, [LIFECYCLE, SUBSCRIBER])
    await sweep_once(db, [each for each in SWEEPS if each.name == "segments.count"])


def new_part(page: str, group: str = "root") -> str:
    found = re.search(rf'name="new\.{group}" value="([^"]+)"', page)
    assert found is not None
    return found[1]


async def test_a_segment_is_put_together_counted_and_saved(db: Database, world: World, owner: Browser) -> None:
    buyer_id = await bought(db, world)
    begun = {"segment_id": hidden(await owner.get(HERE), "segment_id")}
    for _ in range(2):
        assert (await owner.post(f"{HERE}/new", begun)).status_code == 303
    here = f"{HERE}/{begun['segment_id']}/edit"
    page = await owner.get(here)
    named = {"name_zh": "买过的", "name_en": "Buyers", "f.root.here": "1", "f.root.kind": "all"}
    part = new_part(page.text)
    adding = {**named, "kind.root": "number", "new.root": part, "do": "add:root"}
    for _ in range(2):
        answer = await owner.post(here, adding)
        assert answer.headers["location"].endswith(f"#part-{part}")
    page = await owner.get(here)
    assert page.text.count(f'id="part-{part}"') == 1 and "Buyers" in page.text

    typed = {**named, f"f.{part}.here": "1", f"f.{part}.measure": "orders", f"f.{part}.at_least": "much"}
    refused = await owner.post(here, {**typed, "do": "save"})
    assert refused.status_code == 422
    assert "Condition 1: Please enter a whole number" in words(refused) and 'value="much"' in refused.text
    typed[f"f.{part}.at_least"] = "1"
    counted = words(await owner.post(here, {**typed, "do": "count"}))
    assert "1 of 1" in counted and CONTACT.email not in counted

    saved = await owner.post(here, {**typed, "do": "save"})
    assert saved.headers["location"] == f"{HERE}/{begun['segment_id']}"
    await heard(db)
    shown = words(await owner.get(saved.headers["location"]))
    assert "At least: 1" in shown and "Buyers" in shown and CONTACT.name not in shown
    assert await db.ask(segments.members, world.tea.merchant_id, UUID(begun["segment_id"])) == [buyer_id]
    listed = await owner.get(f"{HERE}/{begun['segment_id']}/members")
    assert listed.status_code == 200 and CONTACT.email not in listed.text
    exported = await owner.get(f"{HERE}/{begun['segment_id']}/members", format="csv")
    assert str(buyer_id) in exported.text and CONTACT.email not in exported.text


async def test_a_template_is_a_segment_once_it_is_saved_and_groups_stand_in_groups(
    db: Database, world: World, owner: Browser
) -> None:
    segment_id, here, group, inner, ready = "", "", "aaa", "bbb", segments.READY[0]
    for ready in segments.READY:
        segment_id = str(ids.mint())
        here = f"{HERE}/{segment_id}/edit"
        await owner.post(f"{HERE}/new", {"segment_id": segment_id, "ready": ready.key})
        await owner.post(here, {**ready_name(ready), "kind.root": "none", "new.root": group, "do": "add:root"})
        answer = await owner.post(
            here, {**ready_name(ready), f"kind.{group}": "guest", f"new.{group}": inner, "do": f"add:{group}"}
        )
        assert answer.status_code == 303
        saved = await owner.post(here, {**ready_name(ready), "do": "save"})
        assert saved.status_code == 303, words(saved)
        assert "None of these is true" in words(await owner.get(f"{HERE}/{segment_id}"))
    removed = await owner.post(f"{here}", {**ready_name(ready), "do": f"remove:{group}"})
    assert removed.status_code == 303 and f'id="part-{inner}"' not in (await owner.get(here)).text
    await owner.post(f"{HERE}/{segment_id}/drop")
    assert "None of these is true" in words(await owner.get(f"{HERE}/{segment_id}"))
    assert len(await db.ask(segments.segments, world.tea.merchant_id)) == len(segments.READY)
    await owner.post(f"{HERE}/{segment_id}/archive")
    assert "Nothing is archived" not in words(await owner.get(HERE, archived="1"))
    await owner.post(f"{HERE}/{segment_id}/restore")
    assert "Nothing is archived" in words(await owner.get(HERE, archived="1"))
    await heard(db)


def ready_name(ready: segments.Ready) -> dict[str, str]:
    return {"name_zh": ready.name["zh-Hans"], "name_en": ready.name["en"]}


async def test_two_windows_on_a_draft_do_not_undo_each_other(owner: Browser) -> None:
    # Given a draft with a condition, open in two windows; in the first the condition goes
    segment_id, part = str(ids.mint()), "aaa"
    here = f"{HERE}/{segment_id}/edit"
    await owner.post(f"{HERE}/new", {"segment_id": segment_id})
    await owner.post(here, {"kind.root": "number", "new.root": part, "do": "add:root"})
    opened = await owner.get(here)
    first = {"seen": hidden(opened, "seen"), "sketch": unescape(hidden(opened, "sketch")), "name_en": "The first"}
    second = {**first, "name_en": "The second", f"f.{part}.here": "1", f"f.{part}.at_least": "7"}
    assert (await owner.post(here, {**first, "do": f"remove:{part}"})).status_code == 303

    # When the second counts and keeps, it is told, and all that was typed stands on its page
    counted = await owner.post(here, {**second, "do": "count"})
    refused = await owner.post(here, {**second, "do": "keep"})
    assert hidden(counted, "seen") == first["seen"], "to count is not to have looked at the other's"
    assert refused.status_code == 422 and "This was changed after you opened it" in words(refused)
    assert 'value="The second"' in refused.text and 'value="7"' in refused.text
    assert 'value="The first"' in (await owner.get(here)).text

    # Then keeping it once more is a decision; and a second click on saving is nobody else's change
    again = {**second, "seen": hidden(refused, "seen"), "sketch": unescape(hidden(refused, "sketch")), "do": "save"}
    for _ in range(2):
        assert (await owner.post(here, again)).headers["location"] == f"{HERE}/{segment_id}"
    assert 'value="The second"' in (await owner.get(here)).text
    overtaken = await owner.post(here, {**first, "do": "save"})
    assert overtaken.status_code == 422 and 'value="The first"' in overtaken.text


async def test_a_change_begins_from_what_a_segment_said_before(db: Database, world: World, owner: Browser) -> None:
    # Given a segment in its second version
    segment_id, part = str(ids.mint()), "aaa"
    here = f"{HERE}/{segment_id}"
    await owner.post(f"{HERE}/new", {"segment_id": segment_id})
    adding = {"name_en": "Buyers", "kind.root": "number", "new.root": part, "do": "add:root"}
    await owner.post(f"{here}/edit", adding)
    typed = {"name_en": "Buyers", f"f.{part}.here": "1", f"f.{part}.measure": "orders", "do": "save"}
    await owner.post(f"{here}/edit", {**typed, f"f.{part}.at_least": "3"})
    await owner.post(f"{here}/edit", {"name_en": "Buyers", "f.1.here": "1", "f.1.at_least": "8", "do": "save"})
    shown = await owner.get(here)
    assert shown.text.count("Version 1: Begin a change from this version") == 1
    assert f"{here}/versions/2/change" not in shown.text, "that is what it says now"

    # When a change begins from the first, twice
    for _ in range(2):
        begun = await owner.post(f"{here}/versions/1/change")
        assert "This is what version 1 said" in words(await owner.follow(begun))

    # Then the draft says what it said, the segment what it says; and what is being changed is not thrown away
    assert 'value="3"' in (await owner.get(f"{here}/edit")).text
    assert (await db.ask(segments.segment, world.tea.merchant_id, UUID(segment_id))).version == 2
    await owner.post(f"{here}/edit", {"name_en": "Ours", "do": "keep"})
    assert "Begin a change" not in words(await owner.get(here))
    kept = await owner.follow(await owner.post(f"{here}/versions/2/change"))
    assert "Somebody has begun to change this segment" in words(kept) and 'value="Ours"' in kept.text
    assert (await owner.post(f"{here}/versions/9/change")).status_code == 404
    await owner.post(f"{here}/edit", {"name_en": "Ours", "do": "save"})
    assert (await db.ask(segments.segment, world.tea.merchant_id, UUID(segment_id))).version == 3
    await heard(db)


async def test_a_list_is_filled_from_a_file_and_names_whom_it_does_not_know(
    db: Database, world: World, owner: Browser
) -> None:
    buyer_id = await bought(db, world)
    made = {"segment_id": str(ids.mint()), "name_zh": "名单", "name_en": "The list"}
    for _ in range(2):
        assert (await owner.post(f"{HERE}/lists", made)).status_code == 303
    assert (await owner.post(f"{HERE}/lists", {**made, "name_zh": "", "name_en": ""})).status_code == 422
    here = f"{HERE}/{made['segment_id']}"

    came = await owner.post(f"{here}/people", {"people": f"E-mail,Name\n{CONTACT.email},Li\nnobody@example.com\n"})
    assert "1 customer is on the list now who was not" in words(came) and "nobody@example.com" in words(came)
    assert (await owner.post(f"{here}/people", {"people": "nobody"})).status_code == 422
    await owner.post(f"{here}/people/remove", {"buyer_id": str(buyer_id)})
    assert await db.ask(segments.members, world.tea.merchant_id, UUID(made["segment_id"])) == []
    await heard(db)


async def test_a_group_follows_and_what_is_used_stays(
    app: Litestar, db: Database, world: World, owner: Browser
) -> None:
    await bought(db, world)
    segment_id = str(ids.mint())
    await owner.post(f"{HERE}/new", {"segment_id": segment_id, "ready": "new"})
    await owner.post(f"{HERE}/{segment_id}/edit", {"name_en": "New", "do": "save"})
    group = Group(merchant_id=world.tea.merchant_id, group_id=GroupId(ids.mint()), name=text("老客", "Regulars"))
    await db.transact(promotions.set_group, group)
    here = f"{HERE}/{segment_id}"

    await owner.post(f"{here}/bind", {"group_id": str(group.group_id)})
    await heard(db)
    [member] = await db.ask(promotions.members, group.merchant_id, group.group_id)
    assert member.source is MemberSource.SEGMENT
    assert "Regulars" in words(await owner.follow(await owner.post(f"{here}/archive")))
    await owner.post(f"{here}/unbind", {"group_id": str(group.group_id)})
    assert await db.ask(promotions.members, group.merchant_id, group.group_id) == []

    stranger = await signed_in(app, world.tools.owner)
    for path in (here, f"{here}/edit", f"{here}/members"):
        assert (await stranger.get(path)).status_code == 404
    assert (await stranger.post(f"{here}/archive")).status_code == 404
    await stranger.close()


async def test_a_segment_that_a_journey_goes_by_stays_while_it_runs(db: Database, world: World, owner: Browser) -> None:
    shop, segment_id = world.tea.merchant_id, str(ids.mint())
    await owner.post(f"{HERE}/new", {"segment_id": segment_id, "ready": "new"})
    await owner.post(f"{HERE}/{segment_id}/edit", {"name_en": "New", "do": "save"})
    journey = await started(db, shop, line(Trigger(on=On.SEGMENT, segment_id=UUID(segment_id))))
    here = f"{HERE}/{segment_id}"

    assert f"/merchant/journeys/{journey}/run" in (await owner.get(here)).text
    assert "used by: Journey" in words(await owner.follow(await owner.post(f"{here}/archive")))
    assert (await db.ask(segments.segment, shop, UUID(segment_id))).archived_at is None

    await db.transact(journeys.end, shop, journey, "li")
    await owner.post(f"{here}/archive")
    assert (await db.ask(segments.segment, shop, UUID(segment_id))).archived_at is not None
    await heard(db)


async def test_the_platform_has_segments_of_all_customers(app: Litestar, db: Database, world: World) -> None:
    await bought(db, world)
    operator = await signed_in(app, world.operator)
    segment_id = str(ids.mint())
    here = f"/operator/segments/{segment_id}"
    await operator.post("/operator/segments/new", {"segment_id": segment_id, "ready": "new"})
    assert "1 of 1" in words(await operator.get(f"{here}/edit"))
    assert (await operator.post(f"{here}/edit", {"name_en": "New", "do": "save"})).status_code == 303
    await heard(db)

    assert len(await db.ask(segments.members, MARKETPLACE, UUID(segment_id))) == 1
    assert "since" in words(await operator.get(here)) and "New" in words(await operator.get("/operator/segments"))
    await operator.close()


async def test_what_is_expected_of_customers_is_typed_in_the_currency_it_is_counted_in(
    app: Litestar, db: Database, world: World, database_url: str
) -> None:
    """The marketplace foretells in the currency of the most orders, and adds up what was spent in the house's."""
    await traded(db, world)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        yen = """UPDATE value_runs SET facts = jsonb_set(facts, '{currency}', '"JPY"') WHERE merchant_id = %s"""
        await connection.execute(yen, [MARKETPLACE])
    operator = await signed_in(app, world.operator)
    segment_id = str(ids.mint())
    here = f"/operator/segments/{segment_id}"
    await operator.post("/operator/segments/new", {"segment_id": segment_id})
    typed: dict[str, str] = {"name_en": "Worth much"}
    for part, kind, measure in (("aaa", "foretold", "value"), ("bbb", "number", "spent")):
        await operator.post(f"{here}/edit", {"kind.root": kind, "new.root": part, "do": "add:root"})
        typed |= {f"f.{part}.here": "1", f"f.{part}.measure": measure, f"f.{part}.at_least": "200"}

    page = words(await operator.get(f"{here}/edit"))
    assert "Expected spending in JPY" in page and "Amounts in CNY" in page
    assert (await operator.post(f"{here}/edit", {**typed, "do": "save"})).status_code == 303

    saved = await db.ask(segments.segment, MARKETPLACE, UUID(segment_id))
    expected, spent = Foretold(measure=Predicted.VALUE, at_least=200), Number(measure=Measure.SPENT, at_least=20_000)
    assert saved.tree == All(of=(expected, spent))
    shown = words(await operator.get(here))
    assert "At least: 200 JPY" in shown and "At least: 200.00 CNY" in shown
    await operator.close()
    await heard(db)
