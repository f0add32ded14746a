"""Shops that their points of the year should close: proposed to people, who close them, or do not (decision 0079 says why)."""

from datetime import datetime

import msgspec

from steelyard.kernel.db import Read
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.discipline.measures import CLOSE_AT, year_of

SHOPS_SHOWN_MAX = 100


class Proposed(msgspec.Struct, frozen=True, kw_only=True):
    """`points` are those of the year; `appeals` wait and may still take some away; `since` the last of them was recorded."""

    merchant_id: MerchantId
    points: int
    appeals: int
    since: datetime


async def to_close(read: Read, now: datetime) -> list[Proposed]:
    """Shops with `CLOSE_AT` points or more that are not closed, those with the most first."""
    return await read.all(
        Proposed,
        """
        SELECT v.merchant_id, sum(v.points)::integer AS points
             , (count(*) FILTER (WHERE v.appealed_at IS NOT NULL AND v.outcome IS NULL))::integer AS appeals
             , max(v.recorded_at) AS since
        FROM merchants m JOIN violations v USING (merchant_id)
        WHERE m.stopped_by_points AND m.state <> 'closed' AND v.year = $1 AND v.outcome IS DISTINCT FROM 'revoked'
        GROUP BY v.merchant_id HAVING sum(v.points) >= $2
        ORDER BY points DESC, v.merchant_id LIMIT $3
        """,
        year_of(now),
        CLOSE_AT,
        SHOPS_SHOWN_MAX,
    )
