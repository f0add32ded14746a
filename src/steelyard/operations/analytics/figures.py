"""The figures of a period, both days included, in one currency. Asked as a merchant, they are that merchant's alone (row-level
security); asked as the operator, the marketplace's, or one merchant's when `merchant_id` says so."""

from datetime import date, timedelta
from uuid import UUID

from steelyard.kernel.db import Read
from steelyard.operations.analytics.model import (
    CategoryTrade,
    Customers,
    ProductTrade,
    RegionTrade,
    Trade,
    TradeBy,
    TradeDay,
    Traffic,
    TrafficBy,
    TrafficDay,
)
from steelyard.operations.analytics.rollup import begin_of
from steelyard.operations.analytics.traffic import MARKETPLACE

ROWS_MAX = 500


async def currencies(read: Read, since: date, until: date) -> list[str]:
    """In which currencies anything was sold, the one with the most orders first."""
    rows = await read.fetch(
        """
        SELECT currency FROM sales_days WHERE day BETWEEN $1 AND $2
        GROUP BY currency ORDER BY sum(orders) DESC, currency
        """,
        since,
        until,
    )
    return [row["currency"] for row in rows]


async def trade(read: Read, since: date, until: date, currency: str, merchant_id: UUID | None = None) -> Trade:
    """Everything together."""
    found = await read.one(
        Trade,
        """
        SELECT coalesce(sum(orders), 0)::bigint AS orders, coalesce(sum(gmv), 0)::bigint AS gmv
             , coalesce(sum(paid_orders), 0)::bigint AS paid_orders, coalesce(sum(paid), 0)::bigint AS paid
             , coalesce(sum(buyers), 0)::bigint AS buyers, coalesce(sum(newcomers), 0)::bigint AS newcomers
             , coalesce(sum(cancelled), 0)::bigint AS cancelled
             , coalesce(sum(refunded_orders), 0)::bigint AS refunded_orders, coalesce(sum(refunds), 0)::bigint AS refunds
        FROM sales_days
        WHERE day BETWEEN $1 AND $2 AND currency = $3 AND ($4::uuid IS NULL OR merchant_id = $4)
        """,
        since,
        until,
        currency,
        merchant_id,
    )
    assert found is not None
    return found


async def trade_by_day(
    read: Read, since: date, until: date, currency: str, merchant_id: UUID | None = None
) -> list[TradeDay]:
    """Each day of the period, the oldest first, quiet ones included."""
    return await read.all(
        TradeDay,
        """
        SELECT d.day::date AS day, coalesce(sum(orders), 0)::bigint AS orders, coalesce(sum(gmv), 0)::bigint AS gmv
             , coalesce(sum(paid_orders), 0)::bigint AS paid_orders, coalesce(sum(paid), 0)::bigint AS paid
             , coalesce(sum(buyers), 0)::bigint AS buyers, coalesce(sum(newcomers), 0)::bigint AS newcomers
             , coalesce(sum(cancelled), 0)::bigint AS cancelled
             , coalesce(sum(refunded_orders), 0)::bigint AS refunded_orders, coalesce(sum(refunds), 0)::bigint AS refunds
        FROM generate_series($1::date, $2::date, interval '1 day') AS d (day)
        LEFT JOIN sales_days s ON s.day = d.day::date AND s.day BETWEEN $1 AND $2 AND s.currency = $3
                              AND ($4::uuid IS NULL OR s.merchant_id = $4)
        GROUP BY 1 ORDER BY 1
        """,
        since,
        until,
        currency,
        merchant_id,
    )


async def trade_by_channel(
    read: Read, since: date, until: date, currency: str, merchant_id: UUID | None = None
) -> list[TradeBy]:
    """The channels that orders came through, the one with the most money first."""
    return await read.all(
        TradeBy,
        """
        SELECT channel AS key, sum(orders)::bigint AS orders, sum(gmv)::bigint AS gmv, sum(paid_orders)::bigint AS paid_orders
             , sum(paid)::bigint AS paid, sum(buyers)::bigint AS buyers, sum(newcomers)::bigint AS newcomers
             , sum(cancelled)::bigint AS cancelled, sum(refunded_orders)::bigint AS refunded_orders
             , sum(refunds)::bigint AS refunds
        FROM sales_days
        WHERE day BETWEEN $1 AND $2 AND currency = $3 AND ($4::uuid IS NULL OR merchant_id = $4)
        GROUP BY channel ORDER BY sum(paid) DESC, channel
        """,
        since,
        until,
        currency,
        merchant_id,
    )


async def trade_by_merchant(
    read: Read, since: date, until: date, currency: str, limit: int = ROWS_MAX
) -> list[TradeBy]:
    """The merchants, the one with the most money first. For the operator."""
    return await read.all(
        TradeBy,
        """
        SELECT merchant_id::text AS key, sum(orders)::bigint AS orders, sum(gmv)::bigint AS gmv
             , sum(paid_orders)::bigint AS paid_orders, sum(paid)::bigint AS paid, sum(buyers)::bigint AS buyers
             , sum(newcomers)::bigint AS newcomers, sum(cancelled)::bigint AS cancelled
             , sum(refunded_orders)::bigint AS refunded_orders, sum(refunds)::bigint AS refunds
        FROM sales_days WHERE day BETWEEN $1 AND $2 AND currency = $3
        GROUP BY merchant_id ORDER BY sum(paid) DESC, merchant_id LIMIT $4
        """,
        since,
        until,
        currency,
        limit,
    )


async def trade_by_category(
    read: Read, since: date, until: date, currency: str, merchant_id: UUID | None = None, within: UUID | None = None
) -> list[CategoryTrade]:
    """The categories on top, or those right below `within`, the one with the most money first. A day counts where its
    products stood when it was counted; of a category that another took over, there."""
    return await read.all(
        CategoryTrade,
        """
        WITH RECURSIVE now AS (
            SELECT category_id, category_id AS was FROM categories WHERE merged_into IS NULL
            UNION ALL SELECT n.category_id, c.category_id FROM categories c JOIN now n ON n.was = c.merged_into
        ), sold AS (
            SELECT category_id AS was, sum(orders) AS orders, sum(pieces) AS pieces, sum(paid) AS paid
            FROM category_days
            WHERE day BETWEEN $1 AND $2 AND currency = $3 AND ($4::uuid IS NULL OR merchant_id = $4)
            GROUP BY category_id
        )
        SELECT g.category_id, g.name, sum(s.orders)::bigint AS orders, sum(s.pieces)::bigint AS pieces
             , sum(s.paid)::bigint AS paid
        FROM sold s JOIN now USING (was) JOIN categories c ON c.category_id = now.category_id
        JOIN categories g ON g.category_id = ANY(c.path)
        WHERE g.parent_id IS NOT DISTINCT FROM $5
        GROUP BY g.category_id, g.name ORDER BY sum(s.paid) DESC, g.category_id LIMIT $6
        """,
        since,
        until,
        currency,
        merchant_id,
        within,
        ROWS_MAX,
    )


async def trade_by_product(
    read: Read, since: date, until: date, currency: str, merchant_id: UUID | None = None, limit: int = ROWS_MAX
) -> list[ProductTrade]:
    """The products that were sold or looked at, those with the most money first; then those that most people looked at.

    Of tens of thousands of products only the first have all their figures summed. What ranks them is summed as float8, which
    takes a third of the time of bigint and is as exact up to 2^53 minor units.
    """
    return await read.all(
        ProductTrade,
        """
        WITH selling AS MATERIALIZED (
            SELECT product_id FROM product_days
            WHERE day BETWEEN $1 AND $2 AND currency = $3 AND ($4::uuid IS NULL OR merchant_id = $4)
            GROUP BY product_id ORDER BY sum(paid::float8) DESC, product_id LIMIT $5
        ), looked_at AS (
            SELECT product_id FROM product_traffic_days
            WHERE day BETWEEN $1 AND $2 AND ($4::uuid IS NULL OR merchant_id = $4)
              AND (SELECT count(*) FROM selling) < $5
              AND NOT product_id = ANY(ARRAY(SELECT product_id FROM selling))
            GROUP BY product_id ORDER BY sum(visitors) DESC, product_id LIMIT $5
        ), first AS MATERIALIZED (
            SELECT product_id FROM selling UNION ALL SELECT product_id FROM looked_at
        ), told AS (
            SELECT merchant_id, product_id, orders, pieces, paid, 0 AS views, 0 AS visitors FROM product_days
            WHERE day BETWEEN $1 AND $2 AND currency = $3 AND ($4::uuid IS NULL OR merchant_id = $4)
              AND product_id = ANY(ARRAY(SELECT product_id FROM first))
            UNION ALL
            SELECT merchant_id, product_id, 0, 0, 0, views, visitors FROM product_traffic_days
            WHERE day BETWEEN $1 AND $2 AND ($4::uuid IS NULL OR merchant_id = $4)
              AND product_id = ANY(ARRAY(SELECT product_id FROM first))
        ), summed AS (
            SELECT merchant_id, product_id, sum(orders)::bigint AS orders, sum(pieces)::bigint AS pieces
                 , sum(paid)::bigint AS paid, sum(views)::bigint AS views, sum(visitors)::bigint AS visitors
            FROM told GROUP BY 1, 2 ORDER BY sum(paid) DESC, sum(visitors) DESC, product_id LIMIT $5
        )
        SELECT s.merchant_id, s.product_id, p.title, s.orders, s.pieces, s.paid, s.views, s.visitors
             , (SELECT file FROM product_pictures f
                WHERE f.merchant_id = s.merchant_id AND f.product_id = s.product_id ORDER BY place LIMIT 1) AS picture
        FROM summed s JOIN products p USING (merchant_id, product_id)
        ORDER BY s.paid DESC, s.visitors DESC, s.product_id
        """,
        since,
        until,
        currency,
        merchant_id,
        limit,
    )


async def sold_of(
    read: Read,
    since: date,
    until: date,
    currency: str,
    *,
    merchant_id: UUID | None = None,
    category_id: UUID | None = None,
    product_id: UUID | None = None,
) -> int:
    """What was paid for goods of a category (with all below it) or a product, in minor units: what the orders behind
    its figure come to in these goods."""
    return await read.value(
        """
        SELECT coalesce(sum(d.paid), 0)::bigint
        FROM product_days d JOIN products p USING (merchant_id, product_id) JOIN categories c USING (category_id)
        WHERE d.day BETWEEN $1 AND $2 AND d.currency = $3 AND ($4::uuid IS NULL OR d.merchant_id = $4)
          AND ($5::uuid IS NULL OR $5 = ANY(c.path)) AND ($6::uuid IS NULL OR d.product_id = $6)
        """,
        since,
        until,
        currency,
        merchant_id,
        category_id,
        product_id,
    )


async def traffic(read: Read, since: date, until: date, merchant_id: UUID = MARKETPLACE) -> Traffic:
    """Everybody who looked, at the marketplace or at one merchant's goods."""
    found = await read.one(
        Traffic,
        """
        SELECT coalesce(sum(views), 0)::bigint AS views, coalesce(sum(visitors), 0)::bigint AS visitors
             , coalesce(sum(product_visitors), 0)::bigint AS product_visitors
             , coalesce(sum(cart_visitors), 0)::bigint AS cart_visitors
             , coalesce(sum(checkout_visitors), 0)::bigint AS checkout_visitors
        FROM traffic_days WHERE merchant_id = $3 AND day BETWEEN $1 AND $2
        """,
        since,
        until,
        merchant_id,
    )
    assert found is not None
    return found


async def traffic_by_day(read: Read, since: date, until: date, merchant_id: UUID = MARKETPLACE) -> list[TrafficDay]:
    """Each day of the period, the oldest first, quiet ones included."""
    return await read.all(
        TrafficDay,
        """
        SELECT d.day::date AS day, coalesce(sum(views), 0)::bigint AS views, coalesce(sum(visitors), 0)::bigint AS visitors
             , coalesce(sum(product_visitors), 0)::bigint AS product_visitors
             , coalesce(sum(cart_visitors), 0)::bigint AS cart_visitors
             , coalesce(sum(checkout_visitors), 0)::bigint AS checkout_visitors
        FROM generate_series($1::date, $2::date, interval '1 day') AS d (day)
        LEFT JOIN traffic_days t ON t.merchant_id = $3 AND t.day = d.day::date
        GROUP BY 1 ORDER BY 1
        """,
        since,
        until,
        merchant_id,
    )


async def traffic_by_channel(read: Read, since: date, until: date, merchant_id: UUID = MARKETPLACE) -> list[TrafficBy]:
    """Where visitors came from, most first."""
    return await read.all(
        TrafficBy,
        """
        SELECT channel AS key, sum(views)::bigint AS views, sum(visitors)::bigint AS visitors
             , sum(product_visitors)::bigint AS product_visitors, sum(cart_visitors)::bigint AS cart_visitors
             , sum(checkout_visitors)::bigint AS checkout_visitors
        FROM traffic_days WHERE merchant_id = $3 AND day BETWEEN $1 AND $2
        GROUP BY channel ORDER BY sum(visitors) DESC, channel
        """,
        since,
        until,
        merchant_id,
    )


async def traffic_by_device(read: Read, since: date, until: date, merchant_id: UUID = MARKETPLACE) -> list[TrafficBy]:
    """Telephones and desks."""
    return await read.all(
        TrafficBy,
        """
        SELECT device AS key, sum(views)::bigint AS views, sum(visitors)::bigint AS visitors
             , sum(product_visitors)::bigint AS product_visitors, sum(cart_visitors)::bigint AS cart_visitors
             , sum(checkout_visitors)::bigint AS checkout_visitors
        FROM traffic_days WHERE merchant_id = $3 AND day BETWEEN $1 AND $2
        GROUP BY device ORDER BY sum(visitors) DESC, device
        """,
        since,
        until,
        merchant_id,
    )


async def visitors_by_merchant(read: Read, since: date, until: date) -> dict[str, int]:
    """How many looked at each merchant's goods, by merchant id. For the operator."""
    rows = await read.fetch(
        """
        SELECT merchant_id::text AS key, sum(visitors)::bigint AS visitors FROM traffic_days
        WHERE day BETWEEN $1 AND $2 GROUP BY merchant_id
        """,
        since,
        until,
    )
    return {row["key"]: row["visitors"] for row in rows}


async def customers(read: Read, merchant_id: UUID, since: date, until: date) -> Customers:
    """The people who paid one merchant in the period. Who is new is known from the days that are rolled up: everybody is new
    on one day."""
    found = await read.one(
        Customers,
        """
        SELECT count(*) AS people, count(*) FILTER (WHERE orders > 1) AS repeaters
             , coalesce((SELECT sum(newcomers) FROM customer_days
                         WHERE merchant_id = $1 AND day BETWEEN $4 AND $5), 0)::bigint AS newcomers
        FROM (SELECT count(*) AS orders FROM orders
              WHERE merchant_id = $1 AND paid_at >= $2 AND paid_at < $3 GROUP BY buyer_id) paid
        """,
        merchant_id,
        begin_of(since),
        begin_of(until + timedelta(days=1)),
        since,
        until,
    )
    assert found is not None
    return found


async def regions(read: Read, merchant_id: UUID, since: date, until: date, currency: str) -> list[RegionTrade]:
    """Where one merchant's paid orders went, those with the most money first."""
    return await read.all(
        RegionTrade,
        """
        SELECT country, region, sum(orders)::bigint AS orders, sum(paid)::bigint AS paid FROM region_days
        WHERE merchant_id = $1 AND day BETWEEN $2 AND $3 AND currency = $4
        GROUP BY country, region ORDER BY sum(paid) DESC, country, region LIMIT 50
        """,
        merchant_id,
        since,
        until,
        currency,
    )
