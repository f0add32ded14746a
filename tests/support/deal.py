"""The steps of a deal as a test says them: a checkout is opened and placed, its payment captured, its parcels sent."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.events import drain
from steelyard.logistics.fulfilment.model import Dispatch, Packed
from steelyard.logistics.parcels.model import ParcelId
from steelyard.money import payments
from steelyard.money.payments.model import (
    ChannelAnswer,
    Instruction,
    PaymentId,
    PaymentState,
    RefundAnswer,
    RefundState,
)
from steelyard.parties.customers.model import Address, BuyerId, Contact
from steelyard.trade import aftersales, checkout, orders
from steelyard.trade.aftersales import CaseId, Kind, NewCase
from steelyard.trade.aftersales.model import RefundRequest, Returned
from steelyard.trade.checkout import collection
from steelyard.trade.checkout.model import SHOP, CheckoutId, Draft, Line
from steelyard.trade.orders.model import Order, PurchaseId
from steelyard.worker import subscribers
from tests.support.world import CONTACT, HOME

CHANNEL = "simpay"


def draft(wanted: Sequence[tuple[UUID, int]], *, address: Address = HOME, contact: Contact = CONTACT) -> Draft:
    """A draft of these SKUs and quantities."""
    lines = [Line(line_id=f"l{n}", sku_id=sku_id, quantity=quantity) for n, (sku_id, quantity) in enumerate(wanted, 1)]
    return Draft(lines=lines, contact=contact, address=address)


async def opened(db: Database, wanted: Sequence[tuple[UUID, int]], buyer_id: BuyerId | None = None) -> CheckoutId:
    checkout_id = CheckoutId(ids.mint())
    await db.transact(checkout.open_checkout, checkout_id, buyer_id or BuyerId(ids.mint()), draft(wanted), client=SHOP)
    return checkout_id


async def placed(db: Database, wanted: Sequence[tuple[UUID, int]], buyer_id: BuyerId | None = None) -> PurchaseId:
    checkout_id = await opened(db, wanted, buyer_id)
    return await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")


async def begun(db: Database, purchase_id: PurchaseId, channel: str = CHANNEL) -> Instruction | checkout.Collection:
    """A try to pay, as far as our side goes."""
    return await db.transact(
        collection.begin, purchase_id, channel=channel, return_url="https://shop.test/", token=None, payment_id=None
    )


async def instructed(db: Database, purchase_id: PurchaseId, channel: str = CHANNEL) -> PaymentId:
    """A payment that the channel has been asked for."""
    instruction = await begun(db, purchase_id, channel)
    assert isinstance(instruction, Instruction), instruction
    return instruction.payment_id


def capture(payment_id: PaymentId) -> ChannelAnswer:
    """What the channel says when it has the money."""
    return ChannelAnswer(reference=f"ch_{payment_id}", state=PaymentState.CAPTURED)


async def captured(db: Database, payment_id: PaymentId) -> None:
    await db.transact(checkout.apply_payment, payment_id, capture(payment_id), "channel")


async def paid(db: Database, wanted: Sequence[tuple[UUID, int]], buyer_id: BuyerId | None = None) -> list[Order]:
    """A purchase whose money was captured; its orders."""
    purchase_id = await placed(db, wanted, buyer_id)
    await captured(db, await instructed(db, purchase_id))
    return await orders_of(db, purchase_id)


async def orders_of(db: Database, purchase_id: PurchaseId) -> list[Order]:
    return await db.ask(orders.orders_of_purchase, purchase_id)


async def again(db: Database, order: Order) -> Order:
    """The order as it is now."""
    found = await db.ask(orders.order, order.merchant_id, order.order_id)
    assert found is not None
    return found


async def shipped(db: Database, order: Order, lines: Sequence[Packed] | None = None) -> ParcelId:
    parcel_id = ParcelId(ids.mint())
    dispatch = Dispatch(
        merchant_id=order.merchant_id,
        order_id=order.order_id,
        parcel_id=parcel_id,
        carrier="simex",
        number=f"SX{parcel_id.hex[-12:]}",
        lines=lines,
    )
    await db.transact(orders.ship, dispatch, "staff:test")
    return parcel_id


async def received(db: Database, order: Order) -> None:
    await db.transact(orders.confirm_receipt, order.merchant_id, order.order_id, "buyer")


async def refunded(db: Database, order: Order, *lines: Returned, freight: int = 0) -> UUID:
    refund_id = payments.RefundId(ids.mint())
    request = RefundRequest(
        refund_id=refund_id, merchant_id=order.merchant_id, order_id=order.order_id, lines=lines, freight=freight
    )
    await db.transact(aftersales.refund, request, "staff:test")
    return refund_id


async def case_asked(db: Database, order: Order, kind: Kind = Kind.REFUND_ONLY, quantity: int = 1) -> CaseId:
    """The buyer of an order that was sent asks for money back for some pieces of its first line."""
    case_id = CaseId(ids.mint())
    wanted = NewCase(
        case_id=case_id, merchant_id=order.merchant_id, order_id=order.order_id, kind=kind, reason="quality",
        lines=[Returned(1, quantity)],
    )  # fmt: skip
    await db.transact(aftersales.ask, wanted, "buyer")
    return case_id


async def channel_refunds(db: Database) -> int:
    """The channel gives back everything it was asked to; returns how many refunds that were."""
    due = await db.transact(payments.to_refund, 1_000)
    for refund in due:
        answer = RefundAnswer(reference=f"re_{refund.refund_id}", state=RefundState.SUCCEEDED)
        await db.transact(payments.record_refund, refund.refund_id, refund.attempt, answer, "channel")
    return len(due)


async def at_rest(db: Database) -> None:
    """Everybody has read the news."""
    await drain(db, subscribers())
