"""Where members stand is counted anew from their lines whenever these change, and when a day comes on which it may change."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import msgspec

from steelyard.kernel.db import Tx
from steelyard.operations.growth.model import KEPT_DAYS_MAX, MEMBERS_PER_LOOK_MAX
from steelyard.operations.growth.moving import Moved, move, warn
from steelyard.operations.growth.standing import Span, Standing, standing

# At which membership (zeros: the platform's), and who.
Person = tuple[UUID, UUID]


class _Terms(msgspec.Struct, frozen=True, kw_only=True):
    """`changes_on`: from this day on another rule counts."""

    merchant_id: UUID
    keep_days: int
    warn_days: int
    thresholds: list[int]
    changes_on: date | None

    def stand(self, spans: Sequence[Span], today: date) -> Standing:
        now = standing(spans, today, self.thresholds, self.keep_days, self.warn_days)
        looks = [day for day in (now.check_on, self.changes_on) if day is not None]
        return msgspec.structs.replace(now, check_on=min(looks, default=None))


class _Stood(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    buyer_id: UUID
    rank: int
    warned_for: date | None


async def settle(tx: Tx, people: Sequence[Person], today: date) -> None:
    """Count these members anew; who stands elsewhere than before is moved, and who will fall soon is told. Said twice, nothing
    changes."""
    for n in range(0, len(people), MEMBERS_PER_LOOK_MAX):
        await _settle(tx, sorted(people[n : n + MEMBERS_PER_LOOK_MAX]), today)


async def _settle(tx: Tx, people: Sequence[Person], today: date) -> None:
    columns = ([merchant_id for merchant_id, _ in people], [buyer_id for _, buyer_id in people])
    stood = await tx.all(
        _Stood,
        """
        SELECT m.merchant_id, m.buyer_id, m.rank, m.warned_for FROM growth_members m
        JOIN unnest($1::uuid[], $2::uuid[]) AS p (merchant_id, buyer_id) USING (merchant_id, buyer_id)
        ORDER BY m.merchant_id, m.buyer_id FOR UPDATE OF m
        """,
        *columns,
    )
    terms = await _terms(tx, {each.merchant_id for each in stood}, today)
    spans = await _spans(tx, people, today)
    stand = [(each, terms[each.merchant_id].stand(spans[each.merchant_id, each.buyer_id], today)) for each in stood]
    await _write(tx, stand, today)
    await move(
        tx,
        [
            Moved(
                merchant_id=before.merchant_id,
                buyer_id=before.buyer_id,
                from_rank=before.rank,
                to_rank=now.rank,
                growth=now.growth,
                falls_on=now.falls_on,
            )
            for before, now in stand
            if before.rank != now.rank
        ],
        today,
    )
    await warn(
        tx,
        [
            (before.merchant_id, before.buyer_id, now.rank, now.falls_on)
            for before, now in stand
            if now.falls_on is not None
            and now.falls_on != before.warned_for
            and today >= now.falls_on - timedelta(days=terms[before.merchant_id].warn_days)
        ],
    )


async def _terms(tx: Tx, shops: set[UUID], today: date) -> dict[UUID, _Terms]:
    rows = await tx.all(
        _Terms,
        """
        SELECT p.merchant_id, r.keep_days, r.warn_days
             , coalesce((SELECT array_agg(l.threshold ORDER BY l.rank) FROM growth_levels l
                         WHERE l.merchant_id = p.merchant_id), '{}') AS thresholds
             , (SELECT min(g.from_day) FROM growth_rules g
                WHERE g.merchant_id = p.merchant_id AND g.from_day > $2) AS changes_on
        FROM growth_programmes p
        CROSS JOIN LATERAL (SELECT keep_days, warn_days FROM growth_rules g
                            WHERE g.merchant_id = p.merchant_id AND g.from_day <= $2 ORDER BY g.from_day DESC LIMIT 1) r
        WHERE p.merchant_id = ANY($1)
        """,
        sorted(shops),
        today,
    )
    return {each.merchant_id: each for each in rows}


async def _spans(tx: Tx, people: Sequence[Person], today: date) -> dict[Person, list[Span]]:
    rows = await tx.fetch(
        """
        SELECT l.merchant_id, l.buyer_id, l.day, l.until, sum(l.amount)::bigint AS amount FROM growth_lines l
        JOIN unnest($1::uuid[], $2::uuid[]) AS p (merchant_id, buyer_id) USING (merchant_id, buyer_id)
        WHERE l.until > $3 GROUP BY 1, 2, 3, 4
        """,
        [merchant_id for merchant_id, _ in people],
        [buyer_id for _, buyer_id in people],
        today - timedelta(days=KEPT_DAYS_MAX + 1),
    )
    found: dict[Person, list[Span]] = defaultdict(list)
    for row in rows:
        found[row["merchant_id"], row["buyer_id"]].append(Span(row["amount"], row["day"], row["until"]))
    return found


async def _write(tx: Tx, stand: Sequence[tuple[_Stood, Standing]], today: date) -> None:
    await tx.execute(
        """
        UPDATE growth_members m
        SET growth = n.growth, rank = n.rank, falls_on = n.falls_on, check_on = n.check_on, counted_on = $7
          , since = CASE WHEN m.rank = n.rank THEN m.since WHEN n.rank = 0 THEN NULL ELSE $7 END
        FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::integer[], $5::date[], $6::date[])
            AS n (merchant_id, buyer_id, growth, rank, falls_on, check_on)
        WHERE m.merchant_id = n.merchant_id AND m.buyer_id = n.buyer_id
        """,
        [each.merchant_id for each, _ in stand],
        [each.buyer_id for each, _ in stand],
        [now.growth for _, now in stand],
        [now.rank for _, now in stand],
        [now.falls_on for _, now in stand],
        [now.check_on for _, now in stand],
        today,
    )


async def days_pass(tx: Tx, today: date) -> int:
    """Look at members whose day has come; returns how many."""
    rows = await tx.fetch(
        """
        SELECT merchant_id, buyer_id FROM growth_members WHERE check_on <= $1
        ORDER BY check_on LIMIT $2 FOR UPDATE SKIP LOCKED
        """,
        today,
        MEMBERS_PER_LOOK_MAX,
    )
    await settle(tx, [(row["merchant_id"], row["buyer_id"]) for row in rows], today)
    return len(rows)
