"""Lists of refunds: found by state, channel, way, shop and age, and added up by day for a chart."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.money.payments.model import Refund, RefundRoute, RefundState, Step

DAYS_MAX = 400


class RefundsSought(msgspec.Struct, frozen=True, kw_only=True):
    """All that is given must fit. `until` is not within it; `twice`: paid another way, and by the channel, too."""

    states: Sequence[RefundState] = ()
    channel: str | None = None
    route: RefundRoute | None = None
    merchant_ids: Sequence[UUID] | None = None
    since: datetime | None = None
    until: datetime | None = None
    twice: bool = False


class RefundDay(msgspec.Struct, frozen=True, kw_only=True):
    """What was promised on a day of the house, in minor units, and how much of it has failed."""

    day: date
    currency: str
    count: int
    amount: int
    failed: int


class HandMade(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the bank's statement by which a refund went to `party`'s account."""

    bank_number: str
    amount: int
    currency: str
    party: str
    on_day: date
    recorded_at: datetime
    by: str


async def refunds_sought(
    read: Read, sought: RefundsSought, *, cursor: str | None = None, limit: int | None = None
) -> Page[Refund]:
    """The refunds that fit, the newest first."""
    size = paging.limit(limit)
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    found = await read.all(
        Refund,
        """
        SELECT merchant_id, refund_id, order_id, payment_id, buyer_id, amount, currency, reason, state, channel
             , channel_reference, failure, created_at, succeeded_at, route, twice_at
        FROM refunds
        WHERE ($1::text[] = '{}' OR state = ANY($1)) AND channel = coalesce($2, channel) AND route = coalesce($3, route)
          AND ($4::uuid[] IS NULL OR merchant_id = ANY($4))
          AND created_at >= coalesce($5::timestamptz, '-infinity') AND created_at < coalesce($6::timestamptz, 'infinity')
          AND (NOT $7::boolean OR twice_at IS NOT NULL)
          AND ($8::timestamptz IS NULL OR (created_at, refund_id) < ($8, $9::uuid))
        ORDER BY created_at DESC, refund_id DESC
        LIMIT $10
        """,
        [str(state) for state in sought.states],
        sought.channel,
        sought.route,
        list(sought.merchant_ids) if sought.merchant_ids is not None else None,
        sought.since,
        sought.until,
        sought.twice,
        *key,
        size + 1,
    )
    return paging.cut(found, size, lambda last: (last.created_at, last.refund_id))


async def refunds_by_day(
    read: Read, since: datetime, until: datetime, merchant_id: UUID | None = None
) -> list[RefundDay]:
    """What was promised each day (in Asia/Shanghai), by currency; quiet days are left out."""
    return await read.all(
        RefundDay,
        """
        SELECT (created_at AT TIME ZONE 'Asia/Shanghai')::date AS day, currency, count(*)::integer AS count
             , sum(amount)::bigint AS amount
             , coalesce(sum(amount) FILTER (WHERE state = 'failed'), 0)::bigint AS failed
        FROM refunds
        WHERE created_at >= $1 AND created_at < $2 AND merchant_id = coalesce($3, merchant_id)
        GROUP BY 1, 2 ORDER BY 1, 2 LIMIT $4
        """,
        since,
        until,
        merchant_id,
        DAYS_MAX * 10,
    )


async def steps_of(read: Read, merchant_id: UUID, refund_id: UUID) -> list[Step]:
    """The states that a refund went through."""
    return await read.all(
        Step,
        """
        SELECT from_state, to_state, at, by FROM refund_history WHERE merchant_id = $1 AND refund_id = $2 ORDER BY step
        """,
        merchant_id,
        refund_id,
    )


async def transfers_of(read: Read, refund_id: UUID) -> list[HandMade]:
    """Under which numbers of the bank staff have transferred a refund, the first first."""
    return await read.all(
        HandMade,
        """
        SELECT bank_number, amount, currency, party, on_day, recorded_at, by
        FROM refunds_by_hand WHERE refund_id = $1 ORDER BY recorded_at, bank_number LIMIT $2
        """,
        refund_id,
        paging.ITEMS_PER_PAGE_MAX,
    )
