"""A purchase that is paid in months: only by a plan of the channel's, and given back as any other."""

import pytest

from steelyard.kernel import ids
from steelyard.money import payments
from steelyard.money.payments import UnknownChannel
from steelyard.trade import aftersales, checkout
from steelyard.trade.checkout import Payer
from steelyard.trade.orders.model import PurchaseState
from tests.support import deal
from tests.trade.till import CHANNEL, SETTINGS, Till, till

__all__ = ["till"]


async def collect(till: Till, purchase_id, months: int) -> checkout.Collection:
    return await checkout.collect(
        till.db, SETTINGS, purchase_id, channel=CHANNEL, return_url="https://shop.test/b", token="tok_approve",
        payer=Payer(months=months),
    )  # fmt: skip


async def test_a_purchase_is_paid_in_months_and_given_back(till: Till):
    wanted = [(till.world.items["hammer"].sku_id, 5)]
    purchase_id = await deal.placed(till.db, wanted)
    with pytest.raises(UnknownChannel):
        await collect(till, purchase_id, 4)

    collection = await collect(till, purchase_id, 3)

    assert collection.state == "captured" and await till.purchase(purchase_id) is PurchaseState.PAID
    (found,) = await till.at_channel(collection.payment_id)
    (payment,) = await till.db.ask(payments.of_purchase, purchase_id)
    assert (found["months"], payment.instalments) == (3, 3)
    for part in await deal.orders_of(till.db, purchase_id):
        await till.db.transact(
            aftersales.cancel, part.merchant_id, part.order_id, payments.RefundId(ids.mint()), "buyer", "buyer"
        )
    await till.give_back()
    (found,) = await till.at_channel(collection.payment_id)
    assert found["refunded"] == payment.amount, "what the buyer paid for the goods is back whole"
