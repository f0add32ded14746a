"""A split of a journey judged as an experiment, from the journey's page to what was learned."""

import pytest
from litestar import Litestar

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.operations import experiments, journeys
from steelyard.operations.journeys.model import JourneyId, Split
from tests.operations.journeys.conftest import NAME, go, happens, people, started
from tests.operations.journeys.test_judging import forked
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import signed_in
from tests.support.world import World

HERE, EXPERIMENTS = "/merchant/journeys", "/merchant/experiments"
TYPED = {
    "name": "A call after the order", "hypothesis": "Who is called comes back", "variant0": "Nothing", "variant1": "A call",
    "metric": "repurchase", "guardrails": "refunds", "units_planned": "500", "days_max": "21",
}  # fmt: skip


async def test_a_split_is_judged_from_its_journeys_page_and_a_way_shipped(
    db: Database, world: World, owner: Browser
) -> None:
    shop = world.tea.merchant_id
    journey = await started(db, shop, forked((1, 1)))
    run, place = f"{HERE}/{journey}/run", f"{HERE}/{journey}/boxes/split/experiment"
    assert place in (await owner.get(run)).text
    assert place in (await owner.get(f"{HERE}/{journey}/boxes/split")).text
    assert place in (await owner.get(f"{EXPERIMENTS}/new")).text

    form = await owner.get(place)
    assert "What happens by A 50 %" in words(form) and "What happens by B 50 %" in words(form)
    wrong = await owner.post(place, {**TYPED, "variant1": "", "experiment_id": hidden(form, "experiment_id")})
    assert wrong.status_code == 422 and "Who is called comes back" in wrong.text
    drawn = {**TYPED, "experiment_id": hidden(form, "experiment_id")}
    here, again = [(await owner.post(place, drawn)).headers["location"] for _ in range(2)]
    assert here == again
    [it] = await db.ask(experiments.experiments, shop)
    assert (it.journey_id, it.box, it.days_max, list(it.guardrails)) == (journey, "split", 21, ["refunds"])
    draft = words(await owner.get(here))
    assert "nobody counts before you start it" in draft and "way B of the split" in draft
    assert f"{HERE}/{journey}/run" in (await owner.get(here)).text
    assert "The ways of a journey’s split" in words(await owner.get(EXPERIMENTS))

    said = words(await owner.follow(await owner.post(f"{here}/start")))
    assert "whoever passes the split from now on counts" in said
    page = await owner.get(run)
    assert "A call after the order" in words(page) and place not in page.text, "one at a time"
    some = await people(db, shop, 12)
    await happens(db, shop, "order_paid", some)
    await go(db, shop, journey)

    async def count(tx: Tx) -> int:
        return await tx.value("SELECT count(*) FROM experiment_units WHERE experiment_id = $1", it.experiment_id)

    assert await db.transact(count) == 12

    # What follows the split cannot be changed meanwhile; the page before the start says why.
    was = await db.ask(journeys.journey, shop, journey)
    revision = await db.transact(journeys.change, shop, journey, NAME, forked((3, 1)), was.revision, "li")
    refused = await owner.post(f"{HERE}/{journey}/start", {"seen": str(revision)})
    assert refused.status_code == 422 and "while “A call after the order” runs" in words(refused)

    assert "nobody more counts" in words(await owner.follow(await owner.post(f"{here}/stop")))
    assert "Send everybody by “A call”" in words(await owner.get(here))
    shipped = words(await owner.follow(await owner.post(f"{here}/ship", {"variant": "1"})))
    assert "Whoever comes into the journey from now on goes this way." in shipped
    assert "Everybody has “A call” since." in shipped
    live, _ = await db.ask(journeys.live_split, shop, journey, "split")
    node = live.graph.node("split")
    assert live.live_version == 2 and node is not None and node.setup == Split(weights=(0, 1))
    assert "B 100 %" in words(await owner.get(run))
    assert (await owner.post(f"{here}/archive", {"learning": "Calls bring them back"})).status_code == 303
    assert "Calls bring them back" in words(await owner.get(EXPERIMENTS))


async def test_a_way_that_nobody_goes_is_kept_by_the_form_of_the_split(
    db: Database, world: World, owner: Browser
) -> None:
    shop = world.tea.merchant_id
    journey = await started(db, shop, forked((0, 1)))
    place = f"{HERE}/{journey}/boxes/split"
    form = await owner.get(place)
    typed = {"seen": hidden(form, "seen"), "way.a": "end", "way.b": "task", "note": ""}
    assert (await owner.post(place, {**typed, "weight_a": "0", "weight_b": "0"})).status_code == 422
    assert (await owner.post(place, {**typed, "weight_a": "0", "weight_b": "3"})).status_code == 303
    node = (await db.ask(journeys.journey, shop, journey)).graph.node("split")
    assert node is not None and node.setup == Split(weights=(0, 3))
    form = await owner.get(f"{place}/experiment")
    refused = await owner.post(f"{place}/experiment", {**TYPED, "experiment_id": hidden(form, "experiment_id")})
    assert refused.status_code == 422 and "A way that nobody goes cannot be judged" in words(refused)


@pytest.mark.parametrize("ended", [False, True])
async def test_what_is_not_in_force_is_not_judged(db: Database, world: World, owner: Browser, *, ended: bool) -> None:
    shop, journey = world.tea.merchant_id, JourneyId(ids.mint())
    await db.transact(journeys.make, shop, journey, NAME, "li", graph=forked())
    if ended:
        await db.transact(journeys.end, shop, journey, "li")
    place = f"{HERE}/{journey}/boxes/split/experiment"
    for asking in (owner.get(place), owner.post(place, {**TYPED, "experiment_id": str(ids.mint())})):
        said = words(await owner.follow(await asking))
        assert ("The journey has ended" if ended else "The journey has not begun") in said
    assert await db.ask(experiments.experiments, shop) == []


async def test_another_shop_judges_and_sees_nothing_of_it(
    app: Litestar, db: Database, world: World, owner: Browser
) -> None:
    shop = world.tea.merchant_id
    journey = await started(db, shop, forked())
    place = f"{HERE}/{journey}/boxes/split/experiment"
    made = await owner.post(place, {**TYPED, "experiment_id": str(ids.mint())})
    here = made.headers["location"]
    stranger = await signed_in(app, world.tools.owner)
    assert (await stranger.get(place)).status_code == 404
    assert (await stranger.post(place, {**TYPED, "experiment_id": str(ids.mint())})).status_code == 404
    assert (await stranger.get(here)).status_code == 404
    for action in ("start", "stop", "drop", "ship", "measure", "archive"):
        assert (await stranger.post(f"{here}/{action}", {"variant": "1", "learning": "x"})).status_code == 404
    assert str(journey) not in (await stranger.get(f"{EXPERIMENTS}/new")).text
    await stranger.close()
    [it] = await db.ask(experiments.experiments, shop)
    assert it.state == "draft"
    assert (await owner.get(f"{HERE}/{journey}/boxes/task/experiment")).status_code == 404
