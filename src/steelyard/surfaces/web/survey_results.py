"""What came of a survey, as a page, its pictures and its files show it."""

from collections.abc import Mapping, Sequence
from math import isfinite
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.operations import research, segments
from steelyard.operations.research import By, Crossed, Estimate, Fill, Moment, Opinions, Reached, Row, Tally
from steelyard.operations.research.model import RATED, WRITTEN, Question, Step, Survey, Type
from steelyard.operations.segments.model import Segment
from steelyard.surfaces.components.charts import Chart, Series
from steelyard.surfaces.web.entries import as_uuid
from steelyard.surfaces.web.survey_words import BYS, METHODS, answer_words, group_words, named, short
from steelyard.surfaces.web.visit import Visit

SIGNIFICANT = 0.05
FILES = ("answers", "counts", "groups")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader wants to see by which groups: `by` is stage, via, locale, segment:<id> or question:<key>."""

    question: str
    by: str
    file: str

    @classmethod
    def of(cls, visit: Visit) -> "Asked":
        asked = visit.connection.query_params
        file = asked.get("file", FILES[0])
        return cls(question=asked.get("question", ""), by=asked.get("by", ""), file=file if file in FILES else FILES[0])


class Found(msgspec.Struct, frozen=True, kw_only=True):
    survey: Survey
    tallies: Sequence[Tally]
    opinions: Sequence[Opinions]
    trend: Sequence[Moment]
    leading: Question | None
    reached: Reached
    fills: Mapping[str, Fill]
    history: Sequence[Step]
    segments: Sequence[Segment]
    question: Question | None
    by: By | None
    what: str
    crossed: Crossed | None
    rows: Sequence[Row] = ()


async def found(read: Read, shop: UUID, survey_id: UUID, asked: Asked) -> Found:
    """Raises `NotFound`."""
    survey = await research.survey(read, shop, survey_id)
    definition = survey.now
    comparable = [
        each for each in definition.questions if each.type not in WRITTEN | {Type.MATRIX, Type.NUMBER, Type.DATE}
    ]
    leading = next((each for each in definition.questions if each.type in RATED), None)
    question = next(
        (each for each in comparable if each.key == asked.question), leading or next(iter(comparable), None)
    )
    by, what = _by(asked.by, survey)
    reached = await research.reached(read, shop, survey_id)
    return Found(
        survey=survey,
        tallies=await research.tallies(read, shop, survey_id, definition),
        opinions=await research.opinions(read, shop, survey_id, definition) if reached.finished else [],
        trend=await research.trend(read, shop, survey_id, leading),
        leading=leading,
        reached=reached,
        fills=await research.fills(read, shop, survey_id),
        history=await research.history(read, shop, survey_id),
        segments=[] if definition.anonymous else await segments.segments(read, shop),
        question=question,
        by=by,
        what=what,
        crossed=await research.crossed(read, shop, survey_id, question, by, what) if question and by else None,
        rows=await research.rows(read, shop, survey_id) if asked.file == "answers" else [],
    )


def _by(asked: str, survey: Survey) -> tuple[By | None, str]:
    kind, _, what = asked.partition(":")
    if kind in (By.VIA, By.LOCALE) or (kind == By.STAGE and not survey.now.anonymous):
        return By(kind), ""
    if kind == By.SEGMENT and as_uuid(what) is not None and not survey.now.anonymous:
        return By.SEGMENT, what
    other = survey.now.question(what)
    if kind == By.QUESTION and other is not None and other.type is Type.SINGLE:
        return By.QUESTION, what
    return (By.VIA, "") if survey.now.anonymous else (By.STAGE, "")


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A share with its bounds, in hundredths for the drawing."""

    words: str
    count: int
    share: float
    low: float
    high: float
    note: str = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A question with what was answered; `figure` and `satisfied` in words, between their bounds."""

    tally: Tally
    words: str
    figure: str
    satisfied: str
    bars: Sequence[Bar]
    bands: Sequence[Bar]
    lines: Sequence[tuple[str, Sequence[Bar]]]


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """How many of a group gave an answer; `sign` is 1 or -1 where that is no chance."""

    count: int
    share: float | None
    sign: int


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A question by groups, in words."""

    groups: Sequence[str]
    of: Sequence[int]
    rows: Sequence[tuple[str, Sequence[Cell], str]]
    figures: Sequence[str]
    verdict: str
    tone: str
    small: bool


class Group(msgspec.Struct, frozen=True, kw_only=True):
    keywords: Sequence[str]
    count: int
    quotes: Sequence[str]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    results: Sequence[Result]
    opinions: Sequence[tuple[str, int, Sequence[Group]]]
    table: Table | None
    questions: Sequence[tuple[str, str]]
    bys: Sequence[tuple[str, str]]
    by: str
    chart: Chart
    quotas: Sequence[tuple[str, Fill]]


def told(visit: Visit, at: Found, asked: Asked) -> Told:
    definition = at.survey.now
    bys = [(str(by), visit.say(word)) for by, word in BYS.items() if by is not By.STAGE or not definition.anonymous]
    bys += [(f"segment:{each.segment_id}", each.name.in_language(visit.locale)) for each in at.segments]
    bys += [(f"question:{each.key}", short(visit, each)) for each in definition.questions if each.type is Type.SINGLE]
    comparable = [tally.question for tally in at.tallies if tally.counts and tally.question.type is not Type.NUMBER]
    return Told(
        results=[_result(visit, each) for each in at.tallies],
        opinions=[_opinions(visit, each) for each in at.opinions],
        table=table_of(visit, at) if at.crossed is not None else None,
        questions=[(each.key, short(visit, each)) for each in comparable],
        bys=bys,
        by=f"{at.by}:{at.what}" if at.what else str(at.by or ""),
        chart=_chart(visit, at),
        quotas=[(_quota_words(visit, at, key), fill) for key, fill in at.fills.items()],
    )


def _quota_words(visit: Visit, at: Found, key: str) -> str:
    quota = next((each for each in at.survey.now.quotas if each.key == key), None)
    if quota is None:
        return key
    if quota.segment_id is not None:
        names = [each.name.in_language(visit.locale) for each in at.segments if each.segment_id == quota.segment_id]
        return visit.say(N_("In the segment {name}"), name=next(iter(names), "–"))
    question = at.survey.now.question(quota.question)
    if question is None:
        return visit.say(N_("All answers"))
    return f"{short(visit, question)}: {answer_words(visit, question, quota.option)}"


def _result(visit: Visit, tally: Tally) -> Result:
    question = tally.question
    return Result(
        tally=tally,
        words=named(visit, question),
        figure=_figure_words(visit, question, tally.figure),
        satisfied=_satisfied_words(visit, tally.satisfied),
        bars=[_bar(visit, question, each) for each in tally.counts],
        bands=[_bar(visit, question, each) for each in tally.bands],
        lines=[
            (
                next((row.text.in_language(visit.locale) for row in question.rows if row.key == line.key), line.key),
                [_bar(visit, question, each) for each in line.counts],
            )
            for line in tally.lines
        ],
    )


def _bar(visit: Visit, question: Question, count: research.Count) -> Bar:
    share = count.share
    note = (
        visit.say(N_("mean place {place}"), place=f"{count.place:.1f}")
        if question.type is Type.RANKING and count.place
        else ""
    )
    known = share.known
    return Bar(
        words=answer_words(visit, question, count.key),
        count=count.count,
        share=share.value if known else 0.0,
        low=share.low if known else 0.0,
        high=share.high if known else 0.0,
        note=note,
    )


def _figure_words(visit: Visit, question: Question, figure: Estimate) -> str:
    if not figure.known:
        return ""
    if question.type is Type.NPS:
        bounds = {"value": f"{figure.value:+.0f}", "low": f"{figure.low:+.0f}", "high": f"{figure.high:+.0f}"}
        return visit.say(N_("NPS {value} (from {low} to {high})"), **bounds)
    if not isfinite(figure.low):
        return visit.say(N_("mean {value}"), value=f"{figure.value:.2f}")
    bounds = {"value": f"{figure.value:.2f}", "low": f"{figure.low:.2f}", "high": f"{figure.high:.2f}"}
    return visit.say(N_("mean {value} (from {low} to {high})"), **bounds)


def _satisfied_words(visit: Visit, share: Estimate) -> str:
    if not share.known:
        return ""
    bounds = {"value": f"{share.value:.0%}", "low": f"{share.low:.0%}", "high": f"{share.high:.0%}"}
    return visit.say(N_("{value} satisfied (from {low} to {high})"), **bounds)


def table_of(visit: Visit, at: Found) -> Table:
    crossed, question, by = at.crossed, at.question, at.by
    assert crossed is not None and question is not None and by is not None
    rows: list[tuple[str, Sequence[Cell], str]] = []
    for place, answer in enumerate(crossed.answers):
        cells = [_cell(crossed, place, group) for group in range(len(crossed.groups))]
        p = crossed.rows[place] if crossed.rows else None
        rows.append((answer_words(visit, question, answer), cells, "" if p is None else _p(p)))
    verdict, tone = _verdict(visit, crossed)
    return Table(
        groups=[group_words(visit, at.survey.now, by, at.what, each) for each in crossed.groups],
        of=crossed.of,
        rows=rows,
        figures=[_figure_words(visit, question, each) or "–" for each in crossed.figures],
        verdict=verdict,
        tone=tone,
        small=crossed.whole is not None and crossed.whole.small,
    )


def _cell(crossed: Crossed, row: int, group: int) -> Cell:
    count, of = crossed.counts[row][group], crossed.of[group]
    whole = crossed.whole
    telling = whole is not None and whole.p < SIGNIFICANT and whole.cells[row][group] < SIGNIFICANT
    return Cell(
        count=count,
        share=count / of if of else None,
        sign=whole.signs[row][group] if telling and whole is not None else 0,
    )


def _p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def _verdict(visit: Visit, crossed: Crossed) -> tuple[str, str]:
    if crossed.rows:
        known = [each for each in crossed.rows if each is not None]
        if not known:
            return visit.say(N_("There are not two groups to compare yet.")), "info"
        if min(known) < SIGNIFICANT:
            return visit.say(
                N_("The groups choose differently where p is below 0.05 (corrected for how many options there are).")
            ), "good"
        return visit.say(N_("No difference between the groups is more than chance.")), "info"
    whole = crossed.whole
    if whole is None:
        return visit.say(N_("There are not two groups to compare yet.")), "info"
    how = visit.say(METHODS[whole.method])
    if whole.p < SIGNIFICANT:
        return visit.say(N_("The groups answer differently: {p}, {how}."), p=_p(whole.p), how=how), "good"
    return visit.say(
        N_("The groups do not answer differently, as far as these answers tell: {p}, {how}."), p=_p(whole.p), how=how
    ), "info"


def _opinions(visit: Visit, each: Opinions) -> tuple[str, int, Sequence[Group]]:
    groups = [
        Group(
            keywords=group.keywords,
            count=len(group.places),
            quotes=[each.said[place].words for place in group.quotes],
        )
        for group in each.groups
    ]
    return named(visit, each.question), len(each.said), groups


def _chart(visit: Visit, at: Found) -> Chart:
    rated = at.leading is not None
    name = visit.say(N_("NPS") if at.leading and at.leading.type is Type.NPS else N_("Mean"))
    bounds = (("value", ""), ("low", N_("at least")), ("high", N_("at most")))
    series = [
        Series(
            f"{name} · {visit.say(bound)}" if bound else name,
            [_known(getattr(each.figure, part)) for each in at.trend],
            compared=bool(bound),
        )
        for part, bound in bounds
    ]
    return Chart(
        kind="line" if rated else "bar",
        title=visit.say(N_("Over time")),
        labels=[each.day for each in at.trend],
        series=series if rated else [Series(visit.say(N_("Answers")), [each.answers for each in at.trend])],
        note=short(visit, at.leading) if at.leading else "",
    )


def _known(value: float) -> float | None:
    return round(value, 2) if isfinite(value) else None
