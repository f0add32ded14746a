"""How purchases and orders change state: the row and its history in one statement, or nothing."""

from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import TransitionRefused
from steelyard.trade.orders.model import (
    MACHINE,
    PURCHASE_MACHINE,
    Order,
    OrderState,
    Purchase,
    PurchaseId,
    PurchaseState,
)


async def move_purchase(tx: Tx, purchase: Purchase, following: PurchaseState, by: str) -> None:
    """Change a locked purchase. Raises `TransitionRefused`."""
    PURCHASE_MACHINE.check(purchase.state, following)
    await tx.execute(
        """
        WITH moved AS (
            UPDATE purchases SET state = $3 WHERE buyer_id = $1 AND purchase_id = $2 RETURNING buyer_id, purchase_id
        )
        INSERT INTO purchase_history (buyer_id, purchase_id, step, from_state, to_state, by)
        SELECT m.buyer_id, m.purchase_id
             , (SELECT coalesce(max(h.step), 0) + 1 FROM purchase_history h
                WHERE h.buyer_id = m.buyer_id AND h.purchase_id = m.purchase_id)
             , $4, $3, $5
        FROM moved m
        """,
        purchase.buyer_id,
        purchase.purchase_id,
        following,
        purchase.state,
        by,
    )


async def move_order(tx: Tx, order: Order, following: OrderState, by: str, *, reason: str | None = None) -> None:
    """Change a locked order. Raises `TransitionRefused`."""
    MACHINE.check(order.state, following)
    moved = await _move(tx, [order.order_id], following, by, reason)
    assert len(moved) == 1


async def move_orders_of(
    tx: Tx, purchase_id: PurchaseId, following: OrderState, by: str, *, reason: str | None = None
) -> list[tuple[UUID, UUID]]:
    """Change all orders of a locked purchase; returns them as (merchant, order). All of them move or none."""
    rows = await tx.fetch(
        "SELECT order_id FROM orders WHERE purchase_id = $1 ORDER BY merchant_id FOR UPDATE", purchase_id
    )
    moved = await _move(tx, [row["order_id"] for row in rows], following, by, reason)
    if len(moved) != len(rows):
        raise TransitionRefused(machine="order", state="", wanted=str(following))
    return moved


async def _move(
    tx: Tx, order_ids: list[UUID], following: OrderState, by: str, reason: str | None
) -> list[tuple[UUID, UUID]]:
    rows = await tx.fetch(
        """
        WITH was AS (
            SELECT merchant_id, order_id, state FROM orders
            WHERE order_id = ANY($1) AND state = ANY($2) ORDER BY merchant_id, order_id FOR UPDATE
        ), moved AS (
            UPDATE orders o
            SET state = $3
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
        order_ids,
        MACHINE.before(following),
        following,
        by,
        reason,
    )
    return [(row["merchant_id"], row["order_id"]) for row in rows]
