"""Questions and answers: anybody asks, the shop and past buyers answer."""

import asyncio

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid, NotFound, TooMany
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import reviews
from steelyard.trade.reviews.model import (
    QUESTIONS_A_DAY_MAX,
    AnswerId,
    Ground,
    Kind,
    MayNotAnswer,
    OwnAnswer,
    QuestionId,
    ReportReason,
)
from tests.support import deal
from tests.support.world import World


@pytest.fixture
def buyer(world: World) -> BuyerId:
    assert world.buyer.buyer_id is not None
    return world.buyer.buyer_id


async def asked(db: Database, world: World, buyer: BuyerId, text: str = "Are they salted?") -> QuestionId:
    question_id = QuestionId(ids.mint())
    for _ in range(2):
        await db.transact(
            reviews.ask, question_id, world.items["nuts"].product_id, buyer, "Wang Wei", f"  {text}\n", "en"
        )
    return question_id


async def test_a_question_is_asked_once_and_the_shop_answers(shop: Database, world: World, buyer: BuyerId) -> None:
    nuts = world.items["nuts"]
    question_id = await asked(shop, world, buyer)
    assert (await shop.ask(reviews.waiting_for_shop, nuts.merchant_id)).questions == 1
    as_shop = shop.as_merchant(nuts.merchant_id)
    answer_id = AnswerId(ids.mint())

    for _ in range(2):
        await as_shop.transact(
            reviews.answer_as_shop, nuts.merchant_id, question_id, answer_id, world.tea.owner.account_id, "Lightly."
        )

    (question,) = (await shop.ask(reviews.questions_of_product, nuts.product_id)).items
    assert (question.text, question.author, question.answers) == ("Are they salted?", "W***i", 1)
    (answer,) = (await shop.ask(reviews.answers_of, [question_id]))[question_id]
    assert answer.by_shop and answer.text == "Lightly."
    assert (await shop.ask(reviews.waiting_for_shop, nuts.merchant_id)).questions == 0
    assert not (await as_shop.ask(reviews.questions_of_merchant, nuts.merchant_id, unanswered=True)).items


async def test_another_shop_does_not_answer(shop: Database, world: World, buyer: BuyerId) -> None:
    question_id = await asked(shop, world, buyer)
    tools = world.tools.merchant_id
    for db, merchant_id in ((shop.as_merchant(tools), tools), (shop.as_merchant(tools), world.tea.merchant_id)):
        with pytest.raises(NotFound):
            await db.transact(
                reviews.answer_as_shop, merchant_id, question_id, AnswerId(ids.mint()), ids.mint(), "Buy ours"
            )


async def test_only_who_bought_it_answers(shop: Database, world: World, buyer: BuyerId) -> None:
    question_id = await asked(shop, world, buyer)
    other = BuyerId(ids.mint())
    answering = (reviews.answer_as_buyer, question_id, AnswerId(ids.mint()), [other], "Li Na", "A little")
    with pytest.raises(MayNotAnswer):
        await shop.transact(*answering)
    await deal.placed(shop, [(world.items["nuts"].sku_id, 1)], other)
    with pytest.raises(MayNotAnswer):
        await shop.transact(*answering)
    await deal.paid(shop, [(world.items["nuts"].sku_id, 1)], other)

    await shop.transact(*answering)

    (answer,) = (await shop.ask(reviews.answers_of, [question_id]))[question_id]
    assert not answer.by_shop
    assert answer.author == "L***a"


async def test_questions_have_their_limits(shop: Database, world: World, buyer: BuyerId) -> None:
    for text in ("  ", "x" * 201):
        with pytest.raises(Invalid):
            await asked(shop, world, buyer, text)
    for number in range(QUESTIONS_A_DAY_MAX):
        await shop.transact(
            reviews.ask, QuestionId(ids.mint()), world.items["nuts"].product_id, buyer, "", f"Question {number}", "en"
        )
    with pytest.raises(TooMany):
        await asked(shop, world, buyer)
    page = await shop.ask(reviews.questions_of_product, world.items["nuts"].product_id, limit=15)
    rest = await shop.ask(reviews.questions_of_product, world.items["nuts"].product_id, page.next, 15)
    assert (len(page.items), len(rest.items), rest.next) == (15, 5, None)


async def test_what_is_hidden_is_not_shown(shop: Database, world: World, buyer: BuyerId) -> None:
    nuts = world.items["nuts"]
    question_id, answer_id = await asked(shop, world, buyer), AnswerId(ids.mint())
    await shop.transact(reviews.answer_as_shop, nuts.merchant_id, question_id, answer_id, ids.mint(), "Rude words")
    chief = Actor(account=await shop.ask(access.account, world.operator.account_id))  # pyright: ignore[reportArgumentType]  # a test's id
    for kind, subject in ((Kind.ANSWER, answer_id), (Kind.QUESTION, question_id)):
        await shop.transact(reviews.report, kind, subject, buyer, ReportReason.ABUSE, "Really")
    assert [each.kind for each in (await shop.ask(reviews.reported)).items] == [Kind.ANSWER, Kind.QUESTION]

    await shop.transact(reviews.hide, chief, Kind.ANSWER, answer_id, Ground.ABUSE, "Abuse")
    assert (await shop.ask(reviews.answers_of, [question_id]))[question_id] == []
    await shop.transact(reviews.hide, chief, Kind.QUESTION, question_id, Ground.ABUSE, "Abuse")
    assert not (await shop.ask(reviews.questions_of_product, nuts.product_id)).items
    await shop.transact(reviews.show, chief, Kind.ANSWER, answer_id)
    await shop.transact(reviews.show, chief, Kind.QUESTION, question_id)
    assert (await shop.ask(reviews.questions_of_product, nuts.product_id)).items[0].answers == 1


async def test_an_answer_is_found_helpful_once_by_each_reader_and_stands_before_others(
    shop: Database, world: World, buyer: BuyerId
) -> None:
    nuts, question_id = world.items["nuts"], await asked(shop, world, buyer)
    writers = [BuyerId(ids.mint()) for _ in range(2)]
    answers = [AnswerId(ids.mint()) for _ in writers]
    for writer, answer_id in zip(writers, answers, strict=True):
        await deal.paid(shop, [(nuts.sku_id, 1)], writer)
        await shop.transact(reviews.answer_as_buyer, question_id, answer_id, [writer], "Li Na", "A little")
    vote = reviews.vote_for_answer
    with pytest.raises(OwnAnswer):
        await shop.transact(vote, answers[1], writers[1], helpful=True)
    with pytest.raises(NotFound):
        await shop.transact(vote, AnswerId(ids.mint()), buyer, helpful=True)

    for helpful in (True, True, False, False, True, True):
        assert await shop.transact(vote, answers[1], buyer, helpful=helpful) == nuts.product_id

    found = (await shop.ask(reviews.answers_of, [question_id], reader=buyer))[question_id]
    assert [(each.answer_id, each.helpful, each.voted) for each in found] == [
        (answers[1], 1, True), (answers[0], 0, False),
    ]  # fmt: skip
    theirs = (await shop.ask(reviews.answers_of, [question_id], reader=writers[0]))[question_id]
    assert not any(each.voted for each in theirs)


async def test_two_clicks_at_once_are_one_vote(shop: Database, world: World, buyer: BuyerId) -> None:
    nuts, question_id, answer_id = world.items["nuts"], await asked(shop, world, buyer), AnswerId(ids.mint())
    await shop.transact(
        reviews.answer_as_shop, nuts.merchant_id, question_id, answer_id, world.tea.owner.account_id, "Lightly."
    )
    readers = [buyer, buyer, BuyerId(ids.mint()), BuyerId(ids.mint())]
    await asyncio.gather(
        *(shop.transact(reviews.vote_for_answer, answer_id, each, helpful=True) for each in readers * 3)
    )
    (answer,) = (await shop.ask(reviews.answers_of, [question_id]))[question_id]
    assert answer.helpful == 3
