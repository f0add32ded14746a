"""One question by groups of people: whether they answer differently, and where."""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read
from steelyard.operations.research.model import RATED, YES, Question, Type
from steelyard.operations.research.results import NPS_BANDS, band, spread
from steelyard.operations.research.statistics import Difference, Estimate, holm, mean, nps

GROUPS_COMPARED_MAX = 12


class By(StrEnum):
    """By what people are put apart: their stage when they answered, whether they were in a segment, the way they came, their
    language, or what they answered to another question."""

    STAGE = "stage"
    SEGMENT = "segment"
    VIA = "via"
    LOCALE = "locale"
    QUESTION = "question"


class Crossed(msgspec.Struct, frozen=True, kw_only=True):
    """A question by groups: for each answer (row) how many of each group gave it; `of`: how many of each group answered.

    Where an answer is one of several that exclude each other, `whole` says whether the groups differ at all and where; where
    several can be chosen, each row has a test of its own (`rows`), corrected for how many they are."""

    answers: Sequence[str]
    groups: Sequence[str]
    counts: Sequence[Sequence[int]]
    of: Sequence[int]
    whole: Difference | None = None
    rows: Sequence[float | None] = ()
    figures: Sequence[Estimate] = ()


async def crossed(
    read: Read, merchant_id: UUID, survey_id: UUID, question: Question, by: By, what: str = ""
) -> Crossed:
    """One question by groups of people; `what` is the segment's id, or the other question's key."""
    rows = await read.fetch(
        """
        SELECT x.answer, g.name, count(*)::integer AS count, count(DISTINCT r.response_id)::integer AS people
        FROM survey_responses r
        JOIN survey_answers a ON (a.merchant_id, a.survey_id, a.response_id) = (r.merchant_id, r.survey_id, r.response_id)
                             AND a.question = $3
        LEFT JOIN survey_answers b ON (b.merchant_id, b.survey_id, b.response_id) = (r.merchant_id, r.survey_id, r.response_id)
                                  AND b.question = $5 AND $4 = 'question'
        CROSS JOIN LATERAL (SELECT unnest(a.choices) AS answer
                            UNION ALL SELECT a.number::text WHERE a.number IS NOT NULL
                            UNION ALL SELECT NULL WHERE a.choices <> '{}' OR a.number IS NOT NULL) AS x
        CROSS JOIN LATERAL (SELECT CASE $4::text WHEN 'stage' THEN r.stage WHEN 'via' THEN r.via WHEN 'locale' THEN r.locale
                                   WHEN 'segment' THEN CASE WHEN r.stage IS NULL AND r.segments = '{}' THEN NULL
                                                            WHEN $5 = ANY(r.segments::text[]) THEN 'inside' ELSE 'outside' END
                                   ELSE b.choices[1] END AS name) AS g
        WHERE r.merchant_id = $1 AND r.survey_id = $2 AND r.ending = 'finished' AND g.name IS NOT NULL
        GROUP BY 1, 2 ORDER BY 2, 1
        """,
        merchant_id,
        survey_id,
        question.key,
        by,
        what,
    )
    counted: dict[tuple[str, str], int] = {}
    of: Counter[str] = Counter()
    for row in rows:
        if row["answer"] is None:
            of[row["name"]] += row["people"]
        else:
            key = (_named(question, row["answer"]), row["name"])
            counted[key] = counted.get(key, 0) + row["count"]
    groups = [name for name, _ in of.most_common(GROUPS_COMPARED_MAX)]
    return _compared(question, sorted(groups) if by is not By.STAGE else groups, of, counted)


def _named(question: Question, answer: str) -> str:
    if question.type is Type.NPS:
        return band(float(answer))
    return f"{float(answer):g}" if question.type in RATED else answer


def _compared(
    question: Question, groups: Sequence[str], of: Mapping[str, int], counted: Mapping[tuple[str, str], int]
) -> Crossed:
    from steelyard.operations.research.contingency import difference  # noqa: PLC0415  # weighs much (kernel/late.py)

    answers = _answers(question)
    counts = [[counted.get((answer, group), 0) for group in groups] for answer in answers]
    totals = [of[group] for group in groups]
    table = Crossed(answers=answers, groups=groups, counts=counts, of=totals)
    if question.type in (Type.MULTIPLE, Type.RANKING):
        tested = [difference([row, [all_ - got for all_, got in zip(totals, row, strict=True)]]) for row in counts]
        corrected = iter(holm([each.p for each in tested if each is not None]))
        return msgspec.structs.replace(table, rows=[None if each is None else next(corrected) for each in tested])
    figures: list[Estimate] = []
    if question.type is Type.NPS:
        figures = [nps(*(counted.get((each, group), 0) for each in reversed(NPS_BANDS))) for group in groups]
    elif question.type in RATED:
        figures = [
            mean(spread({float(answer): counted.get((answer, group), 0) for answer in answers})) for group in groups
        ]
    return msgspec.structs.replace(table, whole=difference(counts), figures=figures)


def _answers(question: Question) -> list[str]:
    if question.type is Type.NPS:
        return list(reversed(NPS_BANDS))
    if question.type in RATED:
        low, high = question.bounds
        return [str(value) for value in range(low, high + 1)]
    if question.type is Type.CONSENT:
        return [YES, "no"]
    return [each.key for each in question.options]
