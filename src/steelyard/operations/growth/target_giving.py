"""What the clock brings about of targeted coupons: members are shared out and get theirs, days pass, unused ones go back."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from steelyard.goods import promotions
from steelyard.goods.promotions.model import Offer
from steelyard.kernel.db import Tx
from steelyard.operations import experiments
from steelyard.operations.experiments import Exposure
from steelyard.operations.growth.target_model import GETS, HELD, MEMBERS_PER_BATCH, TargetState, most_of, shared_out
from steelyard.operations.growth.targeting import end

ENDED_PER_SWEEP = 50
TAKEN_PER_SWEEP = 2_000


class _Running(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    targeted_id: UUID
    segment_id: UUID
    promotion_id: UUID
    held_out: int
    coupons: int | None
    budget: int | None
    worth: int | None
    given: int
    joining: bool
    started_at: datetime
    upto: UUID
    passed: bool
    salt: UUID


async def give_due(tx: Tx) -> int:
    """The next members of a segment are shared out: most get their coupon, the others are held out, and both are counted from
    this moment. One targeted coupon and one batch at a time; who has its row does it alone. Returns how many were shared out."""
    one = await tx.one(
        _Running,
        """
        SELECT t.merchant_id, t.targeted_id, t.segment_id, t.promotion_id, t.held_out, t.coupons, t.budget, t.worth, t.given
             , t.joining, t.started_at, t.upto, t.passed, e.salt
        FROM targeted_coupons t JOIN experiments e ON e.merchant_id = t.merchant_id AND e.experiment_id = t.targeted_id
        WHERE t.state = 'running' AND t.until > now() AND (t.looked_at IS NULL OR t.looked_at < now() - interval '30 seconds')
        ORDER BY t.looked_at NULLS FIRST, t.targeted_id LIMIT 1 FOR NO KEY UPDATE OF t SKIP LOCKED
        """,
    )
    if one is None:
        return 0
    offer = await promotions.get(tx, one.merchant_id, one.promotion_id)
    left = _left(one, offer)
    people = await _next(tx, one) if left is None or left > 0 else []
    gets, held = shared_out(one.salt, one.held_out, people, left)
    got = await promotions.hand_out(tx, one.merchant_id, one.promotion_id, gets) if gets else []
    now = datetime.now(UTC)
    await experiments.expose(
        tx,
        [
            Exposure(merchant_id=one.merchant_id, experiment_id=one.targeted_id, unit_id=each, variant=part, at=now)
            for part, of in ((GETS, got), (HELD, held))
            for each in of
        ],
    )
    seen = len(gets) + len(held)
    await tx.execute(
        """
        UPDATE targeted_coupons SET given = given + $3, held = held + $4, upto = coalesce($5, upto), passed = passed OR $6
             , looked_at = CASE WHEN $7 THEN to_timestamp(0) ELSE now() END
        WHERE merchant_id = $1 AND targeted_id = $2
        """,
        one.merchant_id,
        one.targeted_id,
        len(got),
        len(held),
        people[seen - 1] if seen and not one.passed else None,
        left != 0 and len(people) < MEMBERS_PER_BATCH and seen == len(people),
        seen == MEMBERS_PER_BATCH,
    )
    return len(got) + len(held)


def _left(one: _Running, offer: Offer | None) -> int | None:
    """How many can still be given; none: as many as want one."""
    if offer is None or offer.stopped_at is not None or offer.ends_at <= datetime.now(UTC):
        return 0
    most = most_of(one.coupons, one.budget, one.worth)
    limits = [
        *([most - one.given] if most is not None else []),
        *([offer.copies - offer.claimed] if offer.copies is not None else []),
    ]
    return max(0, min(limits)) if limits else None


async def _next(tx: Tx, one: _Running) -> Sequence[UUID]:
    """First all who were in the segment, each once since they are gone through in the order of their ids; then who has come into
    it since. Only who has an account takes part: others could not keep a coupon."""
    if one.passed:
        return await _come_since(tx, one) if one.joining else []
    rows = await tx.fetch(
        """
        SELECT m.buyer_id FROM segment_members m
        JOIN segments s USING (merchant_id, segment_id) JOIN buyers b ON b.buyer_id = m.buyer_id AND NOT b.guest
        WHERE m.merchant_id = $1 AND m.segment_id = $2 AND s.archived_at IS NULL AND m.buyer_id > $3
          AND (m.since <= $4 OR $5)
        ORDER BY m.buyer_id LIMIT $6
        """,
        one.merchant_id,
        one.segment_id,
        one.upto,
        one.started_at,
        one.joining,
        MEMBERS_PER_BATCH,
    )
    return [row["buyer_id"] for row in rows]


async def _come_since(tx: Tx, one: _Running) -> Sequence[UUID]:
    """A membership is written down a little after its `since`: an hour is more than any transaction takes. Each is looked up by
    the key: a join would be planned for as few as were shared out when the table was last analysed, and takes seconds."""
    rows = await tx.fetch(
        """
        SELECT m.buyer_id FROM segment_members m
        JOIN segments s USING (merchant_id, segment_id) JOIN buyers b ON b.buyer_id = m.buyer_id AND NOT b.guest
        WHERE m.merchant_id = $1 AND m.segment_id = $2 AND s.archived_at IS NULL
          AND m.since >= $3::timestamptz - interval '1 hour'
          AND (SELECT u.unit_id FROM experiment_units u
               WHERE u.merchant_id = $1 AND u.experiment_id = $4 AND u.unit_id = m.buyer_id) IS NULL
        ORDER BY m.buyer_id LIMIT $5
        """,
        one.merchant_id,
        one.segment_id,
        one.started_at,
        one.targeted_id,
        MEMBERS_PER_BATCH,
    )
    return [row["buyer_id"] for row in rows]


async def end_due(tx: Tx) -> int:
    """Those whose days have passed are over; returns how many."""
    rows = await tx.fetch(
        """
        SELECT merchant_id, targeted_id FROM targeted_coupons WHERE state = 'running' AND until <= now()
        ORDER BY until LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
        """,
        ENDED_PER_SWEEP,
    )
    for row in rows:
        await end(tx, row["merchant_id"], row["targeted_id"], TargetState.OVER, "system")
    return len(rows)


async def take_back_due(tx: Tx) -> int:
    """Unused coupons of what was ended so are taken away from those who got one, some at a time; returns how many."""
    one = await tx.row(
        """
        SELECT merchant_id, targeted_id, promotion_id FROM targeted_coupons WHERE take_back AND taken_at IS NULL
        ORDER BY ended_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
        """
    )
    if one is None:
        return 0
    rows = await tx.fetch(
        """
        SELECT c.buyer_id FROM coupon_claims c
        WHERE c.promotion_id = $3 AND c.used_for IS NULL
          AND (SELECT u.variant FROM experiment_units u
               WHERE u.merchant_id = $1 AND u.experiment_id = $2 AND u.unit_id = c.buyer_id) = $4
        ORDER BY c.buyer_id LIMIT $5
        """,
        one["merchant_id"],
        one["targeted_id"],
        one["promotion_id"],
        GETS,
        TAKEN_PER_SWEEP,
    )
    taken = await promotions.take_away_from(tx, one["promotion_id"], [row["buyer_id"] for row in rows])
    await tx.execute(
        """
        UPDATE targeted_coupons SET taken_back = taken_back + $3, taken_at = CASE WHEN $4 THEN now() END
        WHERE merchant_id = $1 AND targeted_id = $2
        """,
        one["merchant_id"],
        one["targeted_id"],
        taken,
        len(rows) < TAKEN_PER_SWEEP,
    )
    return taken
