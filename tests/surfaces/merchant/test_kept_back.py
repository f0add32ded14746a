"""An order whose money is authorised and not taken yet, as its shop sees it."""

from steelyard.kernel.db import Database, Tx
from steelyard.money.payments.gateways.simpay import Simpay
from steelyard.money.payments.model import ChannelAnswer, Instruction, PaymentState
from steelyard.parties import merchants
from steelyard.parties.merchants import Captures
from steelyard.trade import checkout
from steelyard.trade.checkout import collection
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.consoles import app, database_url, owner, world
from tests.support.world import World

__all__ = ["app", "database_url", "owner", "world"]

CHANNELS = {"simpay": Simpay("http://simpay.test", "", "")}


async def test_a_shop_reads_what_is_authorised_and_not_taken(db: Database, world: World, owner: Browser) -> None:
    async def later(tx: Tx) -> None:
        await merchants.set_captures(tx, world.tea.merchant_id, Captures.AT_SENDING)
        tx.kept.clear()

    await db.transact(later)
    purchase_id = await deal.placed(db, [(world.items["nuts"].sku_id, 1)])
    asked = await db.transact(
        collection.begin, purchase_id, channel="simpay", return_url="https://shop.test/", token=None, payment_id=None,
        channels=CHANNELS,
    )  # fmt: skip
    assert isinstance(asked, Instruction) and asked.later
    answer = ChannelAnswer(
        reference="pay_1", state=PaymentState.AUTHORISED, amount=asked.amount, currency=asked.currency
    )
    await db.transact(checkout.apply_payment, asked.payment_id, answer, "channel")
    [order] = await deal.orders_of(db, purchase_id)

    page = await owner.get(f"/merchant/orders/{order.order_id}")

    assert page.status_code == 200
    assert f"{order.total / 100:.2f} authorised" in words(page)
