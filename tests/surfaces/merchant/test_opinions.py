"""A shop's staff reply to reviews and answer questions; the operator's staff decide on what is reported."""

from litestar import Litestar

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.parties import access
from steelyard.trade import reviews
from steelyard.trade.reviews.model import Kind, QuestionId, ReportReason
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.consoles import signed_in
from tests.support.received import reviewed
from tests.support.world import World


async def test_a_review_is_replied_to_in_place(db: Database, world: World, owner: Browser) -> None:
    nuts = world.items["nuts"]
    assert world.buyer.buyer_id is not None
    _, (review_id,) = await reviewed(db, [(nuts.sku_id, 1)], world.buyer.buyer_id, 2, text="Too salty")
    assert "Too salty" in words(await owner.get("/merchant/reviews", state="low"))
    here = f"/merchant/reviews/{review_id}/reply"
    wrong = await owner.post(here, {"reply": "x" * 501, "tab": "low"})
    assert wrong.status_code == 422 and "x" * 501 in wrong.text and "This text is too long" in words(wrong)

    for _ in range(2):
        done = await owner.post(here, {"reply": "We are sorry", "tab": "low"})
        assert "Everything has its reply" in words(await owner.follow(done))

    assert "We are sorry" in words(await owner.get(f"/products/{nuts.product_id}"))
    log = (await db.ask(access.audit_log, world.tea.merchant_id)).items
    assert [entry.action for entry in log].count("reviews.reply") == 1
    await owner.post(f"/merchant/reviews/{review_id}/report", {"reason": "false"})
    assert await db.ask(reviews.open_reports) == 1


async def test_a_question_is_answered_and_both_are_told_by_mail(db: Database, world: World, owner: Browser) -> None:
    nuts, asker = world.items["nuts"], world.buyer.buyer_id
    assert asker is not None
    question_id = QuestionId(ids.mint())
    await db.transact(reviews.ask, question_id, nuts.product_id, asker, "Li Na", "Salted?", "en")
    assert "Salted?" in words(await owner.get("/merchant/questions"))
    answer = {"answer": "Lightly.", "answer_id": str(ids.mint())}

    for _ in range(2):
        await owner.post(f"/merchant/questions/{question_id}/answer", answer)

    assert "Lightly." in words(await owner.get(f"/products/{nuts.product_id}/questions"))
    await deal.at_rest(db)
    sent = await db.ask(lambda read: read.fetch("SELECT recipient, template FROM mails ORDER BY template, recipient"))
    told = [(row["template"], row["recipient"]) for row in sent]
    assert ("question_answered", world.buyer.email) in told
    assert ("question_asked", world.tea.owner.email) in told
    assert not any(recipient.startswith("tools.") for _, recipient in told)


async def test_what_is_reported_is_hidden_with_a_reason_or_left_to_stand(
    app: Litestar, db: Database, world: World, owner: Browser
) -> None:
    nuts = world.items["nuts"]
    assert world.buyer.buyer_id is not None and world.other_buyer.buyer_id is not None
    _, (review_id,) = await reviewed(db, [(nuts.sku_id, 1)], world.buyer.buyer_id, 1, text="Call 123 for cheaper nuts")
    await db.transact(
        reviews.report, Kind.REVIEW, review_id, world.other_buyer.buyer_id, ReportReason.ADVERTISING, "A number"
    )
    chief = await signed_in(app, world.operator)
    page = words(await chief.get("/operator/reviews"))
    assert "Call 123" in page and "Advertising or contact details" in page and "A number" in page

    assert (await chief.post(f"/operator/reviews/order/{review_id}/hide", {"reason": "x"})).status_code == 404
    await chief.post(f"/operator/reviews/review/{review_id}/hide", {"ground": "advertising", "reason": "Advertising"})
    assert "Call 123" not in words(await chief.get(f"/products/{nuts.product_id}"))
    assert "Call 123" in words(await chief.get("/operator/reviews", state="hidden"))
    await chief.post(f"/operator/reviews/review/{review_id}/show")
    assert "Call 123" in words(await chief.get(f"/products/{nuts.product_id}"))

    wrong = await chief.post("/operator/reviews/rules", {"write_days": "0", "follow_up_days": "30"})
    assert wrong.status_code == 422
    await chief.post("/operator/reviews/rules", {"write_days": "30", "follow_up_days": "60", "automatic_days": "15"})
    assert (await db.ask(reviews.rules)).automatic_days == 15
    await chief.close()


async def test_a_shop_reads_how_its_scores_come_about(owner: Browser, world: World, db: Database) -> None:
    assert "No scores yet" in words(await owner.get("/merchant/reviews/scores"))
    assert world.buyer.buyer_id is not None
    await reviewed(db, [(world.items["nuts"].sku_id, 1)], world.buyer.buyer_id, 4, service=5, logistics=5)
    await db.transact(_sent_late)
    await db.transact(reviews.score_shops)

    page = words(await owner.get("/merchant/reviews/scores"))
    assert "1 of 1 −0.25" in page and "4.75" in page and "0 of 1" in page
    assert "How they come about" in words(await owner.get("/merchant/reviews"))
    file = await owner.get("/merchant/reviews/scores", format="csv")
    assert ",4.0,5.0,4.75,1,0,1,1" in file.text


async def _sent_late(tx: Tx) -> None:
    await tx.execute("UPDATE orders SET paid_at = paid_at - interval '3 days', shipped_at = now()")
