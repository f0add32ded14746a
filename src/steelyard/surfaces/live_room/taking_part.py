"""What viewers do in a room: write, like, grab what is thrown, be reminded. Each answers a script in a few words, and a browser
without scripts by the page again."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from steelyard.channels import live
from steelyard.channels.live import Grab, Say
from steelyard.goods.promotions.model import CouponClaimed
from steelyard.kernel import ids, limits
from steelyard.kernel.batching import join
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.limits import Limit
from steelyard.parties.access.model import AccountKind
from steelyard.surfaces.live_room.counted import gatherer_of
from steelyard.surfaces.live_room.frame import LIVE
from steelyard.surfaces.live_room.hub import Key
from steelyard.surfaces.live_room.showing import room_of
from steelyard.surfaces.web.guards import SignInFirst
from steelyard.surfaces.web.pages import local_path, redirect
from steelyard.surfaces.web.refusals import detail_of, sentence_of, title_of
from steelyard.surfaces.web.visit import Visit

Answer = Response[dict[str, str]] | Redirect

LIKES_DIGITS_MAX = 4
GRABS_PER_BUYER = Limit("live_grabs", burst=30, per_seconds=300)


def _uuid(said: object) -> UUID | None:
    try:
        return UUID(str(said))
    except ValueError:
        return None


def wants_words(visit: Visit) -> bool:
    """Whether a script of ours asks, which wants words and no page."""
    return "application/json" in visit.connection.headers.get("accept", "")


def refused(visit: Visit, slug: str, refusal: Refusal) -> Answer:
    if wants_words(visit):
        told = {"title": title_of(refusal, visit.locale), "detail": detail_of(refusal, visit.locale)}
        told["said"] = sentence_of(refusal, visit.locale)
        return Response(told, status_code=refusal.status)
    return redirect(visit, f"{LIVE}/{quote(slug)}", (visit.refused(refusal), "bad"))


def done(visit: Visit, slug: str, said: str = "") -> Answer:
    if wants_words(visit):
        return Response({"said": said}, status_code=200)
    back = f"{LIVE}/{quote(slug)}"
    return redirect(visit, back, (said, "good")) if said else redirect(visit, back)


@post(LIVE + "/{slug:str}/chat")
async def write(visit: NamedDependency[Visit], slug: FromPath[str], data: URLEncodedBody[dict[str, Any]]) -> Answer:
    """A buyer writes. Guests watch; whoever writes is signed in. The form's id makes a second click harmless."""
    if visit.account is None or visit.account.kind is not AccountKind.BUYER:
        raise SignInFirst()
    room, session = await visit.db.ask(room_of, slug)
    if session is None:
        raise NotFound()
    wish = Say(
        merchant_id=room.merchant_id,
        session_id=session.session_id,
        chat_id=_uuid(data.get("message_id")) or ids.mint(),
        buyer_id=visit.buyer_id,
        text=str(data.get("text", "")).replace("\x00", ""),
    )
    try:
        await join(visit.db, live.say, wish, lambda wish: (wish.session_id, wish.chat_id))
    except Refusal as refusal:
        return refused(visit, slug, refusal)
    return done(visit, slug)


@post(LIVE + "/{slug:str}/likes")
async def like(visit: NamedDependency[Visit], slug: FromPath[str], data: URLEncodedBody[dict[str, Any]]) -> Answer:
    """A viewer likes it, as often as they have pressed since they told last; told to all once a second."""
    room, session = await visit.db.ask(room_of, slug)
    said = str(data.get("likes", "1"))
    likes = int(said) if said.isascii() and said.isdecimal() and len(said) <= LIKES_DIGITS_MAX else 1
    if session is not None and session.ended_at is None:
        gatherer = gatherer_of(visit)
        if gatherer is not None:
            gatherer.liked(Key(room.merchant_id, session.session_id), likes)
    return done(visit, slug)


@post(LIVE + "/{slug:str}/grab/{drop_id:uuid}")
async def grab(visit: NamedDependency[Visit], slug: FromPath[str], drop_id: FromPath[UUID]) -> Answer:
    """A coupon or a red packet that was thrown into the session: whoever is quick has it."""
    room, session = await visit.db.ask(room_of, slug)
    if session is None:
        raise NotFound()
    wish = Grab(merchant_id=room.merchant_id, session_id=session.session_id, drop_id=drop_id, buyer_id=visit.buyer_id)
    try:
        await limits.take(visit.db, GRABS_PER_BUYER, str(visit.buyer_id))
        await join(visit.db, live.grab, wish, lambda wish: (wish.drop_id, wish.buyer_id))
    except CouponClaimed as had:  # a second click: nothing is wrong
        return done(visit, slug, visit.refused(had))
    except Refusal as refusal:
        return refused(visit, slug, refusal)
    return done(visit, slug, visit.say(N_("It is yours. It counts by itself when you pay.")))


@post(LIVE + "/{slug:str}/remind")
async def remind(visit: NamedDependency[Visit], slug: FromPath[str], data: URLEncodedBody[dict[str, Any]]) -> Answer:
    """A visitor wants to be told when a session begins, or no longer."""
    room, _ = await visit.db.ask(room_of, slug)
    session_id = _uuid(data.get("session_id"))
    if session_id is None:
        raise NotFound()
    wanted = bool(data.get("want"))
    try:
        if wanted:
            signed_in = visit.account is not None
            await visit.db.transact(live.remind, room.merchant_id, session_id, visit.buyer_id, by_mail=signed_in)
        else:
            await visit.db.transact(live.remind_not, room.merchant_id, session_id, visit.buyer_id)
    except Refusal as refusal:
        return refused(visit, slug, refusal)
    words = N_("We will tell you when it begins.") if wanted else N_("You will not be reminded.")
    back = local_path(str(data.get("return_to", "")), f"{LIVE}/{quote(slug)}")
    return redirect(visit, back, (visit.say(words), "good"))


HANDLERS: Sequence[Any] = [write, like, grab, remind]

__all__ = ["HANDLERS", "done", "refused"]
