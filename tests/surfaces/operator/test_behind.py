"""A figure leads to the orders that it counts, and adds up to what they do."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from steelyard.kernel.db import Database, Read
from steelyard.operations.analytics.rollup import roll_up
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales.model import Returned
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.world import World

HERE = "/operator/figures/orders"
REFUNDS = "/operator/figures/refunds"


def today() -> str:
    return datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).date().isoformat()


def this_day(**narrowed: object) -> dict[str, str]:
    return {"what": "paid", "from": today(), "to": today(), **{name: str(value) for name, value in narrowed.items()}}


async def test_a_figure_leads_to_the_orders_behind_it_and_they_add_up(
    db: Database, world: World, chief: Browser
) -> None:
    tea, tool = await deal.paid(db, [(world.items["green"].sku_id, 2), (world.items["hammer"].sku_id, 1)])
    purchase_id = await deal.placed(db, [(world.items["green"].sku_id, 1)])
    [unpaid] = await db.ask(orders.orders_of_purchase, purchase_id)
    await deal.at_rest(db)
    while await db.transact(roll_up):
        pass

    paid = words(await chief.get(HERE, **this_day()))
    placed = words(await chief.get(HERE, **this_day(what="placed", currency=tea.currency)))
    of_shop = words(await chief.get(HERE, **this_day(merchant=tea.merchant_id, currency=tea.currency)))

    assert [order.code in paid for order in (tea, tool, unpaid)] == [True, True, False]
    assert unpaid.code in placed
    assert [order.code in of_shop for order in (tea, tool)] == [True, False]
    assert f"{tea.total / 100:,.2f}" in of_shop
    for page in ("merchants", "days", "channels", "categories", "products"):
        assert f"{HERE}?" in (await chief.get(f"/operator/figures/{page}", period="7d")).text, page
    assert f"{HERE}?what=paid" in (await chief.get("/operator")).text.replace("&amp;", "&")


async def test_a_figure_is_narrowed_by_channel_category_and_product(db: Database, world: World, chief: Browser) -> None:
    tea, tool = await deal.paid(db, [(world.items["green"].sku_id, 2), (world.items["hammer"].sku_id, 1)])
    await deal.at_rest(db)
    while await db.transact(roll_up):
        pass
    category_id = await db.ask(_category, world)
    narrowed = {
        "channel": this_day(channel="shop"),
        "no channel": this_day(channel="amazon"),
        "category": this_day(category=category_id, currency=tea.currency),
        "product": this_day(merchant=tea.merchant_id, product=world.items["green"].product_id, currency=tea.currency),
    }

    found = {name: words(await chief.get(HERE, **asked)) for name, asked in narrowed.items()}

    assert {name: [order.code in page for order in (tea, tool)] for name, page in found.items()} == {
        "channel": [True, True],
        "no channel": [False, False],
        "category": [True, False],
        "product": [True, False],
    }
    assert "No orders in this period" in found["no channel"]
    assert "Paid for these goods" in found["category"]
    file = await chief.get(HERE, **narrowed["product"], format="csv")
    assert tea.code in file.text
    assert tool.code not in file.text


async def test_refunds_by_channel_lead_to_each_of_them(db: Database, world: World, chief: Browser) -> None:
    tea, tool = await deal.paid(db, [(world.items["green"].sku_id, 2), (world.items["hammer"].sku_id, 1)])
    await deal.refunded(db, tea, Returned(1, 1))
    await deal.at_rest(db)
    while await db.transact(roll_up):
        pass
    asked = {"from": today(), "to": today(), "currency": tea.currency, "channel": "shop"}

    figures = (await chief.get("/operator/figures/channels", period="7d")).text.replace("&amp;", "&")
    [link] = re.findall(r'href="(/operator/figures/refunds\?[^"]*)"', figures)
    page, file = await chief.get(link), await chief.get(REFUNDS, **asked, format="csv")

    [refund] = (await db.ask(aftersales.of_orders, [tea.order_id]))[tea.order_id]
    amount = f"{(refund.goods + refund.freight) / 100:,.2f}"
    assert "channel=shop" in link and words(page).count(amount) == 2, "the figure, and the refund that it is made of"
    assert tea.code in words(page) and tool.code not in words(page)
    assert tea.code in file.text and "Goodwill" in file.text
    assert "No refunds in this period" in words(await chief.get(REFUNDS, **{**asked, "channel": "amazon"}))
    of_the_other = words(await chief.get(REFUNDS, **asked, merchant=str(tool.merchant_id)))
    assert tea.code not in of_the_other
    assert (await chief.get(REFUNDS, **{**asked, "from": "soon"})).status_code == 404


async def test_a_figure_that_there_is_none_of_is_not_found(world: World, chief: Browser) -> None:
    product = {"product": str(world.items["green"].product_id)}
    for asked in ({}, this_day(what="lost"), {**this_day(), "from": "soon"}, {**this_day(), **product}):
        assert (await chief.get(HERE, **asked)).status_code == 404, asked


async def _category(read: Read, world: World) -> str:
    return await read.value(
        "SELECT path[1]::text FROM categories JOIN products USING (category_id) WHERE product_id = $1",
        world.items["green"].product_id,
    )
