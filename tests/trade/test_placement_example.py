"""The worked example of docs/algorithms/placement.md, run: every sum and every refusal in the page is true."""

from uuid import UUID

import pytest

from steelyard.goods import inventory
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import checkout, orders
from steelyard.trade.checkout.model import SHOP, CheckoutId, SoldOut, TotalMoved
from steelyard.trade.orders.model import Order, PurchaseId, PurchaseState
from tests.support import deal
from tests.support.database import Settled
from tests.trade.examples import Market, Numbers, amounts, minor, numbers


class Example:
    """The buyers of the page, each with a checkout of what the page says they want."""

    def __init__(self, db: Database, market: Market) -> None:
        self.db = db
        self.market = market

    async def opened(self, wanted: dict[str, str]) -> CheckoutId:
        lines = [(self.market.skus[name], int(pieces)) for name, pieces in wanted.items()]
        draft = deal.draft(lines, address=self.market.address)
        checkout_id = CheckoutId(ids.mint())
        await self.db.transact(checkout.open_checkout, checkout_id, BuyerId(ids.mint()), draft, client=SHOP)
        return checkout_id

    async def shown(self, checkout_id: CheckoutId) -> int:
        view = await self.db.ask(checkout.view, checkout_id)
        assert view is not None
        return view.quote.total

    async def placed(self, checkout_id: CheckoutId, total: int) -> PurchaseId:
        return await self.db.transact(checkout.place, checkout_id, expected_total=total, by="buyer")

    async def free(self, names: Numbers) -> dict[str, int]:
        levels = await self.db.ask(inventory.available, [self.market.skus[name] for name in names])
        return {self.market.names[sku_id]: pieces for sku_id, pieces in levels.items()}

    async def told(self, order: Order) -> dict[str, object]:
        """The order in the words of the page."""
        lines = (await self.db.ask(orders.lines_of, [order.order_id]))[order.order_id]
        sums = ("goods", "freight", "tax_included", "tax_added", "total", "commission")
        return {name: getattr(order, name) for name in sums} | {
            "lines": {
                self.market.names[line.sku_id]: {name: getattr(line, name) for name in ("amount", "tax", "commission")}
                for line in lines
            }
        }


@pytest.fixture
async def market(db: Database) -> Market:
    opened = Market(numbers("placement.md")["given"])
    await db.transact(opened.open)
    return opened


def pieces(told: dict[str, str]) -> dict[str, int]:
    return {name: int(count) for name, count in told.items()}


async def count_purchases(read: Read) -> int:
    return await read.value("SELECT count(*) FROM purchases")


async def test_the_page_says_what_placing_comes_to(db: Database, market: Market, settled: Settled) -> None:
    page, example = numbers("placement.md"), Example(db, market)
    checkout_id = await example.opened(page["wanted"])
    assert await example.shown(checkout_id) == minor(page["total"])

    purchase_id = await example.placed(checkout_id, minor(page["total"]))
    assert await example.placed(checkout_id, minor(page["total"])) == purchase_id  # the second click

    parts = await deal.orders_of(db, purchase_id)
    assert {market.names[part.merchant_id]: await example.told(part) for part in parts} == {
        name: amounts({sum_: told for sum_, told in order.items() if sum_ != "lines"})
        | {"lines": {line: amounts(told) for line, told in order["lines"].items()}}
        for name, order in page["placed"].items()
    }
    purchase = await db.ask(orders.purchase, purchase_id)
    assert purchase is not None
    assert (purchase.state, purchase.total) == (PurchaseState.PLACED, minor(page["total"]))
    assert await example.free(page["free"]) == pieces(page["free"])
    await settled()


async def test_the_page_says_what_is_refused(db: Database, market: Market, settled: Settled) -> None:
    page, example = numbers("placement.md"), Example(db, market)
    await example.placed(await example.opened(page["wanted"]), minor(page["total"]))

    moved = page["moved_price"]
    second = await example.opened(moved["wanted"])
    assert await example.shown(second) == minor(moved["shown"])
    for name, amount in moved["new_price"].items():
        await db.transact(market.price, market.merchants["tea"], name, amount)
    with pytest.raises(TotalMoved) as refused:
        await example.placed(second, minor(moved["shown"]))
    facts = refused.value.facts
    assert {name: facts[name] for name in ("expected", "total")} == amounts(moved["refused"])
    await example.placed(second, minor(moved["placed_after_looking_again"]))

    sold_out = page["sold_out"]
    third = await example.opened(sold_out["wanted"])
    with pytest.raises(SoldOut) as short:
        await example.placed(third, await example.shown(third))
    line_of: dict[str, UUID] = {f"l{n}": market.skus[name] for n, name in enumerate(sold_out["wanted"], 1)}
    assert {market.names[line_of[each["line_id"]]]: each["free"] for each in short.value.facts["shortages"]} == pieces(
        sold_out["refused"]
    )
    assert await example.free(sold_out["free"]) == pieces(sold_out["free"])
    assert await db.ask(count_purchases) == int(page["purchases"])
    await settled()
