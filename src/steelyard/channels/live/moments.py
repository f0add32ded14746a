"""The moments of a session that sold and those that lost viewers, found by a rule. No I/O; the rule is argued, with an example,
in docs/algorithms/live.md.

A moment is a window of `WINDOW_MINUTES`. It sold when its orders per viewer-minute are above the mean of the session, the higher
the sooner; it lost viewers when fewer watch at its end than before it, the more the sooner. At most `MOMENTS_MAX` of each that
do not overlap.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TypeVar

import msgspec

WINDOW_MINUTES = 3
MOMENTS_MAX = 3


class At(msgspec.Struct, frozen=True):
    """A minute: who watched at its end, at most within it, and how many orders were placed in it."""

    viewers: int
    peak: int
    orders: int


class Sold(msgspec.Struct, frozen=True):
    """A window that sold, from its first minute on."""

    minute: int
    minutes: int
    orders: int
    viewer_minutes: int


class Lost(msgspec.Struct, frozen=True):
    """A window that lost viewers: so many watched before it, so many fewer at its end."""

    minute: int
    minutes: int
    before: int
    lost: int


M = TypeVar("M", Sold, Lost)


def viewer_minutes(minutes: Sequence[At]) -> int:
    """How long all have watched together: of each minute those who watched at most; one at least, so that it can be divided
    by."""
    return max(1, sum(each.peak for each in minutes))


def sold(minutes: Sequence[At]) -> list[Sold]:
    """The windows that sold best, the best first. Of equals the one with more orders, then the earlier."""
    mean = Fraction(sum(each.orders for each in minutes), viewer_minutes(minutes))
    width = min(WINDOW_MINUTES, len(minutes))
    found: list[Sold] = []
    for first in range(len(minutes) - width + 1):
        window = minutes[first : first + width]
        one = Sold(first, width, sum(each.orders for each in window), viewer_minutes(window))
        if one.orders and Fraction(one.orders, one.viewer_minutes) > mean:
            found.append(one)
    return _apart(found, lambda one: (-Fraction(one.orders, one.viewer_minutes), -one.orders, one.minute))


def lost(minutes: Sequence[At]) -> list[Lost]:
    """The windows with the greatest net loss of viewers, the greatest first; of equals the earlier. The last minute does not
    count: with the end of the session everybody leaves."""
    found: list[Lost] = []
    for first in range(1, len(minutes) - WINDOW_MINUTES):
        before, after = minutes[first - 1].viewers, minutes[first + WINDOW_MINUTES - 1].viewers
        if after < before:
            found.append(Lost(first, WINDOW_MINUTES, before, before - after))
    return _apart(found, lambda one: (-one.lost, one.minute))


def _apart(found: Sequence[M], order: Callable[[M], tuple[Fraction | int, ...]]) -> list[M]:
    """The first of these in this order, each that overlaps with none that was taken before it."""
    taken: list[M] = []
    for one in sorted(found, key=order):
        if len(taken) < MOMENTS_MAX and all(
            one.minute + one.minutes <= each.minute or each.minute + each.minutes <= one.minute for each in taken
        ):
            taken.append(one)
    return taken
