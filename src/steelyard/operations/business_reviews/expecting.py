"""What was to be expected of a period from the days before it, and how far off such expectations were before. Pure.

A day is expected as: level × its weekday. The level is that of the last weeks, the latest counting most, with a trend that fades
as far as there is one; where the year before is known, its season counts too. What lies far from the median counts as if it lay
nearer, so that one great sale does not become the rule. The bounds are not taken
from a distribution: the same was foretold for earlier periods of the same length, and the bounds are as wide as those were off
(the idea of conformal prediction). Rules with numbers in docs/algorithms/reviews.md."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from math import ceil, floor
from statistics import median

import msgspec

WEEK = 7
# So many weeks before a period say what its level and its weekdays are like.
WEEKS = 8
# Of what a week counts for the level, the week before it counts so much.
BEFORE_COUNTS = 0.7
# A week further from the median than so many (scaled) median deviations counts as if it lay there; 1.4826 makes them as wide
# as standard deviations are where errors are normal.
DEVIATIONS_MOST = 2.0
MEDIAN_DEVIATION = 1.4826
# A trend counts by the fourth power of how far pairs of weeks agree on it (Kendall's tau): weeks that only scatter have none.
AGREEMENT_COUNTS = 4
# Of the last week's trend, so much is left in the next one, and so on.
FADES = 0.8
# How often the same was foretold for earlier periods, a week apart; with fewer, nothing is said of bounds.
ORIGINS, ORIGINS_LEAST = 26, 8
YEAR = timedelta(days=364)
# Around a period of last year, so many days say what the season did.
SEASON_DAYS = 28
SEASON_MOST = 4.0
# One year's season is half a season and half chance.
SEASON_COUNTS = 0.5
COVERS = 0.9

Days = Mapping[date, int]


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What was expected of a day, or of all days together, in minor units; `low` and `high` hold nine of ten."""

    expected: int
    low: int | None = None
    high: int | None = None

    def outside(self, was: int) -> bool:
        return self.low is not None and self.high is not None and not self.low <= was <= self.high


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """The expectation of a period: of each day, of all together. `origins`: how many earlier periods the bounds are from;
    `season`: what last year's season multiplied it by, none where that year is not known."""

    days: Sequence[Expected]
    total: Expected
    origins: int
    season: float | None = None


def outlook(known: Days, first: date, days: int) -> Outlook | None:
    """What days from `first` on were to be expected to bring. `known` are the days before, without gaps from the first day of
    trade; what it says of `first` and later is not looked at. None when there are fewer than `WEEKS` of them, or nothing was
    sold in most."""
    found = _foretold(known, first, days)
    if found is None:
        return None
    expected, season = found
    of_days: list[float] = []
    of_totals: list[float] = []
    earliest = min(known)
    for back in range(1, ORIGINS + 1):
        origin = first - timedelta(days=max(days, WEEK) + WEEK * (back - 1))
        if origin - timedelta(days=WEEK * WEEKS) < earliest:
            break
        then = _foretold(known, origin, days)
        if then is None:
            continue
        was = [known.get(origin + timedelta(days=place), 0) for place in range(days)]
        if sum(then[0]) > 0:
            of_totals.append(sum(was) / sum(then[0]) - 1)
            of_days += [one / e - 1 for one, e in zip(was[:WEEK], then[0][:WEEK], strict=True) if e > 0]
    bounds_of_day = _bounds(of_days) if len(of_totals) >= ORIGINS_LEAST else None
    bounds_of_total = _bounds(of_totals) if len(of_totals) >= ORIGINS_LEAST else None
    return Outlook(
        days=[_with(each, bounds_of_day) for each in expected],
        total=_with(sum(expected), bounds_of_total),
        origins=len(of_totals),
        season=season,
    )


def _with(expected: float, bounds: tuple[float, float] | None) -> Expected:
    if bounds is None:
        return Expected(expected=round(expected))
    low, high = bounds
    return Expected(expected=round(expected), low=max(0, floor(expected * (1 + low))), high=ceil(expected * (1 + high)))


def _bounds(errors: Sequence[float]) -> tuple[float, float]:
    """Between which of the errors nine of ten more would be; with few, the extremes."""
    ordered = sorted(errors)
    tail = (1 - COVERS) / 2
    low = max(0, floor((len(ordered) + 1) * tail) - 1)
    high = min(len(ordered) - 1, ceil((len(ordered) + 1) * (1 - tail)) - 1)
    return ordered[low], ordered[high]


def _foretold(known: Days, first: date, days: int) -> tuple[list[float], float | None] | None:
    """Each day's expectation, and the season in it."""
    plain = _plain(known, first, days)
    if plain is None:
        return None
    season = _season(known, first, days)
    return [each * (season if season is not None else 1.0) for each in plain], season


def _season(known: Days, first: date, days: int) -> float | None:
    """What the same days of last year brought against what the weeks before them had led one to expect."""
    around = max(0, SEASON_DAYS - days) // 2
    begins, length = first - YEAR - timedelta(days=around), days + 2 * around
    plain = _plain(known, begins, length)
    if plain is None or sum(plain) <= 0:
        return None
    ratio = sum(known.get(begins + timedelta(days=place), 0) for place in range(length)) / sum(plain)
    return min(SEASON_MOST, max(1 / SEASON_MOST, ratio)) ** SEASON_COUNTS


def _plain(known: Days, first: date, days: int) -> list[float] | None:
    """Level and weekday, of the `WEEKS` before `first`."""
    begin = first - timedelta(days=WEEK * WEEKS)
    if not known or begin < min(known):
        return None
    weeks = [[known.get(begin + timedelta(days=WEEK * week + day), 0) for day in range(WEEK)] for week in range(WEEKS)]
    sums = [sum(week) for week in weeks]
    if sum(1 for each in sums if each > 0) <= WEEKS // 2:
        return None
    shares = [median(week[day] / sum(week) for week in weeks if sum(week)) for day in range(WEEK)]
    whole = sum(shares)
    if not whole:
        return None
    shares = [each / whole for each in shares]
    level, slope = _level(sums)
    found: list[float] = []
    for place in range(days):
        weeks_on = place // WEEK + 1
        faded = sum(FADES**step for step in range(1, weeks_on + 1))
        found.append(max(0.0, level + slope * faded) * shares[place % WEEK])
    return found


def _level(sums: Sequence[int]) -> tuple[float, float]:
    """Where the weeks have come to, and by how much each goes on from there."""
    last, pairs = len(sums) - 1, [(a, b) for a in range(len(sums)) for b in range(a + 1, len(sums))]
    agreed = sum((sums[b] > sums[a]) - (sums[b] < sums[a]) for a, b in pairs) / len(pairs)
    slope = median((sums[b] - sums[a]) / (b - a) for a, b in pairs) * abs(agreed) ** AGREEMENT_COUNTS
    risen = [each + slope * (last - week) for week, each in enumerate(sums)]
    middle = median(risen)
    most = DEVIATIONS_MOST * MEDIAN_DEVIATION * median(abs(each - middle) for each in risen)
    near = [min(middle + most, max(middle - most, each)) for each in risen]
    counts = [BEFORE_COUNTS ** (last - week) for week in range(len(sums))]
    return sum(each * by for each, by in zip(near, counts, strict=True)) / sum(counts), slope
