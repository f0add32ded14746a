"""Choosing on a phone, reviewing with a photograph, keeping a product, asking and answering."""

import re
from io import BytesIO
from uuid import uuid4

from PIL import Image
from playwright.async_api import expect

from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.variants import Variant

BUYER = "buyer@steelyard.test"
MERCHANT = "merchant@steelyard.test"
OPERATOR = "operator@steelyard.test"


def photograph() -> bytes:
    out = BytesIO()
    Image.new("RGB", (640, 480), "teal").save(out, "JPEG")
    return out.getvalue()


async def test_what_has_arrived_is_reviewed_with_a_photograph_and_the_shop_replies(
    house: House, visit: Visit, variant: Variant
) -> None:
    buyer = await visit()
    await steps.sign_in(buyer, house, BUYER)
    bought = await steps.buy(buyer, "zoufang", nth=5)
    code = bought.orders["zoufang"]
    merchant = await visit()
    await steps.sign_in(merchant, house, MERCHANT, to="/merchant/orders")
    await steps.send(merchant, code, f"OPINION{variant.number}")
    await buyer.page.reload()
    await steps.receive(buyer, code)
    await buyer.goto("/account/reviews")
    await buyer.look("my-reviews")
    await buyer.page.locator(f"a[href='/orders/{code}/review']").click()
    await expect(buyer.page.locator("h1")).to_have_text(buyer.words("Review"))
    await buyer.look("review")
    said = f"很好 {uuid4().hex[:8]}"
    first = buyer.page.locator("section.card", has=buyer.page.locator("textarea")).first
    await first.locator(".star-input label").nth(3).click()
    await first.locator("textarea").fill(said)
    await first.locator("input[type='file']").set_input_files(
        {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photograph()}
    )
    buyer.allow(422)
    await buyer.button("Send the review").click()
    await expect(buyer.page.locator(".alert.tone-bad").first).to_be_visible()
    await expect(first.locator("textarea")).to_have_value(said)
    for name in ("service", "logistics"):
        await buyer.page.locator(f"#{name} label").nth(4).click()
    await buyer.look("review-mended")
    await buyer.button("Send the review").click()
    review = buyer.page.locator(".review", has_text=said)
    await expect(review.locator(".photos img")).to_have_count(1)
    await review.locator(".photos a").click()
    await expect(buyer.page.locator(".lightbox")).to_be_visible()
    await buyer.press("Escape")
    await expect(buyer.page.locator(".lightbox")).to_be_hidden()

    await merchant.goto("/merchant/reviews")
    written = merchant.page.locator("article", has_text=said)
    await merchant.until(written)
    if not await written.locator("textarea").is_visible():
        await written.locator("details.fold > summary").click()
    await written.locator("textarea").fill(f"谢谢！{said}")
    await merchant.look("merchant-review")
    await merchant.follow(written.get_by_role("button", name=merchant.words("Reply"), exact=True))
    await buyer.goto("/account/reviews")
    mine = buyer.page.locator(".review", has_text=said).first
    await expect(mine.locator(".review-reply")).to_contain_text(f"谢谢！{said}")


async def test_a_question_is_asked_and_its_shop_answers(house: House, visit: Visit) -> None:
    buyer = await visit()
    await buyer.goto("/shops/zoufang")
    await buyer.page.locator(".product-card:not(.product-sold-out) .product-title a").first.click()
    product = re.search(r"/products/([0-9a-f-]+)", buyer.page.url)
    assert product is not None
    await steps.sign_in(buyer, house, BUYER, to=f"/products/{product[1]}/questions")
    asked = f"几天能到？{uuid4().hex[:8]}"
    await buyer.page.locator("textarea[name='question']").fill(asked)
    await buyer.button("Ask").click()
    await expect(buyer.page.locator(".question", has_text=asked)).to_be_visible()
    await buyer.look("questions")

    merchant = await visit()
    await steps.sign_in(merchant, house, MERCHANT, to="/merchant/questions")
    question = merchant.page.locator("article", has_text=asked)
    await merchant.until(question)
    await question.locator("textarea").fill("三天左右。")
    await merchant.look("merchant-questions")
    await merchant.follow(question.get_by_role("button", name=merchant.words("Answer"), exact=True))
    await expect(merchant.page.locator("article", has_text=asked)).to_have_count(0)
    await merchant.goto("/merchant/reviews")
    await merchant.look("merchant-reviews")

    await buyer.goto(f"/products/{product[1]}/questions")
    await expect(buyer.page.locator(".question", has_text=asked).locator(".answer")).to_contain_text("三天左右。")


async def test_a_choice_is_made_and_the_product_kept(house: House, visit: Visit) -> None:
    visitor = await visit()
    page = visitor.page
    await visitor.goto("/shops/zoufang")
    await page.locator(".product-card:not(.product-sold-out) .product-title a").first.click()
    await visitor.look("product")
    await steps.open_choice(visitor)
    value = page.locator(".value.is-have:not([aria-current])").first
    words = await value.locator("span").inner_text()
    await value.click()
    await expect(page.locator("#choose-body .value[aria-current]", has_text=words).first).to_be_visible()
    await expect(page).to_have_url(re.compile(r"\?o0=\d"))
    await visitor.look("product-choice")
    await visitor.press("Escape")

    await page.reload()
    heart = page.locator("[data-favourite][value]:visible").first
    async with page.expect_response("**/favourites"):
        await heart.click()
    await expect(heart).to_have_attribute("aria-pressed", "true")
    await visitor.goto("/account/favourites")
    await expect(page.locator(".product-card")).to_have_count(1)
    await visitor.look("favourites")
    await visitor.goto("/account/history")
    await visitor.look("history")


async def test_a_word_holds_a_question_back_until_somebody_has_looked(house: House, visit: Visit) -> None:
    operator = await visit()
    await steps.sign_in(operator, house, OPERATOR, to="/operator/words")
    word = f"zq{uuid4().hex[:10]}"
    form = operator.page.locator("#word-form")
    await form.locator("input[name='word']").fill(word)
    await form.locator("select[name='action']").select_option("hold")
    operator.allow(422)
    await operator.follow(form.get_by_role("button", name=operator.words("Save"), exact=True))
    await expect(form.locator("input[name='word']")).to_have_value(word)
    await operator.look("words-mended")
    await form.locator("#area-question").check()
    await operator.follow(form.get_by_role("button", name=operator.words("Save"), exact=True))
    await operator.page.locator("#tried textarea").fill(f"x {word.upper()} y")
    await operator.page.locator("#tried select").select_option("question")
    await operator.follow(operator.page.locator("#tried").get_by_role("button"))
    await expect(operator.page.locator("#tried mark")).to_have_text(word.upper())
    await operator.look("words")

    buyer = await visit()
    await buyer.goto("/shops/zoufang")
    await buyer.page.locator(".product-card:not(.product-sold-out) .product-title a").first.click()
    product = re.search(r"/products/([0-9a-f-]+)", buyer.page.url)
    assert product is not None
    await steps.sign_in(buyer, house, BUYER, to=f"/products/{product[1]}/questions")
    asked = f"{word}? {uuid4().hex[:8]}"
    await buyer.page.locator("textarea[name='question']").fill(asked)
    await buyer.follow(buyer.button("Ask"))
    await expect(buyer.page.locator(".question", has_text=asked)).to_have_count(0)

    await operator.goto("/operator/reviews")
    held = operator.page.locator("article", has_text=asked)
    await operator.until(held)
    await operator.look("operator-held")
    await operator.follow(held.get_by_role("button", name=operator.words("Show to everybody"), exact=True))
    await buyer.page.reload()
    await expect(buyer.page.locator(".question", has_text=asked)).to_be_visible()
