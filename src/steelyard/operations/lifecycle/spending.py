"""What a customer spends on an order: the gamma-gamma model. Pure numbers.

A customer is known by `x` orders of a mean of `m` (in whatever unit, above 0). What each spends varies around a mean of
their own (gamma, shape `p`); those means vary among customers (inverse gamma by `q` and `v`, the latter in the unit of `m`).
It is taken that how often somebody buys says nothing of how much.

Source: P. S. Fader, B. G. S. Hardie, The Gamma-Gamma Model of Monetary Value, 2013 (note 025 of B. Hardie's).
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln, psi

from steelyard.operations.lifecycle.purchasing import LOG_BOUND, Numbers

STARTS = ((1.0, 2.0, 1.0), (6.0, 4.0, 0.4), (0.8, 1.5, 2.0))
# At q ≤ 1 the mean over customers would be infinite.
Q_LEAST = 1.001


class Spending(NamedTuple):
    """The model's parameters; `v` in the unit of the amounts."""

    p: float
    q: float
    v: float

    @property
    def mean(self) -> float:
        """What an order comes to over all customers."""
        return self.p * self.v / (self.q - 1.0)


def log_likelihood(parameters: Spending, x: Numbers, m: Numbers) -> Numbers:
    """Of each customer, in natural logarithms; equation 1a of the note."""
    p, q, v = parameters
    return (
        gammaln(p * x + q)
        - gammaln(p * x)
        - gammaln(q)
        + q * np.log(v)
        + (p * x - 1.0) * np.log(m)
        + p * x * np.log(x)
        - (p * x + q) * np.log(x * m + v)
    )


def fit(x: Numbers, m: Numbers) -> Spending:
    """The parameters under which these customers are most likely. Raises `ValueError` where there is no customer, or one
    without an order or an amount."""
    if not len(x) or np.any(x <= 0) or np.any(m <= 0):
        raise ValueError("a model is fitted to customers who spent something")
    scale = float(np.mean(m))
    best: tuple[float, Numbers] | None = None
    for p, q, v in STARTS:
        found = minimize(
            _loss,
            np.log(np.array([p, q - 1.0, v])),
            args=(x, m / scale),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-LOG_BOUND, LOG_BOUND), (np.log(Q_LEAST - 1.0), LOG_BOUND), (-LOG_BOUND, LOG_BOUND)],
        )
        if best is None or found.fun < best[0]:
            best = (float(found.fun), np.asarray(found.x))
    assert best is not None
    p, less, v = (float(number) for number in np.exp(best[1]))
    return Spending(p, 1.0 + less, v * scale)


def expected(parameters: Spending, x: Numbers, m: Numbers) -> Numbers:
    """What each one's next order is expected to come to: their own mean and everybody's, each by its weight; equation 5 of
    the note. Of whom no order is known (`x` 0), everybody's."""
    p, q, v = parameters
    return p * (v + x * m) / (p * x + q - 1.0)


def _loss(logs: Numbers, x: Numbers, m: Numbers) -> tuple[float, Numbers]:
    p, less, v = (float(number) for number in np.exp(logs))
    q, count = 1.0 + less, len(x)
    value = -float(np.sum(log_likelihood(Spending(p, q, v), x, m))) / count
    both, total = p * x + q, x * m + v
    by_p = np.sum(x * (psi(both) - psi(p * x) + np.log(m) + np.log(x) - np.log(total)))
    by_q = np.sum(psi(both) - psi(q) + np.log(v) - np.log(total))
    by_v = np.sum(q / v - both / total)
    return value, -np.array([by_p * p, by_q * less, by_v * v]) / count
