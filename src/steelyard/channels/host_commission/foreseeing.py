"""What of commission is still to be earned: of orders that are paid and not complete. It goes when they are, so that a shop's
forecast of payouts is less by it, and a host sees what is to come."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.channels.host_commission.model import Foreseen, OfHost
from steelyard.kernel.db import Read
from steelyard.trade.settlement import Less

SESSIONS_SHOWN_MAX = 100


async def foreseen(read: Read, merchant_id: UUID) -> list[Less]:
    """By the day on which receipt counts as confirmed and currency; no day where it is still to be sent."""
    rows = await read.fetch(
        """
        SELECT CASE o.state WHEN 'shipped' THEN (o.receive_by AT TIME ZONE 'Asia/Shanghai')::date END AS day, c.currency
             , sum(l.amount - l.dropped)::bigint AS amount
        FROM orders o
        JOIN host_commissions c USING (merchant_id, order_id)
        JOIN host_commission_lines l USING (merchant_id, order_id)
        WHERE o.merchant_id = $1 AND o.state = ANY('{held,paid,partly_shipped,shipped}') AND c.earned_at IS NULL
        GROUP BY 1, c.currency
        """,
        merchant_id,
    )
    return [Less(day=row["day"], currency=row["currency"], amount=row["amount"]) for row in rows if row["amount"]]


async def foreseen_of(read: Read, merchant_id: UUID, order_ids: Sequence[UUID]) -> dict[UUID, int]:
    """What of each of these orders will be a host's; of most there is nothing."""
    rows = await read.fetch(
        """
        SELECT c.order_id, sum(l.amount - l.dropped)::bigint AS amount
        FROM host_commissions c JOIN host_commission_lines l USING (merchant_id, order_id)
        WHERE c.merchant_id = $1 AND c.order_id = ANY($2) AND c.earned_at IS NULL GROUP BY c.order_id
        """,
        merchant_id,
        list(order_ids),
    )
    return {row["order_id"]: row["amount"] for row in rows}


async def of_host(read: Read, merchant_id: UUID, host_id: UUID) -> list[Foreseen]:
    """What a host's sales come to, by who is paid for them and currency: to come, and earned; slot fees are not among them."""
    return await read.all(
        Foreseen,
        """
        SELECT l.payee_id, p.name, p.host_id IS NOT DISTINCT FROM $2 AS own, c.currency
             , coalesce(sum(l.amount - l.dropped) FILTER (
                   WHERE c.earned_at IS NULL AND o.state IN ('held', 'paid', 'partly_shipped', 'shipped')), 0)::bigint AS expected
             , coalesce(sum(l.earned - l.given_back), 0)::bigint AS earned
        FROM host_commissions c
        JOIN host_commission_lines l USING (merchant_id, order_id)
        JOIN orders o USING (merchant_id, order_id)
        JOIN host_payees p ON p.merchant_id = l.merchant_id AND p.payee_id = l.payee_id
        WHERE c.merchant_id = $1 AND c.host_id = $2
        GROUP BY l.payee_id, p.name, p.host_id, c.currency ORDER BY own DESC, p.name, l.payee_id, c.currency
        """,
        merchant_id,
        host_id,
    )


async def sessions_of_host(read: Read, merchant_id: UUID, host_id: UUID) -> list[OfHost]:
    """The sessions of a host that came on air, the latest first."""
    return await read.all(
        OfHost,
        """
        SELECT session_id, title, started_at, state FROM live_sessions
        WHERE merchant_id = $1 AND host_id = $2 AND started_at IS NOT NULL
        ORDER BY started_at DESC, session_id DESC LIMIT $3
        """,
        merchant_id,
        host_id,
        SESSIONS_SHOWN_MAX,
    )
