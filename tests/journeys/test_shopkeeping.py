"""A shop's days: a morning at the workbench, a count and a move in the warehouse, freight that is tried out, money that is
expected."""

import re
from uuid import uuid4

from playwright.async_api import expect

from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.visitor import Visitor


async def keep_a_view_and_take_it_away_by_mistake(clerk: Visitor) -> None:
    """The message that says that it is gone brings it back."""
    page = clerk.page
    name = f"早班{uuid4().hex[:4]}"
    view = page.locator(".saved-view", has_text=name)
    await clerk.goto(f"/merchant/orders?state=to_ship&q={name}")
    await page.locator(".save-view > summary").click()
    await page.locator("#view-name").fill(name)
    await clerk.follow(page.locator(".save-view form button"))
    await expect(view).to_be_visible()
    await clerk.follow(view.get_by_role("button"))
    await expect(view).to_have_count(0)
    toast = page.locator(".toasts .alert", has_text=name)
    await toast.hover()  # it stays as long as somebody points at it
    await clerk.look("view-removed")
    await clerk.follow(toast.get_by_role("button", name=clerk.words("Undo"), exact=True))
    await expect(view).to_be_visible()


async def test_a_clerks_morning_from_the_workbench_to_all_done(house: House, visit: Visit) -> None:
    # Somebody buys first: what the demo has to ship would not last for a morning in every variant.
    buyer = await visit()
    await steps.sign_in(buyer, house, "buyer@steelyard.test")
    await steps.buy(buyer, "zoufang", nth=2)

    clerk = await visit()
    page = clerk.page
    await steps.sign_in(clerk, house, "merchant@steelyard.test", to="/merchant")
    await clerk.look("workbench")
    await keep_a_view_and_take_it_away_by_mistake(clerk)
    await clerk.goto("/merchant/orders?state=to_ship")
    boxes = page.locator("input[type='checkbox'][name='order']")
    await clerk.until(boxes.first)
    await clerk.look("orders-to-ship")
    chosen = min(2, await boxes.count())
    assert chosen, "the demo has orders to ship"
    for place in range(chosen):
        await boxes.nth(place).check()
    await clerk.follow(clerk.button("Ship chosen"))
    numbers = page.locator("input[data-column='number']")
    await expect(numbers).to_have_count(chosen)
    await clerk.look("ship-many")
    # The carrier gives the numbers, the shop looks at them, then everything leaves together.
    await clerk.follow(clerk.button("Get numbers from the carrier"))
    await expect(numbers.first).to_have_value(re.compile(r"\S{6,}"))
    await clerk.look("ship-many-numbers")
    await clerk.button("Ship the rows with a number").click()
    await page.wait_for_url(re.compile("/ship/done"))
    await clerk.look("sent")
    labels = await clerk.link("Print labels").get_attribute("href")
    answer = await page.request.get(f"{clerk.url}{labels}")
    assert answer.ok
    assert (await answer.body()).startswith(b"%PDF-")


async def test_a_warehouse_is_counted_and_goods_move(house: House, visit: Visit) -> None:
    clerk = await visit("en")
    page = clerk.page
    await steps.sign_in(clerk, house, "merchant@steelyard.test", to="/merchant/stock")
    await clerk.look("stock")
    code = (await page.locator("td .code").first.inner_text()).strip()
    await clerk.goto("/merchant/stock/counts")
    await clerk.look("counts")
    await page.locator("input[name='prefix']").fill(code)
    await clerk.button("Make the sheet").click()
    await page.wait_for_url(re.compile(r"/counts/[0-9a-f-]{36}"))
    counted = page.locator("input[name^='counted_']").first
    await counted.fill("100000")
    await clerk.look("count-sheet")
    await clerk.button("Look at the differences").click()
    await expect(clerk.button("Book the count")).to_be_visible()
    await clerk.look("count-review")
    await clerk.button("Book the count").click()
    await expect(page.get_by_text(clerk.words("Booked")).first).to_be_visible()

    await clerk.goto("/merchant/stock/move?kind=transfer")
    await clerk.fill(lines=f"{code} 1")
    await clerk.follow(clerk.button("Look it through"))
    await clerk.look("transfer")
    await clerk.button("Book it").click()
    await page.wait_for_url(re.compile("/stock/documents/"))
    await clerk.look("transfer-document")
    await clerk.goto("/merchant/stock/movements?reason=transferred")
    await expect(page.get_by_text(code).first).to_be_visible()
    await clerk.look("movements")
    await clerk.goto("/merchant/stock/warehouses")
    await clerk.look("warehouses")


async def test_freight_is_tried_out_and_a_payout_expected(house: House, visit: Visit) -> None:
    owner = await visit()
    page = owner.page
    await steps.sign_in(owner, house, "merchant@steelyard.test", to="/merchant/freight")
    await owner.fill(region="浙江省", pieces="3", weight="1500")
    await owner.button("Reckon").click()
    await expect(page.locator("#try li").first).to_be_visible()
    await owner.look("freight")
    await page.locator("td a.table-link").first.click()
    await owner.look("freight-template")
    await owner.goto("/merchant/money")
    await expect(page.locator("h1")).to_have_text(owner.words("Money"))
    await owner.look("money")
    await owner.goto("/merchant/statements")
    await page.locator("a.table-link.code").first.click()
    await owner.look("statement")


async def test_somebody_is_invited_with_a_role_that_the_shop_made(house: House, visit: Visit) -> None:
    owner = await visit()
    page = owner.page
    name = f"拣货{uuid4().hex[:4]}"
    await steps.sign_in(owner, house, "merchant@steelyard.test", to="/merchant/roles")
    await owner.look("roles")
    await owner.goto("/merchant/staff")
    await owner.fill(name=name, email=f"{uuid4().hex[:8]}@steelyard.test")
    # The demo's shop has made a role for those who pack.
    role = "仓库打包员" if owner.locale == "zh-Hans" else "Packer"
    await page.locator("#invite label", has_text=role).locator("input").check()
    await owner.look("invite")
    await owner.button("Send the invitation").click()
    await expect(page.get_by_text(name).first).to_be_visible()
    await owner.look("staff")
