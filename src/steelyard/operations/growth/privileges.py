"""What levels bring that is given and not only shown: points beside the usual ones, and a coupon for the birthday."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from uuid import UUID

import msgspec

from steelyard.goods import promotions
from steelyard.goods.promotions.model import PLATFORM
from steelyard.kernel.db import Tx
from steelyard.kernel.money import share
from steelyard.money import wallets
from steelyard.money.wallets import Cause, Move, Purse
from steelyard.operations.growth import rewarding
from steelyard.operations.growth.model import MEMBERS_PER_LOOK_MAX
from steelyard.parties import policies
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies.model import POINTS_EARNED
from steelyard.trade import rewards

# Points for ten thousand minor units, as parts per million.
_MILLIONTHS = 100
# The 28th and the 29th of February are closer than a year.
BIRTHDAYS_APART_DAYS = 350


class _Paid(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    order_id: UUID
    buyer_id: BuyerId
    currency: str
    money: int
    per_hundred: int


class _Bonus(_Paid, frozen=True, kw_only=True):
    refund_id: UUID
    earned: int
    taken_back: int


async def add_points(tx: Tx, received: Sequence[tuple[UUID, UUID]]) -> None:
    """These orders are received: whose buyer has a level of the platform that brings more points has them. Said twice, nothing
    changes."""
    usual = await policies.number(tx, POINTS_EARNED)
    if not usual:
        return
    paid = await tx.all(
        _Paid,
        """
        SELECT o.merchant_id, o.order_id, m.buyer_id, o.currency, ($4 * l.points_extra)::integer AS per_hundred
             , (o.total - o.refunded - coalesce((
                    SELECT sum(s.captured - s.refunding - s.refunded) FROM payment_splits s
                    WHERE s.merchant_id = o.merchant_id AND s.order_id = o.order_id AND s.channel = 'points'), 0))::bigint
               AS money
        FROM unnest($1::uuid[], $2::uuid[]) AS r (merchant_id, order_id)
        JOIN orders o USING (merchant_id, order_id)
        LEFT JOIN visitor_merges v ON v.visitor_id = o.buyer_id
        JOIN growth_programmes p ON p.merchant_id = $3 AND p.currency = o.currency AND p.closed_at IS NULL
        JOIN growth_members m ON m.merchant_id = $3 AND m.buyer_id = coalesce(v.buyer_id, o.buyer_id)
        JOIN growth_levels l ON l.merchant_id = $3 AND l.rank = m.rank AND l.points_extra > 0
        ORDER BY o.merchant_id, o.order_id
        """,
        [merchant_id for merchant_id, _ in received],
        [order_id for _, order_id in received],
        PLATFORM,
        usual,
    )
    earned = [(each, _points(each)) for each in paid]
    earned = [(each, points) for each, points in earned if points > 0]
    if not earned:
        return
    rows = await tx.fetch(
        """
        INSERT INTO level_bonuses (merchant_id, order_id, buyer_id, currency, per_hundred, earned)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::integer[], $6::bigint[])
        ON CONFLICT (merchant_id, order_id) DO NOTHING RETURNING order_id
        """,
        [each.merchant_id for each, _ in earned],
        [each.order_id for each, _ in earned],
        [each.buyer_id for each, _ in earned],
        [each.currency for each, _ in earned],
        [each.per_hundred for each, _ in earned],
        [points for _, points in earned],
    )
    fresh = {row["order_id"] for row in rows}
    expires_at = await rewards.good_until(tx)
    moves = [
        Move(
            buyer_id=each.buyer_id, purse=Purse.POINTS, currency=each.currency, amount=points, cause=Cause.LEVEL,
            document=each.order_id, about=each.order_id, expires_at=expires_at,
        )
        for each, points in earned
        if each.order_id in fresh
    ]  # fmt: skip
    await wallets.move(tx, moves)


def _points(each: _Paid) -> int:
    return share(max(0, each.money), each.per_hundred * _MILLIONTHS)


async def take_points_back(tx: Tx, refunds: Sequence[tuple[UUID, UUID, UUID]]) -> None:
    """Money of these orders (merchant, order, refund) went back: with it what they would not have earned without it, as far as
    their buyers still have it."""
    found = await tx.all(
        _Bonus,
        """
        SELECT r.merchant_id, r.order_id, r.buyer_id, r.currency, n.refund_id, r.per_hundred, r.earned, r.taken_back
             , (o.total - o.refunded - coalesce((
                    SELECT sum(s.captured - s.refunding - s.refunded) FROM payment_splits s
                    WHERE s.merchant_id = o.merchant_id AND s.order_id = o.order_id AND s.channel = 'points'), 0))::bigint
               AS money
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS n (merchant_id, order_id, refund_id)
        JOIN level_bonuses r USING (merchant_id, order_id) JOIN orders o USING (merchant_id, order_id)
        ORDER BY r.merchant_id, r.order_id, n.refund_id FOR UPDATE OF r
        """,
        [merchant_id for merchant_id, _, _ in refunds],
        [order_id for _, order_id, _ in refunds],
        [refund_id for _, _, refund_id in refunds],
    )
    latest = list({(each.merchant_id, each.order_id): each for each in found}.values())
    keys = sorted({(each.buyer_id, Purse.POINTS, each.currency) for each in latest})
    left = await wallets.lock(tx, keys) if keys else {}
    taken: list[tuple[_Bonus, int]] = []
    for each in latest:
        key = (each.buyer_id, Purse.POINTS, each.currency)
        amount = min(each.earned - each.taken_back - _points(each), left.get(key, 0))
        if amount > 0:
            left[key] -= amount
            taken.append((each, amount))
    moves = [
        Move(
            buyer_id=each.buyer_id, purse=Purse.POINTS, currency=each.currency, amount=-amount, cause=Cause.UNDONE,
            document=each.refund_id, about=each.order_id,
        )
        for each, amount in taken
    ]  # fmt: skip
    await wallets.move(tx, moves)
    await tx.execute(
        """
        UPDATE level_bonuses r SET taken_back = r.taken_back + t.amount
        FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS t (merchant_id, order_id, amount)
        WHERE r.merchant_id = t.merchant_id AND r.order_id = t.order_id
        """,
        [each.merchant_id for each, _ in taken],
        [each.order_id for each, _ in taken],
        [amount for _, amount in taken],
    )


async def give_birthday_coupons(tx: Tx, today: date) -> int:
    """Members whose birthday is today, as their profile says, and whose level brings a coupon for it, have it; whoever changes
    the day has no other within `BIRTHDAYS_APART_DAYS`. Who was born on the last day of February has it on the 28th in other
    years. Returns how many birthdays that were."""
    rows = await tx.fetch(
        """
        INSERT INTO birthday_gifts (merchant_id, buyer_id, year, promotion_id, given)
        SELECT m.merchant_id, m.buyer_id, $1, l.birthday_coupon, false
        FROM buyers b JOIN growth_members m USING (buyer_id)
        JOIN growth_programmes p ON p.merchant_id = m.merchant_id AND p.closed_at IS NULL
        JOIN growth_levels l ON l.merchant_id = m.merchant_id AND l.rank = m.rank AND l.birthday_coupon IS NOT NULL
        WHERE b.birthday = ANY($2)
          AND NOT EXISTS (SELECT FROM birthday_gifts g WHERE g.merchant_id = m.merchant_id AND g.buyer_id = m.buyer_id
                            AND g.at > $3::date - $4::integer)
        ORDER BY m.merchant_id, m.buyer_id LIMIT $5
        ON CONFLICT (merchant_id, buyer_id, year) DO NOTHING
        RETURNING merchant_id, buyer_id, promotion_id
        """,
        today.year,
        _birthdays(today),
        today,
        BIRTHDAYS_APART_DAYS,
        MEMBERS_PER_LOOK_MAX,
    )
    wanted: dict[tuple[UUID, UUID], list[UUID]] = {}
    for row in rows:
        wanted.setdefault((row["merchant_id"], row["promotion_id"]), []).append(row["buyer_id"])
    for (merchant_id, promotion_id), buyers in sorted(wanted.items()):
        given = await promotions.hand_out(tx, merchant_id, promotion_id, buyers, again=True)
        await tx.execute(
            "UPDATE birthday_gifts SET given = true WHERE merchant_id = $1 AND buyer_id = ANY($2) AND year = $3",
            merchant_id,
            given,
            today.year,
        )
    return len(rows)


def _birthdays(today: date) -> list[str]:
    born_in_a_leap_year = (today.month, today.day) == (2, 28) and (today + timedelta(days=1)).month == 3
    return [today.strftime("%m-%d"), *(["02-29"] if born_in_a_leap_year else [])]


async def forget(tx: Tx, buyer_ids: Collection[UUID]) -> None:
    """Buyers who leave the house are members of nothing any more; how many points an order brought stays, as the books do."""
    people = sorted(set(buyer_ids))
    await tx.execute("DELETE FROM level_moves WHERE buyer_id = ANY($1)", people)
    await tx.execute("DELETE FROM growth_lines WHERE buyer_id = ANY($1)", people)
    await tx.execute("DELETE FROM growth_members WHERE buyer_id = ANY($1)", people)
    await tx.execute("DELETE FROM birthday_gifts WHERE buyer_id = ANY($1)", people)
    await rewarding.forget(tx, people)
