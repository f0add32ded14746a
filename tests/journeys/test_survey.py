"""A shop asks some of its customers: it begins with a ready survey, changes a question and opens it for a segment. One of them
answers in a card at the end of the shop's page, on a phone; others by its link; and the shop reads what came of it."""

import re
from uuid import uuid4

from playwright.async_api import Locator, expect

from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.variants import Variant
from tests.journeys.visitor import Visitor

# A shop that asks nothing yet, and one of its customers.
SHOP = "kumo"
MERCHANT, BUYER = f"{SHOP}@steelyard.test", "buyer@steelyard.test"
WISH = {"q.q4.text_zh": "下次希望我们改什么？", "q.q4.text_en": "What shall we change next time?"}
# Two of these share a word that says something.
SLOW, SLOWER, BOXES = "Delivery took a week", "The delivery was slow", "Prettier boxes"


async def test_a_shop_asks_a_segment_and_reads_what_it_answers(house: House, visit: Visit, variant: Variant) -> None:
    merchant, buyer = await visit(), await visit(seen=variant._replace(width="phone"))
    await steps.sign_in(merchant, house, MERCHANT, to="/merchant/segments")
    await steps.sign_in(buyer, house, BUYER)
    segment = f"S {uuid4().hex[:8]}"
    await made_list(merchant, segment)
    link = await opened(merchant, segment)
    here = merchant.page.url

    await answered_in_card(buyer)
    guest, other = await visit(), await visit()
    await guest.goto(link)
    await guest.look("survey-by-link")
    await rated(guest, 10)
    await written(guest, "", look="survey-liked")
    await written(guest, SLOWER)
    await expect(guest.text("Thank you!")).to_be_visible()
    await guest.look("survey-answered")
    await guest.goto(link)
    await expect(form_of(guest), "each answers once").to_have_count(0)

    await known_to_the_shop(other, merchant)
    await other.goto(link)
    await rated(other, 9)
    await written(other, "")
    await written(other, BOXES)
    await expect(other.text("Thank you!")).to_be_visible()

    await read_by_segment(merchant, segment, here)
    await merchant.follow(merchant.button("Close"))
    late = await visit()
    await late.goto(link)
    await expect(late.text("This survey is closed")).to_be_visible()
    await late.look("survey-closed")


async def made_list(merchant: Visitor, name: str) -> None:
    """A list with the buyer on it."""
    await merchant.fill(name_zh=name, name_en=name)
    await merchant.follow(merchant.button("Make the list"))
    await merchant.fill(people=BUYER)
    await merchant.follow(merchant.button("Add"))
    await expect(merchant.page.locator(".alert.tone-good")).to_contain_text("1")
    await merchant.look("segment-list")


async def opened(merchant: Visitor, segment: str) -> str:
    """The ready survey after an order, with a question of its own, asked of whoever comes by and is in the segment; by link of
    whoever has it. Returns that."""
    page = merchant.page
    await merchant.goto("/merchant/surveys")
    await merchant.look("surveys")
    # Buyers of the demo are asked by the shop as often as there are variants.
    await merchant.fill(recontact_days="0")
    await merchant.follow(merchant.button("Save"))
    await expect(page.locator("input[name='recontact_days']")).to_have_value("0")
    await merchant.follow(page.locator("form:has(input[name='ready'][value='nps']) button"))
    await expect(page.locator("#builder")).to_be_visible()
    await page.locator("select[name='trigger']").select_option("")
    await page.locator("input[name='by_mail']").uncheck()
    await page.locator("input[name='by_link']").check()
    await page.locator("select[name='segment_id']").select_option(label=segment)
    async with page.expect_response(lambda said: said.request.method == "POST"):
        await merchant.fill(**WISH, after_hours="0")
        await merchant.press("Tab")
    words = WISH["q.q4.text_zh" if merchant.locale == "zh-Hans" else "q.q4.text_en"]
    await expect(page.locator("#preview")).to_contain_text(words)
    await merchant.look("survey-editor")
    await merchant.follow(page.locator("#builder .row-end button[value='open']"))
    await expect(merchant.text("It is open: whoever it reaches can answer.")).to_be_visible()
    await expect(page.locator("main aside dl", has_text=merchant.words("Only customers in"))).to_contain_text(segment)
    await merchant.look("survey-open")
    return await page.locator("main a[href*='/q/']").first.get_attribute("href") or ""


async def known_to_the_shop(other: Visitor, merchant: Visitor) -> None:
    """Somebody with an account, who has put something of the shop into their cart: a customer, and not in the segment."""
    name = f"Kim {uuid4().hex[:8]}"
    await other.goto("/register")
    await other.fill(name=name, email=f"{name.replace(' ', '.').lower()}@example.com", password=name * 2)
    await other.follow(other.button("Register"))
    await merchant.goto("/merchant/lifecycle/stages/lead")
    newest = merchant.page.locator("main tbody tr:first-child a")
    before = await newest.get_attribute("href")
    await steps.choose(other, SHOP)
    await merchant.until(newest.and_(merchant.page.locator(f"a:not([href='{before}'])")))


async def answered_in_card(buyer: Visitor) -> None:
    """On a page of the shop: a rating, what is to be mended, and some words; then nobody asks any more."""
    page, card = buyer.page, buyer.page.locator("#survey-card")
    await buyer.goto(f"/shops/{SHOP}")
    await asked(buyer, "0")
    await buyer.look("survey-card")
    await rated(buyer, 6)
    # Who leaves goes on where they were.
    await page.reload()
    await asked(buyer, "o2")
    await card.locator("input[value='o2']").check()
    await card.locator("input[value='o3']").check()
    await buyer.look("survey-card-choices")
    await buyer.follow(card.locator("button.button-primary"))
    await written(buyer, SLOW, look="survey-card-words")
    await expect(card.get_by_role("status")).to_be_visible()
    await buyer.look("survey-card-thanks")
    await page.reload()
    await expect(
        page.locator(f"#survey-card input[value='{SLOW}'], #survey-card input[name='a'][value='10']")
    ).to_have_count(0)


async def asked(buyer: Visitor, value: str) -> None:
    """Down to the end of the page, where the card asks something that can be answered so; a survey is known everywhere within
    seconds."""
    await buyer.settled()
    await buyer.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    await buyer.until(buyer.page.locator(f"#survey-card input[name='a'][value='{value}']"))


def form_of(who: Visitor) -> Locator:
    """What asks: the card, or the survey's own page."""
    return who.page.locator("form:has(fieldset.survey-question)")


async def rated(who: Visitor, rating: int) -> None:
    await form_of(who).locator(f"input[name='a'][value='{rating}']").check()
    await who.follow(form_of(who).locator("button.button-primary"))


async def written(who: Visitor, words: str, *, look: str = "") -> None:
    await form_of(who).locator("textarea[name='a']").fill(words)
    if look:
        await who.look(look)
    await who.follow(form_of(who).locator("button.button-primary"))


async def read_by_segment(merchant: Visitor, segment: str, here: str) -> None:
    """Who is in the segment would not recommend the shop, the others would, of whom the shop knows one; two have written of the
    same."""
    page = merchant.page
    await merchant.goto(here)
    figure = merchant.words("NPS {value} (from {low} to {high})")
    # (2 - 1) / 3 between the bounds of docs/algorithms/surveys.md.
    await expect(page.locator("#q1")).to_contain_text(figure.format(value="+33", low="-51", high="+85"))
    await expect(page.locator("#q2 li").nth(1)).to_contain_text("100")
    own = page.locator("section.card", has_text=SLOW)
    await expect(own.locator("h2")).to_have_text(
        re.compile(WISH["q.q4.text_zh"] + "|" + re.escape(WISH["q.q4.text_en"]))
    )
    await expect(own.locator(".badge")).to_have_text(["delivery"])
    await expect(own.locator("blockquote")).to_have_text([SLOWER, SLOW])
    await merchant.look("survey-results")

    groups = page.locator("#groups")
    await groups.locator("select[name='question']").select_option("q1")
    await groups.locator("select[name='by']").select_option(label=segment)
    await merchant.follow(groups.get_by_role("button"))
    await expect(groups.locator("thead th").nth(1)).to_contain_text("(1)")
    await expect(groups.locator("thead th").nth(2)).to_contain_text("(1)")
    figures = groups.locator("tbody tr").last
    await expect(figures.locator("td").nth(0)).to_contain_text("NPS -100")
    await expect(figures.locator("td").nth(1)).to_contain_text("NPS +100")
    await merchant.look("survey-results-groups")
