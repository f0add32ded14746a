"""A period in figures: of a shop, or (no merchant) of the whole marketplace. Asked within one `Read`, so that what has to add
up is of one instant; days are those that `analytics` has rolled up."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read
from steelyard.kernel.text import Text
from steelyard.operations import analytics
from steelyard.operations.analytics import MARKETPLACE
from steelyard.operations.business_reviews.model import Figures, Moves, People, Period

SHOPS_MAX = 100_000
PRODUCTS_MAX = 50_000
HISTORY_DAYS = 800
REST, UNKNOWN = "rest", "unknown"
NEW, RETURNING = "new", "returning"


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind (a category, a channel, a product) came to in a period."""

    key: str
    name: Text = Text()
    units: int = 0
    orders: int = 0
    paid: int = 0


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of one period that is compared."""

    period: Period
    figures: Figures
    categories: Sequence[Kind]
    channels: Sequence[Kind]
    goods: Sequence[Kind]


async def currencies(read: Read, merchant_id: UUID | None, since: date, until: date) -> dict[str, int]:
    """What was paid by currency, the one with the most orders first."""
    rows = await read.fetch(
        """
        SELECT currency, sum(paid)::bigint AS paid FROM sales_days
        WHERE day BETWEEN $2 AND $3 AND ($1::uuid IS NULL OR merchant_id = $1)
        GROUP BY currency ORDER BY sum(paid_orders) DESC, currency
        """,
        merchant_id,
        since,
        until,
    )
    return {row["currency"]: row["paid"] for row in rows}


async def gather(read: Read, merchant_id: UUID | None, period: Period, currency: str) -> Gathered:
    """All that is compared of a period."""
    trade = await analytics.figures.trade(read, period.first, period.last, currency, merchant_id)
    traffic = await analytics.figures.traffic(read, period.first, period.last, merchant_id or MARKETPLACE)
    categories = await _categories(read, merchant_id, period, currency, trade.paid)
    people = await _people(read, merchant_id, period, currency)
    return Gathered(
        period=period,
        figures=Figures(
            paid=trade.paid,
            orders=trade.paid_orders,
            pieces=sum(each.units for each in categories),
            cancelled=trade.cancelled,
            refunded_orders=trade.refunded_orders,
            refunds=trade.refunds,
            visitors=traffic.visitors,
            product_visitors=traffic.product_visitors,
            cart_visitors=traffic.cart_visitors,
            checkout_visitors=traffic.checkout_visitors,
            new=people.get(NEW, People()),
            returning=people.get(RETURNING, People()),
            unknown=people.get(UNKNOWN, People()),
        ),
        categories=categories,
        channels=await _channels(read, merchant_id, period, currency),
        goods=await (_products(read, merchant_id, period, currency) if merchant_id else _shops(read, period, currency)),
    )


async def _categories(read: Read, merchant_id: UUID | None, period: Period, currency: str, paid: int) -> list[Kind]:
    """The categories on top, and what was paid for none of them: freight, and what is of no product any more."""
    found = await analytics.figures.trade_by_category(read, period.first, period.last, currency, merchant_id)
    told = [
        Kind(key=str(each.category_id), name=each.name, units=each.pieces, orders=each.orders, paid=each.paid)
        for each in found
    ]
    return [*told, Kind(key=REST, paid=paid - sum(each.paid for each in told))]


async def _people(read: Read, merchant_id: UUID | None, period: Period, currency: str) -> dict[str, People]:
    """Who paid: for the first time here in this period, again, or nobody knows: guests who left nothing, as in imports."""
    if merchant_id is None:
        rows = await read.fetch(
            """
            WITH paid AS MATERIALIZED (
                SELECT buyer_id, count(*) AS orders, sum(total) AS paid FROM orders
                WHERE paid_at >= $1 AND paid_at < $2 AND currency = $3 GROUP BY buyer_id
            )
            SELECT CASE WHEN b.guest AND b.email IS NULL AND b.source IS NULL THEN 'unknown'
                        WHEN EXISTS (SELECT FROM orders e WHERE e.buyer_id = p.buyer_id AND e.paid_at < $1) THEN 'returning'
                        ELSE 'new' END AS kind
                 , count(*)::bigint AS people, sum(p.orders)::bigint AS orders, sum(p.paid)::bigint AS paid
            FROM paid p JOIN buyers b USING (buyer_id) GROUP BY 1
            """,
            period.begins_at,
            period.ends_at,
            currency,
        )
    else:
        rows = await read.fetch(
            """
            WITH paid AS MATERIALIZED (
                SELECT buyer_id, count(*) AS orders, sum(total) AS paid FROM orders
                WHERE merchant_id = $4 AND paid_at >= $1 AND paid_at < $2 AND currency = $3 GROUP BY buyer_id
            )
            SELECT CASE WHEN b.guest AND b.email IS NULL AND b.source IS NULL THEN 'unknown'
                        WHEN EXISTS (SELECT FROM orders e
                                     WHERE e.merchant_id = $4 AND e.buyer_id = p.buyer_id AND e.paid_at < $1) THEN 'returning'
                        ELSE 'new' END AS kind
                 , count(*)::bigint AS people, sum(p.orders)::bigint AS orders, sum(p.paid)::bigint AS paid
            FROM paid p JOIN buyers b USING (buyer_id) GROUP BY 1
            """,
            period.begins_at,
            period.ends_at,
            currency,
            merchant_id,
        )
    return {row["kind"]: People(people=row["people"], orders=row["orders"], paid=row["paid"]) for row in rows}


async def _channels(read: Read, merchant_id: UUID | None, period: Period, currency: str) -> list[Kind]:
    """By which channel who paid had come last, with the visitors who came by it; of orders that nobody has followed: unknown."""
    if merchant_id is None:
        rows = await read.fetch(
            """
            WITH paid AS MATERIALIZED (
                SELECT merchant_id, order_id, paid_at, total FROM orders
                WHERE paid_at >= $1 AND paid_at < $2 AND currency = $3
            )
            SELECT coalesce(c.channel, 'unknown') AS key, count(*)::bigint AS orders, sum(p.total)::bigint AS paid
            FROM paid p LEFT JOIN LATERAL (
                SELECT channel FROM behaviour_events b
                WHERE b.merchant_id = p.merchant_id AND b.kind = 'pay' AND b.at >= p.paid_at - interval '1 second'
                  AND b.at <= p.paid_at + interval '1 second' AND b.order_id = p.order_id LIMIT 1) c ON true
            GROUP BY 1
            """,
            period.begins_at,
            period.ends_at,
            currency,
        )
    else:
        rows = await read.fetch(
            """
            WITH paid AS MATERIALIZED (
                SELECT merchant_id, order_id, paid_at, total FROM orders
                WHERE merchant_id = $4 AND paid_at >= $1 AND paid_at < $2 AND currency = $3
            )
            SELECT coalesce(c.channel, 'unknown') AS key, count(*)::bigint AS orders, sum(p.total)::bigint AS paid
            FROM paid p LEFT JOIN LATERAL (
                SELECT channel FROM behaviour_events b
                WHERE b.merchant_id = p.merchant_id AND b.kind = 'pay' AND b.at >= p.paid_at - interval '1 second'
                  AND b.at <= p.paid_at + interval '1 second' AND b.order_id = p.order_id LIMIT 1) c ON true
            GROUP BY 1
            """,
            period.begins_at,
            period.ends_at,
            currency,
            merchant_id,
        )
    looked = {
        each.key: each.visitors
        for each in await analytics.figures.traffic_by_channel(
            read, period.first, period.last, merchant_id or MARKETPLACE
        )
    }
    bought = {row["key"]: (row["orders"], row["paid"]) for row in rows}
    return [
        Kind(key=key, units=looked.get(key, 0), orders=bought.get(key, (0, 0))[0], paid=bought.get(key, (0, 0))[1])
        for key in sorted({*looked, *bought})
    ]


async def _products(read: Read, merchant_id: UUID, period: Period, currency: str) -> list[Kind]:
    """The products that were sold; their names are asked for later, of those that are told."""
    rows = await read.fetch(
        """
        SELECT product_id::text AS key, sum(pieces)::bigint AS units, sum(orders)::bigint AS orders, sum(paid)::bigint AS paid
        FROM product_days WHERE merchant_id = $1 AND day BETWEEN $2 AND $3 AND currency = $4
        GROUP BY product_id ORDER BY sum(paid) DESC, product_id LIMIT $5
        """,
        merchant_id,
        period.first,
        period.last,
        currency,
        PRODUCTS_MAX,
    )
    return [Kind(key=row["key"], units=row["units"], orders=row["orders"], paid=row["paid"]) for row in rows]


async def _shops(read: Read, period: Period, currency: str) -> list[Kind]:
    found = await analytics.figures.trade_by_merchant(read, period.first, period.last, currency, SHOPS_MAX)
    return [Kind(key=each.key, units=each.paid_orders, orders=each.paid_orders, paid=each.paid) for each in found]


async def titles(read: Read, merchant_id: UUID | None, keys: Sequence[str]) -> Mapping[str, Text]:
    """What products of a shop are called, or (no merchant) shops."""
    wanted = [UUID(key) for key in keys]
    if merchant_id is None:
        rows = await read.fetch("SELECT merchant_id::text AS key, name FROM shops WHERE merchant_id = ANY($1)", wanted)
    else:
        rows = await read.fetch(
            "SELECT product_id::text AS key, title AS name FROM products WHERE merchant_id = $1 AND product_id = ANY($2)",
            merchant_id,
            wanted,
        )
    return {row["key"]: Text(row["name"]) for row in rows}


async def free_pieces(read: Read, merchant_id: UUID, keys: Sequence[str]) -> Mapping[str, int]:
    """How many pieces of these products can be sold now, of those that are on the shelf."""
    rows = await read.fetch(
        """
        SELECT k.product_id::text AS key, coalesce(sum(s.on_hand - s.reserved), 0)::bigint AS free
        FROM products p JOIN skus k USING (merchant_id, product_id) LEFT JOIN stock s USING (merchant_id, sku_id)
        WHERE p.merchant_id = $1 AND p.product_id = ANY($2) AND p.state = 'on_shelf' AND k.active GROUP BY k.product_id
        """,
        merchant_id,
        [UUID(key) for key in keys],
    )
    return {row["key"]: row["free"] for row in rows}


async def daily(read: Read, merchant_id: UUID | None, since: date, until: date, currency: str) -> dict[date, int]:
    """What was paid on each day from the first on which anything was; quiet days included."""
    found = await analytics.figures.trade_by_day(read, since, until, currency, merchant_id)
    begun = next((place for place, each in enumerate(found) if each.paid_orders), len(found))
    return {each.day: each.paid for each in found[begun:]}


async def stages(read: Read, merchant_id: UUID | None, period: Period) -> list[Moves]:
    """How many customers came into which stage, in the period and in the one before."""
    rows = await read.fetch(
        """
        SELECT to_stage AS stage, (count(DISTINCT buyer_id) FILTER (WHERE at >= $3))::integer AS people
             , (count(DISTINCT buyer_id) FILTER (WHERE at < $3))::integer AS people_before
        FROM stage_moves WHERE merchant_id = $1 AND at >= $2 AND at < $4 AND to_stage <> 'visitor' GROUP BY to_stage
        """,
        merchant_id or MARKETPLACE,
        period.before.begins_at,
        period.begins_at,
        period.ends_at,
    )
    return [Moves(stage=row["stage"], people=row["people"], people_before=row["people_before"]) for row in rows]


async def refunded_since(read: Read, merchant_id: UUID | None, period: Period, currency: str) -> int:
    """What has been given back until now of the orders that were paid in the period, whenever it was decided."""
    if merchant_id is None:
        return await read.value(
            """
            SELECT coalesce(sum(r.goods + r.freight), 0)::bigint
            FROM orders o JOIN order_refunds r USING (merchant_id, order_id)
            WHERE o.paid_at >= $1 AND o.paid_at < $2 AND o.currency = $3 AND o.refunded > 0
            """,
            period.begins_at,
            period.ends_at,
            currency,
        )
    return await read.value(
        """
        SELECT coalesce(sum(r.goods + r.freight), 0)::bigint
        FROM orders o JOIN order_refunds r USING (merchant_id, order_id)
        WHERE o.merchant_id = $4 AND o.paid_at >= $1 AND o.paid_at < $2 AND o.currency = $3 AND o.refunded > 0
        """,
        period.begins_at,
        period.ends_at,
        currency,
        merchant_id,
    )


async def still_stale(read: Read, merchant_id: UUID | None, since: date, until: date) -> bool:
    """Whether a day of these is to be counted anew first."""
    return await read.value(
        """
        SELECT EXISTS (SELECT FROM stale_days WHERE day BETWEEN $2 AND $3 AND ($1::uuid IS NULL OR merchant_id = $1))
        """,
        merchant_id,
        since,
        until,
    )
