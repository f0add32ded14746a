"""Statements are asked for when their day is over: once, again while there is no answer, and never twice."""

from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from steelyard.kernel import jobs as kernel_jobs
from steelyard.kernel.db import Database, Tx
from steelyard.money import reconciliation
from steelyard.money.payments import Unknown
from steelyard.money.payments.bill_model import NoBill, NotYet
from steelyard.money.reconciliation import fetching, jobs
from steelyard.money.reconciliation.model import NotOver
from tests.money.statements import Row, Sale, noon, sold, written

DAY = date(2026, 3, 5)


Told = bytes | NoBill | NotYet | Unknown


class Played:
    """A sender whose answers are given to it."""

    source = "simpay"
    after = timedelta(minutes=10)

    def __init__(self, *answers: Told) -> None:
        self.answers = list(answers)
        self.asked: list[date] = []

    async def statement(self, day: date) -> Told:
        self.asked.append(day)
        return self.answers.pop(0)


def after(days: int, minutes: int = 15) -> datetime:
    midnight = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
    return midnight + timedelta(days=days, minutes=minutes)


async def due(db: Database) -> None:
    """The pause is over."""

    async def over(tx: Tx) -> None:
        await tx.execute("UPDATE reconciliation_fetches SET next_at = now() WHERE next_at IS NOT NULL")

    await db.transact(over)


async def fetched(db: Database, sender: Played, now: datetime) -> int:
    return await reconciliation.fetch_due(db, {"simpay": sender}, now)


async def test_the_day_on_which_one_begins_to_ask_is_fetched_when_it_is_over(db: Database) -> None:
    rows: list[Row] = await sold(db, [Sale(10_000, noon(DAY))])
    sender = Played(written(rows))

    assert await fetched(db, sender, after(0)) == 0, "it is not over, and what was before is another's"
    assert await fetched(db, sender, after(1, minutes=5)) == 0, "they are closing their day"
    assert await fetched(db, sender, after(1)) == 1
    assert await fetched(db, sender, after(1)) == 0, "it is here"

    assert sender.asked == [DAY]
    [day] = (await db.ask(reconciliation.days)).items
    assert (day.day, day.matched, day.closed_at is not None) == (DAY, 1, True)


async def test_without_an_answer_it_is_asked_for_again_after_a_pause_and_the_page_says_why(db: Database) -> None:
    sender = Played(Unknown(why="ReadTimeout"), NotYet(why="STATEMENT_CREATING"), written([]))
    await fetched(db, sender, after(0))

    assert await fetched(db, sender, after(1)) == 1
    assert await fetched(db, sender, after(1)) == 0, "it waits a minute first"
    [health] = await db.ask(reconciliation.health)
    assert health.failure == "ReadTimeout"
    for _ in range(2):
        await due(db)
        await fetched(db, sender, after(1))

    [health] = await db.ask(reconciliation.health)
    assert (health.last_run, health.failure) == (DAY, None)


async def test_a_file_that_cannot_be_read_is_kept_and_asked_for_again(db: Database) -> None:
    rows = await sold(db, [Sale(10_000, noon(DAY))])
    whole = written(rows)
    sender = Played(whole[:-10], whole[:-10], whole)
    await fetched(db, sender, after(0))
    for _ in range(3):
        await due(db)
        await fetched(db, sender, after(1))

    [good, bad] = (await db.ask(reconciliation.files)).items
    assert (good.state, bad.state) == ("read", "refused")
    [day] = (await db.ask(reconciliation.days)).items
    assert day.matched == 1


async def test_of_a_statement_that_is_too_large_the_page_says_so(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "receive", partial(reconciliation.receive, bytes_max=10))
    sender = Played(written([]))
    await fetched(db, sender, after(0))

    assert await fetched(db, sender, after(1)) == 1

    [health] = await db.ask(reconciliation.health)
    assert health.failure == "statement_too_large"


async def test_a_day_that_waits_is_asked_for_however_long_ago_it_was(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "DAYS_AT_ONCE_MAX", 3)
    silent = Played(NotYet(why=""))
    await fetched(db, silent, after(0))
    await fetched(db, silent, after(1))
    await due(db)
    back = Played(*[written([])] * 9)

    asked = [await fetched(db, back, after(9)) for _ in range(4)]

    assert asked == [3, 3, 3, 0], "so many at once, until all are here"
    assert back.asked[:3] == [DAY + timedelta(days=days) for days in (6, 7, 8)], "the latest first"
    assert sorted(back.asked) == [DAY + timedelta(days=days) for days in range(9)]
    [health] = await db.ask(reconciliation.health)
    assert health.failure is None


async def test_a_day_without_a_bill_counts_as_one_on_which_nothing_moved_there(db: Database) -> None:
    await sold(db, [Sale(10_000, noon(DAY))])
    sender = Played(NoBill(certain=True))
    await fetched(db, sender, after(0))

    assert await fetched(db, sender, after(1)) == 1

    [none] = (await db.ask(reconciliation.fetches)).items
    assert (none.day, none.answer, none.lines, none.next_at) == (DAY, reconciliation.Answer.NONE, 0, None)
    [missing] = (await db.ask(reconciliation.differences)).items
    assert (missing.kind, missing.ours) == ("missing_there", 10_000), (
        "our books know of money that the channel does not"
    )


async def test_what_may_mean_not_yet_is_asked_again_until_half_a_day_has_passed(db: Database) -> None:
    sender = Played(*[NoBill(certain=False)] * 2)
    await fetched(db, sender, after(0))

    await fetched(db, sender, after(1))
    early = (await db.ask(reconciliation.fetches, missing=True)).items
    await due(db)
    await fetched(db, sender, after(1, minutes=12 * 60 + 15))

    assert [(each.day, each.answer) for each in early] == [(DAY, reconciliation.Answer.NOT_YET)]
    assert (await db.ask(reconciliation.fetches, missing=True)).items == []
    assert [day.day for day in (await db.ask(reconciliation.days)).items] == [DAY]


async def test_a_bill_that_comes_after_all_takes_the_place_of_none(db: Database) -> None:
    rows = await sold(db, [Sale(10_000, noon(DAY))])
    sender = Played(NoBill(certain=True), written(rows), written(rows), written([]))
    await fetched(db, sender, after(0))
    await fetched(db, sender, after(1))
    told: list[tuple[object, object]] = []

    for _ in range(3):
        await db.transact(reconciliation.fetch_again, sender, DAY, after(1))
        await fetching.fetch(db, sender, DAY, after(1))
        [found] = [each for each in (await db.ask(reconciliation.fetches)).items if each.day == DAY]
        told.append((found.answer, found.lines))

    assert told == [("here", 1), ("here", 1), ("other", 1)], "the same bytes are the same; others do not push it aside"
    [day] = (await db.ask(reconciliation.days)).items
    assert (day.matched, day.closed_at is not None) == (1, True)
    with pytest.raises(NotOver):
        await db.transact(reconciliation.fetch_again, sender, DAY + timedelta(days=1), after(1))


async def test_each_day_that_is_due_becomes_a_job_of_its_own_and_only_one(db: Database) -> None:
    sender = Played()
    known = {"simpay": sender}
    await jobs.defer_due(db, known, after(0))

    deferred = [await jobs.defer_due(db, known, after(3)) for _ in range(2)]
    await due(db)
    again = await jobs.defer_due(db, known, after(3))

    assert (deferred, again, sender.asked) == ([3, 0], 3, [])
    [queued] = await db.ask(kernel_jobs.queued)
    assert (queued.name, queued.status, queued.count) == ("reconciliation.fetch_day", "todo", 3)
