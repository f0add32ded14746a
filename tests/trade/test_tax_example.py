"""The worked example of docs/algorithms/tax.md, run: what is sold, what goes back, and what the report says of it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from steelyard.goods import taxes
from steelyard.goods.taxes.model import Rate
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import checkout, orders, tax_reports
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.checkout.model import SHOP, CheckoutId
from steelyard.trade.orders.model import Order
from steelyard.trade.tax_reports import TaxLine
from tests.support import deal
from tests.trade.examples import Market, Numbers, amounts, millionths, minor, numbers

GOODS = {"kettles": "29.99", "books": "12.00"}


def market_of(page: Numbers) -> Market:
    """The seller of the example, in one country; the goods go to another."""
    goods = {
        name: {"price": price, "grams": "500", "stock": "9", "tax": page["lines"][name]["class"]}
        for name, price in GOODS.items()
    }
    freight = {
        "method": "piece", "first_units": "9", "first_fee": page["freight"]["amount"], "next_units": "1",
        "next_fee": "1.00",
    }  # fmt: skip
    return Market({
        "address": {"country": "FR", "region": "", "postal_code": "75001"},
        "taxes": {name: {"rate": rate, "in_price": "yes"} for name, rate in page["rates"].items()},
        "commission": {},
        "merchants": {"maker": {"freight": freight, "goods": goods}},
    })  # fmt: skip


async def moved(tx: Tx) -> None:
    await tx.execute("UPDATE merchants SET country = 'DE', time_zone = 'Europe/Berlin'")


async def sold(db: Database, market: Market, page: Numbers) -> Order:
    checkout_id = CheckoutId(ids.mint())
    wanted = [(market.skus[name], int(line["quantity"])) for name, line in page["lines"].items()]
    await db.transact(
        checkout.open_checkout,
        checkout_id,
        BuyerId(ids.mint()),
        deal.draft(wanted, address=market.address),
        client=SHOP,
    )
    purchase_id = await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
    await deal.captured(db, await deal.instructed(db, purchase_id))
    (order,) = await deal.orders_of(db, purchase_id)
    return order


async def reported(db: Database, merchant_id: MerchantId) -> list[TaxLine]:
    today = datetime.now(UTC).date()
    return await db.ask(tax_reports.report, today - timedelta(days=2), today + timedelta(days=2), merchant_id)


def due(lines: list[TaxLine]) -> dict[int, dict[str, int]]:
    return {
        line.millionths: {"gross": line.due_gross, "tax": line.due, "net": line.due_net}
        for line in tax_reports.folded(lines)
    }


def told(block: Numbers) -> dict[int, dict[str, int]]:
    return {millionths(rate): amounts(says) for rate, says in block.items()}


async def test_the_page_says_what_is_sold_and_what_goes_back(db: Database) -> None:
    page = numbers("tax.md")
    market = market_of(page)
    await db.transact(market.open)
    merchant_id = market.merchants["maker"]
    await db.transact(moved)
    order = await sold(db, market, page)
    lines = (await db.ask(orders.lines_of, [order.order_id]))[order.order_id]
    assert [(line.tax_class, line.amount, line.tax) for line in lines] == [
        (says["class"], minor(says["amount"]), minor(says["tax"])) for says in page["lines"].values()
    ]
    assert (order.freight, order.freight_tax) == (minor(page["freight"]["amount"]), minor(page["freight"]["tax"]))
    assert due(await reported(db, merchant_id)) == told(page["sold"])

    places = {name: number for number, name in enumerate(page["lines"], start=1)}
    before = 0
    for refund in page["refunds"]:
        pieces = [Returned(places[name], int(refund[name])) for name in places if name in refund]
        await deal.refunded(db, order, *pieces, freight=minor(refund.get("freight", "0")))
        found = await reported(db, merchant_id)
        assert sum(line.returned_tax for line in found) - before == minor(refund["tax"])
        before = sum(line.returned_tax for line in found)

    found = await reported(db, merchant_id)
    assert due(found) == told(page["left"])
    union = tax_reports.one_stop(found, tax_reports.Scheme.UNION)
    assert {(line.country, line.seller_country) for line in union} == {("FR", "DE")}
    assert sum(line.due for line in union) == sum(line.due for line in found)
    assert tax_reports.one_stop(found, tax_reports.Scheme.IMPORTED) == []


def test_the_page_says_what_comes_on_top() -> None:
    says = numbers("tax.md")["on_top"]
    rate = Rate(millionths=millionths(says["rate"]), inclusive=False)
    tax = taxes.tax_of(minor(says["amount"]), rate)
    assert (tax, minor(says["amount"]) + tax) == (minor(says["tax"]), minor(says["total"]))


def test_the_page_says_on_which_day_it_is_sold() -> None:
    page = numbers("tax.md")
    moment = datetime.fromisoformat(page["moment"])
    rates = {
        date.fromisoformat(first): Decimal(rate.removesuffix(" %")) for first, rate in page["rates_in_time"].items()
    }
    for zone, rate in page["sellers"].items():
        day = taxes.day_of(zone, moment)
        assert rates[max(first for first in rates if first <= day)] == Decimal(rate.removesuffix(" %"))
