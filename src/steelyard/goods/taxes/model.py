"""Tax rates, and what they come to."""

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import PARTS_PER_MILLION, share, split
from steelyard.kernel.text import Text

STANDARD, REDUCED, ZERO, EXEMPT = "standard", "reduced", "zero", "exempt"
# What goods can be. Zero-rated and exempt goods bear nothing anywhere; of the others each place says what they bear.
CLASSES = (STANDARD, REDUCED, ZERO, EXEMPT)
# What a place can have a rate for: some have several reduced ones, for goods that a shop here calls reduced.
RATED = (STANDARD, REDUCED, "reduced2", "super_reduced", "parking")
RATES_PER_TABLE_MAX = 5_000
TABLE_BYTES_MAX = 4 * 1024 * 1024
# The member states of the European Union (ISO 3166-1; Greece is GR), among which distance sales are declared in one place:
# Directive 2006/112/EC, articles 369a-369k.
EU = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905  # as one reads them
)


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
    """The rate of a class, else the standard rate of the place, else none. What is zero-rated or exempt bears nothing, in
    the price or on top of it as is usual there."""
    usual = rates.get(STANDARD) or UNTAXED
    if tax_class in (ZERO, EXEMPT):
        return Rate(millionths=0, inclusive=usual.inclusive, name=usual.name)
    return rates.get(tax_class) or usual


def day_of(time_zone: str, at: datetime) -> date:
    """The tax day of a sale: the day that it is where its seller is, by the seller's time zone (an IANA name)."""
    return at.astimezone(ZoneInfo(time_zone)).date()


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


class RateHasBegun(Refusal):
    """A rate that has counted is part of what happened: it is followed by another, and not taken out."""

    code = "rate_has_begun"
    title = N_("This rate counts already")
    detail = N_("Only a rate that is planned can be taken out. Enter the rate that follows it instead.")
