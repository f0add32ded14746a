"""Live rooms: applications that wait, all rooms with their grades, a room with its sessions, and their takedown in one click."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.channels import live, rooms
from steelyard.channels.live.model import Session
from steelyard.channels.rooms.model import (
    Grade,
    Host,
    Room,
    RoomApplication,
    RoomApplicationState,
    RoomState,
    Step,
    Stop,
    StopId,
    StopKind,
)
from steelyard.goods import catalog
from steelyard.goods.catalog.model import Category
from steelyard.kernel import ids
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.kernel.text import Text
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import live_words
from steelyard.surfaces.web.console import SAVED, address, done
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "rooms.manage"}
ROOMS = f"{frame.LIVE}/rooms"


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    applications: Page[RoomApplication]
    on_air: Sequence[Session]
    shops: Mapping[MerchantId, ShopCard]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    application: RoomApplication
    shop: ShopCard
    conditions: Sequence[rooms.Condition]
    categories: Sequence[Text]
    host: Host | None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    rooms: Page[Room]
    shops: Mapping[MerchantId, ShopCard]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    room: Room
    shop: ShopCard
    sessions: Sequence[Session]
    hosts: Sequence[Host]
    history: Sequence[Step]
    stops: Sequence[Stop]


async def waiting(read: Read, cursor: str | None) -> Waiting:
    applications = await rooms.applications(read, RoomApplicationState.SUBMITTED, cursor)
    on_air = await live.on_air(read)
    shops = {MerchantId(each.merchant_id) for each in [*applications.items, *on_air]}
    return Waiting(applications=applications, on_air=on_air, shops=await merchants.cards(read, shops))


async def asked(read: Read, merchant_id: UUID, room_application_id: UUID) -> Asked:
    found = await rooms.application(read, merchant_id, room_application_id)
    if found is None:
        raise NotFound()
    shop, names = MerchantId(merchant_id), _names(await catalog.categories(read))
    return Asked(
        application=found,
        shop=(await merchants.cards(read, [shop]))[shop],
        conditions=await rooms.conditions(read, merchant_id, found.category_ids, found.host_id, datetime.now(UTC)),
        categories=[names[each] for each in found.category_ids if each in names],
        host=await rooms.host(read, merchant_id, found.host_id) if found.host_id else None,
    )


def _names(tree: Sequence[Category]) -> dict[UUID, Text]:
    found: dict[UUID, Text] = {}
    for category in tree:
        found |= {category.category_id: category.name, **_names(category.children)}
    return found


async def listed(read: Read, state: RoomState | None, grade: Grade | None, cursor: str | None) -> Listed:
    page = await rooms.rooms(read, state, grade, cursor)
    shops = {MerchantId(each.merchant_id) for each in page.items}
    return Listed(rooms=page, shops=await merchants.cards(read, shops))


async def shown(read: Read, merchant_id: UUID, room_id: UUID) -> Shown:
    room = await rooms.room(read, merchant_id, room_id)
    if room is None:
        raise NotFound()
    shop = MerchantId(merchant_id)
    return Shown(
        room=room,
        shop=(await merchants.cards(read, [shop]))[shop],
        sessions=await live.sessions_of_room(read, merchant_id, room_id),
        hosts=await rooms.hosts_of(read, merchant_id),
        history=await rooms.room_history(read, merchant_id, room_id),
        stops=await rooms.stops_of(read, merchant_id),
    )


@get("/live", opt=NEEDS)
async def waiting_page(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """What waits for a decision, and what is on air now."""
    found = await visit.db.ask(waiting, cursor)
    return await frame.show(
        visit,
        "live_waiting.html",
        frame.LIVE,
        found=found,
        stop_ids={each.session_id: ids.mint() for each in found.on_air},
        next_href=address(frame.LIVE, cursor=found.applications.next) if found.applications.next else "",
        start_href=frame.LIVE if cursor else "",
    )


@get("/live/applications/{merchant_id:uuid}/{room_application_id:uuid}", opt=NEEDS)
async def application_page(
    visit: NamedDependency[Visit], merchant_id: FromPath[UUID], room_application_id: FromPath[UUID]
) -> Response[Any]:
    found = await visit.db.ask(asked, merchant_id, room_application_id)
    name = found.application.name.in_language(visit.locale)
    return await frame.show(
        visit,
        "live_application.html",
        frame.LIVE,
        crumbs=[(visit.say(N_("Live rooms")), frame.LIVE), (name, None)],
        title=name,
        found=found,
        here=f"{frame.LIVE}/applications/{merchant_id}/{room_application_id}",
        states=live_words.toned(visit, live_words.APPLICATION_STATES),
        host_states=live_words.toned(visit, live_words.HOST_STATES),
    )


@post("/live/applications/{merchant_id:uuid}/{room_application_id:uuid}/{decision:str}", opt=NEEDS)
async def decide(
    visit: NamedDependency[Visit],
    request: WebRequest,
    merchant_id: FromPath[UUID],
    room_application_id: FromPath[UUID],
    decision: FromPath[str],
) -> Redirect:
    """Approve, send back with reasons, or refuse with one."""
    form = await entries_of(request)
    reasons = {name: form.text(f"reason_{name}") for name in ("name", "about", "slug", "category_ids", "host_id")}
    note, by = form.text("note"), visit.actor
    known: dict[str, tuple[str, Callable[[], Any]]] = {
        "approve": (
            N_("The room is open; the owners are told."),
            lambda: visit.db.transact(rooms.approve, by, merchant_id, room_application_id),
        ),
        "send-back": (
            N_("The owners are told what is wrong with it."),
            lambda: visit.db.transact(rooms.send_back, by, merchant_id, room_application_id, reasons, note),
        ),
        "refuse": (
            N_("It is refused; the owners read why."),
            lambda: visit.db.transact(rooms.refuse, by, merchant_id, room_application_id, note),
        ),
    }
    if decision not in known:
        raise NotFound()
    message, command = known[decision]
    return await done(visit, f"{frame.LIVE}/applications/{merchant_id}/{room_application_id}", message, command)


@get("/live/rooms", opt=NEEDS)
async def room_list(
    visit: NamedDependency[Visit],
    grade: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[Any]:
    state = visit.connection.query_params.get("state")
    chosen = RoomState(state) if state and state in set(RoomState) else None
    graded = Grade(grade) if grade and grade in set(Grade) else None
    found = await visit.db.ask(listed, chosen, graded, cursor)
    narrowed = {"state": chosen or "", "grade": graded or ""}
    return await frame.show(
        visit,
        "live_rooms.html",
        frame.LIVE,
        found=found,
        chosen=str(chosen or ""),
        graded=str(graded or ""),
        states=live_words.toned(visit, live_words.ROOM_STATES),
        grades=live_words.said(visit, live_words.GRADES),
        next_href=address(ROOMS, **narrowed, cursor=found.rooms.next) if found.rooms.next else "",
        start_href=address(ROOMS, **narrowed) if cursor else "",
    )


@get("/live/rooms/{merchant_id:uuid}/{room_id:uuid}", opt=NEEDS)
async def room_page(
    visit: NamedDependency[Visit], merchant_id: FromPath[UUID], room_id: FromPath[UUID]
) -> Response[Any]:
    found = await visit.db.ask(shown, merchant_id, room_id)
    name = found.room.name.in_language(visit.locale)
    return await frame.show(
        visit,
        "live_room.html",
        frame.LIVE,
        crumbs=[(visit.say(N_("Live rooms")), frame.LIVE), (visit.say(N_("Rooms")), ROOMS), (name, None)],
        title=name,
        found=found,
        here=f"{ROOMS}/{merchant_id}/{room_id}",
        stop_id=ids.mint(),
        stop_ids={each.session_id: ids.mint() for each in found.sessions},
        states=live_words.toned(visit, live_words.ROOM_STATES),
        session_states=live_words.toned(visit, live_words.SESSION_STATES),
        host_states=live_words.toned(visit, live_words.HOST_STATES),
        grades=live_words.said(visit, live_words.GRADES),
    )


@post("/live/rooms/{merchant_id:uuid}/{room_id:uuid}/grade", opt=NEEDS)
async def set_grade(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], room_id: FromPath[UUID]
) -> Redirect:
    grade = (await entries_of(request)).text("grade")
    if grade not in set(Grade):
        raise NotFound()
    return await done(
        visit,
        f"{ROOMS}/{merchant_id}/{room_id}",
        SAVED,
        lambda: visit.db.transact(rooms.set_grade, visit.actor, merchant_id, room_id, Grade(grade)),
    )


@post("/live/rooms/{merchant_id:uuid}/{room_id:uuid}/stop", opt=NEEDS)
async def stop_room(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], room_id: FromPath[UUID]
) -> Redirect:
    """Take a room down, or put it on the blacklist: whatever is on air in it ends."""
    form = await entries_of(request)
    stop_id, reason = StopId(form.uuid("stop_id")), form.text("reason")
    kind = StopKind.BLACKLIST if form.flag("blacklist") else StopKind.TAKEDOWN
    return await done(
        visit,
        f"{ROOMS}/{merchant_id}/{room_id}",
        N_("The room is stopped; the owners read why."),
        lambda: visit.db.transact(live.stop_room, visit.actor, merchant_id, room_id, stop_id, kind, reason),
    )


@post("/live/sessions/{merchant_id:uuid}/{live_id:uuid}/take-down", opt=NEEDS)
async def take_down(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], live_id: FromPath[UUID]
) -> Redirect:
    """A session, or its replay, is not seen any more."""
    form = await entries_of(request)
    session = await visit.db.ask(live.session, merchant_id, live_id)
    if session is None:
        raise NotFound()
    stop_id, reason = StopId(form.uuid("stop_id")), form.text("reason")
    return await done(
        visit,
        f"{ROOMS}/{merchant_id}/{session.room_id}",
        N_("The session is taken down; the owners read why."),
        lambda: visit.db.transact(live.take_down, visit.actor, merchant_id, live_id, stop_id, reason),
    )


HANDLERS = [
    waiting_page, application_page, decide, room_list, room_page, set_grade, stop_room, take_down,
]  # fmt: skip
