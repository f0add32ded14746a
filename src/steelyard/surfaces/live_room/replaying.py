"""The replay of a session: its recording with chapters by product, the goods at the prices of now, and the chat of the time.

What a viewer sees without scripts, or where no video can be played, is the list of chapters with their goods; each chapter has an
address of its own, with its picture and title for whoever it is sent to.
"""

from collections.abc import Sequence
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from steelyard.channels import live, rooms
from steelyard.channels.live import Chapter, Said
from steelyard.channels.live.model import Session
from steelyard.channels.rooms.model import Room, RoomState
from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductId
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.surfaces.live_room.frame import LIVE, around, media, show
from steelyard.surfaces.live_room.showing import (
    Good,
    Shown,
    by_product,
    recording_address,
    replay_of,
    set_out,
)
from steelyard.surfaces.web import content_policy
from steelyard.surfaces.web.visit import Visit

# So much of the chat comes at once, in seconds of the recording; and so many lines of it stand on the page itself.
CHAT_SECONDS = 60
CHAT_SHOWN = 30
DIGITS_MAX = 6

# What the replay's script says.
SAY = {
    "failed": N_("The recording cannot be played now. Its chapters and goods are all here."),
    "unable": N_("This browser cannot play the recording. Its chapters and goods are all here."),
    "shop": N_("Shop"),
}


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A chapter with what is explained in it; `good` is none where it cannot be bought any more."""

    chapter: Chapter
    title: Text
    picture: str | None
    good: Good | None = None


class ReplayPage(msgspec.Struct, frozen=True, kw_only=True):
    """A replay from one of its seconds on. `part` is the chapter of this second, none before the first."""

    shown: Shown
    session: Session
    parts: Sequence[Part]
    second: int
    length: int
    chat: Sequence[Said]
    part: Part | None = None


class ReplaysPage(msgspec.Struct, frozen=True, kw_only=True):
    """The replays of a room."""

    room: Room
    sessions: Sequence[Session]


async def replay_page(read: Read, slug: str, session_id: UUID, second: int | None, number: int | None) -> ReplayPage:
    """From this second, or from the chapter of this number. Raises `NotFound`."""
    room, session = await replay_of(read, slug, session_id)
    view = await set_out(read, room, session, replay=True)
    timeline = await live.timeline(read, session)
    parts = await parts_of(read, await live.chapters(read, session, timeline), view.goods)
    part = next((each for each in parts if each.chapter.number == number), None)
    if number is not None and part is None:
        raise NotFound()
    from_second = part.chapter.second if part else min(second or 0, int(timeline.length))
    if part is None and second is not None:
        part = next((each for each in reversed(parts) if each.chapter.second <= from_second), None)
    said = await live.chat_between(read, session, timeline, from_second, CHAT_SECONDS)
    return ReplayPage(
        shown=view, session=session, parts=parts, part=part, second=from_second, length=int(timeline.length),
        chat=said[:CHAT_SHOWN],
    )  # fmt: skip


async def parts_of(read: Read, chapters: Sequence[Chapter], goods: Sequence[Good]) -> list[Part]:
    """The chapters with their goods; those of what cannot be bought any more have its title alone."""
    sold = by_product(goods)
    gone = await catalog.products(
        read, list({ProductId(each.product_id) for each in chapters if each.product_id not in sold})
    )
    found: list[Part] = []
    for each in chapters:
        if (good := sold.get(each.product_id)) is not None:
            found.append(Part(chapter=each, title=good.title, picture=good.picture, good=good))
        elif (product := gone.get(ProductId(each.product_id))) is not None:
            picture = product.pictures[0].file if product.pictures else None
            found.append(Part(chapter=each, title=product.title, picture=picture))
    return found


async def chat_of(read: Read, slug: str, session_id: UUID, second: int) -> list[Said]:
    """The chat of a replay from this second on, for `CHAT_SECONDS`. Raises `NotFound`."""
    _, session = await replay_of(read, slug, session_id)
    return await live.chat_between(read, session, await live.timeline(read, session), second, CHAT_SECONDS)


async def replays_page(read: Read, slug: str) -> ReplaysPage:
    """Raises `NotFound`."""
    room = await rooms.by_slug(read, slug)
    if room is None or room.state is not RoomState.OPEN:
        raise NotFound()
    return ReplaysPage(room=room, sessions=await live.replays(read, room.merchant_id, room.room_id))


@get(LIVE + "/{slug:str}/replays")
async def replay_list(visit: NamedDependency[Visit], slug: FromPath[str]) -> Response[str]:
    """The replays of a room, the latest first."""
    page = await visit.db.ask(replays_page, slug)
    name = page.room.name.in_language(visit.locale)
    crumbs = [(visit.say(N_("Live")), LIVE), (name, f"{LIVE}/{quote(slug)}"), (visit.say(N_("Replays")), None)]
    own = await visit.db.ask(around, visit.known_buyer_id)
    return await show(visit, "replays.html", own, crumbs=crumbs, room=page.room, sessions=page.sessions)


@get(LIVE + "/{slug:str}/replay/{replay_id:uuid}")
async def replay(visit: NamedDependency[Visit], slug: FromPath[str], replay_id: FromPath[UUID]) -> Response[str]:
    """A replay, from the second `t` of its recording on."""
    return await _page(visit, slug, replay_id, _number(visit, "t"), None)


@get(LIVE + "/{slug:str}/replay/{replay_id:uuid}/chapters/{chapter:int}")
async def chapter(
    visit: NamedDependency[Visit], slug: FromPath[str], replay_id: FromPath[UUID], chapter: FromPath[int]
) -> Response[str]:
    """A replay from the beginning of one of its chapters: what is sent on, with what is explained in it."""
    return await _page(visit, slug, replay_id, None, chapter)


@get(LIVE + "/{slug:str}/replay/{replay_id:uuid}/chat")
async def replay_chat(visit: NamedDependency[Visit], slug: FromPath[str], replay_id: FromPath[UUID]) -> Response[bytes]:
    """A minute of the chat from the second `from` on, as the replay's script asks for it."""
    second = _number(visit, "from") or 0
    lines = await visit.db.ask(chat_of, slug, replay_id, second)
    told = {"from": second, "until": second + CHAT_SECONDS, "lines": lines}
    return Response(msgspec.json.encode(told), media_type="application/json", headers={"cache-control": "no-cache"})


async def _page(visit: Visit, slug: str, replay_id: UUID, second: int | None, number: int | None) -> Response[str]:
    page = await visit.db.ask(replay_page, slug, replay_id, second, number)
    view = page.shown
    play = recording_address(visit.settings, page.session)
    title = view.title.in_language(visit.locale)
    origin = visit.settings.base_url.rstrip("/")
    picture = page.part.picture if page.part else view.cover
    crumbs = [(visit.say(N_("Live")), LIVE), (visit.say(N_("Replays")), f"{LIVE}/{quote(slug)}/replays"), (title, None)]
    answer = await show(
        visit,
        "replay.html",
        await visit.db.ask(around, visit.known_buyer_id),
        crumbs=crumbs,
        view=page,
        room=view,
        play=play,
        path=view.here,
        link=origin + (f"{view.here}/chapters/{page.part.chapter.number}" if page.part else view.here),
        picture=origin + media(picture) if picture else "",
        say={name: visit.say(words) for name, words in SAY.items()},
        clock=clock,
    )
    if play:
        answer.headers[content_policy.HEADER] = content_policy.playing(visit.settings, play)
    return answer


def clock(second: int) -> str:
    """A second of a recording as players write it: 75 is 1:15, 3675 is 1:01:15."""
    hours, rest = divmod(second, 3_600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _number(visit: Visit, name: str) -> int | None:
    given = visit.connection.query_params.get(name, "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) <= DIGITS_MAX else None


HANDLERS = [replay_list, replay, chapter, replay_chat]
