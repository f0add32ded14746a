"""A shop's live room: asked for with its conditions, its crew, what was stopped; and the hosts who speak in it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.channels import rooms
from steelyard.channels.rooms import Condition
from steelyard.channels.rooms.model import (
    Host,
    HostId,
    NewApplication,
    NewHost,
    Role,
    Room,
    RoomApplication,
    RoomApplicationId,
    RoomApplicationState,
    Stop,
)
from steelyard.goods import catalog
from steelyard.goods.catalog.model import Category
from steelyard.kernel import days, ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor, StaffMember
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import live_words
from steelyard.surfaces.web.console import SAVED, done, errors_of, told
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.papers import keep
from steelyard.surfaces.web.visit import Visit, WebRequest

PLANS = {"permission": "live.plan"}
SPEAKS = "live.host"
ROOM = f"{frame.LIVE}/room"
HOSTS = f"{frame.LIVE}/hosts"
EMPTY = Entries({}, {})


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """`wanted` is what was asked for last; `categories` those the shop may sell in."""

    rooms: Sequence[Room]
    wanted: RoomApplication | None
    conditions: Sequence[Condition]
    hosts: Sequence[Host]
    stops: Sequence[Stop]
    categories: Sequence[tuple[UUID, Text]]
    crew: Mapping[UUID, set[Role]]

    @property
    def asks(self) -> bool:
        """Whether the shop can write its application now."""
        return not self.rooms and (
            self.wanted is None or self.wanted.state in (RoomApplicationState.SENT_BACK, RoomApplicationState.REFUSED)
        )


async def found_room(read: Read, merchant_id: MerchantId) -> Found:
    own = await rooms.rooms_of(read, merchant_id)
    wanted = await rooms.newest_application(read, merchant_id)
    admitted = await merchants.categories_of(read, merchant_id)
    choices = _choices(await catalog.categories(read), admitted)
    asked = list(wanted.category_ids) if wanted else [category_id for category_id, _ in choices]
    host_id = wanted.host_id if wanted else None
    return Found(
        rooms=own,
        wanted=wanted,
        conditions=await rooms.conditions(read, merchant_id, asked, host_id, datetime.now(UTC)),
        hosts=await rooms.hosts_of(read, merchant_id),
        stops=await rooms.stops_of(read, merchant_id),
        categories=choices,
        crew=await rooms.crew(read, merchant_id, own[0].room_id) if own else {},
    )


def _choices(tree: Sequence[Category], admitted: set[UUID]) -> list[tuple[UUID, Text]]:
    """The roots that the shop may sell in, or where it is admitted for less, what it is admitted for."""
    found: list[tuple[UUID, Text]] = []
    for category in tree:
        if not admitted or category.category_id in admitted:
            found.append((category.category_id, category.name))
        else:
            found += _choices(category.children, admitted)
    return found


async def room_view(visit: Visit, form: Entries | None = None, errors: dict[str, str] | None = None) -> Response[Any]:
    found = await visit.merchant_db.ask(found_room, visit.merchant_id)
    people: Sequence[StaffMember] = await visit.db.ask(access.staff, visit.merchant_id) if found.rooms else []
    return await frame.show(
        visit,
        "live_room.html",
        frame.LIVE,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Live")), frame.LIVE), (visit.say(N_("Live room")), None)],
        found=found,
        people=[each for each in people if each.disabled_at is None and each.joined],
        form=form,
        errors=errors or {},
        application_id=_application_id(found),
        states=live_words.toned(visit, live_words.ROOM_STATES),
        application_states=live_words.toned(visit, live_words.APPLICATION_STATES),
        roles=live_words.said(visit, live_words.ROLES),
        grades=live_words.said(visit, live_words.GRADES),
        kinds=live_words.said(visit, live_words.STOP_KINDS),
        subjects=live_words.said(visit, live_words.STOP_SUBJECTS),
    )


def _application_id(found: Found) -> UUID:
    """One that was sent back goes on; after a refusal a new one begins."""
    back = found.wanted is not None and found.wanted.state is RoomApplicationState.SENT_BACK
    return found.wanted.application_id if back and found.wanted else ids.mint()


@get("/live/room", opt=PLANS)
async def room_page(visit: NamedDependency[Visit]) -> Response[Any]:
    return await room_view(visit)


async def apply(tx: Tx, actor: Actor, wanted: NewApplication) -> None:
    await rooms.apply(tx, wanted, actor.by)
    await access.audit(tx, actor, "rooms.apply", wanted.slug, {"name": dict(wanted.name)})


@post("/live/room", opt=PLANS)
async def ask_for_room(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    form = await entries_of(request)
    try:
        host = form.uuids("host_id")
        wanted = NewApplication(
            merchant_id=visit.merchant_id,
            application_id=RoomApplicationId(form.uuid("application_id")),
            name=form.words("name"),
            about=form.words("about"),
            slug=form.text("slug").lower(),
            category_ids=form.uuids("category_ids"),
            host_id=HostId(host[0]) if host else None,
        )
        form.check()
        await visit.merchant_db.transact(apply, visit.actor, wanted)
    except Invalid as refusal:
        fields = {f"{name}_zh" if name in ("name", "about") else name: what for name, what in refusal.fields.items()}
        return await room_view(visit, form, errors_of(visit, fields))
    except Refusal as refusal:
        return redirect(visit, ROOM, (told(visit, refusal), "bad"))
    return redirect(visit, ROOM, (visit.say(N_("Thank you. The platform looks at it, and tells you by mail.")), "good"))


async def give_roles(tx: Tx, actor: Actor, room_id: UUID, account_id: UUID, roles: Sequence[Role]) -> None:
    assert actor.account is not None
    assert actor.account.merchant_id is not None
    await rooms.give_roles(tx, actor.account.merchant_id, room_id, account_id, roles)
    await access.audit(tx, actor, "rooms.crew", str(account_id), {"roles": [str(role) for role in roles]})


@post("/live/room/{room_id:uuid}/crew", opt=PLANS)
async def set_crew(visit: NamedDependency[Visit], request: WebRequest, room_id: FromPath[UUID]) -> Redirect:
    """Who does what in the room. Staff are read by the application: their accounts are no merchant's table."""
    form = await entries_of(request)
    roles = [Role(each) for each in form.all("roles") if each in set(Role)]
    return await done(
        visit,
        f"{ROOM}#crew",
        SAVED,
        lambda: visit.db.transact(give_roles, visit.actor, room_id, form.uuid("account_id"), roles),
    )


async def appeal(tx: Tx, actor: Actor, merchant_id: MerchantId, stop_id: UUID, words: str) -> None:
    await rooms.appeal(tx, merchant_id, stop_id, words, actor.by)
    await access.audit(tx, actor, "rooms.appeal", str(stop_id), {"appeal": words})


@post("/live/room/stops/{stop_id:uuid}/appeal", opt=PLANS)
async def appeal_stop(visit: NamedDependency[Visit], request: WebRequest, stop_id: FromPath[UUID]) -> Redirect:
    words = (await entries_of(request)).text("appeal")
    return await done(
        visit,
        f"{ROOM}#stops",
        N_("Your appeal is heard by the platform."),
        lambda: visit.merchant_db.transact(appeal, visit.actor, visit.merchant_id, stop_id, words),
    )


async def hosts_view(visit: Visit, form: Entries | None = None, errors: dict[str, str] | None = None) -> Response[Any]:
    return await frame.show(
        visit,
        "live_hosts.html",
        frame.LIVE,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Live")), frame.LIVE), (visit.say(N_("Hosts")), None)],
        hosts=await visit.merchant_db.ask(rooms.hosts_of, visit.merchant_id),
        speakers=await visit.db.ask(access.staff_with, visit.merchant_id, SPEAKS),
        form=form or EMPTY,
        errors=errors or {},
        host_id=form.text("host_id") if form else ids.mint(),
        states=live_words.toned(visit, live_words.HOST_STATES),
        today=days.today(),
    )


@get("/live/hosts", opt=PLANS)
async def host_list(visit: NamedDependency[Visit]) -> Response[Any]:
    return await hosts_view(visit)


async def register(tx: Tx, actor: Actor, wanted: NewHost) -> None:
    await rooms.register(tx, wanted, actor.by)
    await access.audit(tx, actor, "rooms.register_host", wanted.name, {"ai": wanted.is_ai})


@post("/live/hosts", opt=PLANS)
async def register_host(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Put somebody forward, or hand in again what was sent back. The scan goes into the private store."""
    form = await entries_of(request)
    try:
        uploads = form.files("scan")
        scan = (await keep(visit, uploads[0], "scan"))[0] if uploads else ""
        wanted = NewHost(
            merchant_id=visit.merchant_id,
            host_id=HostId(form.uuid("host_id")),
            name=form.text("name"),
            real_name=form.text("real_name"),
            document_number=form.text("document_number").upper(),
            scan=scan,
            is_ai=form.flag("is_ai"),
        )
        await visit.merchant_db.transact(register, visit.actor, wanted)
    except Invalid as refusal:
        return await hosts_view(visit, form, errors_of(visit, refusal.fields))
    except Refusal as refusal:
        return redirect(visit, HOSTS, (told(visit, refusal), "bad"))
    return redirect(visit, HOSTS, (visit.say(N_("Thank you. The platform looks at the papers.")), "good"))


async def link(tx: Tx, actor: Actor, merchant_id: MerchantId, host_id: UUID, account_id: UUID | None) -> None:
    await rooms.link(tx, merchant_id, host_id, account_id)
    await access.audit(tx, actor, "rooms.link_host", str(host_id), {"account": str(account_id or "")})


@post("/live/hosts/{host_id:uuid}/account", opt=PLANS)
async def link_host(visit: NamedDependency[Visit], request: WebRequest, host_id: FromPath[UUID]) -> Redirect:
    """Say which member of the staff a host is, or that they are none."""
    account_id = as_uuid((await entries_of(request)).text("account_id"))
    return await done(
        visit,
        HOSTS,
        SAVED,
        lambda: visit.db.transact(link, visit.actor, visit.merchant_id, host_id, account_id),
    )


async def let_go(tx: Tx, actor: Actor, merchant_id: MerchantId, host_id: UUID) -> None:
    await rooms.let_go(tx, merchant_id, host_id, actor.by)
    await access.audit(tx, actor, "rooms.let_host_go", str(host_id))


@post("/live/hosts/{host_id:uuid}/let-go", opt=PLANS)
async def let_host_go(visit: NamedDependency[Visit], host_id: FromPath[UUID]) -> Redirect:
    return await done(
        visit,
        HOSTS,
        SAVED,
        lambda: visit.merchant_db.transact(let_go, visit.actor, visit.merchant_id, host_id),
    )


HANDLERS = [room_page, ask_for_room, set_crew, appeal_stop, host_list, register_host, link_host, let_host_go]
