"""A licence comes to its end: the shop is warned, frozen, hands in the next one, and sells again when it is accepted."""

import re
from datetime import UTC, datetime, timedelta

import psycopg
from playwright.async_api import expect

from steelyard.kernel.db import Database
from steelyard.parties.merchants.jobs import look_at_licences
from steelyard.trade.settlement import settlement_day
from tests.cli import commands
from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House

SHOP = "kumo"  # no other journey needs it open
NOT_FOUND = 404
SUSPENDED = "Your shop is suspended: buyers do not find it. Orders already placed are to be sent as usual."
SCAN = b"\xff\xd8\xff a licence"


async def has_days_left(house: House, days: int) -> None:
    """So many days remain of the shop's licence, and the house has looked at it today."""
    today = settlement_day(datetime.now(UTC))
    url = commands.owner_url(house.home)
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(
            """
            UPDATE merchants m SET licence_until = %s, licence_reminded = NULL
            FROM shops s WHERE s.merchant_id = m.merchant_id AND s.slug = %s
            """,
            [today + timedelta(days=days), SHOP],
        )
    db = await Database.connect(url, size=1)
    try:
        await db.transact(look_at_licences, today)
    finally:
        await db.close()


async def test_a_licence_ends_and_the_next_one_opens_the_shop_again(house: House, visit: Visit) -> None:
    owner, staff, buyer = await visit(), await visit(), await visit()
    await steps.sign_in(owner, house, f"{SHOP}@steelyard.test", to="/merchant")
    await has_days_left(house, 5)
    await owner.goto("/merchant/licence")
    await expect(owner.text("Ends soon").first).to_be_visible()
    await owner.look("licence-ends-soon")
    await has_days_left(house, 0)
    await buyer.goto(f"/shops/{SHOP}")  # on its last day the shop is open

    await has_days_left(house, -1)
    await owner.goto("/merchant")
    await expect(owner.text(SUSPENDED)).to_be_visible()
    await owner.look("workbench-suspended")
    buyer.allow(NOT_FOUND)
    await buyer.goto(f"/shops/{SHOP}")
    await expect(buyer.page.locator(".product-card")).to_have_count(0)

    await owner.goto("/merchant/licence")
    next_year = settlement_day(datetime.now(UTC)) + timedelta(days=365)
    await owner.fill(good_until=next_year.isoformat())
    await owner.page.locator("input[name='scan']").set_input_files(
        {"name": "licence.jpg", "mimeType": "image/jpeg", "buffer": SCAN}
    )
    await owner.follow(owner.button("Hand it in"))
    await expect(owner.text("Waiting for review").first).to_be_visible()
    await owner.look("licence-handed-in")

    await steps.sign_in(staff, house, "operator@steelyard.test", to="/operator/merchants?licence=renewed")
    link = staff.page.locator("a.table-link").first
    await staff.goto(f"{await link.get_attribute('href')}/papers")
    await staff.look("licence-to-look-over")
    await staff.follow(staff.button("Accept"))
    await expect(staff.page.locator("#renewals")).to_contain_text(staff.words("Accepted"))

    await buyer.goto(f"/shops/{SHOP}")
    await buyer.until(buyer.page.locator(".product-card").first)  # what is found follows a moment later
    await owner.goto("/merchant/licence")
    await expect(owner.page.locator("main")).to_contain_text(re.compile(str(next_year.year)))
    await owner.look("licence-counts")
