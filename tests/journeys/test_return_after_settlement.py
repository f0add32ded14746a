"""A return after the shop was settled and paid out: the goods travel back, the money goes back, and the shop's next statement
takes it, to the cent."""

from datetime import UTC, date, datetime, timedelta

from playwright.async_api import expect

from steelyard.trade.settlement.model import settlement_day
from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.steps import Chosen
from tests.journeys.test_deal import commission, settle, written
from tests.journeys.variants import Variant
from tests.journeys.visitor import Visitor, minor

# A shop whose sums no other journey counts on; days of statements, two for each variant, as far ahead as a demo lets one go.
SHOP, MERCHANT = "oubi", "oubi@steelyard.test"
BUYER, OPERATOR = "buyer@steelyard.test", "operator@steelyard.test"
CLEARED = 15
RUNS_MAX = 12


def number_for(code: str) -> str:
    """A tracking number that no other try has used: a number is one parcel's."""
    return "RT" + code.replace("-", "")


async def sold(buyer: Visitor, merchant: Visitor, *, quantity: int) -> tuple[Chosen, int, str]:
    """Some pieces are bought, sent, delivered and received: what, for how much in all, and the order's code."""
    await steps.empty_cart(buyer)
    chosen = await steps.choose(buyer, SHOP, quantity=quantity)
    await steps.to_checkout(buyer)
    await expect(buyer.page.locator("#priced input[type='radio']:checked").first).to_be_attached()
    total = await steps.place(buyer)
    await steps.at_the_cashier(buyer, "approve")
    code = (await steps.paid(buyer, total)).orders[SHOP]
    await steps.send(merchant, code, number_for(code))
    await steps.delivered(buyer, code)
    await steps.receive(buyer, code)
    return chosen, total, code


async def settled(operator: Visitor, merchant: Visitor, day: date) -> list[int]:
    """The run of a day, until the shop's statement is there and paid; what its page comes to, the payout last."""
    await merchant.goto("/merchant/statements")
    row = merchant.page.locator("tbody tr", has_text=written(merchant, day)).first
    await settle(operator, day)
    for _ in range(RUNS_MAX):
        if await row.count():
            break
        await settle(operator, day)  # what has just been earned may not be known yet
        await merchant.page.reload()
    await expect(row).to_be_visible()
    await row.get_by_role("link").first.click()
    await merchant.until(merchant.text("Paid out"))
    await merchant.look("merchant-statement")
    return [minor(text) for text in await merchant.page.locator("aside .summary dd").all_inner_texts()]


async def asked_back(buyer: Visitor, code: str) -> str:
    """The buyer changes their mind within the days of the right; the case's id."""
    page = buyer.page
    await buyer.goto(f"/orders/{code}/after-sales?kind=return_refund")
    await page.locator("select[name='reason']").select_option("changed_mind")
    await buyer.look("return-form")
    await buyer.button("Ask the shop").click()
    await expect(page.locator("h1")).to_have_text(buyer.words("Waiting for the shop"))
    return page.url.rsplit("/", 1)[1]


async def taken_back(buyer: Visitor, merchant: Visitor, case: str, number: str) -> None:
    """The shop agrees, the goods travel back, and the shop accepts all of them."""
    page, desk = buyer.page, merchant.page
    await merchant.goto(f"/merchant/after-sales/{case}")
    agreeing = desk.locator("details.confirm", has_text=merchant.words("Agree to the return"))
    await agreeing.locator("summary").click()
    await agreeing.locator("form button").click()
    await expect(merchant.text("To be sent back").first).to_be_visible()
    await buyer.goto(f"/after-sales/{case}")
    await page.locator("select[name='carrier']").select_option("simex")
    await buyer.fill(number=number)
    await buyer.look("return-agreed")
    await buyer.button("I have sent it").click()
    await expect(page.locator("h1")).to_have_text(buyer.words("On its way back"))
    await merchant.goto(f"/merchant/after-sales/{case}")
    await merchant.until(desk.locator("main p", has_text=number).get_by_text(merchant.words("Delivered")))
    await merchant.look("merchant-return-arrived")
    await merchant.button("Refund what is accepted").click()
    await expect(merchant.button("Refund what is accepted")).to_have_count(0)


async def test_what_comes_back_after_the_payout_is_on_the_next_statement(
    house: House, visit: Visit, variant: Variant
) -> None:
    cleared = settlement_day(datetime.now(UTC)) + timedelta(days=CLEARED)
    day = cleared + timedelta(days=1 + 2 * variant.number)
    next_day = day + timedelta(days=1)
    operator, merchant, buyer = await visit(), await visit(), await visit()
    await steps.sign_in(operator, house, OPERATOR, to="/operator")
    await settle(operator, cleared)  # what was sold before
    await steps.sign_in(buyer, house, BUYER)
    await steps.sign_in(merchant, house, MERCHANT, to="/merchant/orders")
    chosen, total, code = await sold(buyer, merchant, quantity=1)
    earned = total - commission(chosen)
    assert await settled(operator, merchant, day) == [total, -commission(chosen), earned]

    case = await asked_back(buyer, code)
    await taken_back(buyer, merchant, case, number_for(code) + "BACK")
    await buyer.goto(f"/after-sales/{case}")
    await expect(buyer.page.locator("h1")).to_have_text(buyer.words("Refunded"))
    await buyer.look("return-refunded")
    # Delivery is not given back to who changed their mind; the commission comes back with the goods.
    owed = chosen.goods - commission(chosen)
    await merchant.goto("/merchant/statements")
    waiting = merchant.page.locator(".stat-value").first
    await merchant.until(waiting)
    assert minor(await waiting.inner_text()) == -owed
    await merchant.look("merchant-statements-owing")
    await settle(operator, next_day)
    await merchant.goto("/merchant/statements")
    rows = merchant.page.locator("tbody tr", has_text=written(merchant, next_day))
    await expect(rows).to_have_count(0)  # refunds that outweigh sales wait

    again, total, _ = await sold(buyer, merchant, quantity=2)
    netted = total - commission(again) - owed
    assert netted > 0
    assert await settled(operator, merchant, next_day) == [
        total, -commission(again), -chosen.goods, commission(chosen), netted
    ]  # fmt: skip
    entries = merchant.page.locator("table").first.locator("tbody tr", has_text=code).locator("td:last-child")
    assert sorted([minor(text) for text in await entries.all_inner_texts()]) == [-chosen.goods, commission(chosen)]
    assert "checks hold" in house.command("check")
