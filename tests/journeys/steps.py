"""What people do in the shop and behind it, each step as the journeys tell it."""

import re
from typing import Any

import msgspec
from playwright.async_api import expect

from steelyard.simulators import words as simulators
from steelyard.surfaces.web.visit import SESSION_COOKIE
from tests.journeys.house import House
from tests.journeys.visitor import Visitor, minor

HOME = {
    "name": "王小明",
    "phone": "13900000001",
    "region": "浙江省",
    "city": "温州市",
    "district": "鹿城区",
    "street": "公园路 12 号",
    "postal_code": "325000",
}

_sessions: dict[tuple[str, str], Any] = {}
"""Of people who have signed in by the form, by house and e-mail address."""


class Chosen(msgspec.Struct, frozen=True):
    """What was put into the cart: fen a piece, grams a piece."""

    title: str
    unit_price: int
    quantity: int
    grams: int

    @property
    def goods(self) -> int:
        return self.unit_price * self.quantity


class Bought(msgspec.Struct, frozen=True):
    """`orders`: the order's code by its shop's slug; `total` in fen, as it was asked for at the cashier."""

    code: str
    total: int
    orders: dict[str, str]


async def open_choice(visitor: Visitor) -> None:
    """On a phone, what can be chosen is in a sheet that the bar at the lower edge opens."""
    await visitor.settled()
    opener = visitor.page.locator(".action-bar [popovertarget='choose']").first
    if await opener.is_visible():
        await opener.click()
    await expect(visitor.page.locator("#choose-foot")).to_be_visible()


async def choose(visitor: Visitor, shop: str, *, place: int = 0, quantity: int = 1, look: bool = False) -> Chosen:
    """Go into a shop, open a product that is not sold out, put pieces of it into the cart."""
    page = visitor.page
    await visitor.goto(f"/shops/{shop}")
    if look:
        await visitor.look(f"shop-{shop}")
    card = page.locator(".product-card:not(.product-sold-out)").nth(place)
    card_says = (await card.locator(".product-title").inner_text()).strip()
    await card.locator(".product-title a").click()
    await page.wait_for_url(re.compile("/products/"))
    title = (await page.locator("h1").inner_text()).strip()
    assert title in card_says
    if look:
        await visitor.look(f"product-{shop}")
    await open_choice(visitor)
    buy = page.locator("#choose-foot button").first
    if not await buy.is_enabled():
        # This variant is sold out: take one that is not.
        await visitor.follow(page.locator(".value.is-have").first)
        await expect(page.locator("#choose-foot button").first).to_be_enabled()
    price = minor(await page.locator("#offer .price-now").inner_text())
    grams = re.search(r"([\d,]+)\s*(?:克|g)\b", await page.locator("body").inner_text())
    assert grams, "the product says how heavy it is"
    await page.locator("#choose input[name='quantity']").fill(str(quantity))
    await visitor.follow(page.locator("#choose-foot button").first)
    return Chosen(title, price, quantity, int(grams[1].replace(",", "")))


async def fill_address(visitor: Visitor, email: str) -> None:
    page = visitor.page
    await visitor.fill(email=email)
    await paste_home(visitor)
    await expect(page.locator("#priced input[type='radio']:checked").first).to_be_attached()


async def paste_home(visitor: Visitor) -> None:
    """Fill an address form in by pasting all of it, as out of a chat."""
    page = visitor.page
    await page.locator("details.paste > summary").click()
    await visitor.fill(pasted=" ".join(HOME[part] for part in HOME))
    await visitor.follow(visitor.button("Recognise"))
    await expect(page.locator("input[name='name']")).to_have_value(HOME["name"])
    await expect(page.locator("select[data-level='district']")).to_have_value(HOME["district"])


async def to_checkout(visitor: Visitor) -> None:
    await visitor.goto("/cart")
    await visitor.button("Check out").click()
    await expect(visitor.page.locator("h1")).to_have_text(visitor.words("Checkout"))
    await visitor.settled()


async def place(visitor: Visitor) -> int:
    """Place the order; the cashier asks for what the page said. Returns it."""
    await visitor.settled()
    total = visitor.page.locator("#sums .summary-total dd")
    asked = minor(await total.inner_text())
    await visitor.page.locator("button[name='then'][value='place']").locator("visible=true").first.click()
    await at_cashier(visitor)
    assert minor(await visitor.page.locator(".bill .amount").inner_text()) == asked
    return asked


async def at_cashier(visitor: Visitor) -> None:
    await visitor.page.wait_for_url(re.compile("/cashier/"))


async def at_the_cashier(visitor: Visitor, do: str) -> None:
    """approve, decline, three_d or hang."""
    await visitor.page.locator(f"button[name='do'][value='{do}']").click()


async def paid(visitor: Visitor, total: int, *, look: bool = False) -> Bought:
    """Back from the cashier, until the page says that it is paid; then to the purchase."""
    page = visitor.page
    await expect(page.locator("h1")).to_have_text(visitor.words("Paid. Thank you!"))
    if look:
        await visitor.look("paid")
    await visitor.link("See the purchase").click()
    await page.wait_for_url(re.compile(r"/purchases/[^/]+$"))
    assert minor(await page.locator("aside .summary-total dd").first.inner_text()) == total
    orders: dict[str, str] = {}
    for card in await page.locator("section.card[id]:has(h2 a[href^='/shops/'])").all():
        slug = (await card.locator("h2 a").get_attribute("href") or "").removeprefix("/shops/")
        orders[slug] = await card.get_attribute("id") or ""
    return Bought(page.url.rsplit("/", 1)[1], total, orders)


async def buy(visitor: Visitor, shop: str, *, nth: int) -> Bought:
    """Somebody signed in, with an address in their book, buys one piece and nothing else, and pays."""
    await empty_cart(visitor)
    await choose(visitor, shop, place=nth)
    await to_checkout(visitor)
    await expect(visitor.page.locator("#priced input[type='radio']:checked").first).to_be_attached()
    total = await place(visitor)
    await at_the_cashier(visitor, "approve")
    return await paid(visitor, total)


async def sign_in(visitor: Visitor, house: House, email: str, *, to: str = "/") -> None:
    """By the form, or, in a window that was nowhere yet, in the session that this person has from before: then the form only
    leads on."""
    known = (house.url, email)
    fresh = not await visitor.context.cookies()
    if fresh and known in _sessions:
        await visitor.context.add_cookies([_sessions[known]])
    await visitor.goto(f"/sign-in?return_to={to}")
    if "/sign-in" in visitor.page.url:
        await visitor.fill(email=email, password=house.password)
        await visitor.button("Sign in").click()
        await visitor.page.wait_for_url(lambda url: "/sign-in" not in url)
        for each in await visitor.context.cookies():
            if fresh and each.get("name") == SESSION_COOKIE:
                _sessions[known] = {"name": SESSION_COOKIE, "value": each.get("value", ""), "url": house.url}
    if not visitor.page.url.endswith(to):
        await visitor.goto(to)


async def send(merchant: Visitor, code: str, number: str, *, look: bool = False) -> None:
    """A merchant finds the order among those to ship, and sends all of it. The pages are looked at in the deal."""
    page = merchant.page
    await merchant.goto("/merchant/orders")
    if look:
        await merchant.look("merchant-orders")
    await merchant.until(page.get_by_role("link", name=code))
    await page.get_by_role("link", name=code).click()
    await expect(page.locator("h1")).to_contain_text(code)
    await merchant.until(merchant.link("Ship"))
    if look:
        await merchant.look("merchant-order")
    await merchant.link("Ship").click()
    dialog = page.get_by_role("dialog")
    await dialog.locator("input[name='number']").fill(number)
    if look:
        await merchant.look("merchant-ship")
    await merchant.button("Ship these").click()
    # Not where a number that is in use already is refused: that names it, too.
    await expect(page.locator("main .code", has_text=number).first).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def delivered(buyer: Visitor, code: str) -> None:
    """The buyer looks again until the parcel of this order has arrived."""
    await buyer.until(order_of(buyer, code).locator(".parcel .badge", has_text=buyer.words("Delivered")))


async def receive(buyer: Visitor, code: str) -> None:
    order = order_of(buyer, code)
    await order.locator("details.confirm summary", has_text=buyer.words("I have received it")).click()
    await order.get_by_role("button", name=buyer.words("I have received it")).click()
    await expect(order_of(buyer, code).locator(".card-head .badge")).to_have_text(buyer.words("Received"))


def order_of(buyer: Visitor, code: str):  # a Locator
    return buyer.page.locator(f"section[id='{code}']")


def simulated(visitor: Visitor, key: str) -> str:
    """A word of the simulators in this person's language."""
    return simulators.say("zh" if visitor.locale == "zh-Hans" else "en", key)


async def empty_cart(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.goto("/cart")
    while await page.locator("form[action='/cart/remove'] button").count():
        await visitor.follow(page.locator("form[action='/cart/remove'] button").first)
