"""Statements that are fetched by themselves, as finance staff see them: what came, what is missing, "fetch again"."""

from datetime import UTC, datetime, timedelta

import pytest

from steelyard.kernel import jobs
from steelyard.kernel.db import Database
from steelyard.money import reconciliation
from steelyard.money.payments import NoBill, NotYet, Unknown
from tests.money.test_statement_fetching import Played, Told
from tests.support.browser import Browser, words
from tests.support.statement import DAY, strange_file
from tests.support.world import World

HERE = "/operator/reconciliation"
FETCHES = f"{HERE}/fetches"


async def played(db: Database, *told: Told) -> Played:
    """A sender that was asked for as many days as it has answers, the latest first."""
    sender, begins = Played(*told), datetime(DAY.year, DAY.month, DAY.day, 1, tzinfo=UTC)
    await reconciliation.fetch_due(db, {"simpay": sender}, begins)
    await reconciliation.fetch_due(db, {"simpay": sender}, begins + timedelta(days=len(told)))
    return sender


async def test_before_anything_was_asked_for_the_page_says_so(db: Database, world: World, chief: Browser) -> None:
    assert "Nothing was asked for yet" in words(await chief.get(FETCHES))
    assert "Nothing is missing" in words(await chief.get(FETCHES, state="missing"))


async def test_each_day_says_what_came_of_it_and_what_is_missing_is_listed_by_itself(
    db: Database, world: World, chief: Browser
) -> None:
    told = (Unknown(why="ReadTimeout"), NotYet(why="STATEMENT_CREATING"), b"no statement", NoBill(certain=True))
    await played(db, *told, strange_file())

    page, missing = words(await chief.get(FETCHES)), words(await chief.get(FETCHES, state="missing"))

    for word in ("It did not come", "ReadTimeout", "Not ready yet", "Cannot be read"):
        assert word in page and word in missing, word
    for word in ("It is here", "They have none of this day"):
        assert word in page and word not in missing, word
    assert "3 days are missing" in words(await chief.get(HERE))


async def test_of_a_day_without_a_statement_its_file_says_so(db: Database, world: World, chief: Browser) -> None:
    await played(db, NoBill(certain=True))
    [found] = (await db.ask(reconciliation.fetches)).items

    file = await chief.get(f"{HERE}/files/simpay/{found.file_id}")

    assert "They say that they have no statement of this day" in words(file)
    assert (await chief.get(f"{HERE}/files/simpay/{found.file_id}/content")).content == b""
    await db.transact(reconciliation.withdraw, "simpay", DAY, "second")
    missing = words(await chief.get(FETCHES, state="missing"))
    assert "Withdrawn" in missing and "They have none" not in missing


async def test_a_day_is_fetched_again_in_the_background_and_twice_is_once(
    db: Database, world: World, chief: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = await played(db, Unknown(why="ReadTimeout"))
    again = f"{FETCHES}/simpay/{DAY}/again"
    nobody = await chief.post(again, {})
    monkeypatch.setattr(reconciliation, "senders", lambda _: {"simpay": sender})
    shown = await chief.get(FETCHES)

    first = await chief.follow(await chief.post(again, {}))
    second = await chief.follow(await chief.post(again, {}))
    today = await chief.follow(await chief.post(f"{FETCHES}/simpay/2999-01-01/again", {}))

    assert nobody.status_code == 404, "it is not set up here"
    assert "Fetch again" in words(shown)
    assert all("It is asked for in the background." in words(page) for page in (first, second))
    assert "This day is not over yet." in words(today)
    [queued] = await db.ask(jobs.queued)
    assert (queued.name, queued.count) == ("reconciliation.fetch_day", 1)
