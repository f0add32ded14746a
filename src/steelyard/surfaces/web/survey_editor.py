"""The page of both consoles on which a survey is put together: one form with all its questions in it. Each button sends the whole
form, so that nothing typed is lost; without scripts a page comes back, with them the preview beside it follows what is typed."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.operations import research
from steelyard.operations.research.model import (
    CHOOSING,
    END,
    FIXED_BOUNDS,
    RATED,
    Comparison,
    Definition,
    DefinitionRefused,
    Question,
    State,
    Survey,
    Trigger,
    Type,
)
from steelyard.operations.segments.model import Segment
from steelyard.parties import access
from steelyard.surfaces.web import seen, survey_typed
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.survey_form import Shown, shown
from steelyard.surfaces.web.survey_pages import MANAGE, TITLE, Desk, opened, segments_of, title_of
from steelyard.surfaces.web.survey_words import TRIGGERS, TYPES, answer_words, condition_words, short
from steelyard.surfaces.web.visit import Visit, WebRequest

# Conditions and jumps that a form offers for each question.
CONDITIONS_OFFERED = 2
SEED = UUID(int=0)


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A survey as it stands on the page, with what could not be read of what was typed; `asked`: the keys that were asked before;
    `seen`: the mark of what it was filled in from."""

    survey: Survey
    definition: Definition
    segments: Sequence[Segment]
    asked: Mapping[str, Collection[str]]
    seen: str
    errors: Mapping[str, str] = {}


async def begun(read: Read, desk: Desk, visit: Visit, survey_id: UUID) -> Begun:
    """Raises `NotFound`: another's is not there, and a dropped one is changed no more."""
    survey = await research.survey(read, desk.shop(visit), survey_id)
    if survey.state is State.DROPPED:
        raise NotFound()
    return Begun(
        survey=survey,
        definition=survey.draft,
        segments=await segments_of(read, desk.shop(visit)),
        asked=await research.keys_asked(read, desk.shop(visit), survey_id),
        seen=seen.mark(survey.draft),
    )


def editing_pages(desk: Desk) -> list[HTTPRouteHandler]:
    """The editor, and what its buttons do."""
    return [_edit(desk), _change(desk)]


def _edit(desk: Desk) -> HTTPRouteHandler:
    @get("/surveys/{survey_id:uuid}/edit", opt=MANAGE)
    async def edit_survey(
        visit: NamedDependency[Visit], survey_id: FromPath[UUID], check: FromQuery[str] = ""
    ) -> Response[Any]:
        found = await visit.db.ask(begun, desk, visit, survey_id)
        return await page(desk, visit, found, checked=bool(check))

    return edit_survey


def _change(desk: Desk) -> HTTPRouteHandler:
    @post("/surveys/{survey_id:uuid}/edit", opt=MANAGE, status_code=200)
    async def change_survey(
        visit: NamedDependency[Visit], survey_id: FromPath[UUID], request: WebRequest
    ) -> Response[Any] | Redirect:
        form = await entries_of(request)
        known = await visit.db.ask(begun, desk, visit, survey_id)
        definition, errors = survey_typed.filled(form, known.definition)
        typed = msgspec.structs.replace(known, definition=definition, errors=errors)
        action = form.text("do")
        if action == "preview":
            return await page(desk, visit, typed)
        definition, place = survey_typed.changed(action, form.text("new_type"), definition)
        typed = msgspec.structs.replace(typed, definition=definition)
        if errors:
            filled_from = form.text(seen.FIELD) or known.seen
            return await page(desk, visit, msgspec.structs.replace(typed, seen=filled_from), checked=True)
        try:
            await visit.db.transact(_kept, desk, visit, typed, form)
        except Invalid as refusal:
            overtaken = {name: str(why) for name, why in refusal.fields.items()}
            return await page(desk, visit, msgspec.structs.replace(typed, errors=overtaken))
        if action != "open":
            return redirect(visit, f"{desk.here}/{survey_id}/edit" + (f"#{place}" if place else ""))
        return await _opened(desk, visit, typed)

    return change_survey


async def _kept(tx: Tx, desk: Desk, visit: Visit, typed: Begun, form: Entries) -> None:
    survey_id = typed.survey.survey_id
    await seen.hold(tx, f"survey {survey_id}")
    now = await research.survey(tx, desk.shop(visit), survey_id)
    seen.compare(form, seen.mark(now.draft), seen.mark(typed.definition))
    await research.draft(tx, desk.shop(visit), survey_id, typed.definition)
    facts = {"questions": len(typed.definition.questions)}
    await access.audit(tx, visit.actor, "surveys.draft", str(survey_id), facts)


async def _opened(desk: Desk, visit: Visit, typed: Begun) -> Response[Any] | Redirect:
    here = f"{desk.here}/{typed.survey.survey_id}"
    try:
        await visit.db.transact(opened, desk, visit, typed.survey.survey_id)
    except DefinitionRefused:
        return await page(desk, visit, typed, checked=True)
    return redirect(visit, here, (visit.say(N_("It is open: whoever it reaches can answer.")), "good"))


def _wrong(visit: Visit, typed: Begun, *, checked: bool) -> tuple[dict[str, str], dict[str, str]]:
    """What is wrong by field (`q1.text`, `title`), and the summary above the form, by the ids of the fields."""
    found = {name: visit.say(why) for name, why in typed.errors.items()}
    if checked:
        for each in research.wrong_in(typed.definition, {each.segment_id for each in typed.segments}):
            found.setdefault(f"{each.question}.{each.field}".lstrip("."), visit.say(each.why))
    summary: dict[str, str] = {}
    for name, why in found.items():
        key, _, field = name.rpartition(".")
        question = typed.definition.question(key)
        words = why if question is None else f"{short(visit, question)}: {why}"
        summary["builder" if name == seen.FIELD else f"part-{key or field}"] = words
    return found, summary


async def page(desk: Desk, visit: Visit, typed: Begun, *, checked: bool = False) -> Response[Any]:
    """The editor, with the preview beside it; `checked`: with all that is missing until it can be opened."""
    errors, summary = _wrong(visit, typed, checked=checked)
    definition = typed.definition
    return await desk.show(
        visit,
        "web/survey_editor.html",
        desk.here,
        status=422 if summary else 200,
        crumbs=[
            (visit.say(TITLE), desk.here),
            (title_of(visit, definition), f"{desk.here}/{typed.survey.survey_id}"),
            (visit.say(N_("Edit")), None),
        ],
        begun=typed,
        it=definition,
        here=f"{desk.here}/{typed.survey.survey_id}",
        errors=errors,
        summary=summary,
        types={kind: visit.say(words) for kind, words in TYPES.items()},
        triggers=[(kind, visit.say(words)) for kind, words in TRIGGERS.items()],
        segments=[(str(each.segment_id), each.name.in_language(visit.locale)) for each in typed.segments],
        choosing=CHOOSING,
        bounded={*(RATED - set(FIXED_BOUNDS)), Type.NUMBER, Type.MULTIPLE},
        rated=RATED,
        conditions=_conditions(visit, definition),
        own=_own(visit, definition),
        later=_later(visit, definition),
        quota_of=_quota_choices(visit, typed),
        quota_value=survey_typed.quota_value,
        condition_value=survey_typed.condition_value,
        offered=range(CONDITIONS_OFFERED),
        preview=_preview(visit, definition),
        shown_if={
            each.key: [condition_words(visit, definition, when) for when in each.show_if]
            for each in definition.questions
        },
        next_key=survey_typed.next_key(definition, typed.asked),
        next_option={
            each.key: survey_typed.next_option(each.options, typed.asked.get(each.key, ()))
            for each in definition.questions
        },
        next_row={
            each.key: survey_typed.next_option(each.rows, typed.asked.get(each.key, ()))
            for each in definition.questions
        },
        next_quota=survey_typed.next_quota(definition),
        triggered=definition.trigger is not Trigger.NOTHING,
    )


Choices = Sequence[tuple[str, str]]


def _tests(visit: Visit, question: Question) -> Choices:
    """What an answer can be held against, in words: `is:o1`, `least:9`."""
    if question.type in RATED:
        low, high = question.bounds
        least = [
            (f"{Comparison.AT_LEAST}:{value}", visit.say(N_("at least {value}"), value=value))
            for value in range(low + 1, high + 1)
        ]
        most = [
            (f"{Comparison.AT_MOST}:{value}", visit.say(N_("at most {value}"), value=value))
            for value in range(low, high)
        ]
        return [*reversed(least), *reversed(most)]
    if question.type is Type.CONSENT:
        keys = ["yes", "no"]
    elif question.type in CHOOSING and question.type is not Type.MATRIX:
        keys = [each.key for each in question.options]
    else:
        return []
    named = [(key, answer_words(visit, question, key)) for key in keys]
    return [
        *((f"{Comparison.IS}:{key}", visit.say(N_("is {answer}"), answer=words)) for key, words in named),
        *((f"{Comparison.IS_NOT}:{key}", visit.say(N_("is not {answer}"), answer=words)) for key, words in named),
    ]


def _conditions(visit: Visit, definition: Definition) -> dict[str, list[tuple[str, str]]]:
    """For each question the answers to earlier ones that can decide whether it is asked."""
    found: dict[str, list[tuple[str, str]]] = {}
    earlier: list[tuple[str, str]] = []
    for number, question in enumerate(definition.questions, 1):
        found[question.key] = list(earlier)
        earlier += [
            (f"{question.key}:{test}", f"{number}. {short(visit, question)}: {words}")
            for test, words in _tests(visit, question)
        ]
    return found


def _own(visit: Visit, definition: Definition) -> dict[str, Choices]:
    return {question.key: _tests(visit, question) for question in definition.questions}


def _later(visit: Visit, definition: Definition) -> dict[str, Choices]:
    """For each question where a jump can lead."""
    named = [(each.key, f"{number}. {short(visit, each)}") for number, each in enumerate(definition.questions, 1)]
    end = (END, visit.say(N_("the end")))
    return {each.key: [*named[place:], end] for place, each in enumerate(definition.questions, 1)}


def _quota_choices(visit: Visit, typed: Begun) -> Choices:
    answers = [
        (f"{question.key}/{option.key}", f"{short(visit, question)}: {option.text.in_language(visit.locale)}")
        for question in typed.definition.questions
        if question.type in (Type.SINGLE, Type.MULTIPLE)
        for option in question.options
    ]
    inside = [
        (f"segment:{each.segment_id}", visit.say(N_("In the segment {name}"), name=each.name.in_language(visit.locale)))
        for each in typed.segments
    ]
    return [("", visit.say(N_("All answers"))), *answers, *inside]


def _preview(visit: Visit, definition: Definition) -> list[Shown]:
    """All questions, one below the other, as who answers would see them."""
    return [shown(definition, question, SEED, visit.locale, {}) for question in definition.questions]
