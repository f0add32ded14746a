"""The pages about what goes on by itself: seen, paused, tried again, left out, each with its line in the audit log."""

from collections.abc import Sequence
from typing import ClassVar

from steelyard.kernel import batch_board, events, jobs, queue, readers, sweep_board
from steelyard.kernel.batch_board import Figures
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.events import Event, Subscriber, publish, pump
from steelyard.kernel.sweep_board import Board
from steelyard.kernel.sweeps import Sweep
from steelyard.parties import access
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.world import World

SYSTEM = "/operator/system"


class Rang(Event, frozen=True):
    KIND: ClassVar[str] = "bell.rang"

    number: int


async def _deaf(_tx: Tx, _news: Sequence[Rang]) -> None:
    raise LookupError("no ear")


BELL = Subscriber("test.bell", {Rang: _deaf})


@jobs.job("test.console_job", tries_max=1)
async def console_job(db: Database, *, fail: bool) -> None:
    assert db
    if fail:
        raise LookupError("not today")


async def actions(db: Database) -> list[tuple[str, str]]:
    return [(entry.action, entry.subject) for entry in (await db.ask(access.audit_log)).items]


async def test_the_health_page_tells_of_the_database_and_of_missing_workers(world: World, chief: Browser) -> None:
    page = words(await chief.get(SYSTEM))

    assert "No worker is running" in page
    assert "PostgreSQL" in page and "Largest tables" in page and "Mail server" in page


async def test_the_parties_outside_are_asked_when_somebody_wants_to_know(world: World, chief: Browser) -> None:
    page = await chief.post(f"{SYSTEM}/reach")

    assert page.status_code == 200
    assert "No answer" in words(page)  # no mail server in a test


async def test_the_checks_are_run_and_their_results_are_kept(db: Database, world: World, chief: Browser) -> None:
    page = await chief.follow(await chief.post(f"{SYSTEM}/checks"))

    assert "All checks are true at this instant." in words(page)
    assert "debits and credits are the same in every currency" in words(page)
    assert ("system.check", "checks") in await actions(db)


async def test_a_subscriber_is_paused_and_resumed(db: Database, world: World, chief: Browser) -> None:
    await deal.at_rest(db)

    page = words(await chief.follow(await chief.post(f"{SYSTEM}/subscribers/search/pause")))
    await deal.paid(db, [(world.items["green"].sku_id, 1)])
    behind = next(lag for lag in await db.ask(events.lags) if lag.subscriber == "search")

    assert "Paused" in page
    assert behind.events > 0 and behind.paused_at is not None
    assert "search" not in await db.ask(events.waiting, ["search"])

    await chief.post(f"{SYSTEM}/subscribers/search/resume")
    await deal.at_rest(db)

    assert next(lag for lag in await db.ask(events.lags) if lag.subscriber == "search").events == 0
    assert {("system.pause_subscriber", "search"), ("system.resume_subscriber", "search")} <= {*await actions(db)}


async def test_an_event_is_left_out_with_a_reason_only_where_its_subscriber_is_stuck(
    db: Database, world: World, chief: Browser
) -> None:
    await db.transact(publish, Rang(number=1), Rang(number=2))
    while not any(lag.subscriber == "test.bell" and lag.error for lag in await db.ask(events.lags)):
        await pump(db, BELL)
    event = await db.ask(readers.next_event, "test.bell")
    assert event is not None and event.kind == "bell.rang"
    own = f"{SYSTEM}/subscribers/test.bell"
    assert "LookupError: no ear" in words(await chief.get(own))

    silent = await chief.follow(await chief.post(f"{own}/skip", {"position": str(event.position)}))
    assert "Please fill this in" in words(silent)
    other = {"position": str(event.position + 1), "reason": "wrong one"}
    assert "does not wait at this event any more" in words(await chief.follow(await chief.post(f"{own}/skip", other)))

    given = {"position": str(event.position), "reason": "Rung by mistake"}
    assert "The event is left out" in words(await chief.follow(await chief.post(f"{own}/skip", given)))
    following = await db.ask(readers.next_event, "test.bell")
    assert following is not None and following.payload == {"number": 2}
    entry = (await db.ask(access.audit_log)).items[0]
    assert (entry.action, entry.facts["reason"]) == ("system.skip_event", "Rung by mistake")
    assert entry.facts["payload"] == {"number": 1}


async def test_a_sweep_that_is_paused_on_the_page_is_paused_for_the_worker(
    db: Database, world: World, chief: Browser
) -> None:
    sweep = Sweep("test.sweep", 600, lambda _db: _nothing())
    board = Board([sweep])
    await db.transact(sweep_board._enter, [sweep])  # pyright: ignore[reportPrivateUsage]  # as a worker does when it starts

    page = words(await chief.follow(await chief.post(f"{SYSTEM}/sweeps/test.sweep/pause")))
    await board.look(db)
    assert "Paused" in page and board.paused("test.sweep")

    await chief.post(f"{SYSTEM}/sweeps/test.sweep/run")
    await board.look(db)
    assert board.wanted("test.sweep").is_set()

    await chief.post(f"{SYSTEM}/sweeps/test.sweep/resume")
    await board.look(db)
    assert not board.paused("test.sweep")
    assert {action for action, _ in await actions(db)} >= {
        "system.pause_sweep", "system.resume_sweep", "system.run_sweep",
    }  # fmt: skip


async def test_how_often_a_sweep_runs_is_changed_on_the_page_and_written_down(
    db: Database, world: World, chief: Browser
) -> None:
    sweep = Sweep("test.sweep", 600, lambda _db: _nothing())
    board = Board([sweep])
    await db.transact(sweep_board._enter, [sweep])  # pyright: ignore[reportPrivateUsage]  # as a worker does when it starts

    page = words(await chief.follow(await chief.post(f"{SYSTEM}/sweeps/test.sweep/interval", {"seconds": "30"})))
    await board.look(db)
    assert "every 30 s" in page and "else every 10 min" in page
    assert board.every(sweep) == 30
    for wrong in ("0", "86401", "often"):
        refused = words(
            await chief.follow(await chief.post(f"{SYSTEM}/sweeps/test.sweep/interval", {"seconds": wrong}))
        )
        assert "every 30 s" in refused, wrong

    await chief.post(f"{SYSTEM}/sweeps/test.sweep/interval", {"seconds": ""})
    await board.look(db)
    assert board.every(sweep) == 600
    written = [entry for entry in (await db.ask(access.audit_log)).items if entry.action == "system.set_sweep_interval"]
    assert [entry.facts for entry in written] == [
        {"before": 30, "after": "as the program says"}, {"before": 600, "after": 30},
    ]  # fmt: skip


async def _nothing() -> int:
    return 0


async def test_a_job_that_was_given_up_is_done_again(
    db: Database, database_url: str, world: World, chief: Browser
) -> None:
    await db.transact(jobs.defer, console_job, fail=True)
    await jobs.work_off(db, database_url)
    page = await chief.get(f"{SYSTEM}/jobs?state=failed")
    assert "LookupError: not today" in words(page)
    [job] = (await db.ask(queue.listed, status="failed")).items

    await chief.post(f"{SYSTEM}/jobs/{job.job_id}/retry")
    [waiting] = (await db.ask(queue.listed, status="todo", job="test.console_job")).items
    await chief.post(f"{SYSTEM}/jobs/{job.job_id}/cancel")
    [cancelled] = (await db.ask(queue.listed, status="cancelled")).items

    assert waiting.job_id == cancelled.job_id == job.job_id
    assert (await chief.post(f"{SYSTEM}/jobs/999999/retry")).status_code == 404
    assert {("system.retry_job", str(job.job_id)), ("system.cancel_job", str(job.job_id))} <= {*await actions(db)}


async def test_what_is_done_together_is_seen_with_how_large_the_batches_grew(db: Database, chief: Browser) -> None:
    empty = words(await chief.get(f"{SYSTEM}/batches"))
    await db.transact(batch_board.tell, "place_all", Figures(batches=10, requests=600, largest=64, waited_seconds=3.0))

    page, file = await chief.get(f"{SYSTEM}/batches"), await chief.get(f"{SYSTEM}/batches", format="csv")

    assert "Nobody has asked for anything" in empty
    for told in ("Places orders", "600", "60", "at most 64", "5 ms"):
        assert told in words(page), told
    assert "place_all,Places orders,600,10,60.0,64,5.0" in file.text
