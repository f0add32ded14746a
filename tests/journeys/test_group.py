"""Group buying that fails: a shop offers it, a buyer opens a team and pays, nobody joins, the time passes, and the money goes
back; both sides see how it went."""

import re

import psycopg
from playwright.async_api import expect

from tests.cli import commands
from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.variants import Variant
from tests.journeys.visitor import Visitor, minor

MERCHANT = "merchant@steelyard.test"
SIZE = 3


async def offer(merchant: Visitor) -> tuple[str, int]:
    """The shop offers a product that it does not offer yet; returns its page, and what it costs a team."""
    page = merchant.page
    await merchant.goto("/merchant/group-buying")
    others = await page.locator("table tbody tr a.table-link").all_inner_texts()
    await merchant.goto("/merchant/group-buying/new")
    await merchant.look("group-form")
    options = page.locator("datalist#articles option")
    # What there is enough of, and is not offered to teams yet.
    said = next(
        each
        for each in await options.all_inner_texts()
        if each.split(" · ")[0] not in others and int(re.sub(r"\D", "", each.split(" · ")[-1])) > SIZE
    )
    code = await options.filter(has_text=said).first.get_attribute("value")
    price = minor(said.split(" · ")[-2]) * 3 // 4 // 100 * 100
    await merchant.fill(what_0=code or "", price_0=f"{price // 100}", size=f"{SIZE}", pieces="30")
    # The shop is told what speaks against it, where something does, and says that it wants it all the same.
    merchant.allow(409)
    await merchant.follow(merchant.button("Offer it"))
    anyway = page.locator("button[name='anyway']")
    if await anyway.count():
        await merchant.look("group-form-warned")
        await merchant.follow(anyway)
    await page.wait_for_url(re.compile(r"/merchant/group-buying/[0-9a-f-]{36}$"))
    await merchant.look("group-offer")
    href = await merchant.link("Page of the goods").get_attribute("href")
    return f"{href}?sku={code}", price


async def test_a_team_that_nobody_joins_gives_the_money_back(house: House, visit: Visit, variant: Variant) -> None:
    merchant, buyer = await visit(), await visit()
    page, desk = buyer.page, merchant.page
    await steps.sign_in(merchant, house, MERCHANT, to="/merchant/group-buying")
    goods, price = await offer(merchant)

    await buyer.goto(goods)
    await expect(page.locator("#group")).to_contain_text(f"{price / 100:,.2f}")
    await buyer.look("product-group")
    await buyer.button("Open a team").click()
    await page.wait_for_url(re.compile("/checkout/"))
    await steps.fill_address(buyer, f"team-{variant.number}@example.com")
    await expect(page.locator("#sums")).to_contain_text(buyer.words("Group price"))
    total = await steps.place(buyer)
    await steps.at_the_cashier(buyer, "approve")
    bought = await steps.paid(buyer, total)
    (code,) = bought.orders.values()
    await expect(page.get_by_text(buyer.words("Paid, not sent yet")).first).to_be_visible()
    await buyer.look("purchase-waits")
    await page.locator("a[href^='/group/']").first.click()
    await expect(page.locator(".flash-sold").first).to_contain_text(
        buyer.words("%(paid)s of %(size)s", paid="1", size=str(SIZE))
    )
    await buyer.look("team")
    team = page.url.rsplit("/", 1)[1]
    await merchant.goto("/merchant/orders?state=held")
    await desk.locator("a", has_text=code).first.click()
    await expect(desk.get_by_text(merchant.words("On hold")).first).to_be_visible()
    await merchant.look("order-waits")

    with psycopg.connect(commands.owner_url(house.home), autocommit=True) as owner:
        owner.execute("UPDATE group_teams SET ends_at = now() WHERE code = %s", [team])

    await buyer.goto(f"/orders/{code}")
    await buyer.until(page.get_by_text(buyer.words("Paid back")))
    await expect(
        page.get_by_text(buyer.words("The group did not come together in time. All of your money goes back.")).first
    ).to_be_visible()
    await buyer.look("order-refunded")
    await buyer.goto(f"/group/{team}")
    await expect(page.get_by_text(buyer.words("It did not come together")).first).to_be_visible()
    await buyer.look("team-failed")
    await merchant.goto("/merchant/group-buying")
    await merchant.look("group-list")
