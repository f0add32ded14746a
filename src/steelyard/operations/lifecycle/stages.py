"""In which stage a customer is: a rule over facts, without any I/O.

`stage_of` says where somebody stands now, `history` how they came there when all that is known are the moments of their
paid orders. Times are aware; days are of 24 hours, counted from the moment that the last order was paid.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from steelyard.operations.lifecycle.model import Move, Rule, Stage

NOWHERE = "nowhere"


class Standing(NamedTuple):
    """A stage, since when as the facts say, and when time alone ends it (none: never)."""

    stage: Stage
    since: datetime
    moves_at: datetime | None


def stage_of(
    rule: Rule,
    now: datetime,
    *,
    first_seen: datetime,
    wanted: datetime | None,
    orders: int,
    previous_paid: datetime | None,
    last_paid: datetime | None,
) -> Standing:
    """Where a customer with these facts stands at `now`. `orders` are paid ones that were not called off."""
    if last_paid is None:
        return Standing(Stage.VISITOR, first_seen, None) if wanted is None else Standing(Stage.LEAD, wanted, None)
    dormant_at = last_paid + timedelta(days=rule.dormant_days)
    lost_at = last_paid + timedelta(days=rule.lost_days)
    if lost_at <= now:
        return Standing(Stage.LOST, lost_at, None)
    if dormant_at <= now:
        return Standing(Stage.DORMANT, dormant_at, lost_at)
    return Standing(_awake(rule, orders, previous_paid, last_paid), last_paid, dormant_at)


def _awake(rule: Rule, orders: int, previous_paid: datetime | None, last_paid: datetime) -> Stage:
    """The stage that the last order brought: who had stayed away for long enough to be dormant is won back by it."""
    if previous_paid is not None and previous_paid + timedelta(days=rule.dormant_days) <= last_paid:
        return Stage.WON_BACK
    if orders >= rule.loyal_orders:
        return Stage.LOYAL
    return Stage.NEW if orders == 1 else Stage.ACTIVE


def history(
    rule: Rule, now: datetime, *, first_seen: datetime, wanted: datetime | None, paid: Sequence[datetime]
) -> list[Move]:
    """The moves of somebody whose orders were paid at these moments, oldest first, from `nowhere` to where they stand at
    `now`: what would have been noted had the house looked on from the beginning, by today's rule."""
    stood: list[tuple[Stage, datetime]] = []
    first = min(paid, default=None)
    if first is None or first_seen < first:
        if wanted is None or first_seen < wanted:
            stood.append((Stage.VISITOR, first_seen))
        if wanted is not None and (first is None or wanted < first):
            stood.append((Stage.LEAD, wanted))
    for place, at in enumerate(paid):
        following = paid[place + 1] if place + 1 < len(paid) else now
        stood.append((_awake(rule, place + 1, paid[place - 1] if place else None, at), at))
        stood += [
            (stage, at + timedelta(days=days))
            for stage, days in ((Stage.DORMANT, rule.dormant_days), (Stage.LOST, rule.lost_days))
            if at + timedelta(days=days) <= following
        ]
    moves: list[Move] = []
    before = NOWHERE
    for stage, at in stood:
        if stage != before:
            moves.append(Move(from_stage=before, to_stage=stage, at=at))
            before = stage
    return moves
