"""Answering a survey: begun once by each person, kept answer by answer, ended once.

Who answers holds the row of their response, so that of two clicks at once the second finds what the first has written.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from steelyard.kernel import events
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.operations import behaviour, lifecycle, segments
from steelyard.operations.behaviour import Behaviour, Kind, Property, Surface
from steelyard.operations.research.events import SurveyAnswered
from steelyard.operations.research.logic import ANSWER, counts_for, way
from steelyard.operations.research.model import (
    RATED,
    Answer,
    Definition,
    Ending,
    Question,
    Response,
    ResponseId,
    State,
    Survey,
    SurveyIsOver,
    Type,
    Via,
)
from steelyard.operations.research.queries import answers as answers_of
from steelyard.operations.research.queries import response, version
from steelyard.parties.customers.model import BuyerId


class Answering(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers: `people` are all ids that they are known by, the one that counts first; none of `buyer_id`: a stranger, or
    nobody may know."""

    people: tuple[UUID, ...]
    buyer_id: UUID | None
    visitor_id: UUID
    via: Via
    locale: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How far somebody is: what they answered, and what comes next (none: nothing does)."""

    asked: Definition
    response: Response
    answers: Mapping[str, Answer]
    behind: tuple[Question, ...]
    next: Question | None

    @property
    def over(self) -> bool:
        return self.response.ended_at is not None


async def begin(
    tx: Tx, survey_: Survey, who: Answering, response_id: ResponseId, at: datetime | None = None
) -> Standing:
    """Begin to answer, or go on where one had stopped: there is one answer of each person. Raises `SurveyIsOver` for who has
    not begun before it was closed."""
    known = await response(tx, survey_.merchant_id, survey_.survey_id, who.people)
    if known is None:
        if survey_.state is not State.OPEN:
            raise SurveyIsOver()
        await tx.execute(
            """
            INSERT INTO survey_responses (merchant_id, survey_id, response_id, version, person, buyer_id, via, locale, began_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING
            """,
            survey_.merchant_id,
            survey_.survey_id,
            response_id,
            survey_.version,
            who.people[0],
            who.buyer_id,
            who.via,
            who.locale,
            at or datetime.now(UTC),
        )
        known = await response(tx, survey_.merchant_id, survey_.survey_id, who.people)
    assert known is not None, "somebody has begun it, be it a moment ago in another window"
    return await standing(tx, survey_, known)


async def standing(read: Read, survey_: Survey, known: Response) -> Standing:
    """How far this response is."""
    asked = (
        survey_.asked
        if survey_.asked is not None and known.version == survey_.version
        else await version(read, survey_.merchant_id, survey_.survey_id, known.version)
    )
    said = await answers_of(read, survey_.merchant_id, survey_.survey_id, known.response_id)
    behind, following = way(asked, said)
    return Standing(
        asked=asked,
        response=known,
        answers=said,
        behind=tuple(behind),
        next=None if known.ended_at is not None else following,
    )


async def answer(
    tx: Tx, survey_: Survey, who: Answering, key: str, said: Answer, at: datetime | None = None
) -> Standing:
    """Keep the answer to a question, which may be one that was answered before; with the last one the survey is ended. Said
    twice, nothing changes, and of who has ended nothing does. Raises `NotFound` for who has not begun, `SurveyIsOver`,
    `Invalid` for a question that is not on the way."""
    known = await _held(tx, survey_, who.people)
    now = await standing(tx, survey_, known)
    if now.over:
        return now
    if survey_.state is not State.OPEN:
        raise SurveyIsOver()
    if key not in {each.key for each in now.behind} | ({now.next.key} if now.next else set()):
        raise Invalid({"a": ANSWER})
    await tx.execute(
        """
        INSERT INTO survey_answers (merchant_id, survey_id, response_id, question, choices, number, words)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (merchant_id, survey_id, response_id, question) DO UPDATE
        SET choices = excluded.choices, number = excluded.number, words = excluded.words, at = now()
        """,
        survey_.merchant_id,
        survey_.survey_id,
        known.response_id,
        key,
        list(said.choices),
        said.number,
        said.words,
    )
    now = await standing(tx, survey_, known)
    inside = await _segments_of(tx, survey_, who.buyer_id)
    full = await _is_full(tx, survey_, now, inside)
    if now.next is not None and not full:
        return now
    return await _ended(tx, survey_, who, now, inside, at or datetime.now(UTC))


async def _held(tx: Tx, survey_: Survey, people: Collection[UUID]) -> Response:
    await tx.execute(
        """
        SELECT FROM survey_responses WHERE merchant_id = $1 AND survey_id = $2 AND person = ANY($3)
        ORDER BY response_id FOR NO KEY UPDATE
        """,
        survey_.merchant_id,
        survey_.survey_id,
        list(people),
    )
    known = await response(tx, survey_.merchant_id, survey_.survey_id, people)
    if known is None:
        raise NotFound()
    return known


async def _segments_of(read: Read, survey_: Survey, buyer_id: UUID | None) -> frozenset[UUID]:
    if buyer_id is None:
        return frozenset()
    return (await segments.inside(read, survey_.merchant_id, [buyer_id])).get(buyer_id, frozenset())


def _wanted(now: Standing, inside: frozenset[UUID]) -> list[str]:
    """The quotas that count somebody who answers so far like this; an answer that is off the way counts no more."""
    said = {each.key: now.answers[each.key] for each in now.behind}
    return sorted(each.key for each in now.asked.quotas if counts_for(each, said, inside))


async def _is_full(read: Read, survey_: Survey, now: Standing, inside: frozenset[UUID]) -> bool:
    """Whether enough have answered like this already: then nobody is asked the rest in vain."""
    return bool(
        await read.value(
            """
            SELECT EXISTS (SELECT FROM survey_quotas
                           WHERE merchant_id = $1 AND survey_id = $2 AND quota = ANY($3) AND taken >= most)
            """,
            survey_.merchant_id,
            survey_.survey_id,
            _wanted(now, inside),
        )
    )


async def _ended(  # who, how far, in which segments, and when
    tx: Tx, survey_: Survey, who: Answering, now: Standing, inside: frozenset[UUID], at: datetime
) -> Standing:
    """The last answer is there: it counts in every quota that wants it, or in none and in no result."""
    counts = now.next is None and await _take(tx, survey_, _wanted(now, inside))
    ending = Ending.FINISHED if counts else Ending.FULL
    on_the_way = [each.key for each in now.behind]
    await tx.execute(
        """
        DELETE FROM survey_answers WHERE merchant_id = $1 AND survey_id = $2 AND response_id = $3 AND question <> ALL($4)
        """,
        survey_.merchant_id,
        survey_.survey_id,
        now.response.response_id,
        on_the_way,
    )
    stage = await _stage_of(tx, survey_, who.buyer_id)
    await tx.execute(
        """
        UPDATE survey_responses SET ended_at = $4, ending = $5, stage = $6, segments = $7, buyer_id = coalesce(buyer_id, $8)
        WHERE merchant_id = $1 AND survey_id = $2 AND response_id = $3
        """,
        survey_.merchant_id,
        survey_.survey_id,
        now.response.response_id,
        at,
        ending,
        stage,
        sorted(inside),
        who.buyer_id,
    )
    if ending is Ending.FINISHED:
        await _told(tx, survey_, who, now, at)
    ended = msgspec.structs.replace(now.response, ended_at=at, ending=ending)
    return msgspec.structs.replace(now, response=ended, next=None)


async def _take(tx: Tx, survey_: Survey, quotas: list[str]) -> bool:
    """Count this one in all of these quotas, or in none where one of them is full."""
    rows = await tx.fetch(
        """
        SELECT quota, taken < most AS room FROM survey_quotas WHERE merchant_id = $1 AND survey_id = $2 AND quota = ANY($3)
        ORDER BY quota FOR NO KEY UPDATE
        """,
        survey_.merchant_id,
        survey_.survey_id,
        quotas,
    )
    if not all(row["room"] for row in rows):
        return False
    await tx.execute(
        """
        UPDATE survey_quotas SET taken = taken + 1 WHERE merchant_id = $1 AND survey_id = $2 AND quota = ANY($3)
        """,
        survey_.merchant_id,
        survey_.survey_id,
        quotas,
    )
    return True


async def _stage_of(read: Read, survey_: Survey, buyer_id: UUID | None) -> str | None:
    if buyer_id is None:
        return None
    known = await lifecycle.facts_of(read, survey_.merchant_id, [BuyerId(buyer_id)])
    found = known.get(BuyerId(buyer_id))
    return None if found is None else str(found.stage)


async def _told(tx: Tx, survey_: Survey, who: Answering, now: Standing, at: datetime) -> None:
    """Segments, the customer's page and whoever listens hear of it; of an anonymous survey that somebody answered, not who."""
    if who.buyer_id is not None:
        said = {each.key: now.answers[each.key] for each in now.behind if each.type is not Type.LONG}
        await segments.note_answers(
            tx,
            survey_.merchant_id,
            survey_.survey_id,
            who.buyer_id,
            [segments.Said(question=key, choices=each.choices, number=each.number) for key, each in said.items()],
        )
        rated = next((each for each in now.behind if each.type in RATED), None)
        number = None if rated is None else now.answers[rated.key].number
        told: dict[str, Property] = {"survey": str(survey_.survey_id), "words": str(now.asked.title)[:100]}
        if rated is not None and number is not None:
            told |= {"rated": int(number), "of": str(rated.type)}
        await behaviour.record(
            tx,
            [
                Behaviour(
                    kind=Kind.SURVEY_ANSWER,
                    visitor_id=who.visitor_id,
                    at=at,
                    event_id=now.response.response_id,
                    merchant_id=survey_.merchant_id,
                    buyer_id=who.buyer_id,
                    surface=Surface.MAIL if who.via is Via.MAIL else Surface.STOREFRONT,
                    properties=told,
                )
            ],
        )
    await events.publish(
        tx,
        SurveyAnswered(
            merchant_id=survey_.merchant_id,
            survey_id=survey_.survey_id,
            response_id=now.response.response_id,
            buyer_id=who.buyer_id,
        ),
    )
