"""What is known of paid purchases, and which rules they trip: after they are placed and paid, never while."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.parties.customers.model import Address
from steelyard.trade.risk.model import (
    LIST_ENTRIES_MAX,
    DryRun,
    Entry,
    Features,
    Rule,
    RuleName,
    digest,
    judged,
)

DRY_RUN_DAYS = 30
DRY_RUN_PURCHASES_MAX = 5_000


async def rules(read: Read) -> list[Rule]:
    """All rules, in a fixed order."""
    found = await read.all(
        Rule, "SELECT rule, active, points, least, minutes, changed_at, changed_by FROM risk_rules ORDER BY rule"
    )
    place = list(RuleName)
    return sorted(found, key=lambda rule: place.index(rule.rule))


async def listed(read: Read) -> list[Entry]:
    """Everybody on a list."""
    return await read.all(
        Entry,
        "SELECT entry_id, list, kind, value, why, until, by, at FROM risk_list WHERE until > now() LIMIT $1",
        LIST_ENTRIES_MAX,
    )


def minutes_of(known: Sequence[Rule], name: RuleName) -> int:
    return next((rule.minutes for rule in known if rule.rule is name), 1)


class _Seen(msgspec.Struct, frozen=True):
    purchase_id: UUID
    buyer_id: UUID
    address: Address
    placed_at: datetime


async def see(tx: Tx, purchase_ids: Sequence[UUID]) -> None:
    """Remember these paid purchases, to count those that come at once. Twice is fine."""
    rows = await tx.all(
        _Seen,
        "SELECT purchase_id, buyer_id, address, placed_at FROM purchases WHERE purchase_id = ANY($1)",
        list(purchase_ids),
    )
    await tx.execute(
        """
        INSERT INTO risk_seen (purchase_id, buyer_id, address, at)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[]) ON CONFLICT (purchase_id) DO NOTHING
        """,
        [row.purchase_id for row in rows],
        [row.buyer_id for row in rows],
        [digest(row.address) for row in rows],
        [row.placed_at for row in rows],
    )


async def features(read: Read, purchase_ids: Sequence[UUID], known: Sequence[Rule]) -> list[Features]:
    """What is known of these purchases, which have been seen."""
    return await read.all(
        Features,
        """
        SELECT p.purchase_id, p.buyer_id, p.total, p.currency, p.contact, p.address, p.placed_at
             , EXISTS (SELECT FROM orders o WHERE o.buyer_id = p.buyer_id AND o.state = 'completed')::integer AS bought
             , (SELECT count(*)::integer FROM risk_seen a WHERE a.address = s.address AND a.at <= s.at
                  AND a.at > s.at - $2 * interval '1 minute') AS to_address
             , (SELECT count(*)::integer FROM risk_seen b WHERE b.buyer_id = s.buyer_id AND b.at <= s.at
                  AND b.at > s.at - $3 * interval '1 minute') AS by_buyer
             , (SELECT count(*)::integer FROM payments f WHERE f.buyer_id = p.buyer_id AND f.state = 'declined'
                  AND f.created_at > p.placed_at - $4 * interval '1 minute') AS failed
        FROM purchases p JOIN risk_seen s USING (purchase_id)
        WHERE p.purchase_id = ANY($1)
        """,
        list(purchase_ids),
        minutes_of(known, RuleName.MANY_TO_ADDRESS),
        minutes_of(known, RuleName.MANY_BY_BUYER),
        minutes_of(known, RuleName.FAILED_PAYMENTS),
    )


async def dry_run(read: Read, held_from: int, days: int = DRY_RUN_DAYS) -> DryRun:
    """What the rules as they are would have done to the purchases of the last days, the newest of them where there are many."""
    known, entries = await rules(read), await listed(read)
    found = await _past(read, known, days)
    by_rule = dict.fromkeys(RuleName, 0)
    held = 0
    for each in found[:DRY_RUN_PURCHASES_MAX]:
        tripped = judged(known, entries, each)
        held += sum(one.points for one in tripped) >= held_from
        for one in tripped:
            by_rule[one.rule] += 1
    return DryRun(
        purchases=min(len(found), DRY_RUN_PURCHASES_MAX),
        held=held,
        by_rule=by_rule,
        cut_off=len(found) > DRY_RUN_PURCHASES_MAX,
    )


async def _past(read: Read, known: Sequence[Rule], days: int) -> list[Features]:
    return await read.all(
        Features,
        r"""
        WITH recent AS (
            SELECT DISTINCT purchase_id FROM (
                SELECT purchase_id FROM orders WHERE placed_at > now() - $1 * interval '1 day' AND paid_at IS NOT NULL
                ORDER BY placed_at DESC LIMIT 3 * $2
            ) AS o
        ), counted AS (
            SELECT p.purchase_id, p.buyer_id, p.total, p.currency, p.contact, p.address, p.placed_at
                 , count(*) OVER (PARTITION BY regexp_replace(lower(concat(p.address ->> 'street', p.address ->> 'district'
                       , p.address ->> 'city', p.address ->> 'region', p.address ->> 'postal_code', p.address ->> 'country'))
                       , '\s', '', 'g')
                       ORDER BY p.placed_at RANGE BETWEEN make_interval(mins => $3) PRECEDING AND CURRENT ROW) AS to_address
                 , count(*) OVER (PARTITION BY p.buyer_id
                       ORDER BY p.placed_at RANGE BETWEEN make_interval(mins => $4) PRECEDING AND CURRENT ROW) AS by_buyer
            FROM purchases p JOIN recent USING (purchase_id)
        )
        SELECT c.purchase_id, c.buyer_id, c.total, c.currency, c.contact, c.address, c.placed_at
             , EXISTS (SELECT FROM orders o WHERE o.buyer_id = c.buyer_id AND o.state = 'completed'
                         AND o.completed_at < c.placed_at)::integer AS bought
             , c.to_address::integer, c.by_buyer::integer
             , (SELECT count(*)::integer FROM payments f WHERE f.buyer_id = c.buyer_id AND f.state = 'declined'
                  AND f.created_at > c.placed_at - $5 * interval '1 minute' AND f.created_at < c.placed_at + interval '1 hour')
               AS failed
        FROM counted c ORDER BY c.placed_at DESC LIMIT $2 + 1
        """,
        days,
        DRY_RUN_PURCHASES_MAX,
        minutes_of(known, RuleName.MANY_TO_ADDRESS),
        minutes_of(known, RuleName.MANY_BY_BUYER),
        minutes_of(known, RuleName.FAILED_PAYMENTS),
    )
