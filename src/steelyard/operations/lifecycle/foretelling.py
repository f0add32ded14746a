"""Foretelling: from what customers bought to their scores, how many orders are expected of each and what these come to. Pure:
arrays in, arrays out. `valuing` does it with a shop's customers, `frames` with events from anywhere."""

from typing import NamedTuple

import numpy as np

from steelyard.operations.lifecycle import purchasing, spending
from steelyard.operations.lifecycle.model import HORIZON_DAYS, Holdout
from steelyard.operations.lifecycle.purchasing import Fit, Numbers
from steelyard.operations.lifecycle.spending import Spending

DAYS_PER_WEEK = 7.0
# A model of fewer customers, or of fewer who came back, says more about chance than about them.
CUSTOMERS_LEAST = 100
REPEATERS_LEAST = 20
# So many customers tell the parameters; more would only take longer.
FITTED_MOST = 20_000
FORETOLD_AT_ONCE = 50_000


class Past(NamedTuple):
    """What customers bought, an entry each: orders (1 at least), weeks from the first to the last and from the first to now,
    and what all came to less refunds (in whatever unit)."""

    orders: Numbers
    apart_weeks: Numbers
    age_weeks: Numbers
    net: Numbers

    def some(self, most: int) -> "Past":
        """Every so manieth customer, so that these are `most` at most."""
        step = -(-len(self.orders) // most) or 1
        return Past(*(column[::step] for column in self))

    def between(self, start: int, end: int) -> "Past":
        return Past(*(column[start:end] for column in self))


class Models(NamedTuple):
    """What foretells: how often, and how much an order (none: nobody has spent anything)."""

    purchases: Fit
    spending: Spending | None

    def parameters(self) -> dict[str, float]:
        """Those of both, by their usual letters."""
        return {**self.purchases.parameters._asdict(), **(self.spending._asdict() if self.spending is not None else {})}


class Foretold(NamedTuple):
    """Of each customer: the chance that they still are one (none in the NBD), that they buy nothing, how many orders are
    expected, between which numbers, and what these come to."""

    alive: Numbers | None
    silent: Numbers
    orders: Numbers
    low: Numbers
    high: Numbers
    spent: Numbers


def learn(past: Past) -> Models | None:
    """The models of these customers; none where they are too few."""
    if len(past.orders) < CUSTOMERS_LEAST or int(np.sum(past.orders > 1)) < REPEATERS_LEAST:
        return None
    some = past.some(FITTED_MOST)
    fitted = purchasing.fit_best(some.orders - 1.0, some.apart_weeks, some.age_weeks)
    paid = some.net > 0
    mean = some.net[paid] / some.orders[paid]
    return Models(fitted, spending.fit(some.orders[paid], mean) if np.any(paid) else None)


def foretell(models: Models, past: Past, horizon_days: int = HORIZON_DAYS) -> Foretold:
    """What is expected of each customer in the days to come."""
    weeks, fitted = horizon_days / DAYS_PER_WEEK, models.purchases
    parts = [
        _some(models, past.between(start, start + FORETOLD_AT_ONCE), weeks)
        for start in range(0, max(len(past.orders), 1), FORETOLD_AT_ONCE)
    ]
    whole = [np.concatenate([part[place] for part in parts]) for place in range(6)]
    known = whole[0] if fitted.model is not purchasing.Model.NBD else None
    return Foretold(known, *whole[1:])


def _some(models: Models, past: Past, weeks: float) -> tuple[Numbers, ...]:
    fitted = models.purchases
    known = (past.orders - 1.0, past.apart_weeks, past.age_weeks)
    orders = purchasing.expected(fitted.model, fitted.parameters, weeks, *known)
    low, high = purchasing.interval(fitted, weeks, *known)
    each = np.zeros_like(orders)
    if models.spending is not None:
        # Who got everything back tells nothing of what the next order comes to.
        paid = np.where(past.net > 0, past.orders, 0.0)
        each = spending.expected(models.spending, paid, np.maximum(past.net, 0.0) / past.orders)
    return (
        purchasing.alive(fitted.model, fitted.parameters, *known),
        purchasing.silent(fitted.model, fitted.parameters, weeks, *known),
        orders,
        low,
        high,
        orders * each,
    )


def holdout(before: Past, after: Numbers, days: int) -> Holdout | None:
    """`before` is what customers had bought when the last `days` began (those left out who had bought nothing), `after` how
    many orders each placed in them. None where they are too few for a model."""
    models = learn(before)
    if models is None:
        return None
    told = foretell(models, before, days).orders
    since = np.maximum(before.age_weeks, 1.0)
    naive = (before.orders - 1.0) / since * (days / DAYS_PER_WEEK)
    return Holdout(
        days=days,
        customers=len(after),
        foretold=float(np.sum(told)),
        actual=int(np.sum(after)),
        error=float(np.mean(np.abs(told - after))),
        naive_error=float(np.mean(np.abs(naive - after))),
    )
