"""What the API says of an order, and what it is told to do with one."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.money import Money
from steelyard.kernel.paging import Page
from steelyard.logistics import fulfilment, parcels
from steelyard.logistics.fulfilment.model import LINES_PER_DISPATCH_MAX, LineStatus
from steelyard.logistics.parcels.model import NUMBER_CHARACTERS_MAX, ParcelState
from steelyard.money import payments
from steelyard.money.payments.model import Refund as SentBack
from steelyard.money.payments.model import RefundState
from steelyard.parties.customers.model import Address, Contact
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.api.v1.words import QUANTITY_MAX, Words, shown
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales.model import LINES_PER_REFUND_MAX, NOTE_CHARACTERS_MAX, OrderRefund, Reason
from steelyard.trade.orders.model import Order as Deal
from steelyard.trade.orders.model import OrderId, OrderState
from steelyard.trade.orders.model import OrderLine as DealLine

REASON_CHARACTERS_MAX = 200

Pieces = Annotated[int, Meta(ge=1, le=QUANTITY_MAX)]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order: what one merchant delivers of a purchase. `total` is goods, freight and the tax that is added to them;
    `tax_included` is contained in the prices. `commission` is all that the marketplace charges, with the tax on it, `fee_tax`;
    both as they were frozen at sale. `refunded` counts what is on its way back to the buyer, too. `subsidy` is what
    the marketplace pays you of what its promotions took off, `subsidy_returned` what refunds took back of it. A sent order
    completes by itself at `receive_by`."""

    order_id: UUID
    purchase_id: UUID
    merchant_id: UUID
    code: str
    state: OrderState
    goods: Money
    freight: Money
    tax_added: Money
    tax_included: Money
    total: Money
    refunded: Money
    commission: Money
    fee_tax: Money
    subsidy: Money
    subsidy_returned: Money
    placed_at: datetime
    paid_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    receive_by: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str | None


class OrderList(msgspec.Struct, frozen=True, kw_only=True):
    """Orders, the newest first. `next` is the `cursor` of the following page; null on the last."""

    items: list[Order]
    next: str | None


class ChosenOption(msgspec.Struct, frozen=True, kw_only=True):
    """What the buyer chose, such as a colour, in the words of the sale."""

    name: Words
    value: Words


class Fee(msgspec.Struct, frozen=True, kw_only=True):
    """What the marketplace charges by one fee, and the tax on top of it, as it was frozen at sale. `kept`: a refund gives
    nothing of it back."""

    fee_id: UUID
    name: Words
    amount: Money
    tax: Money
    kept: bool


class FeeReturned(msgspec.Struct, frozen=True, kw_only=True):
    """What of a fee, and of the tax on it, a refund gave back."""

    fee_id: UUID
    amount: Money
    tax: Money


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it was sold. `amount` is for all its pieces, less what promotions took off; `tax` is part of it when
    `tax_included`, else on top of it. `commission` is the sum of its `fees` and the tax on them. `to_ship` pieces have still to
    leave the house."""

    line: int
    product_id: UUID
    sku_id: UUID
    sku_code: str
    title: Words
    options: list[ChosenOption]
    quantity: int
    unit_price: Money
    amount: Money
    tax: Money
    tax_included: bool
    commission: Money
    fees: list[Fee]
    refunded_quantity: int
    to_ship: int


class ParcelContent(msgspec.Struct, frozen=True, kw_only=True):
    """So many pieces of a line of the order."""

    line: int
    quantity: Pieces


class OrderParcel(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel of the order, with where it is by its carrier's word."""

    parcel_id: UUID
    carrier: str
    number: str
    state: ParcelState
    sent_at: datetime
    delivered_at: datetime | None
    contents: list[ParcelContent]


class OrderRefunded(msgspec.Struct, frozen=True, kw_only=True):
    """Money given back: for goods and for freight, with the part of the commission that the merchant gets back.
    `state` is how far the payment channel is with it."""

    refund_id: UUID
    goods: Money
    freight: Money
    commission: Money
    fees: list[FeeReturned]
    reason: Reason
    note: str
    state: RefundState | None
    at: datetime


class OrderStep(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the order's state: `by` is buyer, system, channel, carrier, import or staff:<account>."""

    from_state: str
    to_state: str
    at: datetime
    by: str


class RefundWaiting(msgspec.Struct, frozen=True, kw_only=True):
    """A refund above what somebody may give back alone: it waits for a second person until `expires_at`."""

    request_id: UUID
    refund_id: UUID
    amount: Money
    asked_at: datetime
    expires_at: datetime


class OrderMoney(msgspec.Struct, frozen=True, kw_only=True):
    """What one means (a channel, `balance`, `points`) pays of the order: `authorised` is kept back or taken, `capturing` being
    taken, `released` let go without being taken; `refunding` is on its way back, `refunded` has arrived. A try that came to
    nothing has zeros."""

    payment_id: UUID
    channel: str
    amount: Money
    authorised: Money
    capturing: Money
    captured: Money
    released: Money
    refunding: Money
    refunded: Money


class OrderDetail(Order, frozen=True, kw_only=True):
    """An order whole: to whom it goes, its lines, parcels, money, refunds and history."""

    contact: Contact
    address: Address
    note: str
    delivery: Words
    lines: list[OrderLine]
    freight_fees: list[Fee]
    parcels: list[OrderParcel]
    money: list[OrderMoney]
    refunds: list[OrderRefunded]
    refunds_waiting: list[RefundWaiting]
    history: list[OrderStep]


class NewParcel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A parcel that leaves now under a carrier's tracking number. Without `lines` it holds all that is still to be
    sent."""

    carrier: Annotated[str, Meta(min_length=1, max_length=40)]
    number: Annotated[str, Meta(min_length=1, max_length=NUMBER_CHARACTERS_MAX)]
    lines: Annotated[list[ParcelContent], Meta(min_length=1, max_length=LINES_PER_DISPATCH_MAX)] | None = None


class Cancellation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a paid order is called off; the buyer reads it."""

    reason: Annotated[str, Meta(min_length=1, max_length=REASON_CHARACTERS_MAX)]


class LineAmount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money of a line, tax included, in minor units of the order's currency."""

    line: Annotated[int, Meta(ge=1)]
    amount: Annotated[int, Meta(ge=1, le=10**15)]


class NewRefund(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pieces to be paid back; `amounts` of lines whose pieces the buyer keeps (goodwill); `freight` in minor units of the
    order's currency. `restock` says that the goods came back and are in stock again."""

    lines: Annotated[list[ParcelContent], Meta(max_length=LINES_PER_REFUND_MAX)] = []
    amounts: Annotated[list[LineAmount], Meta(max_length=LINES_PER_REFUND_MAX)] = []
    freight: Annotated[int, Meta(ge=0, le=10**15)] = 0
    restock: bool = False
    note: Annotated[str, Meta(max_length=NOTE_CHARACTERS_MAX)] = ""


def listed(page: Page[Deal]) -> OrderList:
    return OrderList(items=[shown(Order, deal, deal.currency) for deal in page.items], next=page.next)


async def whole(read: Read, merchant_id: MerchantId, order_id: OrderId) -> OrderDetail:
    """Raises `NotFound`: another merchant's order is not there."""
    deal = await orders.order(read, merchant_id, order_id)
    if deal is None:
        raise NotFound()
    left = (await fulfilment.status(read, [order_id])).get(order_id, {})
    sent_back = {each.refund_id: each for each in await payments.refunds_of_order(read, merchant_id, order_id)}
    return shown(
        OrderDetail,
        deal,
        deal.currency,
        delivery=deal.delivery.name,
        freight_fees=[shown(Fee, fee, deal.currency) for fee in deal.freight_fees],
        lines=[_line(line, deal.currency, left) for line in (await orders.lines_of(read, [order_id]))[order_id]],
        parcels=await _parcels(read, order_id),
        money=[
            shown(OrderMoney, split, split.currency)
            for split in await payments.splits_of_order(read, merchant_id, order_id)
        ],
        refunds=[_refund(each, sent_back) for each in (await aftersales.of_orders(read, [order_id]))[order_id]],
        refunds_waiting=[
            shown(RefundWaiting, each, each.currency)
            for each in (await aftersales.waiting_of_orders(read, [order_id]))[order_id]
        ],
        history=[shown(OrderStep, step, "") for step in await orders.history(read, merchant_id, order_id)],
    )


def _line(line: DealLine, currency: str, left: dict[int, LineStatus]) -> OrderLine:
    return shown(
        OrderLine,
        line,
        currency,
        options=[ChosenOption(name=name, value=value) for name, value in line.options],
        tax_included=line.tax_inclusive,
        fees=[shown(Fee, fee, currency) for fee in line.fees],
        to_ship=left[line.line].left if line.line in left else 0,
    )


async def _parcels(read: Read, order_id: OrderId) -> list[OrderParcel]:
    contents = await fulfilment.contents(read, order_id)
    return [
        shown(
            OrderParcel,
            parcel,
            "",
            contents=[
                ParcelContent(line=item.line, quantity=item.quantity) for item in contents.get(parcel.parcel_id, [])
            ],
        )
        for parcel in (await parcels.of_orders(read, [order_id]))[order_id]
    ]


def _refund(refund: OrderRefund, sent_back: dict[payments.RefundId, SentBack]) -> OrderRefunded:
    sent = sent_back.get(refund.refund_id)
    return shown(
        OrderRefunded,
        refund,
        refund.currency,
        fees=[shown(FeeReturned, part, refund.currency) for part in refund.fees],
        state=sent.state if sent else None,
    )
