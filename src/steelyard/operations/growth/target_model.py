"""Targeted coupons as data: for whom, how many, how they are shared out, and what can be said of them afterwards."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.goods.promotions.model import AmountOff, FreeShipping, RateOff, Rule
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import Machine
from steelyard.kernel.text import Text
from steelyard.operations import experiments

TargetedId = NewType("TargetedId", UUID)

HELD_OUT_LEAST, HELD_OUT_MOST = 5, 50
TARGETED_DAYS_MAX = 90
TARGETED_COUPONS_MAX = 1_000_000
TARGETED_NAME_CHARACTERS_MAX = 80
TARGETED_SHOWN_MAX = 100
MEMBERS_PER_BATCH = 2_000
HELD, GETS = 0, 1
_PERCENT = 100
_EVERYBODY = 1_000_000


class TargetState(StrEnum):
    """`over`: its days have passed; `stopped`: somebody ended it before."""

    DRAFT = "draft"
    RUNNING = "running"
    OVER = "over"
    STOPPED = "stopped"
    DROPPED = "dropped"


TARGETED_MACHINE = Machine(
    "targeted_coupon",
    {TargetState.DRAFT},
    {
        TargetState.DRAFT: {TargetState.RUNNING, TargetState.DROPPED},
        TargetState.RUNNING: {TargetState.OVER, TargetState.STOPPED},
        TargetState.OVER: set(),
        TargetState.STOPPED: set(),
        TargetState.DROPPED: set(),
    },
)


class NewTargeted(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon that is to be given to the members of a segment for `days`, but not to `held_out` in a hundred of them. At most
    `coupons` are given, and as many as can take off `budget` minor units at most; one of the two is set. `joining`: who comes
    into the segment meanwhile gets one, too. Its id is the caller's: said twice, it is drawn up once."""

    merchant_id: UUID
    targeted_id: TargetedId
    name: str
    segment_id: UUID
    promotion_id: UUID
    currency: str
    held_out: int = 20
    coupons: int | None = None
    budget: int | None = None
    joining: bool = False
    days: int = 14


class Targeted(NewTargeted, frozen=True, kw_only=True):
    """As it stands: `given` and `held` out so far; `worth` is what one can take off at most (none: it has no bound). `segment`
    and `coupon` are the names of both."""

    state: TargetState
    segment: Text
    coupon: Text
    worth: int | None
    given: int
    held: int
    passed: bool
    created_at: datetime
    started_at: datetime | None
    until: datetime | None
    ended_at: datetime | None
    take_back: bool
    taken_back: int
    taken_at: datetime | None

    @property
    def most(self) -> int | None:
        """So many can be given altogether."""
        return most_of(self.coupons, self.budget, self.worth)

    @property
    def full(self) -> bool:
        return self.most is not None and self.given >= self.most


def most_of(coupons: int | None, budget: int | None, worth: int | None) -> int | None:
    """How many coupons both limits allow, each counted at the most that it can take off; none: worth is not known yet."""
    by_money = budget // worth if budget is not None and worth else None
    limits = [each for each in (coupons, by_money) if each is not None]
    return min(limits, default=None)


def worth_of(rule: Rule) -> int | None:
    """What a coupon with this rule can take off at most, in minor units; none: that depends on what is bought."""
    match rule:
        case AmountOff(again=False):
            most = max(step.off for step in rule.steps)
            return most if rule.at_most is None else min(most, rule.at_most)
        case AmountOff() | RateOff() | FreeShipping():
            return rule.at_most
        case _:
            return None


def shared_out(salt: UUID, held_out: int, people: Sequence[UUID], left: int | None) -> tuple[list[UUID], list[UUID]]:
    """Of these people, in their order: who gets a coupon, and who is held out, until `left` coupons are given. Nobody behind
    the one who would be the next is in either, so that both are cut at the same place. Pure, the same for ever."""
    parts: tuple[list[UUID], list[UUID]] = ([], [])
    for each in people:
        part = experiments.variant_of(salt, each, _EVERYBODY, (held_out, _PERCENT - held_out))
        assert part is not None, "everybody takes part"
        if part == GETS and left is not None and len(parts[GETS]) >= left:
            break
        parts[part].append(each)
    return parts[GETS], parts[HELD]


class CouponNotFree(Refusal):
    """A coupon is targeted once, and by nothing else: who has it already could not be told from who got it."""

    code = "coupon_not_free"
    title = N_("This coupon cannot be given now")
    detail = N_("It has to be running, and nobody may have one of it yet. Make another for this.")
