"""Visitors see one variant of a page, the same each time; who is not counted sees what there is."""

from litestar import Litestar

from steelyard.kernel.db import Database, Read
from steelyard.kernel.sweeps import sweep_once
from steelyard.operations import experiments
from steelyard.operations.experiments.jobs import SWEEPS
from steelyard.surfaces.web.footfall import Footfall
from tests.support.browser import Browser, words
from tests.support.consoles import signed_in
from tests.support.experiments import started
from tests.support.world import World
from tests.surfaces.storefront.test_capture import DESK

PAGE = "/shops/tea"


def variant(page: str) -> int:
    return int("Tried words" in page)


async def test_each_visitor_sees_one_variant_and_is_counted_in_it(app: Litestar, db: Database, world: World) -> None:
    new = await started(db, world.tea.merchant_id)
    app.state.footfall = Footfall(db)
    seen: list[int] = []
    for _ in range(12):
        visitor = Browser(app)
        visitor.http.headers["user-agent"] = DESK
        first, again = words(await visitor.get(PAGE)), words(await visitor.get(PAGE))
        assert variant(first) == variant(again)
        seen.append(variant(first))
        await visitor.close()
    await app.state.footfall.count()
    await sweep_once(db, SWEEPS)

    _, _, results = await db.ask(experiments.results, new.merchant_id, new.experiment_id)
    assert list(results.units) == [seen.count(0), seen.count(1)]

    async def exposures(read: Read) -> int:
        return await read.value("SELECT count(*) FROM behaviour_events WHERE kind = 'exposure'")

    assert await db.ask(exposures) == 24


async def test_staff_programs_and_who_asks_not_to_be_counted_see_what_there_is(
    app: Litestar, db: Database, world: World
) -> None:
    new = await started(db, world.tea.merchant_id)
    app.state.footfall = Footfall(db)
    staff = await signed_in(app, world.tea.owner)
    staff.http.headers["user-agent"] = DESK
    others = [staff]
    for headers in ({"user-agent": "Googlebot/2.1"}, {"user-agent": DESK, "sec-gpc": "1"}) * 5:
        others.append(Browser(app))
        others[-1].http.headers.update(headers)
    for browser in others:
        assert "Usual words" in words(await browser.get(PAGE))
        await browser.close()
    await app.state.footfall.count()
    await sweep_once(db, SWEEPS)
    assert sum((await db.ask(experiments.results, new.merchant_id, new.experiment_id))[2].units) == 0
