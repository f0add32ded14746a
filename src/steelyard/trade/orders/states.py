"""How purchases and orders change state: the row and its history in one statement, or nothing."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.trade.orders.model import (
    MACHINE,
    PURCHASE_MACHINE,
    OrderState,
    Purchase,
    PurchaseId,
    PurchaseState,
)


async def move_purchases(tx: Tx, purchases: Sequence[Purchase], following: PurchaseState, by: str) -> None:
    """Change locked purchases. Raises `TransitionRefused`."""
    for purchase in purchases:
        PURCHASE_MACHINE.check(purchase.state, following)
    await tx.execute(
        """
        WITH moved AS (
            UPDATE purchases p SET state = $4
            FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS w (buyer_id, purchase_id, from_state)
            WHERE p.buyer_id = w.buyer_id AND p.purchase_id = w.purchase_id
            RETURNING p.buyer_id, p.purchase_id, w.from_state
        )
        INSERT INTO purchase_history (buyer_id, purchase_id, step, from_state, to_state, by)
        SELECT m.buyer_id, m.purchase_id
             , (SELECT coalesce(max(h.step), 0) + 1 FROM purchase_history h
                WHERE h.buyer_id = m.buyer_id AND h.purchase_id = m.purchase_id)
             , m.from_state, $4, $5
        FROM moved m
        """,
        [purchase.buyer_id for purchase in purchases],
        [purchase.purchase_id for purchase in purchases],
        [purchase.state for purchase in purchases],
        following,
        by,
    )


async def move_orders(
    tx: Tx, order_ids: Sequence[UUID], following: OrderState, by: str, *, reason: str | None = None
) -> None:
    """Change locked orders, whose states have been checked."""
    moved = await _move(tx, order_ids, following, by, reason)
    assert len(moved) == len(order_ids), "a locked order stays in the state in which it was seen"


async def move_orders_of(
    tx: Tx, purchase_ids: Sequence[PurchaseId], following: OrderState, by: str, *, reason: str | None = None
) -> list[tuple[UUID, UUID]]:
    """Change all orders of locked purchases; returns them as (merchant, order). All of them move or none."""
    rows = await tx.fetch(
        "SELECT order_id FROM orders WHERE purchase_id = ANY($1) ORDER BY merchant_id, order_id FOR UPDATE",
        list(purchase_ids),
    )
    moved = await _move(tx, [row["order_id"] for row in rows], following, by, reason)
    assert len(moved) == len(rows), "the orders of a purchase are paid and dropped with it"
    return moved


async def _move(
    tx: Tx, order_ids: Sequence[UUID], following: OrderState, by: str, reason: str | None
) -> list[tuple[UUID, UUID]]:
    rows = await tx.fetch(
        """
        WITH was AS (
            SELECT merchant_id, order_id, state FROM orders
            WHERE order_id = ANY($1) AND state = ANY($2) ORDER BY merchant_id, order_id FOR UPDATE
        ), moved AS (
            UPDATE orders o
            SET state = $3
              , paid_at = CASE WHEN $3 = 'paid' THEN now() ELSE o.paid_at END
              , ship_by = CASE WHEN $3 = 'paid' AND o.ship_hours IS NOT NULL THEN now() + o.ship_hours * interval '1 hour'
                               ELSE o.ship_by END
              , shipped_at = CASE WHEN $3 = 'shipped' THEN now() ELSE o.shipped_at END
              , completed_at = CASE WHEN $3 = 'completed' THEN now() END
              , cancelled_at = CASE WHEN $3 = 'cancelled' THEN now() END
              , cancel_reason = CASE WHEN $3 = 'cancelled' THEN $5 END
            FROM was WHERE o.merchant_id = was.merchant_id AND o.order_id = was.order_id
            RETURNING o.merchant_id, o.order_id, was.state AS from_state
        )
        INSERT INTO order_history (merchant_id, order_id, step, from_state, to_state, by)
        SELECT m.merchant_id, m.order_id
             , (SELECT coalesce(max(h.step), 0) + 1 FROM order_history h
                WHERE h.merchant_id = m.merchant_id AND h.order_id = m.order_id)
             , m.from_state, $3, $4
        FROM moved m
        RETURNING merchant_id, order_id
        """,
        list(order_ids),
        MACHINE.before(following),
        following,
        by,
        reason,
    )
    return [(row["merchant_id"], row["order_id"]) for row in rows]
