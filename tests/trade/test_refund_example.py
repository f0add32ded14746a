"""The worked example of docs/algorithms/refunds.md, run: what each refund comes to, and what it leaves in the books."""

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.money import ledger
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import aftersales, checkout
from steelyard.trade.aftersales.model import FreightTooHigh, NotThatMany, Returned
from steelyard.trade.checkout.model import SHOP, CheckoutId
from steelyard.trade.orders.model import Order
from tests.support import deal
from tests.support.database import Settled
from tests.trade.examples import Market, Numbers, amounts, minor, numbers

BOOKS = ("held", "payable", "commission")


async def ordered(db: Database, market: Market, wanted: dict[str, str]) -> Order:
    checkout_id = CheckoutId(ids.mint())
    lines = [(market.skus[name], int(pieces)) for name, pieces in wanted.items()]
    draft = deal.draft(lines, address=market.address)
    await db.transact(checkout.open_checkout, checkout_id, BuyerId(ids.mint()), draft, client=SHOP)
    purchase_id = await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
    (order,) = await deal.orders_of(db, purchase_id)
    return order


async def act(db: Database, order: Order, step: Numbers) -> None:
    match step["do"]:
        case "pay":
            await deal.captured(db, await deal.instructed(db, order.purchase_id))
        case "receive":
            await deal.shipped(db, order)
            await deal.received(db, order)
        case "refund":
            await deal.refunded(db, order, Returned(1, int(step["pieces"])), freight=minor(step["freight"]))
            made = (await db.ask(aftersales.of_orders, [order.order_id]))[order.order_id][-1]
            assert (made.goods, made.freight) == (minor(step["goods"]), minor(step["freight"]))
            assert made.commission == minor(step["commission_returned"])
        case unknown:
            raise AssertionError(unknown)


async def test_the_page_says_what_goes_back(db: Database, settled: Settled) -> None:
    page = numbers("refunds.md")
    market = Market(page["given"])
    await db.transact(market.open)
    order = await ordered(db, market, page["wanted"])
    assert {name: getattr(order, name) for name in page["order"]} == amounts(page["order"])

    for number, step in enumerate(page["steps"], start=1):
        await act(db, order, step)

        books = {str(line.kind): line.balance for line in await db.ask(ledger.balances, order.merchant_id)}
        assert {name: books.get(name, 0) for name in BOOKS} == {name: minor(step[name]) for name in BOOKS}, number
        await deal.channel_refunds(db)
        await settled()

    made = (await db.ask(aftersales.of_orders, [order.order_id]))[order.order_id]
    assert {name: sum(getattr(each, name) for each in made) for name in page["refunded"]} == amounts(page["refunded"])
    now = await deal.again(db, order)
    assert (now.refunded, now.commission_returned) == (order.total, order.commission)
    with pytest.raises(NotThatMany):
        await deal.refunded(db, order, Returned(1, 1))
    with pytest.raises(FreightTooHigh):
        await deal.refunded(db, order, freight=1)
