"""What the desk does in a session: each is a form that comes back to the desk. Whoever else sits at a desk of the same session
sees it by the event stream."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody

from steelyard.channels import live
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.surfaces.live_room.desk import DESK, HOST, RUN, SERVE
from steelyard.surfaces.live_room.taking_part import wants_words
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit

Form = URLEncodedBody[dict[str, Any]]
MUTE_MINUTES = 60
DIGITS_MAX = 12


def said(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name, "")
    return value.replace("\x00", "").strip() if isinstance(value, str) else ""


def uuid_said(data: Mapping[str, Any], name: str) -> UUID:
    """Raises `NotFound` for what is no id."""
    try:
        return UUID(said(data, name))
    except ValueError:
        raise NotFound() from None


def number_said(data: Mapping[str, Any], name: str) -> int:
    """0 for what is no number."""
    text = said(data, name)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX else 0


async def act(visit: Visit, session_id: UUID, what: str, command: Any, /, *given: Any, **named: Any) -> Any:
    """Say a command of one of the shop's own sessions, and go back to the desk; what is refused is told there. The review of the
    session counts by `what` who did it. Raises `NotFound` for what is not there."""
    try:
        await visit.merchant_db.transact(
            live.act, visit.merchant_id, session_id, visit.by, what, command, *given, **named
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return answered(visit, session_id, refusal)
    return answered(visit, session_id)


def answered(visit: Visit, session_id: UUID, refusal: Refusal | None = None, words: str = "") -> Any:
    if wants_words(visit):
        told = visit.refused(refusal) if refusal else words
        return Response({"detail": told, "said": told}, status_code=refusal.status if refusal else 200)
    flashes = [(visit.refused(refusal), "bad")] if refusal else [(words, "good")] if words else []
    return redirect(visit, f"{DESK}/{session_id}/desk", *flashes)  # type: ignore[arg-type]  # tones


@post("/{session_id:uuid}/desk/pin", opt={"permission": RUN})
async def pin(visit: NamedDependency[Visit], session_id: FromPath[UUID], data: Form) -> Any:
    """This product is explained now; without one, nothing is."""
    if not said(data, "product_id"):
        return await act(visit, session_id, "unpin", live.unpin)
    return await act(visit, session_id, "pin", live.pin, uuid_said(data, "product_id"))


@post("/{session_id:uuid}/desk/shelf", opt={"permission": RUN})
async def shelf(visit: NamedDependency[Visit], session_id: FromPath[UUID], data: Form) -> Any:
    """Buyers see a product in the bag, or do not."""
    return await act(
        visit, session_id, "shelf", live.show, uuid_said(data, "product_id"), shown=said(data, "shown") == "yes"
    )


async def _move(tx: Tx, merchant_id: UUID, session_id: UUID, product_id: UUID, by: int) -> None:
    """A product changes places with its neighbour in the bag."""
    order = [each.product_id for each in await live.goods(tx, merchant_id, session_id)]
    if product_id not in order:
        raise NotFound()
    at = order.index(product_id)
    to = min(max(at + by, 0), len(order) - 1)
    order.insert(to, order.pop(at))
    await live.arrange(tx, merchant_id, session_id, order)


@post("/{session_id:uuid}/desk/move", opt={"permission": RUN})
async def move(visit: NamedDependency[Visit], session_id: FromPath[UUID], data: Form) -> Any:
    """A product goes up or down in the bag."""
    by = {"up": -1, "down": 1, "first": -1_000}.get(said(data, "to"), 0)
    return await act(visit, session_id, "move", _move, uuid_said(data, "product_id"), by)


@post("/{session_id:uuid}/desk/note", opt={"permission": RUN})
async def note(visit: NamedDependency[Visit], session_id: FromPath[UUID], data: Form) -> Any:
    """What stands over the chat."""
    return await act(visit, session_id, "note", live.pin_note, said(data, "note"))


@post("/{session_id:uuid}/desk/slow", opt={"permission": SERVE})
async def slow(visit: NamedDependency[Visit], session_id: FromPath[UUID], data: Form) -> Any:
    """How long a buyer waits between two messages."""
    return await act(visit, session_id, "slow", live.slow_down, number_said(data, "seconds"))


@post("/{session_id:uuid}/desk/mute-all", opt={"permission": SERVE})
async def mute_all(visit: NamedDependency[Visit], session_id: FromPath[UUID], data: Form) -> Any:
    """Nobody but the shop's own people writes, or everybody does again."""
    return await act(visit, session_id, "mute_all", live.mute_all, muted=said(data, "muted") == "yes")


@post("/{session_id:uuid}/desk/mute", opt={"permission": SERVE})
async def mute(visit: NamedDependency[Visit], session_id: FromPath[UUID], data: Form) -> Any:
    """Whoever wrote this message writes no more for an hour, or (`ban`) while the session lasts."""
    minutes = None if said(data, "ban") else MUTE_MINUTES
    return await act(visit, session_id, "mute", live.mute, number_said(data, "seq"), visit.by, minutes=minutes)


@post("/{session_id:uuid}/desk/remove", opt={"permission": SERVE})
async def remove(visit: NamedDependency[Visit], session_id: FromPath[UUID], data: Form) -> Any:
    """Take a message off all screens."""
    return await act(visit, session_id, "remove", live.remove, number_said(data, "seq"), visit.by)


@post("/{session_id:uuid}/desk/question", opt={"permission": SERVE})
async def question(visit: NamedDependency[Visit], session_id: FromPath[UUID], data: Form) -> Any:
    """A message is put before the host as a question, or is done with."""
    answer = said(data, "answered") == "yes"
    return await act(
        visit,
        session_id,
        "answered" if answer else "question",
        live.pick_question,
        number_said(data, "seq"),
        answered=answer,
    )


async def _word(tx: Tx, merchant_id: UUID, session_id: UUID, word: str, by: str, *, again: bool) -> None:
    session = await live.session(tx, merchant_id, session_id)
    if session is None:
        raise NotFound()
    if again:
        await live.wanted_again(tx, merchant_id, session.room_id, word)
    else:
        await live.unwanted(tx, merchant_id, session.room_id, word, by)


@post("/{session_id:uuid}/desk/word", opt={"permission": SERVE})
async def word(visit: NamedDependency[Visit], session_id: FromPath[UUID], data: Form) -> Any:
    """A word that nobody writes in this room, or may write again."""
    again = said(data, "again") == "yes"
    return await act(visit, session_id, "word", _word, said(data, "word"), visit.by, again=again)


@post("/{session_id:uuid}/desk/say", opt={"permission": SERVE})
async def say(visit: NamedDependency[Visit], session_id: FromPath[UUID], data: Form) -> Any:
    """The shop writes in the chat."""
    account = visit.account
    assert account is not None
    chat_id = ids.mint() if not said(data, "message_id") else uuid_said(data, "message_id")
    return await act(
        visit,
        session_id,
        "say",
        live.say_as_shop,
        chat_id,
        said(data, "text"),
        name=account.name or visit.say(N_("Shop")),
        account_id=account.account_id,
    )


@post("/{session_id:uuid}/desk/price/end", opt={"permission": RUN})
async def end_price(visit: NamedDependency[Visit], session_id: FromPath[UUID], data: Form) -> Any:
    """A live price ends before its time; what is left goes back to the shop's stock."""
    return await act(visit, session_id, "end_price", live.end_price, uuid_said(data, "offer_id"), visit.by)


@post("/{session_id:uuid}/desk/end", opt={"permission": HOST})
async def end(visit: NamedDependency[Visit], session_id: FromPath[UUID]) -> Any:
    """The session is over."""
    return await act(visit, session_id, "end", live.end, visit.by)


HANDLERS: Sequence[Any] = [
    pin, shelf, move, note, slow, mute_all, mute, remove, question, word, say, end_price, end,
]  # fmt: skip

__all__ = ["HANDLERS", "act", "answered", "number_said", "said", "uuid_said"]
