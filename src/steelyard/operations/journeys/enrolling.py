"""Letting people in: each by what has happened to them, once for each time, as the journey's rule of coming in again says.

Two who let the same person in at once count the same entry, and one of them does it: what makes an entry is its key.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.kernel.days import day_of
from steelyard.kernel.db import Tx
from steelyard.operations.journeys.counts import Tally, count
from steelyard.operations.journeys.graph import Graph, Reentry, Trigger
from steelyard.operations.journeys.model import ENTERED

ENTRIES_AT_ONCE_MAX = 5_000


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """A journey that lets people in now, by what its version in force says."""

    merchant_id: UUID
    journey_id: UUID
    version: int
    graph: Graph
    started_at: datetime

    @property
    def begins(self) -> Trigger:
        trigger = self.graph.trigger
        assert trigger is not None and isinstance(trigger.setup, Trigger), "what is in force has a beginning"
        return trigger.setup


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody is to come in, by what happened `at`; what it is about goes into messages."""

    live: Live
    buyer_id: UUID
    at: datetime
    about: Mapping[str, str] = {}


async def enrol(tx: Tx, entries: Sequence[Entry], now: datetime) -> int:
    """Let these in, of each journey and person the first that is said; returns how many came. Who is no customer of the house, is
    inside already, or does not come in again yet, does not come; and nobody comes to a shop that is closed for good."""
    came = 0
    first: dict[tuple[UUID, UUID], Entry] = {}
    for each in entries:
        first.setdefault((each.live.journey_id, each.buyer_id), each)
    ordered = [first[key] for key in sorted(first)]
    for n in range(0, len(ordered), ENTRIES_AT_ONCE_MAX):
        came += await _enrol(tx, ordered[n : n + ENTRIES_AT_ONCE_MAX], now)
    return came


async def _enrol(tx: Tx, entries: Sequence[Entry], now: datetime) -> int:
    rows = await tx.fetch(
        """
        INSERT INTO journey_enrolments (merchant_id, journey_id, buyer_id, entry, version, stand, node, entered_at, since, due_at
                                      , goal_until, about)
        SELECT w.merchant_id, w.journey_id, w.buyer_id, coalesce(l.entry, 0) + 1, w.version, 'inside', w.node, w.at, w.at
             , w.due_at, w.at + w.goal_days * interval '1 day', w.about
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[], $6::timestamptz[], $7::timestamptz[]
                  , $8::integer[], $9::jsonb[], $10::text[], $11::integer[])
            AS w (merchant_id, journey_id, buyer_id, version, node, at, due_at, goal_days, about, reentry, reentry_days)
        JOIN buyers b ON b.buyer_id = w.buyer_id
        LEFT JOIN LATERAL (SELECT e.entry, e.stand, e.entered_at FROM journey_enrolments e
                           WHERE e.merchant_id = w.merchant_id AND e.journey_id = w.journey_id AND e.buyer_id = w.buyer_id
                           ORDER BY e.entry DESC LIMIT 1) AS l ON true
        WHERE NOT EXISTS (SELECT FROM merchants m WHERE m.merchant_id = w.merchant_id AND m.state = 'closed')
          AND (l.entry IS NULL
               OR (l.stand <> 'inside' AND w.at >= l.entered_at
                   AND (w.reentry = 'ended'
                        OR (w.reentry = 'days' AND w.at >= l.entered_at + w.reentry_days * interval '1 day'))))
        ORDER BY w.merchant_id, w.journey_id, w.buyer_id
        ON CONFLICT DO NOTHING RETURNING merchant_id, journey_id, version
        """,
        [each.live.merchant_id for each in entries],
        [each.live.journey_id for each in entries],
        [each.buyer_id for each in entries],
        [each.live.version for each in entries],
        [_beginning(each.live) for each in entries],
        [each.at for each in entries],
        [max(now, each.at + timedelta(minutes=each.live.begins.delay_minutes)) for each in entries],
        [each.live.graph.settings.goal.days if each.live.graph.settings.goal else None for each in entries],
        [dict(each.about) for each in entries],
        [str(each.live.graph.settings.reentry) for each in entries],
        [each.live.graph.settings.reentry_days for each in entries],
    )
    tally = Tally(day_of(now))
    for row in rows:
        tally.add(row["merchant_id"], row["journey_id"], row["version"], "", ENTERED)
    await count(tx, tally)
    return len(rows)


def _beginning(live: Live) -> str:
    trigger = live.graph.trigger
    assert trigger is not None
    return trigger.key


def reenters(reentry: Reentry, days: int, before: datetime | None, at: datetime) -> bool:
    """The same rule, for the simulation: `before` is when they came in last; whoever is inside still does not come in."""
    if before is None:
        return True
    match reentry:
        case Reentry.NEVER:
            return False
        case Reentry.ENDED:
            return True
        case Reentry.DAYS:
            return at >= before + timedelta(days=days)
