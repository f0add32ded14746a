"""Questions about chargebacks."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import LiteralString
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.chargebacks.model import (
    Chargeback,
    ChargebackId,
    ChargebackState,
    EvidenceFile,
    MonthRate,
    Part,
    Step,
)

PARTS_MAX = 500
MONTHS = 12
# Where a letter names no day.
NEVER = datetime(2999, 1, 1, tzinfo=UTC)

_CHARGEBACK: LiteralString = """
    SELECT buyer_id, chargeback_id, code, payment_id, purchase_id, channel, reference, amount, currency, fee, excess, reason
         , state, opened_at, opened_by, note, due_at, shop_due_at, answer, facts, words, failure, submitted_at, ended_at
"""
_PART: LiteralString = """
    SELECT merchant_id, chargeback_id, order_id, code, amount, currency, reason, state, opened_at, shop_due_at, round, frozen
         , bearer, bearer_why, refund_id, made_good, fee, words, answered_at, answered_by, held, sent_anyway_at
         , sent_anyway_by, sent_anyway_why
"""


async def chargeback(read: Read, chargeback_id: ChargebackId) -> Chargeback | None:
    return await read.one(Chargeback, _CHARGEBACK + "FROM chargebacks WHERE chargeback_id = $1", chargeback_id)


async def of_purchase(read: Read, purchase_id: UUID) -> list[Chargeback]:
    """The chargebacks of a purchase, the first first."""
    return await read.all(
        Chargeback,
        _CHARGEBACK + "FROM chargebacks WHERE purchase_id = $1 ORDER BY opened_at, chargeback_id LIMIT $2",
        purchase_id,
        PARTS_MAX,
    )


async def parts_of(read: Read, chargeback_ids: Sequence[ChargebackId]) -> list[Part]:
    """The parts of these chargebacks, in the order of their keys."""
    return await read.all(
        Part,
        _PART
        + "FROM chargeback_parts WHERE chargeback_id = ANY($1) ORDER BY chargeback_id, merchant_id, order_id LIMIT $2",
        list(chargeback_ids),
        PARTS_MAX,
    )


async def parts_of_orders(read: Read, order_ids: Sequence[UUID]) -> list[Part]:
    """What of these orders is or was charged back, the newest first."""
    return await read.all(
        Part,
        _PART + "FROM chargeback_parts WHERE order_id = ANY($1) ORDER BY opened_at DESC, chargeback_id DESC LIMIT $2",
        list(order_ids),
        PARTS_MAX,
    )


async def part(read: Read, merchant_id: MerchantId, chargeback_id: ChargebackId, order_id: UUID) -> Part | None:
    """One merchant's part; another's is not there."""
    return await read.one(
        Part,
        _PART + "FROM chargeback_parts WHERE merchant_id = $1 AND chargeback_id = $2 AND order_id = $3",
        merchant_id,
        chargeback_id,
        order_id,
    )


async def parts_page(
    read: Read,
    merchant_id: MerchantId,
    states: Sequence[ChargebackState] = (),
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Part]:
    """A merchant's parts, the newest first."""
    at, chargeback_id = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Part,
        _PART
        + """
        FROM chargeback_parts
        WHERE merchant_id = $1 AND (cardinality($2::text[]) = 0 OR state = ANY($2))
          AND ($3::timestamptz IS NULL OR (opened_at, chargeback_id) < ($3, $4::uuid))
        ORDER BY opened_at DESC, chargeback_id DESC LIMIT $5
        """,
        merchant_id,
        list(states),
        at,
        chargeback_id,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.opened_at, last.chargeback_id))


async def to_answer_count(read: Read, merchant_id: MerchantId, most: int) -> int:
    """How many a shop can still hand something in for and has not, counted up to `most`."""
    return await read.value(
        """
        SELECT count(*)::integer FROM (
            SELECT FROM chargeback_parts
            WHERE merchant_id = $1 AND answered_at IS NULL AND state IN ('inquiry', 'evidence_due')
              AND (shop_due_at IS NULL OR shop_due_at > now()) LIMIT $2
        ) AS waiting
        """,
        merchant_id,
        most,
    )


async def page(
    read: Read, states: Sequence[ChargebackState] = (), cursor: str | None = None, limit: int | None = None
) -> Page[Chargeback]:
    """Everybody's chargebacks, the newest first. For the operator."""
    at, chargeback_id = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Chargeback,
        _CHARGEBACK
        + """
        FROM chargebacks
        WHERE (cardinality($1::text[]) = 0 OR state = ANY($1))
          AND ($2::timestamptz IS NULL OR (opened_at, chargeback_id) < ($2, $3::uuid))
        ORDER BY opened_at DESC, chargeback_id DESC LIMIT $4
        """,
        list(states),
        at,
        chargeback_id,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.opened_at, last.chargeback_id))


async def waiting_page(read: Read, cursor: str | None = None, limit: int | None = None) -> Page[Chargeback]:
    """What staff are to answer, the first due first."""
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Chargeback,
        _CHARGEBACK
        + """
        FROM chargebacks
        WHERE ended_at IS NULL AND state IN ('inquiry', 'evidence_due')
          AND ($1::timestamptz IS NULL OR (coalesce(due_at, $4), chargeback_id) > ($1, $2::uuid))
        ORDER BY coalesce(due_at, $4), chargeback_id LIMIT $3
        """,
        *key,
        most + 1,
        NEVER,
    )
    return paging.cut(found, most, lambda last: (last.due_at or NEVER, last.chargeback_id))


async def files_of(read: Read, chargeback_id: ChargebackId, order_id: UUID | None = None) -> list[EvidenceFile]:
    """What shops have handed in for a chargeback, or one shop for its order."""
    return await read.all(
        EvidenceFile,
        """
        SELECT merchant_id, file_id, chargeback_id, order_id, file, name, bytes, by, at FROM chargeback_files
        WHERE chargeback_id = $1 AND ($2::uuid IS NULL OR order_id = $2) ORDER BY order_id, at, file_id LIMIT $3
        """,
        chargeback_id,
        order_id,
        PARTS_MAX,
    )


async def timeline(read: Read, chargeback_id: ChargebackId) -> list[Step]:
    """Every change of its state, the first first."""
    return await read.all(
        Step,
        "SELECT from_state, to_state, at, by FROM chargeback_history WHERE chargeback_id = $1 ORDER BY step",
        chargeback_id,
    )


async def rates(read: Read, merchant_id: MerchantId | None = None) -> list[MonthRate]:
    """Month by month of the last twelve: orders paid, of them charged back since, and lost. Of a shop, or of all."""
    return await read.all(
        MonthRate,
        """
        SELECT m.month::date AS month, count(o.order_id)::integer AS orders
             , count(c.order_id)::integer AS chargebacks, count(c.order_id) FILTER (WHERE c.lost)::integer AS lost
        FROM generate_series(date_trunc('month', now() AT TIME ZONE 'Asia/Shanghai') - ($2 - 1) * interval '1 month'
                           , date_trunc('month', now() AT TIME ZONE 'Asia/Shanghai'), interval '1 month') AS m (month)
        LEFT JOIN orders o ON o.paid_at >= m.month AT TIME ZONE 'Asia/Shanghai'
            AND o.paid_at < (m.month + interval '1 month') AT TIME ZONE 'Asia/Shanghai'
            AND ($1::uuid IS NULL OR o.merchant_id = $1)
        LEFT JOIN (SELECT order_id, bool_or(state IN ('lost', 'accepted', 'expired')) AS lost
                   FROM chargeback_parts WHERE state NOT IN ('inquiry', 'closed') AND ($1::uuid IS NULL OR merchant_id = $1)
                   GROUP BY order_id) c USING (order_id)
        GROUP BY m.month ORDER BY m.month
        """,
        merchant_id,
        MONTHS,
    )
