"""Orders under way: bought, paid at the simulated channel, sent and received by the real commands, like anybody's.

Each purchase is given a fate, so that every list of the three logins has something in it.
"""

from collections.abc import Callable, Sequence
from random import Random
from uuid import UUID

import msgspec

from steelyard.demo.catalogue import makers
from steelyard.demo.people import CURRENCY, warehouse_id
from steelyard.demo.products import made
from steelyard.goods import inventory
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.settings import Settings
from steelyard.logistics import parcels
from steelyard.logistics.fulfilment.model import Dispatch, Packed
from steelyard.logistics.parcels.model import ParcelId, Scan
from steelyard.money.payments.model import RefundId
from steelyard.parties import customers
from steelyard.parties.customers.model import Address, Buyer, BuyerId, Contact
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import aftersales, checkout, orders
from steelyard.trade.aftersales.model import Reason as RefundReason
from steelyard.trade.aftersales.model import RefundRequest, Returned
from steelyard.trade.checkout.model import (
    SHOP,
    CheckoutId,
    CheckoutNotReady,
    Draft,
    Line,
    MixedPurchase,
    SoldOut,
)
from steelyard.trade.orders.model import Order, OrderState, PurchaseId

BUYERS = 14
LINES_PER_PURCHASE_MAX = 3
CHANNEL = "simpay"
WARN_BELOW = 6
# What becomes of one purchase after the other, and how often the round is made.
FATES = (
    "to send", "on its way", "received", "to send", "unpaid", "on its way", "half sent", "to send", "received",
    "given back", "on its way", "called off", "to send", "lost", "received", "to send", "on its way", "returned",
)  # fmt: skip
ROUNDS = 3
# Today is a day like others: what is bought for show does not cost more than this, the first line aside.
AMOUNT_MAX = 12_000
# Every other purchase has something of the merchant login's in it.
_OWN_EVERY = 2

Step = Callable[[str, int, int], None]

_NAMES = (
    "赵小满",
    "钱元宝",
    "孙豆豆",
    "周年年",
    "吴星星",
    "郑麦子",
    "冯团团",
    "陈小舟",
    "褚石头",
    "卫小鱼",
    "蒋阿青",
    "沈果果",
    "韩小北",
    "杨糖糖",
)


class Offer(msgspec.Struct, frozen=True):
    sku_id: UUID
    merchant_id: UUID
    currency: str
    amount: int


class _House:
    """What every step needs."""

    def __init__(self, db: Database, settings: Settings, home: Address, offers: Sequence[Offer]) -> None:
        self.db, self.settings, self.home = db, settings, home
        self.own = [offer for offer in offers if offer.merchant_id == made("merchant", "zoufang")]
        self.local = [offer for offer in offers if offer.currency == CURRENCY and offer.amount <= AMOUNT_MAX]
        self.abroad = [offer for offer in offers if offer.currency != CURRENCY]


async def live(
    db: Database, settings: Settings, buyer_id: BuyerId, home: Address, *, seed: int, step: Step, rounds: int = ROUNDS
) -> None:
    """Some dozens of purchases in every state. Without the payment simulator nothing can be paid, so nothing is bought."""
    await db.transact(_warn)
    if settings.simpay_url is None:
        return
    chance = Random(f"{seed}/life")  # noqa: S311  # habits, no secrets
    house = _House(db, settings, home, await db.ask(offers))
    people = [buyer_id, *[await _somebody(db, n) for n in range(BUYERS)]]
    number = len(FATES) * rounds
    for n in range(number):
        # The demo's buyer has one of each fate in the first round, and others' orders follow.
        who = buyer_id if n < len(FATES) and n % 2 == 0 else people[n % len(people)]
        purchase_id = await _buy(house, who, chance, n)
        if purchase_id is not None:
            await _become(house, purchase_id, FATES[n % len(FATES)], n)
        step("Orders under way", n + 1, number)


async def _warn(tx: Tx) -> None:
    for maker in makers():  # a dozen
        merchant_id = made("merchant", maker.slug)
        await inventory.bulk_warn_below(tx, merchant_id, warehouse_id(maker), WARN_BELOW)


async def offers(read: Read) -> list[Offer]:
    """What there is enough of to be bought by anybody."""
    return await read.all(
        Offer,
        """
        SELECT s.sku_id, s.merchant_id, m.currency, x.amount
        FROM skus s JOIN merchants m USING (merchant_id) JOIN products p USING (merchant_id, product_id)
        JOIN prices x ON x.merchant_id = s.merchant_id AND x.sku_id = s.sku_id AND x.currency = m.currency
        WHERE p.state = 'on_shelf' AND s.active
          AND (SELECT sum(st.on_hand - st.reserved) FROM stock st
               WHERE st.merchant_id = s.merchant_id AND st.sku_id = s.sku_id) > 20
        ORDER BY s.sku_id LIMIT 3000
        """,
    )


async def _somebody(db: Database, n: int) -> BuyerId:
    buyer_id = BuyerId(made("buyer", str(n)))
    buyer = Buyer(buyer_id=buyer_id, email=f"buyer{n}@steelyard.test", name=_NAMES[n % len(_NAMES)], country="CN")
    await db.transact(customers.register, buyer)
    return buyer_id


async def _buy(house: _House, buyer_id: BuyerId, chance: Random, n: int) -> PurchaseId | None:
    if n % 9 == 7 and house.abroad:
        shop = chance.choice(house.abroad).merchant_id
        chosen = chance.sample([offer for offer in house.abroad if offer.merchant_id == shop], 1)
    else:
        chosen = chance.sample(house.local, chance.choice((1, 1, 1, 2, LINES_PER_PURCHASE_MAX)))
        if n % _OWN_EVERY == 0:
            chosen[0] = chance.choice(house.own)
    several = FATES[n % len(FATES)] in ("half sent", "given back")
    lines = {offer.sku_id: 2 if several else 1 for offer in chosen}
    home = house.home
    draft = Draft(
        lines=[
            Line(line_id=f"l{place}", sku_id=sku, quantity=pieces) for place, (sku, pieces) in enumerate(lines.items())
        ],
        contact=Contact(name=home.name, email=f"order{n}@steelyard.test", phone=home.phone),
        address=home,
    )
    checkout_id = CheckoutId(made("checkout", str(n)))
    try:
        await house.db.transact(checkout.open_checkout, checkout_id, buyer_id, draft, client=SHOP)
        return await house.db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
    except (SoldOut, CheckoutNotReady, MixedPurchase):
        return None


async def _become(house: _House, purchase_id: PurchaseId, fate: str, n: int) -> None:
    """Let a purchase come as far as its fate says. What has gone on already stays as it is."""
    if fate == "unpaid":
        return
    paid = await checkout.collect(
        house.db,
        house.settings,
        purchase_id,
        channel=CHANNEL,
        return_url=house.settings.base_url,
        token="tok_approve",  # noqa: S106  # a word of the simulator
    )
    if paid.state != "captured":
        return
    for order in await house.db.ask(orders.orders_of_purchase, purchase_id):
        if order.state is OrderState.PAID:
            await _go_on(house, order, fate, n)


async def _go_on(house: _House, order: Order, fate: str, n: int) -> None:
    db = house.db
    match fate:
        case "on its way":
            await _send(db, order, n)
        case "received":
            await _send(db, order, n)
            await db.transact(orders.confirm_receipt, order.merchant_id, order.order_id, "buyer")
        case "half sent":
            await _send(db, order, n, [Packed(1, 1)])
        case "given back":
            await db.transact(aftersales.refund, _request(order, pieces=1), "system")
        case "called off":
            refund_id = RefundId(made("refund", str(order.order_id)))
            await db.transact(aftersales.cancel, order.merchant_id, order.order_id, refund_id, "buyer", "buyer")
        case "lost":
            await _send(db, order, n, carrier="other")
            await db.transact(_lose, order)
        case "returned":
            await _send(db, order, n)
            await db.transact(orders.confirm_receipt, order.merchant_id, order.order_id, "buyer")
            await db.transact(aftersales.refund, _request(order, pieces=1, restock=True), "system")
        case _:
            pass  # it waits to be sent


def _request(order: Order, pieces: int, *, restock: bool = False) -> RefundRequest:
    return RefundRequest(
        refund_id=RefundId(made("refund", str(order.order_id))),
        merchant_id=MerchantId(order.merchant_id),
        order_id=order.order_id,
        lines=[Returned(1, pieces)],
        reason=RefundReason.RETURNED if restock else RefundReason.GOODWILL,
        note="颜色和想的不一样" if restock else "少发一件，先退",
        restock=restock,
    )


def _parcel(order: Order) -> tuple[ParcelId, str]:
    parcel_id = ParcelId(made("parcel", str(order.order_id)))
    return parcel_id, f"SX{parcel_id.int % 10**12:012d}"


async def _send(
    db: Database, order: Order, n: int, lines: Sequence[Packed] | None = None, carrier: str | None = None
) -> None:
    parcel_id, number = _parcel(order)
    dispatch = Dispatch(
        merchant_id=order.merchant_id,
        order_id=order.order_id,
        parcel_id=parcel_id,
        carrier=carrier or ("simex" if n % 2 else "simpost"),
        number=number,
        lines=lines,
    )
    await db.transact(orders.ship, dispatch, "system")


async def _lose(tx: Tx, order: Order) -> None:
    """The carrier, one that is not asked again, reports trouble: the parcel stays lost until somebody sees to it."""
    found = (await parcels.of_orders(tx, [order.order_id]))[order.order_id]
    for parcel in found:
        at = await tx.value("SELECT now()")
        scan = Scan(at=at, code="exception", place="转运中心")
        await parcels.record_scans(tx, carrier=parcel.carrier, number=parcel.number, scans=[scan])
