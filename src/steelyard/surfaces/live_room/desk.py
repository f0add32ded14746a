"""The control desk of a session and the teleprompter of its host: pages of the shop's own people."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from steelyard.channels import live, rooms
from steelyard.channels.live import Beat, BeatKind, Stage
from steelyard.channels.live.model import Entry, Session
from steelyard.channels.rooms.model import Room
from steelyard.kernel import ids
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.text import Text
from steelyard.surfaces.live_room.frame import media, now, thumb
from steelyard.surfaces.live_room.showing import (
    Drop,
    Good,
    drops_of,
    goods_of,
    play_address,
    second_of,
)
from steelyard.surfaces.web import content_policy
from steelyard.surfaces.web.pages import Frame, render
from steelyard.surfaces.web.visit import Visit

DESK = "/merchant/live"
CHAT_SHOWN = 100
QUESTIONS_SHOWN = 20
SEE, RUN, SERVE, HOST = "live.read", "live.run", "live.serve", "live.host"

SAY = {
    "waiting": N_("No picture comes in."),
    "blocked": N_("Your browser waits for you to press play."),
    "unable": N_("This browser cannot play the picture."),
    "shop": N_("Shop"),
    "remove": N_("Remove"),
    "mute": N_("Mute"),
    "pick": N_("To the host"),
    "faster": N_("Faster"),
    "slower": N_("Slower"),
    "run": N_("Run"),
    "stop": N_("Stop"),
}


class DeskGood(msgspec.Struct, frozen=True, kw_only=True):
    """A product of the bag as the desk sees it. `shown`: buyers do, too; `entries`: where the rundown speaks of it; `offer_id`:
    the live price that runs; `sold`: pieces of it in paid orders of this session."""

    good: Good
    shown: bool
    offer_id: UUID | None = None
    entries: Sequence[Entry] = ()
    sold: int = 0


class DeskPage(msgspec.Struct, frozen=True, kw_only=True):
    session: Session
    room: Room
    stage: Stage
    goods: Sequence[DeskGood]
    pinned_id: UUID | None
    rundown: Sequence[Entry]
    titles: Mapping[UUID, Text]
    drops: Sequence[Drop]
    questions: Sequence[Beat]
    chat: Sequence[Beat]
    words: Sequence[str]

    @property
    def pinned(self) -> Good | None:
        return next((each.good for each in self.goods if each.good.product_id == self.pinned_id), None)

    @property
    def minute(self) -> int:
        """The minute of the session that it is now."""
        return second_of(self.session, datetime.now(UTC)) // 60

    @property
    def entry(self) -> Entry | None:
        """What the rundown has planned for now."""
        if self.session.started_at is None:
            return None
        return next(
            (each for each in self.rundown if each.minute <= self.minute < each.minute + each.minutes),
            None,
        )


async def session_of(read: Read, merchant_id: UUID, session_id: UUID) -> tuple[Session, Room]:
    """One of the shop's own sessions. Raises `NotFound`."""
    session = await live.session(read, merchant_id, session_id)
    if session is None:
        raise NotFound()
    room = await rooms.room(read, merchant_id, session.room_id)
    assert room is not None, "a session is planned in a room"
    return session, room


async def desk_page(read: Read, merchant_id: UUID, session_id: UUID, *, sold: bool = False) -> DeskPage:
    """Everything that the desk works with; `sold`: with the pieces that were. Raises `NotFound`."""
    session, room = await session_of(read, merchant_id, session_id)
    bag = {each.product_id: each for each in await live.goods(read, merchant_id, session_id)}
    rundown = await live.rundown(read, merchant_id, session_id)
    goods = await goods_of(read, session, shown_only=False)
    offers = {
        each.product_id: each.offer_id for each in await live.offers(read, merchant_id, session_id) if not each.ended
    }
    pinned = await live.pinned(read, merchant_id, session_id)
    traded = await live.trade_by_product(read, merchant_id, session_id) if sold and session.started_at else {}
    said = await live.latest(read, merchant_id, session_id, [BeatKind.CHAT, BeatKind.REMOVED], CHAT_SHOWN)
    asked = await live.latest(read, merchant_id, session_id, [BeatKind.QUESTION], QUESTIONS_SHOWN)
    return DeskPage(
        session=session,
        room=room,
        stage=await live.stage(read, merchant_id, session_id),
        goods=[
            DeskGood(
                good=good,
                shown=bag[good.product_id].shown,
                offer_id=offers.get(good.product_id),
                entries=[each for each in rundown if each.product_id == good.product_id],
                sold=traded[good.product_id].pieces if good.product_id in traded else 0,
            )
            for good in goods
        ],
        pinned_id=pinned.product_id if pinned else None,
        rundown=rundown,
        titles={good.product_id: good.title for good in goods},
        drops=await drops_of(read, session),
        questions=open_questions(asked),
        chat=still_there(said),
        words=await live.words(read, merchant_id, session.room_id),
    )


def still_there(said: Sequence[Beat]) -> list[Beat]:
    """Messages without those that were taken off."""
    gone = {beat.body.get("seq") for beat in said if beat.kind is BeatKind.REMOVED}
    return [beat for beat in said if beat.kind is BeatKind.CHAT and beat.seq not in gone]


def open_questions(asked: Sequence[Beat]) -> list[Beat]:
    """Questions that were put before the host and are not done with; of each the last word counts."""
    last = {beat.body.get("seq"): beat for beat in asked}
    return [beat for beat in last.values() if not beat.body.get("answered")]


async def studio(
    visit: Visit, template: str, session: Session, room: Room, /, *, status: int = 200, **values: Any
) -> Response[str]:
    """A page of the studio, which fills the screen."""
    play = play_address(visit.settings, session)
    answer = await render(
        visit,
        f"live_room/{template}",
        Frame(surface="merchant"),
        status=status,
        session=session,
        room=room,
        play=play,
        now=now(),
        here=f"{DESK}/{session.session_id}",
        say={name: visit.say(words) for name, words in SAY.items()},
        may={name: visit.actor.may(name) for name in (SEE, RUN, SERVE, HOST)},
        cents=Money,
        media=media,
        thumb=thumb,
        **values,
    )
    if play:
        answer.headers[content_policy.HEADER] = content_policy.playing(visit.settings, play)
    return answer


@get("/{session_id:uuid}/desk", opt={"permission": SEE})
async def desk(visit: NamedDependency[Visit], session_id: FromPath[UUID]) -> Response[str]:
    """The control desk: rundown and bag, the picture as buyers see it, the chat."""
    view = await visit.merchant_db.ask(desk_page, visit.merchant_id, session_id, sold=True)
    return await studio(visit, "desk.html", view.session, view.room, view=view, message_id=ids.mint())


@get("/{session_id:uuid}/prompter", opt={"permission": SEE})
async def prompter(visit: NamedDependency[Visit], session_id: FromPath[UUID]) -> Response[str]:
    """What the host reads: the script in large letters, what is explained now with its selling points, and questions."""
    view = await visit.merchant_db.ask(desk_page, visit.merchant_id, session_id)
    return await studio(visit, "prompter.html", view.session, view.room, view=view)


HANDLERS = [desk, prompter]
