"""Orders under way: bought, paid at the simulated channel, sent and received by the real commands, like anybody's."""

from collections.abc import Callable
from random import Random
from uuid import UUID

import msgspec

from steelyard.demo.products import made
from steelyard.kernel.db import Database, Read
from steelyard.kernel.settings import Settings
from steelyard.logistics.fulfilment.model import Dispatch
from steelyard.logistics.parcels.model import ParcelId
from steelyard.parties import customers
from steelyard.parties.customers.model import Address, Buyer, BuyerId, Contact
from steelyard.trade import checkout, orders
from steelyard.trade.checkout.model import SHOP, CheckoutId, CheckoutNotReady, Draft, Line, SoldOut
from steelyard.trade.orders.model import Order, OrderState, PurchaseId

PURCHASES = 36
BUYERS = 12
LINES_PER_PURCHASE_MAX = 3
CHANNEL = "simpay"

Step = Callable[[str, int, int], None]

_NAMES = ("赵", "钱", "孙", "周", "吴", "郑", "冯", "陈", "褚", "卫", "蒋", "沈")


class Offer(msgspec.Struct, frozen=True):
    sku_id: UUID
    free: int


async def live(db: Database, settings: Settings, buyer_id: BuyerId, home: Address, *, seed: int, step: Step) -> None:
    """Some dozens of purchases in every state. Without the payment simulator nothing can be paid, so nothing is bought."""
    if settings.simpay_url is None:
        return
    chance = Random(f"{seed}/life")  # noqa: S311  # habits, no secrets
    offers = await db.ask(_offers)
    people = [buyer_id, *[await _somebody(db, n) for n in range(BUYERS)]]
    for n in range(PURCHASES):
        who = people[n % len(people)]
        purchase_id = await _buy(db, who, home, chance, offers, n)
        if purchase_id is not None and n % 9 != 8:  # every ninth is left unpaid
            await _pay_and_go_on(db, settings, purchase_id, n)
        step("Orders under way", n + 1, PURCHASES)


async def _offers(read: Read) -> list[Offer]:
    return await read.all(
        Offer,
        """
        SELECT s.sku_id, (st.on_hand - st.reserved) AS free FROM skus s JOIN stock st USING (merchant_id, sku_id)
        JOIN merchants m USING (merchant_id)
        WHERE st.on_hand > 20 AND m.currency = 'CNY' ORDER BY s.sku_id
        """,
    )


async def _somebody(db: Database, n: int) -> BuyerId:
    buyer_id = BuyerId(made("buyer", str(n)))
    name = f"{_NAMES[n % len(_NAMES)]}先生" if n % 2 else f"{_NAMES[n % len(_NAMES)]}女士"
    await db.transact(
        customers.register, Buyer(buyer_id=buyer_id, email=f"buyer{n}@steelyard.test", name=name, country="CN")
    )
    return buyer_id


async def _buy(
    db: Database, buyer_id: BuyerId, home: Address, chance: Random, offers: list[Offer], n: int
) -> PurchaseId | None:
    chosen = chance.sample(offers, chance.randint(1, LINES_PER_PURCHASE_MAX))
    draft = Draft(
        lines=[
            Line(line_id=f"l{place}", sku_id=offer.sku_id, quantity=chance.randint(1, 2))
            for place, offer in enumerate(chosen)
        ],
        contact=Contact(name=home.name, email=f"order{n}@steelyard.test", phone=home.phone),
        address=home,
    )
    checkout_id = CheckoutId(made("checkout", str(n)))
    await db.transact(checkout.open_checkout, checkout_id, buyer_id, draft, client=SHOP)
    try:
        return await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
    except (SoldOut, CheckoutNotReady):
        return None


async def _pay_and_go_on(db: Database, settings: Settings, purchase_id: PurchaseId, n: int) -> None:
    paid = await checkout.collect(
        db,
        settings,
        purchase_id,
        channel=CHANNEL,
        return_url=settings.base_url,
        token="tok_approve",  # noqa: S106  # a word of the simulator
    )
    if paid.state != "captured":
        return
    for order in await db.ask(orders.orders_of_purchase, purchase_id):
        await _go_on(db, order, n)


async def _go_on(db: Database, order: Order, n: int) -> None:
    """A third waits to be sent, a third is on its way, a third has arrived. What has gone on already stays as it is."""
    if n % 3 == 0 or order.state is not OrderState.PAID:
        return
    parcel_id = ParcelId(made("parcel", str(order.order_id)))
    dispatch = Dispatch(
        merchant_id=order.merchant_id,
        order_id=order.order_id,
        parcel_id=parcel_id,
        carrier="simex" if n % 2 else "simpost",
        number=f"SX{parcel_id.int % 10**12:012d}",
    )
    await db.transact(orders.ship, dispatch, "system")
    if n % 3 == 2:
        await db.transact(orders.confirm_receipt, order.merchant_id, order.order_id, "buyer")
