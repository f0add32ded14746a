"""The subscribers of the event log: how far behind each is, paused, tried again, an event of theirs left out."""

from functools import partial
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel import events, readers
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.events import Lag
from steelyard.kernel.i18n import N_
from steelyard.surfaces.operator import background_words, frame
from steelyard.surfaces.operator.system import MANAGES, READS, SUBSCRIBERS, tabs, tell
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.visit import Visit, WebRequest


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
    return exports.sheet(visit, N_("Subscribers"), words, rows)


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


@post("/system/subscribers/{name:str}/pause", opt=MANAGES)
async def pause_subscriber(visit: NamedDependency[Visit], name: FromPath[str]) -> Redirect:
    message = N_("It waits where it is. Nothing is lost; its work is done when it goes on.")
    command = partial(readers.pause, subscriber=name)
    return await tell(visit, f"{SUBSCRIBERS}/{name}", message, "system.pause_subscriber", name, command)


@post("/system/subscribers/{name:str}/resume", opt=MANAGES)
async def resume_subscriber(visit: NamedDependency[Visit], name: FromPath[str]) -> Redirect:
    message = N_("It reads on from where it stopped.")
    command = partial(readers.resume, subscriber=name)
    return await tell(visit, f"{SUBSCRIBERS}/{name}", message, "system.resume_subscriber", name, command)


@post("/system/subscribers/{name:str}/retry", opt=MANAGES)
async def retry_subscriber(visit: NamedDependency[Visit], name: FromPath[str]) -> Redirect:
    message = N_("It tries again within a second.")
    command = partial(readers.retry_now, subscriber=name)
    return await tell(visit, f"{SUBSCRIBERS}/{name}", message, "system.retry_subscriber", name, command)


@post("/system/subscribers/{name:str}/skip", opt=MANAGES)
async def skip_one(visit: NamedDependency[Visit], request: WebRequest, name: FromPath[str]) -> Redirect:
    """Leave out the event that it cannot get past. A reason is needed, and stands in the audit log with the event."""
    form = await entries_of(request)
    position, reason = form.number("position", most=2**62), form.text("reason", required=True, most=500)
    message = N_("The event is left out. What it would have brought about has to be done by hand.")

    async def command(tx: Tx) -> dict[str, object]:
        form.check()
        event = await readers.skip(tx, name, position)
        return {"position": event.position, "kind": event.kind, "payload": event.payload, "reason": reason}

    return await tell(visit, f"{SUBSCRIBERS}/{name}", message, "system.skip_event", name, command)


HANDLERS = [
    subscriber_list,
    subscriber_page,
    pause_subscriber,
    resume_subscriber,
    retry_subscriber,
    skip_one,
]
