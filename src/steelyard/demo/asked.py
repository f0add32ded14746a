"""What the demo marketplace asks: an NPS survey of its first shop with two hundred answers, one of the marketplace on pages, and
interviews with customers of the first shop."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import msgspec

from steelyard.demo.products import made
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.text import text
from steelyard.operations import research, segments
from steelyard.operations.analytics import MARKETPLACE
from steelyard.operations.research import Answering, ListId, Wish
from steelyard.operations.research.model import (
    Answer,
    Definition,
    Question,
    ResponseId,
    Survey,
    SurveyId,
    Talk,
    Trigger,
    Type,
    Via,
)

BY = "system"
ANSWERS = 200
DAYS = 42
BUYERS = 80
# How people of the demo rate: weights of 0 to 10.
RATED = (1, 0, 1, 2, 2, 5, 6, 12, 18, 22, 31)
MENDED = (("o1", 14), ("o2", 22), ("o3", 34), ("o4", 16), ("o5", 10), ("other", 4))
LIKED = (
    "鞋子很软，走一天不累",
    "皮质很好，做工细",
    "客服回复很快，有耐心",
    "码数很准，穿着舒服",
    "皮质摸着很软",
    "做工细，走线整齐",
    "客服耐心，换码很快",
)
WISHED = (
    "物流太慢，等了一个星期", "包装压坏了，盒子都扁了", "物流慢，还不更新", "希望多出大码", "大码总是缺货", "包装盒破了",
    "发货慢，物流也慢", "The delivery took too long", "Please make larger sizes",
)  # fmt: skip


async def ask(db: Database, merchant_id: UUID) -> None:
    """Said twice, nothing is there twice."""
    await db.transact(_open, MARKETPLACE, SurveyId(made("survey", "house")), _of_the_house())
    ready = next(each for each in research.READY if each.key == "nps").make()
    asked = msgspec.structs.replace(ready, trigger=Trigger.NOTHING, after_hours=0, by_mail=False)
    survey_id = SurveyId(made("survey", str(merchant_id), "nps"))
    if await db.transact(_open, merchant_id, survey_id, asked):
        survey = await db.ask(research.survey, merchant_id, survey_id)
        await db.transact(_answered, survey, await db.ask(_buyers, merchant_id))
        await db.transact(_talk, merchant_id)


async def _buyers(read: Read, merchant_id: UUID) -> list[UUID]:
    rows = await read.fetch(
        "SELECT DISTINCT buyer_id FROM orders WHERE merchant_id = $1 AND paid_at IS NOT NULL ORDER BY buyer_id LIMIT $2",
        merchant_id,
        BUYERS,
    )
    return [row["buyer_id"] for row in rows]


async def _open(tx: Tx, merchant_id: UUID, survey_id: SurveyId, definition: Definition) -> bool:
    """Whether it was not open before."""
    if await tx.value("SELECT true FROM surveys WHERE merchant_id = $1 AND survey_id = $2", merchant_id, survey_id):
        return False
    await research.begin_draft(tx, merchant_id, survey_id, definition, BY)
    await research.open_(tx, merchant_id, survey_id, BY)
    return True


def _of_the_house() -> Definition:
    return Definition(
        title=text("逛得还顺手吗？", "Do you find your way?"),
        thanks=text("谢谢，我们会继续改。", "Thank you. We go on mending it."),
        in_page=True,
        questions=(
            Question(
                key="q1",
                type=Type.STARS,
                text=text("找到想要的东西容易吗？", "How easy is it to find what you want?"),
            ),
            Question(
                key="q2",
                type=Type.LONG,
                required=False,
                text=text("哪里不顺手？", "What was in your way?"),
            ),
        ),
    )


async def _answered(tx: Tx, survey: Survey, buyers: list[UUID]) -> None:
    chance = Random(str(survey.survey_id))  # noqa: S311  # a demo's dice
    now = datetime.now(UTC)
    for number in range(ANSWERS):
        visitor = made("survey", str(survey.survey_id), "visitor", str(number))
        buyer_id = buyers[number] if number < len(buyers) else None
        at = now - timedelta(days=DAYS * (ANSWERS - number) / ANSWERS, minutes=5)
        who = Answering(
            people=(buyer_id or visitor,),
            buyer_id=buyer_id,
            visitor_id=visitor,
            via=Via.PAGE if chance.random() < 0.6 else Via.LINK,
            locale="en" if number % 9 == 8 else "zh-Hans",
        )
        at_first = await research.begin(tx, survey, who, ResponseId(made("response", str(visitor))), at)
        key = at_first.next
        rating = chance.choices(range(11), RATED)[0]
        while key is not None:
            standing = await research.answer(tx, survey, who, key.key, _said(key, rating, number, chance), at)
            key = standing.next


def _said(question: Question, rating: int, number: int, chance: Random) -> Answer:
    match question.key:
        case "q1":
            return Answer(number=float(rating))
        case "q2":
            keys = {key for key, weight in MENDED if chance.random() * 60 < weight}
            chosen = tuple(each.key for each in question.options if each.key in keys)
            return Answer(choices=chosen, words="尺码表看不懂" if "other" in keys else "")
        case "q3":
            return Answer(words=LIKED[number % len(LIKED)] if chance.random() < 0.7 else "")
        case _:
            return Answer(words=WISHED[number % len(WISHED)] if rating <= 8 and chance.random() < 0.6 else "")


async def _talk(tx: Tx, merchant_id: UUID) -> None:
    """Interviews are drawn where the shop has a segment; one has taken place."""
    known = await segments.segments(tx, merchant_id)
    if not known:
        return
    largest = max(known, key=lambda each: (each.members, str(each.segment_id)))
    list_id = ListId(made("interviews", str(merchant_id)))
    wish = Wish(name="老客访谈", segment_id=largest.segment_id, wanted=8, seed="2026-11")
    if await research.draw(tx, merchant_id, list_id, wish, BY):
        for following in (Talk.ASKED, Talk.AGREED, Talk.DONE):
            await research.move(tx, merchant_id, list_id, 1, following, BY)
        await research.write_note(tx, merchant_id, list_id, 1, "给父母买鞋，最看重软底；希望有家庭尺码记录。")
