"""Rolling up: a day's trade of a merchant is counted anew from the orders whenever something of it has changed."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.trade.settlement.model import SETTLEMENT_ZONE

DAYS_PER_ROLL_UP = 50
# OFFSET 0 below keeps the planner from putting all days beside all orders of a merchant and looking at the times afterwards:
# 500 days of a shop with 90,000 orders took 86 s where this takes 4 s.


class MerchantDay(NamedTuple):
    """A day (of the settlement zone) of one merchant."""

    merchant_id: UUID
    day: date


async def mark(tx: Tx, moments: Sequence[tuple[UUID, datetime]]) -> None:
    """These days of these merchants are to be rolled up again."""
    days = sorted({(merchant_id, at.astimezone(SETTLEMENT_ZONE).date()) for merchant_id, at in moments})
    await tx.execute(
        """
        INSERT INTO stale_days (merchant_id, day) SELECT * FROM unnest($1::uuid[], $2::date[])
        ON CONFLICT (merchant_id, day) DO NOTHING
        """,
        [merchant_id for merchant_id, _ in days],
        [day for _, day in days],
    )


async def mark_history(tx: Tx) -> int:
    """Every day on which anything was bought or given back is to be rolled up: after a bulk path has written history.
    Returns how many days that is."""
    return await tx.execute(
        """
        INSERT INTO stale_days (merchant_id, day)
        SELECT merchant_id, (placed_at AT TIME ZONE $1)::date FROM orders
        UNION SELECT merchant_id, (paid_at AT TIME ZONE $1)::date FROM orders WHERE paid_at IS NOT NULL
        UNION SELECT merchant_id, (cancelled_at AT TIME ZONE $1)::date FROM orders WHERE cancelled_at IS NOT NULL
        UNION SELECT merchant_id, (at AT TIME ZONE $1)::date FROM order_refunds
        ON CONFLICT (merchant_id, day) DO NOTHING
        """,
        SETTLEMENT_ZONE.key,
    )


async def roll_up(tx: Tx, limit: int = DAYS_PER_ROLL_UP) -> int:
    """Count the oldest stale days anew; days that another worker has taken are left to it. Returns how many there were.

    A day is no longer stale in the transaction that counts it, so that a change which commits meanwhile marks it again.
    """
    rows = await tx.fetch(
        """
        DELETE FROM stale_days s USING (
            SELECT merchant_id, day FROM stale_days ORDER BY merchant_id, day LIMIT $1 FOR UPDATE SKIP LOCKED
        ) AS taken
        WHERE (s.merchant_id, s.day) = (taken.merchant_id, taken.day)
        RETURNING s.merchant_id, s.day
        """,
        limit,
    )
    if rows:
        await _count_anew(tx, [MerchantDay(row["merchant_id"], row["day"]) for row in rows])
    return len(rows)


async def _count_anew(tx: Tx, days: Sequence[MerchantDay]) -> None:
    merchants, dates = [each.merchant_id for each in days], [each.day for each in days]
    since = [begin_of(day) for day in dates]
    until = [begin_of(day + timedelta(days=1)) for day in dates]
    await tx.execute(
        """
        DELETE FROM sales_days s USING unnest($1::uuid[], $2::date[]) AS w (merchant_id, day)
        WHERE (s.merchant_id, s.day) = (w.merchant_id, w.day)
        """,
        merchants,
        dates,
    )
    await tx.execute(
        """
        DELETE FROM product_days p USING unnest($1::uuid[], $2::date[]) AS w (merchant_id, day)
        WHERE (p.merchant_id, p.day) = (w.merchant_id, w.day)
        """,
        merchants,
        dates,
    )
    await tx.execute(
        """
        DELETE FROM category_days c USING unnest($1::uuid[], $2::date[]) AS w (merchant_id, day)
        WHERE (c.merchant_id, c.day) = (w.merchant_id, w.day)
        """,
        merchants,
        dates,
    )
    await tx.execute(
        """
        DELETE FROM customer_days c USING unnest($1::uuid[], $2::date[]) AS w (merchant_id, day)
        WHERE (c.merchant_id, c.day) = (w.merchant_id, w.day)
        """,
        merchants,
        dates,
    )
    await tx.execute(
        """
        DELETE FROM region_days r USING unnest($1::uuid[], $2::date[]) AS w (merchant_id, day)
        WHERE (r.merchant_id, r.day) = (w.merchant_id, w.day)
        """,
        merchants,
        dates,
    )
    await _count_sales(tx, merchants, dates, since, until)
    await _count_customers(tx, merchants, dates, since, until)
    await _count_products(tx, merchants, dates, since, until)


async def _count_sales(
    tx: Tx, merchants: list[UUID], days: list[date], since: list[datetime], until: list[datetime]
) -> None:
    await tx.execute(
        """
        WITH wanted AS (
            SELECT * FROM unnest($1::uuid[], $2::date[], $3::timestamptz[], $4::timestamptz[])
                          AS w (merchant_id, day, since, until)
        ), told AS (
            SELECT o.merchant_id, w.day, o.currency, o.source, 'placed' AS what, o.total AS amount
                 , NULL::uuid AS buyer_id, false AS first
            FROM wanted w CROSS JOIN LATERAL (
                SELECT merchant_id, currency, source, total FROM orders
                WHERE merchant_id = w.merchant_id AND placed_at >= w.since AND placed_at < w.until OFFSET 0) o
            UNION ALL
            SELECT o.merchant_id, w.day, o.currency, o.source, 'paid', o.total, o.buyer_id
                 , NOT EXISTS (SELECT FROM orders e
                               WHERE e.merchant_id = o.merchant_id AND e.buyer_id = o.buyer_id AND e.paid_at < w.since)
            FROM wanted w CROSS JOIN LATERAL (
                SELECT merchant_id, currency, source, total, buyer_id FROM orders
                WHERE merchant_id = w.merchant_id AND paid_at >= w.since AND paid_at < w.until OFFSET 0) o
            UNION ALL
            SELECT o.merchant_id, w.day, o.currency, o.source, 'cancelled', 0, NULL, false
            FROM wanted w CROSS JOIN LATERAL (
                SELECT merchant_id, currency, source FROM orders
                WHERE merchant_id = w.merchant_id AND cancelled_at >= w.since AND cancelled_at < w.until OFFSET 0) o
            UNION ALL
            SELECT r.merchant_id, w.day, r.currency, o.source, 'refunded', r.goods + r.freight, NULL, false
            FROM wanted w CROSS JOIN LATERAL (
                SELECT merchant_id, order_id, currency, goods, freight FROM order_refunds
                WHERE merchant_id = w.merchant_id AND at >= w.since AND at < w.until OFFSET 0) r
            JOIN orders o ON o.merchant_id = r.merchant_id AND o.order_id = r.order_id
        )
        INSERT INTO sales_days (merchant_id, day, currency, channel, orders, gmv, paid_orders, paid, buyers, newcomers
                              , cancelled, refunded_orders, refunds)
        SELECT merchant_id, day, currency, split_part(coalesce(source, 'shop'), ':', 1)
             , count(*) FILTER (WHERE what = 'placed'), coalesce(sum(amount) FILTER (WHERE what = 'placed'), 0)
             , count(*) FILTER (WHERE what = 'paid'), coalesce(sum(amount) FILTER (WHERE what = 'paid'), 0)
             , count(DISTINCT buyer_id), count(DISTINCT buyer_id) FILTER (WHERE first)
             , count(*) FILTER (WHERE what = 'cancelled')
             , count(*) FILTER (WHERE what = 'refunded'), coalesce(sum(amount) FILTER (WHERE what = 'refunded'), 0)
        FROM told GROUP BY 1, 2, 3, 4
        """,
        merchants,
        days,
        since,
        until,
    )


async def _count_customers(
    tx: Tx, merchants: list[UUID], days: list[date], since: list[datetime], until: list[datetime]
) -> None:
    await tx.execute(
        """
        INSERT INTO customer_days (merchant_id, day, newcomers)
        SELECT o.merchant_id, w.day, count(DISTINCT o.buyer_id)
        FROM unnest($1::uuid[], $2::date[], $3::timestamptz[], $4::timestamptz[]) AS w (merchant_id, day, since, until)
        CROSS JOIN LATERAL (
            SELECT merchant_id, buyer_id FROM orders
            WHERE merchant_id = w.merchant_id AND paid_at >= w.since AND paid_at < w.until OFFSET 0) o
        WHERE NOT EXISTS (SELECT FROM orders e
                          WHERE e.merchant_id = o.merchant_id AND e.buyer_id = o.buyer_id AND e.paid_at < w.since)
        GROUP BY 1, 2
        """,
        merchants,
        days,
        since,
        until,
    )
    await tx.execute(
        """
        INSERT INTO region_days (merchant_id, day, currency, country, region, orders, paid)
        SELECT o.merchant_id, w.day, o.currency, coalesce(o.address->>'country', ''), coalesce(o.address->>'region', '')
             , count(*), sum(o.total)
        FROM unnest($1::uuid[], $2::date[], $3::timestamptz[], $4::timestamptz[]) AS w (merchant_id, day, since, until)
        CROSS JOIN LATERAL (
            SELECT merchant_id, currency, address, total FROM orders
            WHERE merchant_id = w.merchant_id AND paid_at >= w.since AND paid_at < w.until OFFSET 0) o
        GROUP BY 1, 2, 3, 4, 5
        """,
        merchants,
        days,
        since,
        until,
    )


async def _count_products(
    tx: Tx, merchants: list[UUID], days: list[date], since: list[datetime], until: list[datetime]
) -> None:
    await tx.execute(
        """
        INSERT INTO product_days (merchant_id, day, product_id, currency, orders, pieces, paid)
        SELECT o.merchant_id, w.day, l.product_id, o.currency, count(DISTINCT o.order_id), sum(l.quantity)
             , sum(l.amount + CASE WHEN l.tax_inclusive THEN 0 ELSE l.tax END)
        FROM unnest($1::uuid[], $2::date[], $3::timestamptz[], $4::timestamptz[]) AS w (merchant_id, day, since, until)
        CROSS JOIN LATERAL (
            SELECT merchant_id, order_id, currency FROM orders
            WHERE merchant_id = w.merchant_id AND paid_at >= w.since AND paid_at < w.until OFFSET 0) o
        JOIN order_lines l ON l.merchant_id = o.merchant_id AND l.order_id = o.order_id AND l.kind = 'goods'
        GROUP BY 1, 2, 3, 4
        """,
        merchants,
        days,
        since,
        until,
    )
    await tx.execute(
        """
        INSERT INTO category_days (merchant_id, day, category_id, currency, orders, pieces, paid)
        SELECT d.merchant_id, d.day, p.category_id, d.currency, sum(d.orders), sum(d.pieces), sum(d.paid)
        FROM unnest($1::uuid[], $2::date[]) AS w (merchant_id, day)
        JOIN product_days d USING (merchant_id, day)
        JOIN products p USING (merchant_id, product_id)
        GROUP BY 1, 2, 3, 4
        """,
        merchants,
        days,
    )


def begin_of(day: date) -> datetime:
    """When a day of the settlement zone begins."""
    return datetime.combine(day, time(), SETTLEMENT_ZONE)
