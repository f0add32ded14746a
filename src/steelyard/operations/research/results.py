"""What was answered, counted: each question by itself, how it went over time, and whom it has reached."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from steelyard.kernel.days import day_of
from steelyard.kernel.db import Read
from steelyard.operations.research.model import (
    CHOOSING,
    RATED,
    YES,
    Definition,
    Question,
    Type,
)
from steelyard.operations.research.statistics import (
    NOTHING,
    Estimate,
    mean,
    nps,
    wilson,
)

ROWS_READ_MAX = 10_000
PROMOTER_LEAST, PASSIVE_LEAST = 9, 7
SATISFIED_LEAST = 4
# A trend is by weeks where it is longer than so many days.
DAYS_SHOWN_MAX = 60

NPS_BANDS = ("detractors", "passives", "promoters")


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many gave one answer; the share is of who answered the question."""

    key: str
    count: int
    share: Estimate
    place: float | None = None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a matrix."""

    key: str
    answered: int
    counts: Sequence[Count]


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """A question's answers counted. `figure`: the NPS in hundredths, or a mean; `satisfied` (CSAT, stars): the share of the two
    best; `counts` by option, by value or by band; of a ranking `place` is the mean one."""

    question: Question
    answered: int
    passed: int
    counts: Sequence[Count] = ()
    bands: Sequence[Count] = ()
    lines: Sequence[Line] = ()
    figure: Estimate = NOTHING
    satisfied: Estimate = NOTHING


class _Choice(msgspec.Struct, frozen=True, kw_only=True):
    question: str
    choice: str
    count: int
    places: int


class _Number(msgspec.Struct, frozen=True, kw_only=True):
    question: str
    number: float
    count: int


async def tallies(read: Read, merchant_id: UUID, survey_id: UUID, asked: Definition) -> list[Tally]:
    """Each question of what is asked now, with all answers to it: those to earlier versions, too, by the questions' keys."""
    answered: dict[str, tuple[int, int]] = {
        row["question"]: (row["answered"], row["passed"])
        for row in await read.fetch(
            """
            SELECT a.question
                 , count(*) FILTER (WHERE a.choices <> '{}' OR a.number IS NOT NULL OR a.words <> '') AS answered
                 , count(*) FILTER (WHERE a.choices = '{}' AND a.number IS NULL AND a.words = '') AS passed
            FROM survey_responses r JOIN survey_answers a USING (merchant_id, survey_id, response_id)
            WHERE r.merchant_id = $1 AND r.survey_id = $2 AND r.ending = 'finished' GROUP BY a.question
            """,
            merchant_id,
            survey_id,
        )
    }
    choices = await read.all(
        _Choice,
        """
        SELECT a.question, c.choice, count(*) AS count, sum(c.place)::bigint AS places
        FROM survey_responses r JOIN survey_answers a USING (merchant_id, survey_id, response_id)
        CROSS JOIN unnest(a.choices) WITH ORDINALITY AS c (choice, place)
        WHERE r.merchant_id = $1 AND r.survey_id = $2 AND r.ending = 'finished' GROUP BY 1, 2
        """,
        merchant_id,
        survey_id,
    )
    numbers = await read.all(
        _Number,
        """
        SELECT a.question, a.number, count(*) AS count
        FROM survey_responses r JOIN survey_answers a USING (merchant_id, survey_id, response_id)
        WHERE r.merchant_id = $1 AND r.survey_id = $2 AND r.ending = 'finished' AND a.number IS NOT NULL
        GROUP BY 1, 2 ORDER BY 1, 2 LIMIT $3
        """,
        merchant_id,
        survey_id,
        ROWS_READ_MAX,
    )
    return [
        _tally(
            question,
            answered.get(question.key, (0, 0)),
            {each.choice: each for each in choices if each.question == question.key},
            {each.number: each.count for each in numbers if each.question == question.key},
        )
        for question in asked.questions
    ]


def _tally(
    question: Question, answered: tuple[int, int], choices: Mapping[str, _Choice], numbers: Mapping[float, int]
) -> Tally:
    told = Tally(question=question, answered=answered[0], passed=answered[1])
    if question.type is Type.MATRIX:
        return msgspec.structs.replace(told, lines=[_line(question, row.key, choices) for row in question.rows])
    if question.type in CHOOSING or question.type is Type.CONSENT:
        keys = [YES, "no"] if question.type is Type.CONSENT else [each.key for each in question.options]
        return msgspec.structs.replace(told, counts=[_count(key, choices, answered[0]) for key in keys])
    if question.type in RATED or question.type is Type.NUMBER:
        return _rated(told, numbers)
    return told


def _count(key: str, choices: Mapping[str, _Choice], of: int) -> Count:
    found = choices.get(key)
    count = found.count if found else 0
    place = found.places / found.count if found and found.count else None
    return Count(key=key, count=count, share=wilson(min(count, of), of), place=place)


def _line(question: Question, row: str, choices: Mapping[str, _Choice]) -> Line:
    own = {key.partition("=")[2]: found for key, found in choices.items() if key.partition("=")[0] == row}
    answered = sum(each.count for each in own.values())
    return Line(key=row, answered=answered, counts=[_count(each.key, own, answered) for each in question.options])


def _rated(told: Tally, numbers: Mapping[float, int]) -> Tally:
    question, of = told.question, told.answered
    if question.type is Type.NUMBER:
        return msgspec.structs.replace(told, figure=mean(spread(numbers)))
    low, high = question.bounds
    counts = [
        Count(key=str(value), count=numbers.get(value, 0), share=wilson(numbers.get(value, 0), of))
        for value in range(low, high + 1)
        if of
    ]
    if question.type is Type.NPS:
        found = bands(numbers)
        return msgspec.structs.replace(
            told,
            counts=counts,
            bands=[Count(key=key, count=found[key], share=wilson(found[key], of)) for key in reversed(NPS_BANDS)],
            figure=nps(found["promoters"], found["passives"], found["detractors"]),
        )
    satisfied = sum(count for value, count in numbers.items() if value >= SATISFIED_LEAST)
    best = wilson(satisfied, of) if question.type in (Type.CSAT, Type.STARS) else NOTHING
    return msgspec.structs.replace(told, counts=counts, figure=mean(spread(numbers)), satisfied=best)


def bands(numbers: Mapping[float, int]) -> Counter[str]:
    """Promoters (9 and 10), passives (7 and 8), detractors (the others)."""
    found: Counter[str] = Counter()
    for value, count in numbers.items():
        found[band(value)] += count
    return found


def band(value: float) -> str:
    return "promoters" if value >= PROMOTER_LEAST else "passives" if value >= PASSIVE_LEAST else "detractors"


def spread(numbers: Mapping[float, int]) -> list[float]:
    return [value for value, count in numbers.items() for _ in range(count)]


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered on a day, or in the week that begins with it."""

    day: date
    answers: int
    figure: Estimate


class _Ended(msgspec.Struct, frozen=True, kw_only=True):
    ended_at: datetime
    number: float | None


async def trend(read: Read, merchant_id: UUID, survey_id: UUID, question: Question | None) -> list[Moment]:
    """How many answered, and the figure of a rated question, day by day or week by week; of the last `ROWS_READ_MAX`."""
    ended = await read.all(
        _Ended,
        """
        SELECT r.ended_at, a.number FROM survey_responses r
        LEFT JOIN survey_answers a ON (a.merchant_id, a.survey_id, a.response_id) = (r.merchant_id, r.survey_id, r.response_id)
                                  AND a.question = $3
        WHERE r.merchant_id = $1 AND r.survey_id = $2 AND r.ending = 'finished'
        ORDER BY r.ended_at DESC, r.response_id DESC LIMIT $4
        """,
        merchant_id,
        survey_id,
        "" if question is None else question.key,
        ROWS_READ_MAX,
    )
    if not ended:
        return []
    first, last = day_of(ended[-1].ended_at), day_of(ended[0].ended_at)
    by_weeks = (last - first).days > DAYS_SHOWN_MAX
    found: dict[date, list[float]] = {}
    counted: Counter[date] = Counter()
    for each in ended:
        day = day_of(each.ended_at)
        if by_weeks:
            day = date.fromordinal(day.toordinal() - day.weekday())
        counted[day] += 1
        found.setdefault(day, []).extend([] if each.number is None else [each.number])
    return [Moment(day=day, answers=counted[day], figure=_figure(question, found[day])) for day in sorted(counted)]


def _figure(question: Question | None, values: Sequence[float]) -> Estimate:
    if question is None:
        return NOTHING
    if question.type is Type.NPS:
        found = bands(Counter(values))
        return nps(found["promoters"], found["passives"], found["detractors"])
    return mean(values)


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """How far it has come: whom it asked, who began, who finished, whom a quota turned away, who did not want to."""

    asked: int
    mailed: int
    began: int
    finished: int
    full: int
    dismissed: int


async def reached(read: Read, merchant_id: UUID, survey_id: UUID) -> Reached:
    found = await read.one(
        Reached,
        """
        SELECT (SELECT count(*) FROM survey_asked WHERE merchant_id = $1 AND survey_id = $2) AS asked
             , (SELECT count(*) FROM survey_invitations
                WHERE merchant_id = $1 AND survey_id = $2 AND sent_at IS NOT NULL) AS mailed
             , (SELECT count(*) FROM survey_asked
                WHERE merchant_id = $1 AND survey_id = $2 AND dismissed_at IS NOT NULL) AS dismissed
             , count(*) AS began, count(*) FILTER (WHERE ending = 'finished') AS finished
             , count(*) FILTER (WHERE ending = 'full') AS full
        FROM survey_responses WHERE merchant_id = $1 AND survey_id = $2
        """,
        merchant_id,
        survey_id,
    )
    assert found is not None
    return found
