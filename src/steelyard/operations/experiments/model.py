"""Experiments as data: what can be tried, by what it is judged, and what is refused."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.goods.search.model import GoodsList, Sort
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import Machine
from steelyard.operations.experiments.statistics import Estimate, Sums
from steelyard.operations.merchandising.model import Block

ExperimentId = NewType("ExperimentId", UUID)

VARIANTS_MAX = 5
WEIGHT_MAX = 1_000
NAME_CHARACTERS_MAX = 80
WORDS_CHARACTERS_MAX = 2_000
DAYS_MAX = 180
BOUGHT_DAYS_MAX = 730
UNITS_PLANNED_MAX = 10_000_000
EXPERIMENTS_SHOWN = 50
# More than a journey has boxes.
SPLITS_MAX = 200
# What was bought so long before somebody came in explains a part of what they buy afterwards.
BEFORE_DAYS = 28
CONTROL = 0


class Kind(StrEnum):
    """`block`: one block of a page, the rest of which stays; `sort`: in which a list is shown to who chose none. `journey`: the
    ways of a split; operations/journeys begins and ships it. `coupons`: a coupon for a segment against those who are held out;
    operations/growth begins and ends it."""

    PAGE = "page"
    BLOCK = "block"
    SORT = "sort"
    GROUPS = "groups"
    JOURNEY = "journey"
    COUPONS = "coupons"
    IMPORTED = "imported"


# What is tried on visitors has a page.
ON_PAGES = frozenset({Kind.PAGE, Kind.BLOCK, Kind.SORT})
LIST = "list:"


def page_of(goods_list: GoodsList) -> str:
    """What a list is called where experiments are told apart by their page."""
    return LIST + goods_list


def list_of(page: str) -> GoodsList | None:
    """The list that a page is, if it is one that has a sort."""
    return next((each for each in GoodsList if page_of(each) == page), None)


class State(StrEnum):
    DRAFT = "draft"
    RUNNING = "running"
    STOPPED = "stopped"
    ARCHIVED = "archived"
    DROPPED = "dropped"


MACHINE = Machine(
    "experiment",
    {State.DRAFT, State.STOPPED},
    {
        State.DRAFT: {State.RUNNING, State.DROPPED},
        State.RUNNING: {State.STOPPED},
        State.STOPPED: {State.ARCHIVED},
        State.ARCHIVED: set(),
        State.DROPPED: set(),
    },
)


class Metric(StrEnum):
    """What is counted for each unit since it came in. Money is in minor units of the shop's currency.

    conversion   1 who has paid for at least one order, else 0
    repurchase   1 who has paid for at least two, else 0
    orders       how many were paid
    revenue      what they came to
    margin       of the orders that settlement has taken up: what the shop gets of them, less what host and goods cost it
    refunds      what was given back of the orders paid since
    """

    CONVERSION = "conversion"
    REPURCHASE = "repurchase"
    ORDERS = "orders"
    REVENUE = "revenue"
    MARGIN = "margin"
    REFUNDS = "refunds"


SHARES = frozenset({Metric.CONVERSION, Metric.REPURCHASE})
AMOUNTS = frozenset({Metric.REVENUE, Metric.MARGIN, Metric.REFUNDS})
LESS_IS_BETTER = frozenset({Metric.REFUNDS})


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """One of what is tried. `version` is of the page, `group_id` a customer group, `block` what stands in its place (none:
    nothing does), `sort` a list's."""

    variant: int
    name: str
    weight: int = 1
    version: int | None = None
    group_id: UUID | None = None
    block: Block | None = None
    sort: Sort | None = None


class NewExperiment(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment as somebody wants it. Its id is the caller's: said twice, it is drawn up once. `share` and `alpha` are in
    parts per million; `page` is what merchandising calls it, or `page_of` a list, `box` a split of the journey; the first variant
    is the control."""

    merchant_id: UUID
    experiment_id: ExperimentId
    kind: Kind
    name: str
    hypothesis: str
    metric: str
    guardrails: Sequence[str] = ()
    currency: str
    variants: Sequence[Variant]
    page: str | None = None
    journey_id: UUID | None = None
    box: str | None = None
    block_id: UUID | None = None
    bought_days: int | None = None
    share: int = 1_000_000
    alpha: int = 50_000
    units_planned: int = 10_000
    days_max: int = 28


class Experiment(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    experiment_id: ExperimentId
    kind: Kind
    state: State
    name: str
    hypothesis: str
    page: str | None
    journey_id: UUID | None
    box: str | None
    journey_version: int | None
    block_id: UUID | None
    metric: str
    guardrails: Sequence[str]
    currency: str
    share: int
    alpha: int
    units_planned: int
    days_max: int
    salt: UUID
    bought_days: int | None
    source: str
    created_at: datetime
    started_at: datetime | None
    stopped_at: datetime | None
    shipped: int | None
    learning: str
    measured_at: datetime | None
    mixed: int


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A change of state: who, when, and what they said."""

    to_state: State
    at: datetime
    by: str
    note: str


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What was known of a metric on a day, variant by variant (in their order)."""

    day: date
    metric: str
    arms: Sequence[Sums]


class Verdict(StrEnum):
    """What a treatment's interval says of a metric."""

    BETTER = "better"
    WORSE = "worse"
    OPEN = "open"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A treatment against the control by one metric: relative, and in the metric's own unit; how it is meant."""

    metric: str
    variant: int
    relative: Estimate
    absolute: Estimate
    verdict: Verdict


class Advice(StrEnum):
    """What the findings say is to be done; `broken` goes before all: who is counted is not who was meant."""

    BROKEN = "broken"
    WAIT = "wait"
    SHIP = "ship"
    HARMFUL = "harmful"
    DIFFERENT = "different"
    NOTHING = "nothing"


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """What is known by now: of each metric the arms (raw) and how each treatment compares (with what was before taken out).
    `mismatch` is the p of the shares; `leader` the treatment that `advice` is about."""

    day: date | None
    units: Sequence[int]
    mismatch: float
    arms: dict[str, Sequence[Sums]]
    findings: Sequence[Finding]
    advice: Advice
    leader: int | None = None

    def of(self, metric: str) -> list[Finding]:
        return [each for each in self.findings if each.metric == metric]


class PageIsTaken(Refusal):
    """On one page one experiment runs at a time: two would try each other's versions."""

    code = "page_is_taken"
    title = N_("Another experiment runs on this page")
    detail = N_("Stop it first, then start this one.")


class SplitIsTaken(Refusal):
    """Of one split one experiment runs at a time: two would count the same people."""

    code = "split_is_taken"
    title = N_("Another experiment judges this split")
    detail = N_("Stop it first, then start this one.")


class ControlHasChanged(Refusal):
    """The control is what everybody has while nothing is tried."""

    code = "control_has_changed"
    title = N_("What everybody sees has changed since this was drawn up")
    detail = N_("Its control is no longer what there is. Draw it up anew.")


class NothingToShip(Refusal):
    """Only what pages and lists show and a way of a split are made everybody's."""

    code = "nothing_to_ship"
    title = N_("This cannot be made everybody’s here")
    detail = N_(
        "What a page or a list shows and a journey’s way can; prices and coupons of a group are changed where they were made."
    )
