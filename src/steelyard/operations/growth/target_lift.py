"""What a targeted coupon has brought: those who got it against those who were held out, and both against what it cost.

Counting and the sums behind the intervals are those of experiments; here they are put into money.
docs/algorithms/targeted-coupons.md.
"""

from collections.abc import Sequence
from datetime import date
from math import inf, isfinite
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read
from steelyard.operations import experiments
from steelyard.operations.experiments.model import Finding, Metric, Results, Verdict
from steelyard.operations.growth.target_model import GETS, HELD, Targeted
from steelyard.operations.growth.targeting import targeted

# Fewer people, or fewer buyers, in one of the parts: bounds by the normal distribution are not to be trusted.
PEOPLE_LEAST = 100
BUYERS_LEAST = 10
METRICS = (Metric.CONVERSION, Metric.ORDERS, Metric.REVENUE, Metric.MARGIN)


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, and between which bounds it lies; they are infinite while nothing can be said."""

    found: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        return isfinite(self.low) and isfinite(self.high)

    def by(self, factor: float) -> "Bounds":
        return Bounds(found=self.found * factor, low=self.low * factor, high=self.high * factor)


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One metric: the mean of either part, how far they are apart for each person, and what that is for all who got one."""

    metric: Metric
    held: experiments.Sums
    gets: experiments.Sums
    relative: experiments.Estimate
    each: Bounds
    altogether: Bounds
    verdict: Verdict


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Coupons that were used, what they took off, in minor units, and the platform's part of that: a sum and no estimate."""

    used: int
    amount: int
    platform: int = 0


class Lift(msgspec.Struct, frozen=True, kw_only=True):
    """`few`: too few people or buyers in one of the parts; `broken`: the parts have other shares than was set. `on_revenue` and
    `on_margin` are what came in more for each 1.00 that coupons took off; none: nothing was taken off."""

    day: date | None
    people: tuple[int, int]
    effects: Sequence[Effect]
    cost: Cost
    on_revenue: Bounds | None
    on_margin: Bounds | None
    few: bool
    broken: bool


async def lift(read: Read, merchant_id: UUID, targeted_id: UUID) -> tuple[Targeted, Lift]:
    """What is known by now. Raises `NotFound`."""
    found = await targeted(read, merchant_id, targeted_id)
    _, _, results = await experiments.results(read, merchant_id, targeted_id)
    cost = await read.one(
        Cost,
        """
        SELECT count(DISTINCT (buyer_id, claim))::integer AS used, coalesce(sum(amount), 0)::bigint AS amount
             , coalesce(sum(platform), 0)::bigint AS platform FROM promotion_uses
        WHERE merchant_id = $1 AND promotion_id = $2 AND given_back_at IS NULL AND at < coalesce($3, now())
        """,
        merchant_id,
        found.promotion_id,
        found.ended_at,
    )
    assert cost is not None, "a sum is always there"
    return found, lifted(results, cost)


def lifted(results: Results, cost: Cost) -> Lift:
    """The sums of an experiment with two variants, put beside what the second one cost. Pure."""
    effects = [_effect(metric, results.arms[metric], results.of(metric)[0]) for metric in METRICS if results.of(metric)]
    known = {each.metric: each for each in effects}
    buyers = known.get(Metric.CONVERSION)
    held, gets = (results.units[HELD], results.units[GETS]) if len(results.units) > GETS else (0, 0)
    return Lift(
        day=results.day,
        people=(held, gets),
        effects=effects,
        cost=cost,
        on_revenue=_returned(known.get(Metric.REVENUE), cost),
        on_margin=_returned(known.get(Metric.MARGIN), cost),
        few=min(held, gets) < PEOPLE_LEAST
        or buyers is None
        or min(buyers.held.summed, buyers.gets.summed) < BUYERS_LEAST,
        broken=results.mismatch < experiments.MISMATCH_P,
    )


def _effect(metric: Metric, arms: Sequence[experiments.Sums], finding: Finding) -> Effect:
    away = finding.absolute
    each = Bounds(found=away.difference, low=away.low, high=away.high)
    return Effect(
        metric=metric,
        held=arms[HELD],
        gets=arms[GETS],
        relative=finding.relative,
        each=each,
        altogether=each.by(arms[GETS].units) if each.known else Bounds(found=0.0, low=-inf, high=inf),
        verdict=finding.verdict,
    )


def _returned(effect: Effect | None, cost: Cost) -> Bounds | None:
    return effect.altogether.by(1 / cost.amount) if effect is not None and cost.amount else None
