"""Why a figure moved: a change of money taken apart so that the parts add up to it, to the last minor unit. Pure.

`factors` takes a product of factors apart (visitors × conversion × basket) by Shapley's value: the mean, over all sequences in
which the factors could have changed one after the other, of what each contributed. `shift_share` takes a sum over groups apart
into how many there were (volume), of which kind (mix), and what each kind brought (rate). Both reckon in fractions; `rounded`
gives each part a whole number by the largest remainder. Worked examples in docs/algorithms/reviews.md."""

from collections.abc import Hashable, Mapping, Sequence
from fractions import Fraction
from itertools import permutations
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)


def rounded(exact: Sequence[Fraction]) -> list[int]:
    """Whole numbers beside exact parts, each less than one from it, that add up to their sum, which is whole. What is left over
    goes to the largest remainders; equal ones: the first."""
    whole = sum(exact, Fraction(0))
    assert whole.denominator == 1, "the parts of a whole number of minor units"
    floors = [part.numerator // part.denominator for part in exact]
    left = whole.numerator - sum(floors)
    by_remainder = sorted(range(len(exact)), key=lambda place: (floors[place] - exact[place], place))
    for place in by_remainder[:left]:
        floors[place] += 1
    assert sum(floors) == whole
    return floors


class Chain(NamedTuple):
    """Counts of which each is so many times the one before: 1,000 visitors, 40 orders, 8,000 of money are 1,000 visitors, 0.04
    orders a visitor, 200 an order. The last is the money."""

    counts: Sequence[int]

    def rates(self) -> list[Fraction | None]:
        """The first count, and how many times each is the one before; none after a count of nothing."""
        found: list[Fraction | None] = [Fraction(self.counts[0])]
        for count, of in zip(self.counts[1:], self.counts, strict=False):
            found.append(Fraction(count, of) if of else None)
        return found


def factors(before: Chain, now: Chain) -> list[int] | None:
    """What each factor contributed to the change of the money; together they are the change.

    Where a period has no such rate (no order: no basket), that of the other is taken, so that it contributes nothing. None
    where a chain breaks off: something came of nothing (orders without visitors)."""
    assert len(before.counts) == len(now.counts) >= 2
    for chain in (before, now):
        if any(count and not of for count, of in zip(chain.counts[1:], chain.counts, strict=False)):
            return None
    was, became = before.rates(), now.rates()
    old = [one if one is not None else other or Fraction(0) for one, other in zip(was, became, strict=True)]
    new = [one if one is not None else other or Fraction(0) for one, other in zip(became, was, strict=True)]
    orders = list(permutations(range(len(old))))
    parts = [Fraction(0)] * len(old)
    for order in orders:
        at = list(old)
        money = _product(at)
        for place in order:
            at[place] = new[place]
            moved = _product(at)
            parts[place] += moved - money
            money = moved
    return rounded([part / len(orders) for part in parts])


def _product(rates: Sequence[Fraction]) -> Fraction:
    product = Fraction(1)
    for rate in rates:
        product *= rate
    return product


class Side(NamedTuple):
    """How many there were of a kind (visitors of a channel, pieces of a product), and what they brought in minor units."""

    units: int
    paid: int


NOTHING = Side(0, 0)


class Shifted(NamedTuple):
    """What a kind contributed: by its share (`mix`), and by what one of it brought (`rate`)."""

    mix: int
    rate: int


class ShiftShare(NamedTuple, Generic[K]):
    """`volume`, `other` and every kind's mix and rate together are the change. `other`: of kinds that brought something without
    being counted (orders of a channel without visitors)."""

    volume: int
    kinds: Mapping[K, Shifted]
    other: int

    @property
    def mix(self) -> int:
        return sum(each.mix for each in self.kinds.values())

    @property
    def rate(self) -> int:
        return sum(each.rate for each in self.kinds.values())


def shift_share(before: Mapping[K, Side], now: Mapping[K, Side]) -> ShiftShare[K]:
    """Take the change of what all kinds brought together apart.

    With N units and R = what one of them brought on average before: volume is (N₁ − N₀)·R; of each kind, mix is N₁·(its share
    now − its share before)·(its rate before − R), and rate is its units now times the change of its rate. A kind that is new
    has the rate of now from the beginning: that it came is mix. With nobody before, all is volume."""
    names = sorted({*before, *now}, key=str)
    counted = {name: (_counted(before.get(name)), _counted(now.get(name))) for name in names}
    other = sum(now.get(name, NOTHING).paid - before.get(name, NOTHING).paid for name in names) - sum(
        after.paid - was.paid for was, after in counted.values()
    )
    n0, n1 = sum(was.units for was, _ in counted.values()), sum(after.units for _, after in counted.values())
    p0, p1 = sum(was.paid for was, _ in counted.values()), sum(after.paid for _, after in counted.values())
    if not n0 or not n1:
        return ShiftShare(p1 - p0, {name: Shifted(0, 0) for name in names}, other)
    mean = Fraction(p0, n0)
    exact = [(n1 - n0) * mean]
    for name in names:
        was, after = counted[name]
        rate_now = Fraction(after.paid, after.units) if after.units else Fraction(0)
        rate_was = Fraction(was.paid, was.units) if was.units else rate_now
        exact.append(n1 * (Fraction(after.units, n1) - Fraction(was.units, n0)) * (rate_was - mean))
        exact.append(after.units * (rate_now - rate_was))
    volume, *parts = rounded(exact)
    kinds = {name: Shifted(parts[2 * place], parts[2 * place + 1]) for place, name in enumerate(names)}
    return ShiftShare(volume, kinds, other)


def _counted(side: Side | None) -> Side:
    return side if side is not None and side.units else NOTHING
