"""RFM: customers by how lately, how often and for how much they bought. Pure numbers.

Each of the three figures is scored from 1 to 5 by quintiles: 1 + ⌊5 · w / n⌋, where of n customers w have a strictly worse
figure. So equal figures have equal scores, whatever order they stand in, and a score may stay empty where many are equal.
A segment is what recency and the mean of the two other scores (halves up) mean together.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from steelyard.operations.lifecycle.model import Segment, TierCount
from steelyard.operations.lifecycle.purchasing import Numbers

Scores: TypeAlias = npt.NDArray[np.int16]

QUINTILES = 5
TIERS = 3
TOP_SHARE = 0.2


# By recency (the row, 1 to 5) and the mean of frequency and monetary value (the column, 1 to 5).
_GRID: tuple[tuple[Segment, ...], ...] = (
    (Segment.LOST, Segment.LOST, Segment.AT_RISK, Segment.CANNOT_LOSE, Segment.CANNOT_LOSE),
    (Segment.HIBERNATING, Segment.HIBERNATING, Segment.AT_RISK, Segment.AT_RISK, Segment.AT_RISK),
    (Segment.ABOUT_TO_SLEEP, Segment.ABOUT_TO_SLEEP, Segment.NEED_ATTENTION, Segment.LOYAL, Segment.LOYAL),
    (Segment.PROMISING, Segment.POTENTIAL, Segment.POTENTIAL, Segment.LOYAL, Segment.CHAMPIONS),
    (Segment.NEW, Segment.POTENTIAL, Segment.POTENTIAL, Segment.CHAMPIONS, Segment.CHAMPIONS),
)


def quintiles(figures: Numbers, *, less_is_better: bool = False) -> Scores:
    """A score of each figure, 1 to 5, 5 the best."""
    if not len(figures):
        return np.zeros(0, dtype=np.int16)
    told = -figures if less_is_better else figures
    worse = np.searchsorted(np.sort(told), told, side="left")
    return (1 + QUINTILES * worse // len(told)).astype(np.int16)


# Each of the grid's places as a number of `SEGMENTS`.
SEGMENTS = tuple(Segment)
_PLACES = np.array([[SEGMENTS.index(segment) for segment in row] for row in _GRID], dtype=np.int16)


def segment_of(r: int, f: int, m: int) -> Segment:
    """The segment of these scores."""
    return _GRID[r - 1][(f + m + 1) // 2 - 1]


def segment_numbers(r: Scores, f: Scores, m: Scores) -> Scores:
    """`segment_of` for each, as its place in `SEGMENTS`."""
    return _PLACES[r - 1, (f + m + 1) // 2 - 1]


def segments(r: Scores, f: Scores, m: Scores) -> list[Segment]:
    """`segment_of` for each."""
    return [SEGMENTS[number] for number in segment_numbers(r, f, m).tolist()]


def tiers(worth: Numbers) -> Scores:
    """A tier of each: 1 for the fifth who are worth the most, 2 for the next three tenths, 3 for the others. Who are worth
    the same are in the same one, the better."""
    if not len(worth):
        return np.zeros(0, dtype=np.int16)
    better = len(worth) - np.searchsorted(np.sort(worth), worth, side="right")
    return np.where(better * 10 < len(worth) * 2, 1, np.where(better * 10 < len(worth) * 5, 2, 3)).astype(np.int16)


def tier_counts(
    worth: Numbers, net: Numbers, orders: Numbers | None = None, spent: Numbers | None = None
) -> list[TierCount]:
    """The tiers by `worth`, the best first: how many are in each, what they spent (`net`), and what is expected of them."""
    places = tiers(worth) - 1

    def summed(figures: Numbers | None) -> list[float] | list[None]:
        return [None] * TIERS if figures is None else np.bincount(places, weights=figures, minlength=TIERS).tolist()

    return [
        TierCount(
            tier=place + 1,
            customers=customers,
            net=round(of_net or 0),
            expected_orders=of_orders,
            expected_spent=None if of_spent is None else round(of_spent),
        )
        for place, (customers, of_net, of_orders, of_spent) in enumerate(
            zip(np.bincount(places, minlength=TIERS).tolist(), summed(net), summed(orders), summed(spent), strict=True)
        )
    ]


def grid(r: Scores, f: Scores) -> list[list[int]]:
    """How many have which scores: a row for each of recency from 1 to 5, in it a number for each of frequency from 1 to 5."""
    counts = np.bincount((r - 1) * QUINTILES + f - 1, minlength=QUINTILES * QUINTILES)
    return counts.reshape(QUINTILES, QUINTILES).tolist()


def top_share(monetary: Numbers, share: float = TOP_SHARE) -> float:
    """Which part of all that is spent comes from this share of customers, those who spend the most (rounded down to whole
    people, one at least). None spent anything: 0."""
    total = float(np.sum(monetary))
    if not len(monetary) or total <= 0:
        return 0.0
    most = max(int(len(monetary) * share), 1)
    return float(np.sum(np.sort(monetary)[::-1][:most])) / total
