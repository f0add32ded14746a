"""The pages of viewers: the list of rooms, a room, its bag, and the small player that goes on from page to page."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_datetime
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from steelyard.channels import live, rooms
from steelyard.channels.live import Beat
from steelyard.channels.live.model import Session, SessionState
from steelyard.channels.rooms.model import Room
from steelyard.kernel import i18n, ids
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.operations.behaviour import Kind
from steelyard.parties import merchants
from steelyard.parties.access.model import AccountKind
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.live_room import trailers
from steelyard.surfaces.live_room.frame import LIVE, Around, around, now, show
from steelyard.surfaces.live_room.showing import COMING, Shown, play_address, shown
from steelyard.surfaces.web import content_policy, footfall, posters
from steelyard.surfaces.web.pages import HTML
from steelyard.surfaces.web.posters import Poster
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import favourites

CHAT_SHOWN = 40
REPLAYS_SHOWN = 4
DAYS_AHEAD = 14
# What is drawn for all is remembered for so many states of sessions.
PARTS_REMEMBERED = 256
PARTS_SECONDS = 30

# By way of what viewers come, as the links of our own pages say it.
ENTRIES = ("home", "list", "shop", "product", "share", "notice", "mail")

# What the room's scripts say.
SAY = {
    "sound": N_("Sound on"),
    "mute": N_("Sound off"),
    "pause": N_("Pause the chat"),
    "resume": N_("Go on with the chat"),
    "waiting": N_("The picture comes back in a moment."),
    "blocked": N_("Your browser waits for you to press play."),
    "unable": N_("This browser cannot play the picture. Everything else works."),
    "failed": N_("That did not work. Please try again."),
    "shop": N_("Shop"),
}


class RoomPage(msgspec.Struct, frozen=True, kw_only=True):
    """A room, and what of it is this visitor's own."""

    shown: Shown
    chat: Sequence[Beat]
    reminded: bool
    follows: bool
    replays: Sequence[Session] = ()


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A session in the list of rooms."""

    session: Session
    room: Room
    shop: ShopCard
    viewers: int = 0
    reminded: bool = False


class ListPage(msgspec.Struct, frozen=True, kw_only=True):
    on_air: Sequence[Listed]
    coming: Sequence[Listed]
    ended: Sequence[Listed]


async def list_page(read: Read, buyer_id: UUID | None) -> ListPage:
    """Who is on air, who comes next, and who was on last."""
    now = datetime.now(UTC)
    on_air, coming, ended = (
        await live.on_air(read),
        await live.coming(read, now + timedelta(days=DAYS_AHEAD)),
        await live.ended_lately(read),
    )
    every = [*on_air, *coming, *ended]
    shops = await merchants.cards(read, {MerchantId(each.merchant_id) for each in every})
    own = await rooms.rooms_named(read, {(each.merchant_id, each.room_id) for each in every})
    viewers = await live.viewers_of(read, [(each.merchant_id, each.session_id) for each in on_air])
    asked = await live.reminded(read, buyer_id, [each.session_id for each in coming]) if buyer_id else set[UUID]()

    def listed(sessions: Sequence[Session]) -> list[Listed]:
        return [
            Listed(
                session=each,
                room=own[each.room_id],
                shop=shops[MerchantId(each.merchant_id)],
                viewers=viewers.get(each.session_id, 0),
                reminded=each.session_id in asked,
            )
            for each in sessions
            if each.room_id in own and MerchantId(each.merchant_id) in shops
        ]

    return ListPage(on_air=listed(on_air), coming=listed(coming), ended=listed(ended))


@get(LIVE)
async def room_list(visit: NamedDependency[Visit]) -> Response[str]:
    """All rooms: on air, to come, over."""
    view = await visit.db.ask(list_page, visit.known_buyer_id)
    own = await visit.db.ask(around, visit.known_buyer_id)
    return await show(
        visit, "rooms.html", own, crumbs=[(visit.say(N_("Live")), None)], view=view, trailer_at=trailers.address
    )


async def room_page(read: Read, slug: str, buyer_id: UUID | None) -> RoomPage:
    view = await shown(read, slug)
    session = view.session
    chat: Sequence[Beat] = []
    reminded = False
    if session is not None and session.started_at is not None:
        chat = await live.chat_shown(read, session.merchant_id, session.session_id, CHAT_SHOWN)
    elif session is not None and buyer_id is not None:
        reminded = session.session_id in await live.reminded(read, buyer_id, [session.session_id])
    follows = False
    if buyer_id is not None:
        follows = view.room.merchant_id in (await favourites.marks(read, BuyerId(buyer_id))).shops
    replays = await live.replays(read, view.room.merchant_id, view.room.room_id, REPLAYS_SHOWN)
    return RoomPage(shown=view, chat=chat, reminded=reminded, follows=follows, replays=replays)


@get(LIVE + "/{slug:str}")
async def room(visit: NamedDependency[Visit], slug: FromPath[str]) -> Response[str]:
    """A room: the picture, what happens, what is sold."""
    page = await visit.db.ask(room_page, slug, visit.known_buyer_id)
    view = page.shown
    play = play_address(visit.settings, view.session)
    account = visit.account
    session = view.session
    footfall.tell(
        visit,
        Kind.VIEW,
        merchant_id=view.room.merchant_id,
        session_id=session.session_id if session is not None else None,
        page="live",
    )
    answer = await show(
        visit,
        "room.html",
        await visit.db.ask(around, visit.known_buyer_id),
        view=page,
        room=view,
        play=play,
        trailer=trailers.address(view.slug, session) if session is not None else "",
        chat=page.chat,
        reminded=page.reminded,
        follows=page.follows,
        replays=page.replays,
        may_chat=account is not None and account.kind is AccountKind.BUYER,
        message_id=ids.mint(),
        now=now(),
        came_from=came_from(visit),
        say=_said(visit),
        origin=visit.settings.base_url.rstrip("/"),
    )
    if play:
        answer.headers[content_policy.HEADER] = content_policy.playing(visit.settings, play)
    return answer


@get(LIVE + "/{slug:str}/goods")
async def goods(visit: NamedDependency[Visit], slug: FromPath[str]) -> Response[str]:
    """The bag as a page of its own, for where no scripts run."""
    view = await visit.db.ask(shown, slug)
    title = view.title.in_language(visit.locale)
    crumbs = [(visit.say(N_("Live")), LIVE), (title, f"{LIVE}/{quote(slug)}"), (visit.say(N_("Goods")), None)]
    return await show(
        visit, "goods.html", await visit.db.ask(around, visit.known_buyer_id), crumbs=crumbs, room=view, now=now()
    )


@get(LIVE + "/{slug:str}/share")
async def share(visit: NamedDependency[Visit], slug: FromPath[str]) -> Response[str]:
    """The link to a room, and a code to scan."""
    view = await visit.db.ask(shown, slug)
    path = f"{LIVE}/{quote(slug)}"
    title = view.title.in_language(visit.locale)
    footfall.tell(visit, Kind.SHARE, merchant_id=view.room.merchant_id, what="live")
    return await show(
        visit,
        "share.html",
        await visit.db.ask(around, visit.known_buyer_id),
        crumbs=[(title, path), (visit.say(N_("Share")), None)],
        room=view,
        link=visit.settings.base_url.rstrip("/") + path,
        code=f"/media/qr.svg?to={quote(f'{path}?qr=share')}",
        poster_href=f"{path}/poster.png" if view.state != SessionState.TAKEN_DOWN and posters.able(visit) else "",
    )


@get(LIVE + "/{slug:str}/poster.png")
async def poster(visit: NamedDependency[Visit], slug: FromPath[str]) -> Response[bytes]:
    """A session to pass on as a picture; one that was stopped is not."""
    view = await visit.db.ask(shown, slug)
    if view.state == SessionState.TAKEN_DOWN:
        raise NotFound()
    return await posters.answer(
        visit,
        Poster(
            title=view.title.in_language(visit.locale),
            link=posters.link(visit, f"{LIVE}/{quote(slug)}"),
            scan=visit.say(posters.SCAN),
            house=visit.say(posters.HOUSE),
            sender=view.shop.name.in_language(visit.locale),
            remark=_when(visit, view),
            picture=view.cover or view.shop.logo,
        ),
    )


def _when(visit: Visit, view: Shown) -> str:
    """That it is on air, or when it begins, in the days of the shop."""
    if view.on_air:
        return visit.say(N_("On air now"))
    if view.session is None or view.session.state not in COMING:
        return ""
    begins = format_datetime(
        view.session.starts_at, "medium", ZoneInfo(view.shop.time_zone), locale=i18n.babel_locale(visit.locale)
    )
    return visit.say(N_("Begins {time}"), time=begins)


@get(LIVE + "/{slug:str}/mini")
async def mini(visit: NamedDependency[Visit], slug: FromPath[str]) -> Response[str]:
    """The picture alone, for the corner of another page."""
    view = await visit.db.ask(shown, slug)
    play = play_address(visit.settings, view.session)
    answer = await show(
        visit, "mini.html", Around(categories=()), counted=False, room=view, play=play, say=_said(visit)
    )
    policy = content_policy.playing(visit.settings, *([play] if play else []))
    answer.headers[content_policy.HEADER] = content_policy.in_a_frame(policy)
    return answer


def _said(visit: Visit) -> dict[str, str]:
    return {name: visit.say(words) for name, words in SAY.items()}


def came_from(visit: Visit) -> str:
    """By way of what a viewer came: what the link said, else the page that led here, else another site or none."""
    said = visit.connection.query_params.get("from", "")
    if said in ENTRIES:
        return said
    page = urlsplit(visit.connection.headers.get("referer", ""))
    if not page.netloc:
        return "direct"
    if page.netloc != visit.connection.url.netloc:
        return "other"
    first = page.path.strip("/").split("/")[0]
    return {"": "home", "live": "list", "products": "product", "shops": "shop"}.get(first, "site")


class Drawn(NamedTuple):
    """What stands over the picture, as a session was when its last beat had this number."""

    seq: int
    html: str


class Parts:
    """What stands over the picture and in the bag, drawn once by this process for all who see the same state of a session in the
    same language: thousands ask for it in the moment in which something is pinned."""

    def __init__(self) -> None:
        self._drawn: OrderedDict[tuple[str, str], tuple[float, Drawn]] = OrderedDict()
        self._drawing: dict[tuple[str, str], asyncio.Task[Drawn]] = {}

    async def of(self, visit: Visit, slug: str, at: int) -> str:
        """As of the beat `at`, or later."""
        key = slug, visit.locale
        kept = self._drawn.get(key)
        if kept is not None and at and kept[1].seq >= at and time.monotonic() - kept[0] < PARTS_SECONDS:
            return kept[1].html
        drawn = await self._drawn_now(visit, key)
        # What began to be drawn before we asked may be older than what we were told of.
        return drawn.html if drawn.seq >= at else (await self._drawn_now(visit, key)).html

    async def _drawn_now(self, visit: Visit, key: tuple[str, str]) -> Drawn:
        task = self._drawing.get(key)
        if task is None:
            task = self._drawing[key] = asyncio.create_task(self._draw(visit, key), name="live_parts")
        return await asyncio.shield(task)

    async def _draw(self, visit: Visit, key: tuple[str, str]) -> Drawn:
        try:
            view = await visit.db.ask(shown, key[0])
            page = await show(visit, "parts_page.html", Around(categories=()), counted=False, room=view, now=now())
            drawn = Drawn(view.seq, page.content)
            self._drawn[key] = (time.monotonic(), drawn)
            self._drawn.move_to_end(key)
            while len(self._drawn) > PARTS_REMEMBERED:
                self._drawn.popitem(last=False)
            return drawn
        finally:
            del self._drawing[key]


@get(LIVE + "/{slug:str}/parts")
async def parts(visit: NamedDependency[Visit], slug: FromPath[str]) -> Response[str]:
    """What stands over the picture, as scripts ask for it when a beat says that it has changed; `at` is the beat's number."""
    given = visit.connection.query_params.get("at", "")
    at = int(given) if given.isascii() and given.isdecimal() and len(given) < 12 else 0
    state = visit.connection.app.state
    if "live_parts" not in state:
        state["live_parts"] = Parts()
    kept: Parts = state["live_parts"]
    return Response(await kept.of(visit, slug, at), media_type=HTML, headers={"cache-control": "no-cache"})


HANDLERS = [room_list, room, goods, share, poster, mini, parts]
