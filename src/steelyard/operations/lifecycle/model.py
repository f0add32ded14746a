"""Customers of a shop, or of the marketplace as a whole: the stages of their life as customers, and the rules of these."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId

BUYERS_PER_COUNT = 1_000
MOVES_PER_SWEEP = 1_000
BUYERS_PER_EVENT = 500
# Somebody who goes on looking is noted as seen again after so long.
SEEN_AGAIN = timedelta(minutes=10)

# What counts where nobody has decided and too few customers have come back to tell how long that usually takes.
INTERVAL_DAYS = 30
DORMANT_INTERVALS = 2
LOST_INTERVALS = 4
DORMANT_DAYS_LEAST = 14
LOYAL_ORDERS = 4
DAYS_MOST = 3_650
# A usual interval is one of so many customers who came back at least.
CUSTOMERS_LEAST = 30
# The house's own rule follows the interval when that has moved by more than so many hundredths.
INTERVAL_DRIFT_PERCENT = 25

# So far ahead it is foretold what customers buy.
HORIZON_DAYS = 90


class Stage(StrEnum):
    """Where somebody stands in their life as a customer. Each is a rule over facts; see docs/algorithms/customers.md."""

    VISITOR = "visitor"
    LEAD = "lead"
    NEW = "new"
    ACTIVE = "active"
    LOYAL = "loyal"
    DORMANT = "dormant"
    LOST = "lost"
    WON_BACK = "won_back"


PAYING = (Stage.NEW, Stage.ACTIVE, Stage.LOYAL, Stage.WON_BACK, Stage.DORMANT, Stage.LOST)


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """Where the stages begin: after so many days without a paid order, from so many paid orders on."""

    dormant_days: int = DORMANT_INTERVALS * INTERVAL_DAYS
    lost_days: int = LOST_INTERVALS * INTERVAL_DAYS
    loyal_orders: int = LOYAL_ORDERS
    interval_days: int | None = None
    from_day: date | None = None
    by: str = "house"


DEFAULT_RULE = Rule()


def rule_of(interval_days: int) -> Rule:
    """The house's own rule for shops whose customers usually come back after so many days: dormant after two such
    intervals (14 days at least), lost after four."""
    dormant = min(max(DORMANT_INTERVALS * interval_days, DORMANT_DAYS_LEAST), DAYS_MOST // 2)
    lost = min(max(LOST_INTERVALS * interval_days, 2 * dormant), DAYS_MOST)
    return Rule(dormant_days=dormant, lost_days=lost, interval_days=interval_days)


class BadRule(Invalid):
    """A customer is lost later than dormant, and loyal after two orders at least."""


def checked(rule: Rule) -> Rule:
    """The rule, or `BadRule` with a sentence beside each field."""
    wrong: dict[str, str] = {}
    if not 1 <= rule.dormant_days < DAYS_MOST:
        wrong["dormant_days"] = N_("From 1 to 3,649 days.")
    if not rule.dormant_days < rule.lost_days <= DAYS_MOST:
        wrong["lost_days"] = N_("More days than for dormant, and 3,650 at most.")
    if not 2 <= rule.loyal_orders <= 1_000:
        wrong["loyal_orders"] = N_("From 2 to 1,000 orders.")
    if wrong:
        raise BadRule(wrong)
    return rule


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody was seen at a shop; `wants` when they kept something in mind, put it into the cart or asked."""

    merchant_id: UUID
    buyer_id: UUID
    at: datetime
    wants: bool = False


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a customer; see the columns of `customer_facts`. Amounts in minor units of `currency`."""

    merchant_id: UUID
    buyer_id: BuyerId
    first_seen_at: datetime
    last_seen_at: datetime
    wanted_at: datetime | None
    first_paid_at: datetime | None
    previous_paid_at: datetime | None
    last_paid_at: datetime | None
    orders: int
    cancelled: int
    currency: str
    spent: int
    refunds: int
    refunded: int
    stage: Stage
    stage_since: datetime
    moves_at: datetime | None


class Spend(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer has spent in one currency, in its minor units."""

    currency: str
    orders: int
    spent: int
    refunds: int
    refunded: int


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's step from a stage (`nowhere`: first seen) to another."""

    from_stage: str
    to_stage: Stage
    at: datetime


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """How many moves a period had from one stage to another."""

    from_stage: str
    to_stage: str
    moves: int


class StageCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many customers stand in a stage now, and what they have spent less refunds, in minor units."""

    stage: Stage
    customers: int
    net: int


Pair = tuple[MerchantId | UUID, BuyerId | UUID]


def pairs_apart(pairs: Sequence[Pair]) -> tuple[list[UUID], list[UUID]]:
    """Merchants and buyers of these pairs as two arrays, in the order of the keys."""
    ordered = sorted(set(pairs))
    return [merchant_id for merchant_id, _ in ordered], [buyer_id for _, buyer_id in ordered]


class Segment(StrEnum):
    """Who they are, from the best down."""

    CHAMPIONS = "champions"
    LOYAL = "loyal"
    POTENTIAL = "potential"
    NEW = "new"
    PROMISING = "promising"
    NEED_ATTENTION = "need_attention"
    ABOUT_TO_SLEEP = "about_to_sleep"
    AT_RISK = "at_risk"
    CANNOT_LOSE = "cannot_lose"
    HIBERNATING = "hibernating"
    LOST = "lost"


class Holdout(msgspec.Struct, frozen=True, kw_only=True):
    """How well a model that knew nothing of the last `days` foretold the orders of these days. Errors are mean absolute ones
    in orders a customer; `naive_error` of who takes that everybody goes on as often as they have come back so far."""

    days: int
    customers: int
    foretold: float
    actual: int
    error: float
    naive_error: float


class TierCount(msgspec.Struct, frozen=True, kw_only=True):
    """A tier (1: the fifth of whom the most is expected): how many customers, what they spent and are expected to spend, in
    minor units; nothing is expected where there is no model."""

    tier: int
    customers: int
    net: int
    expected_orders: float | None = None
    expected_spent: int | None = None


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What is expected of a segment's customers: orders, and what these come to in minor units."""

    segment: str
    orders: float
    spent: int


class ValueFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a counting found of all customers: means, the models' parameters and how well they foretold. Money in minor units
    of `currency`; `currencies`: in how many orders customers paid with each, the most first; `left_out`: orders of an import
    that name nobody; `first_at`, `last_at`: when the first and the last of their orders was paid."""

    currency: str
    currencies: dict[str, int] = {}
    left_out: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    paid_orders: int = 0
    paid: int = 0
    refunded: int = 0
    paid_monetary: float = 0.0
    paid_top_share: float = 0.0
    grid: list[list[int]] = []
    tiers: list[TierCount] = []
    recency_days: float
    frequency: float
    monetary: float
    top_share: float
    model: str = ""
    parameters: dict[str, float] = {}
    log_likelihood: float | None = None
    orders: float | None = None
    low: float | None = None
    high: float | None = None
    spent: float | None = None
    holdout: Holdout | None = None
