"""A shop draws a journey for carts that are left, looks at what it would have done, lets it run; a buyer gets the mail, comes
back by its link, buys, and is counted."""

import json
import re
from urllib.request import urlopen

from playwright.async_api import Locator, expect

from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.variants import Variant
from tests.journeys.visitor import LOOK_AGAIN_MILLISECONDS, SECONDS_MAX, Visitor

MERCHANT = "merchant@steelyard.test"
BUYER = "buyer@steelyard.test"
HERE = "/merchant/journeys"
# The boxes of a canvas that lie over another one.
COVERED = """
    () => [...document.querySelectorAll(".journey-box")].filter((one, place, all) => all.some((other) => {
      const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
      return other !== one && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    })).map((box) => box.dataset.key)
"""


def mails_of(house: House, email: str) -> list[str]:
    """The texts of all mails to somebody, the newest first, out of the mail catcher."""
    said = (house.home / "logs" / "simulators.log").read_text()
    catcher = re.search(r"mail: (http://\S+)", said)
    assert catcher, said
    with urlopen(f"{catcher[1]}/v1/mails?to={email}", timeout=10) as answer:  # our own catcher
        return [str(mail["text"]) for mail in json.loads(answer.read())["mails"]]


async def saved(merchant: Visitor) -> None:
    """What was changed on the canvas has been kept, and no more is under way."""
    await merchant.page.evaluate("window.steelyardJourneyEditor.settled()")
    await expect(merchant.page.locator("[data-save-state]")).to_contain_text(re.compile(r"\d\d:\d\d"))


async def put(merchant: Visitor, after: Locator, kind: str) -> Locator:
    """By the keyboard: open the menu at a way out of a box and choose what comes there. Returns the form beside the canvas."""
    await after.focus()
    await merchant.page.keyboard.press("Enter")
    menu = merchant.page.get_by_role("menu")
    await expect(menu).to_be_visible()
    await menu.locator(f"[data-add='{kind}']").focus()
    await merchant.page.keyboard.press("Enter")
    form = merchant.page.locator("[data-journey-panel] [data-box-form]")
    await expect(form).to_have_attribute("action", re.compile(rf"/boxes/{kind}\d$"))
    return form


def way(merchant: Visitor, box: str, out: str) -> Locator:
    return merchant.page.locator(f"[data-key='{box}'] [data-out='{out}']")


async def choose(form: Locator, name: str, value: str) -> None:
    """As somebody would by mouse or keyboard: the form hears that it has changed."""
    await form.locator(f"select[name='{name}']").select_option(value)


async def first_of(form: Locator, name: str) -> str:
    """The first thing that can be chosen."""
    value = await form.locator(f"select[name='{name}'] option:not([value=''])").first.get_attribute("value")
    assert value
    return value


async def draw_on_canvas(merchant: Visitor) -> None:
    """With the mouse and the keyboard: beginning, message, wait, end, one line drawn by hand, one step taken back."""
    page = merchant.page
    await page.locator("[data-key='begin'] .journey-face").click()
    form = page.locator("[data-journey-panel] [data-box-form]")
    await expect(form.locator("select[name='event']")).to_be_visible()
    await choose(form, "event", "cart_left")
    await form.locator("input[name='delay_minutes']").fill("0")
    await saved(merchant)
    form = await put(merchant, way(merchant, "begin", "then"), "message")
    await choose(form, "template_email", await first_of(form, "template_email"))
    await saved(merchant)
    form = await put(merchant, way(merchant, "message1", "then"), "await")
    await choose(form, "event", "order_paid")
    await saved(merchant)
    await put(merchant, way(merchant, "await1", "happened"), "exit")
    await saved(merchant)
    await expect(page.locator("[data-fault-count]")).to_have_text(merchant.words("1 thing to mend"))
    start, end = (
        await way(merchant, "await1", "late").bounding_box(),
        await page.locator("[data-key='exit1']").bounding_box(),
    )
    assert start and end
    await page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    await page.mouse.down()
    await page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=6)
    await page.mouse.up()
    await expect(page.locator("[data-fault-count]")).to_have_text(merchant.words("Nothing to mend"))
    await merchant.button("Undo").click()
    await expect(page.locator("[data-fault-count]")).to_have_text(merchant.words("1 thing to mend"))
    await merchant.button("Redo").click()
    await expect(page.locator("[data-fault-count]")).to_have_text(merchant.words("Nothing to mend"))
    box = page.locator("[data-key='message1']")
    before = await box.evaluate("element => element.style.left")
    await box.locator(".journey-face").focus()
    await page.keyboard.press("ArrowRight")
    assert await box.evaluate("element => element.style.left") != before
    await saved(merchant)


async def add_in_list(merchant: Visitor, kind: str, after: str) -> None:
    """On a phone: the form below the steps."""
    await merchant.page.select_option("select[name='kind']", kind)
    await merchant.page.select_option("select[name='after']", after)
    await merchant.button("Add the step").click()
    await merchant.page.wait_for_url(re.compile(rf"/boxes/{kind}\d$"))


async def draw_as_list(merchant: Visitor) -> None:
    """The same, step by step, each on a page of its own."""
    page = merchant.page
    await page.locator("#step-begin a").first.click()
    form = page.locator("[data-box-form]")
    await choose(form, "event", "cart_left")
    await form.locator("input[name='delay_minutes']").fill("0")
    await merchant.look("journey-beginning")
    await merchant.button("Save the step").click()
    await add_in_list(merchant, "message", "begin:then")
    await choose(form, "template_email", await first_of(form, "template_email"))
    await merchant.button("Save the step").click()
    await add_in_list(merchant, "await", "message1:then")
    await choose(form, "event", "order_paid")
    await merchant.button("Save the step").click()
    await add_in_list(merchant, "exit", "await1:happened")
    await merchant.button("Save the step").click()
    await page.locator("#step-await1 a").first.click()
    await choose(form, "way.late", "exit1")
    await merchant.button("Save the step").click()
    await expect(page.locator("[data-fault-count]")).to_have_text(merchant.words("Nothing to mend"))


async def rule(merchant: Visitor, here: str, name: str) -> None:
    """A name and a goal; no night and hardly a limit: the journey is not about the hour of the day."""
    page = merchant.page
    await merchant.goto(f"{here}/rules")
    await merchant.fill(name_zh=name, name_en=name, cap_messages="100")
    await page.select_option("select[name='goal']", "order_paid")
    await page.select_option("select[name='reentry']", "ended")
    await page.uncheck("input[name='quiet']")
    await merchant.look("journey-rules")
    await merchant.button("Save").click()
    await page.wait_for_url(f"**{here}")


async def test_a_left_cart_is_brought_back_by_a_journey_that_was_drawn_by_hand(
    house: House, visit: Visit, variant: Variant, width: str
) -> None:
    merchant = await visit()
    page = merchant.page
    await steps.sign_in(merchant, house, MERCHANT, to=HERE)
    await merchant.look("journeys")
    await merchant.link("New journey").click()
    await page.wait_for_url("**/journeys/new")
    await merchant.look("playbooks")
    await merchant.button("Begin").click()
    await page.wait_for_url(re.compile(r"/journeys/[0-9a-f-]{36}$"))
    here = page.url.removeprefix(merchant.url)
    await (draw_on_canvas if width == "desk" else draw_as_list)(merchant)
    await merchant.look("journey")
    await rule(merchant, here, f"购物车 {variant.number}")
    await merchant.goto(f"{here}/simulation")
    await expect(merchant.text("Would have come in")).to_be_visible()
    await merchant.look("journey-simulated")
    if width == "desk":
        assert await page.evaluate(COVERED) == []

    buyer = await visit()
    await steps.sign_in(buyer, house, BUYER, to="/account/profile")
    await agree(buyer)
    await steps.empty_cart(buyer)
    had = len(mails_of(house, BUYER))
    await merchant.goto(f"{here}/start")
    await expect(page.locator("main")).to_contain_text(merchant.words("Put something into the cart and left it there"))
    await merchant.look("journey-start")
    await merchant.button("Start it").click()
    await page.wait_for_url(f"**{here}/run")
    await steps.choose(buyer, "zoufang", place=2)

    mail = await new_mail(buyer, house, had)
    link = re.search(r"https?://\S+", mail)
    assert link, mail
    await buyer.goto(link[0].rstrip(").>"))
    await expect(buyer.page.locator("h1")).to_be_visible()
    await steps.to_checkout(buyer)
    await expect(buyer.page.locator("#priced input[type='radio']:checked").first).to_be_attached()
    total = await steps.place(buyer)
    await steps.at_the_cashier(buyer, "approve")
    await steps.paid(buyer, total)

    reached = page.locator(".stat", has_text=merchant.words("Reached the goal")).locator(".stat-value", has_text="1")
    await merchant.until(reached)
    await merchant.look("journey-run")
    await merchant.button("Pause").click()
    await expect(merchant.button("Go on")).to_be_visible()


async def agree(buyer: Visitor) -> None:
    """The buyer wants to hear of coupons and the like by mail."""
    form = buyer.page.locator("#coupon-mails")
    if not await form.locator("input[name='agreed']").is_checked():
        await form.locator("input[name='agreed']").check()
        await form.locator("button").click()
        await expect(form.locator("input[name='agreed']")).to_be_checked()


async def new_mail(buyer: Visitor, house: House, had: int) -> str:
    """The newest mail, as soon as there is one more."""
    for _ in range(SECONDS_MAX * 1000 // LOOK_AGAIN_MILLISECONDS):
        found = mails_of(house, BUYER)
        if len(found) > had:
            return found[0]
        await buyer.page.wait_for_timeout(LOOK_AGAIN_MILLISECONDS)
    raise AssertionError("no mail came")
