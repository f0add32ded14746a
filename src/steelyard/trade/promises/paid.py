"""What shops have paid to buyers because a promise was not kept or a price had fallen: one list of all kinds, and its sums."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import LiteralString
from uuid import UUID

import msgspec

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.kernel.text import Text
from steelyard.money.wallets import Purse
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.orders.model import OrderId
from steelyard.trade.rights.model import RuleId


class Kind(StrEnum):
    """Those of a compensation, and what fell in price."""

    LATE = "late"
    COUNTERFEIT = "counterfeit"
    RETURN_FREIGHT = "return_freight"
    PRICE_PROTECTION = "price_protection"


class PaidWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which of them: paid from `since` and before `until`, of these shops (none: of all), of one kind."""

    since: datetime
    until: datetime
    merchant_ids: Sequence[UUID] | None = None
    kind: Kind | None = None


class Paid(msgspec.Struct, frozen=True, kw_only=True):
    """By which rule a line was paid for. `purse`: where the buyer has it; none: it went back as the order was paid."""

    merchant_id: MerchantId
    order_id: OrderId
    code: str
    line: int
    title: Text
    buyer_id: BuyerId
    buyer: str
    kind: Kind
    rule_id: RuleId
    rule: Text
    amount: int
    currency: str
    purse: Purse | None
    from_deposit: int
    case_id: UUID | None
    document: UUID
    at: datetime


class PaidSum(msgspec.Struct, frozen=True, kw_only=True):
    kind: Kind
    currency: str
    count: int
    amount: int


_COMPENSATED: LiteralString = """
SELECT merchant_id, order_id, line, cause AS kind, rule_id, amount, currency, purse, from_deposit, case_id, document, at
FROM compensations
WHERE amount > 0 AND at >= $1 AND at < $2 AND ($3::uuid[] IS NULL OR merchant_id = ANY($3))
  AND ($4::text IS NULL OR cause = $4)
"""
_PROTECTED: LiteralString = """
SELECT merchant_id, order_id, line, 'price_protection', rule_id, amount, currency, NULL::text, 0::bigint, NULL::uuid
     , refund_id AS document, at
FROM price_protections
WHERE at >= $1 AND at < $2 AND ($3::uuid[] IS NULL OR merchant_id = ANY($3))
  AND ($4::text IS NULL OR $4 = 'price_protection')
"""


async def paid(read: Read, wanted: PaidWanted, cursor: str | None = None, limit: int | None = None) -> Page[Paid]:
    """What was paid, the newest first."""
    at, document = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Paid,
        "SELECT e.*, o.code, o.buyer_id, coalesce(o.contact ->> 'name', '') AS buyer, l.title, r.name AS rule FROM (("  # noqa: S608  # literals of ours
        + _COMPENSATED
        + """
          AND ($5::timestamptz IS NULL OR (at, document) < ($5, $6::uuid)) ORDER BY at DESC, document DESC LIMIT $7)
        UNION ALL ("""
        + _PROTECTED
        + """
          AND ($5::timestamptz IS NULL OR (at, refund_id) < ($5, $6::uuid)) ORDER BY at DESC, refund_id DESC LIMIT $7)) e
        JOIN orders o USING (merchant_id, order_id)
        JOIN order_lines l USING (merchant_id, order_id, line)
        JOIN rights_rules r USING (rule_id)
        ORDER BY e.at DESC, e.document DESC LIMIT $7
        """,
        wanted.since,
        wanted.until,
        None if wanted.merchant_ids is None else list(wanted.merchant_ids),
        wanted.kind,
        at,
        document,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.at, last.document))


async def paid_sums(read: Read, wanted: PaidWanted) -> list[PaidSum]:
    """What it comes to, by kind and currency."""
    return await read.all(
        PaidSum,
        "SELECT kind, currency, count(*)::integer AS count, sum(amount)::bigint AS amount FROM (("  # noqa: S608  # ours
        + _COMPENSATED
        + ") UNION ALL ("
        + _PROTECTED
        + ")) e GROUP BY kind, currency ORDER BY currency, kind",
        wanted.since,
        wanted.until,
        None if wanted.merchant_ids is None else list(wanted.merchant_ids),
        wanted.kind,
    )
