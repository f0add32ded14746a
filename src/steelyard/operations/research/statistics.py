"""The sums of survey results, pure: shares, Net Promoter Score and means with their intervals. `contingency` says whether groups
answer differently. docs/algorithms/surveys.md has them with worked examples."""

from collections.abc import Sequence
from math import isfinite, nan, sqrt
from statistics import NormalDist, fmean, stdev

import msgspec

CONFIDENCE = 0.95


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A figure between its bounds; nan: nothing is known."""

    value: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        return isfinite(self.value)


NOTHING = Estimate(value=nan, low=nan, high=nan)


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(hits: int, n: int, confidence: float = CONFIDENCE) -> Estimate:
    """A share with the interval of Wilson (1927): it stays between 0 and 1, and is right for few answers, too."""
    if n == 0:
        return NOTHING
    assert 0 <= hits <= n
    z = _z(confidence)
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Estimate(value=share, low=max(0.0, middle - half), high=min(1.0, middle + half))


def nps(promoters: int, passives: int, detractors: int, confidence: float = CONFIDENCE) -> Estimate:
    """The Net Promoter Score, promoters less detractors in hundredths, with the adjusted Wald interval: three answers more, three
    quarters of one to each end and the rest to the middle (0197)."""
    n = promoters + passives + detractors
    if n == 0:
        return NOTHING
    score = (promoters - detractors) / n
    up, down = (promoters + 0.75) / (n + 3), (detractors + 0.75) / (n + 3)
    half = _z(confidence) * sqrt((up + down - (up - down) ** 2) / (n + 3))
    middle = up - down
    return Estimate(value=100 * score, low=100 * max(-1.0, middle - half), high=100 * min(1.0, middle + half))


def mean(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """A mean with Student's interval; of a single value no interval is known."""
    n = len(values)
    if n == 0:
        return NOTHING
    middle = fmean(values)
    if n == 1:
        return Estimate(value=middle, low=nan, high=nan)
    from scipy.special import stdtrit  # noqa: PLC0415  # weighs much (kernel/late.py)

    half = float(stdtrit(n - 1, 0.5 + confidence / 2)) * stdev(values) / sqrt(n)
    return Estimate(value=middle, low=middle - half, high=middle + half)


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Whether groups (columns) answer differently (rows). `method`: chi2, fisher, or chance (chi-square against tables drawn by
    chance with the same sums); `small`: some expected counts are below 5; `cells` the p of each cell, corrected by Holm, and
    `signs` whether it has more (1) or less (-1) than was to be expected."""

    p: float
    method: str
    statistic: float
    small: bool
    cells: Sequence[Sequence[float]]
    signs: Sequence[Sequence[int]]


def holm(ps: Sequence[float]) -> list[float]:
    """Probabilities corrected for how many were looked at (Holm 1979), in their order."""
    order = sorted(range(len(ps)), key=lambda place: ps[place])
    corrected = [0.0] * len(ps)
    worst = 0.0
    for rank, place in enumerate(order):
        worst = max(worst, min(1.0, (len(ps) - rank) * ps[place]))
        corrected[place] = worst
    return corrected
