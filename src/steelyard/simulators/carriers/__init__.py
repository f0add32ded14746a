"""The carriers "simex" and "simpost": waybills, labels, parcels that move by themselves, tracking and its webhooks.

carriers.app(settings)          the application
await carriers.serve(settings)  the program
"""

import asyncio
from collections.abc import Callable

import msgspec
from litestar import Litestar, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody, URLEncodedBody
from litestar.response import Redirect, Template

from steelyard.simulators.carriers.model import (
    STAGES,
    AdvanceRequest,
    Code,
    Tracking,
    TrackingRequest,
    WaybillRequest,
)
from steelyard.simulators.carriers.remittance import written
from steelyard.simulators.carriers.yard import SCHEMA, Yard
from steelyard.simulators.clock import Clock
from steelyard.simulators.pages import page
from steelyard.simulators.problems import Refused, not_found
from steelyard.simulators.requests import language
from steelyard.simulators.serving import Listener, serve_apps
from steelyard.simulators.settings import Settings
from steelyard.simulators.statement_days import statement_day
from steelyard.simulators.web import ClientMaker, Foundation, assemble

__all__ = ["app", "listener", "serve"]

AnyRequest = Request[object, object, State]


@post("/v1/waybills")
async def book(
    data: JSONBody[WaybillRequest], yard: NamedDependency[Yard], ground: NamedDependency[Foundation]
) -> Response[bytes]:
    answer = yard.book(data)
    ground.pump.wake()
    return answer.response()


@post("/v1/trackings")
async def follow(
    data: JSONBody[TrackingRequest], yard: NamedDependency[Yard], ground: NamedDependency[Foundation]
) -> Tracking:
    tracking = yard.follow(data)
    ground.pump.wake()
    return tracking


@get("/v1/trackings/{carrier:str}/{number:str}")
async def track(carrier: FromPath[str], number: FromPath[str], yard: NamedDependency[Yard]) -> Tracking:
    return yard.tracking(carrier, number)


@post("/v1/trackings/{carrier:str}/{number:str}/advance", status_code=200)
async def advance(
    carrier: FromPath[str],
    number: FromPath[str],
    data: JSONBody[AdvanceRequest],
    yard: NamedDependency[Yard],
    ground: NamedDependency[Foundation],
) -> Tracking:
    tracking = yard.advance(carrier, number, data.to)
    ground.pump.wake()
    return tracking


class AdvanceForm(msgspec.Struct, frozen=True):
    """The button of the page; an empty `to` is the next stage."""

    to: Code | str = ""


@get("/")
async def index(request: AnyRequest, yard: NamedDependency[Yard], ground: NamedDependency[Foundation]) -> Template:
    return page(
        request,
        "carriers.html",
        parcels=yard.latest(),
        steps=len(STAGES) - 1,
        stage_seconds=ground.settings.stage_seconds,
    )


@get("/parcels/{carrier:str}/{number:str}")
async def one(
    request: AnyRequest, carrier: FromPath[str], number: FromPath[str], yard: NamedDependency[Yard]
) -> Template:
    parcel = yard.parcel(carrier, number)
    return page(request, "parcel.html", parcel=parcel, stages=STAGES, story=yard.tracking(carrier, number))


@post("/parcels/{carrier:str}/{number:str}")
async def push(
    request: AnyRequest,
    carrier: FromPath[str],
    number: FromPath[str],
    *,
    data: URLEncodedBody[AdvanceForm],
    yard: NamedDependency[Yard],
    ground: NamedDependency[Foundation],
) -> Redirect:
    """Move a parcel from its page; a second click on the same button that finds it further changes nothing."""
    to: Code | None = msgspec.convert(data.to, Code) if data.to else None
    try:
        yard.advance(carrier, number, to)
    except Refused as refused:
        if refused.status != 409:
            raise
    ground.pump.wake()
    return Redirect(f"/parcels/{carrier}/{number}?lang={language(request)}", status_code=303)


@get("/labels/{carrier:str}/{number:str}")
async def label(
    request: AnyRequest, carrier: FromPath[str], number: FromPath[str], yard: NamedDependency[Yard]
) -> Template:
    """The waybill to print and stick on the parcel."""
    parcel = yard.parcel(carrier, number)
    if parcel.parties is None:
        raise not_found("label")
    sender, recipient = parcel.parties
    collect = yard.collects(carrier, number)
    return page(request, "label.html", parcel=parcel, sender=sender, recipient=recipient, collect=collect)


@get("/v1/remittances/{carrier:str}/{file:str}", media_type="text/csv")
async def remittance(carrier: FromPath[str], file: FromPath[str], ground: NamedDependency[Foundation]) -> Response[str]:
    """What the carrier pays on of the cash of a day: `/v1/remittances/simex/2026-03-05.csv`."""
    day = statement_day(file, ground.clock.now())
    return Response(
        written(ground.store, carrier, day),
        media_type="text/csv",
        headers={"content-disposition": f'attachment; filename="{carrier}-{day}.csv"'},
    )


def app(settings: Settings, *, clock: Clock | None = None, client: ClientMaker | None = None) -> Litestar:
    """The carriers as an ASGI application; tests bring their own clock and the client that sends webhooks."""
    ground = Foundation("carriers", settings, SCHEMA, clock=clock, client=client)
    yard = Yard(ground.store, ground.clock, ground.outbox, settings.carriers_url, settings.stage_seconds)
    ground.works(yard.move_due)

    def provide_yard() -> Yard:
        return yard

    return assemble(
        ground,
        api=[book, follow, track, advance, remittance],
        page_routes=[index, one, push, label],
        dependencies={"yard": Provide(provide_yard, sync_to_thread=False)},
    )


def listener(settings: Settings) -> Listener:
    return Listener(app(settings), settings.host, settings.carriers_port)


async def serve(
    settings: Settings, *, stop: asyncio.Event | None = None, ready: Callable[[], object] | None = None
) -> None:
    """Serve until `stop` is set, or until SIGINT or SIGTERM when none is given."""
    await serve_apps([listener(settings)], stop=stop, ready=ready)
