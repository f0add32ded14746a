"""The worked example of docs/algorithms/chargebacks.md, run: what is frozen, who bears what, and the books after it."""

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.money import ledger, payments
from steelyard.money.payments import DisputeReason, DisputeStanding
from steelyard.parties import policies
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies.model import CHARGEBACK_FEES
from steelyard.trade import chargebacks, checkout
from steelyard.trade.chargebacks import Bearer, News
from steelyard.trade.checkout.model import SHOP, CheckoutId
from steelyard.trade.orders.model import Order
from tests.support import deal
from tests.support.database import Settled
from tests.trade.examples import Market, Numbers, minor, numbers


async def bought(db: Database, market: Market) -> dict[str, Order]:
    """One of everything, received; by the name of the shop."""
    checkout_id = CheckoutId(ids.mint())
    draft = deal.draft([(sku_id, 1) for sku_id in market.skus.values()], address=market.address)
    await db.transact(checkout.open_checkout, checkout_id, BuyerId(ids.mint()), draft, client=SHOP)
    purchase_id = await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
    await deal.captured(db, await deal.instructed(db, purchase_id))
    placed = await deal.orders_of(db, purchase_id)
    for order in placed:
        await deal.shipped(db, order)
        await deal.received(db, order)
    return {market.names[order.merchant_id]: order for order in placed}


async def as_the_page_says(db: Database, placed: dict[str, Order], page: Numbers) -> None:
    owners = {name: order.merchant_id for name, order in placed.items()} | {"buyer": placed["lamps"].buyer_id}
    for name, told in page.items():
        books = {str(line.kind): line.balance for line in await db.ask(ledger.balances, owners[name])}
        assert {kind: books.get(kind, 0) for kind in told} == {kind: minor(told[kind]) for kind in told}, name


async def test_the_page_says_what_the_books_say(db: Database, settled: Settled) -> None:
    page = numbers("chargebacks.md")
    market = Market(page["given"])
    await db.transact(market.open)
    await db.transact(policies.settle, CHARGEBACK_FEES, 1, None)
    placed = await bought(db, market)
    await deal.at_rest(db)
    await as_the_page_says(db, placed, page["received"])

    (payment,) = await db.ask(payments.of_purchase, placed["lamps"].purchase_id)
    news = News(
        payment_id=payment.payment_id, channel=payment.channel, reference="du_1", amount=payment.amount,
        currency=payment.currency, fee=minor(page["fee"]), standing=DisputeStanding.NEEDS_ANSWER,
        reason=DisputeReason.NOT_AS_DESCRIBED, due_at=None,
    )  # fmt: skip
    chargeback_id = await db.transact(chargebacks.record, news, "channel")
    await deal.at_rest(db)
    await settled()
    await as_the_page_says(db, placed, page["taken"])

    await db.transact(chargebacks.set_bearer, chargeback_id, placed["cups"].order_id, Bearer.PLATFORM, "Broken by us")
    await db.transact(chargebacks.record, msgspec.structs.replace(news, standing=DisputeStanding.LOST), "channel")
    await deal.at_rest(db)
    await settled()
    await as_the_page_says(db, placed, page["lost"])
