"""Gift cards bought in the shop: what one may buy, how a sale stands, and refusals."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.money.payments.model import PaymentId
from steelyard.parties.customers.model import BuyerId

SaleId = NewType("SaleId", UUID)

# Days begin and end, and cards are sent in the morning, in this zone.
HOUSE_ZONE = ZoneInfo("Asia/Shanghai")
SEND_HOUR = 8
SEND_DAYS_AHEAD_MAX = 365
SENDINGS_MAX = 5
MESSAGE_CHARACTERS_MAX = 200
SENDER_CHARACTERS_MAX = 60
# What cards are sold in unless somebody asks for another currency that shops sell in here.
CURRENCY = "CNY"
CARDS_AT_ONCE_MAX = 10
# The operator's bounds are in hundreds of minor units: 1.00 of most currencies, and 100 yen.
MINOR_PER_UNIT = 100
REASON_CHARACTERS_MAX = 200
# What the operator's sums go back.
LATELY_DAYS = 30
# What a page offers, as far as the operator's bounds allow it; other whole amounts are typed. In major units.
USUAL = (50, 100, 200, 500, 1_000)


class SaleState(StrEnum):
    """`to_send`: paid, and its day has not come. `open`: sent, and nobody has redeemed it."""

    UNPAID = "unpaid"
    LAPSED = "lapsed"
    TO_SEND = "to_send"
    OPEN = "open"
    REDEEMED = "redeemed"
    REFUNDED = "refunded"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator's settings say of cards in the shop; amounts in hundreds of minor units. `on`: they are sold, in these
    `currencies`: the usual one, and those that shops sell in."""

    on: bool
    least: int
    most: int
    per_day: int
    refund_days: int
    currencies: Sequence[str] = (CURRENCY,)

    @property
    def usual(self) -> list[int]:
        """What a page offers, in hundreds of minor units."""
        return [amount for amount in USUAL if self.least <= amount <= self.most] or [self.least]


class NewSale(msgspec.Struct, frozen=True, kw_only=True):
    """One or more cards that a buyer wants: `amount` of each in major units, `send_on` the day it is sent (none: when it is
    paid). `sale_id` becomes that of the first, and of them all together."""

    sale_id: SaleId
    buyer_id: BuyerId
    amount: int
    recipient: str
    sender: str
    message: str
    locale: str
    send_on: date | None
    currency: str = CURRENCY
    cards: int = 1


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """A card that was ordered, `amount` in minor units; the last four are of its card. `cards` were ordered with it and are
    paid with it, for `together` in all."""

    sale_id: SaleId
    buyer_id: BuyerId
    amount: int
    currency: str
    recipient: str
    sender: str
    message: str
    locale: str
    day: date
    placed_at: datetime
    pay_by: datetime
    send_at: datetime
    paid_at: datetime | None
    payment_id: PaymentId | None
    refund_by: datetime | None
    lapsed_at: datetime | None
    sent_at: datetime | None
    sendings: int
    refunded_at: datetime | None
    redeemed_at: datetime | None = None
    redeemed_by: BuyerId | None = None
    last4: str | None = None
    batch_id: UUID | None = None
    cards: int = 1
    together: int = 0
    refund_reason: str = ""

    @property
    def state(self) -> SaleState:
        if self.refunded_at is not None:
            return SaleState.REFUNDED
        if self.redeemed_at is not None:
            return SaleState.REDEEMED
        if self.paid_at is not None:
            return SaleState.TO_SEND if self.sent_at is None else SaleState.OPEN
        return SaleState.UNPAID if self.lapsed_at is None else SaleState.LAPSED

    @property
    def unspent(self) -> bool:
        """Whether it was paid for and nobody has redeemed it: staff may give its money back."""
        return self.state in (SaleState.TO_SEND, SaleState.OPEN)

    def refundable(self, now: datetime) -> bool:
        """Whether its buyer may give it back."""
        return self.unspent and self.refund_by is not None and now < self.refund_by

    @property
    def sendable(self) -> bool:
        """Whether it may be sent once more."""
        return self.state is SaleState.OPEN and self.sendings < SENDINGS_MAX


class Sold(msgspec.Struct, frozen=True, kw_only=True):
    """How many cards of the last days stand so, and what they are worth together."""

    state: SaleState
    currency: str
    cards: int
    amount: int


class NotSold(Refusal):
    """Gift cards are sold only where the operator has switched it on."""

    code = "gift_cards_not_sold"
    title = N_("Gift cards are not sold here")
    detail = N_("This marketplace sells no gift cards at the moment.")


class TooMuchToday(Refusal):
    """What one person may buy of gift cards in a day is limited."""

    code = "gift_cards_too_many"
    title = N_("Too much for one day")
    detail = N_("You have reached what one person may buy of gift cards in a day. Tomorrow it goes on.")


class SaleOver(Refusal):
    """A card that was not paid in time is not paid any more."""

    code = "gift_card_lapsed"
    title = N_("This order has ended")
    detail = N_("The card was not paid in time. Please order it again.")


class NoRefund(Refusal):
    """A card is taken back while nobody has redeemed it, within the days that counted when it was paid."""

    code = "gift_card_not_refundable"
    title = N_("This card cannot be given back")
    detail = N_("It was redeemed, or the time to give it back is over.")


class NotSendable(Refusal):
    """A card is sent again while nobody has redeemed it, a few times."""

    code = "gift_card_not_sendable"
    title = N_("This card cannot be sent again")
    detail = N_("It was redeemed or given back, or it was sent too often.")
