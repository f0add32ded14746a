"""A presale: a shop makes it, a buyer books with a deposit, pays the balance, and gets the parcel sent."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.async_api import expect

from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.variants import Variant
from tests.journeys.visitor import Visitor, minor

# A shop whose prices no other journey counts on; each variant takes another of its goods.
SHOP = "kouzi"
MERCHANT = f"{SHOP}@steelyard.test"


async def test_a_deposit_is_paid_then_the_balance_and_the_goods_are_sent(
    house: House, visit: Visit, variant: Variant
) -> None:
    merchant = await visit()
    await steps.sign_in(merchant, house, MERCHANT, to="/merchant/presales/new")
    product = await made(merchant, variant.number)

    buyer = await visit()
    page = buyer.page
    await buyer.goto(product)
    await expect(page.locator("#presale")).to_contain_text(buyer.words("Presale"))
    await buyer.look("product-presale")
    await steps.open_choice(buyer)
    await buyer.follow(page.locator("#choose-foot button").last)
    await steps.fill_address(buyer, f"presale-{variant.number}@example.com")
    await expect(page.locator("#sums")).to_contain_text(buyer.words("Deposit to pay now"))
    await buyer.look("checkout-presale")
    await steps.place(buyer)
    await steps.at_the_cashier(buyer, "approve")
    await expect(page.locator("h1")).to_have_text(buyer.words("The deposit is paid. Thank you!"))

    await buyer.goto("/account/presales")
    await buyer.look("presales")
    await buyer.follow(page.locator(".card .button-primary").first)
    await buyer.look("purchase-presale")
    code = (await page.locator("h1 .code").inner_text()).strip()
    order = (await page.locator(".order-code").first.inner_text()).strip()
    await buyer.follow(page.locator("form[action$='/pay'] .button-primary"))
    await steps.at_the_cashier(buyer, "approve")
    await expect(page.locator("h1")).to_have_text(buyer.words("Paid. Thank you!"))

    await steps.send(merchant, order, f"SX{variant.number}00000000")
    await buyer.goto(f"/purchases/{code}")
    await expect(page.locator("body")).to_contain_text(buyer.words("On its way"))


async def made(merchant: Visitor, nth: int) -> str:
    """The shop sells an article of its own in a presale from a minute ago on; returns the page of the goods."""
    page = merchant.page
    options = await page.locator("#articles option").evaluate_all("all => all.map(one => [one.value, one.textContent])")
    by_title: dict[str, tuple[str, int]] = {}
    for code, told in options:
        price = re.search(r"[\d,]+\.\d\d", told)
        assert price is not None
        by_title.setdefault(told.split(" · ")[0], (code, minor(price[0])))
    code, price = list(by_title.values())[nth]
    now = datetime.now(ZoneInfo("Asia/Shanghai")) - timedelta(minutes=1)
    whole, tenth = price // 100 - 1, price // 1000

    def moment(days: int) -> str:
        return (now + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")

    await merchant.fill(
        name_zh="早春预售", name_en="Presale of spring", starts_at=moment(0), ends_at=moment(2), balance_from=moment(0),
        balance_until=moment(4), ships_by=moment(20), what_0=code, price_0=str(whole), deposit_0=str(tenth),
        counts_for_0=str(tenth + 1), pieces_0="3",
    )  # fmt: skip
    await merchant.look("merchant-presale-new")
    await merchant.follow(page.locator("form[action='/merchant/presales/new'] .button-primary"))
    await expect(page.locator("table").first).to_be_visible()
    await merchant.look("merchant-presale")
    link = await page.locator("table a[href^='/merchant/products/']").first.get_attribute("href")
    assert link is not None
    return link.removeprefix("/merchant")
