"""Questions about surveys: which there are, what they ask, who answers, whom they may ask."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.text import Text
from steelyard.operations.research.model import (
    RECONTACT_DAYS,
    SURVEYS_SHOWN,
    Answer,
    Definition,
    Response,
    ResponseId,
    State,
    Step,
    Survey,
)


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """How full a quota is."""

    quota: str
    most: int
    taken: int


async def surveys(
    read: Read, merchant_id: UUID, state: State | None = None, before: tuple[datetime, UUID] | None = None
) -> list[Survey]:
    """A shop's surveys, the newest first, one more than is shown; dropped drafts only where they are asked for."""
    return await read.all(
        Survey,
        """
        SELECT s.merchant_id, s.survey_id, s.state, s.code, s.version, s.draft, v.asked, s.created_at, s.changed_at, s.opened_at
             , s.closed_at
             , (SELECT count(*) FROM survey_responses r
                WHERE r.merchant_id = s.merchant_id AND r.survey_id = s.survey_id AND r.ending = 'finished') AS answers
        FROM surveys s LEFT JOIN survey_versions v USING (merchant_id, survey_id, version)
        WHERE s.merchant_id = $1 AND CASE WHEN $2::text IS NULL THEN s.state <> 'dropped' ELSE s.state = $2 END
          AND ($3::timestamptz IS NULL OR (s.created_at, s.survey_id) < ($3, $4::uuid))
        ORDER BY s.created_at DESC, s.survey_id DESC LIMIT $5
        """,
        merchant_id,
        state,
        *(before or (None, None)),
        SURVEYS_SHOWN + 1,
    )


async def survey(read: Read, merchant_id: UUID, survey_id: UUID) -> Survey:
    """One of them. Raises `NotFound`."""
    found = await read.one(
        Survey,
        """
        SELECT s.merchant_id, s.survey_id, s.state, s.code, s.version, s.draft, v.asked, s.created_at, s.changed_at, s.opened_at
             , s.closed_at
        FROM surveys s LEFT JOIN survey_versions v USING (merchant_id, survey_id, version)
        WHERE s.merchant_id = $1 AND s.survey_id = $2
        """,
        merchant_id,
        survey_id,
    )
    if found is None:
        raise NotFound()
    return found


async def by_code(read: Read, code: str) -> Survey:
    """The survey of a short address. Raises `NotFound`."""
    found = await read.row("SELECT merchant_id, survey_id FROM survey_codes WHERE code = $1", code)
    if found is None:
        raise NotFound()
    return await survey(read, found["merchant_id"], found["survey_id"])


async def version(read: Read, merchant_id: UUID, survey_id: UUID, number: int) -> Definition:
    """What a version of a survey asks. Raises `NotFound`."""
    found = await read.one(
        _Version,
        "SELECT asked FROM survey_versions WHERE merchant_id = $1 AND survey_id = $2 AND version = $3",
        merchant_id,
        survey_id,
        number,
    )
    if found is None:
        raise NotFound()
    return found.asked


class _Version(msgspec.Struct, frozen=True):
    asked: Definition


async def keys_asked(read: Read, merchant_id: UUID, survey_id: UUID) -> dict[str, set[str]]:
    """The keys of all questions that any version has asked, each with those of its options and lines: what was answered to them
    must never count as an answer to something else."""
    rows = await read.fetch(
        """
        SELECT DISTINCT q ->> 'key' AS question, o ->> 'key' AS option FROM survey_versions v
        CROSS JOIN jsonb_array_elements(v.asked -> 'questions') AS q
        LEFT JOIN LATERAL jsonb_array_elements(coalesce(q -> 'options', '[]') || coalesce(q -> 'rows', '[]')) AS o ON true
        WHERE v.merchant_id = $1 AND v.survey_id = $2
        """,
        merchant_id,
        survey_id,
    )
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["question"], set()).update({row["option"]} - {None})
    return found


async def history(read: Read, merchant_id: UUID, survey_id: UUID) -> list[Step]:
    return await read.all(
        Step,
        """
        SELECT to_state, version, at, by FROM survey_history WHERE merchant_id = $1 AND survey_id = $2 ORDER BY step DESC LIMIT 50
        """,
        merchant_id,
        survey_id,
    )


async def fills(read: Read, merchant_id: UUID, survey_id: UUID) -> dict[str, Fill]:
    """How full each quota is."""
    found = await read.all(
        Fill,
        "SELECT quota, most, taken FROM survey_quotas WHERE merchant_id = $1 AND survey_id = $2 ORDER BY quota",
        merchant_id,
        survey_id,
    )
    return {each.quota: each for each in found}


async def recontact_days(read: Read, merchant_id: UUID) -> int:
    """For how many days after one survey of the shop nobody is asked by another."""
    days: int | None = await read.value("SELECT recontact_days FROM survey_rules WHERE merchant_id = $1", merchant_id)
    return RECONTACT_DAYS if days is None else days


async def response(read: Read, merchant_id: UUID, survey_id: UUID, people: Collection[UUID]) -> Response | None:
    """What one of these (one person, as visitor and as buyer) is answering, or has answered; the first they began."""
    return await read.one(
        Response,
        """
        SELECT response_id, version, person, buyer_id, via, began_at, ended_at, ending FROM survey_responses
        WHERE merchant_id = $1 AND survey_id = $2 AND person = ANY($3) ORDER BY began_at, response_id LIMIT 1
        """,
        merchant_id,
        survey_id,
        list(people),
    )


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    question: str
    choices: tuple[str, ...]
    number: float | None
    words: str


async def answers(read: Read, merchant_id: UUID, survey_id: UUID, response_id: ResponseId) -> dict[str, Answer]:
    """What was answered so far, by question."""
    found = await read.all(
        _Kept,
        """
        SELECT question, choices, number, words FROM survey_answers
        WHERE merchant_id = $1 AND survey_id = $2 AND response_id = $3 ORDER BY question
        """,
        merchant_id,
        survey_id,
        response_id,
    )
    return {each.question: Answer(choices=each.choices, number=each.number, words=each.words) for each in found}


async def invited(read: Read, merchant_id: UUID, survey_id: UUID, token: UUID) -> UUID | None:
    """The buyer whom an invitation with this token is for."""
    return await read.value(
        "SELECT buyer_id FROM survey_invitations WHERE merchant_id = $1 AND survey_id = $2 AND token = $3",
        merchant_id,
        survey_id,
        token,
    )


async def of_buyers(read: Read, people: Sequence[UUID], most: int) -> list[dict[str, object]]:
    """What these answered, for who takes along all that is kept of them."""
    rows = await read.fetch(
        """
        SELECT v.asked -> 'title' AS survey, r.via, r.began_at, r.ended_at, a.question, a.choices, a.number, a.words
        FROM survey_responses r JOIN survey_versions v USING (merchant_id, survey_id, version)
        LEFT JOIN survey_answers a USING (merchant_id, survey_id, response_id)
        WHERE r.person = ANY($1) OR r.buyer_id = ANY($1) ORDER BY r.began_at, r.response_id, a.question LIMIT $2
        """,
        list(people),
        most,
    )
    return [dict(row) for row in rows]


async def going_by(read: Read, merchant_id: UUID, segment_id: UUID) -> dict[UUID, Text]:
    """Open surveys of a shop that ask who is in a segment, or count its answers. By id and title."""
    rows = await read.fetch(
        """
        SELECT s.survey_id, v.asked -> 'title' AS title
        FROM surveys s JOIN survey_versions v USING (merchant_id, survey_id, version)
        WHERE s.merchant_id = $1 AND s.state = 'open'
          AND jsonb_path_exists(v.asked, '$.** ? (@.segment_id == $id)', jsonb_build_object('id', $2::text))
        ORDER BY s.created_at DESC, s.survey_id DESC LIMIT $3
        """,
        merchant_id,
        str(segment_id),
        SURVEYS_SHOWN,
    )
    return {row["survey_id"]: Text(row["title"]) for row in rows}
