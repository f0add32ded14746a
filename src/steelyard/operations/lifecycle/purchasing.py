"""How often a customer will buy again, and whether they still are one: BG/NBD, MBG/NBD and NBD. Pure numbers.

A customer is known by three figures, all in weeks but the first: `x` repeat purchases, `t_x` from the first purchase to the
last, `age` (the papers' T) from the first purchase to now (0 ≤ t_x ≤ age). While they are one they buy at random with a rate
of their own, which among customers is gamma distributed (shape `r`, rate `alpha`); behind each purchase they leave for good
with a probability of their own, which is beta distributed (`a`, `b`). In MBG/NBD they may leave behind the first purchase
already, in BG/NBD not before the first repeat. Where both come out so that hardly anybody ever leaves, what is left is the
NBD: everybody stays, and who is silent buys rarely.

Sources: P. S. Fader, B. G. S. Hardie, K. L. Lee, "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD
Model, Marketing Science 24 (2005) 275–284; E. P. Batislam, M. Denizel, A. Filiztekin, Empirical validation and comparison of
models for customer base analysis, International Journal of Research in Marketing 24 (2007) 201–209; A. S. C. Ehrenberg, The
Pattern of Consumer Purchases, Applied Statistics 8 (1959) 26–41.
"""

from enum import StrEnum
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import betaln, gammaln, hyp2f1, psi

Numbers: TypeAlias = npt.NDArray[np.float64]

# Below this mean chance of leaving behind a purchase nobody leaves: the model has degenerated.
LEAVING_LEAST = 0.01
# Parameters further away are a likelihood that is flat, not customers.
LOG_BOUND = 12.0
NEAR_ONE = 1e-5
STARTS = ((1.0, 1.0, 1.0, 1.0), (0.3, 0.1, 0.8, 2.5))
# Of a normal distribution, nine tenths lie within so many standard deviations.
WIDTH = 1.6448536269514722
STEP = 1e-4


class Model(StrEnum):
    """Which of the three; the value is what is kept of a prediction."""

    BG_NBD = "bg_nbd"
    MBG_NBD = "mbg_nbd"
    NBD = "nbd"


class Parameters(NamedTuple):
    """Of the gamma distribution of rates (`alpha` in weeks) and the beta distribution of leaving; in the NBD `a` is 0, `b` 1."""

    r: float
    alpha: float
    a: float
    b: float

    @property
    def degenerate(self) -> bool:
        """Whether hardly anybody leaves: then the model tells nothing of who stays."""
        return self.a / (self.a + self.b) < LEAVING_LEAST


class Fit(NamedTuple):
    """Parameters by maximum likelihood; `covariance` is of their logarithms (none: the likelihood is flat there)."""

    model: Model
    parameters: Parameters
    log_likelihood: float
    covariance: Numbers | None


def log_likelihood(model: Model, parameters: Parameters, x: Numbers, t_x: Numbers, age: Numbers) -> Numbers:
    """Of each customer, in natural logarithms; equation 6 of Fader et al. with the sum of its two parts taken in
    logarithms, so that neither underflows."""
    r, alpha, a, b = parameters
    flips, stayed, left = _parts(model, parameters, x, t_x, age)
    bought = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + np.logaddexp(stayed, left)
    return bought if model is Model.NBD else bought + betaln(a, b + flips) - betaln(a, b)


def gradient(model: Model, parameters: Parameters, x: Numbers, t_x: Numbers, age: Numbers) -> Numbers:
    """The derivative of the summed log-likelihood by each parameter: four numbers."""
    r, alpha, a, b = parameters
    flips, stayed, left = _parts(model, parameters, x, t_x, age)
    here = np.exp(stayed - np.logaddexp(stayed, left))
    gone = 1.0 - here
    by_r = np.sum(psi(r + x) - psi(r) + np.log(alpha) - here * np.log(alpha + age) - gone * np.log(alpha + t_x))
    by_alpha = np.sum(r / alpha - (r + x) * (here / (alpha + age) + gone / (alpha + t_x)))
    if model is Model.NBD:
        return np.array([by_r, by_alpha, 0.0, 0.0])
    before = np.where(flips > 0, b + flips - 1.0, 1.0)
    by_a = np.sum(psi(a + b) - psi(a + b + flips) + gone / a)
    by_b = np.sum(psi(b + flips) - psi(a + b + flips) - psi(b) + psi(a + b) - gone / before)
    return np.array([by_r, by_alpha, by_a, by_b])


def fit(model: Model, x: Numbers, t_x: Numbers, age: Numbers) -> Fit:
    """The parameters under which these customers are most likely, from two places to begin at. Raises `ValueError` when
    there is no customer."""
    if not len(x):
        raise ValueError("a model is fitted to customers")
    scale = float(np.max(age)) or 1.0
    y, since, whole = x, t_x / scale, age / scale
    best: tuple[float, Numbers] | None = None
    for start in STARTS:
        found = minimize(
            _loss,
            np.log(np.array(start[: _free(model)])),
            args=(model, y, since, whole),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-LOG_BOUND, LOG_BOUND)] * _free(model),
        )
        if best is None or found.fun < best[0]:
            best = (float(found.fun), np.asarray(found.x))
    assert best is not None
    near = _parameters(best[1])
    parameters = near._replace(alpha=near.alpha * scale)
    told = float(np.sum(log_likelihood(model, parameters, x, t_x, age)))
    return Fit(model, parameters, told, _covariance(model, best[1], y, since, whole))


def fit_best(x: Numbers, t_x: Numbers, age: Numbers) -> Fit:
    """BG/NBD; where that degenerates (`LEAVING_LEAST`), MBG/NBD; where that does, too, the NBD."""
    for model in (Model.BG_NBD, Model.MBG_NBD):
        found = fit(model, x, t_x, age)
        if not found.parameters.degenerate:
            return found
    return fit(Model.NBD, x, t_x, age)


def alive(model: Model, parameters: Parameters, x: Numbers, t_x: Numbers, age: Numbers) -> Numbers:
    """How probable it is that each still is a customer; churn risk is what is missing to 1."""
    _, stayed, left = _parts(model, parameters, x, t_x, age)
    return np.exp(stayed - np.logaddexp(stayed, left))


def expected(model: Model, parameters: Parameters, weeks: float, x: Numbers, t_x: Numbers, age: Numbers) -> Numbers:
    """How many purchases each is expected to make in the next `weeks`; equation 10 of Fader et al."""
    r, alpha, a, b = parameters
    if model is Model.NBD:
        return (r + x) / (alpha + age) * weeks
    if abs(a - 1.0) < NEAR_ONE:
        a = 1.0 + NEAR_ONE  # both sides meet there, and the quotient is 0 over 0
    flips = _flips(model, x)
    shrunk = np.exp((r + x) * (np.log(alpha + age) - np.log(alpha + age + weeks)))
    series = hyp2f1(r + x, b + flips, a + b + flips - 1.0, weeks / (alpha + age + weeks))
    whole = (a + b + flips - 1.0) / (a - 1.0) * (1.0 - shrunk * series)
    chance = alive(model, Parameters(r, alpha, a, b), x, t_x, age)
    return np.maximum(whole * chance, 0.0)


def silent(model: Model, parameters: Parameters, weeks: float, x: Numbers, t_x: Numbers, age: Numbers) -> Numbers:
    """How probable it is that each buys nothing in the next `weeks`: they have left, or stay and do not happen to buy (who
    stays has a rate that is gamma distributed by r + x and alpha + age)."""
    r, alpha, _, _ = parameters
    chance = alive(model, parameters, x, t_x, age)
    return 1.0 - chance + chance * np.exp((r + x) * (np.log(alpha + age) - np.log(alpha + age + weeks)))


def interval(fitted: Fit, weeks: float, x: Numbers, t_x: Numbers, age: Numbers) -> tuple[Numbers, Numbers]:
    """Between which two numbers `expected` lies in nine of ten cases, as far as that depends on how well the parameters
    are known (delta method on the logarithms). Without a covariance both are what is expected."""
    model, parameters, _, covariance = fitted
    middle = expected(model, parameters, weeks, x, t_x, age)
    if covariance is None:
        return middle, middle
    free = _free(model)
    logs = np.log(np.array(parameters[:free]))
    told = np.log(np.maximum(middle, 1e-12))
    slopes = np.empty((free, len(x)))
    for place in range(free):
        moved = logs.copy()
        moved[place] += STEP
        other = expected(model, _parameters(moved), weeks, x, t_x, age)
        slopes[place] = (np.log(np.maximum(other, 1e-12)) - told) / STEP
    variance = np.einsum("in,ij,jn->n", slopes, covariance, slopes)
    apart = np.exp(np.minimum(WIDTH * np.sqrt(np.maximum(variance, 0.0)), 5.0))
    return middle / apart, middle * apart


def _free(model: Model) -> int:
    """How many of the parameters are there to be found."""
    return 2 if model is Model.NBD else 4


def _parameters(logs: Numbers) -> Parameters:
    numbers = [float(number) for number in np.exp(logs)]
    return Parameters(*numbers) if len(numbers) == 4 else Parameters(*numbers, a=0.0, b=1.0)


def _flips(model: Model, x: Numbers) -> Numbers:
    """How often each might have left and did not."""
    return x + 1.0 if model is Model.MBG_NBD else x


def _parts(
    model: Model, parameters: Parameters, x: Numbers, t_x: Numbers, age: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """The flips, and of the likelihood the logarithms of the part that they stayed, and that they left with the last."""
    r, alpha, a, b = parameters
    flips = _flips(model, x)
    stayed = -(r + x) * np.log(alpha + age)
    if model is Model.NBD:
        return flips, stayed, np.full_like(stayed, -np.inf)
    before = np.where(flips > 0, b + flips - 1.0, 1.0)
    left = np.where(flips > 0, np.log(a) - np.log(before) - (r + x) * np.log(alpha + t_x), -np.inf)
    return flips, stayed, left


def _loss(logs: Numbers, model: Model, x: Numbers, t_x: Numbers, age: Numbers) -> tuple[float, Numbers]:
    parameters, count = _parameters(logs), len(x)
    value = -float(np.sum(log_likelihood(model, parameters, x, t_x, age))) / count
    return value, -gradient(model, parameters, x, t_x, age)[: len(logs)] * np.exp(logs) / count


def _covariance(model: Model, logs: Numbers, x: Numbers, t_x: Numbers, age: Numbers) -> Numbers | None:
    """Of the logarithms of the parameters: the inverse of the observed information."""
    information = np.empty((len(logs), len(logs)))
    for place in range(len(logs)):
        up, down = logs.copy(), logs.copy()
        up[place] += STEP
        down[place] -= STEP
        apart = _loss(up, model, x, t_x, age)[1] - _loss(down, model, x, t_x, age)[1]
        information[place] = apart * len(x) / (2 * STEP)
    information = (information + information.T) / 2
    if not np.all(np.isfinite(information)) or np.min(np.linalg.eigvalsh(information)) <= 1e-8:
        return None
    return np.asarray(np.linalg.inv(information), dtype=np.float64)
