"""What a currency is here."""

import msgspec

from steelyard.kernel.text import Text


class Currency(msgspec.Struct, frozen=True, kw_only=True):
    """`currency` is the ISO 4217 alphabetic code, `digits` says what a minor unit is (2: a hundredth, 0: a whole)."""

    currency: str
    digits: int
    name: Text
