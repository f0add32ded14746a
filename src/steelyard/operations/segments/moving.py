"""What was found is written down: who comes into a segment and who goes, in rows, in sums, in the customer groups that follow,
and as news. Who calls this holds the people whom it is about (`settling.hold`)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from uuid import UUID

import msgspec

from steelyard.goods import promotions
from steelyard.goods.promotions.model import Joining, MemberSource
from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.operations.segments.events import SegmentEntered, SegmentLeft
from steelyard.trade.settlement import settlement_day

BUYERS_PER_EVENT = 500

Membership = tuple[UUID, UUID, UUID]  # merchant, segment, buyer


class Moves(msgspec.Struct, frozen=True):
    """Who has come into which segment, and who has gone."""

    entered: Sequence[Membership]
    went: Sequence[Membership]


NOTHING = Moves((), ())


async def write(tx: Tx, moves: Moves, at: datetime, counted: bool) -> None:
    """Rows, sums, the groups that follow, and news of it."""
    if not moves.entered and not moves.went:
        return
    await tx.execute(
        """
        INSERT INTO segment_members (merchant_id, segment_id, buyer_id, since)
        SELECT merchant_id, segment_id, buyer_id, $4
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS m (merchant_id, segment_id, buyer_id)
        """,
        *_columns(moves.entered),
        at,
    )
    await tx.execute(
        """
        DELETE FROM segment_members s USING unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS m (merchant_id, segment_id, buyer_id)
        WHERE (s.merchant_id, s.segment_id, s.buyer_id) = (m.merchant_id, m.segment_id, m.buyer_id)
        """,
        *_columns(moves.went),
    )
    await _follow(tx, moves)
    await _sum_up(tx, moves, at)
    await events.publish(
        tx,
        *_news(SegmentEntered, moves.entered, counted),
        *_news(SegmentLeft, moves.went, counted),
    )


def _columns(rows: Sequence[Membership]) -> tuple[list[UUID], list[UUID], list[UUID]]:
    return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]


def _news(
    kind: type[SegmentEntered] | type[SegmentLeft], rows: Sequence[Membership], counted: bool
) -> list[SegmentEntered | SegmentLeft]:
    found: list[SegmentEntered | SegmentLeft] = []
    for (merchant_id, segment_id), mine in groupby(rows, key=lambda row: row[:2]):
        buyers = [row[2] for row in mine]
        found += [
            kind(
                merchant_id=merchant_id,
                segment_id=segment_id,
                buyer_ids=buyers[n : n + BUYERS_PER_EVENT],
                counted=counted,
            )
            for n in range(0, len(buyers), BUYERS_PER_EVENT)
        ]
    return found


async def _follow(tx: Tx, moves: Moves) -> None:
    """Customer groups that follow these segments have the same members. The rows that say so are held, so that nobody lets a
    group go while somebody is being put into it."""
    rows = await tx.fetch(
        """
        SELECT merchant_id, segment_id, group_id FROM segment_groups
        WHERE (merchant_id, segment_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS m (merchant_id, segment_id))
        ORDER BY merchant_id, group_id FOR KEY SHARE
        """,
        *_columns([*moves.entered, *moves.went])[:2],
    )
    groups: dict[tuple[UUID, UUID], list[UUID]] = {}
    for row in rows:
        groups.setdefault((row["merchant_id"], row["segment_id"]), []).append(row["group_id"])
    await promotions.enter_by(tx, _joining(moves.entered, groups), MemberSource.SEGMENT)
    await promotions.leave_by(tx, _joining(moves.went, groups), MemberSource.SEGMENT)


def _joining(rows: Sequence[Membership], groups: Mapping[tuple[UUID, UUID], Sequence[UUID]]) -> list[Joining]:
    return [
        Joining(merchant_id, group_id, buyer_id)
        for merchant_id, segment_id, buyer_id in rows
        for group_id in groups.get((merchant_id, segment_id), ())
    ]


async def _sum_up(tx: Tx, moves: Moves, at: datetime) -> None:
    """How many are in each segment, and how many came and went today; in the order of the keys."""
    sums: dict[tuple[UUID, UUID], list[int]] = {}
    for column, rows in enumerate((moves.entered, moves.went)):
        for row in rows:
            sums.setdefault(row[:2], [0, 0])[column] += 1
    keys = sorted(sums)
    columns = (
        [key[0] for key in keys],
        [key[1] for key in keys],
        [sums[key][0] for key in keys],
        [sums[key][1] for key in keys],
    )
    await tx.execute(
        """
        SELECT FROM segments s JOIN unnest($1::uuid[], $2::uuid[]) AS m (merchant_id, segment_id) USING (merchant_id, segment_id)
        ORDER BY s.merchant_id, s.segment_id FOR NO KEY UPDATE OF s
        """,
        *columns[:2],
    )
    await tx.execute(
        """
        UPDATE segments s SET members = s.members + m.entered - m.went
        FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[]) AS m (merchant_id, segment_id, entered, went)
        WHERE s.merchant_id = m.merchant_id AND s.segment_id = m.segment_id
        """,
        *columns,
    )
    await tx.execute(
        """
        INSERT INTO segment_days AS d (merchant_id, segment_id, day, entered, went)
        SELECT merchant_id, segment_id, $5, entered, went
        FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[]) AS m (merchant_id, segment_id, entered, went)
        ON CONFLICT (merchant_id, segment_id, day) DO UPDATE
        SET entered = d.entered + excluded.entered, went = d.went + excluded.went
        """,
        *columns,
        settlement_day(at),
    )
