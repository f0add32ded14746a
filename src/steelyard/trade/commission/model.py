"""What merchants are charged: fees, the rules by which they are reckoned, and what an order line keeps of them."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from steelyard.kernel.text import Text

FeeId = NewType("FeeId", UUID)
RuleId = NewType("RuleId", UUID)

# The first fee, which is always there: what `set_rate` sets.
SALES_COMMISSION = FeeId(UUID("01980000-0000-7000-8000-000000000001"))
# Days on which rules begin and end are the house's.
HOUSE_ZONE = ZoneInfo("Asia/Shanghai")
FEES_MAX = 20
NAME_CHARACTERS_MAX = 40
# A fixed part, a least or a most above this is a slip of the hand: a hundred million minor units.
AMOUNT_MAX = 100_000_000
YEARS_AHEAD_MAX = 5


class Channel(StrEnum):
    """By what a sale came."""

    SHOP = "shop"
    LIVE = "live"
    AMAZON = "amazon"
    AGENT = "agent"


class Taxes(StrEnum):
    """What a rate is taken of: prices as they are shown, without the taxes that are in them, or with those on top too."""

    SHOWN = "shown"
    WITHOUT = "without"
    WITH = "with"


# The first word of what an order says of its source, where that is no channel's own name.
_CHANNELS = {"ucp": Channel.AGENT}


def channel_of(source: str | None) -> Channel | None:
    """The channel of a purchase from its source (`shop`, `ucp:<client>`, …); none where it is none of them."""
    word = (source or "").split(":", 1)[0]
    return _CHANNELS.get(word) or (Channel(word) if word in set(Channel) else None)


class Fee(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is charged. `kept`: it stays with the platform when goods come back. `tax_millionths` is the rate of
    tax on it now."""

    fee_id: FeeId
    name: Text
    place: int
    kept: bool
    tax_millionths: int = 0


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Which sales: of this merchant, this category and those below it, this product, by this channel, in this currency;
    none means of all."""

    merchant_id: UUID | None = None
    category_id: UUID | None = None
    product_id: UUID | None = None
    channel: Channel | None = None
    currency: str | None = None

    @property
    def scope(self) -> "Scope":
        """Which sales, without the rest."""
        return Scope(
            merchant_id=self.merchant_id,
            category_id=self.category_id,
            product_id=self.product_id,
            channel=self.channel,
            currency=self.currency,
        )


class Terms(Scope, frozen=True, kw_only=True):
    """Of which sales, and how much: a rate in parts per million and a fixed part for each line or piece, in all no less than
    `least` and no more than `most` a line (minor units of the scope's currency)."""

    millionths: int = 0
    fixed: int = 0
    per_piece: bool = False
    least: int | None = None
    most: int | None = None
    on_freight: bool = False
    taxes: Taxes = Taxes.SHOWN


class Rule(Terms, frozen=True, kw_only=True):
    """A rule with the fee that it is of, and the rate of tax on that."""

    rule_id: RuleId
    fee_id: FeeId
    name: Text
    place: int
    kept: bool
    tax_millionths: int
    valid_from: datetime


class KnownRule(Terms, frozen=True, kw_only=True):
    """A rule as it stands on the list, with who set and who ended it."""

    rule_id: RuleId
    fee_id: FeeId
    name: Text
    valid_from: datetime
    valid_to: datetime | None
    replaces: RuleId | None
    set_at: datetime
    set_by: UUID | None
    ended_at: datetime | None
    ended_by: UUID | None

    def state(self, at: datetime) -> "RuleState":
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            return RuleState.WITHDRAWN
        if self.valid_from > at:
            return RuleState.PLANNED
        return RuleState.COUNTS if self.valid_to is None or self.valid_to > at else RuleState.ENDED


class RuleState(StrEnum):
    """Where a rule stands at a moment; what was withdrawn never began."""

    COUNTS = "counts"
    PLANNED = "planned"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


class FeeTax(msgspec.Struct, frozen=True, kw_only=True):
    """The rate of tax on a fee from a moment on."""

    fee_id: FeeId
    valid_from: datetime
    millionths: int


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """What decides which rules count: `path` is the product's category, from the root."""

    merchant_id: UUID
    path: Sequence[UUID]
    product_id: UUID
    channel: Channel | None
    currency: str


class LineFee(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a line of an order (or its freight) was charged, frozen at sale: `amount` and the `tax` on it, in minor units.
    Of freight, which lines of several rules may have charged together, no rule is named."""

    fee_id: FeeId
    name: Text
    amount: int
    tax: int = 0
    tax_millionths: int = 0
    kept: bool = False
    rule_id: RuleId | None = None
    millionths: int = 0

    @property
    def whole(self) -> int:
        """What the merchant pays: the fee and the tax on it."""
        return self.amount + self.tax


class FeePart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of a fee and of the tax on it, what a refund gives back."""

    fee_id: FeeId
    amount: int
    tax: int = 0


def added(parts: Sequence[FeePart]) -> list[FeePart]:
    """One part for each fee, in the order in which they come first."""
    sums: dict[FeeId, list[int]] = {}
    for part in parts:
        of_fee = sums.setdefault(part.fee_id, [0, 0])
        of_fee[0] += part.amount
        of_fee[1] += part.tax
    return [FeePart(fee_id=fee_id, amount=amount, tax=tax) for fee_id, (amount, tax) in sums.items() if amount or tax]
