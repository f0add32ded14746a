"""The way from a product to a paid purchase, as a visitor goes it."""

import re
from urllib.parse import urlsplit

import httpx

from tests.simulators.world import Simulated
from tests.support.browser import Browser, hidden
from tests.support.world import CONTACT, HOME, Item

SHIP_TO = {
    "email": CONTACT.email,
    "name": HOME.name,
    "phone": HOME.phone,
    "country": HOME.country,
    "region": HOME.region,
    "city": HOME.city,
    "district": HOME.district,
    "street": HOME.street,
    "postal_code": HOME.postal_code,
}


async def put(browser: Browser, item: Item, quantity: int = 1, **choice: str) -> httpx.Response:
    """Put goods into the cart."""
    fields = {"product_id": str(item.product_id), "quantity": str(quantity), **choice}
    return await browser.post("/cart/lines", fields)


async def open_checkout(browser: Browser) -> str:
    """Check out what is selected; returns the address of the checkout."""
    answer = await browser.post("/cart/checkout")
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def place(browser: Browser, checkout: str, **changes: str) -> httpx.Response:
    """Fill in the form, look at the total, place the order."""
    await browser.post(checkout, {**SHIP_TO, **changes})
    page = await browser.get(checkout)
    expected = hidden(page, "expected_total")
    sent = {**SHIP_TO, "expected_total": expected, "channel": "simpay", "then": "place", **changes}
    return await browser.post(checkout, sent)


async def decide(channel: Simulated, answer: httpx.Response, what: str = "approve") -> None:
    """At the cashier that the shop sent us to."""
    assert answer.status_code == 303, answer.text[-3_000:]
    cashier = answer.headers["location"]
    assert "/cashier/" in cashier, cashier
    decided = await channel.browser.post(urlsplit(cashier).path, data={"do": what})
    assert decided.status_code in (200, 303), decided.text
    await channel.after(1)


async def bought(browser: Browser, channel: Simulated, *items: Item) -> str:
    """Buy these and pay; returns the purchase's code."""
    for item in items:
        await put(browser, item)
    await decide(channel, await place(browser, await open_checkout(browser)))
    code = await newest_code(browser)
    assert "Paid. Thank you!" in (await browser.get(f"/purchases/{code}/return")).text
    return code


async def newest_code(browser: Browser) -> str:
    """The purchase that stands first in the list."""
    found = re.search(r"/purchases/(P-[0-9A-Z-]+)", (await browser.get("/orders")).text)
    assert found is not None
    return found[1]


def order_codes(page: httpx.Response) -> list[str]:
    """The orders that a purchase's page shows."""
    return list(dict.fromkeys(re.findall(r"S-[0-9A-Z]+-[0-9A-Z]+", page.text)))
