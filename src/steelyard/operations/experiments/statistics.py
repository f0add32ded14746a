"""The sums behind a verdict: pure functions of counts, totals and squares, so that no row of a person is needed for them.

Intervals are for the difference of two means, absolute or relative to the control (by the delta method). Two kinds:

- *fixed*: right when it is looked at once, at the end that was planned (normal approximation);
- *sequential*: right however often one looks and whenever one stops, an asymptotic confidence sequence: I. Waudby-Smith,
  D. Arbour, R. Sinha, E. H. Kennedy, A. Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences",
  Annals of Statistics 52 (2024). It is narrowest about `expected` units, which is chosen before the start.

CUPED: A. Deng, Y. Xu, R. Kohavi, T. Walker, "Improving the sensitivity of online controlled experiments by utilizing
pre-experiment data", WSDM 2013. Sample ratio: Pearson's chi-square of the counts against the planned weights.
"""

from collections.abc import Sequence
from math import erfc, exp, inf, log, sqrt
from statistics import NormalDist

import msgspec

# Below this a deviation from the planned shares is no chance: somebody is lost on the way, or counted twice.
MISMATCH_P = 0.001
# Of sums of squares, what differences of their order are by rounding alone.
ROUNDING = 1e-12
# A control's mean nearer to zero than so many standard errors is no measure of anything: the delta method divides by it.
ERRORS_FROM_ZERO = 2.0


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the units of one variant: how many, and of their values the sum and the sum of squares; of the same
    value before the experiment (`before…`) likewise, and the sum of the products of both."""

    units: int
    summed: float
    squares: float
    before: float = 0.0
    before_squares: float = 0.0
    products: float = 0.0

    @property
    def mean(self) -> float:
        return self.summed / self.units if self.units else 0.0

    @property
    def variance(self) -> float:
        """Of one unit's value, in its unit squared (n - 1)."""
        return _spread(self.units, self.summed, self.summed, self.squares)


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """How far the treatment is from the control, between which bounds; `relative`: as a share of the control's mean. `p` is
    valid in the same sense as the interval: at the planned end, or always. Bounds are infinite while nothing can be said."""

    difference: float
    low: float
    high: float
    p: float
    relative: bool
    sequential: bool

    @property
    def decided(self) -> bool:
        """Whether zero lies outside."""
        return self.low > 0 or self.high < 0


def _upper(p: float) -> float:
    """Above which a standard normal value lies with probability `p`."""
    return -NormalDist().inv_cdf(p)


def mismatch(counts: Sequence[int], weights: Sequence[int]) -> float:
    """How likely these counts, or stranger ones, are if units were shared out by these weights: the p of chi-square. 1 while
    nobody has come."""
    assert len(counts) == len(weights) > 1
    whole, parts = sum(counts), sum(weights)
    if whole == 0:
        return 1.0
    expected = [whole * weight / parts for weight in weights]
    away = sum((count - due) ** 2 / due for count, due in zip(counts, expected, strict=True) if due)
    from scipy.special import chdtrc  # noqa: PLC0415  # weighs much (kernel/late.py)

    return float(chdtrc(len(counts) - 1, away))


def compare(
    control: Sums, treatment: Sums, *, alpha: float = 0.05, relative: bool = True, expected: int | None = None
) -> Estimate:
    """The treatment against the control, with an interval of confidence 1 - `alpha`: sequential when the number of units at
    which it is to be narrowest is `expected`, else fixed.

    A relative difference of a control whose mean may as well be zero says nothing, and neither do people who all did alike: how
    far the next would be from them is not known. The bounds are infinite then.
    """
    assert 0 < alpha < 1
    difference = treatment.mean - control.mean
    unknown = Estimate(difference=0.0, low=-inf, high=inf, p=1.0, relative=relative, sequential=expected is not None)
    if min(control.units, treatment.units) < 2 or control.variance == treatment.variance == 0:
        return unknown
    of_control, of_treatment = control.variance / control.units, treatment.variance / treatment.units
    if relative and (control.mean <= 0 or control.mean < ERRORS_FROM_ZERO * sqrt(of_control)):
        return unknown
    if relative:
        difference /= control.mean
        spread = of_treatment / control.mean**2 + of_control * treatment.mean**2 / control.mean**4
    else:
        spread = of_control + of_treatment
    if expected is None:
        half = _upper(alpha / 2) * sqrt(spread)
        p = _fixed_p(difference, spread)
    else:
        units = control.units + treatment.units
        half = _sequential_half(spread, units, alpha, expected)
        p = _sequential_p(difference, spread, units, alpha, expected)
    return Estimate(
        difference=difference,
        low=difference - half,
        high=difference + half,
        p=p,
        relative=relative,
        sequential=expected is not None,
    )


def _fixed_p(difference: float, spread: float) -> float:
    return erfc(abs(difference) / sqrt(2 * spread))


def _narrowest_at(units: int, alpha: float) -> float:
    """rho squared of the confidence sequence that is about narrowest at so many units."""
    return (-2 * log(alpha) + log(-2 * log(alpha) + 1)) / units


def _sequential_half(spread: float, units: int, alpha: float, expected: int) -> float:
    grown = units * _narrowest_at(expected, alpha)
    return sqrt(spread * units) * sqrt(2 * (grown + 1) / (units * grown) * log(sqrt(grown + 1) / alpha))


def _sequential_p(difference: float, spread: float, units: int, alpha: float, expected: int) -> float:
    """The smallest level whose sequence, of the same shape, leaves zero out."""
    grown = units * _narrowest_at(expected, alpha)
    evidence = difference**2 / spread * grown / (2 * (grown + 1))
    return min(1.0, sqrt(grown + 1) * exp(-min(evidence, 700.0)))


def adjusted(arms: Sequence[Sums]) -> list[Sums]:
    """The same arms with what their units did before taken out (CUPED): the means keep what they estimate, the variances
    shrink by the square of the correlation. One coefficient for all arms, about the mean of all; arms without anything before
    come back unchanged."""
    units = sum(arm.units for arm in arms)
    spread = sum(_within(arm.units, arm.before, arm.before, arm.before_squares) for arm in arms)
    if units < 3 or spread <= 0:
        return list(arms)
    theta = sum(_within(arm.units, arm.summed, arm.before, arm.products) for arm in arms) / spread
    centre = sum(arm.before for arm in arms) / units
    return [_without_before(arm, theta, centre) for arm in arms]


def _without_before(arm: Sums, theta: float, centre: float) -> Sums:
    """Each value less theta times (what was before less the mean of it)."""
    shift = theta * centre
    summed = arm.summed - theta * arm.before + arm.units * shift
    squares = (
        arm.squares
        - 2 * theta * arm.products
        + theta**2 * arm.before_squares
        + 2 * shift * (arm.summed - theta * arm.before)
        + arm.units * shift**2
    )
    return Sums(units=arm.units, summed=summed, squares=squares)


def _within(units: int, one: float, other: float, products: float) -> float:
    """Sum of the products of two values' distances from their means."""
    return products - one * other / units if units else 0.0


def _spread(units: int, one: float, other: float, products: float) -> float:
    within = _within(units, one, other, products)
    return within / (units - 1) if units > 1 and within > ROUNDING * products else 0.0


def shared_alpha(alpha: float, treatments: int) -> float:
    """The level of each comparison when several treatments are held against one control (Bonferroni)."""
    assert treatments >= 1
    return alpha / treatments


def units_needed(mean: float, variance: float, *, effect: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """Units of each of two equal variants that find a relative `effect` with this power, looked at once at the end. Raises
    `ValueError` where no number would do."""
    if not (mean > 0 and effect and variance > 0):
        raise ValueError("there is nothing to find")
    reach = _upper(alpha / 2) + _upper(1 - power)
    return max(2, int(2 * variance * (reach / (effect * mean)) ** 2) + 1)
