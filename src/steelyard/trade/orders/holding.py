"""Paid orders that are held, since something has to come about before they are sent: the team that they are in, or somebody's
look at them, or a bank's word on their money; and unpaid purchases whose money takes longer."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.logistics import fulfilment
from steelyard.logistics.fulfilment.model import Instruction
from steelyard.trade.orders import states
from steelyard.trade.orders.events import OrderLetGo
from steelyard.trade.orders.model import OrderState, Purchase, PurchaseState


async def hold_back(tx: Tx, order_ids: Sequence[UUID], by: str, *, begun: bool = False) -> list[UUID]:
    """These paid orders are not sent before they are let go; returns those that are held now. What has begun to leave the house
    is past holding; so is what is packed or was given back in part, unless it is to be held when it has `begun`, too."""
    rows = await tx.fetch(
        """
        SELECT merchant_id, order_id FROM orders
        WHERE order_id = ANY($1) AND state = 'paid' AND ($2 OR refunded = 0 AND packing_at IS NULL)
        ORDER BY merchant_id, order_id FOR UPDATE
        """,
        list(order_ids),
        begun,
    )
    held = await fulfilment.call_off(tx, [(row["merchant_id"], row["order_id"]) for row in rows])
    if held:
        await states.move_orders(tx, held, OrderState.HELD, by)
    return held


async def let_go(tx: Tx, order_ids: Sequence[UUID], by: str) -> None:
    """What these orders waited for has come about: they are paid orders like others, and the merchants are asked to send
    them. Those that are not held, or not any more, stay what they are."""
    held = await tx.fetch(
        """
        SELECT merchant_id, order_id, purchase_id, buyer_id FROM orders WHERE order_id = ANY($1) AND state = 'held'
        ORDER BY merchant_id, order_id FOR UPDATE
        """,
        list(order_ids),
    )
    if not held:
        return
    await states.move_orders(tx, [row["order_id"] for row in held], OrderState.PAID, by)
    lines = await tx.all(
        Instruction,
        """
        SELECT l.merchant_id, l.order_id, l.line, l.sku_id, l.quantity, l.ship_hours, b.ships_by AS ship_by
             , l.refunded_quantity AS withdrawn
        FROM order_lines l LEFT JOIN presale_bookings b USING (merchant_id, order_id)
        WHERE l.order_id = ANY($1)
        """,
        [row["order_id"] for row in held],
    )
    await fulfilment.instruct(tx, lines)
    await events.publish(
        tx,
        *(
            OrderLetGo(
                merchant_id=row["merchant_id"],
                order_id=row["order_id"],
                purchase_id=row["purchase_id"],
                buyer_id=row["buyer_id"],
            )
            for row in held
        ),
    )


async def wait_for_payment(tx: Tx, purchase: Purchase, until: datetime) -> Purchase:
    """A locked purchase that is not paid waits until then, with its goods reserved, if that is later than it would."""
    assert purchase.state is PurchaseState.PLACED
    if until <= purchase.pay_by:
        return purchase
    await tx.execute(
        "UPDATE purchases SET pay_by = $3 WHERE buyer_id = $1 AND purchase_id = $2",
        purchase.buyer_id,
        purchase.purchase_id,
        until,
    )
    return msgspec.structs.replace(purchase, pay_by=until)
