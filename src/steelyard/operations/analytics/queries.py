"""Questions about how business goes. All of them walk an index over the time that they are about."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from steelyard.kernel.db import Read, Row
from steelyard.operations.analytics.model import DAYS_MAX, DayFigures
from steelyard.trade.settlement import settlement_day
from steelyard.trade.settlement.model import SETTLEMENT_ZONE


async def today(read: Read) -> list[DayFigures]:
    """The figures of the running day, by currency; none when nothing has happened yet."""
    return await days(read, 1)


async def days(read: Read, count: int) -> list[DayFigures]:
    """The last `count` days up to today, the oldest first, by currency. Days without any event are missing."""
    first = _first_day(count)
    rows = await read.fetch(
        """
        WITH told AS (
            SELECT (placed_at AT TIME ZONE $2)::date AS day, currency, 1 AS orders, total AS gmv
                 , 0 AS paid_orders, 0 AS paid, 0 AS refunds
            FROM orders WHERE placed_at >= $1
            UNION ALL
            SELECT (paid_at AT TIME ZONE $2)::date, currency, 0, 0, 1, total, 0 FROM orders WHERE paid_at >= $1
            UNION ALL
            SELECT (at AT TIME ZONE $2)::date, currency, 0, 0, 0, 0, goods + freight FROM order_refunds WHERE at >= $1
        )
        SELECT day, currency, sum(orders)::bigint AS orders, sum(gmv)::bigint AS gmv
             , sum(paid_orders)::bigint AS paid_orders, sum(paid)::bigint AS paid, sum(refunds)::bigint AS refunds
        FROM told GROUP BY day, currency ORDER BY day, currency
        """,
        _begin(first),
        SETTLEMENT_ZONE.key,
    )
    newcomers = await _new_buyers(read, first)
    return [_figures(row, newcomers.get(row["day"], 0)) for row in rows]


async def _new_buyers(read: Read, first: date) -> dict[date, int]:
    rows = await read.fetch(
        """
        SELECT (created_at AT TIME ZONE $2)::date AS day, count(*) AS buyers
        FROM buyers WHERE created_at >= $1 GROUP BY 1
        """,
        _begin(first),
        SETTLEMENT_ZONE.key,
    )
    return {row["day"]: row["buyers"] for row in rows}


async def today_of_merchant(read: Read, merchant_id: UUID) -> list[DayFigures]:
    """The figures of the running day of one merchant, by currency."""
    return await days_of_merchant(read, merchant_id, 1)


async def days_of_merchant(read: Read, merchant_id: UUID, count: int) -> list[DayFigures]:
    """`days` of one merchant; of its buyers nothing is said."""
    rows = await read.fetch(
        """
        WITH told AS (
            SELECT (placed_at AT TIME ZONE $3)::date AS day, currency, 1 AS orders, total AS gmv
                 , 0 AS paid_orders, 0 AS paid, 0 AS refunds
            FROM orders WHERE merchant_id = $1 AND placed_at >= $2
            UNION ALL
            SELECT (paid_at AT TIME ZONE $3)::date, currency, 0, 0, 1, total, 0
            FROM orders WHERE merchant_id = $1 AND paid_at >= $2
            UNION ALL
            SELECT (at AT TIME ZONE $3)::date, currency, 0, 0, 0, 0, goods + freight
            FROM order_refunds WHERE merchant_id = $1 AND at >= $2
        )
        SELECT day, currency, sum(orders)::bigint AS orders, sum(gmv)::bigint AS gmv
             , sum(paid_orders)::bigint AS paid_orders, sum(paid)::bigint AS paid, sum(refunds)::bigint AS refunds
        FROM told GROUP BY day, currency ORDER BY day, currency
        """,
        merchant_id,
        _begin(_first_day(count)),
        SETTLEMENT_ZONE.key,
    )
    return [_figures(row, 0) for row in rows]


def _figures(row: Row, new_buyers: int) -> DayFigures:
    return DayFigures(
        day=row["day"],
        currency=row["currency"],
        orders=row["orders"],
        gmv=row["gmv"],
        paid_orders=row["paid_orders"],
        paid=row["paid"],
        refunds=row["refunds"],
        new_buyers=new_buyers,
    )


def _first_day(count: int) -> date:
    assert 1 <= count <= DAYS_MAX
    return settlement_day(datetime.now(UTC)) - timedelta(days=count - 1)


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), SETTLEMENT_ZONE)
