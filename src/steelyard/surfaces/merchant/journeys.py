"""The shop's journeys: which there are, making one from a playbook, its name and rules, and a copy of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text, text
from steelyard.operations import journeys, segments
from steelyard.operations.journeys.model import (
    CAP_DAYS_MAX,
    CAP_MESSAGES_MAX,
    DAYS_MAX,
    EVENTS,
    NAME_CHARACTERS_MAX,
    Goal,
    Journey,
    JourneyChanged,
    JourneyId,
    Kind,
    Listed,
    Reentry,
    Settings,
    State,
)
from steelyard.operations.segments.model import Segment
from steelyard.parties import access
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant import journey_words as words
from steelyard.surfaces.merchant.journey_drawing import ordered
from steelyard.surfaces.web import exports, seen
from steelyard.surfaces.web.console import InState, address, errors_of, told
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

READS, MANAGES = {"permission": "users.read"}, {"permission": "users.manage"}
TITLE = N_("Journeys")
# What stands on a playbook's card; the rest of a long one is left out.
STEPS_SHOWN = 9
PLAYBOOK_ICONS = {
    "welcome": "hand",
    "abandoned_cart": "shopping-cart",
    "unpaid_order": "credit-card",
    "first_repurchase": "repeat-2",
    "replenishment": "package-plus",
    "win_back": "heart-handshake",
    "price_drop": "trending-down",
    "back_in_stock": "boxes",
    "birthday": "cake",
    "review_request": "star",
    "live_reminder": "radio",
}
UNNAMED = text("新的旅程", "New journey")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A journey in the list."""

    href: str
    name: Text
    note: str
    state: str
    tone: str
    entered: int
    inside: int
    reached: int
    share: float | None
    changed_at: datetime


class PlaybookShown(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    icon: str
    name: Text
    text: Text
    steps: Sequence[Mapping[str, str]]


@get("/journeys", opt=READS)
async def journey_list(visit: NamedDependency[Visit], in_state: InState = None) -> Response[Any]:
    """Those that have not ended; those that have are a filter away."""
    lines = [_line(visit, each) for each in await visit.merchant_db.ask(_listed, visit.merchant_id, in_state)]
    if exports.wanted(visit):
        return exports.sheet(
            visit,
            TITLE,
            [N_("Journey"), N_("State"), N_("Came into it"), N_("Inside now"), N_("Reached the goal"), N_("Changed")],
            [(each.name, each.state, each.entered, each.inside, each.reached, each.changed_at) for each in lines],
        )
    filters = [{"label": visit.say(N_("All")), "href": frame.JOURNEYS, "current": in_state is None}]
    for each, (word, _) in words.STATES.items():
        filters.append(
            {"label": visit.say(word), "href": address(frame.JOURNEYS, state=each), "current": in_state == each}
        )
    return await frame.show(
        visit,
        "merchant/journeys.html",
        frame.JOURNEYS,
        found=lines,
        filters=filters,
        here=frame.JOURNEYS,
        may_manage=visit.actor.may("users.manage"),
    )


async def _listed(read: Read, shop: UUID, state: str | None) -> list[Listed]:
    found = await journeys.listed(read, shop, ended=state == State.ENDED)
    return [each for each in found if state is None or each.state == state]


def _line(visit: Visit, each: Listed) -> Line:
    word, tone = words.STATES[each.state]
    place = f"{frame.JOURNEYS}/{each.journey_id}"
    return Line(
        href=place if each.state is State.DRAFT and visit.actor.may("users.manage") else f"{place}/run",
        name=each.name,
        note=_note(visit, each),
        state=visit.say(word),
        tone=tone,
        entered=each.entered,
        inside=each.inside,
        reached=each.reached,
        share=each.reached / each.entered if each.entered else None,
        changed_at=each.changed_at,
    )


def _note(visit: Visit, each: Listed) -> str:
    if each.trouble is not None:
        return visit.say(N_("A step does not work"))
    waiting = each.changed and each.live_version and each.state is not State.ENDED
    return visit.say(N_("Changes wait to be put live")) if waiting else ""


@get("/journeys/new", opt=MANAGES)
async def choose_playbook(visit: NamedDependency[Visit]) -> Response[Any]:
    return await _gallery(visit, {})


async def _gallery(visit: Visit, errors: Mapping[str, str]) -> Response[Any]:
    return await frame.show(
        visit,
        "merchant/journey_new.html",
        frame.JOURNEYS,
        status=422 if errors else 200,
        crumbs=[(visit.say(TITLE), frame.JOURNEYS), (visit.say(N_("New journey")), None)],
        playbooks=[
            PlaybookShown(
                key=each.key,
                icon=PLAYBOOK_ICONS.get(each.key, "workflow"),
                name=each.name,
                text=each.why,
                steps=[
                    {"kind": str(node.kind), "icon": about.icon, "label": visit.say(about.label)}
                    for node in ordered(each.graph)[:STEPS_SHOWN]
                    if node.kind is not Kind.EXIT
                    for about in [words.KINDS[node.kind]]
                ],
            )
            for each in journeys.PLAYBOOKS
        ],
        here=frame.JOURNEYS,
        errors=errors,
        new_id=ids.mint,
    )


@post("/journeys", opt=MANAGES, status_code=200)
async def make_journey(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Empty, or what a playbook says; pressed twice, one."""
    form = await entries_of(request)
    journey_id = JourneyId(form.uuid("journey_id"))
    try:
        await visit.merchant_db.transact(_made, visit, journey_id, form.text("playbook"))
    except NotFound:
        raise
    except Refusal as refusal:
        return await _gallery(visit, {"journeys": told(visit, refusal)})
    return redirect(visit, f"{frame.JOURNEYS}/{journey_id}")


async def _made(tx: Tx, visit: Visit, journey_id: JourneyId, playbook: str) -> None:
    shop, by = visit.merchant_id, visit.actor.by
    if playbook:
        await journeys.copy_playbook(tx, shop, journey_id, playbook, by)
    else:
        await journeys.make(tx, shop, journey_id, UNNAMED, by)
    await access.audit(tx, visit.actor, "journeys.make", str(journey_id), {"playbook": playbook})


@post("/journeys/{journey_id:uuid}/copy", opt=MANAGES)
async def copy_journey(
    visit: NamedDependency[Visit], journey_id: FromPath[UUID], request: WebRequest
) -> Response[Any] | Redirect:
    """A draft that says the same; pressed twice, one."""
    new_id = JourneyId((await entries_of(request)).uuid("journey_id"))
    try:
        await visit.merchant_db.transact(_copied, visit, JourneyId(journey_id), new_id)
    except NotFound:
        raise
    except Refusal as refusal:
        return redirect(visit, f"{frame.JOURNEYS}/{journey_id}/run", (told(visit, refusal), "bad"))
    return redirect(visit, f"{frame.JOURNEYS}/{new_id}", (visit.say(N_("This is the copy. It is a draft.")), "good"))


async def _copied(tx: Tx, visit: Visit, journey_id: JourneyId, new_id: JourneyId) -> None:
    found = await journeys.journey(tx, visit.merchant_id, journey_id)
    await journeys.copy(tx, visit.merchant_id, journey_id, new_id, found.name, visit.actor.by)
    await access.audit(tx, visit.actor, "journeys.make", str(new_id), {"copy_of": str(journey_id)})


@get("/journeys/{journey_id:uuid}/rules", opt=MANAGES)
async def journey_rules(visit: NamedDependency[Visit], journey_id: FromPath[UUID]) -> Response[Any]:
    return await _rules(visit, journey_id, None, {})


async def _rules(
    visit: Visit, journey_id: UUID, typed: tuple[Text, Settings] | None, errors: Mapping[str, str]
) -> Response[Any]:
    found, known = await visit.merchant_db.ask(_ruled, visit.merchant_id, journey_id)
    name, settings = typed or (found.name, found.graph.settings)
    follows = [(str(each.event), visit.say(each.title)) for each in EVENTS.values() if each.follows]
    return await frame.show(
        visit,
        "merchant/journey_rules.html",
        frame.JOURNEYS,
        status=422 if errors else 200,
        crumbs=[
            (visit.say(TITLE), frame.JOURNEYS),
            (found.name.in_language(visit.locale), f"{frame.JOURNEYS}/{journey_id}"),
            (visit.say(N_("Name and rules")), None),
        ],
        here=f"{frame.JOURNEYS}/{journey_id}",
        name=name,
        settings=settings,
        seen=found.revision,
        follows=follows,
        segments=[(str(each.segment_id), each.name.in_language(visit.locale)) for each in known],
        errors=errors,
    )


async def _ruled(read: Read, shop: UUID, journey_id: UUID) -> tuple[Journey, Sequence[Segment]]:
    return await journeys.journey(read, shop, journey_id), await segments.segments(read, shop)


@post("/journeys/{journey_id:uuid}/rules", opt=MANAGES, status_code=200)
async def keep_rules(
    visit: NamedDependency[Visit], journey_id: FromPath[UUID], request: WebRequest
) -> Response[Any] | Redirect:
    form = await entries_of(request)
    name, settings, revision = (
        form.words("name", required=True, most=NAME_CHARACTERS_MAX),
        _settings(form),
        form.number("seen"),
    )
    try:
        form.check()
        await visit.merchant_db.transact(_kept, visit, JourneyId(journey_id), name, settings, revision)
    except Invalid as refusal:
        return await _rules(visit, journey_id, (name, settings), errors_of(visit, refusal.fields))
    except NotFound:
        raise
    except JourneyChanged:
        return await _rules(visit, journey_id, (name, settings), {seen.FIELD: visit.say(seen.OVERTAKEN)})
    except Refusal as refusal:
        return await _rules(visit, journey_id, (name, settings), {"name_zh": told(visit, refusal)})
    return redirect(visit, f"{frame.JOURNEYS}/{journey_id}", (visit.say(N_("Saved.")), "good"))


async def _kept(tx: Tx, visit: Visit, journey_id: JourneyId, name: Text, settings: Settings, revision: int) -> None:
    found = await journeys.journey(tx, visit.merchant_id, journey_id)
    graph = msgspec.structs.replace(found.graph, settings=settings)
    await journeys.change(tx, visit.merchant_id, journey_id, name, graph, revision, visit.actor.by)
    await access.audit(tx, visit.actor, "journeys.rules", str(journey_id), {"name": str(name)})


def _settings(form: Entries) -> Settings:
    """What the form of the rules says."""
    goal = form.text("goal")
    reentry = Reentry(form.text("reentry")) if form.text("reentry") in set(Reentry) else Reentry.NEVER
    quiet = form.flag("quiet")
    times = {name: form.text(name, most=5) for name in ("quiet_from", "quiet_to")}
    if quiet:
        for name, said in times.items():
            if not said:
                form.refuse(name, N_("Please enter a time such as 09:00"))
    known = {str(each.event) for each in EVENTS.values() if each.follows}
    return Settings(
        goal=Goal(event=goal, days=form.number("goal_days", otherwise=7, least=1, most=DAYS_MAX))
        if goal in known
        else None,
        exits=tuple(each for each in form.all("exits") if each in known),
        leaving=next(iter(form.uuids("leaving")), None),
        reentry=reentry,
        reentry_days=form.number("reentry_days", otherwise=30, least=1, most=DAYS_MAX),
        cap_messages=form.number("cap_messages", otherwise=3, least=1, most=CAP_MESSAGES_MAX),
        cap_days=form.number("cap_days", otherwise=7, least=1, most=CAP_DAYS_MAX),
        quiet_from=times["quiet_from"] or None if quiet else None,
        quiet_to=times["quiet_to"] or None if quiet else None,
    )


HANDLERS = [journey_list, choose_playbook, make_journey, copy_journey, journey_rules, keep_rules]
