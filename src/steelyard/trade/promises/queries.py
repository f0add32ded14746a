"""Questions about what was paid for broken promises, and for prices that have fallen."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.promises.model import Compensation, Listed, Protected

_COMPENSATION: LiteralString = """
    SELECT c.merchant_id, c.order_id, c.line, c.cause, c.buyer_id, c.rule_id, r.name AS rule, c.basis, c.amount, c.currency
         , c.due_at, c.excuse, c.case_id, c.purse, c.from_deposit, c.document, c.at
         , c.made_good_at
"""


async def compensations_of(read: Read, order_ids: Sequence[UUID]) -> list[Compensation]:
    """What was decided about broken promises of these orders, excused ones too, with the rule that made it."""
    return await read.all(
        Compensation,
        _COMPENSATION
        + """
        FROM compensations c LEFT JOIN rights_rules r USING (rule_id)
        WHERE c.order_id = ANY($1) ORDER BY c.at, c.line
        """,
        list(order_ids),
    )


async def compensations_of_case(read: Read, case_id: UUID) -> list[Compensation]:
    """What was decided in an after-sales case beside its refund, with the rule that made it."""
    return await read.all(
        Compensation,
        _COMPENSATION
        + """
        FROM compensations c LEFT JOIN rights_rules r USING (rule_id)
        WHERE c.case_id = $1 ORDER BY c.at, c.line
        """,
        case_id,
    )


async def listed(
    read: Read, merchant_id: MerchantId | None = None, cursor: str | None = None, limit: int | None = None
) -> Page[Listed]:
    """What shops, or one of them, owed buyers, the newest first."""
    at, document = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Listed,
        _COMPENSATION
        + """
             , o.code, l.title
        FROM compensations c LEFT JOIN rights_rules r USING (rule_id)
        JOIN orders o USING (merchant_id, order_id)
        JOIN order_lines l ON l.merchant_id = c.merchant_id AND l.order_id = c.order_id AND l.line = c.line
        WHERE ($1::uuid IS NULL OR c.merchant_id = $1)
          AND ($2::timestamptz IS NULL OR (c.at, c.document) < ($2, $3::uuid))
        ORDER BY c.at DESC, c.document DESC LIMIT $4
        """,
        merchant_id,
        at,
        document,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.at, last.document))


async def protected_of(read: Read, order_ids: Sequence[UUID]) -> list[Protected]:
    """What went back of these orders since prices had fallen, with the rule that made it."""
    return await read.all(
        Protected,
        """
        SELECT p.merchant_id, p.order_id, p.line, p.refund_id, p.rule_id, r.name AS rule, p.unit_price, p.price, p.pieces
             , p.amount, p.currency, p.at
        FROM price_protections p JOIN rights_rules r USING (rule_id)
        WHERE p.order_id = ANY($1) ORDER BY p.at, p.line
        """,
        list(order_ids),
    )
