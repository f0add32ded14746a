"""Tax rates, and what they come to."""

from collections.abc import Mapping
from datetime import date

import msgspec

from steelyard.kernel.money import PARTS_PER_MILLION, share, split
from steelyard.kernel.text import Text

STANDARD = "standard"


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """`millionths` are parts per million (130000 is 13 %); `inclusive`: prices shown already contain it."""

    millionths: int
    inclusive: bool
    name: Text = msgspec.field(default_factory=Text)


UNTAXED = Rate(millionths=0, inclusive=True)


class DatedRate(msgspec.Struct, frozen=True, kw_only=True):
    """A rate and where and when it is valid: `region` empty is the whole country, `valid_to` the first day it is
    not."""

    country: str
    tax_class: str
    valid_from: date
    millionths: int
    inclusive: bool
    name: Text
    region: str = ""
    valid_to: date | None = None


def rate_for(rates: Mapping[str, Rate], tax_class: str) -> Rate:
    """The rate of a class, else the standard rate of the place, else none."""
    return rates.get(tax_class) or rates.get(STANDARD) or UNTAXED


def tax_of(amount: int, rate: Rate) -> int:
    """The tax in (inclusive) or on top of (exclusive) a line of `amount` minor units, half a unit rounded away
    from zero.

    Inclusive: amount × r ÷ (1 + r), so 11300 at 13 % contain 1300. Exclusive: amount × r, so 10000 at 7.25 % bear 725.
    """
    if not rate.inclusive:
        return share(amount, rate.millionths)
    # The price is shared out between the tax and the goods; of two equal remainders the first, the tax, gets the cent.
    return split(amount, [rate.millionths, PARTS_PER_MILLION])[0]


def tax_added(amount: int, rate: Rate) -> int:
    """What a buyer pays on top of `amount`: nothing when the price already contains the tax."""
    return 0 if rate.inclusive else tax_of(amount, rate)
