"""Mails about questions: to the shop's people who may answer, and to who asked, when somebody has answered."""

from collections.abc import Sequence

from steelyard.goods import catalog
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.parties import access, notifications
from steelyard.parties.notifications.model import MailId, QuestionAnswered, QuestionAsked, Template
from steelyard.trade import reviews
from steelyard.trade.reviews.model import QuestionId

MAY_ANSWER = "reviews.answer"
STAFF_TOLD_MAX = 5


async def tell_asked(tx: Tx, events: Sequence[reviews.QuestionAsked]) -> None:
    for event in events:
        question = await reviews.get(tx, QuestionId(event.question_id))
        product = await catalog.product(tx, question.product_id) if question else None
        if question is None or product is None or question.hidden_at is not None:
            continue
        for person in (await access.staff_with(tx, event.merchant_id, MAY_ANSWER))[:STAFF_TOLD_MAX]:
            facts = QuestionAsked(
                name=person.name, title=product.title, question=question.text, link="/merchant/questions"
            )
            await notifications.send(
                tx,
                recipient=person.email,
                template=Template.QUESTION_ASKED,
                locale=person.locale,
                facts=facts,
                mail_id=MailId(ids.derived(question.question_id, Template.QUESTION_ASKED, str(person.account_id))),
            )


async def tell_answered(tx: Tx, events: Sequence[reviews.QuestionAnswered]) -> None:
    for event in events:
        question = await reviews.get(tx, QuestionId(event.question_id))
        if question is None or question.hidden_at is not None:
            continue
        answers = (await reviews.answers_of(tx, [question.question_id]))[question.question_id]
        answer = next((each for each in answers if each.answer_id == event.answer_id), None)
        asker = await access.buyers_account(tx, question.buyer_id)
        product = await catalog.product(tx, question.product_id)
        if answer is None or asker is None or product is None:
            continue
        facts = QuestionAnswered(
            name=asker.name,
            title=product.title,
            question=question.text,
            answer=answer.text,
            by_shop=answer.by_shop,
            link=f"/products/{question.product_id}#questions",
        )
        await notifications.send(
            tx,
            recipient=asker.email,
            template=Template.QUESTION_ANSWERED,
            locale=asker.locale,
            facts=facts,
            mail_id=MailId(ids.derived(answer.answer_id, Template.QUESTION_ANSWERED)),
        )
