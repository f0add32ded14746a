"""The stack of coupons: a shop takes something off and gives a coupon out, the platform another; the buyer sees the best of it
and why, the shop sees who pays, and a part that goes back takes its part of all three with it."""

import re

import msgspec
from playwright.async_api import Locator, expect

from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.variants import Variant
from tests.journeys.visitor import Visitor, minor

# A shop whose prices no other journey counts on; each variant takes another of its goods.
SHOP = "qingxu"
BUYER, MERCHANT, OPERATOR = "buyer@steelyard.test", f"{SHOP}@steelyard.test", "operator@steelyard.test"


class Offs(msgspec.Struct, frozen=True):
    """In fen, all of them even in yuan: what the shop takes off two pieces and three, its coupon, and the platform's, of which it
    pays half. More than what the shop offers anyway."""

    two: int
    three: int
    coupon: int
    platform: int


def offs(price: int) -> Offs:
    parts = (2 * price // 4, 3 * price * 3 // 10, price // 5, price // 4)
    two, three, coupon, platform = (part // 400 * 400 for part in parts)
    return Offs(two, three, coupon, max(platform, 1_600))


async def test_the_best_of_three_offers_counts_and_goes_back_in_parts(
    house: House, visit: Visit, variant: Variant
) -> None:
    buyer, merchant, operator = await visit(), await visit(), await visit()
    page = buyer.page
    await steps.sign_in(buyer, house, BUYER)
    await steps.empty_cart(buyer)
    chosen = await steps.choose(buyer, SHOP, place=variant.number, quantity=3)
    names = {part: f"{part} {variant.number}" for part in ("Cut", "Voucher", "House")}

    await steps.sign_in(merchant, house, MERCHANT, to="/merchant/promotions")
    off = offs(chosen.unit_price)
    two, three = (str(pieces * chosen.unit_price // 100) for pieces in (2, 3))
    ladder = {"over_0": two, "off_0": f"{off.two // 100}", "over_1": three, "off_1": f"{off.three // 100}"}
    await offered(merchant, "merchant", names["Cut"], chosen.title, ladder)
    voucher = {"over_0": f"{off.coupon // 100}", "off_0": f"{off.coupon // 100}"}
    await offered(merchant, "merchant", names["Voucher"], chosen.title, voucher, coupon=True)
    await steps.sign_in(operator, house, OPERATOR, to="/operator/promotions")
    shop = (await merchant_name(buyer)).strip()
    platform = {"over_0": f"{off.platform // 100}", "off_0": f"{off.platform // 100}", "platform": "50"}
    await offered(operator, "operator", names["House"], shop, platform, coupon=True)

    await buyer.goto("/coupons")
    await buyer.look("coupon-centre")
    for name in (names["Voucher"], names["House"]):
        await page.locator("main li.card", has_text=name).get_by_role("button").click()
        await buyer.settled()

    await buyer.goto("/cart")
    why = page.locator("aside dl.summary-note")
    for name, less in ((names["Cut"], off.three), (names["Voucher"], off.coupon), (names["House"], off.platform)):
        await taken_off(why, name, less)
    await buyer.look("cart-coupons")
    # One piece less: the shop takes less off, and what is missing for more is said.
    await page.locator("main input[id^='q-']").first.fill("2")
    await buyer.press("Tab")
    await taken_off(why, names["Cut"], off.two)
    await expect(why.locator("div", has_text=names["Cut"]).first).to_contain_text(f"{off.three // 100}")
    await buyer.look("cart-coupons-less")

    goods = 2 * chosen.unit_price - off.two - off.coupon - off.platform
    await steps.to_checkout(buyer)
    await expect(page.locator("#priced input[type='radio']:checked").first).to_be_attached()
    await expect(page.locator("#sums dl.summary-note").first).to_contain_text(names["House"])
    total = await steps.place(buyer)
    await steps.at_the_cashier(buyer, "approve")
    code = (await steps.paid(buyer, total)).orders[SHOP]
    assert total >= goods

    await merchant.goto("/merchant/orders")
    await merchant.until(merchant.page.get_by_role("link", name=code))
    await merchant.page.get_by_role("link", name=code).click()
    await merchant.until(merchant.link("Refund"))
    here = merchant.page.url.partition("?")[0]
    await merchant.link("Why this price").click()
    await expect(merchant.page.locator("h1")).to_have_text(merchant.words("Why this price"))
    await merchant.look("merchant-order-why")
    for name, less, ours in (
        (names["Cut"], off.two, off.two), (names["Voucher"], off.coupon, off.coupon),
        (names["House"], off.platform, off.platform // 2),
    ):  # fmt: skip
        row = merchant.page.locator("tr", has_text=name).first
        await expect(row).to_contain_text(merchant.words("It counts"))
        await expect(row).to_contain_text(f"{less / 100:,.2f}")
        await expect(row.locator("td, th").last).to_contain_text(f"{ours / 100:,.2f}")

    await part_goes_back(merchant, here)
    money = merchant.page.locator("aside .card", has_text=merchant.words("Your money")).first
    await expect(money).to_contain_text(f"{goods / 200:,.2f}")
    paid = money.locator("dl div", has_text=merchant.words("Paid by the platform")).first
    await expect(paid).to_contain_text(f"{off.platform / 400:,.2f}")
    await merchant.look("merchant-order-part-refunded")
    await buyer.goto(f"/orders/{code}")
    await buyer.until(page.get_by_text(re.compile(re.escape(f"{goods / 200:,.2f}"))).first)
    await buyer.look("order-part-refunded")


async def merchant_name(buyer: Visitor) -> str:
    """What the shop is called on its own page."""
    await buyer.goto(f"/shops/{SHOP}")
    return await buyer.page.locator("h1").first.inner_text()


async def offered(
    who: Visitor, console: str, name: str, what: str, fields: dict[str, str], *, coupon: bool = False
) -> None:
    """A reduction over what is ticked by its name, from a moment ago on. What speaks against it is read, and put aside."""
    page = who.page
    who.allow(409)
    await who.goto(f"/{console}/promotions/new?kind=amount_off")
    await who.fill(name_zh=name, name_en=name, starts_at="2026-01-01T00:00", **fields)
    await page.locator("fieldset.provinces label.check", has_text=what).first.locator("input").check()
    if coupon:
        await page.locator("input[name='coupon']").check()
    await who.look(f"{console}-promotion-new")
    await who.follow(page.locator(f"form[action='/{console}/promotions/new'] .button-primary"))
    anyway = page.locator("button[name='anyway']")
    if await anyway.count():
        await who.look(f"{console}-promotion-warned")
        await who.follow(anyway)
    await expect(page.get_by_role("link", name=name, exact=True).first).to_be_visible()


async def taken_off(why: Locator, name: str, off: int) -> None:
    """The line of this offer says that it takes so much off."""
    row = why.locator("div", has_text=name).first
    await expect(row.locator("dd")).to_contain_text(f"{off / 100:,.2f}")
    assert minor(await row.locator("dd").inner_text()) == -off


async def part_goes_back(merchant: Visitor, here: str) -> None:
    """The shop refunds one of the two pieces."""
    page = merchant.page
    await merchant.goto(here)
    await page.locator("main a[href$='/refund']").first.click()
    form = page.locator("form[action$='/refund']")
    await form.locator("input[name^='line_']").first.fill("1")
    await merchant.look("merchant-refund")
    await form.locator("button.button-primary").click()
    await expect(page.locator("aside .card", has_text=merchant.words("Your money")).first).to_contain_text(
        merchant.words("Given back")
    )
