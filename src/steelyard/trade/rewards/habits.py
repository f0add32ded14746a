"""Points for what buyers do beside buying: opening an account, checking in, telling others what they think.

Each is given once: for an account, a day, a review. How many is a policy of the platform, which bears them.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.money import wallets
from steelyard.money.wallets import Cause, Move, Purse
from steelyard.parties import operator, policies
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies.model import POINTS_CHECK_IN, POINTS_REVIEW, POINTS_WELCOME, Policy
from steelyard.trade.rewards.service import good_until


class CheckIn(msgspec.Struct, frozen=True, kw_only=True):
    """What checking in brings, and whether today's is had already."""

    points: int
    done: bool


async def welcome(tx: Tx, buyer_id: BuyerId) -> int:
    """Points for the account that this buyer has just opened; returns how many."""
    return await _give(tx, buyer_id, POINTS_WELCOME, Cause.WELCOMED, [buyer_id])


async def check_in(tx: Tx, buyer_id: BuyerId) -> int:
    """Today's points; returns how many, none when they were had already. Raises `NotFound` where there are none to have."""
    if not await policies.number(tx, POINTS_CHECK_IN):
        raise NotFound()
    return await _give(tx, buyer_id, POINTS_CHECK_IN, Cause.CHECKED_IN, [await _today(tx, buyer_id)])


async def to_check_in(read: Read, buyer_id: BuyerId) -> CheckIn | None:
    """What checking in would bring now; none where nobody checks in."""
    points = await policies.number(read, POINTS_CHECK_IN)
    if not points:
        return None
    done = await wallets.moved(read, buyer_id, Purse.POINTS, Cause.CHECKED_IN, await _today(read, buyer_id))
    return CheckIn(points=points, done=done)


async def for_reviews(tx: Tx, buyer_id: BuyerId, order_id: UUID, review_ids: Sequence[UUID]) -> int:
    """Points for reviews that this buyer has written about an order; who has no account gets none."""
    has_account = await tx.value("SELECT NOT guest FROM buyers WHERE buyer_id = $1", buyer_id)
    return await _give(tx, buyer_id, POINTS_REVIEW, Cause.REVIEWED, review_ids, order_id) if has_account else 0


async def _give(
    tx: Tx, buyer_id: BuyerId, policy: Policy, cause: Cause, documents: Sequence[UUID], about: UUID | None = None
) -> int:
    points = await policies.number(tx, policy)
    house = await operator.profile(tx) if points and documents else None
    if house is None:
        return 0
    expires_at = await good_until(tx)
    given = await wallets.move(
        tx,
        [
            Move(
                buyer_id=buyer_id,
                purse=Purse.POINTS,
                currency=house.currency,
                amount=points,
                cause=cause,
                document=document,
                about=about,
                expires_at=expires_at,
            )
            for document in documents
        ],
    )
    return points * sum(given)


async def _today(read: Read, buyer_id: BuyerId) -> UUID:
    """What stands for this buyer's checking in of today."""
    today: date = await read.value("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date")
    return ids.derived(buyer_id, "check in", today.isoformat())
