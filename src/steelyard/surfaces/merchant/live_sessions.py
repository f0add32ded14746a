"""A shop's live sessions: the list, planning one, its page with goods bag and findings, and what is done with it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.channels import live, rooms
from steelyard.channels.live.model import Good, NewSession, Session, SessionId, SessionState, Step
from steelyard.channels.rooms.model import Host, HostId, HostState, Room, RoomId, RoomState
from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductId, ProductView
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame, live_tabs
from steelyard.surfaces.merchant.live_uploads import picture_of, video_of
from steelyard.surfaces.web import goods_picking, live_words, posters
from steelyard.surfaces.web.console import SAVED, address, done, errors_of, told
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.moments import entered_moment, local_time
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.videos import FORM_BYTES_MAX
from steelyard.surfaces.web.visit import Visit, WebRequest

READS = {"permission": "live.read"}
PLANS = {"permission": "live.plan"}
TYPED_MAX = 20_000
SCRIPT_MAX = 25_000
# Of these the room has a poster that still brings people to something.
BEFORE_THE_END = frozenset({SessionState.PLANNED, SessionState.READY, SessionState.ON_AIR})
BEGINS_IN, LASTS = timedelta(hours=2), timedelta(hours=2)


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    sessions: Sequence[Session]
    rooms: Mapping[UUID, Room]
    reminders: Mapping[UUID, int]
    next: str | None


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    session: Session
    room: Room
    host: Host | None
    goods: Sequence[Good]
    products: Mapping[ProductId, ProductView]
    findings: Sequence[live.Finding]
    history: Sequence[Step]
    reminders: int
    entries: int
    replay_shown: bool


async def listed(read: Read, merchant_id: MerchantId, cursor: str | None) -> Listed:
    page = await live.sessions(read, merchant_id, (), cursor)
    return Listed(
        sessions=page.items,
        rooms={room.room_id: room for room in await rooms.rooms_of(read, merchant_id)},
        reminders=await live.reminders_of(read, merchant_id, [each.session_id for each in page.items]),
        next=page.next,
    )


async def session_of(read: Read, merchant_id: MerchantId, live_id: UUID) -> Session:
    """Raises `NotFound`: another shop's session is not there."""
    session = await live.session(read, merchant_id, live_id)
    if session is None:
        raise NotFound()
    return session


async def shown(read: Read, merchant_id: MerchantId, live_id: UUID) -> Shown:
    session = await session_of(read, merchant_id, live_id)
    room = await rooms.room(read, merchant_id, session.room_id)
    assert room is not None, "a session is in a room"
    goods = await live.goods(read, merchant_id, live_id)
    return Shown(
        session=session,
        room=room,
        host=await rooms.host(read, merchant_id, session.host_id) if session.host_id else None,
        goods=goods,
        products=await catalog.products(read, [good.product_id for good in goods]),
        findings=await live.look(read, session),
        history=await live.history(read, merchant_id, live_id),
        reminders=(await live.reminders_of(read, merchant_id, [live_id])).get(live_id, 0),
        entries=len(await live.rundown(read, merchant_id, live_id)),
        replay_shown=await live.replay_is_shown(read, merchant_id, live_id),
    )


@get("/live", opt=READS)
async def session_list(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    found = await visit.merchant_db.ask(listed, visit.merchant_id, cursor)
    return await frame.show(
        visit,
        "live_sessions.html",
        frame.LIVE,
        found=found,
        sections=live_tabs.tabs(visit, frame.LIVE),
        states=live_words.toned(visit, live_words.SESSION_STATES),
        next_href=address(frame.LIVE, cursor=found.next) if found.next else "",
        start_href=frame.LIVE if cursor else "",
    )


def _poster(visit: Visit, found: Shown) -> str:
    """Where the poster of its room is drawn; none of one that is over, or of a room that is not open."""
    there = found.session.state in BEFORE_THE_END and found.room.state is RoomState.OPEN
    return f"/live/{quote(found.room.slug)}/poster.png" if there and posters.able(visit) else ""


async def session_view(visit: Visit, live_id: UUID, errors: dict[str, str] | None = None) -> Response[Any]:
    found = await visit.merchant_db.ask(shown, visit.merchant_id, live_id)
    title = found.session.title.in_language(visit.locale)
    return await frame.show(
        visit,
        "live_session.html",
        frame.LIVE,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Live")), frame.LIVE), (title, None)],
        title=title,
        found=found,
        session=found.session,
        here=f"{frame.LIVE}/{live_id}",
        told=live_words.findings(visit, found.findings),
        forbidden=sum(each.forbids for each in found.findings),
        poster_href=_poster(visit, found),
        errors=errors or {},
        states=live_words.toned(visit, live_words.SESSION_STATES),
        labels={
            "title": visit.say(N_("Title")),
            "cover": visit.say(N_("Cover")),
            "host_id": visit.say(N_("Host")),
            "goods": visit.say(N_("Goods bag")),
            "ends_at": visit.say(N_("It ends")),
            "script": visit.say(N_("Script")),
            "trailer": visit.say(N_("Trailer")),
        },
    )


@get("/live/{live_id:uuid}", opt=READS)
async def session_page(visit: NamedDependency[Visit], live_id: FromPath[UUID]) -> Response[Any]:
    return await session_view(visit, live_id)


async def _form(visit: Visit, typed: Entries, errors: dict[str, str], session: Session | None = None) -> Response[Any]:
    own = await visit.merchant_db.ask(rooms.rooms_of, visit.merchant_id)
    hosts = await visit.merchant_db.ask(rooms.hosts_of, visit.merchant_id)
    found = live_words.findings(visit, await visit.merchant_db.ask(live.look, session)) if session else {}
    title = visit.say(N_("Plan a session") if session is None else N_("Change the session"))
    return await frame.show(
        visit,
        "live_session_form.html",
        frame.LIVE,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Live")), frame.LIVE), (title, None)],
        title=title,
        typed=typed,
        errors=errors,
        found=found,
        rooms=own,
        hosts=[each for each in hosts if each.state is not HostState.BARRED],
        host_states=live_words.toned(visit, live_words.HOST_STATES),
        session=session,
        action=f"{frame.LIVE}/new" if session is None else f"{frame.LIVE}/{session.session_id}/edit",
        back_href=frame.LIVE if session is None else f"{frame.LIVE}/{session.session_id}",
    )


def _entries(session: NewSession) -> Entries:
    typed = {
        "session_id": str(session.session_id), "room_id": str(session.room_id), "host_id": str(session.host_id or ""),
        "starts_at": local_time(session.starts_at), "ends_at": local_time(session.ends_at),
        "portrait": "portrait" if session.portrait else "landscape", "script": session.script,
        "cover_kept": session.cover or "", "trailer_kept": session.trailer_file or "",
        "video_kept": session.trailer_video or "",
    }  # fmt: skip
    for name, words in (("title", session.title), ("trailer", session.trailer)):
        typed |= {f"{name}_zh": words.get("zh-Hans", ""), f"{name}_en": words.get("en", "")}
    return Entries({name: [value] for name, value in typed.items()}, {})


@get("/live/new", opt=PLANS)
async def new_session(visit: NamedDependency[Visit]) -> Response[Any] | Redirect:
    own = await visit.merchant_db.ask(rooms.rooms_of, visit.merchant_id)
    if not own:
        return redirect(visit, f"{frame.LIVE}/room", (visit.say(N_("A session needs a live room first.")), "warn"))
    begins = (datetime.now(UTC) + BEGINS_IN).replace(minute=0, second=0, microsecond=0)
    wanted = NewSession(
        merchant_id=visit.merchant_id, session_id=SessionId(ids.mint()), room_id=own[0].room_id, title=Text(),
        starts_at=begins, ends_at=begins + LASTS,
    )  # fmt: skip
    return await _form(visit, _entries(wanted), {})


@get("/live/{live_id:uuid}/edit", opt=PLANS)
async def edit_session(visit: NamedDependency[Visit], live_id: FromPath[UUID]) -> Response[Any]:
    session = await visit.merchant_db.ask(session_of, visit.merchant_id, live_id)
    return await _form(visit, _entries(session), {}, session)


async def plan(tx: Tx, actor: Actor, wanted: NewSession) -> None:
    await live.plan(tx, wanted, actor.by)
    await access.audit(tx, actor, "live.plan", str(wanted.session_id), {"title": dict(wanted.title)})


async def change(tx: Tx, actor: Actor, wanted: NewSession) -> None:
    await live.change(tx, wanted, actor.by)
    await access.audit(tx, actor, "live.change", str(wanted.session_id), {"title": dict(wanted.title)})


@post("/live/new", opt=PLANS, request_max_body_size=FORM_BYTES_MAX)
async def plan_session(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    return await _kept(visit, await entries_of(request), None)


@post("/live/{live_id:uuid}/edit", opt=PLANS, request_max_body_size=FORM_BYTES_MAX)
async def change_session(
    visit: NamedDependency[Visit], request: WebRequest, live_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    session = await visit.merchant_db.ask(session_of, visit.merchant_id, live_id)
    return await _kept(visit, await entries_of(request), session)


async def _kept(visit: Visit, form: Entries, session: Session | None) -> Response[Any] | Redirect:
    try:
        wanted = await _wanted(visit, form, session)
        form.check()
        await visit.merchant_db.transact(plan if session is None else change, visit.actor, wanted)
    except Invalid as refusal:
        fields = {f"{name}_zh" if name in ("title", "trailer") else name: what for name, what in refusal.fields.items()}
        return await _form(visit, form, errors_of(visit, fields), session)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _form(visit, form, {"starts_at": told(visit, refusal)}, session)
    return redirect(visit, f"{frame.LIVE}/{wanted.session_id}", (visit.say(SAVED), "good"))


async def _wanted(visit: Visit, form: Entries, session: Session | None) -> NewSession:
    room, host = form.uuids("room_id"), form.uuids("host_id")
    if not room:
        form.refuse("room_id", N_("Please choose one."))
    pictures = {name: await picture_of(visit, form, name) for name in ("cover", "trailer")}
    return NewSession(
        merchant_id=visit.merchant_id,
        session_id=session.session_id if session else SessionId(form.uuid("session_id")),
        room_id=RoomId(room[0] if room else ids.mint()),
        host_id=HostId(host[0]) if host else None,
        title=form.words("title"),
        cover=pictures["cover"],
        starts_at=entered_moment(form, "starts_at"),
        ends_at=entered_moment(form, "ends_at"),
        portrait=form.text("portrait") != "landscape",
        trailer=form.words("trailer"),
        trailer_file=pictures["trailer"],
        trailer_video=await video_of(visit, form),
        script=form.text("script", most=SCRIPT_MAX),
    )


async def make_ready(tx: Tx, actor: Actor, merchant_id: MerchantId, live_id: UUID) -> None:
    await live.make_ready(tx, merchant_id, live_id, actor.by)
    await access.audit(tx, actor, "live.ready", str(live_id))


async def plan_again(tx: Tx, actor: Actor, merchant_id: MerchantId, live_id: UUID) -> None:
    await live.plan_again(tx, merchant_id, live_id, actor.by)
    await access.audit(tx, actor, "live.plan_again", str(live_id))


async def cancel(tx: Tx, actor: Actor, merchant_id: MerchantId, live_id: UUID, reason: str) -> None:
    await live.cancel(tx, merchant_id, live_id, reason, actor.by)
    await access.audit(tx, actor, "live.cancel", str(live_id), {"reason": reason})


@post("/live/{live_id:uuid}/ready", opt=PLANS)
async def ready_session(visit: NamedDependency[Visit], live_id: FromPath[UUID]) -> Redirect:
    return await done(
        visit,
        f"{frame.LIVE}/{live_id}",
        N_("It is ready: it can go on air."),
        lambda: visit.merchant_db.transact(make_ready, visit.actor, visit.merchant_id, live_id),
    )


@post("/live/{live_id:uuid}/plan-again", opt=PLANS)
async def plan_session_again(visit: NamedDependency[Visit], live_id: FromPath[UUID]) -> Redirect:
    return await done(
        visit,
        f"{frame.LIVE}/{live_id}",
        SAVED,
        lambda: visit.merchant_db.transact(plan_again, visit.actor, visit.merchant_id, live_id),
    )


@post("/live/{live_id:uuid}/cancel", opt=PLANS)
async def cancel_session(visit: NamedDependency[Visit], request: WebRequest, live_id: FromPath[UUID]) -> Redirect:
    reason = (await entries_of(request)).text("reason")
    return await done(
        visit,
        f"{frame.LIVE}/{live_id}",
        N_("It is called off."),
        lambda: visit.merchant_db.transact(cancel, visit.actor, visit.merchant_id, live_id, reason),
    )


@get("/live/goods.json", opt=READS)
async def pick_goods(visit: NamedDependency[Visit]) -> Response[bytes]:
    """What the picker asks while somebody types."""
    return await goods_picking.answer(visit, visit.merchant_db, visit.merchant_id)


@post("/live/{live_id:uuid}/goods", opt=PLANS)
async def add_goods(visit: NamedDependency[Visit], request: WebRequest, live_id: FromPath[UUID]) -> Redirect:
    """Put what was chosen into the bag."""
    words = (await entries_of(request)).text("products", most=TYPED_MAX).split()
    found = [one for word in words for part in word.split("/") if (one := as_uuid(part)) is not None]
    return await done(
        visit,
        f"{frame.LIVE}/{live_id}#goods",
        SAVED,
        lambda: visit.merchant_db.transact(
            live.add_goods, visit.merchant_id, live_id, list(dict.fromkeys(found)), visit.actor.by
        ),
    )


async def set_goods(tx: Tx, by: str, merchant_id: MerchantId, live_id: UUID, product_id: UUID, form: Entries) -> None:
    await live.set_goods(
        tx, merchant_id, live_id, product_id, shown=form.flag("shown"), points=form.text("points"), by=by
    )
    place = form.text("place")
    if place:
        await live.move_goods(tx, merchant_id, live_id, product_id, form.number("place", least=1, most=500))


@post("/live/{live_id:uuid}/goods/{product_id:uuid}", opt=PLANS)
async def change_goods(
    visit: NamedDependency[Visit], request: WebRequest, live_id: FromPath[UUID], product_id: FromPath[UUID]
) -> Redirect:
    """Shown or not, where it stands, what is said of it."""
    form = await entries_of(request)
    return await done(
        visit,
        f"{frame.LIVE}/{live_id}#goods",
        SAVED,
        lambda: visit.merchant_db.transact(set_goods, visit.actor.by, visit.merchant_id, live_id, product_id, form),
    )


@post("/live/{live_id:uuid}/goods/{product_id:uuid}/remove", opt=PLANS)
async def remove_goods(visit: NamedDependency[Visit], live_id: FromPath[UUID], product_id: FromPath[UUID]) -> Redirect:
    return await done(
        visit,
        f"{frame.LIVE}/{live_id}#goods",
        SAVED,
        lambda: visit.merchant_db.transact(live.remove_goods, visit.merchant_id, live_id, product_id, visit.actor.by),
    )


HANDLERS = [
    session_list, new_session, plan_session, session_page, edit_session, change_session, ready_session,
    plan_session_again, cancel_session, pick_goods, add_goods, change_goods, remove_goods,
]  # fmt: skip
