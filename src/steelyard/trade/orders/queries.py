"""Questions about purchases and orders."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from steelyard.kernel import codes, paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.orders.model import (
    SKUS_PER_ORDER_MAX,
    Order,
    OrderId,
    OrderLine,
    OrderState,
    Purchase,
    PurchaseId,
    Step,
)

# Where a first page begins. A comparison without OR goes by the index whatever plan is kept for it.
_LAST = UUID(int=2**128 - 1)

ORDER_COLUMNS: LiteralString = """
SELECT o.merchant_id, o.order_id, o.purchase_id, o.buyer_id, o.code, o.state, o.currency, o.goods, o.freight, o.tax_added
     , o.tax_included, o.total, o.commission, o.refunded, o.commission_returned, o.delivery, o.contact, o.address, o.note
     , o.source, o.placed_at, o.paid_at, o.shipped_at, o.delivered_at, o.receive_by, o.completed_at, o.cancelled_at
     , o.cancel_reason, o.packing_at, o.reminded_at, o.extended_at, o.hidden_at, o.subsidy, o.subsidy_returned
     , o.freight_offers, o.freight_fees, o.fee_tax, o.fee_tax_returned, o.ship_hours, o.ship_by, o.freight_tax
     , o.freight_tax_millionths, o.freight_tax_inclusive
"""
_ORDER: LiteralString = ORDER_COLUMNS + "FROM orders o "
_PURCHASE: LiteralString = """
SELECT buyer_id, purchase_id, code, state, currency, total, contact, address, locale, source, placed_at, pay_by
     , tendered, deposit, team_id
FROM purchases
"""


class CodeOwner(msgspec.Struct, frozen=True, kw_only=True):
    """What a short code stands for: a purchase, or with `order_id` one of its orders."""

    purchase_id: PurchaseId
    buyer_id: BuyerId
    merchant_id: MerchantId | None
    order_id: OrderId | None


async def by_code(read: Read, code: str) -> CodeOwner | None:
    return await read.one(
        CodeOwner,
        "SELECT purchase_id, buyer_id, merchant_id, order_id FROM order_codes WHERE code = $1",
        codes.read(code),
    )


async def purchase(read: Read, purchase_id: PurchaseId) -> Purchase | None:
    return next(iter((await purchases(read, [purchase_id])).values()), None)


async def purchases(read: Read, purchase_ids: Sequence[PurchaseId]) -> dict[PurchaseId, Purchase]:
    """These purchases, as far as there are any."""
    found = await read.all(Purchase, _PURCHASE + "WHERE purchase_id = ANY($1)", list(purchase_ids))
    return {each.purchase_id: each for each in found}


async def orders_of_purchase(read: Read, purchase_id: PurchaseId) -> list[Order]:
    return await read.all(Order, _ORDER + "WHERE o.purchase_id = $1 ORDER BY o.merchant_id", purchase_id)


async def order(read: Read, merchant_id: MerchantId, order_id: OrderId) -> Order | None:
    """One merchant's order; another merchant's is not there."""
    return await read.one(Order, _ORDER + "WHERE o.merchant_id = $1 AND o.order_id = $2", merchant_id, order_id)


async def orders_named(read: Read, merchant_id: MerchantId, order_ids: Sequence[OrderId]) -> list[Order]:
    """Of these orders those that are this merchant's."""
    return await read.all(
        Order, _ORDER + "WHERE o.merchant_id = $1 AND o.order_id = ANY($2)", merchant_id, list(order_ids)
    )


async def order_by_code(read: Read, merchant_id: MerchantId, code: str) -> Order | None:
    """One merchant's order by its short code."""
    return await read.one(Order, _ORDER + "WHERE o.merchant_id = $1 AND o.code = $2", merchant_id, codes.read(code))


async def lines_of(read: Read, order_ids: Sequence[OrderId]) -> dict[OrderId, list[OrderLine]]:
    """The lines of each of these orders."""
    found: dict[OrderId, list[OrderLine]] = {order_id: [] for order_id in order_ids}
    for line in await read.all(
        OrderLine,
        """
        SELECT order_id, line, product_id, sku_id, kind, title, options, picture, sku_code, quantity, unit_price, amount, tax
             , tax_millionths, tax_inclusive, commission, fees, refunded_quantity, refunded, discount
             , offers, no_return, ship_hours, authentic_times, gift, gift_charged, free_returns, tax_class
        FROM order_lines WHERE order_id = ANY($1) ORDER BY order_id, line LIMIT $2
        """,
        list(order_ids),
        SKUS_PER_ORDER_MAX * len(order_ids),
    ):
        found[line.order_id].append(line)
    return found


async def history(read: Read, merchant_id: MerchantId, order_id: OrderId) -> list[Step]:
    """Every change of an order's state, the first first."""
    return await read.all(
        Step,
        """
        SELECT from_state, to_state, at, by FROM order_history WHERE merchant_id = $1 AND order_id = $2 ORDER BY step
        """,
        merchant_id,
        order_id,
    )


async def purchases_of_buyer(
    read: Read,
    buyer_ids: Sequence[BuyerId],
    cursor: str | None = None,
    limit: int | None = None,
    *,
    states: Sequence[OrderState] = (),
) -> Page[Purchase]:
    """What a buyer bought, the newest first; a buyer who was a visitor before has several ids.

    `states`: only purchases of which an order is in one of these states.
    """
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Purchase,
        _PURCHASE
        + """
        WHERE buyer_id = ANY($1)
          AND (placed_at, purchase_id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, $6))
          AND (cardinality($5::text[]) = 0 OR EXISTS (
                SELECT FROM orders o WHERE o.purchase_id = purchases.purchase_id AND o.state = ANY($5)))
        ORDER BY placed_at DESC, purchase_id DESC LIMIT $4
        """,
        list(buyer_ids),
        *key,
        most + 1,
        list(states),
        _LAST,
    )
    return paging.cut(found, most, lambda last: (last.placed_at, last.purchase_id))


async def orders_of_purchases(read: Read, purchase_ids: Sequence[PurchaseId]) -> dict[PurchaseId, list[Order]]:
    found: dict[PurchaseId, list[Order]] = {purchase_id: [] for purchase_id in purchase_ids}
    for one in await read.all(
        Order, _ORDER + "WHERE o.purchase_id = ANY($1) ORDER BY o.merchant_id", list(purchase_ids)
    ):
        found[one.purchase_id].append(one)
    return found


async def orders_of_merchant(
    read: Read,
    merchant_id: MerchantId,
    *,
    states: Sequence[OrderState] = (),
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Order]:
    """A merchant's orders in these states (none: all), the newest first."""
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    # One run of the index for each state, so that a few open orders are found at once among millions of finished ones.
    found = await read.all(
        Order,
        ORDER_COLUMNS  # noqa: S608  # two literals of ours
        + """
        FROM unnest($2::text[]) AS s (state) CROSS JOIN LATERAL (
            SELECT * FROM orders
            WHERE merchant_id = $1 AND state = s.state
              AND (placed_at, order_id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4::uuid, $6))
            ORDER BY placed_at DESC, order_id DESC LIMIT $5) o
        ORDER BY o.placed_at DESC, o.order_id DESC LIMIT $5
        """,
        merchant_id,
        sorted(set(states or OrderState)),
        *key,
        most + 1,
        _LAST,
    )
    return paging.cut(found, most, lambda last: (last.placed_at, last.order_id))


async def all_orders(
    read: Read,
    *,
    states: Sequence[OrderState] = (),
    merchant_ids: Sequence[UUID] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    least: int | None = None,
    most_money: int | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Order]:
    """Everybody's orders that fit, the newest first: for the operator. `until` is not within it; amounts are minor units."""
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Order,
        _ORDER
        + """
        WHERE (cardinality($1::text[]) = 0 OR o.state = ANY($1))
          AND (o.placed_at, o.order_id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, $5))
          AND ($6::uuid[] IS NULL OR o.merchant_id = ANY($6))
          AND o.placed_at >= coalesce($7::timestamptz, '-infinity') AND o.placed_at < coalesce($8::timestamptz, 'infinity')
          AND o.total >= coalesce($9::bigint, 0) AND ($10::bigint IS NULL OR o.total <= $10)
        ORDER BY o.placed_at DESC, o.order_id DESC LIMIT $4
        """,
        list(states),
        *key,
        most + 1,
        _LAST,
        None if merchant_ids is None else list(merchant_ids),
        since,
        until,
        least,
        most_money,
    )
    return paging.cut(found, most, lambda last: (last.placed_at, last.order_id))


async def with_lost_parcels(read: Read, *, cursor: str | None = None, limit: int | None = None) -> Page[Order]:
    """Everybody's orders that wait because a parcel of theirs is lost, the newest first: for the operator. An order whose
    money has all been given back waits for nobody."""
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Order,
        _ORDER  # noqa: S608  # two literals of ours
        + """
        WHERE (o.merchant_id, o.order_id) IN (SELECT p.merchant_id, p.order_id FROM parcels p WHERE p.state = 'lost')
          AND o.state IN ('partly_shipped', 'shipped') AND o.refunded < o.total
          AND (o.placed_at, o.order_id) < (coalesce($1::timestamptz, 'infinity'), coalesce($2::uuid, $4))
        ORDER BY o.placed_at DESC, o.order_id DESC LIMIT $3
        """,
        *key,
        most + 1,
        _LAST,
    )
    return paging.cut(found, most, lambda last: (last.placed_at, last.order_id))


async def counts_of_merchant(read: Read, merchant_id: MerchantId) -> dict[OrderState, int]:
    """How many of a merchant's open orders are in each state; the finished ones are not counted."""
    rows = await read.fetch(
        """
        SELECT state, count(*) AS count FROM orders
        WHERE merchant_id = $1 AND state = ANY('{placed,paid,partly_shipped,shipped}') GROUP BY state
        """,
        merchant_id,
    )
    return {OrderState(row["state"]): row["count"] for row in rows}


async def code_of(read: Read, order_id: UUID) -> str | None:
    """The short code of an order, whoever's it is."""
    return await read.value("SELECT code FROM orders WHERE order_id = $1", order_id)


async def codes_of_all(read: Read, order_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The short codes of orders, whoever's they are: for the operator."""
    rows = await read.fetch("SELECT order_id, code FROM orders WHERE order_id = ANY($1)", list(order_ids))
    return {row["order_id"]: row["code"] for row in rows}


async def codes_of(read: Read, merchant_id: MerchantId, order_ids: Sequence[OrderId]) -> dict[OrderId, str]:
    """The short codes of these orders of one merchant."""
    rows = await read.fetch(
        "SELECT order_id, code FROM orders WHERE merchant_id = $1 AND order_id = ANY($2)", merchant_id, list(order_ids)
    )
    return {row["order_id"]: row["code"] for row in rows}


async def bought_last(read: Read, buyer_ids: Sequence[BuyerId]) -> list[tuple[UUID, UUID]]:
    """`(merchant_id, product_id)` of what these buyers bought last, each once."""
    rows = await read.fetch(
        """
        SELECT l.merchant_id, l.product_id FROM (
            SELECT merchant_id, order_id, placed_at FROM orders
            WHERE buyer_id = ANY($1) ORDER BY placed_at DESC, order_id DESC LIMIT 10
        ) o JOIN order_lines l USING (merchant_id, order_id)
        GROUP BY l.merchant_id, l.product_id ORDER BY max(o.placed_at) DESC, l.product_id LIMIT 20
        """,
        list(buyer_ids),
    )
    return [(row["merchant_id"], row["product_id"]) for row in rows]
