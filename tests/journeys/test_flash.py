"""A flash sale: a buyer takes as many pieces as each may have, at the price that was told, and hears that these were all."""

import re

from playwright.async_api import expect

from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.variants import Variant
from tests.journeys.visitor import Visitor, minor

# See demo/rushes.py: of the first article most are gone, and the variants share the others.
MOST, OTHERS = 2, 3


async def test_a_flash_price_is_paid_and_its_limit_holds(visit: Visit, variant: Variant) -> None:
    buyer = await visit()
    page = buyer.page
    price = await get(buyer, MOST, variant.number % OTHERS + 1, look=True)
    await steps.to_checkout(buyer)
    await steps.fill_address(buyer, f"rush-{variant.number}@example.com")
    await expect(page.locator("#sums")).to_contain_text(f"{price / 100:.2f}")
    await buyer.look("checkout-flash")
    total = await steps.place(buyer)
    assert total >= MOST * price
    await steps.at_the_cashier(buyer, "approve")
    await expect(page.locator("h1")).to_have_text(buyer.words("Paid. Thank you!"))

    await get(buyer, 1, variant.number % OTHERS + 1)
    await steps.to_checkout(buyer)
    told = buyer.words("At the flash price you can have {free} more").format(free=0)
    await expect(page.get_by_text(told).first).to_be_visible()
    await buyer.look("checkout-flash-limit")


async def get(buyer: Visitor, pieces: int, nth: int, *, look: bool = False) -> int:
    """Put pieces of an article of today's flash sale into the cart; returns what one costs, in fen."""
    page = buyer.page
    await buyer.goto("/flash")
    if look:
        await buyer.look("flash")
    card = page.locator(".flash-card").nth(nth)
    price = minor(await card.locator(".price-now").inner_text())
    await card.get_by_role("link", name=buyer.words("Get it")).click()
    await page.wait_for_url(re.compile("/products/"))
    await expect(page.locator("#flash")).to_contain_text(buyer.words("Flash sale"))
    if look:
        await buyer.look("product-flash")
    await steps.open_choice(buyer)
    assert minor(await page.locator("#offer .price-now").inner_text()) == price
    await page.locator("#choose input[name='quantity']").fill(str(pieces))
    await buyer.follow(page.locator("#choose-foot button").first)
    return price
