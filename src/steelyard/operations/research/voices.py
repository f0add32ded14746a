"""What people wrote, put together by words; and all answers row by row, for a file."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.goods import search
from steelyard.kernel.db import Read
from steelyard.operations.research.model import ANSWERS_GROUPED_MAX, WRITTEN, Definition, Group, Question
from steelyard.operations.research.results import ROWS_READ_MAX


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wrote."""

    response_id: UUID
    words: str
    at: datetime


class Opinions(msgspec.Struct, frozen=True, kw_only=True):
    """What was written to a question, newest first, and the groups that share words."""

    question: Question
    said: Sequence[Opinion]
    groups: Sequence[Group]


async def opinions(read: Read, merchant_id: UUID, survey_id: UUID, asked: Definition) -> list[Opinions]:
    """What was written to the questions that are answered in words."""
    from steelyard.operations.research.grouping import grouped  # noqa: PLC0415  # weighs much (kernel/late.py)

    written = [each for each in asked.questions if each.type in WRITTEN]
    if not written:
        return []
    known = frozenset(each.word for each in await search.known_words(read))
    found: list[Opinions] = []
    for question in written:
        said = await read.all(
            Opinion,
            """
            SELECT r.response_id, a.words, r.ended_at AS at
            FROM survey_responses r JOIN survey_answers a USING (merchant_id, survey_id, response_id)
            WHERE r.merchant_id = $1 AND r.survey_id = $2 AND r.ending = 'finished' AND a.question = $3 AND a.words <> ''
            ORDER BY r.ended_at DESC, r.response_id DESC LIMIT $4
            """,
            merchant_id,
            survey_id,
            question.key,
            ANSWERS_GROUPED_MAX,
        )
        # Thousands of texts take a second: others are answered meanwhile.
        groups = await asyncio.to_thread(grouped, [each.words for each in said], known)
        found.append(Opinions(question=question, said=said, groups=groups))
    return found


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One person's answers, for a file: who they are is not in it. `anonymous`: the version that they answered was."""

    response_id: UUID
    ended_at: datetime
    via: str
    locale: str
    stage: str | None
    anonymous: bool
    answers: dict[str, tuple[list[str], float | None, str]]


async def rows(read: Read, merchant_id: UUID, survey_id: UUID) -> list[Row]:
    """All answers, person by person, the newest first; one more than a file holds."""
    return await read.all(
        Row,
        """
        SELECT r.response_id, r.ended_at, r.via, r.locale, r.stage
             , coalesce((v.asked ->> 'anonymous')::boolean, false) AS anonymous
             , (SELECT coalesce(jsonb_object_agg(a.question, jsonb_build_array(to_jsonb(a.choices), a.number, a.words)), '{}')
                FROM survey_answers a
                WHERE (a.merchant_id, a.survey_id, a.response_id) = (r.merchant_id, r.survey_id, r.response_id)) AS answers
        FROM survey_responses r JOIN survey_versions v USING (merchant_id, survey_id, version)
        WHERE r.merchant_id = $1 AND r.survey_id = $2 AND r.ending = 'finished'
        ORDER BY r.ended_at DESC, r.response_id DESC LIMIT $3
        """,
        merchant_id,
        survey_id,
        ROWS_READ_MAX + 1,
    )
