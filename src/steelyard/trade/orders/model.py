"""Purchases and orders: one purchase is what a buyer pays at once, one order is what one merchant delivers of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.goods.catalog.model import NoReturn
from steelyard.kernel import ids
from steelyard.kernel.text import Text
from steelyard.parties.customers.model import Address, BuyerId, Contact
from steelyard.parties.merchants.model import MerchantId, Pause
from steelyard.trade.commission.model import LineFee
from steelyard.trade.orders.booking_model import Booking, BookingState, NewBooking, Outcome
from steelyard.trade.orders.gifts import GIFT, GiftTerms
from steelyard.trade.orders.refusals import (
    AddressCostsMore,
    AddressOutOfReach,
    CarrierCollects,
    ExtendedAlready,
    NotCancellable,
    NotPayable,
    PackedAlready,
    RemindedAlready,
    UseCancel,
)
from steelyard.trade.orders.sale_model import Delivery, LineOffer
from steelyard.trade.orders.state_model import (
    MACHINE,
    PURCHASE_MACHINE,
    TO_SEND,
    OrderState,
    PurchaseState,
)

# States, gifts, what is booked in presales, and refusals stand in files of their own, and are found here.
__all__ = [
    "GIFT", "MACHINE", "PURCHASE_MACHINE", "TO_SEND", "AddressCostsMore", "AddressOutOfReach", "Booking",
    "BookingState", "CarrierCollects", "Delivery", "ExtendedAlready", "GiftTerms", "LineOffer", "NewBooking", "NotCancellable",
    "NotPayable", "OrderState", "Outcome", "PackedAlready", "PurchaseState", "RemindedAlready", "UseCancel",
]  # fmt: skip

PurchaseId = NewType("PurchaseId", UUID)
OrderId = NewType("OrderId", UUID)

# Without word from the carrier, a sent order counts as delivered after this many days.
UNTRACKED_DELIVERY_DAYS = 15
SKUS_PER_ORDER_MAX = 200
QUANTITY_PER_LINE_MAX = 9_999
NOTE_CHARACTERS_MAX = 500
# What buyers are promised: a paid order leaves the house within this time. A parcel that nobody moves for longer is stuck.
SHIP_WITHIN_HOURS = 48
STUCK_AFTER_DAYS = 7
NOTES_PER_ORDER_MAX = 200
MENTIONS_PER_NOTE_MAX = 20
EXTENSION_DAYS = 7  # how much longer a buyer may take to look at the goods, once an order
REMINDERS_APART_HOURS = 24
SEARCH_CHARACTERS_MAX = 60


def order_id_of(purchase_id: PurchaseId, merchant_id: MerchantId) -> OrderId:
    """The order of a merchant in a purchase always has the same id, so that placing it twice is placing it once."""
    return OrderId(ids.derived(purchase_id, "order", str(merchant_id)))


class NewLine(msgspec.Struct, frozen=True, kw_only=True):
    """`options` are pairs of option name and chosen value, as they are called at the sale. `amount` is what the pieces cost
    together, less the `discount` that `offers` tell of."""

    line: int
    product_id: UUID
    sku_id: UUID
    title: Text
    options: Sequence[tuple[Text, Text]]
    picture: str | None
    sku_code: str
    quantity: int
    unit_price: int
    amount: int
    tax: int
    tax_millionths: int
    tax_inclusive: bool
    fees: Sequence[LineFee] = ()
    kind: str = "goods"
    discount: int = 0
    offers: Sequence[LineOffer] = ()
    no_return: NoReturn | None = None
    gift: GiftTerms | None = None
    ship_hours: int | None = None
    authentic_times: int = 0
    free_returns: bool = False
    tax_class: str = "standard"

    @property
    def commission(self) -> int:
        """All that it is charged, with the tax on that."""
        return sum(fee.whole for fee in self.fees)

    @property
    def subsidy(self) -> int:
        """Of the discount, what the platform pays."""
        return sum(offer.platform for offer in self.offers)


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: MerchantId
    order_id: OrderId
    code: str
    lines: Sequence[NewLine]
    freight: int
    freight_tax: int
    freight_tax_inclusive: bool
    delivery: Delivery
    note: str = ""
    freight_offers: Sequence[LineOffer] = ()
    freight_fees: Sequence[LineFee] = ()
    freight_tax_millionths: int = 0
    source: str = ""  # none: its whole purchase's

    @property
    def subsidy(self) -> int:
        """What the platform pays the merchant of what promotions took off goods and freight."""
        return sum(line.subsidy for line in self.lines) + sum(offer.platform for offer in self.freight_offers)

    @property
    def ship_hours(self) -> int | None:
        """Hours after payment in which the first of it is to leave, where one of its lines promises that."""
        if not any(line.ship_hours for line in self.lines):
            return None
        return min(line.ship_hours or SHIP_WITHIN_HOURS for line in self.lines)

    @property
    def goods(self) -> int:
        return sum(line.amount for line in self.lines)

    @property
    def tax_added(self) -> int:
        return sum(line.tax for line in self.lines if not line.tax_inclusive) + (
            0 if self.freight_tax_inclusive else self.freight_tax
        )

    @property
    def tax_included(self) -> int:
        return sum(line.tax for line in self.lines if line.tax_inclusive) + (
            self.freight_tax if self.freight_tax_inclusive else 0
        )

    @property
    def total(self) -> int:
        return self.goods + self.freight + self.tax_added

    @property
    def commission(self) -> int:
        """All fees of goods and freight, with the tax on them."""
        return sum(line.commission for line in self.lines) + sum(fee.whole for fee in self.freight_fees)

    @property
    def fee_tax(self) -> int:
        """Of the commission, the tax on it."""
        return sum(fee.tax for line in self.lines for fee in line.fees) + sum(fee.tax for fee in self.freight_fees)


class NewPurchase(msgspec.Struct, frozen=True, kw_only=True):
    """`by` places it, `paid_by` says that it is paid (none: it waits for payment); `tendered` is what purses pay of it.
    `team_id`: its one order is held until that team of buyers is whole; `booking`: it is of a presale."""

    purchase_id: PurchaseId
    buyer_id: BuyerId
    code: str
    currency: str
    contact: Contact
    address: Address
    locale: str
    source: str
    pay_by: datetime
    by: str
    orders: Sequence[NewOrder]
    paid_by: str | None = None
    tendered: int = 0
    booking: NewBooking | None = None
    team_id: UUID | None = None

    @property
    def total(self) -> int:
        return sum(order.total for order in self.orders)

    @property
    def deposit(self) -> int:
        return self.booking.deposit if self.booking else 0


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    buyer_id: BuyerId
    purchase_id: PurchaseId
    code: str
    state: PurchaseState
    currency: str
    total: int
    contact: Contact
    address: Address
    locale: str
    source: str | None
    placed_at: datetime
    pay_by: datetime
    tendered: int  # what purses pay of it; a channel collects the rest
    deposit: int  # what is paid of it first, where it is of a presale: see Booking
    team_id: UUID | None  # of whose team its order waits for


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    order_id: OrderId
    line: int
    product_id: UUID
    sku_id: UUID
    kind: str
    title: Text
    options: list[tuple[Text, Text]]
    picture: str | None
    sku_code: str
    quantity: int
    unit_price: int
    amount: int
    tax: int
    tax_millionths: int
    tax_inclusive: bool
    commission: int
    refunded_quantity: int
    refunded: int
    discount: int = 0
    offers: list[LineOffer] = []
    fees: list[LineFee] = []
    no_return: NoReturn | None = None
    gift: GiftTerms | None = None
    gift_charged: int = 0
    ship_hours: int | None = None
    authentic_times: int = 0
    free_returns: bool = False
    tax_class: str = "standard"

    @property
    def subsidy(self) -> int:
        """Of the discount, what the platform pays the merchant."""
        return sum(offer.platform for offer in self.offers)


class Order(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: MerchantId
    order_id: OrderId
    purchase_id: PurchaseId
    buyer_id: BuyerId
    code: str
    state: OrderState
    currency: str
    goods: int
    freight: int
    tax_added: int
    tax_included: int
    total: int
    commission: int
    refunded: int
    commission_returned: int
    delivery: Delivery
    contact: Contact
    address: Address
    note: str
    source: str | None
    placed_at: datetime
    paid_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    receive_by: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str | None
    packing_at: datetime | None
    reminded_at: datetime | None
    extended_at: datetime | None
    hidden_at: datetime | None
    subsidy: int = 0
    subsidy_returned: int = 0
    freight_offers: list[LineOffer] = []
    freight_fees: list[LineFee] = []
    fee_tax: int = 0
    fee_tax_returned: int = 0
    ship_hours: int | None = None
    ship_by: datetime | None = None
    freight_tax: int = 0
    freight_tax_millionths: int = 0
    freight_tax_inclusive: bool = True

    def due(self, pause: Pause | None = None) -> datetime | None:
        """By when what has not left of it is to leave the house; none when nothing is to be sent. What was paid while the shop
        was away, and took orders, is due after its return; a day that was agreed stands."""
        if self.paid_at is None or self.state not in TO_SEND:
            return None
        if self.agreed is not None:
            return self.agreed
        within = self.ship_by - self.paid_at if self.ship_by else timedelta(hours=SHIP_WITHIN_HOURS)
        return self.paid_at + within if pause is None else pause.due(self.paid_at, within)

    @property
    def agreed(self) -> datetime | None:
        """The day to ship by that was agreed when it was booked in a presale."""
        return self.ship_by if self.ship_hours is None else None

    def is_overdue(self, at: datetime) -> bool:
        """Whether nothing has been sent by the day that was agreed: its buyer can call it off by right (decision 0106)."""
        return self.state is OrderState.PAID and self.agreed is not None and self.agreed <= at

    @property
    def kept(self) -> int:
        """Of the total, what has not been given back."""
        return self.total - self.refunded

    @property
    def commission_kept(self) -> int:
        """Of the commission, what has not gone back to the merchant because of refunds."""
        return self.commission - self.commission_returned

    @property
    def fee_tax_kept(self) -> int:
        """Of the tax in the commission, what has not gone back with it."""
        return self.fee_tax - self.fee_tax_returned

    @property
    def subsidy_kept(self) -> int:
        """Of what the platform pays the merchant, what was not taken back because of refunds."""
        return self.subsidy - self.subsidy_returned

    @property
    def income(self) -> int:
        """What the merchant gets of it: from the buyer and from the platform, less the commission."""
        return self.kept + self.subsidy_kept - self.commission_kept


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A change of state: who and when."""

    from_state: str
    to_state: str
    at: datetime
    by: str


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which of its orders a merchant looks for; what is left empty does not narrow the list down.

    `text` is an order's code, a tracking number, an article number, or the phone, name or e-mail address of who bought.
    `since` and `until` bound when it was placed, `least` and `most` its total in minor units. `trouble` is `late` (not
    sent by its own day, see `Order.due`), `stuck` (a parcel under way for longer than `STUCK_AFTER_DAYS`) or `lost` or
    `reminded` (the buyer asked to hurry). `named` is whom unread notes name; `among` are the only orders that come into question.
    """

    states: Sequence[OrderState] = ()
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    product_id: UUID | None = None
    carrier: str = ""
    region: str = ""
    least: int | None = None
    most: int | None = None
    with_buyers_note: bool = False
    with_notes: bool = False
    named: UUID | None = None
    among: Sequence[UUID] | None = None
    trouble: str = ""
    oldest_first: bool = False


class OrderNote(msgspec.Struct, frozen=True, kw_only=True):
    """What staff told each other; `mentions` are the accounts of those who are named."""

    note_id: UUID
    order_id: UUID
    said: str
    by: str
    at: datetime
    mentions: list[UUID]


class ToDo(msgspec.Struct, frozen=True, kw_only=True):
    """What of a shop's orders waits for somebody; each number is counted up to `COUNTED_MAX`. `pause` is the shop's last,
    present or coming one, which deadlines heed."""

    to_send: int
    late: int
    soon_late: int
    stuck: int
    lost: int
    named: int
    unpaid: int
    reminded: int
    pause: Pause | None = None


COUNTED_MAX = 1_000
