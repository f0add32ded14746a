"""What earns growth is written down once, and taken back with the money: from orders received, refunds, reviews, check-ins.

Each thing counts at its shop's membership and at the platform's. What it earns is decided by the rule of its day.
"""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from uuid import UUID

import msgspec

from steelyard.goods.promotions.model import PLATFORM
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.money import wallets
from steelyard.operations.growth.model import Cause, NoProgramme
from steelyard.operations.growth.settling import Person, settle

# Whose, and which order.
Key = tuple[UUID, UUID]


class Earned(msgspec.Struct, frozen=True, kw_only=True):
    """Growth that is to be written down."""

    merchant_id: UUID
    buyer_id: UUID
    cause: Cause
    document: UUID
    about: UUID | None
    amount: int
    day: date
    until: date


class _Paid(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    buyer_id: UUID
    order_id: UUID
    money: int
    per_hundred: int
    day: date
    window_days: int


async def earn_orders(tx: Tx, received: Sequence[Key], today: date) -> None:
    """These orders are received: growth for what was paid of them with money. Said twice, nothing changes."""
    await write(tx, [each for each in await of_orders(tx, received) if each.amount > 0], today)


async def of_orders(read: Read, received: Sequence[Key]) -> list[Earned]:
    """What these orders earn at the memberships that count them, as they are now. A visitor who has an account by now is whom
    they have become; guests earn nothing."""
    rows = await read.all(
        _Paid,
        """
        SELECT p.merchant_id, b.buyer_id, o.order_id, d.day, r.per_hundred, r.window_days
             , (o.total - o.refunded - coalesce((
                    SELECT sum(s.captured - s.refunding - s.refunded) FROM payment_splits s
                    WHERE s.merchant_id = o.merchant_id AND s.order_id = o.order_id AND s.channel = 'points'), 0))::bigint
               AS money
        FROM unnest($1::uuid[], $2::uuid[]) AS k (merchant_id, order_id)
        JOIN orders o USING (merchant_id, order_id)
        LEFT JOIN visitor_merges v ON v.visitor_id = o.buyer_id
        JOIN buyers b ON b.buyer_id = coalesce(v.buyer_id, o.buyer_id) AND NOT b.guest
        CROSS JOIN LATERAL (SELECT (o.completed_at AT TIME ZONE 'Asia/Shanghai')::date AS day) d
        JOIN growth_programmes p ON p.merchant_id IN (o.merchant_id, $3) AND p.currency = o.currency AND p.since <= d.day
        CROSS JOIN LATERAL (SELECT per_hundred, window_days FROM growth_rules g
                            WHERE g.merchant_id = p.merchant_id AND g.from_day <= d.day ORDER BY g.from_day DESC LIMIT 1) r
        WHERE o.completed_at IS NOT NULL
        ORDER BY p.merchant_id, b.buyer_id, o.order_id
        """,
        [merchant_id for merchant_id, _ in received],
        [order_id for _, order_id in received],
        PLATFORM,
    )
    return [
        Earned(
            merchant_id=each.merchant_id,
            buyer_id=each.buyer_id,
            cause=Cause.ORDER,
            document=each.order_id,
            about=None,
            amount=wallets.earned_on(max(0, each.money), each.per_hundred),
            day=each.day,
            until=each.day + timedelta(days=each.window_days),
        )
        for each in rows
    ]


class _Had(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    buyer_id: UUID
    order_id: UUID
    amount: int
    day: date
    until: date
    refund_id: UUID
    money: int
    per_hundred: int


async def take_back(tx: Tx, refunds: Sequence[tuple[UUID, UUID, UUID]], today: date) -> None:
    """Money of these orders (merchant, order, refund) went back: with it goes what they would not have earned without it. Who
    has not received an order yet has earned nothing of it: they will earn less. Of several refunds of an order the first takes
    back for all."""
    found = await tx.all(
        _Had,
        """
        SELECT l.merchant_id, l.buyer_id, o.order_id, l.day, l.until, k.refund_id, r.per_hundred
             , (l.amount + coalesce((SELECT sum(t.amount) FROM growth_lines t
                                     WHERE t.merchant_id = l.merchant_id AND t.about = l.document AND t.cause = 'refund'), 0)
               )::bigint AS amount
             , (o.total - o.refunded - coalesce((
                    SELECT sum(s.captured - s.refunding - s.refunded) FROM payment_splits s
                    WHERE s.merchant_id = o.merchant_id AND s.order_id = o.order_id AND s.channel = 'points'), 0))::bigint
               AS money
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS k (merchant_id, order_id, refund_id)
        JOIN orders o USING (merchant_id, order_id)
        LEFT JOIN visitor_merges v ON v.visitor_id = o.buyer_id
        JOIN growth_lines l ON l.merchant_id IN (o.merchant_id, $4) AND l.buyer_id IN (v.buyer_id, o.buyer_id)
                           AND l.cause = 'order' AND l.document = o.order_id
        CROSS JOIN LATERAL (SELECT per_hundred FROM growth_rules g
                            WHERE g.merchant_id = l.merchant_id AND g.from_day <= l.day ORDER BY g.from_day DESC LIMIT 1) r
        ORDER BY l.merchant_id, l.buyer_id, o.order_id, k.refund_id
        """,
        [merchant_id for merchant_id, _, _ in refunds],
        [order_id for _, order_id, _ in refunds],
        [refund_id for _, _, refund_id in refunds],
        PLATFORM,
    )
    latest = {(each.merchant_id, each.order_id): each for each in found}.values()
    await write(tx, [taken for each in latest if (taken := _taken(each)).amount < 0], today)


def _taken(each: _Had) -> Earned:
    """What is more than the order would have earned, with the order's days."""
    return Earned(
        merchant_id=each.merchant_id,
        buyer_id=each.buyer_id,
        cause=Cause.REFUND,
        document=each.refund_id,
        about=each.order_id,
        amount=wallets.earned_on(max(0, each.money), each.per_hundred) - each.amount,
        day=each.day,
        until=each.until,
    )


async def earn_reviews(tx: Tx, people: Collection[UUID], today: date) -> None:
    """What reviews have earned these buyers, as far as it is not written down: in each month the first so many."""
    await write(tx, await of_reviews(tx, people), today)


async def of_reviews(read: Read, buyer_ids: Collection[UUID]) -> list[Earned]:
    """What the reviews of these buyers earn: of each month of the house the first that the rule of their day lets count. Those
    that nobody wrote count nowhere."""
    return await read.all(
        Earned,
        """
        SELECT merchant_id, buyer_id, 'review' AS cause, review_id AS document, order_id AS about, review::bigint AS amount
             , day, day + window_days AS until
        FROM (SELECT p.merchant_id, w.buyer_id, w.review_id, w.order_id, d.day, r.review, r.reviews_per_month, r.window_days
                   , row_number() OVER (PARTITION BY p.merchant_id, w.buyer_id, date_trunc('month', d.day::timestamp)
                                        ORDER BY w.written_at, w.review_id) AS place
              FROM reviews w
              JOIN buyers b ON b.buyer_id = w.buyer_id AND NOT b.guest
              CROSS JOIN LATERAL (SELECT (w.written_at AT TIME ZONE 'Asia/Shanghai')::date AS day) d
              JOIN growth_programmes p ON p.merchant_id IN (w.merchant_id, $2) AND p.since <= d.day
              CROSS JOIN LATERAL (SELECT review, reviews_per_month, window_days FROM growth_rules g
                                  WHERE g.merchant_id = p.merchant_id AND g.from_day <= d.day
                                  ORDER BY g.from_day DESC LIMIT 1) r
              WHERE w.buyer_id = ANY($1) AND NOT w.automatic) AS placed
        WHERE place <= reviews_per_month AND review > 0
        ORDER BY merchant_id, buyer_id, review_id
        """,
        sorted(set(buyer_ids)),
        PLATFORM,
    )


async def check_in(tx: Tx, merchant_id: UUID, buyer_id: UUID, today: date) -> int:
    """Today's growth for looking in; returns how much, none when it was had already or the month is full. Raises `NoProgramme`
    where there is none to have."""
    rule = await tx.row(
        """
        SELECT r.check_in, r.check_ins_per_month, r.window_days
             , (SELECT count(*) FROM growth_lines l WHERE l.merchant_id = $1 AND l.buyer_id = $2 AND l.cause = 'check_in'
                  AND date_trunc('month', l.day::timestamp) = date_trunc('month', $3::date::timestamp)) AS had
        FROM growth_programmes p
        CROSS JOIN LATERAL (SELECT check_in, check_ins_per_month, window_days FROM growth_rules g
                            WHERE g.merchant_id = p.merchant_id AND g.from_day <= $3 ORDER BY g.from_day DESC LIMIT 1) r
        WHERE p.merchant_id = $1 AND p.closed_at IS NULL
        """,
        merchant_id,
        buyer_id,
        today,
    )
    if rule is None or not rule["check_in"]:
        raise NoProgramme()
    if rule["had"] >= rule["check_ins_per_month"]:
        return 0
    earned = Earned(
        merchant_id=merchant_id,
        buyer_id=buyer_id,
        cause=Cause.CHECK_IN,
        document=ids.derived(buyer_id, "growth check in", today.isoformat()),
        about=None,
        amount=rule["check_in"],
        day=today,
        until=today + timedelta(days=rule["window_days"]),
    )
    return rule["check_in"] if await write(tx, [earned], today) else 0


async def write(tx: Tx, earned: Sequence[Earned], today: date) -> int:
    """Write down what is new of this, and look at those whose it is; returns how many lines are new. Who had nothing before is
    a member from now on."""
    if not earned:
        return 0
    people: list[Person] = sorted({(each.merchant_id, each.buyer_id) for each in earned})
    await tx.execute(
        """
        INSERT INTO growth_members (merchant_id, buyer_id, counted_on)
        SELECT merchant_id, buyer_id, $3 FROM unnest($1::uuid[], $2::uuid[]) AS n (merchant_id, buyer_id)
        ORDER BY merchant_id, buyer_id ON CONFLICT (merchant_id, buyer_id) DO NOTHING
        """,
        [merchant_id for merchant_id, _ in people],
        [buyer_id for _, buyer_id in people],
        today,
    )
    new = await tx.execute(
        """
        INSERT INTO growth_lines (merchant_id, buyer_id, cause, document, about, amount, day, until)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::bigint[], $7::date[], $8::date[])
        ON CONFLICT (merchant_id, buyer_id, cause, document) DO NOTHING
        """,
        [each.merchant_id for each in earned],
        [each.buyer_id for each in earned],
        [str(each.cause) for each in earned],
        [each.document for each in earned],
        [each.about for each in earned],
        [each.amount for each in earned],
        [each.day for each in earned],
        [each.until for each in earned],
    )
    if new:
        await settle(tx, people, today)
    return new
