"""Points that nobody spent in time: the oldest go first.

What came in with a time to expire is spent in the order of those times, whatever is spent. So of what was to expire by
now, all that went out since the beginning is gone already, and the rest expires. What was spent and comes back (a purchase
that was not paid, a refund) is as old as it was.
"""

from datetime import datetime

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.money.wallets.model import Cause, Move, Purse
from steelyard.money.wallets.service import move
from steelyard.parties.customers.model import BuyerId

PURSES_PER_SWEEP = 100


class _Due(msgspec.Struct, frozen=True, kw_only=True):
    buyer_id: BuyerId
    purse: Purse
    currency: str
    amount: int
    over: int
    gone: int
    next_at: datetime | None


async def expire(tx: Tx) -> int:
    """Take what is too old out of purses; returns how many were looked at."""
    due = await tx.all(
        _Due,
        """
        WITH due AS (
            SELECT buyer_id, purse, currency, amount FROM purses
            WHERE check_at <= now() ORDER BY check_at LIMIT $1 FOR UPDATE SKIP LOCKED
        )
        SELECT d.buyer_id, d.purse, d.currency, d.amount
             , coalesce(sum(l.amount) FILTER (WHERE l.expires_at <= now()), 0)::bigint AS over
             , coalesce(-sum(l.amount) FILTER (WHERE l.expires_at IS NULL), 0)::bigint AS gone
             , min(l.expires_at) FILTER (WHERE l.expires_at > now()) AS next_at
        FROM due d JOIN purse_lines l USING (buyer_id, purse, currency)
        GROUP BY d.buyer_id, d.purse, d.currency, d.amount
        ORDER BY d.buyer_id, d.purse, d.currency
        """,
        PURSES_PER_SWEEP,
    )
    if not due:
        return 0
    await move(tx, [_expired(each) for each in due if _too_old(each) > 0])
    await tx.execute(
        """
        UPDATE purses p SET check_at = d.next_at
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) AS d (buyer_id, purse, currency, next_at)
        WHERE (p.buyer_id, p.purse, p.currency) = (d.buyer_id, d.purse, d.currency)
        """,
        [each.buyer_id for each in due],
        [each.purse for each in due],
        [each.currency for each in due],
        [each.next_at for each in due],
    )
    return len(due)


def _too_old(due: _Due) -> int:
    """Lines without a time to expire are what was spent, came back, or expired before."""
    return min(due.amount, due.over - due.gone)


def _expired(due: _Due) -> Move:
    return Move(
        buyer_id=due.buyer_id,
        purse=due.purse,
        currency=due.currency,
        amount=-_too_old(due),
        cause=Cause.EXPIRED,
        document=ids.mint(),
    )
