"""People to talk to, in both consoles: drawn by chance from a segment, and how far each interview is."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import promotions
from steelyard.goods.promotions.model import Offer
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.operations import research
from steelyard.operations.research import Interviewee, InterviewList, ListId
from steelyard.operations.research.model import TALKS, Talk
from steelyard.operations.segments.model import Segment
from steelyard.parties import access
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import done, errors_of
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.segment_people import Face, faces
from steelyard.surfaces.web.survey_pages import MANAGE, SEE, TITLE, Desk, segments_of
from steelyard.surfaces.web.survey_words import TALK_ACTS, TALK_WORDS
from steelyard.surfaces.web.visit import Visit, WebRequest

INTERVIEWS = N_("Interviews")
WANTED = 8


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    lists: Sequence[InterviewList]
    segments: Sequence[Segment]


class People(msgspec.Struct, frozen=True, kw_only=True):
    """A list with its people, and the coupons that can be given."""

    list: InterviewList
    people: Sequence[Interviewee]
    faces: Mapping[UUID, Face]
    segment: str
    offers: Sequence[Offer]


def interview_pages(desk: Desk) -> list[HTTPRouteHandler]:
    """The lists, drawing one, and one with its people."""
    return [_lists(desk), _draw(desk), _list(desk), _move(desk), _note(desk), _thank(desk)]


async def _listed(read: Read, desk: Desk, visit: Visit) -> Listed:
    shop = desk.shop(visit)
    return Listed(lists=await research.lists(read, shop), segments=await segments_of(read, shop))


def _lists(desk: Desk) -> HTTPRouteHandler:
    @get("/surveys/interviews", opt=SEE)
    async def interview_lists(visit: NamedDependency[Visit]) -> Response[Any]:
        return await _lists_page(desk, visit, Entries({}, {}), {})

    return interview_lists


async def _lists_page(desk: Desk, visit: Visit, typed: Entries, errors: Mapping[str, str]) -> Response[Any]:
    list_id = ids.mint()
    return await desk.show(
        visit,
        "web/interviews.html",
        desk.here,
        status=422 if errors else 200,
        crumbs=[(visit.say(TITLE), desk.here), (visit.say(INTERVIEWS), None)],
        found=await visit.db.ask(_listed, desk, visit),
        here=f"{desk.here}/interviews",
        typed=typed,
        errors=errors,
        list_id=typed.text("list_id") or list_id,
        seed=typed.text("seed") or list_id.hex[-8:],
        wanted=WANTED,
        may_manage=visit.actor.may("users.manage"),
    )


def _draw(desk: Desk) -> HTTPRouteHandler:
    @post("/surveys/interviews", opt=MANAGE)
    async def draw_people(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
        """Sent twice, they are drawn once."""
        form = await entries_of(request)
        list_id = ListId(form.uuid("list_id"))
        try:
            drawn = await visit.db.transact(_drawn, desk, visit, list_id, form)
        except Invalid as refusal:
            return await _lists_page(desk, visit, form, errors_of(visit, refusal.fields))
        said = visit.say(N_("{count} people are drawn."), count=drawn)
        return redirect(visit, f"{desk.here}/interviews/{list_id}", (said, "good" if drawn else "warn"))

    return draw_people


async def _drawn(tx: Tx, desk: Desk, visit: Visit, list_id: ListId, form: Entries) -> int:
    segment_id = as_uuid(form.text("segment_id"))
    if segment_id is None:
        form.refuse("segment_id", N_("Please choose a segment"))
    name, seed = form.text("name", required=True, most=80), form.text("seed", required=True, most=80)
    wanted = form.number("wanted", least=1, most=500)
    form.check()
    assert segment_id is not None, "the form has been checked"
    shop = desk.shop(visit)
    wish = research.Wish(name=name, segment_id=segment_id, wanted=wanted, seed=seed)
    drawn = await research.draw(tx, shop, list_id, wish, visit.by)
    await access.audit(tx, visit.actor, "interviews.draw", str(list_id), {"name": name, "seed": seed, "drawn": drawn})
    return drawn


async def _people(read: Read, desk: Desk, visit: Visit, list_id: UUID) -> People:
    """Raises `NotFound`: another's is not there."""
    shop = desk.shop(visit)
    found, people = await research.one_list(read, shop, list_id)
    buyers = [each.buyer_id for each in people if each.buyer_id is not None]
    named = [each.name for each in await segments_of(read, shop) if each.segment_id == found.segment_id]
    return People(
        list=found,
        people=people,
        faces={each.buyer_id: each for each in await faces(read, visit, shop, buyers)},
        segment=named[0].in_language(visit.locale) if named else "–",
        offers=await promotions.coupons_to_give(read, shop) if visit.actor.may("promotions.manage") else [],
    )


def _list(desk: Desk) -> HTTPRouteHandler:
    @get("/surveys/interviews/{list_id:uuid}", opt=SEE)
    async def interview_list(visit: NamedDependency[Visit], list_id: FromPath[UUID]) -> Response[Any]:
        return await _list_page(desk, visit, list_id)

    return interview_list


class _Refused(NamedTuple):
    """A note that was not kept: of whom, what was typed, and why not."""

    place: int = 0
    note: str = ""
    why: str = ""


NONE_REFUSED = _Refused()


async def _list_page(desk: Desk, visit: Visit, list_id: UUID, refused: _Refused = NONE_REFUSED) -> Response[Any]:
    found = await visit.db.ask(_people, desk, visit, list_id)
    if exports.wanted(visit):
        return _as_file(visit, found)
    return await desk.show(
        visit,
        "web/interview.html",
        desk.here,
        status=422 if refused.why else 200,
        crumbs=[
            (visit.say(TITLE), desk.here),
            (visit.say(INTERVIEWS), f"{desk.here}/interviews"),
            (found.list.name, None),
        ],
        found=found,
        here=f"{desk.here}/interviews/{list_id}",
        talks=TALK_WORDS,
        acts={state: [(each, TALK_ACTS[each]) for each in Talk if TALKS.allows(state, each)] for state in Talk},
        refused=refused,
        customers=desk.customers,
        say=visit.say,
        may_manage=visit.actor.may("users.manage"),
        may_promote=visit.actor.may("promotions.manage"),
    )


def _as_file(visit: Visit, found: People) -> Response[bytes]:
    """The people in the order in which they were drawn; names and addresses as the reader may see them."""
    lines: list[list[Any]] = []
    for each in found.people:
        face = found.faces.get(each.buyer_id) if each.buyer_id else None
        lines.append(
            [
                each.place,
                face.name if face else "",
                face.email if face else "",
                visit.say(TALK_WORDS[each.state][0]),
                each.note,
                each.thanked_at,
                found.list.seed,
            ]
        )
    columns = [N_("Place"), N_("Name"), N_("E-mail address"), N_("State"), N_("Note"), N_("Thanked"), N_("Seed")]
    return exports.csv_answer(visit, found.list.name, [visit.say(each) for each in columns], lines)


def _move(desk: Desk) -> HTTPRouteHandler:
    @post("/surveys/interviews/{list_id:uuid}/{place:int}/move", opt=MANAGE)
    async def move_interview(
        visit: NamedDependency[Visit], list_id: FromPath[UUID], place: FromPath[int], request: WebRequest
    ) -> Redirect:
        to = (await entries_of(request)).text("to")
        return await done(
            visit,
            f"{desk.here}/interviews/{list_id}#p{place}",
            N_("Noted."),
            lambda: visit.db.transact(_moved, desk, visit, list_id, place, to),
        )

    return move_interview


async def _moved(  # one person of a list
    tx: Tx, desk: Desk, visit: Visit, list_id: UUID, place: int, to: str
) -> None:
    if to not in set(Talk):
        await research.one_list(tx, desk.shop(visit), list_id)  # what is another shop's is not there, whatever is said
        raise Invalid({"to": N_("Please choose one of these")})
    await research.move(tx, desk.shop(visit), list_id, place, Talk(to), visit.by)
    await access.audit(tx, visit.actor, "interviews.move", str(list_id), {"place": place, "to": to})


def _note(desk: Desk) -> HTTPRouteHandler:
    @post("/surveys/interviews/{list_id:uuid}/{place:int}/note", opt=MANAGE)
    async def note_interview(
        visit: NamedDependency[Visit], list_id: FromPath[UUID], place: FromPath[int], request: WebRequest
    ) -> Response[Any] | Redirect:
        form = await entries_of(request)
        note = form.text("note", most=100_000)
        try:
            await visit.db.transact(research.write_note, desk.shop(visit), list_id, place, note)
        except Invalid as refusal:
            why = errors_of(visit, refusal.fields).get("note", "")
            return await _list_page(desk, visit, list_id, _Refused(place, note, why))
        return redirect(visit, f"{desk.here}/interviews/{list_id}#p{place}", (visit.say(N_("Saved.")), "good"))

    return note_interview


def _thank(desk: Desk) -> HTTPRouteHandler:
    @post("/surveys/interviews/{list_id:uuid}/{place:int}/thank", opt={"permission": "promotions.manage"})
    async def thank_person(
        visit: NamedDependency[Visit], list_id: FromPath[UUID], place: FromPath[int], request: WebRequest
    ) -> Redirect:
        """A coupon for who was interviewed; pressed twice, once."""
        promotion_id = (await entries_of(request)).uuid("promotion_id")
        return await done(
            visit,
            f"{desk.here}/interviews/{list_id}#p{place}",
            N_("They have got the coupon."),
            lambda: visit.db.transact(_thanked, desk, visit, list_id, place, promotion_id),
        )

    return thank_person


async def _thanked(  # one person of a list
    tx: Tx, desk: Desk, visit: Visit, list_id: UUID, place: int, promotion_id: UUID
) -> None:
    await research.thank(tx, desk.shop(visit), list_id, place, promotion_id, visit.by)
    facts = {"list_id": str(list_id), "place": place}
    await access.audit(tx, visit.actor, "promotions.give", str(promotion_id), facts)
