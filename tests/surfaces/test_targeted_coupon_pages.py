"""A shop gives a coupon to a segment from its console, looks at what it brought, and stops it."""

from steelyard.goods.promotions.model import PLATFORM
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import sweep_once
from steelyard.operations import growth
from steelyard.operations.experiments.jobs import SWEEPS as MEASURING
from steelyard.parties.customers.model import BuyerId
from tests.operations.growth.test_targeted_coupons import coupon, drawn_up, holders, now, people
from tests.operations.growth.test_targeted_coupons_of_the_platform import its_coupon
from tests.support import deal
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import app, chief, database_url, owner, world
from tests.support.world import World

__all__ = ["app", "chief", "database_url", "owner", "world"]

HERE = "/merchant/growth/coupons"


async def test_a_shop_draws_a_targeted_coupon_up_starts_it_and_sees_what_it_brought(
    db: Database, world: World, owner: Browser
) -> None:
    assert "No coupon was given" in words(await owner.get(HERE))
    assert "First say who is meant" in words(await owner.get(f"{HERE}/new"))
    segment, _ = await people(db, world)
    assert "First make a coupon" in words(await owner.get(f"{HERE}/new"))
    promotion_id = await coupon(db, world)
    form = await owner.get(f"{HERE}/new?segment={segment.segment_id}")
    typed = {
        "targeted_id": hidden(form, "targeted_id"), "name": "Wake them", "segment": str(segment.segment_id),
        "coupon": str(promotion_id), "coupons": "", "budget": "100", "held_out": "3", "days": "7", "joining": "yes",
    }  # fmt: skip
    wrong = await owner.post(HERE, {**typed, "budget": "4.99"})
    assert wrong.status_code == 422
    assert all(f'id="{name}-error"' in wrong.text for name in ("held_out", "budget"))
    assert "Wake them" in wrong.text
    assert (await owner.post(HERE, {**typed, "held_out": "25"})).status_code == 303
    made = await owner.post(HERE, {**typed, "held_out": "25"})
    page = made.headers["location"]
    assert "It is a draft" in words(await owner.get(page))
    for _ in range(2):
        assert "the coupons go out" in words(await owner.follow(await owner.post(f"{page}/start")))

    await db.transact(growth.give_targeted)
    [found] = await db.ask(growth.all_targeted, world.tea.merchant_id)
    assert found.most == 20
    await deal.paid(db, [(world.items["nuts"].sku_id, 1)], BuyerId(min(await holders(db, found))))
    assert "Nothing was counted yet" in words(await owner.get(page))
    await owner.post(f"{page}/measure")
    await sweep_once(db, [each for each in MEASURING if each.name == "experiments.measure"])
    shown = words(await owner.get(page))
    assert "Few people" in shown
    assert "Coupons used 1" in shown
    assert f"{found.given} of 20" in shown
    assert "Coupons used" in (await owner.get(f"{page}?format=csv")).text
    assert "Wake them" in (await owner.get(f"{HERE}?format=csv")).text

    experiment = f"/merchant/experiments/{found.targeted_id}"
    assert page in (await owner.get(experiment)).text
    assert (await owner.post(f"{experiment}/stop")).status_code == 404, "it ends with its coupon"
    assert "It is stopped" in words(await owner.follow(await owner.post(f"{page}/stop", {"take_back": "yes"})))
    await db.transact(growth.take_targeted_back)
    assert await holders(db, found) == set()
    assert (await now(db, found)).taken_back == found.given - 1
    assert "Stopped" in words(await owner.get(HERE))
    assert (await owner.get(f"{HERE}/{ids.mint()}")).status_code == 404


ITS = "/operator/growth/coupons"


async def test_the_operator_gives_a_coupon_of_the_platform_to_a_segment_of_the_marketplace(
    db: Database, world: World, chief: Browser
) -> None:
    assert "No coupon was given" in words(await chief.get(ITS))
    assert "First say who is meant" in words(await chief.get(f"{ITS}/new"))
    segment, _ = await people(db, world, of=PLATFORM)
    empty = await chief.get(f"{ITS}/new")
    assert "First make a coupon" in words(empty)
    assert "/operator/promotions/new" in empty.text
    promotion_id = await its_coupon(db, world)
    assert (
        f"{ITS}/new?segment={segment.segment_id}" in (await chief.get(f"/operator/segments/{segment.segment_id}")).text
    )
    form = await chief.get(f"{ITS}/new?segment={segment.segment_id}")
    typed = {
        "targeted_id": hidden(form, "targeted_id"), "name": "All of them", "segment": str(segment.segment_id),
        "coupon": str(promotion_id), "coupons": "", "budget": "100", "held_out": "25", "days": "7",
    }  # fmt: skip
    wrong = await chief.post(ITS, {**typed, "budget": "4.99", "held_out": "60"})
    assert wrong.status_code == 422
    assert all(f'id="{name}-error"' in wrong.text for name in ("held_out", "budget"))
    made = await chief.post(ITS, typed)
    page = made.headers["location"]
    assert page.startswith(ITS)
    await chief.post(f"{page}/start")
    await db.transact(growth.give_targeted)
    [found] = await db.ask(growth.all_targeted, PLATFORM)
    assert found.most == 20 and found.given > 0
    await deal.paid(db, [(world.items["nuts"].sku_id, 1)], BuyerId(min(await holders(db, found))))
    await chief.post(f"{page}/measure")
    await sweep_once(db, [each for each in MEASURING if each.name == "experiments.measure"])
    shown = words(await chief.get(page))
    assert "Coupons used 1" in shown
    assert "the platform pays CN¥2.50" in shown
    assert "Of which the platform pays" in (await chief.get(f"{page}?format=csv")).text
    assert "All of them" in (await chief.get(f"{ITS}?format=csv")).text
    assert page in (await chief.get(f"/operator/experiments/{found.targeted_id}")).text
    assert "It is stopped" in words(await chief.follow(await chief.post(f"{page}/stop", {"take_back": "yes"})))


async def test_neither_console_reaches_a_targeted_coupon_of_the_other(
    db: Database, world: World, chief: Browser, owner: Browser
) -> None:
    theirs = await drawn_up(db, world, (await people(db, world, 2))[0])
    segment, _ = await people(db, world, 2, of=PLATFORM)
    its = await drawn_up(db, world, segment, merchant_id=PLATFORM, promotion_id=await its_coupon(db, world))

    assert (await chief.get(f"{ITS}/{theirs.targeted_id}")).status_code == 404
    assert (await owner.get(f"{HERE}/{its.targeted_id}")).status_code == 404
    assert (await owner.post(f"{HERE}/{its.targeted_id}/start")).status_code == 404
    assert (await owner.get(ITS)).status_code in (302, 303, 403, 404)
    assert (await now(db, its)).started_at is None
