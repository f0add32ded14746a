"""What the dictionary holds back, what staff hide on a ground, what authors say against it; and that nothing is ever deleted."""

import re
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

import steelyard
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.parties import access, screening
from steelyard.parties.access.model import Actor
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.screening.model import Action, Area, Word, WordId
from steelyard.trade import reviews
from steelyard.trade.reviews.appeals import NothingToAppeal, NotWhoHidIt
from steelyard.trade.reviews.model import (
    AnswerId,
    Ground,
    Kind,
    QuestionId,
    ReportReason,
    Review,
    ReviewId,
    Rules,
)
from tests.support.received import received, reviewed, said
from tests.support.rivals import meet
from tests.support.world import World, account

SOURCE = Path(steelyard.__file__).parent
LEADS_AWAY = "很好，加 微 信 有优惠"


@pytest.fixture
def buyer(world: World) -> BuyerId:
    assert world.buyer.buyer_id is not None
    return world.buyer.buyer_id


@pytest.fixture
def other(world: World) -> BuyerId:
    assert world.other_buyer.buyer_id is not None
    return world.other_buyer.buyer_id


async def operator(db: Database, world: World) -> Actor:
    return Actor(account=await db.ask(access.account, world.operator.account_id))  # pyright: ignore[reportArgumentType]  # a test's id


async def another(db: Database) -> Actor:
    """Somebody else of the operator's staff."""
    person = await db.transact(account, "operator", "second", "Second", roles=["operator_admin"])
    return Actor(account=await db.ask(access.account, person.account_id))  # pyright: ignore[reportArgumentType]  # a test's id


async def one(db: Database, review_id: ReviewId) -> Review:
    found = await db.ask(reviews.review, review_id)
    assert found is not None
    return found


async def test_a_review_with_a_word_to_look_at_waits_and_counts_when_it_is_shown(
    shop: Database, world: World, buyer: BuyerId
) -> None:
    nuts, chief = world.items["nuts"], await operator(shop, world)
    _, (review_id,) = await reviewed(shop, [(nuts.sku_id, 1)], buyer, 5, text=LEADS_AWAY)

    assert (await one(shop, review_id)).hidden_ground == Ground.HELD
    assert not (await shop.ask(reviews.of_product, nuts.product_id)).items
    assert (await shop.ask(reviews.rating, nuts.product_id)).count == 0
    (waiting,) = (await shop.ask(reviews.reported)).items
    assert (waiting.ground, waiting.reasons, waiting.notes) == (Ground.HELD, [ReportReason.WORDS], ["加 微 信"])
    assert not (await shop.ask(reviews.hidden)).items, "nobody has hidden it"

    for _ in range(2):
        await shop.transact(reviews.show, chief, Kind.REVIEW, review_id)
    assert (await shop.ask(reviews.rating, nuts.product_id)).count == 1
    assert not (await shop.ask(reviews.reported)).items


async def test_what_is_held_back_is_hidden_by_staff_on_a_ground(shop: Database, world: World, buyer: BuyerId) -> None:
    chief = await operator(shop, world)
    _, (review_id,) = await reviewed(shop, [(world.items["nuts"].sku_id, 1)], buyer, 5, text=LEADS_AWAY)
    for ground in ("", "held", "unliked"):
        with pytest.raises(Invalid) as refused:
            await shop.transact(reviews.hide, chief, Kind.REVIEW, review_id, ground, "Because")
        assert set(refused.value.fields) == {"ground"}

    await shop.transact(reviews.hide, chief, Kind.REVIEW, review_id, Ground.ADVERTISING, "Leads away")

    (hidden,) = (await shop.ask(reviews.hidden)).items
    assert (hidden.ground, hidden.notes) == (Ground.ADVERTISING, ["Leads away"])


async def test_questions_and_answers_wait_and_are_told_of_when_they_are_shown(
    shop: Database, world: World, buyer: BuyerId, other: BuyerId
) -> None:
    nuts, chief = world.items["nuts"], await operator(shop, world)
    await received(shop, [(nuts.sku_id, 1)], buyer)
    question_id, answer_id = QuestionId(ids.mint()), AnswerId(ids.mint())
    assert not await shop.transact(reviews.ask, question_id, nuts.product_id, other, "Bo", "加微信问？", "zh-Hans")
    assert not (await shop.ask(reviews.questions_of_product, nuts.product_id)).items
    await shop.transact(reviews.show, chief, Kind.QUESTION, question_id)
    assert (await shop.ask(reviews.questions_of_product, nuts.product_id)).items

    for _ in range(2):
        assert not await shop.transact(reviews.answer_as_buyer, question_id, answer_id, [buyer], "Li Na", "加微信说")
    shown = (await shop.ask(reviews.answers_of, [question_id]))[question_id]
    question = await shop.ask(reviews.get, question_id)
    assert question is not None
    assert (shown, question.answers) == ([], 0)
    await shop.transact(reviews.hide, chief, Kind.ANSWER, answer_id, Ground.ADVERTISING, "Leads away")
    await shop.transact(reviews.show, chief, Kind.ANSWER, answer_id)
    question = await shop.ask(reviews.get, question_id)
    assert question is not None
    assert question.answers == 1


async def test_what_cannot_wait_is_refused_and_masked_words_are_starred(
    shop: Database, world: World, buyer: BuyerId
) -> None:
    mask = Word(word_id=WordId(ids.mint()), word="笨蛋", action=Action.MASK, areas=[Area.REVIEW, Area.REPLY])
    await shop.transact(screening.save_word, Actor(), mask)
    order, (review_id,) = await reviewed(shop, [(world.items["nuts"].sku_id, 1)], buyer, 2, text="卖家笨蛋")
    assert (await one(shop, review_id)).text == "卖家**"

    with pytest.raises(Invalid) as refused:
        await shop.transact(reviews.follow_up, order.merchant_id, review_id, [buyer], LEADS_AWAY)
    assert set(refused.value.fields) == {"text"}
    with pytest.raises(Invalid) as refused:
        await shop.transact(reviews.reply, order.merchant_id, review_id, "加微信退款")
    assert set(refused.value.fields) == {"reply"}
    await shop.transact(reviews.reply, order.merchant_id, review_id, "你才笨-蛋")
    assert (await one(shop, review_id)).reply == "你才***"


async def test_an_author_appeals_once_and_the_answer_is_on_record(
    shop: Database, world: World, buyer: BuyerId, other: BuyerId
) -> None:
    nuts, chief = world.items["nuts"], await operator(shop, world)
    _, (review_id,) = await reviewed(shop, [(nuts.sku_id, 1)], buyer, 1, text="Stale")
    with pytest.raises(NothingToAppeal):
        await shop.transact(reviews.appeal, review_id, [buyer], "It is true")
    await shop.transact(reviews.hide, chief, Kind.REVIEW, review_id, Ground.FALSE, "No proof")
    with pytest.raises(NotFound):
        await shop.transact(reviews.appeal, review_id, [other], "Not mine")
    with pytest.raises(Invalid):
        await shop.transact(reviews.appeal, review_id, [buyer], " ")
    for words in ("It is true", "It is very true"):
        await shop.transact(reviews.appeal, review_id, [buyer], words)
    (appeal,) = (await shop.ask(reviews.appeals)).items
    assert (appeal.words, appeal.ground, appeal.reason) == ("It is true", Ground.FALSE, "No proof")
    assert await shop.ask(reviews.open_appeals) == 1

    second = await another(shop)
    with pytest.raises(NotWhoHidIt):
        await shop.transact(reviews.decide_appeal, chief, appeal.step_id, granted=True, answer="It does")
    with pytest.raises(Invalid):
        await shop.transact(reviews.decide_appeal, second, appeal.step_id, granted=True, answer="")
    for granted in (True, False):
        await shop.transact(
            reviews.decide_appeal, second, appeal.step_id, granted=granted, answer="The photograph proves it"
        )

    assert (await one(shop, review_id)).hidden_at is None
    assert (await shop.ask(reviews.rating, nuts.product_id)).count == 1
    known = (await shop.ask(reviews.appeals_of, [await one(shop, review_id)]))[review_id]
    assert (known.granted, known.answer) == (True, "The photograph proves it")
    steps = await shop.ask(_steps, review_id)
    assert [step for step, _ in steps] == ["hidden", "shown"]
    log = [entry.action for entry in (await shop.ask(access.audit_log, nuts.merchant_id)).items]
    assert {"reviews.hide_review", "reviews.appeal", "reviews.show_review"} <= set(log)


async def _steps(read: Read, review_id: ReviewId) -> list[tuple[str, str]]:
    rows = await read.fetch(
        "SELECT act, reason FROM moderation_steps WHERE subject_id = $1 ORDER BY at, step_id", review_id
    )
    return [(row["act"], row["reason"]) for row in rows]


async def test_an_appeal_has_its_time_and_none_is_decided_twice_at_once(
    shop: Database, world: World, buyer: BuyerId
) -> None:
    chief = await operator(shop, world)
    _, (review_id,) = await reviewed(shop, [(world.items["nuts"].sku_id, 1)], buyer, 1, text="Stale")
    await shop.transact(reviews.hide, chief, Kind.REVIEW, review_id, Ground.ABUSE, "Rude")
    await shop.transact(reviews.appeal, review_id, [buyer], "Was it?")
    (appeal,) = (await shop.ask(reviews.appeals)).items
    second = await another(shop)
    await meet(
        shop,
        lambda tx: reviews.decide_appeal(tx, second, appeal.step_id, granted=False, answer="It was"),
        lambda tx: reviews.decide_appeal(tx, second, appeal.step_id, granted=True, answer="It was not"),
    )
    known = (await shop.ask(reviews.appeals_of, [await one(shop, review_id)]))[review_id]
    assert (known.granted, known.answer) == (False, "It was")
    assert (await one(shop, review_id)).hidden_at is not None

    hidden = await one(shop, review_id)
    assert hidden.hidden_at is not None
    last = hidden.hidden_at + timedelta(days=30)
    assert reviews.appealable(hidden, last) and not reviews.appealable(hidden, last + timedelta(seconds=1))
    await shop.transact(_long_ago)
    with pytest.raises(NothingToAppeal):
        await shop.transact(reviews.appeal, review_id, [buyer], "Now, too")


async def _long_ago(tx: Tx) -> None:
    await tx.execute("UPDATE reviews SET hidden_at = hidden_at - interval '31 days' WHERE hidden_at IS NOT NULL")


@pytest.mark.parametrize("table", ["reviews", "questions", "answers", "review_appeals", "moderation_steps"])
async def test_nobody_can_delete_what_people_said(shop: Database, world: World, table: str) -> None:
    """Neither staff nor a merchant nor a mistake of ours: the roles that the program acts as lack the privilege."""

    async def delete(tx: Tx) -> None:
        await tx.execute(f"DELETE FROM {table}")  # pyright: ignore[reportArgumentType]  # names of ours

    for db in (shop, shop.as_merchant(world.tea.merchant_id)):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.transact(delete)


def test_only_its_author_changes_what_a_review_says() -> None:
    """Of all statements of the program one changes a review's stars and words: where its author speaks after silence."""
    changing: list[str] = []
    for path in sorted(SOURCE.rglob("*.py")):
        for statement in re.findall(r"UPDATE reviews\b.*?\"\"\"", path.read_text(encoding="utf-8"), re.DOTALL):
            said = statement.split("WHERE")[0].split("FROM")[0]
            if re.search(r"\b(stars|text|follow_up) =", said):
                changing.append(path.relative_to(SOURCE).as_posix())
    assert changing == ["trade/reviews/service.py"] * 2, "the follow-up, and what is said after silence"


async def test_who_speaks_after_silence_keeps_the_row(shop: Database, world: World, buyer: BuyerId) -> None:
    nuts = world.items["nuts"]
    order = await received(shop, [(nuts.sku_id, 1)], buyer)
    await shop.transact(_delivered_long_ago)
    chief = await operator(shop, world)
    await shop.transact(reviews.set_rules, chief, Rules(write_days=90, follow_up_days=180, automatic_days=15))
    assert await shop.transact(reviews.review_silence) == 1
    mine = said(order, 3, text=LEADS_AWAY)

    for _ in range(2):
        await shop.transact(reviews.write, mine, [buyer])

    review = await one(shop, mine.lines[0].review_id)
    assert (review.stars, review.automatic, review.hidden_ground) == (3, False, Ground.HELD)
    assert (await shop.ask(reviews.rating, nuts.product_id)).silent == 0
    assert await shop.ask(_count) == 1


async def _delivered_long_ago(tx: Tx) -> None:
    await tx.execute(
        "UPDATE orders SET completed_at = completed_at - interval '20 days', delivered_at = delivered_at - interval '20 days'"
    )


async def _count(read: Read) -> int:
    return await read.value("SELECT count(*) FROM reviews")


async def test_what_comes_in_a_file_waits_like_what_is_typed(shop: Database, world: World, buyer: BuyerId) -> None:
    nuts, chief = world.items["nuts"], await operator(shop, world)
    masked = Word(word_id=WordId(ids.mint()), word="笨蛋", action=Action.MASK, areas=[Area.REVIEW, Area.ANSWER])
    await shop.transact(screening.save_word, chief, masked)
    bad, good = [await received(shop, [(nuts.sku_id, 1)], buyer) for _ in range(2)]
    past = [
        reviews.PastReview(
            merchant_id=order.merchant_id,
            review_id=ids.mint(),
            product_id=nuts.product_id,
            sku_id=nuts.sku_id,
            order_id=order.order_id,
            line=1,
            buyer_id=buyer,
            author="Li Na",
            locale="zh-Hans",
            options=[],
            stars=5,
            written_at=order.placed_at,
            text="不是笨蛋的茶",
            reply=reply,
            replied_at=order.placed_at,
        )
        for order, reply in ((bad, "請加微信"), (good, "谢谢"))
    ]
    answers = [
        reviews.PastAnswer(
            answer_id=ids.mint(), by_shop=False, writer_id=buyer, author="Bo", text=said, answered_at=bad.placed_at
        )
        for said in (LEADS_AWAY, "笨蛋！")
    ]
    question = reviews.PastQuestion(
        merchant_id=bad.merchant_id,
        question_id=ids.mint(),
        product_id=nuts.product_id,
        buyer_id=buyer,
        author="Bo",
        locale="zh-Hans",
        text="好喝吗？",
        asked_at=bad.placed_at,
        answers=answers,
    )

    await shop.transact(reviews.bulk_reviews, past, [])
    await shop.transact(reviews.bulk_questions, [question])

    (shown,) = (await shop.ask(reviews.of_product, nuts.product_id)).items
    assert (shown.review_id, shown.text) == (past[1].review_id, "不是**的茶")
    assert (await shop.ask(reviews.rating, nuts.product_id)).count == 1
    waiting = (await shop.ask(reviews.reported)).items
    assert {(each.kind, each.notes[0]) for each in waiting} == {(Kind.REVIEW, "加微信"), (Kind.ANSWER, "加 微 信")}
    (asked,) = (await shop.ask(reviews.questions_of_product, nuts.product_id)).items
    assert asked.answers == 1
