"""What is paid at the door in the demo, and by bank transfer: two shops offer cash on delivery, and a parcel of theirs is at
each step; one purchase waits for the rest of its transfer. None is of the first shop, whose sums people count on."""

from datetime import UTC, datetime

from steelyard.demo.catalogue import makers
from steelyard.demo.life import offers
from steelyard.demo.products import made
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.settings import Settings
from steelyard.logistics import parcels
from steelyard.logistics.fulfilment.model import Dispatch
from steelyard.logistics.parcels.model import ParcelId, Scan
from steelyard.money import payments
from steelyard.money.payments import UnknownChannel
from steelyard.parties.customers.model import Address, BuyerId, Contact
from steelyard.trade import checkout, orders
from steelyard.trade.checkout.model import SHOP, CheckoutId, CheckoutNotReady, Draft, Line, MixedPurchase, SoldOut
from steelyard.trade.orders.model import Order, OrderState, PurchaseId

SHOPS = 2
NOT_THESE = {"zoufang", "xinghuo"}
CURRENCY = "CNY"
# How far each purchase has come: the first waits to be sent, the next is under way, then paid at the door, and one went back.
FATES = ("waits", "under way", "paid", "refused")
TRANSFERRED = 1_000


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
            lines = [Line(line_id=f"l{place}", sku_id=sku, quantity=1) for place, sku in enumerate(skus)]
            purchase_id = await _buy(db, settings, "cod", lines, home, n)
            if purchase_id is not None:
                await _become(db, purchase_id, fate, n)
    if "bank_transfer" in payments.channels(settings) and shops:
        sku = next(each.sku_id for each in on_sale if each.merchant_id == shops[0])
        purchase_id = await _buy(
            db, settings, "bank_transfer", [Line(line_id="l0", sku_id=sku, quantity=2)], home, len(FATES)
        )
        if purchase_id is not None:
            await db.transact(_came, purchase_id)


async def _buy(
    db: Database, settings: Settings, channel: str, lines: list[Line], home: Address, n: int
) -> PurchaseId | None:
    buyer_id = BuyerId(made("buyer", "door", str(n)))
    draft = Draft(
        lines=lines,
        contact=Contact(name=home.name, email=f"door{n}@example.com", phone=home.phone),
        address=home,
    )
    checkout_id = CheckoutId(made("checkout", "door", str(n)))
    try:
        await db.transact(checkout.open_checkout, checkout_id, buyer_id, draft, client=SHOP)
        purchase_id = await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
        await checkout.collect(db, settings, purchase_id, channel=channel, return_url=settings.base_url)
    except (SoldOut, CheckoutNotReady, MixedPurchase, UnknownChannel):
        return None
    return purchase_id


async def _become(db: Database, purchase_id: PurchaseId, fate: str, n: int) -> None:
    for order in await db.ask(orders.orders_of_purchase, purchase_id):
        if order.state is not OrderState.PAID or fate == "waits":
            continue
        parcel_id = ParcelId(made("parcel", "door", str(order.order_id)))
        number = f"SX{parcel_id.int % 10**12:012d}"
        dispatch = Dispatch(
            merchant_id=order.merchant_id,
            order_id=order.order_id,
            parcel_id=parcel_id,
            carrier="simex",
            number=number,
            lines=None,
        )
        await db.transact(orders.ship, dispatch, "system")
        if fate != "under way":
            await db.transact(_arrive, order, number, refused=fate == "refused")


async def _arrive(tx: Tx, order: Order, number: str, *, refused: bool) -> None:
    at = await tx.value("SELECT now()")
    scan = Scan(at=at, code="refused" if refused else "delivered", place=order.address.city)
    await parcels.record_scans(tx, carrier="simex", number=number, scans=[scan])


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
