"""What is paid at the door in the demo, and by bank transfer: two shops offer cash on delivery, and a parcel of theirs is at
each step; one purchase waits for the rest of its transfer. None is of the first shop, whose sums people count on."""

from datetime import UTC, datetime

from steelyard.demo.bought import buy, send
from steelyard.demo.catalogue import makers
from steelyard.demo.life import offers
from steelyard.demo.products import made
from steelyard.kernel import days
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.money import Money
from steelyard.kernel.settings import Settings
from steelyard.logistics import parcels
from steelyard.logistics.parcels.model import Scan
from steelyard.money import payments
from steelyard.money.payments import ArrivedAtTheDoor
from steelyard.parties.customers.model import Address
from steelyard.trade import checkout, orders
from steelyard.trade.orders import Remitted
from steelyard.trade.orders.model import Order, OrderId, OrderState, PurchaseId

SHOPS = 2
NOT_THESE = {"zoufang", "xinghuo"}
CURRENCY = "CNY"
# How far each purchase has come: the first waits to be sent, the next is under way, then paid at the door, and one went back.
FATES = ("waits", "under way", "paid", "refused")
TRANSFERRED = 1_000
CARRIER = "simex"
LESS = 1_000


async def pay_otherwise(db: Database, settings: Settings, home: Address) -> None:
    """Said again, it stays as it is."""
    on_sale = [each for each in await db.ask(offers) if each.currency == CURRENCY]
    wanted = [made("merchant", maker.slug) for maker in makers() if maker.slug not in NOT_THESE]
    shops = [shop for shop in wanted if any(each.merchant_id == shop for each in on_sale)][:SHOPS]
    if "cod" in payments.channels(settings):
        for shop in shops:
            await db.transact(payments.offer, shop, True, "system")
        skus = [next(each.sku_id for each in on_sale if each.merchant_id == shop) for shop in shops]
        for n, fate in enumerate(FATES):
            purchase_id = await buy(db, settings, ("door", str(n)), dict.fromkeys(skus, 1), home, channel="cod")
            if purchase_id is not None:
                await _become(db, purchase_id, fate)
        await db.transact(_paid_on)
    if "bank_transfer" in payments.channels(settings) and shops:
        sku = next(each.sku_id for each in on_sale if each.merchant_id == shops[0])
        names = ("door", str(len(FATES)))
        purchase_id = await buy(db, settings, names, {sku: 2}, home, channel="bank_transfer")
        if purchase_id is not None:
            await db.transact(_came, purchase_id)


async def _become(db: Database, purchase_id: PurchaseId, fate: str) -> None:
    for order in await db.ask(orders.orders_of_purchase, purchase_id):
        if order.state is not OrderState.PAID or fate == "waits":
            continue
        number = await send(db, order)
        if fate != "under way":
            await db.transact(_arrive, order, number, refused=fate == "refused")
        if fate == "paid":
            there = ArrivedAtTheDoor(merchant_id=order.merchant_id, order_id=order.order_id, carrier=CARRIER)
            await db.transact(payments.collect_at_the_door, [there], "carrier")


async def _arrive(tx: Tx, order: Order, number: str, *, refused: bool) -> None:
    at = await tx.value("SELECT now()")
    scan = Scan(at=at, code="refused" if refused else "delivered", place=order.address.city)
    await parcels.record_scans(tx, carrier="simex", number=number, scans=[scan])


async def _paid_on(tx: Tx) -> None:
    """The carrier has sent a file of what it pays on for the first of them, and says ten yuan less."""
    held = [each for each in await payments.with_carrier(tx, CARRIER, CURRENCY) if (each.told or 0) > LESS]
    if not held or await payments.remittances(tx):
        return
    order_id = OrderId(held[0].order_id)
    parcel = (await parcels.of_orders(tx, [order_id]))[order_id][0]
    said = Money((held[0].told or 0) - LESS, CURRENCY).decimal()
    content = f"time,number,amount,currency,fee\n{days.today()} 09:30:00,{parcel.number},{said},{CURRENCY},0.50\n"
    sent = Remitted(
        carrier=CARRIER, currency=CURRENCY, name=f"{CARRIER}-{days.today()}.csv", content=content.encode(),
        bank_number="DEMO-COD-1", on_day=days.today(),
    )  # fmt: skip
    await orders.lay_remittance_beside(tx, sent, "staff:demo")


async def _came(tx: Tx, purchase_id: PurchaseId) -> None:
    """A part of what is to be transferred has come."""
    tries = await payments.of_purchase(tx, purchase_id)
    waiting = next((each for each in tries if each.channel == "bank_transfer"), None)
    if waiting is None or waiting.amount <= TRANSFERRED:
        return
    await checkout.receive_transfer(
        tx,
        waiting.payment_id,
        bank_number="DEMO-0001",
        amount=TRANSFERRED,
        currency=waiting.currency,
        party="示例买家 6222 0000",
        on_day=datetime.now(UTC).date(),
        by="staff:demo",
    )
