"""A buyer's orders: the list by state, its counts and its search; and what was done about an order."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from steelyard.kernel import codes, paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.parties.customers.model import BuyerId, Contact
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.orders.model import SEARCH_CHARACTERS_MAX, Order, OrderId, OrderState, Purchase, PurchaseId
from steelyard.trade.orders.queries import ORDER_COLUMNS

COUNTED = (OrderState.PLACED, OrderState.HELD, OrderState.PAID, OrderState.PARTLY_SHIPPED, OrderState.SHIPPED)
ACTS_MAX = 100
_LAST = UUID(int=2**128 - 1)


class ActKind(StrEnum):
    PACKING = "packing"
    REMINDED = "reminded"
    EXTENDED = "extended"
    READDRESSED = "readdressed"
    HIDDEN = "hidden"
    SHOWN = "shown"


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done about an order without changing its state."""

    kind: ActKind
    facts: dict[str, Any]
    at: datetime
    by: str


async def orders_of_buyer(
    read: Read,
    buyer_ids: Sequence[BuyerId],
    *,
    states: Sequence[OrderState] = (),
    refunded: bool = False,
    search: str = "",
    only: Sequence[OrderId] | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Order]:
    """What a buyer ordered in these states (none: all), the newest first, without what was taken off the list.

    `search` finds goods, shops and codes; `refunded` only those of which money was given back;
    `only` none but these.
    """
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    # One run of the index for each id and state, so that a few open orders are found at once among many finished ones.
    found = await read.all(
        Order,
        ORDER_COLUMNS  # noqa: S608  # literals of ours
        + """
        FROM unnest($1::uuid[]) AS b (buyer_id) CROSS JOIN unnest($2::text[]) AS s (state) CROSS JOIN LATERAL (
            SELECT * FROM orders q
            WHERE q.buyer_id = b.buyer_id AND q.state = s.state AND q.hidden_at IS NULL
              AND (q.placed_at, q.order_id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4::uuid, $6))
              AND (NOT $7::boolean OR q.refunded > 0)
              AND ($10::uuid[] IS NULL OR q.order_id = ANY($10))
              AND ($8::text = '' OR q.code = $9
                   OR EXISTS (SELECT FROM order_lines l WHERE l.merchant_id = q.merchant_id AND l.order_id = q.order_id
                                AND l.title::text ILIKE '%' || $8 || '%')
                   OR EXISTS (SELECT FROM shops h WHERE h.merchant_id = q.merchant_id
                                AND h.name::text ILIKE '%' || $8 || '%'))
            ORDER BY q.placed_at DESC, q.order_id DESC LIMIT $5) o
        ORDER BY o.placed_at DESC, o.order_id DESC LIMIT $5
        """,
        list(buyer_ids),
        sorted(set(states or OrderState)),
        *key,
        most + 1,
        _LAST,
        refunded,
        _literally(search.strip()[:SEARCH_CHARACTERS_MAX]),
        codes.read(search.strip()[:SEARCH_CHARACTERS_MAX]),
        only if only is None else list(only),
    )
    return paging.cut(found, most, lambda last: (last.placed_at, last.order_id))


def _literally(words: str) -> str:
    """What was typed, with nothing in it that LIKE would take for a pattern."""
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def bought_of(
    read: Read, buyer_ids: Sequence[BuyerId], emails: Sequence[str], merchant_ids: Sequence[MerchantId]
) -> set[tuple[str, UUID]]:
    """Which of these, buyers by their ids and people by their addresses, have an order of which of these shops that was
    not called off."""
    rows = await read.fetch(
        """
        SELECT DISTINCT buyer_id::text AS who, merchant_id FROM orders
        WHERE buyer_id = ANY($1) AND merchant_id = ANY($3) AND state <> 'cancelled'
        UNION
        SELECT DISTINCT contact_email, merchant_id FROM orders
        WHERE merchant_id = ANY($3) AND contact_email = ANY($2) AND state <> 'cancelled'
        """,
        list(buyer_ids),
        list(emails),
        list(merchant_ids),
    )
    return {(row["who"], row["merchant_id"]) for row in rows}


async def bought_anywhere(read: Read, buyer_ids: Sequence[BuyerId], emails: Sequence[str]) -> set[str]:
    """Which of these, buyers by their ids and people by their addresses, have an order of any shop that was not called off.
    Addresses are looked up shop by shop: that is the index there is, and few hold what this is asked for."""
    rows = await read.fetch(
        """
        SELECT b.buyer_id::text AS who FROM unnest($1::uuid[]) AS b (buyer_id)
        WHERE EXISTS (SELECT FROM orders o WHERE o.buyer_id = b.buyer_id AND o.state <> 'cancelled')
        UNION
        SELECT e.email FROM unnest($2::text[]) AS e (email)
        WHERE EXISTS (
            SELECT FROM merchants m CROSS JOIN LATERAL (
                SELECT FROM orders o
                WHERE o.merchant_id = m.merchant_id AND o.contact_email = e.email AND o.state <> 'cancelled' LIMIT 1) AS o)
        """,
        list(buyer_ids),
        list(emails),
    )
    return {row["who"] for row in rows}


class Counting(msgspec.Struct, frozen=True, kw_only=True):
    """What of a buyer's is counted: pieces of a product, or of one variant of it, bought in the last so many days (none:
    ever)."""

    buyer_id: UUID
    merchant_id: UUID
    product_id: UUID
    sku_id: UUID | None = None
    days: int | None = None

    @property
    def subject(self) -> UUID:
        return self.sku_id or self.product_id


async def had_of(read: Read, wanted: Sequence[Counting]) -> dict[tuple[UUID, UUID], int]:
    """How many pieces they have, by `(buyer_id, subject)`; who has none is missing. What was called off is not counted: what
    is paid back whole before it is sent is called off."""
    rows = await read.fetch(
        """
        SELECT w.buyer_id, coalesce(w.sku_id, w.product_id) AS subject, sum(l.quantity)::integer AS pieces
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::integer[])
            AS w (buyer_id, merchant_id, product_id, sku_id, days)
        JOIN orders o ON o.buyer_id = w.buyer_id AND o.merchant_id = w.merchant_id
        JOIN order_lines l ON l.merchant_id = o.merchant_id AND l.order_id = o.order_id AND l.product_id = w.product_id
        WHERE (w.sku_id IS NULL OR l.sku_id = w.sku_id)
          AND (w.days IS NULL OR o.placed_at > now() - make_interval(days => w.days))
          AND o.state <> 'cancelled' AND l.kind <> 'gift'
        GROUP BY 1, 2
        """,
        [each.buyer_id for each in wanted],
        [each.merchant_id for each in wanted],
        [each.product_id for each in wanted],
        [each.sku_id for each in wanted],
        [each.days for each in wanted],
    )
    return {(row["buyer_id"], row["subject"]): row["pieces"] for row in rows}


async def counts_of_buyer(read: Read, buyer_ids: Sequence[BuyerId]) -> dict[OrderState, int]:
    """How many of a buyer's open orders are in each state; the finished ones are not counted."""
    rows = await read.fetch(
        """
        SELECT state, count(*)::integer AS count FROM orders
        WHERE buyer_id = ANY($1) AND state = ANY($2) AND hidden_at IS NULL GROUP BY state
        """,
        list(buyer_ids),
        list(COUNTED),
    )
    return {OrderState(row["state"]): row["count"] for row in rows}


async def acts_of(read: Read, merchant_id: MerchantId, order_id: OrderId) -> list[Act]:
    """What was done about an order without changing its state, the first first."""
    return await read.all(
        Act,
        """
        SELECT kind, facts, at, by FROM order_acts WHERE merchant_id = $1 AND order_id = $2 ORDER BY act LIMIT $3
        """,
        merchant_id,
        order_id,
        ACTS_MAX,
    )


async def reminders_of_merchant(read: Read, merchant_id: MerchantId) -> int:
    """How many orders still to be sent a shop has been asked to hurry with: for its to-dos."""
    return await read.value(
        """
        SELECT count(*)::integer FROM orders
        WHERE merchant_id = $1 AND reminded_at IS NOT NULL AND state IN ('paid', 'partly_shipped')
        """,
        merchant_id,
    )


async def purchases_of(read: Read, purchase_ids: Sequence[PurchaseId]) -> dict[PurchaseId, Purchase]:
    """These purchases."""
    return {
        found.purchase_id: found
        for found in await read.all(
            Purchase,
            """
            SELECT buyer_id, purchase_id, code, state, currency, total, contact, address, locale, source, placed_at, pay_by
             , tendered, deposit, team_id
            FROM purchases WHERE purchase_id = ANY($1)
            """,
            list(purchase_ids),
        )
    }


async def buyers_of_emails(read: Read, merchant_id: MerchantId, emails: Sequence[str]) -> list[BuyerId]:
    """Who has ordered of a shop under one of these e-mail addresses."""
    rows = await read.fetch(
        """
        SELECT DISTINCT buyer_id FROM orders WHERE merchant_id = $1 AND contact_email = ANY($2) AND paid_at IS NOT NULL
        ORDER BY buyer_id
        """,
        merchant_id,
        list({*emails, *(email.lower() for email in emails)}),
    )
    return [row["buyer_id"] for row in rows]


async def contacts_of(read: Read, merchant_id: MerchantId, buyer_ids: Sequence[UUID]) -> dict[UUID, Contact]:
    """How these buyers were to be reached in their last order of a shop."""
    if not buyer_ids:
        return {}
    rows = await read.fetch(
        """
        SELECT b.buyer_id, o.contact FROM unnest($2::uuid[]) AS b (buyer_id)
        CROSS JOIN LATERAL (
            SELECT contact FROM orders o WHERE o.merchant_id = $1 AND o.buyer_id = b.buyer_id AND o.paid_at IS NOT NULL
            ORDER BY o.paid_at DESC LIMIT 1) AS o
        """,
        merchant_id,
        list(buyer_ids),
    )
    return {row["buyer_id"]: msgspec.convert(row["contact"], Contact) for row in rows}
