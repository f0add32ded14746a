"""The dictionary's page, and what buyers and shops see of it."""

from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.parties import merchants, screening
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import reviews
from tests.support.browser import Browser, words
from tests.support.consoles import signed_in
from tests.support.received import received, reviewed
from tests.support.world import World, account

SAVED_WORD = {
    "word": "赌博", "action": "refuse", "areas": ["shop", "question", "review"], "language": "", "reason_zh": "违法",
    "reason_en": "It is against the law.", "source": "刑法",
}  # fmt: skip


async def test_words_are_added_tried_changed_and_removed(chief: Browser, db: Database) -> None:
    wrong = await chief.post("/operator/words", {**SAVED_WORD, "word": "！", "areas": []})
    assert wrong.status_code == 422
    assert "Please write a word" in words(wrong) and "Please choose where it counts" in words(wrong)
    assert "It is against the law." in wrong.text, "nothing is lost"

    saved = await chief.follow(await chief.post("/operator/words", SAVED_WORD))
    assert "赌博" in words(saved) and "It is against the law." in words(saved)
    tried = await chief.get("/operator/words", **{"try": "来 赌 博 吧", "try_area": "review"})
    assert "<mark>赌 博</mark>" in tried.text
    nothing = await chief.get("/operator/words", **{"try": "来赌博吧", "try_area": "title"})
    assert "Nothing of the dictionary is in it." in words(nothing)

    (listed,) = (await db.ask(screening.listed, beginning="赌博")).items
    word_id = str(listed.word.word_id)
    edit = await chief.get("/operator/words", edit=word_id)
    assert "Change the word" in words(edit)
    await chief.post("/operator/words", {**SAVED_WORD, "word_id": word_id, "action": "mask"})
    only = await chief.get("/operator/words", action="mask")
    assert "赌博" in words(only) and "国家级" not in words(only)
    for _ in range(2):
        gone = await chief.follow(await chief.post("/operator/words/remove", {"word_id": word_id}))
        assert "赌博" not in words(gone)
    log = words(await chief.get("/operator/audit"))
    assert "Removed a word from the dictionary" in log


async def test_the_file_that_is_exported_can_be_imported(chief: Browser) -> None:
    file = await chief.get("/operator/words", format="csv")
    assert file.headers["content-type"].startswith("text/csv")
    came = await chief.upload("/operator/words/import", {}, {"file": ("words.csv", file.content)})
    told = words(await chief.follow(came))
    assert "0 added, 0 changed, 12 as before." in told, told[:900]
    broken = file.content.decode("utf-8-sig").replace("hold", "forbid", 1).encode()
    refused = await chief.upload("/operator/words/import", {}, {"file": ("words.csv", broken)})
    assert refused.status_code == 422
    assert "action: Please write refuse, hold, mask or allow" in words(refused)
    assert (await chief.upload("/operator/words/import", {}, {})).status_code == 422


async def test_a_shop_is_told_beside_its_name(owner: Browser, chief: Browser, world: World, db: Database) -> None:
    await chief.post("/operator/words", SAVED_WORD)
    refused = await owner.post("/merchant/shop", {"name_zh": "茶", "name_en": "Tea 赌博", "notice_zh": "加微信"})
    assert refused.status_code == 422
    assert 'id="name_en-error"' in refused.text and 'id="notice_zh-error"' in refused.text
    card = (await db.ask(merchants.cards, [world.tea.merchant_id]))[world.tea.merchant_id]
    assert card.name["zh-Hans"] != "茶"


async def test_a_buyer_is_told_beside_the_field_and_appeals(
    app: Litestar, chief: Browser, world: World, db: Database
) -> None:
    await chief.post("/operator/words", SAVED_WORD)
    nuts, buyer = world.items["nuts"], await signed_in(app, world.buyer)
    questions = f"/products/{nuts.product_id}/questions"
    refused = await buyer.post(questions, {"question": "这里赌博吗"})
    assert refused.status_code == 422
    assert "It is against the law." in words(refused) and "这里赌博吗" in refused.text
    asked = await buyer.follow(await buyer.post(questions, {"question": "加微信吗"}))
    assert "Our staff look at its words first" in words(asked) and "加微信吗" not in words(asked)

    assert world.buyer.buyer_id is not None
    buyer_id = BuyerId(world.buyer.buyer_id)
    order, (review_id,) = await reviewed(db, [(nuts.sku_id, 1)], buyer_id, 1, text="很好，加微信")
    assert "Looked at first" in words(await buyer.get("/account/reviews"))
    queue = await chief.get("/operator/reviews")
    assert "Held back" in words(queue) and "A word of the dictionary" in words(queue)
    hide = f"/operator/reviews/review/{review_id}/hide"
    told = await chief.follow(await chief.post(hide, {"reason": "Leads away"}))
    assert "Please choose a ground" in words(told)
    await chief.post(hide, {"ground": "advertising", "reason": "Leads away"})

    mine = await buyer.get("/account/reviews")
    assert "Leads away" in words(mine) and "Why should it stand?" in words(mine)
    empty = await buyer.post(f"/reviews/{review_id}/appeal", {"appeal": " "})
    assert empty.status_code == 422 and f'id="appeal-{review_id}-error"' in empty.text
    await buyer.follow(await buyer.post(f"/reviews/{review_id}/appeal", {"appeal": "It was a joke"}))
    appeals = await chief.get("/operator/reviews", state="appeals")
    assert "It was a joke" in words(appeals) and "Advertising or contact details: Leads away" in words(appeals)
    (appeal,) = (await db.ask(reviews.appeals)).items
    assert "Another member of staff decides" in words(appeals)
    decision = {"decision": "keep", "answer": "Sorry, no"}
    told = await chief.follow(await chief.post(f"/operator/reviews/appeals/{appeal.step_id}", decision))
    assert "You hid this review" in words(told)
    assert await db.ask(reviews.open_appeals) == 1
    second = await signed_in(app, await db.transact(account, "operator", "second", "Second", roles=["operator_admin"]))
    await second.post(f"/operator/reviews/appeals/{appeal.step_id}", decision)
    await second.close()
    mine = await buyer.get("/account/reviews")
    assert "It stays hidden Sorry, no" in words(mine) and "Why should it stand?" not in words(mine)

    other = await signed_in(app, world.other_buyer)
    assert (await other.post(f"/reviews/{review_id}/appeal", {"appeal": "Not mine"})).status_code == 404
    stands = await received(db, [(nuts.sku_id, 1)], buyer_id)
    assert stands.order_id != order.order_id
    await buyer.close()
    await other.close()


async def test_a_follow_up_that_is_refused_is_not_lost(
    app: Litestar, chief: Browser, world: World, db: Database
) -> None:
    await chief.post("/operator/words", SAVED_WORD)
    assert world.buyer.buyer_id is not None
    buyer = await signed_in(app, world.buyer)
    _, (review_id,) = await reviewed(
        db, [(world.items["nuts"].sku_id, 1)], BuyerId(world.buyer.buyer_id), 4, text="Good"
    )
    refused = await buyer.post(f"/reviews/{review_id}/follow-up", {"text": "我去赌博了"})
    assert refused.status_code == 422
    assert f'id="text-{review_id}-error"' in refused.text and "我去赌博了" in refused.text
    await buyer.close()
