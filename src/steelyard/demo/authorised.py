"""Payments of the demo that are authorised first and taken when goods leave: of three shops one has sent its goods; nothing of
another purchase is taken yet; and one was called off before anything was."""

from uuid import UUID

from steelyard.demo.bought import CHANNEL, buy, send
from steelyard.demo.life import offers
from steelyard.demo.products import made
from steelyard.kernel.db import Database
from steelyard.kernel.settings import Settings
from steelyard.money import payments
from steelyard.money.payments.model import RefundId
from steelyard.parties import merchants
from steelyard.parties.customers.model import Address
from steelyard.parties.merchants import Captures
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import aftersales, orders
from steelyard.trade.orders.model import Order, OrderState

# All keep yuan, and nobody's sums are in examples.
SHOPS = ("qingxu", "yuxi", "tiesuo")
FATES = ("one sent", "waits", "called off")


async def authorise(db: Database, settings: Settings, home: Address) -> None:
    """Said again, it stays as it is."""
    if CHANNEL not in payments.channels(settings):
        return
    shops = [MerchantId(made("merchant", slug)) for slug in SHOPS]
    for shop in shops:
        await db.transact(merchants.set_captures, shop, Captures.AT_SENDING)
    on_sale = await db.ask(offers)
    skus: list[UUID] = [
        found for shop in shops if (found := next((each.sku_id for each in on_sale if each.merchant_id == shop), None))
    ]
    for n, fate in enumerate(FATES if skus else ()):
        purchase_id = await buy(db, settings, ("authorised", str(n)), dict.fromkeys(skus, 1), home)
        if purchase_id is None:
            continue
        bought = await db.ask(orders.orders_of_purchase, purchase_id)
        if fate == "one sent" and bought[0].state is OrderState.PAID:
            await send(db, bought[0])
        for order in bought if fate == "called off" else ():
            await _call_off(db, order)
    await payments.take_captures(db, payments.channels(settings))


async def _call_off(db: Database, order: Order) -> None:
    if order.state is OrderState.PAID:
        refund_id = RefundId(made("refund", str(order.order_id)))
        await db.transact(aftersales.cancel, order.merchant_id, order.order_id, refund_id, "buyer", "buyer")
