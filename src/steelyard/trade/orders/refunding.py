"""What is noted on orders when money goes back: many of them at once, each once."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.kernel.db import Tx
from steelyard.trade.orders.model import Order, OrderId
from steelyard.trade.orders.queries import ORDER_COLUMNS


class GivenBack(msgspec.Struct, frozen=True, kw_only=True):
    """Of a locked order, what is given back in minor units: `commission` with the `fee_tax` in it, and of `lines` (line,
    quantity, amount)."""

    order: Order
    amount: int
    commission: int
    fee_tax: int
    subsidy: int
    lines: Sequence[tuple[int, int, int]]


async def lock_orders(tx: Tx, refs: Sequence[tuple[UUID, UUID]]) -> dict[OrderId, Order]:
    """Of these (merchant, order), those that are there, held until the transaction ends; locked in the order of their keys."""
    found = await tx.all(
        Order,
        ORDER_COLUMNS
        + """
        FROM orders o JOIN unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, order_id)
            ON (o.merchant_id, o.order_id) = (w.merchant_id, w.order_id)
        ORDER BY o.merchant_id, o.order_id FOR UPDATE OF o
        """,
        [merchant_id for merchant_id, _ in refs],
        [order_id for _, order_id in refs],
    )
    return {order.order_id: order for order in found}


async def record_refunds(tx: Tx, given: Sequence[GivenBack]) -> None:
    """Note on locked orders what is given back of each. The constraints hold the limits."""
    await tx.execute(
        """
        UPDATE orders o
        SET refunded = o.refunded + w.amount, commission_returned = o.commission_returned + w.commission
          , subsidy_returned = o.subsidy_returned + w.subsidy, fee_tax_returned = o.fee_tax_returned + w.fee_tax
        FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
            AS w (merchant_id, order_id, amount, commission, subsidy, fee_tax)
        WHERE (o.merchant_id, o.order_id) = (w.merchant_id, w.order_id)
        """,
        [each.order.merchant_id for each in given],
        [each.order.order_id for each in given],
        [each.amount for each in given],
        [each.commission for each in given],
        [each.subsidy for each in given],
        [each.fee_tax for each in given],
    )
    lines = [(each.order, line) for each in given for line in each.lines]
    await tx.execute(
        """
        UPDATE order_lines l SET refunded_quantity = l.refunded_quantity + w.quantity, refunded = l.refunded + w.amount
        FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::bigint[])
            AS w (merchant_id, order_id, line, quantity, amount)
        WHERE (l.merchant_id, l.order_id, l.line) = (w.merchant_id, w.order_id, w.line)
        """,
        [order.merchant_id for order, _ in lines],
        [order.order_id for order, _ in lines],
        [line for _, (line, _, _) in lines],
        [quantity for _, (_, quantity, _) in lines],
        [amount for _, (_, _, amount) in lines],
    )


async def charge_gifts(tx: Tx, order: Order, charged: Sequence[tuple[int, int]]) -> None:
    """Note on a locked order what was kept back for gifts that are not earned any more: (line, amount)."""
    await tx.execute(
        """
        UPDATE order_lines l SET gift_charged = l.gift_charged + c.amount
        FROM unnest($3::integer[], $4::bigint[]) AS c (line, amount)
        WHERE l.merchant_id = $1 AND l.order_id = $2 AND l.line = c.line
        """,
        order.merchant_id,
        order.order_id,
        [line for line, _ in charged],
        [amount for _, amount in charged],
    )
