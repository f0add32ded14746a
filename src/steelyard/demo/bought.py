"""A purchase of the demo as a buyer makes it, placed under a name and paid through a channel; and sending what was bought."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from steelyard.demo.products import made
from steelyard.kernel.db import Database
from steelyard.kernel.settings import Settings
from steelyard.logistics.fulfilment.model import Dispatch, Packed
from steelyard.logistics.parcels.model import ParcelId
from steelyard.money.payments import UnknownChannel
from steelyard.parties.customers.model import Address, BuyerId, Contact
from steelyard.trade import checkout, orders
from steelyard.trade.checkout.model import SHOP, CheckoutId, CheckoutNotReady, Draft, Line, MixedPurchase, SoldOut
from steelyard.trade.orders.model import Order, PurchaseId

CHANNEL = "simpay"


async def buy(
    db: Database,
    settings: Settings,
    names: Sequence[str],
    lines: Mapping[UUID, int],
    home: Address,
    *,
    buyer_id: BuyerId | None = None,
    email: str = "",
    channel: str = CHANNEL,
) -> PurchaseId | None:
    """So many pieces of each SKU; None where they are gone, or there is no such channel. `names` say which purchase it is:
    said again, it is the one that is there."""
    draft = Draft(
        lines=[
            Line(line_id=f"l{place}", sku_id=sku, quantity=pieces) for place, (sku, pieces) in enumerate(lines.items())
        ],
        contact=Contact(name=home.name, email=email or f"{''.join(names)}@example.com", phone=home.phone),
        address=home,
    )
    checkout_id = CheckoutId(made("checkout", *names))
    token = "tok_approve" if channel == CHANNEL else None  # a word of the simulator
    try:
        await db.transact(
            checkout.open_checkout, checkout_id, buyer_id or BuyerId(made("buyer", *names)), draft, client=SHOP
        )
        purchase_id = await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
        await checkout.collect(db, settings, purchase_id, channel=channel, return_url=settings.base_url, token=token)
    except (SoldOut, CheckoutNotReady, MixedPurchase, UnknownChannel):
        return None
    return purchase_id


async def send(db: Database, order: Order, lines: Sequence[Packed] | None = None) -> str:
    """All of an order, or these lines of it, in one parcel; returns its number."""
    parcel_id = ParcelId(made("parcel", str(order.order_id)))
    number = f"SX{parcel_id.int % 10**12:012d}"
    dispatch = Dispatch(
        merchant_id=order.merchant_id, order_id=order.order_id, parcel_id=parcel_id, carrier="simex", number=number, lines=lines
    )  # fmt: skip
    await db.transact(orders.ship, dispatch, "system")
    return number
