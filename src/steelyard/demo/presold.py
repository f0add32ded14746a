"""Presales of the demo: one that takes deposits, one whose balances are due, one to come, and one that was paid whole and not
sent by its day, by the clock of the day on which the demo is made. Those that run are of shops whose prices nobody counts on."""

from datetime import UTC, datetime, timedelta

import msgspec

from steelyard.demo.catalogue import Maker, makers
from steelyard.demo.products import made
from steelyard.demo.rushes import articles_of
from steelyard.goods import promotions
from steelyard.goods.catalog.model import SkuId
from steelyard.goods.promotions import Terms
from steelyard.goods.promotions.model import FlashItem, NewFlash, SessionId
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.money import share
from steelyard.kernel.settings import Settings
from steelyard.kernel.text import Text, text
from steelyard.money import payments
from steelyard.parties.customers.model import Address, BuyerId, Contact
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import checkout, orders
from steelyard.trade.checkout.model import SHOP, CheckoutId, CheckoutNotReady, Draft, Line, SoldOut
from steelyard.trade.orders.model import OrderState, PurchaseId

CHANNEL = "simpay"
STAFF = "staff:demo"
PIECES, ARTICLES = 30, 2
# A twentieth off, a tenth as the deposit, which counts for twice as much.
OFF, DEPOSIT, COUNTS = 50_000, 100_000, 2
BOOKED = 4


class Plan(msgspec.Struct, frozen=True):
    """When it takes deposits and balances, in hours from now, and when it is sent, in days."""

    shop: str
    name: Text
    deposit: tuple[int, int]
    balance: tuple[int, int]
    ships_by: int
    pieces: int = PIECES
    whole: bool = False

    @property
    def begun(self) -> bool:
        return self.deposit[0] < 0


PLANS = (
    Plan("tiesuo", text("新品预售 · 付定金", "Presale of what is new"), (-24, 6 * 24), (6 * 24, 9 * 24), 25),
    Plan("kouzi", text("早订早享 · 付尾款", "Booked early, paid now"), (-6 * 24, 12), (-1, 3 * 24), 15),
    Plan(
        "qingxu",
        text("产地直发 · 全款预售", "Straight from the field, paid whole"),
        (-24, 3 * 24),
        (-24, 3 * 24 + 1),
        10,
        whole=True,
    ),
    # The first shop, whose staff look around in the demo, has one to come.
    Plan("zoufang", text("换季预售", "Presale of the season"), (30, 5 * 24), (5 * 24, 8 * 24), 20, 12),
)


async def presell(db: Database, settings: Settings, buyer_id: BuyerId, home: Address) -> None:
    """Plan them as the shops' staff would, and let some book: the demo's own buyer and some guests."""
    for plan in PLANS:
        maker = next(each for each in makers() if each.slug == plan.shop)
        sku_ids = await db.transact(_plan, maker, plan)
        for number, sku_id in enumerate(sku_ids[:1] * (1 if plan.whole else BOOKED) if plan.begun else []):
            who = buyer_id if number == 0 else BuyerId(made("buyer", "presale", plan.shop, str(number)))
            purchase_id = await _book(db, settings, who, sku_id, home, (plan.shop, str(number)))
            if plan.whole and purchase_id is not None:
                await db.transact(_not_sent, purchase_id)


async def _plan(tx: Tx, maker: Maker, plan: Plan) -> list[SkuId]:
    """Returns what is sold in it; nothing when it was planned before."""
    merchant_id = MerchantId(made("merchant", maker.slug))
    session_id = SessionId(made("presale", maker.slug))
    chosen = (await articles_of(tx, maker, plan.pieces))[-ARTICLES:]
    if not chosen or await promotions.session(tx, merchant_id, session_id) is not None:
        return []
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    wanted = NewFlash(
        merchant_id=merchant_id,
        session_id=session_id,
        name=plan.name,
        starts_at=now + timedelta(hours=plan.deposit[0]),
        ends_at=now + timedelta(hours=plan.deposit[1]),
        items=[_item(sku_id, amount - share(amount, OFF), plan) for sku_id, amount in chosen],
        terms=Terms(
            balance_from=now + timedelta(hours=plan.balance[0]),
            balance_until=now + timedelta(hours=plan.balance[1]),
            ships_by=now + timedelta(days=plan.ships_by),
        ),
    )
    await promotions.plan(tx, wanted)
    return [item.sku_id for item in wanted.items]


def _item(sku_id: SkuId, price: int, plan: Plan) -> FlashItem:
    deposit = 0 if plan.whole else share(price, DEPOSIT)
    return FlashItem(
        sku_id=sku_id, price=price, pieces=plan.pieces, per_buyer=2, deposit=deposit, counts_for=deposit * COUNTS
    )


async def _not_sent(tx: Tx, purchase_id: PurchaseId) -> None:
    """The shop packs it, and its day was yesterday: the buyer can cancel it by right."""
    for order in await orders.orders_of_purchase(tx, purchase_id):
        if order.state is not OrderState.PAID:
            continue
        await orders.begin_packing(tx, order.merchant_id, order.order_id, STAFF)
        await tx.execute(
            """
            WITH booked AS (
                UPDATE presale_bookings SET ships_by = now() - interval '1 day' WHERE merchant_id = $1 AND order_id = $2
            ), promised AS (
                UPDATE fulfilment_lines SET ship_by = now() - interval '1 day' WHERE merchant_id = $1 AND order_id = $2
            )
            UPDATE orders SET ship_by = now() - interval '1 day' WHERE merchant_id = $1 AND order_id = $2
            """,
            order.merchant_id,
            order.order_id,
        )


async def _book(
    db: Database, settings: Settings, buyer_id: BuyerId, sku_id: SkuId, home: Address, names: tuple[str, ...]
) -> PurchaseId | None:
    draft = Draft(
        lines=[Line(line_id="1", sku_id=sku_id, quantity=1)],
        contact=Contact(name=home.name, email="early@example.com", phone=home.phone),
        address=home,
    )
    try:
        purchase_id = await db.transact(_place, CheckoutId(made("checkout", "presale", *names)), buyer_id, draft)
    except (SoldOut, CheckoutNotReady):
        return None
    found = await db.ask(orders.booking_of, purchase_id)
    if found is not None and found.waits_for_deposit and CHANNEL in payments.channels(settings):
        token = "tok_approve"  # noqa: S105  # a word of the simulator
        back = settings.base_url
        await checkout.collect(db, settings, purchase_id, channel=CHANNEL, return_url=back, token=token)
    return purchase_id


async def _place(tx: Tx, checkout_id: CheckoutId, buyer_id: BuyerId, draft: Draft) -> PurchaseId:
    await checkout.open_checkout(tx, checkout_id, buyer_id, draft, client=SHOP)
    return await checkout.place(tx, checkout_id, expected_total=None, by="buyer")
