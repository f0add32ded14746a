"""Money: an integer of minor units and a currency. It is added, compared and split; it is never divided."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Self

import msgspec
from babel.numbers import get_currency_precision

PARTS_PER_MILLION = 1_000_000


class MixedCurrencies(AssertionError):
    """Two amounts in different currencies met. Nothing a user does may lead here."""


class Money(msgspec.Struct, frozen=True, order=False):
    """`amount` minor units (fen, cent, yen) of `currency` (ISO 4217 alphabetic code)."""

    amount: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __mul__(self, times: int) -> "Money":
        """Repeated addition: `times` is a count of pieces, never a rate (see `share`)."""
        assert type(times) is int, "money is multiplied by a count only"
        return Money(self.amount * times, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.amount < other.amount

    def __le__(self, other: "Money") -> bool:
        self._same(other)
        return self.amount <= other.amount

    def __bool__(self) -> bool:
        return self.amount != 0

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise MixedCurrencies(f"{self.currency} meets {other.currency}")

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(0, currency)

    @classmethod
    def of(cls, decimal: Decimal | str, currency: str) -> Self:
        """From major units, such as `"12.50"`. Half a minor unit is rounded away from zero."""
        exponent = Decimal(1).scaleb(-minor_digits(currency))
        value = Decimal(decimal).quantize(exponent, rounding=ROUND_HALF_UP)
        return cls(int(value.scaleb(minor_digits(currency))), currency)

    def decimal(self) -> Decimal:
        """In major units, with the currency's number of digits: `Decimal("12.50")`."""
        return Decimal(self.amount).scaleb(-minor_digits(self.currency))

    def __str__(self) -> str:
        return f"{self.decimal()} {self.currency}"


def minor_digits(currency: str) -> int:
    """How many digits the currency has behind the point: 2 for CNY, 0 for JPY, 3 for KWD (CLDR)."""
    return get_currency_precision(currency)


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum; `currency` says what the sum of nothing is."""
    result = Money.zero(currency)
    for amount in amounts:
        result += amount
    return result


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Share `amount` minor units out by `weights`, to the last cent: the method of the largest remainder (Hare).

    Each share is at most one minor unit from its exact part, shares add up to `amount`, the same input gives the same
    output (equal remainders: the first in the list gets the cent), and a negative amount is shared as its mirror image.
    A share of weight zero is zero, unless all weights are zero: then they count as equal.
    """
    assert weights, "nothing to share among"
    assert all(weight >= 0 for weight in weights), "a weight is never negative"
    if amount < 0:
        return [-share for share in split(-amount, weights)]
    if not any(weights):
        weights = [1] * len(weights)
    whole = sum(weights)
    shares = [amount * weight // whole for weight in weights]
    left = amount - sum(shares)
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % whole), i))
    for i in by_remainder[:left]:
        shares[i] += 1
    assert sum(shares) == amount
    return shares


def share(amount: int, millionths: int) -> int:
    """The part of `amount` that a rate in parts per million takes (150_000 = 15 %), half a cent rounded up.

    It is `split` in two parts with the remainder decided: what is taken and what is left add up to `amount`,
    so 599 at 15 % is 90 and 509.
    """
    assert 0 <= millionths <= PARTS_PER_MILLION
    if amount < 0:
        return -share(-amount, millionths)
    return (amount * millionths * 2 + PARTS_PER_MILLION) // (2 * PARTS_PER_MILLION)


def share_to_even(amount: int, millionths: int) -> int:
    """The same for whoever rounds half a cent to the even one (IEEE 754, roundTiesToEven): 250 at 1 % is 2, and 350 is 4."""
    assert 0 <= millionths <= PARTS_PER_MILLION
    assert amount >= 0
    whole, rest = divmod(amount * millionths, PARTS_PER_MILLION)
    return whole + (2 * rest > PARTS_PER_MILLION or (2 * rest == PARTS_PER_MILLION and whole % 2 == 1))


def parts_with_the_rest_first(amount: int, count: int) -> list[int]:
    """So many equal parts, rounded down, and what is left with the first of them: 1000 in three is 334, 333, 333."""
    assert amount >= 0
    assert count > 0
    each, rest = divmod(amount, count)
    return [each + rest, *[each] * (count - 1)]


def scaled(amount: int, numerator: int, denominator: int) -> int:
    """`amount` times a ratio, half a unit rounded away from zero: for rates between currencies, which take nothing away that
    would have to be shared out."""
    assert numerator >= 0 and denominator > 0, "a rate is positive"
    if amount < 0:
        return -scaled(-amount, numerator, denominator)
    return (amount * numerator * 2 + denominator) // (2 * denominator)
