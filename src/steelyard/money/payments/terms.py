"""What a channel declares of itself, and what a payer is handed who does not simply go on to another page."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from steelyard.kernel import money


class Device(StrEnum):
    """Where the buyer's page is shown: a computer, a phone's browser, or the browser inside one of two apps."""

    DESK = "desk"
    PHONE = "phone"
    WECHAT = "wechat"
    ALIPAY = "alipay"


EVERY_DEVICE = frozenset(Device)


class Fee(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel keeps of a payment: a share in millionths and a fixed part in minor units by currency.

    `returned`: whether it comes back when the payment is given back.
    """

    millionths: int = 0
    fixed: Mapping[str, int] = {}
    returned: bool = False

    def of(self, amount: int, currency: str) -> int:
        """The fee on `amount`, in minor units, half a unit upwards."""
        return money.share(amount, self.millionths) + self.fixed.get(currency, 0)


class Bearer(StrEnum):
    """Who pays what a channel asks for payment in months."""

    BUYER = "buyer"
    MERCHANT = "merchant"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Payment in so many `months`. `buyer_millionths` is what the channel adds to what the buyer pays, `seller_millionths` what
    it keeps of our money, beside its usual fee: by its own published rates, as this installation has set them. Where the seller
    bears it, the buyer pays nothing more. `smallest`: amounts in minor units by currency from which it is offered; a currency
    that is not there has no such plan. `rest_first`: half a unit of the charge goes to the even one, amount and charge are each
    split into equal parts rounded down, and what is left is paid in the first month; else half a unit goes up, and months differ
    by one unit at most.
    """

    months: int
    bearer: Bearer
    buyer_millionths: int = 0
    seller_millionths: int = 0
    smallest: Mapping[str, int] = {}
    rest_first: bool = False

    def takes(self, amount: int, currency: str) -> bool:
        return currency in self.smallest and amount >= self.smallest[currency]

    def surcharge(self, amount: int) -> int:
        """What the buyer pays beside the amount, in minor units."""
        if self.rest_first:
            return money.share_to_even(amount, self.buyer_millionths)
        return money.share(amount, self.buyer_millionths)

    def monthly(self, amount: int) -> list[int]:
        """What is paid each month, in minor units, the first first: they add up to the amount and what is added to it."""
        if self.rest_first:
            parts = (money.parts_with_the_rest_first(each, self.months) for each in (amount, self.surcharge(amount)))
            return [sum(month) for month in zip(*parts, strict=True)]
        return money.split(amount + self.surcharge(amount), [1] * self.months)


class Thanks(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel wants to hear once its message has been taken in; otherwise it is sent again."""

    status: int = 204
    body: bytes = b""
    media_type: str = "text/plain"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel can do, as its publisher says it and this installation has set it up.

    `name` and `note` are msgids: what buyers read, and one line about it. `currencies` and `countries` (where the goods
    go) are none for any. `smallest` and `largest` are amounts in minor units by currency; without one there is no bound.
    `authorises`: it can keep money back first and take it later; `captures_parts`: in several parts, else
    once. `instalments` are the plans by which the payer may pay it in months. `refund_days` is how long after the capture money
    can be given back, none for ever. `cashiers` are the origins (scheme, host, port) of pages that payers are sent to.
    `statement` names the format of its statements, for reconciliation. `by_hand` means that people say when money has come;
    `wait_hours` that a purchase waits so long for it, instead of as long as the operator lets purchases wait. `at_the_door`: it
    is paid where the parcel is handed over, so only for what is sent, by shops that offer it, to buyers who did not let parcels
    go back.
    """

    name: str
    note: str = ""
    icon: str = "credit-card"
    currencies: frozenset[str] | None = None
    countries: frozenset[str] | None = None
    smallest: Mapping[str, int] = {}
    largest: Mapping[str, int] = {}
    devices: frozenset[Device] = EVERY_DEVICE
    authorises: bool = False
    captures_parts: bool = False
    instalments: Sequence[Plan] = ()
    refunds_parts: bool = True
    refund_days: int | None = None
    fee: Fee = Fee()
    cashiers: tuple[str, ...] = ()
    statement: str = ""
    by_hand: bool = False
    at_the_door: bool = False
    wait_hours: int = 0
    thanks: Thanks = Thanks()

    def seller_millionths(self, months: int) -> int:
        """What the channel keeps of our money for payment in so many months, beside its usual fee."""
        return sum(plan.seller_millionths for plan in self.instalments if plan.months == months)

    def takes(self, amount: int, currency: str) -> bool:
        """Whether an amount is within what the channel collects at once."""
        if self.currencies is not None and currency not in self.currencies:
            return False
        return self.smallest.get(currency, 1) <= amount <= self.largest.get(currency, amount)


class Handover(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the payer gets on our own page: the text of a QR code to scan (`qr`), what the page hands to the app that it
    is shown in (`bridge`), or facts to pay by (`told`: an account, a reference). `device` is whom it was made for."""

    device: Device = Device.DESK
    qr: str | None = None
    bridge: Mapping[str, str] | None = None
    told: Mapping[str, str] | None = None

    def __hash__(self) -> int:
        """What waits to be recorded in a batch is told apart by it; its mappings cannot be hashed, and need not be."""
        return hash((self.device, self.qr))
