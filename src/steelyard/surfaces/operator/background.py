"""The work that goes on by itself: subscribers of the event log, sweeps, jobs. Looked at, paused, tried again, left out."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel import events, jobs, queue, readers, sweep_board
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.events import Lag
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.operator import background_words, frame
from steelyard.surfaces.operator.system import JOBS, MANAGES, READS, SUBSCRIBERS, SWEEPS, tabs
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import ROWS_PER_PAGE, InState, address, done
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.visit import Visit, WebRequest

STATUSES = ("todo", "doing", "failed", "cancelled")


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    lags: list[Lag]
    held_by: str | None


async def reading(read: Read) -> Reading:
    return Reading(lags=await events.lags(read), held_by=await events.holding_back(read))


@get("/system/subscribers", opt=READS)
async def subscriber_list(visit: NamedDependency[Visit]) -> Response[Any]:
    """Who reads the event log, how far behind, and who waits."""
    if exports.wanted(visit):
        return _lags_file(visit, await visit.db.ask(events.lags))
    return await frame.show(
        visit,
        "system_subscribers.html",
        frame.SYSTEM,
        tabs=tabs(visit, SUBSCRIBERS),
        found=await visit.db.ask(reading),
        words=background_words.SUBSCRIBERS,
        base=SUBSCRIBERS,
        most=events.EVENTS_PER_BATCH_MAX,
    )


def _lags_file(visit: Visit, found: list[Lag]) -> Response[bytes]:
    words = (
        N_("Subscriber"),
        N_("Events behind"),
        N_("Seconds behind"),
        N_("Last moved"),
        N_("Paused since"),
        N_("Error"),
    )
    rows = [(lag.subscriber, lag.events, lag.seconds, lag.moved_at, lag.paused_at, lag.error) for lag in found]
    return exports.csv_answer(visit, visit.say(N_("Subscribers")), [visit.say(word) for word in words], rows)


class OneReader(msgspec.Struct, frozen=True, kw_only=True):
    lag: Lag
    event: readers.Unread | None
    held_by: str | None


async def one_reader(read: Read, name: str) -> OneReader:
    """Raises `NotFound`."""
    lag = next((each for each in await events.lags(read) if each.subscriber == name), None)
    if lag is None:
        raise NotFound()
    return OneReader(lag=lag, event=await readers.next_event(read, name), held_by=await events.holding_back(read))


@get("/system/subscribers/{name:str}", opt=READS)
async def subscriber_page(visit: NamedDependency[Visit], name: FromPath[str]) -> Response[Any]:
    """One subscriber, with the event that it reads next or cannot get past."""
    found = await visit.db.ask(one_reader, name)
    return await frame.show(
        visit,
        "system_subscriber.html",
        frame.SYSTEM,
        crumbs=[(visit.say(N_("System")), frame.SYSTEM), (visit.say(N_("Subscribers")), SUBSCRIBERS), (name, None)],
        found=found,
        words=background_words.SUBSCRIBERS,
        own=f"{SUBSCRIBERS}/{name}",
    )


async def pause_reader(tx: Tx, actor: Actor, name: str) -> None:
    if await readers.pause(tx, name):
        await access.audit(tx, actor, "system.pause_subscriber", name)


async def resume_reader(tx: Tx, actor: Actor, name: str) -> None:
    if await readers.resume(tx, name):
        await access.audit(tx, actor, "system.resume_subscriber", name)


async def retry_reader(tx: Tx, actor: Actor, name: str) -> None:
    await readers.retry_now(tx, name)
    await access.audit(tx, actor, "system.retry_subscriber", name)


async def skip_event(tx: Tx, actor: Actor, name: str, position: int, reason: str) -> None:
    event = await readers.skip(tx, name, position)
    facts = {"position": event.position, "kind": event.kind, "payload": event.payload, "reason": reason}
    await access.audit(tx, actor, "system.skip_event", name, facts)


@post("/system/subscribers/{name:str}/pause", opt=MANAGES)
async def pause_subscriber(visit: NamedDependency[Visit], name: FromPath[str]) -> Redirect:
    message = N_("It waits where it is. Nothing is lost; its work is done when it goes on.")
    return await done(
        visit, f"{SUBSCRIBERS}/{name}", message, lambda: visit.db.transact(pause_reader, visit.actor, name)
    )


@post("/system/subscribers/{name:str}/resume", opt=MANAGES)
async def resume_subscriber(visit: NamedDependency[Visit], name: FromPath[str]) -> Redirect:
    message = N_("It reads on from where it stopped.")
    return await done(
        visit, f"{SUBSCRIBERS}/{name}", message, lambda: visit.db.transact(resume_reader, visit.actor, name)
    )


@post("/system/subscribers/{name:str}/retry", opt=MANAGES)
async def retry_subscriber(visit: NamedDependency[Visit], name: FromPath[str]) -> Redirect:
    message = N_("It tries again within a second.")
    return await done(
        visit, f"{SUBSCRIBERS}/{name}", message, lambda: visit.db.transact(retry_reader, visit.actor, name)
    )


@post("/system/subscribers/{name:str}/skip", opt=MANAGES)
async def skip_one(visit: NamedDependency[Visit], request: WebRequest, name: FromPath[str]) -> Redirect:
    """Leave out the event that it cannot get past. A reason is needed, and stands in the audit log with the event."""
    form = await entries_of(request)
    position, reason = form.number("position", most=2**62), form.text("reason", required=True, most=500)
    message = N_("The event is left out. What it would have brought about has to be done by hand.")

    async def command() -> None:
        form.check()
        await visit.db.transact(skip_event, visit.actor, name, position, reason)

    return await done(visit, f"{SUBSCRIBERS}/{name}", message, command)


@get("/system/sweeps", opt=READS)
async def sweep_list(visit: NamedDependency[Visit]) -> Response[Any]:
    """What time brings about: how often, when last, what it moved."""
    return await frame.show(
        visit,
        "system_sweeps.html",
        frame.SYSTEM,
        tabs=tabs(visit, SWEEPS),
        runs=await visit.db.ask(sweep_board.listed),
        words=background_words.SWEEPS,
        base=SWEEPS,
    )


async def pause_one_sweep(tx: Tx, actor: Actor, name: str) -> None:
    if await sweep_board.pause(tx, name):
        await access.audit(tx, actor, "system.pause_sweep", name)


async def resume_one_sweep(tx: Tx, actor: Actor, name: str) -> None:
    if await sweep_board.resume(tx, name):
        await access.audit(tx, actor, "system.resume_sweep", name)


async def run_one_sweep(tx: Tx, actor: Actor, name: str) -> None:
    await sweep_board.run_now(tx, name)
    await access.audit(tx, actor, "system.run_sweep", name)


@post("/system/sweeps/{name:str}/pause", opt=MANAGES)
async def pause_sweep(visit: NamedDependency[Visit], name: FromPath[str]) -> Redirect:
    message = N_("It is left out from now on, by every worker, within two seconds.")
    return await done(visit, SWEEPS, message, lambda: visit.db.transact(pause_one_sweep, visit.actor, name))


@post("/system/sweeps/{name:str}/resume", opt=MANAGES)
async def resume_sweep(visit: NamedDependency[Visit], name: FromPath[str]) -> Redirect:
    message = N_("It is done again.")
    return await done(visit, SWEEPS, message, lambda: visit.db.transact(resume_one_sweep, visit.actor, name))


@post("/system/sweeps/{name:str}/run", opt=MANAGES)
async def run_sweep(visit: NamedDependency[Visit], name: FromPath[str]) -> Redirect:
    message = N_("A worker begins a round within two seconds.")
    return await done(visit, SWEEPS, message, lambda: visit.db.transact(run_one_sweep, visit.actor, name))


class Work(msgspec.Struct, frozen=True, kw_only=True):
    counts: list[jobs.Queued]
    page: queue.JobsPage


async def work(read: Read, status: str | None, job: str | None, cursor: str | None) -> Work:
    page = await queue.listed(read, status=status, job=job, cursor=cursor, limit=ROWS_PER_PAGE)
    return Work(counts=await jobs.queued(read), page=page)


@get("/system/jobs", opt=READS)
async def job_list(
    visit: NamedDependency[Visit],
    status: InState = None,
    job: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[Any]:
    """The jobs that are not done; `?state=failed` those that were given up."""
    wanted = status if status in STATUSES else None
    if exports.wanted(visit):
        return _jobs_file(visit, await visit.db.ask(_all_work, wanted, job or None))
    found = await visit.db.ask(work, wanted, job or None, cursor)
    here = address(JOBS, state=wanted, job=job)
    return await frame.show(
        visit,
        "system_jobs.html",
        frame.SYSTEM,
        tabs=tabs(visit, JOBS),
        found=found,
        shown=wanted,
        job=job,
        base=JOBS,
        next_href=address(JOBS, state=wanted, job=job, cursor=found.page.next) if found.page.next else "",
        start_href=here if cursor else "",
    )


async def _all_work(read: Read, status: str | None, job: str | None) -> list[queue.JobRow]:
    return await exports.everything(
        lambda cursor: queue.listed(read, status=status, job=job, cursor=cursor, limit=ITEMS_PER_PAGE_MAX)
    )


def _jobs_file(visit: Visit, found: list[queue.JobRow]) -> Response[bytes]:
    words = (N_("Job"), N_("Number"), N_("Queue"), N_("State"), N_("Tries"), N_("Not before"), N_("Error"))
    rows = [
        (each.job, each.job_id, each.queue, each.status, each.attempts, each.scheduled_at, each.error) for each in found
    ]
    return exports.csv_answer(visit, visit.say(N_("Jobs")), [visit.say(word) for word in words], rows)


async def retry_one(tx: Tx, actor: Actor, job_id: int) -> None:
    await access.audit(tx, actor, "system.retry_job", str(job_id), {"job": await queue.retry(tx, job_id)})


async def cancel_one(tx: Tx, actor: Actor, job_id: int) -> None:
    await access.audit(tx, actor, "system.cancel_job", str(job_id), {"job": await queue.cancel(tx, job_id)})


@post("/system/jobs/{job_id:int}/retry", opt=MANAGES)
async def retry_job(visit: NamedDependency[Visit], job_id: FromPath[int]) -> Redirect:
    message = N_("The job is done as soon as a worker is free.")
    return await done(visit, JOBS, message, lambda: visit.db.transact(retry_one, visit.actor, job_id))


@post("/system/jobs/{job_id:int}/cancel", opt=MANAGES)
async def cancel_job(visit: NamedDependency[Visit], job_id: FromPath[int]) -> Redirect:
    message = N_("The job is not done. It can be tried again from here.")
    return await done(visit, JOBS, message, lambda: visit.db.transact(cancel_one, visit.actor, job_id))


HANDLERS = [
    subscriber_list,
    subscriber_page,
    pause_subscriber,
    resume_subscriber,
    retry_subscriber,
    skip_one,
    sweep_list,
    pause_sweep,
    resume_sweep,
    run_sweep,
    job_list,
    retry_job,
    cancel_job,
]
