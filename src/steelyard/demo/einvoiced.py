"""E-invoices of the demo: its first shop is registered for VAT in Germany, and sends to a business there; one more order of that
business waits to be sent, and so has no invoice yet."""

from steelyard.demo.bought import CHANNEL, buy, send
from steelyard.demo.life import offers
from steelyard.demo.products import made
from steelyard.kernel.db import Database
from steelyard.kernel.settings import Settings
from steelyard.money import payments
from steelyard.parties.customers.model import Address, BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import einvoices, orders
from steelyard.trade.einvoices.model import SellerTerms
from steelyard.trade.orders.model import OrderState

SHOP = "zoufang"
# The check digit is right; the number belongs to nobody.
SELLER = SellerTerms(
    legal_name="Zoufang Shoes (Demo) GmbH", vat_number="DE999000009", street="Musterstraße 1", city="Hamburg",
    postal_code="20095", country="DE", email="rechnung@example.com", automatic=True,
)  # fmt: skip
BUSINESS = Address(
    name="Beispiel Handels GmbH", phone="+49 30 000000", country="DE", city="Berlin", street="Beispielweg 12",
    postal_code="10115",
)  # fmt: skip
FATES = ("sent", "waits")


async def invoice_abroad(db: Database, settings: Settings, buyer_id: BuyerId) -> None:
    """Said again, it stays as it is."""
    shop = MerchantId(made("merchant", SHOP))
    if await db.ask(einvoices.seller, shop) is None:
        await db.transact(einvoices.set_seller, shop, SELLER)
    sku = next((each.sku_id for each in await db.ask(offers) if each.merchant_id == shop), None)
    if sku is None or CHANNEL not in payments.channels(settings):
        return
    for n, fate in enumerate(FATES):
        names = ("abroad", str(n))
        purchase_id = await buy(db, settings, names, {sku: 2}, BUSINESS, buyer_id=buyer_id, email="einkauf@example.com")
        for order in await db.ask(orders.orders_of_purchase, purchase_id) if purchase_id and fate == "sent" else ():
            if order.state is OrderState.PAID:
                await send(db, order)
                await db.transact(einvoices.issue, order.merchant_id, order.order_id)
