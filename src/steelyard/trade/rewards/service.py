"""Commands on rewards. What an order is rewarded for is what was paid of it with money and has not been given back."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.money import wallets
from steelyard.money.wallets import Cause, Move, Purse
from steelyard.parties import policies
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies.model import POINTS_EARNED, POINTS_MONTHS

DAYS_PER_MONTH = 30

# Whose, and which order.
Key = tuple[UUID, UUID]


class _Paid(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    order_id: UUID
    buyer_id: BuyerId
    currency: str
    money: int


class _Reward(_Paid, frozen=True, kw_only=True):
    refund_id: UUID
    per_hundred: int
    earned: int
    taken_back: int


async def reward(tx: Tx, received: Sequence[Key]) -> None:
    """These orders are received: their buyers earn points, those who have an account. An order is rewarded once."""
    per_hundred = await policies.number(tx, POINTS_EARNED)
    if not per_hundred:
        return
    paid = await tx.all(
        _Paid,
        """
        SELECT o.merchant_id, o.order_id, o.buyer_id, o.currency
             , (o.total - o.refunded - coalesce((
                    SELECT sum(s.captured - s.refunding - s.refunded) FROM payment_splits s
                    WHERE s.merchant_id = o.merchant_id AND s.order_id = o.order_id AND s.channel = 'points'), 0))::bigint
               AS money
        FROM unnest($1::uuid[], $2::uuid[]) AS r (merchant_id, order_id)
        JOIN orders o USING (merchant_id, order_id) JOIN buyers b ON b.buyer_id = o.buyer_id AND NOT b.guest
        ORDER BY o.merchant_id, o.order_id
        """,
        [merchant_id for merchant_id, _ in received],
        [order_id for _, order_id in received],
    )
    earned = [(each, wallets.earned_on(each.money, per_hundred)) for each in paid]
    earned = [(each, points) for each, points in earned if points]
    rows = await tx.fetch(
        """
        INSERT INTO order_rewards (merchant_id, order_id, buyer_id, currency, per_hundred, earned)
        SELECT merchant_id, order_id, buyer_id, currency, $5, earned
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $6::bigint[])
            AS n (merchant_id, order_id, buyer_id, currency, earned)
        ON CONFLICT (merchant_id, order_id) DO NOTHING
        RETURNING order_id
        """,
        [each.merchant_id for each, _ in earned],
        [each.order_id for each, _ in earned],
        [each.buyer_id for each, _ in earned],
        [each.currency for each, _ in earned],
        per_hundred,
        [points for _, points in earned],
    )
    fresh = {row["order_id"] for row in rows}
    expires_at = await good_until(tx)
    await wallets.move(
        tx,
        [
            Move(
                buyer_id=each.buyer_id,
                purse=Purse.POINTS,
                currency=each.currency,
                amount=points,
                cause=Cause.EARNED,
                document=each.order_id,
                about=each.order_id,
                expires_at=expires_at,
            )
            for each, points in earned
            if each.order_id in fresh
        ],
    )


async def good_until(read: Read) -> datetime:
    """When points that are given now expire."""
    return datetime.now(UTC) + timedelta(days=DAYS_PER_MONTH * await policies.number(read, POINTS_MONTHS))


async def take_back(tx: Tx, refunds: Sequence[tuple[UUID, UUID, UUID]]) -> None:
    """Money of these orders (merchant, order, refund) went back: what they would not have earned without it is taken back,
    as far as their buyers still have it. Orders that earned nothing yet are left alone: what they earn is less then."""
    found = await tx.all(
        _Reward,
        """
        SELECT r.merchant_id, r.order_id, r.buyer_id, r.currency, n.refund_id, r.per_hundred, r.earned, r.taken_back
             , (o.total - o.refunded - coalesce((
                    SELECT sum(s.captured - s.refunding - s.refunded) FROM payment_splits s
                    WHERE s.merchant_id = o.merchant_id AND s.order_id = o.order_id AND s.channel = 'points'), 0))::bigint
               AS money
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS n (merchant_id, order_id, refund_id)
        JOIN order_rewards r USING (merchant_id, order_id) JOIN orders o USING (merchant_id, order_id)
        ORDER BY r.merchant_id, r.order_id, n.refund_id
        FOR UPDATE OF r
        """,
        [merchant_id for merchant_id, _, _ in refunds],
        [order_id for _, order_id, _ in refunds],
        [refund_id for _, _, refund_id in refunds],
    )
    # Of several refunds of one order the first takes back for all: the order tells what is left after all of them.
    latest = list({(each.merchant_id, each.order_id): each for each in found}.values())
    keys = sorted({(each.buyer_id, Purse.POINTS, each.currency) for each in latest})
    left = await wallets.lock(tx, keys) if keys else {}
    taken: list[tuple[_Reward, int]] = []
    for each in latest:
        key = (each.buyer_id, Purse.POINTS, each.currency)
        kept = wallets.earned_on(each.money, each.per_hundred)
        amount = min(each.earned - each.taken_back - kept, left.get(key, 0))
        if amount > 0:
            left[key] -= amount
            taken.append((each, amount))
    await wallets.move(tx, [_taken(each, amount) for each, amount in taken])
    await tx.execute(
        """
        UPDATE order_rewards r SET taken_back = r.taken_back + t.amount
        FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS t (merchant_id, order_id, amount)
        WHERE r.merchant_id = t.merchant_id AND r.order_id = t.order_id
        """,
        [each.merchant_id for each, _ in taken],
        [each.order_id for each, _ in taken],
        [amount for _, amount in taken],
    )


def _taken(each: _Reward, amount: int) -> Move:
    return Move(
        buyer_id=each.buyer_id,
        purse=Purse.POINTS,
        currency=each.currency,
        amount=-amount,
        cause=Cause.TAKEN_BACK,
        document=each.refund_id,
        about=each.order_id,
    )
