"""A shop sets its membership up and closes it; a buyer sees where they stand; the platform has one, too."""

from litestar import Litestar

from steelyard.goods.promotions.model import PLATFORM
from steelyard.kernel import days, events
from steelyard.kernel.db import Database
from steelyard.operations import growth
from steelyard.operations.growth.subscribers import SUBSCRIBER
from tests.support import deal
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import app, chief, database_url, owner, signed_in, world
from tests.support.world import World

__all__ = ["app", "chief", "database_url", "owner", "world"]

HERE = "/merchant/membership"
TYPED = {
    "name_zh": "茶友会", "name_en": "Tea circle", "per_hundred": "1", "review": "10", "reviews_per_month": "5",
    "check_in": "2", "check_ins_per_month": "31", "window_days": "365", "keep_days": "90", "warn_days": "15",
    "name_1_zh": "银", "name_1_en": "Silver", "threshold_1": "40", "percent_1": "2",
    "name_2_zh": "金", "name_2_en": "Gold", "threshold_2": "100", "percent_2": "5", "freight_2": "0", "priority_2": "yes",
}  # fmt: skip


async def test_a_shop_opens_a_membership_and_a_buyer_climbs_in_it(
    app: Litestar, db: Database, world: World, owner: Browser
) -> None:
    buyer_id, path = world.buyer.buyer_id, "/shops/tea/membership"
    assert buyer_id is not None
    member = await signed_in(app, world.buyer)
    assert (await member.get(path)).status_code == 404
    form = await owner.get(HERE)
    assert "No membership yet" in words(form)
    assert (await owner.post(HERE)).status_code == 422
    wrong = await owner.post(HERE, {**TYPED, "seen": "0", "threshold_2": "30", "warn_days": "999"})
    assert wrong.status_code == 422 and 'id="threshold_2-error"' in wrong.text and 'id="warn_days-error"' in wrong.text
    for _ in range(2):
        assert (await owner.post(HERE, {**TYPED, "seen": hidden(form, "seen")})).status_code == 303
    stale = await owner.post(HERE, {**TYPED, "name_1_en": "Bronze", "seen": hidden(form, "seen")})
    assert stale.status_code == 409
    assert "Nobody is here yet" in words(await owner.get(f"{HERE}/members"))

    [order] = await deal.paid(db, [(world.items["nuts"].sku_id, 2)], buyer_id)
    await deal.shipped(db, order)
    await deal.received(db, order)
    await events.drain(db, [SUBSCRIBER])
    said = words(await member.get(path))
    assert "Silver" in said and "10 more growth to Gold" in said and "Order received" in said
    assert "Membership" in words(await member.get("/shops/tea"))
    had = await member.follow(
        await member.post("/account/memberships/check-in", {"membership": str(world.tea.merchant_id)})
    )
    assert "Checked in: 2 growth." in words(had)
    assert "Tasks" not in words(had)
    wrong = await owner.post(
        HERE, {**TYPED, "seen": "1", "task_watch": "15", "watch_minutes": "601", "task_share": "x"}
    )
    assert 'id="task_share-error"' in wrong.text
    tasks = {"task_profile": "5", "task_watch": "15", "watch_minutes": "5"}
    wrong = await owner.post(HERE, {**TYPED, **tasks, "seen": "1", "watch_minutes": "601"})
    assert wrong.status_code == 422 and 'id="watch_minutes-error"' in wrong.text
    assert (await owner.post(HERE, {**TYPED, **tasks, "seen": "1"})).status_code == 303
    assert 'name="task_watch"' in (kept := await owner.get(HERE)).text and 'value="15"' in kept.text
    shown = words(await member.get(path))
    assert "0 of 5 minutes" in shown and "Watch live" in shown and "Write a first review" not in shown
    asked = {"membership": str(world.tea.merchant_id), "task": "watch"}
    assert "not done yet" in words(await member.follow(await member.post("/account/memberships/task", asked)))
    profile = {**asked, "task": "profile"}
    answers = [words(await member.follow(await member.post("/account/memberships/task", profile))) for _ in range(2)]
    assert "Task done: 5 growth." in answers[0] and "You have had the growth" in answers[1]
    assert (await member.post("/account/memberships/task", {**asked, "task": "fly"})).status_code == 404
    assert "97 growth" in words(await member.get("/account/memberships"))
    assert "Silver" in words(await owner.get(f"{HERE}/members"))
    assert "Silver" in (await owner.get(f"{HERE}/members?format=csv")).text
    assert "Silver" in words(await owner.get(f"/merchant/orders/{order.order_id}"))
    stranger = Browser(app)
    assert "Sign in" in words(await stranger.get(path))

    await owner.post(f"{HERE}/close")
    assert (await member.get(path)).status_code == 404
    await owner.post(f"{HERE}/reopen")
    assert (await member.get(path)).status_code == 200
    for browser in (member, stranger):
        await browser.close()


async def test_the_platform_has_a_membership_of_its_own(
    app: Litestar, db: Database, world: World, chief: Browser
) -> None:
    here = "/operator/membership"
    typed = {name: value for name, value in TYPED.items() if not name.startswith(("percent", "freight"))}
    assert (await chief.post(here, {**typed, "seen": "0", "points_1": "500"})).status_code == 422
    assert (await chief.post(here, {**typed, "seen": "0", "points_1": "50"})).status_code == 303
    programme = await db.ask(growth.programme, PLATFORM, days.today())
    assert programme is not None and programme.levels[0].points_extra == 50
    member = await signed_in(app, world.buyer)
    assert "50% more points" in words(await member.get("/membership"))
    await member.close()
