"""Merchants and what becomes of their orders, as settlement sees it."""

from datetime import date, datetime, timedelta
from uuid import UUID

from steelyard.kernel import codes, events, ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.text import text
from steelyard.money import ledger, payments
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.parties import merchants
from steelyard.parties.merchants.model import Merchant, MerchantId, Payout, Shop
from steelyard.trade.aftersales import OrderRefunded
from steelyard.trade.orders import OrderCompleted
from steelyard.trade.settlement.subscribers import SUBSCRIBER
from tests.money.deals import SUCCEEDED, Deal, at, refund, release

MONDAY = date(2026, 3, 2)
NOON = at("2026-03-02T04:00")  # Monday noon in the settlement zone


def day_after(days: int) -> date:
    return MONDAY + timedelta(days=days)


async def open_shop(db: Database, *, settlement_days: int = 1, account: str = "6222 0000 1234 5678") -> MerchantId:
    merchant_id = MerchantId(ids.mint())
    merchant = Merchant(
        merchant_id=merchant_id,
        code=codes.mint("M"),
        legal_name="Harbour Trading",
        country="CN",
        currency="CNY",
        settlement_days=settlement_days,
        payout=Payout(name="Harbour Trading", bank="Bank of Testing", account=account),
    )
    shop = Shop(merchant_id=merchant_id, slug=f"s{merchant_id.hex}", name=text("港湾", "Harbour"))
    await db.transact(merchants.open_merchant, merchant, shop)
    return merchant_id


async def complete(db: Database, deal: Deal, order: int = 0, *, commission: int = 0, released: datetime = NOON) -> None:
    """The buyer has received an order: released, announced, and settlement has heard of it."""
    split = next(s for s in await db.ask(payments.splits_of, deal.payment_id) if s.order_id == deal.orders[order])
    await release(db, deal, order, commission)

    async def tell(tx: Tx) -> None:
        await events.publish(tx, OrderCompleted(
            merchant_id=split.merchant_id, order_id=split.order_id, goods=split.refundable, freight=0, tax_added=0,
            total=split.refundable, commission=commission, currency=split.currency, at=released,
        ))  # fmt: skip

    await db.transact(tell)
    await events.drain(db, [SUBSCRIBER])


async def refund_after_release(
    db: Database, deal: Deal, amount: int, order: int = 0, *, commission: int = 0, freight: int = 0
) -> UUID:
    """Part of a released order goes back to the buyer, and its share of the commission to the merchant."""
    made = await refund(db, deal, amount, order, out_of=AccountKind.PAYABLE)
    returned = Transfer(
        owner_id=made.merchant_id, debit=AccountKind.COMMISSION, credit=AccountKind.PAYABLE, amount=commission,
        currency=made.currency, reason="commission_returned", document=made.refund_id,
    )  # fmt: skip

    async def tell(tx: Tx) -> None:
        await ledger.post(tx, [returned] if commission else [])
        await events.publish(tx, OrderRefunded(
            refund_id=made.refund_id, merchant_id=made.merchant_id, order_id=made.order_id,
            goods=amount - freight, freight=freight, commission=commission, currency=made.currency, released=True,
        ))  # fmt: skip

    await db.transact(tell)
    await events.drain(db, [SUBSCRIBER])
    await db.transact(payments.record_refund, made.refund_id, 1, SUCCEEDED, "channel")
    return made.refund_id
