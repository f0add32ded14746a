"""Membership as data: what a programme counts, its levels and what each of them brings, where a member stands."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from steelyard.goods.promotions.model import PLATFORM
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.operations.growth.invite_model import (
    ACCEPTED_DAYS,
    MACHINE,
    NOTE_CHARACTERS_MAX,
    Against,
    AllGiven,
    Invitation,
    InviteProgramme,
    InviteState,
    NotNew,
    OwnInvitation,
    Reward,
)
from steelyard.operations.growth.target_model import (
    TARGETED_MACHINE,
    CouponNotFree,
    NewTargeted,
    Targeted,
    TargetedId,
    TargetState,
)

# What belongs to invitations and to targeted coupons stands in files of their own, and is found here.
__all__ = [
    "ACCEPTED_DAYS", "MACHINE", "NOTE_CHARACTERS_MAX", "TARGETED_MACHINE", "Against", "AllGiven", "CouponNotFree", "Invitation",
    "InviteProgramme", "InviteState", "NewTargeted", "NotNew", "OwnInvitation", "Reward", "TargetState", "Targeted",
    "TargetedId",
]  # fmt: skip

LEVELS_MAX = 8
THRESHOLD_MAX = 10_000_000
GROWTH_PER_THING_MAX = 10_000
PER_MONTH_MAX = 100
DAYS_MAX = 3_650
KEPT_DAYS_MAX = 730
WARNED_DAYS_MAX = 180
POINTS_EXTRA_MAX = 400
NAME_CHARACTERS_MAX = 20
MEMBERS_PER_LOOK_MAX = 500
LINES_SHOWN_MAX = 50
OFFER_YEARS = 10
WATCHED_MINUTES_MAX = 600
# Name, telephone and e-mail address.
PROFILE_PARTS = 3


class Cause(StrEnum):
    """What growth was earned by; `refund` takes back what an order had earned."""

    ORDER = "order"
    REFUND = "refund"
    REVIEW = "review"
    CHECK_IN = "check_in"
    TASK = "task"


class Task(StrEnum):
    """What a buyer may do once for growth, in the order in which it is shown."""

    PROFILE = "profile"
    FOLLOW = "follow"
    SHARE = "share"
    WATCH = "watch"
    REVIEW = "review"


class TaskTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a task brings, and how much of it is to be done: of a profile its parts, of watching minutes, of others one."""

    task: Task
    amount: int
    target: int = 1


class TaskProgress(TaskTerms, frozen=True, kw_only=True):
    """How far a buyer is; `had`: its growth is theirs already."""

    done: int
    had: bool
    window_days: int


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What is counted from `from_day` on: growth for a hundred minor units paid, for a review and for a day's check-in, each
    of these for so many in a month at most; it counts for `window_days`, a level is kept for `keep_days` after it ceased to
    suffice, and its holder is told `warn_days` before."""

    from_day: date
    per_hundred: int = 1
    review: int = 0
    reviews_per_month: int = 10
    check_in: int = 0
    check_ins_per_month: int = 31
    window_days: int = 365
    keep_days: int = 90
    warn_days: int = 15


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """A level from so much growth on, and what it brings. Of a shop: a price (`percent_off`), freight for nothing over an
    amount. Of the platform: so many percent more points. Of both: a coupon for the birthday, and being served first."""

    rank: int
    name: Text
    threshold: int
    group_id: UUID | None = None
    list_id: UUID | None = None
    percent_off: int = 0
    free_freight_over: int | None = None
    points_extra: int = 0
    birthday_coupon: UUID | None = None
    priority: bool = False
    price_offer: UUID | None = None
    freight_offer: UUID | None = None
    members: int = 0


class Programme(msgspec.Struct, frozen=True, kw_only=True):
    """A membership of a shop, or under an id of zeros of the platform. A closed one brings nothing and is shown to nobody;
    what is earned is counted on, so that it can be opened again."""

    merchant_id: UUID
    name: Text
    currency: str
    since: date
    closed_at: datetime | None
    version: int
    rule: Rule
    coming: Rule | None = None
    levels: tuple[Level, ...] = ()
    tasks: tuple[TaskTerms, ...] = ()

    @property
    def of_platform(self) -> bool:
        return self.merchant_id == PLATFORM

    def level(self, rank: int) -> Level | None:
        return next((each for each in self.levels if each.rank == rank), None)

    def above(self, rank: int) -> Level | None:
        """The next level; none at the top."""
        return next((each for each in self.levels if each.rank == rank + 1), None)


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """`growth` counts now; `rank` is the level, 0: none yet. `falls_on`: the day from which the level is lower if nothing more
    is earned; none: it does not fall."""

    merchant_id: UUID
    buyer_id: UUID
    growth: int = 0
    rank: int = 0
    since: date | None = None
    falls_on: date | None = None


class GrowthLine(msgspec.Struct, frozen=True, kw_only=True):
    """Growth that was earned, or taken back; it counts from `day` to the day before `until`."""

    cause: Cause
    document: UUID
    about: UUID | None
    amount: int
    day: date
    until: date
    at: datetime


class LevelMove(msgspec.Struct, frozen=True, kw_only=True):
    from_rank: int
    to_rank: int
    growth: int
    at: datetime


class NoProgramme(Refusal):
    """Only where there is a membership can its levels be set up, and anything earned."""

    code = "no_membership"
    status = 404
    title = N_("There is no membership here")
    detail = N_("The shop has none, or it is closed.")


class TaskNotDone(Refusal):
    """Growth is given for a task that is done, not for one that is begun."""

    code = "task_not_done"
    title = N_("This is not done yet")
    detail = N_("It can take a minute until what you did is counted.")


class ChangedMeanwhile(Refusal):
    """A membership is changed as a whole: who saves it has seen how it stands."""

    code = "membership_changed"
    title = N_("A colleague has changed this meanwhile")
    detail = N_("Nothing was saved. Please look at what stands there now.")
