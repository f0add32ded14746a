"""All customers of a shop looked at: for a segment that says something else now, each night for all segments, and, without
writing anything, for somebody who is putting a definition together."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.goods import promotions
from steelyard.goods.promotions.model import Joining, MemberSource
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.operations.segments import tree
from steelyard.operations.segments.leaves import Person, truths
from steelyard.operations.segments.model import COUNTED_EXACTLY_MAX, SAMPLE_SHOWN, Count, Estimate
from steelyard.operations.segments.settling import PEOPLE_PER_LOOK_MAX, settle
from steelyard.trade.settlement import settlement_day

PEOPLE_PER_READ = 5_000
# Nights begin at three in the house's time: the day before is over, the shops are quiet.
NIGHT_HOURS = 3
COUNTS_SHOWN_MAX = 14


class _Open(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    count_id: UUID
    segment_id: UUID | None
    upto: UUID


async def begin_count(tx: Tx, merchant_id: UUID, segment_id: UUID) -> None:
    """Look at all customers for this segment, from the first on. A count of it that is under way begins anew."""
    await tx.execute(
        """
        UPDATE segment_counts SET ended_at = now()
        WHERE merchant_id = $1 AND segment_id = $2 AND ended_at IS NULL
        """,
        merchant_id,
        segment_id,
    )
    await tx.execute(
        "INSERT INTO segment_counts (merchant_id, count_id, segment_id) VALUES ($1, $2, $3)",
        merchant_id,
        ids.mint(),
        segment_id,
    )


async def begin_night(tx: Tx, now: datetime) -> int:
    """Once a night, all segments of every shop that has some. Said again, nothing more begins."""
    night = settlement_day(now - timedelta(hours=NIGHT_HOURS))
    return await tx.execute(
        """
        INSERT INTO segment_counts (merchant_id, count_id, began_at)
        SELECT DISTINCT merchant_id, md5(merchant_id::text || $1)::uuid, $2::timestamptz FROM segments
        WHERE kind = 'rules' AND archived_at IS NULL
        ON CONFLICT (merchant_id, count_id) DO NOTHING
        """,
        f"night {night}",
        now,
    )


async def count_on(tx: Tx, at: datetime | None = None) -> int:
    """The next customers of the count that began first and nobody works at; returns how many steps were done (0: there is
    nothing to count)."""
    open_one = await tx.one(
        _Open,
        """
        SELECT merchant_id, count_id, segment_id, upto FROM segment_counts WHERE ended_at IS NULL
        ORDER BY began_at, count_id LIMIT 1 FOR UPDATE SKIP LOCKED
        """,
    )
    if open_one is None:
        return 0
    buyers = await _next(tx, open_one)
    people = [(open_one.merchant_id, buyer_id) for buyer_id in buyers]
    moves = await settle(tx, people, only=open_one.segment_id, at=at, counted=True)
    await _keep_groups(tx, open_one, buyers)
    mine = [open_one.segment_id] if open_one.segment_id else None
    await tx.execute(
        """
        UPDATE segment_counts SET upto = $3, people = people + $4, entered = entered + $5, went = went + $6
             , ended_at = CASE WHEN $7 THEN clock_timestamp() END
        WHERE merchant_id = $1 AND count_id = $2
        """,
        open_one.merchant_id,
        open_one.count_id,
        buyers[-1] if buyers else open_one.upto,
        len(buyers),
        sum(1 for each in moves.entered if mine is None or each[1] in mine),
        sum(1 for each in moves.went if mine is None or each[1] in mine),
        len(buyers) < PEOPLE_PER_LOOK_MAX,
    )
    return 1


async def _next(tx: Tx, count: _Open) -> list[UUID]:
    """The next customers, and the next whom segments have looked at: of these some may be no customers any more."""
    rows = await tx.fetch(
        """
        SELECT buyer_id FROM (
            (SELECT buyer_id FROM customer_facts WHERE merchant_id = $1 AND buyer_id > $2 ORDER BY buyer_id LIMIT $3)
            UNION
            (SELECT buyer_id FROM segment_people WHERE merchant_id = $1 AND buyer_id > $2 ORDER BY buyer_id LIMIT $3)) AS b
        ORDER BY buyer_id LIMIT $3
        """,
        count.merchant_id,
        count.upto,
        PEOPLE_PER_LOOK_MAX,
    )
    return [row["buyer_id"] for row in rows]


async def _keep_groups(tx: Tx, count: _Open, buyers: Sequence[UUID]) -> None:
    """Customer groups that follow what is counted have these people if and only if the segment has. The people are held
    (`settle`), so that nobody comes or goes meanwhile."""
    rows = await tx.fetch(
        """
        SELECT g.group_id, b.buyer_id, m.buyer_id IS NOT NULL AS inside
        FROM (SELECT group_id, segment_id FROM segment_groups
              WHERE merchant_id = $1 AND ($2::uuid IS NULL OR segment_id = $2) ORDER BY group_id FOR KEY SHARE) AS g
        CROSS JOIN unnest($3::uuid[]) AS b (buyer_id)
        LEFT JOIN segment_members m ON m.merchant_id = $1 AND m.segment_id = g.segment_id AND m.buyer_id = b.buyer_id
        """,
        count.merchant_id,
        count.segment_id,
        list(buyers),
    )
    sides: dict[bool, list[Joining]] = {True: [], False: []}
    for row in rows:
        sides[row["inside"]].append(Joining(count.merchant_id, row["group_id"], row["buyer_id"]))
    await promotions.enter_by(tx, sides[True], MemberSource.SEGMENT)
    await promotions.leave_by(tx, sides[False], MemberSource.SEGMENT)


async def counts(read: Read, merchant_id: UUID) -> list[Count]:
    """The last nightly counts: what they found different was mended."""
    return await read.all(
        Count,
        """
        SELECT count_id, segment_id, began_at, ended_at, people, entered, went FROM segment_counts
        WHERE merchant_id = $1 AND segment_id IS NULL ORDER BY began_at DESC LIMIT $2
        """,
        merchant_id,
        COUNTS_SHOWN_MAX,
    )


async def estimate(read: Read, merchant_id: UUID, node: tree.Node, at: datetime | None = None) -> Estimate:
    """How many customers a definition would hold now. Nothing is written, so nothing waits for it."""
    now: datetime = at or await read.value("SELECT clock_timestamp()")
    customers: int = await read.value("SELECT count(*) FROM customer_facts WHERE merchant_id = $1", merchant_id)
    exact = customers <= COUNTED_EXACTLY_MAX
    buyers = await _everybody(read, merchant_id) if exact else await _some(read, merchant_id, customers)
    found: list[UUID] = []
    asked = [(merchant_id, leaf) for leaf in set(tree.leaves(node))]
    for n in range(0, len(buyers), PEOPLE_PER_READ):
        people: list[Person] = [(merchant_id, buyer_id) for buyer_id in buyers[n : n + PEOPLE_PER_READ]]
        answer = await truths(read, people, asked, now)
        of = {leaf: frozenset(answer.of[merchant_id, leaf]) for _, leaf in asked}
        found += [people[place][1] for place in sorted(tree.holders(node, frozenset(answer.known), of))]
    members = len(found) if exact else round(len(found) * customers / max(1, len(buyers)))
    return Estimate(members=members, customers=customers, exact=exact, sample=tuple(found[-SAMPLE_SHOWN:][::-1]))


async def holding(read: Read, people: Sequence[Person], node: tree.Node, at: datetime) -> set[int]:
    """For whom of these (merchant, buyer) a definition holds at this moment: their places. Nothing is written."""
    holds: set[int] = set()
    for n in range(0, len(people), PEOPLE_PER_READ):
        some = people[n : n + PEOPLE_PER_READ]
        asked = [(merchant_id, leaf) for merchant_id in {each[0] for each in some} for leaf in set(tree.leaves(node))]
        found = await truths(read, some, asked, at)
        for merchant_id in {each[0] for each in some}:
            of = {leaf: frozenset(places) for (shop, leaf), places in found.of.items() if shop == merchant_id}
            theirs = frozenset(place for place in found.known if some[place][0] == merchant_id)
            holds |= {n + place for place in tree.holders(node, theirs, of)}
    return holds


async def _everybody(read: Read, merchant_id: UUID) -> list[UUID]:
    rows = await read.fetch(
        "SELECT buyer_id FROM customer_facts WHERE merchant_id = $1 ORDER BY buyer_id LIMIT $2",
        merchant_id,
        COUNTED_EXACTLY_MAX,
    )
    return [row["buyer_id"] for row in rows]


async def _some(read: Read, merchant_id: UUID, customers: int) -> list[UUID]:
    """As many, chosen by the last letters of their ids, which are random (RFC 9562): the same ones each time."""
    rows = await read.fetch(
        """
        SELECT buyer_id FROM customer_facts
        WHERE merchant_id = $1 AND ('x' || right(buyer_id::text, 6))::bit(24)::integer < $2
        ORDER BY buyer_id LIMIT $3
        """,
        merchant_id,
        16_777_216 * COUNTED_EXACTLY_MAX // customers,
        2 * COUNTED_EXACTLY_MAX,
    )
    return [row["buyer_id"] for row in rows]
