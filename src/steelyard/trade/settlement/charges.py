"""What of a statement was which fee: per fee, and order by order."""

from uuid import UUID

import msgspec

from steelyard.kernel.db import Read
from steelyard.kernel.text import Text

ROWS_MAX = 10_000


class FeeSum(msgspec.Struct, frozen=True, kw_only=True):
    """A fee on a statement: what was charged and the tax on it, and what of both refunds gave back. In minor units."""

    fee_id: UUID
    name: Text
    amount: int
    tax: int
    returned: int
    returned_tax: int


class OrderFee(msgspec.Struct, frozen=True, kw_only=True):
    """What an order was charged by one fee on a statement, less what refunds gave back; none: it earned, without a fee."""

    order_id: UUID
    code: str
    name: Text
    amount: int
    tax: int


async def fees_of_statement(read: Read, merchant_id: UUID, statement_id: UUID) -> list[FeeSum]:
    """By fee, what the commission on a statement is made of: of orders that were released, what was frozen at sale less what
    refunds took before; of refunds after that, what they gave back. The sums are those of its entries."""
    return await read.all(
        FeeSum,
        """
        WITH mine AS (
            SELECT order_id, document, kind FROM settlement_entries
            WHERE merchant_id = $1 AND statement_id = $2 AND kind IN ('commission', 'commission_returned')
        ), parts AS (
            SELECT 1 AS sign, jsonb_array_elements(l.fees) AS f
            FROM mine m JOIN order_lines l ON l.merchant_id = $1 AND l.order_id = m.order_id WHERE m.kind = 'commission'
            UNION ALL
            SELECT 1, jsonb_array_elements(o.freight_fees)
            FROM mine m JOIN orders o ON o.merchant_id = $1 AND o.order_id = m.order_id WHERE m.kind = 'commission'
            UNION ALL
            SELECT -1, jsonb_array_elements(r.fees)
            FROM mine m JOIN order_refunds r ON r.merchant_id = $1 AND r.order_id = m.order_id AND NOT r.released
            WHERE m.kind = 'commission'
            UNION ALL
            SELECT 0, jsonb_array_elements(r.fees)
            FROM mine m JOIN order_refunds r ON r.merchant_id = $1 AND r.refund_id = m.document
            WHERE m.kind = 'commission_returned'
        ), sums AS (
            SELECT (f ->> 'fee_id')::uuid AS fee_id
                 , coalesce(sum(sign * (f ->> 'amount')::bigint), 0)::bigint AS amount
                 , coalesce(sum(sign * (f ->> 'tax')::bigint), 0)::bigint AS tax
                 , coalesce(sum((f ->> 'amount')::bigint) FILTER (WHERE sign = 0), 0)::bigint AS returned
                 , coalesce(sum((f ->> 'tax')::bigint) FILTER (WHERE sign = 0), 0)::bigint AS returned_tax
            FROM parts GROUP BY 1
        )
        SELECT fee_id, f.name, s.amount, s.tax, s.returned, s.returned_tax
        FROM sums s JOIN fees f USING (fee_id)
        ORDER BY f.place
        """,
        merchant_id,
        statement_id,
    )


async def fees_by_order(read: Read, merchant_id: UUID, statement_id: UUID) -> list[OrderFee]:
    """The same order by order, for a file: at most `ROWS_MAX` rows."""
    return await read.all(
        OrderFee,
        """
        WITH mine AS (
            SELECT order_id, document, kind FROM settlement_entries
            WHERE merchant_id = $1 AND statement_id = $2 AND kind IN ('commission', 'commission_returned')
        ), parts AS (
            SELECT m.order_id, 1 AS sign, jsonb_array_elements(l.fees) AS f
            FROM mine m JOIN order_lines l ON l.merchant_id = $1 AND l.order_id = m.order_id WHERE m.kind = 'commission'
            UNION ALL
            SELECT m.order_id, 1, jsonb_array_elements(o.freight_fees)
            FROM mine m JOIN orders o ON o.merchant_id = $1 AND o.order_id = m.order_id WHERE m.kind = 'commission'
            UNION ALL
            SELECT m.order_id, -1, jsonb_array_elements(r.fees)
            FROM mine m JOIN order_refunds r ON r.merchant_id = $1 AND r.order_id = m.order_id AND NOT r.released
            WHERE m.kind = 'commission'
            UNION ALL
            SELECT m.order_id, -1, jsonb_array_elements(r.fees)
            FROM mine m JOIN order_refunds r ON r.merchant_id = $1 AND r.refund_id = m.document
            WHERE m.kind = 'commission_returned'
        ), sums AS (
            SELECT order_id, (f ->> 'fee_id')::uuid AS fee_id, sum(sign * (f ->> 'amount')::bigint)::bigint AS amount
                 , coalesce(sum(sign * (f ->> 'tax')::bigint), 0)::bigint AS tax
            FROM parts GROUP BY 1, 2
        )
        SELECT s.order_id, o.code, f.name, s.amount, s.tax
        FROM sums s JOIN fees f USING (fee_id) JOIN orders o ON o.merchant_id = $1 AND o.order_id = s.order_id
        ORDER BY o.placed_at, o.code, f.place LIMIT $3
        """,
        merchant_id,
        statement_id,
        ROWS_MAX,
    )
