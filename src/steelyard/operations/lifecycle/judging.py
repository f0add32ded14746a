"""RFM and customer lifetime value of what customers bought, wherever that was read: in imported events (`frames`), in a shop's
own orders up to a day (`pasts`). Pure: arrays in, figures out.
"""

from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import numpy as np

from steelyard.operations.lifecycle import foretelling, scoring
from steelyard.operations.lifecycle.foretelling import Past
from steelyard.operations.lifecycle.model import HORIZON_DAYS, Expected, Holdout, TierCount
from steelyard.operations.lifecycle.purchasing import Numbers
from steelyard.operations.lifecycle.scoring import Scores

DAY_SECONDS = 86_400.0
WEEK_SECONDS = 7 * DAY_SECONDS
HOLDOUT_PART = 3


class SegmentCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many customers are in a segment, and what they spent, in minor units."""

    segment: str
    customers: int
    net: int


class RfmReport(msgspec.Struct, frozen=True, kw_only=True):
    """All customers, their `orders`, what these came to and what was given back of it; means over all customers: days since
    the last order, orders, spending in minor units. Spending is what is left after refunds, or (`gross`) what was paid;
    `top_share`: which part of it comes from the fifth of customers who spent the most; `paid_…`: the same of what was paid.
    `grid`: how many customers have which scores, a row for each of recency from 1 to 5, in it a number for each of frequency
    from 1 to 5."""

    currency: str
    customers: int
    orders: int
    spent: int
    refunded: int
    gross: bool
    recency_days: float
    frequency: float
    monetary: float
    top_share: float
    paid_monetary: float
    paid_top_share: float
    segments: list[SegmentCount]
    grid: list[list[int]]


class ClvReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is expected of all customers together in the days to come; amounts in minor units. `model` and `parameters` are
    none where there are too few customers for one, and tiers are by what was spent then."""

    currency: str
    customers: int
    horizon_days: int
    model: str | None = None
    parameters: dict[str, float] = {}
    alive: float | None = None
    orders: float = 0.0
    low: float = 0.0
    high: float = 0.0
    spent: float = 0.0
    holdout: Holdout | None = None
    tiers: list[TierCount] = []
    segments: list[Expected] = []


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Customers, an entry each: first and last order (seconds since 1970), orders, what they came to and what was given back of
    it, in minor units. `gross`: spending is what was paid."""

    currency: str
    first: Any
    last: Any
    orders: Any
    spent: Any
    refunded: Any
    gross: bool = False

    @property
    def net(self) -> Numbers:
        return self.spent if self.gross else self.spent - self.refunded

    def past(self, now: float) -> Past:
        return Past(self.orders, (self.last - self.first) / WEEK_SECONDS, (now - self.first) / WEEK_SECONDS, self.net)


class Bought(Totals, frozen=True, kw_only=True):
    """The same, and each order with the customer's place and its moment."""

    order_user: Any
    order_at: Any


class Scored(NamedTuple):
    """Of each customer the days since the last order, and the scores of recency, frequency and monetary value."""

    days: Numbers
    r: Scores
    f: Scores
    m: Scores


def scored(known: Totals, on: datetime) -> Scored:
    """See `scoring.py` for the rule of scores."""
    days = np.floor(np.maximum(on.timestamp() - known.last, 0.0) / DAY_SECONDS)
    return Scored(
        days,
        scoring.quintiles(days, less_is_better=True),
        scoring.quintiles(known.orders),
        scoring.quintiles(known.net),
    )


def rfm_of(known: Totals, on: datetime) -> RfmReport:
    """RFM at a moment. See `scoring.py` for the rule of segments."""
    return summed(known, scored(known, on))


def summed(known: Totals, score: Scored) -> RfmReport:
    """RFM of customers whose scores are known."""
    numbers, net = scoring.segment_numbers(score.r, score.f, score.m), known.net
    count, most = len(known.orders), len(scoring.SEGMENTS)
    customers = np.bincount(numbers, minlength=most).tolist()
    sums = np.bincount(numbers, weights=net, minlength=most).tolist()
    return RfmReport(
        currency=known.currency,
        customers=count,
        orders=int(np.sum(known.orders)),
        spent=round(float(np.sum(known.spent))),
        refunded=round(float(np.sum(known.refunded))),
        gross=known.gross,
        recency_days=float(np.mean(score.days)) if count else 0.0,
        frequency=float(np.mean(known.orders)) if count else 0.0,
        monetary=float(np.mean(net)) if count else 0.0,
        top_share=scoring.top_share(net),
        paid_monetary=float(np.mean(known.spent)) if count else 0.0,
        paid_top_share=scoring.top_share(known.spent),
        segments=[
            SegmentCount(segment=segment, customers=customers[number], net=round(sums[number]))
            for number, segment in enumerate(scoring.SEGMENTS)
        ],
        grid=scoring.grid(score.r, score.f),
    )


def clv_of(known: Bought, on: datetime, horizon_days: int = HORIZON_DAYS) -> ClvReport:
    """What is expected of customers in the days after a moment. Orders of one day count as one, as the models know no two
    purchases at once; how well they foretell is tried on the last third of the time (the horizon at most)."""
    by_day = _by_day(known, on.timestamp())
    past = by_day.past(on.timestamp())
    models = foretelling.learn(past)
    if models is None:
        return ClvReport(
            currency=known.currency,
            customers=len(known.orders),
            horizon_days=horizon_days,
            tiers=scoring.tier_counts(known.net, known.net),
        )
    told = foretelling.foretell(models, past, horizon_days)
    return ClvReport(
        currency=known.currency,
        customers=len(known.orders),
        horizon_days=horizon_days,
        model=models.purchases.model,
        parameters=models.parameters(),
        alive=None if told.alive is None else float(np.mean(told.alive)),
        orders=float(np.sum(told.orders)),
        low=float(np.sum(told.low)),
        high=float(np.sum(told.high)),
        spent=float(np.sum(told.spent)),
        holdout=_holdout(by_day, on.timestamp(), horizon_days),
        tiers=scoring.tier_counts(told.spent, known.net, told.orders, told.spent),
        segments=_expected_of_segments(known, on, told.orders, told.spent),
    )


def _expected_of_segments(known: Totals, on: datetime, orders: Numbers, spent: Numbers) -> list[Expected]:
    _, r, f, m = scored(known, on)
    numbers, most = scoring.segment_numbers(r, f, m), len(scoring.SEGMENTS)
    of_orders = np.bincount(numbers, weights=orders, minlength=most).tolist()
    of_spent = np.bincount(numbers, weights=spent, minlength=most).tolist()
    return [
        Expected(segment=segment, orders=of_orders[number], spent=round(of_spent[number]))
        for number, segment in enumerate(scoring.SEGMENTS)
    ]


def _by_day(known: Bought, now: float) -> Bought:
    """The same with one order a customer and day (of UTC, at its middle, but never later than now)."""
    days = np.floor(known.order_at / DAY_SECONDS)
    pairs = np.unique(np.stack([known.order_user.astype(float), days]), axis=1) if len(days) else np.zeros((2, 0))
    user, at = pairs[0].astype(np.int64), np.minimum((pairs[1] + 0.5) * DAY_SECONDS, now)
    count = len(known.orders)
    first, last = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(first, user, at)
    np.maximum.at(last, user, at)
    orders = np.bincount(user, minlength=count).astype(float)
    return msgspec.structs.replace(known, first=first, last=last, orders=orders, order_user=user, order_at=at)


def _holdout(known: Bought, now: float, horizon_days: int) -> Holdout | None:
    span_days = (now - float(np.min(known.first))) / DAY_SECONDS
    days = int(min(horizon_days, span_days / HOLDOUT_PART))
    if days < 1:
        return None
    split = now - days * DAY_SECONDS
    early = known.order_at < split
    count = len(known.orders)
    orders = np.bincount(known.order_user[early], minlength=count).astype(float)
    after = np.bincount(known.order_user[~early], minlength=count).astype(float)
    last = np.full(count, -np.inf)
    np.maximum.at(last, known.order_user[early], known.order_at[early])
    there = orders > 0
    before = Past(
        orders[there],
        (last[there] - known.first[there]) / WEEK_SECONDS,
        (split - known.first[there]) / WEEK_SECONDS,
        known.net[there],
    )
    return foretelling.holdout(before, after[there], days)
