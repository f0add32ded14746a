"""Surveys, in both consoles: which there are, what came of them, and what is done with one. One set of pages, in each console's
frame and for its own owner: a shop, or the marketplace."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.operations import research, segments
from steelyard.operations.research.model import (
    RECONTACT_DAYS_MAX,
    SURVEYS_SHOWN,
    Definition,
    DefinitionRefused,
    State,
    Survey,
    SurveyId,
)
from steelyard.operations.segments.model import Segment
from steelyard.parties import access
from steelyard.surfaces.components.page import Undo
from steelyard.surfaces.web import exports, scanning, survey_files, survey_results
from steelyard.surfaces.web.console import address, done, errors_of
from steelyard.surfaces.web.console_staff import Show
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.survey_results import Asked, Found
from steelyard.surfaces.web.survey_words import STATES, TRIGGERS
from steelyard.surfaces.web.visit import Visit, WebRequest

SEE, MANAGE = {"permission": "users.read"}, {"permission": "users.manage"}
TITLE = N_("Surveys")


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between the consoles: how a page is shown, where surveys are in it, whose they are, where customers stand."""

    show: Show
    here: str
    shop: Callable[[Visit], UUID]
    customers: str


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    surveys: Sequence[Survey]
    more: str
    recontact_days: int


async def _listed(read: Read, desk: Desk, visit: Visit, state: State | None, before: str) -> Listed:
    shop = desk.shop(visit)
    moment, _, last = before.partition("~")
    key = (datetime.fromisoformat(moment), last_id) if moment and (last_id := as_uuid(last)) else None
    found = await research.surveys(read, shop, state, key)
    rest = found[SURVEYS_SHOWN - 1] if len(found) > SURVEYS_SHOWN else None
    return Listed(
        surveys=found[:SURVEYS_SHOWN],
        more=address(desk.here, state=state, before=f"{rest.created_at.isoformat()}~{rest.survey_id}") if rest else "",
        recontact_days=await research.recontact_days(read, shop),
    )


def reading_pages(desk: Desk) -> list[HTTPRouteHandler]:
    """The list, and a survey with what came of it."""
    return [_list(desk), _one(desk)]


def _list(desk: Desk) -> HTTPRouteHandler:
    @get("/surveys", opt=SEE)
    async def survey_list(visit: NamedDependency[Visit]) -> Response[Any]:
        return await list_page(desk, visit, Entries({}, {}), {})

    return survey_list


async def list_page(desk: Desk, visit: Visit, typed: Entries, errors: Mapping[str, str]) -> Response[Any]:
    asked = visit.connection.query_params
    state = State(asked["state"]) if asked.get("state") in set(State) else None
    try:
        found = await visit.db.ask(_listed, desk, visit, state, asked.get("before", ""))
    except ValueError:  # an address that nobody of us has made
        found = await visit.db.ask(_listed, desk, visit, state, "")
    new_id = ids.mint()
    return await desk.show(
        visit,
        "web/surveys.html",
        desk.here,
        status=422 if errors else 200,
        found=found,
        states=STATES,
        triggers=TRIGGERS,
        ready=research.READY,
        new_id=new_id,
        ready_ids={each.key: ids.derived(new_id, each.key) for each in research.READY},
        state=state,
        here=desk.here,
        say=visit.say,
        typed=typed,
        errors=errors,
        may_manage=visit.actor.may("users.manage"),
    )


def _one(desk: Desk) -> HTTPRouteHandler:
    @get("/surveys/{survey_id:uuid}", opt=SEE)
    async def survey_shown(visit: NamedDependency[Visit], survey_id: FromPath[UUID]) -> Response[Any]:
        asked = Asked.of(visit)
        found = await visit.db.ask(_found, desk, visit, survey_id, asked)
        if exports.wanted(visit):
            return survey_files.as_file(visit, found, asked)
        link = f"{visit.settings.base_url.rstrip('/')}/q/{found.survey.code}"
        return await desk.show(
            visit,
            "web/survey.html",
            desk.here,
            crumbs=[(visit.say(TITLE), desk.here), (title_of(visit, found.survey.now), None)],
            found=found,
            told=survey_results.told(visit, found, asked),
            link=link,
            code=scanning.qr(link, visit.say(N_("Code to scan: this survey"))),
            states=STATES,
            triggers=TRIGGERS,
            here=f"{desk.here}/{survey_id}",
            say=visit.say,
            may_manage=visit.actor.may("users.manage"),
        )

    return survey_shown


async def _found(read: Read, desk: Desk, visit: Visit, survey_id: UUID, asked: Asked) -> Found:
    """Raises `NotFound`: another shop's is not there."""
    return await survey_results.found(read, desk.shop(visit), survey_id, asked)


def title_of(visit: Visit, definition: Definition) -> str:
    return definition.title.in_language(visit.locale) or visit.say(N_("New survey"))


def acting_pages(desk: Desk) -> list[HTTPRouteHandler]:
    """What is done with surveys: begun, opened, closed, dropped; and how often the same people are asked."""
    return [_begin(desk), _open(desk), *_states(desk), _rule(desk)]


def _begin(desk: Desk) -> HTTPRouteHandler:
    @post("/surveys/new", opt=MANAGE)
    async def begin_survey(visit: NamedDependency[Visit], request: WebRequest) -> Redirect:
        """A draft, empty or ready; pressed twice, the same."""
        form = await entries_of(request)
        survey_id = SurveyId(form.uuid("survey_id"))
        ready = next((each for each in research.READY if each.key == form.text("ready")), None)
        await visit.db.transact(_begun, desk, visit, survey_id, ready)
        return redirect(visit, f"{desk.here}/{survey_id}/edit")

    return begin_survey


async def _begun(tx: Tx, desk: Desk, visit: Visit, survey_id: SurveyId, ready: research.Ready | None) -> None:
    definition = Definition(title=Text()) if ready is None else ready.make()
    await research.begin_draft(tx, desk.shop(visit), survey_id, definition, visit.by)
    await access.audit(tx, visit.actor, "surveys.begin", str(survey_id), {"name": str(definition.title)})


def _open(desk: Desk) -> HTTPRouteHandler:
    @post("/surveys/{survey_id:uuid}/open", opt=MANAGE)
    async def open_survey(visit: NamedDependency[Visit], survey_id: FromPath[UUID]) -> Redirect:
        here = f"{desk.here}/{survey_id}"
        try:
            await visit.db.transact(_reopened, desk, visit, survey_id)
        except DefinitionRefused:
            # What is wrong stands where it can be put right.
            return redirect(visit, f"{here}/edit?check=1")
        return redirect(visit, here, (visit.say(N_("It is open: whoever it reaches can answer.")), "good"))

    return open_survey


async def opened(tx: Tx, desk: Desk, visit: Visit, survey_id: UUID) -> None:
    version = await research.open_(tx, desk.shop(visit), survey_id, visit.by)
    await access.audit(tx, visit.actor, "surveys.open", str(survey_id), {"version": version})


async def _reopened(tx: Tx, desk: Desk, visit: Visit, survey_id: UUID) -> None:
    """What was asked is asked again; a changed draft is asked from the editor, where it is seen."""
    await research.reopen(tx, desk.shop(visit), survey_id, visit.by)
    await access.audit(tx, visit.actor, "surveys.open", str(survey_id), {})


def _states(desk: Desk) -> list[HTTPRouteHandler]:
    @post("/surveys/{survey_id:uuid}/close", opt=MANAGE)
    async def close_survey(visit: NamedDependency[Visit], survey_id: FromPath[UUID]) -> Redirect:
        here = f"{desk.here}/{survey_id}"
        return await done(
            visit,
            here,
            N_("It is closed: nobody is asked any more. What was answered stays."),
            lambda: visit.db.transact(_closed, desk, visit, survey_id),
            Undo(visit.say(N_("Undo")), f"{here}/open"),
        )

    @post("/surveys/{survey_id:uuid}/drop", opt=MANAGE)
    async def drop_survey(visit: NamedDependency[Visit], survey_id: FromPath[UUID]) -> Redirect:
        return await done(
            visit,
            desk.here,
            N_("The draft is gone."),
            lambda: visit.db.transact(_dropped, desk, visit, survey_id),
        )

    return [close_survey, drop_survey]


async def _closed(tx: Tx, desk: Desk, visit: Visit, survey_id: UUID) -> None:
    await research.close(tx, desk.shop(visit), survey_id, visit.by)
    await access.audit(tx, visit.actor, "surveys.close", str(survey_id), {})


async def _dropped(tx: Tx, desk: Desk, visit: Visit, survey_id: UUID) -> None:
    await research.drop(tx, desk.shop(visit), survey_id, visit.by)
    await access.audit(tx, visit.actor, "surveys.drop", str(survey_id), {})


def _rule(desk: Desk) -> HTTPRouteHandler:
    @post("/surveys/rule", opt=MANAGE)
    async def set_rule(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
        form = await entries_of(request)
        days = form.number("recontact_days", most=RECONTACT_DAYS_MAX)
        try:
            form.check()
            await visit.db.transact(_ruled, desk, visit, days)
        except Invalid as refusal:
            return await list_page(desk, visit, form, errors_of(visit, refusal.fields))
        return redirect(visit, desk.here, (visit.say(N_("Saved.")), "good"))

    return set_rule


async def _ruled(tx: Tx, desk: Desk, visit: Visit, days: int) -> None:
    await research.set_rule(tx, desk.shop(visit), days, visit.by)
    await access.audit(tx, visit.actor, "surveys.rule", str(desk.shop(visit)), {"recontact_days": days})


async def segments_of(read: Read, shop: UUID) -> list[Segment]:
    return await segments.segments(read, shop)
