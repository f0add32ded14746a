"""What came of a survey, as files for spreadsheets."""

from collections.abc import Sequence
from hashlib import sha256
from math import isfinite
from typing import Any

from litestar import Response

from steelyard.kernel.days import day_of
from steelyard.kernel.i18n import N_
from steelyard.operations import research
from steelyard.operations.research import Row
from steelyard.operations.research.model import Answer, Question, Type, Via
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.lifecycle_words import STAGES
from steelyard.surfaces.web.survey_results import Asked, Found, table_of, told
from steelyard.surfaces.web.survey_words import VIAS, named
from steelyard.surfaces.web.visit import Visit


def as_file(visit: Visit, at: Found, asked: Asked) -> Response[bytes]:
    """All answers, person by person without who they are; or the counts; or the table of groups."""
    match asked.file:
        case "counts":
            return _counts_as_file(visit, at)
        case "groups":
            return _groups_as_file(visit, at)
        case _:
            return _answers_as_file(visit, at)


def _name(visit: Visit, at: Found) -> str:
    return at.survey.now.title.in_language(visit.locale) or visit.say(N_("Survey"))


def _answers_as_file(visit: Visit, at: Found) -> Response[bytes]:
    questions = at.survey.now.questions
    heads = [
        visit.say(each) for each in (N_("When"), N_("Way they came"), N_("Language"), N_("Stage of the lifecycle"))
    ]
    rows = _mixed(at.rows) if any(row.anonymous for row in at.rows) else at.rows
    lines = [
        [
            day_of(row.ended_at) if row.anonymous else row.ended_at,
            visit.say(VIAS[Via(row.via)]),
            row.locale,
            visit.say(STAGES[row.stage]) if row.stage is not None and row.stage in STAGES else "",
            *(_spoken(question, row, visit.locale) for question in questions),
        ]
        for row in rows
    ]
    return exports.csv_answer(visit, _name(visit, at), [*heads, *(named(visit, each) for each in questions)], lines)


def _mixed(rows: Sequence[Row]) -> list[Row]:
    """By days, and within a day in no order: who was here at which moment must not lead to what somebody said."""
    return sorted(rows, key=lambda row: (-day_of(row.ended_at).toordinal(), sha256(row.response_id.bytes).digest()))


def _spoken(question: Question, row: Row, locale: str) -> object:
    if question.key not in row.answers:
        return None
    choices, number, words = row.answers[question.key]
    if number is not None:
        return int(number) if number.is_integer() else number
    if question.type is Type.CONSENT:
        return "yes" in choices
    return research.spoken(question, Answer(choices=tuple(choices), words=words), locale)


def _counts_as_file(visit: Visit, at: Found) -> Response[bytes]:
    columns = [
        visit.say(each)
        for each in (
            N_("Question"),
            N_("Line"),
            N_("Answer"),
            N_("Answers given"),
            N_("Proportion"),
            N_("At least"),
            N_("At most"),
        )
    ]
    lines: list[list[Any]] = []
    for result in told(visit, at, Asked(question="", by="", file="counts")).results:
        for line, bars in [("", [*result.bands, *result.bars]), *result.lines]:
            lines += [[result.words, line, bar.words, bar.count, bar.share, bar.low, bar.high] for bar in bars]
        if result.tally.figure.known:
            figure = result.tally.figure
            bounds = [each if isfinite(each) else None for each in (figure.value, figure.low, figure.high)]
            name = N_("NPS") if result.tally.question.type is Type.NPS else N_("Mean")
            lines.append([result.words, "", visit.say(name), result.tally.answered, *bounds])
    return exports.csv_answer(visit, _name(visit, at), columns, lines)


def _groups_as_file(visit: Visit, at: Found) -> Response[bytes]:
    if at.crossed is None:
        return exports.csv_answer(visit, _name(visit, at), [visit.say(N_("Answer"))], [])
    table = table_of(visit, at)
    lines: list[list[Any]] = [[words, *(cell.count for cell in cells), p] for words, cells, p in table.rows]
    lines.append([visit.say(N_("People who answered")), *table.of, table.verdict])
    return exports.csv_answer(visit, _name(visit, at), [visit.say(N_("Answer")), *table.groups, "p"], lines)
