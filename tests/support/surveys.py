"""A survey for tests: would they recommend us, which was it, and why; and people who answer it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.text import text
from steelyard.operations import research, segments
from steelyard.operations.research import Answering, ListId, Standing, Wish
from steelyard.operations.research.model import (
    END,
    Answer,
    Comparison,
    Definition,
    Jump,
    Option,
    Question,
    ResponseId,
    Survey,
    SurveyId,
    Type,
    Via,
    When,
)
from steelyard.operations.segments.model import Kind, Segment, SegmentId

BY = "staff:test"
LEAVES = Option(key="o1", text=text("茶叶", "Leaves"))
POTS = Option(key="o2", text=text("茶具", "Pots"))


def question(key: str, kind: Type, words: str, **more: Any) -> Question:
    return Question(key=key, type=kind, text=text(words, words), **more)


LIKELY = question("q1", Type.NPS, "Would you recommend us?")
BOUGHT = question("q2", Type.SINGLE, "What was it?", options=(LEAVES, POTS))
WHY = question(
    "q3",
    Type.LONG,
    "What was wrong with the {q2}?",
    required=False,
    show_if=(When(question="q1", test=Comparison.AT_MOST, value="6"),),
)
LAST = question("q4", Type.SHORT, "Anything else?", required=False)


def asking(*questions: Question, **more: Any) -> Definition:
    chosen = questions or (LIKELY, BOUGHT, WHY, LAST)
    return Definition(**{"title": text("回访", "Your order"), "questions": tuple(chosen), **more})


def jumping() -> Definition:
    """Who would certainly recommend us is asked nothing more."""
    happy = msgspec.structs.replace(LIKELY, jumps=(Jump(test=Comparison.AT_LEAST, value="9", to=END),))
    return asking(happy, BOUGHT, WHY, LAST)


async def opened(db: Database, merchant_id: UUID, definition: Definition | None = None) -> Survey:
    """An open survey of this shop."""
    survey_id = SurveyId(ids.mint())

    async def made(tx: Tx) -> None:
        await research.begin_draft(tx, merchant_id, survey_id, definition or asking(), BY)
        await research.open_(tx, merchant_id, survey_id, BY)

    await db.transact(made)
    return await db.ask(research.survey, merchant_id, survey_id)


def person(buyer_id: UUID | None = None, **more: Any) -> Answering:
    visitor = ids.mint()
    facts: dict[str, Any] = {
        "people": (buyer_id or visitor,), "buyer_id": buyer_id, "visitor_id": visitor, "via": Via.LINK, "locale": "en",
    }  # fmt: skip
    return Answering(**{**facts, **more})


def rated(value: float) -> Answer:
    return Answer(number=value)


def chose(*keys: str) -> Answer:
    return Answer(choices=keys)


def wrote(words: str) -> Answer:
    return Answer(words=words)


async def answered(db: Database, survey: Survey, said: Mapping[str, Answer], who: Answering | None = None) -> Standing:
    """Somebody begins, and gives these answers one by one."""
    somebody = who or person()
    found = await db.transact(research.begin, survey, somebody, ResponseId(ids.mint()))
    for key, each in said.items():
        found = await db.transact(research.answer, survey, somebody, key, each)
    return found


async def interviewed(db: Database, merchant_id: UUID) -> UUID:
    """A list of people to talk to, of whom there are none."""
    segment = Segment(
        merchant_id=merchant_id,
        segment_id=SegmentId(ids.mint()),
        kind=Kind.LIST,
        name=text("访谈", "Talks"),
        owner="Li Na",
    )
    list_id = ListId(ids.mint())
    await db.transact(segments.make_list, segment)
    await db.transact(
        research.draw, merchant_id, list_id, Wish(name="Talks", segment_id=segment.segment_id, wanted=3, seed="s"), BY
    )
    return list_id
