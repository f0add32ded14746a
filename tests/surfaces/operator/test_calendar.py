"""The operator's calendar has what all shops offer, and says whose it is."""

from steelyard.kernel.db import Database
from tests.support.browser import Browser, words
from tests.support.flash import flash, planned
from tests.support.world import World


async def test_it_lists_what_all_shops_offer(db: Database, world: World, chief: Browser) -> None:
    await planned(db, flash(world))

    page = words(await chief.get("/operator/calendar", by="month"))

    assert "Flash sale Evening rush" in page
    assert "Nothing is on" in words(await chief.get("/operator/calendar", by="week", day="2020-05-05"))
