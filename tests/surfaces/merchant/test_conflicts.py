"""Before an offer is saved the shop reads what speaks against it, and says once more that it wants it: that stands in the log."""

from datetime import UTC, datetime, timedelta

from litestar import Litestar

from steelyard.goods import pricing, promotions
from steelyard.goods.catalog.model import SkuId
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.parties import access
from steelyard.trade import groups
from tests.support.browser import Browser, browsing, words
from tests.support.flash import flash, planned
from tests.support.groups import group, offered
from tests.support.world import World
from tests.surfaces.merchant.test_flash import code
from tests.surfaces.merchant.test_presales import moment
from tests.surfaces.merchant.test_presales import typed as presale_typed

NEW = "/merchant/promotions/new"


def typed(world: World, **more: str) -> dict[str, str]:
    starts = datetime.now(UTC) + timedelta(hours=9)
    return {
        "promotion_id": str(ids.mint()), "kind": "rate_off", "name_zh": "九折", "name_en": "A tenth off",
        "over_0": "1", "percent_0": "10", "counted": "pieces", "starts_at": starts.strftime("%Y-%m-%dT%H:%M"),
        "ends_at": (starts + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M"),
        "products": str(world.items["nuts"].product_id), **more,
    }  # fmt: skip


async def logged(db: Database, world: World, action: str) -> list[object]:
    found = await db.ask(access.audit_log, world.tea.merchant_id, None, 20)
    return [each.facts.get("anyway") for each in found.items if each.action == action]


async def test_what_is_below_cost_is_saved_only_by_who_says_so(db: Database, world: World, owner: Browser) -> None:
    """39.90 less a tenth is 35.91; the shop pays 38.00 for it."""
    nuts = SkuId(world.items["nuts"].sku_id)
    await db.transact(pricing.set_costs, world.tea.merchant_id, "CNY", {nuts: 3_800})
    form = typed(world)

    answer = await owner.post(NEW, form)
    page = words(answer)
    assert answer.status_code == 409
    assert "CN¥35.91, which is below its cost of CN¥38" in page and "Save anyway" in page
    assert 'value="A tenth off"' in answer.text
    assert not await db.ask(promotions.offers, world.tea.merchant_id, None, 10)

    for _ in range(2):
        assert "Saved" in words(await owner.follow(await owner.post(NEW, {**form, "anyway": "1"})))
    assert await logged(db, world, "promotions.save") == [["below_cost"]]


async def test_what_nothing_speaks_against_is_saved_at_once(db: Database, world: World, owner: Browser) -> None:
    assert "Saved" in words(await owner.follow(await owner.post(NEW, typed(world))))
    assert await logged(db, world, "promotions.save") == [None]

    again = await owner.post(NEW, typed(world, name_zh="另一个", name_en="Another"))
    assert again.status_code == 409
    assert "“A tenth off” is of the same kind at the same time" in words(again)


async def test_what_could_be_had_for_nothing_is_refused(db: Database, world: World, owner: Browser) -> None:
    form = typed(world, kind="amount_off", over_0="39.90", off_0="39.90", percent_0="")

    for anyway in ("", "1"):
        answer = await owner.post(NEW, {**form, "anyway": anyway})
        assert answer.status_code == 422
        assert "could be had for nothing" in words(answer) and "Save anyway" not in words(answer)
    assert not await db.ask(promotions.offers, world.tea.merchant_id, None, 10)


async def test_the_cost_is_typed_in_the_editor_and_shown_to_nobody_else(
    db: Database, world: World, owner: Browser, app: Litestar
) -> None:
    nuts = world.items["nuts"]
    here = f"/merchant/products/{nuts.product_id}"
    page = await owner.get(here)
    assert f'name="cost:{nuts.sku_id}"' in page.text
    await db.transact(pricing.set_costs, world.tea.merchant_id, "CNY", {SkuId(nuts.sku_id): 1_234})

    assert 'value="12.34"' in (await owner.get(here)).text
    for path in (f"/products/{nuts.product_id}", f"/products/{nuts.product_id}/share"):
        async with browsing(app) as nobody:
            assert "12.34" not in (await nobody.get(path)).text
    assert await db.ask(pricing.costs_of, world.tools.merchant_id, [nuts.sku_id], "CNY") == {}


async def test_the_calendar_lists_what_is_on_and_marks_what_meets(db: Database, world: World, owner: Browser) -> None:
    assert "Nothing is on" in words(await owner.get("/merchant/calendar", day="2020-05-05"))
    await planned(db, flash(world))
    first, second = typed(world), typed(world, name_en="Another")
    for form in (first, second):
        await owner.post(NEW, {**form, "anyway": "1"})

    page = await owner.get("/merchant/calendar", by="month")
    day = (datetime.now(UTC) + timedelta(hours=9)).date().isoformat()
    later = words(await owner.get("/merchant/calendar", day=day))

    assert "Flash sale Evening rush" in words(page)
    assert "A tenth off" in later and "Another" in later and "Meets another" in later
    for odd in ("nonsense", "2026-13-45", "0001-01-01"):
        assert (await owner.get("/merchant/calendar", by=odd, day=odd)).status_code == 200


async def test_a_presale_and_a_group_offer_are_looked_at_before_they_are_saved(
    db: Database, world: World, owner: Browser
) -> None:
    nuts = world.items["nuts"]
    await db.transact(pricing.set_costs, world.tea.merchant_id, "CNY", {SkuId(nuts.sku_id): 3_800})
    number = await code(db, world, "nuts")
    teams = {
        "offer_id": str(ids.mint()), "what_0": number, "price_0": "29.90", "size": "2", "hours": "24", "pieces": "10",
        "starts_at": moment(1), "ends_at": moment(3),
    }  # fmt: skip
    of_teams = "/merchant/group-buying/new"
    answer = await owner.post(of_teams, teams)
    assert answer.status_code == 409
    assert "CN¥29.90, which is below its cost of CN¥38" in words(answer) and 'value="29.90"' in answer.text
    assert "It is offered" in words(await owner.follow(await owner.post(of_teams, {**teams, "anyway": "1"})))
    assert await logged(db, world, "group.make") == [["below_cost"]]

    fields = await presale_typed(db, world, presale_id=str(ids.mint()))
    answer = await owner.post("/merchant/presales/new", fields)
    page = words(answer)
    assert answer.status_code == 409
    assert "CN¥30, which is below its cost of CN¥38" in page
    assert "“Group buying” sells it at another price at the same time" in page
    assert await db.ask(promotions.sessions, world.tea.merchant_id, None, 10, presales=True) == []
    for _ in range(2):
        done = await owner.follow(await owner.post("/merchant/presales/new", {**fields, "anyway": "1"}))
        assert "The presale is planned" in words(done)
    assert ["below_cost", "other_price"] in await logged(db, world, "presale.plan")

    page = words(await owner.get("/merchant/calendar", day=moment(1)[:10]))
    assert "Group buying Hickory nuts" in page and "Presale Presale of spring" in page
    assert page.count("Meets another") == 2
    assert "Flash sale Presale" not in page
    # What is changed is not compared with itself as it was.
    changed = await owner.post(f"/merchant/presales/{fields['presale_id']}/change", {**fields, "price_0": "34"})
    assert changed.status_code == 409 and "another flash sale" not in words(changed)


async def test_a_product_in_two_group_offers_is_refused_and_not_only_warned_of(
    db: Database, world: World, owner: Browser
) -> None:
    wanted = await offered(db, group(world))
    number = await code(db, world, "nuts")
    teams = {
        "offer_id": str(ids.mint()), "what_0": number, "price_0": "29.90", "size": "2", "hours": "24", "pieces": "10",
        "starts_at": moment(0), "ends_at": moment(1), "anyway": "1",
    }  # fmt: skip
    answer = await owner.post("/merchant/group-buying/new", teams)
    assert answer.status_code == 422 and "offered to groups in this time already" in words(answer)
    assert [each.offer_id for each in await db.ask(groups.offers, world.tea.merchant_id, None, 9)] == [wanted.offer_id]
