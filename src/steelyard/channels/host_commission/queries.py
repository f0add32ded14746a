"""Questions about payees, agreements, commissions and payments."""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

from steelyard.channels.host_commission.model import (
    Agreement,
    Line,
    Owed,
    Payee,
    Payment,
    SessionSum,
)
from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page

PAYEES_SHOWN_MAX = 200
BALANCES_SHOWN_MAX = 500
PAYMENTS_SHOWN_MAX = 100
COUNTING_SHOWN_MAX = 500
LINES_OF_AN_ORDER_MAX = 500
# Before every first one: a page from the newest on begins after it.
_LAST = UUID(int=2**128 - 1)

_AGREEMENT: LiteralString = """
SELECT a.merchant_id, a.agreement_id, a.payee_id, a.host_id, a.session_id, a.product_id, a.millionths, a.slot_fee, a.currency
     , a.note, a.valid_from, a.valid_to, a.made_at, a.ended_at, p.name AS payee, h.name AS host, s.title AS session
     , g.title AS product
FROM host_agreements a
JOIN host_payees p ON p.merchant_id = a.merchant_id AND p.payee_id = a.payee_id
JOIN room_hosts h ON h.merchant_id = a.merchant_id AND h.host_id = a.host_id
LEFT JOIN live_sessions s ON s.merchant_id = a.merchant_id AND s.session_id = a.session_id
LEFT JOIN products g ON g.merchant_id = a.merchant_id AND g.product_id = a.product_id
"""
_LINE: LiteralString = """
SELECT c.order_id, l.line, o.code, n.title, c.session_id, s.title AS session, h.name AS host, p.name AS payee, l.millionths
     , l.paid, l.amount, l.refunded, l.dropped, l.earned, l.given_back, c.currency, c.placed_at, c.earned_at
FROM host_commissions c
JOIN host_commission_lines l ON l.merchant_id = c.merchant_id AND l.order_id = c.order_id
JOIN orders o ON o.merchant_id = c.merchant_id AND o.order_id = c.order_id
JOIN order_lines n ON n.merchant_id = l.merchant_id AND n.order_id = l.order_id AND n.line = l.line
JOIN live_sessions s ON s.merchant_id = c.merchant_id AND s.session_id = c.session_id
JOIN room_hosts h ON h.merchant_id = c.merchant_id AND h.host_id = c.host_id
JOIN host_payees p ON p.merchant_id = l.merchant_id AND p.payee_id = l.payee_id
"""
_OWED: LiteralString = """
SELECT b.merchant_id, b.payee_id, p.kind, p.name, b.currency, b.earned, b.slots, b.given_back, b.paid, p.account <> '' AS payable
FROM host_balances b JOIN host_payees p USING (merchant_id, payee_id)
"""


async def payees(read: Read, merchant_id: UUID) -> list[Payee]:
    """Who can be paid, the newest first."""
    return await read.all(
        Payee,
        """
        SELECT merchant_id, payee_id, kind, name, host_id, holder, bank, account, made_at FROM host_payees
        WHERE merchant_id = $1 ORDER BY made_at DESC, payee_id DESC LIMIT $2
        """,
        merchant_id,
        PAYEES_SHOWN_MAX,
    )


async def payee(read: Read, merchant_id: UUID, payee_id: UUID) -> Payee | None:
    return await read.one(
        Payee,
        """
        SELECT merchant_id, payee_id, kind, name, host_id, holder, bank, account, made_at FROM host_payees
        WHERE merchant_id = $1 AND payee_id = $2
        """,
        merchant_id,
        payee_id,
    )


async def payee_of_host(read: Read, merchant_id: UUID, host_id: UUID) -> UUID | None:
    """Under which name a host is paid themselves."""
    return await read.value(
        "SELECT payee_id FROM host_payees WHERE merchant_id = $1 AND host_id = $2", merchant_id, host_id
    )


async def agreements(
    read: Read, merchant_id: UUID, cursor: str | None = None, limit: int | None = None
) -> Page[Agreement]:
    """What was agreed upon, the newest first."""
    size = paging.limit(limit)
    (before,) = paging.read_cursor(cursor, UUID) or (_LAST,)
    found = await read.all(
        Agreement,
        _AGREEMENT + "WHERE a.merchant_id = $1 AND a.agreement_id < $2 ORDER BY a.agreement_id DESC LIMIT $3",
        merchant_id,
        before,
        size + 1,
    )
    return paging.cut(found, size, lambda last: (last.agreement_id,))


async def counting(read: Read, merchant_id: UUID, session_id: UUID) -> list[Agreement]:
    """What counts now for a session: of its host, of it or of all, the most specific first."""
    return await read.all(
        Agreement,
        _AGREEMENT
        + """
        JOIN live_sessions l ON l.merchant_id = a.merchant_id AND l.session_id = $2 AND l.host_id = a.host_id
        WHERE a.merchant_id = $1 AND (a.session_id IS NULL OR a.session_id = $2)
          AND a.valid_from <= now() AND (a.valid_to IS NULL OR a.valid_to > now())
        ORDER BY (a.product_id IS NOT NULL) DESC, (a.session_id IS NOT NULL) DESC, a.valid_from DESC, a.agreement_id DESC
        LIMIT $3
        """,
        merchant_id,
        session_id,
        COUNTING_SHOWN_MAX,
    )


async def lines(
    read: Read,
    merchant_id: UUID,
    *,
    session_id: UUID | None = None,
    host_id: UUID | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Line]:
    """The commission of lines of orders, the newest order first; of a session, of a host, or all."""
    size = paging.limit(limit)
    order_id, line = paging.read_cursor(cursor, UUID, int) or (_LAST, 0)
    found = await read.all(
        Line,
        _LINE
        + """
        WHERE c.merchant_id = $1 AND ($2::uuid IS NULL OR c.session_id = $2) AND ($3::uuid IS NULL OR c.host_id = $3)
          AND c.order_id <= $4 AND (c.order_id < $4 OR l.line > $5)
        ORDER BY c.order_id DESC, l.line LIMIT $6
        """,
        merchant_id,
        session_id,
        host_id,
        order_id,
        line,
        size + 1,
    )
    return paging.cut(found, size, lambda last: (last.order_id, last.line))


async def lines_of_order(read: Read, merchant_id: UUID, order_id: UUID) -> list[Line]:
    """The commission of an order, line by line; of most orders there is none."""
    return await read.all(
        Line,
        _LINE + "WHERE c.merchant_id = $1 AND c.order_id = $2 ORDER BY l.line LIMIT $3",
        merchant_id,
        order_id,
        LINES_OF_AN_ORDER_MAX,
    )


async def sums_of_sessions(read: Read, merchant_id: UUID, session_ids: Sequence[UUID]) -> list[SessionSum]:
    """What these sessions cost in commission and slot fees, by currency."""
    return await read.all(
        SessionSum,
        """
        SELECT session_id, currency, coalesce(l.orders, 0)::integer AS orders, coalesce(l.paid, 0)::bigint AS paid
             , coalesce(l.amount, 0)::bigint AS amount, coalesce(l.earned, 0)::bigint AS earned
             , coalesce(l.expected, 0)::bigint AS expected, coalesce(f.slots, 0)::bigint AS slots
        FROM (
            SELECT c.session_id, c.currency, count(DISTINCT c.order_id) AS orders, sum(n.paid) AS paid, sum(n.amount) AS amount
                 , sum(n.earned - n.given_back) AS earned
                 , sum(n.amount - n.dropped) FILTER (
                       WHERE c.earned_at IS NULL AND o.state IN ('held', 'paid', 'partly_shipped', 'shipped')) AS expected
            FROM host_commissions c
            JOIN host_commission_lines n USING (merchant_id, order_id)
            JOIN orders o USING (merchant_id, order_id)
            WHERE c.merchant_id = $1 AND c.session_id = ANY($2) GROUP BY c.session_id, c.currency
        ) AS l
        FULL JOIN (
            SELECT session_id, currency, sum(amount) AS slots FROM host_slots
            WHERE merchant_id = $1 AND session_id = ANY($2) GROUP BY session_id, currency
        ) AS f USING (session_id, currency)
        ORDER BY session_id, currency
        """,
        merchant_id,
        list(session_ids),
    )


async def balances(read: Read, merchant_id: UUID, payee_id: UUID | None = None) -> list[Owed]:
    """How it stands with a shop's hosts and agencies, or with one."""
    return await read.all(
        Owed,
        _OWED
        + """
        WHERE b.merchant_id = $1 AND ($2::uuid IS NULL OR b.payee_id = $2) ORDER BY b.payee_id, b.currency LIMIT $3
        """,
        merchant_id,
        payee_id,
        BALANCES_SHOWN_MAX,
    )


async def to_pay(read: Read, cursor: str | None = None, limit: int | None = None) -> Page[Owed]:
    """All shops' hosts and agencies to whom something is owed."""
    size = paging.limit(limit)
    merchant_id, payee_id, currency = paging.read_cursor(cursor, UUID, UUID, str) or (UUID(int=0), UUID(int=0), "")
    found = await read.all(
        Owed,
        _OWED
        + """
        WHERE b.earned + b.slots - b.given_back > b.paid AND (b.merchant_id, b.payee_id, b.currency) > ($1, $2, $3)
        ORDER BY b.merchant_id, b.payee_id, b.currency LIMIT $4
        """,
        merchant_id,
        payee_id,
        currency,
        size + 1,
    )
    return paging.cut(found, size, lambda last: (last.merchant_id, last.payee_id, last.currency))


async def payments(read: Read, merchant_id: UUID, payee_id: UUID) -> list[Payment]:
    """What a host or agency was paid, the last first."""
    return await read.all(
        Payment,
        """
        SELECT payment_id, payee_id, amount, currency, reference, paid_on, by, at, undone_why, undone_by, undone_at
        FROM host_payments WHERE merchant_id = $1 AND payee_id = $2 ORDER BY at DESC, payment_id DESC LIMIT $3
        """,
        merchant_id,
        payee_id,
        PAYMENTS_SHOWN_MAX,
    )
