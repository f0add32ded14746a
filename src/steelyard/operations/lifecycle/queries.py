"""Questions about customers: of one, by stage, who moved where."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.operations.analytics import MARKETPLACE
from steelyard.operations.lifecycle.model import Facts, Flow, Move, Segment, Spend, Stage, StageCount, ValueFacts
from steelyard.parties.customers.model import BuyerId

MOVES_SHOWN = 100


async def facts_of(read: Read, merchant_id: UUID, buyer_ids: Collection[BuyerId]) -> dict[BuyerId, Facts]:
    """What is known of these customers of a shop (`MARKETPLACE`: of all), those left out of whom nothing is."""
    found = await read.all(
        Facts,
        """
        SELECT merchant_id, buyer_id, first_seen_at, last_seen_at, wanted_at, first_paid_at, previous_paid_at, last_paid_at
             , orders, cancelled, currency, spent, refunds, refunded, stage, stage_since, moves_at
        FROM customer_facts WHERE merchant_id = $1 AND buyer_id = ANY($2)
        """,
        merchant_id,
        list(buyer_ids),
    )
    return {each.buyer_id: each for each in found}


async def spend_of(read: Read, merchant_id: UUID, buyer_id: BuyerId) -> Sequence[Spend]:
    """What a customer has spent, by currency, the most orders first."""
    return await read.all(
        Spend,
        """
        SELECT currency, orders, spent, refunds, refunded FROM customer_spend
        WHERE merchant_id = $1 AND buyer_id = $2 ORDER BY orders DESC, currency LIMIT 50
        """,
        merchant_id,
        buyer_id,
    )


async def moves_of(read: Read, merchant_id: UUID, buyer_id: BuyerId) -> Sequence[Move]:
    """The last steps of a customer from stage to stage, the newest first."""
    return await read.all(
        Move,
        """
        SELECT from_stage, to_stage, at FROM stage_moves
        WHERE merchant_id = $1 AND buyer_id = $2 ORDER BY step DESC LIMIT $3
        """,
        merchant_id,
        buyer_id,
        MOVES_SHOWN,
    )


async def stages(read: Read, merchant_id: UUID) -> dict[Stage, StageCount]:
    """How many customers stand in each stage now, and what they have spent less refunds."""
    found = await read.all(
        StageCount,
        """
        SELECT stage, count(*) AS customers, sum(spent - refunded)::bigint AS net
        FROM customer_facts WHERE merchant_id = $1 GROUP BY stage
        """,
        merchant_id,
    )
    counted = {each.stage: each for each in found}
    return {stage: counted.get(stage, StageCount(stage=stage, customers=0, net=0)) for stage in Stage}


async def flows(read: Read, merchant_id: UUID, since: datetime, until: datetime) -> Sequence[Flow]:
    """Who went where from `since` until before `until`: how many moves from each stage to each other."""
    return await read.all(
        Flow,
        """
        SELECT from_stage, to_stage, count(*) AS moves FROM stage_moves
        WHERE merchant_id = $1 AND at >= $2 AND at < $3 GROUP BY from_stage, to_stage ORDER BY 3 DESC, 1, 2
        """,
        merchant_id,
        since,
        until,
    )


async def in_stage(
    read: Read, merchant_id: UUID, stage: Stage, cursor: str | None = None, limit: int | None = None
) -> Page[Facts]:
    """Customers in a stage, those first who came into it last."""
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Facts,
        """
        SELECT merchant_id, buyer_id, first_seen_at, last_seen_at, wanted_at, first_paid_at, previous_paid_at, last_paid_at
             , orders, cancelled, currency, spent, refunds, refunded, stage, stage_since, moves_at
        FROM customer_facts
        WHERE merchant_id = $1 AND stage = $2 AND ($3::timestamptz IS NULL OR (stage_since, buyer_id) < ($3, $4::uuid))
        ORDER BY stage_since DESC, buyer_id DESC LIMIT $5
        """,
        merchant_id,
        stage,
        *key,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.stage_since, last.buyer_id))


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer is worth; see the columns of `customer_values`. Money in minor units of the shop's currency."""

    buyer_id: BuyerId
    counted_at: datetime
    recency_days: int
    frequency: int
    monetary: int
    r: int
    f: int
    m: int
    segment: Segment
    tier: int
    model: str
    alive: float | None
    silent: float | None
    expected_orders: float | None
    expected_low: float | None
    expected_high: float | None
    expected_spent: int | None

    @property
    def worth(self) -> int:
        """By which customers are put in order: what is expected of them, without a model what they have spent."""
        return self.monetary if self.expected_spent is None else self.expected_spent

    @property
    def churn(self) -> float | None:
        """How probable it is that they are no customer any more; none where no model tells."""
        return None if self.alive is None else 1.0 - self.alive


class ValueRun(msgspec.Struct, frozen=True, kw_only=True):
    """The last counting of a shop's values, and whether the next is waited for."""

    wanted_at: datetime
    counted_at: datetime | None
    customers: int
    horizon_days: int
    facts: ValueFacts | None

    @property
    def waits(self) -> bool:
        return self.counted_at is None or self.wanted_at > self.counted_at


class SegmentSum(msgspec.Struct, frozen=True, kw_only=True):
    """A segment's customers: how many, what they spent less refunds, what is expected of them; in minor units."""

    segment: Segment
    customers: int
    net: int
    expected_orders: float | None
    expected_spent: int | None


async def value_run(read: Read, merchant_id: UUID) -> ValueRun | None:
    return await read.one(
        ValueRun,
        "SELECT wanted_at, counted_at, customers, horizon_days, facts FROM value_runs WHERE merchant_id = $1",
        merchant_id,
    )


async def orders_of_nobody(read: Read, merchant_id: UUID, until: datetime, currency: str | None = None) -> int:
    """How many paid orders of a shop before a moment name no customer (`buyers.nobody`), and so are of no person."""
    found: int = await read.value(
        """
        SELECT count(DISTINCT o.purchase_id) FROM buyers b JOIN orders o ON o.buyer_id = b.buyer_id
        WHERE b.nobody AND o.paid_at < $2 AND o.state <> 'cancelled'
          AND ($1 = $3::uuid OR o.merchant_id = $1) AND ($4::text IS NULL OR o.currency = $4)
        """,
        merchant_id,
        until,
        MARKETPLACE,
        currency,
    )
    return found


async def value_of(read: Read, merchant_id: UUID, buyer_id: BuyerId) -> Value | None:
    """What one customer is worth; none: they have not paid when values were last counted."""
    return await read.one(
        Value,
        """
        SELECT buyer_id, counted_at, recency_days, frequency, monetary, r, f, m, segment, tier, model, alive, silent
             , expected_orders, expected_low, expected_high, expected_spent
        FROM customer_values WHERE merchant_id = $1 AND buyer_id = $2
        """,
        merchant_id,
        buyer_id,
    )


async def segment_sums(read: Read, merchant_id: UUID) -> list[SegmentSum]:
    """Each segment, from the best down, those without anybody too."""
    found = await read.all(
        SegmentSum,
        """
        SELECT segment, count(*) AS customers, sum(monetary)::bigint AS net, sum(expected_orders) AS expected_orders
             , sum(expected_spent)::bigint AS expected_spent
        FROM customer_values WHERE merchant_id = $1 GROUP BY segment
        """,
        merchant_id,
    )
    known = {each.segment: each for each in found}
    nobody = SegmentSum(segment=Segment.LOST, customers=0, net=0, expected_orders=None, expected_spent=None)
    return [known.get(segment, msgspec.structs.replace(nobody, segment=segment)) for segment in Segment]


async def by_worth(
    read: Read, merchant_id: UUID, segment: Segment | None, cursor: str | None = None, limit: int | None = None
) -> Page[Value]:
    """Customers of a segment, or all, those first who are worth the most: of whom the most is expected."""
    key = paging.read_cursor(cursor, int, UUID) or (None, None)
    most = paging.limit(limit)
    if segment is None:
        found = await read.all(
            Value,
            """
            SELECT buyer_id, counted_at, recency_days, frequency, monetary, r, f, m, segment, tier, model, alive, silent
                 , expected_orders, expected_low, expected_high, expected_spent
            FROM customer_values WHERE merchant_id = $1 AND ($2::bigint IS NULL OR (worth, buyer_id) < ($2, $3::uuid))
            ORDER BY worth DESC, buyer_id DESC LIMIT $4
            """,
            merchant_id,
            *key,
            most + 1,
        )
    else:
        found = await read.all(
            Value,
            """
            SELECT buyer_id, counted_at, recency_days, frequency, monetary, r, f, m, segment, tier, model, alive, silent
                 , expected_orders, expected_low, expected_high, expected_spent
            FROM customer_values
            WHERE merchant_id = $1 AND segment = $5 AND ($2::bigint IS NULL OR (worth, buyer_id) < ($2, $3::uuid))
            ORDER BY worth DESC, buyer_id DESC LIMIT $4
            """,
            merchant_id,
            *key,
            most + 1,
            segment,
        )
    return paging.cut(found, most, lambda last: (last.worth, last.buyer_id))


class Recount(msgspec.Struct, frozen=True, kw_only=True):
    """How far counting everybody anew has come: how many buyers, and of how many customers the facts were otherwise."""

    recount_id: str
    buyers: int
    changed: int
    begun_at: datetime
    finished_at: datetime | None


async def recount_of(read: Read, recount_id: str) -> Recount | None:
    return await read.one(
        Recount,
        "SELECT recount_id, buyers, changed, begun_at, finished_at FROM recounts WHERE recount_id = $1",
        recount_id,
    )
