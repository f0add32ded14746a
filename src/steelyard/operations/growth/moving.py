"""Who stands on another level: it is written down, the customer groups of the levels follow at once, the lists among the segments
a little later, and the member is told."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from steelyard.goods import promotions
from steelyard.goods.promotions.model import PLATFORM, Joining, MemberSource
from steelyard.kernel import days, events, ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.text import Text
from steelyard.operations import segments
from steelyard.operations.growth.events import LevelChanged
from steelyard.operations.growth.model import MEMBERS_PER_LOOK_MAX
from steelyard.parties import merchants, notifications
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.notifications.model import CouponFacts, NewNotice, NoticeKind


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    buyer_id: UUID
    from_rank: int
    to_rank: int
    growth: int
    falls_on: date | None


class _Level(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    rank: int
    name: Text
    group_id: UUID | None
    closed: bool


async def move(tx: Tx, moves: Sequence[Moved], today: date) -> None:
    """Write these moves down; their groups follow. Members are held by the caller."""
    if not moves:
        return
    await tx.execute(
        """
        INSERT INTO level_moves (merchant_id, buyer_id, step, from_rank, to_rank, growth)
        SELECT n.merchant_id, n.buyer_id
             , (SELECT count(*) + 1 FROM level_moves l WHERE l.merchant_id = n.merchant_id AND l.buyer_id = n.buyer_id)
             , n.from_rank, n.to_rank, n.growth
        FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::bigint[])
            AS n (merchant_id, buyer_id, from_rank, to_rank, growth)
        """,
        [each.merchant_id for each in moves],
        [each.buyer_id for each in moves],
        [each.from_rank for each in moves],
        [each.to_rank for each in moves],
        [each.growth for each in moves],
    )
    levels = await _levels(tx, {each.merchant_id for each in moves})
    entering = [_joining(each, each.to_rank, levels) for each in moves]
    leaving = [_joining(each, each.from_rank, levels) for each in moves]
    await promotions.leave_by(tx, [each for each in leaving if each], MemberSource.LEVEL)
    await promotions.enter_by(tx, [each for each in entering if each], MemberSource.LEVEL)
    risen = [each for each in moves if each.to_rank > each.from_rank and each.falls_on is not None]
    await _tell(
        tx,
        NoticeKind.LEVEL_UP,
        [(each.merchant_id, each.buyer_id, each.to_rank, each.falls_on or today) for each in risen],
        levels,
    )
    await events.publish(
        tx,
        *(
            LevelChanged(
                merchant_id=each.merchant_id, buyer_id=each.buyer_id, from_rank=each.from_rank, to_rank=each.to_rank
            )
            for each in moves
        ),
    )


def _joining(each: Moved, rank: int, levels: dict[tuple[UUID, int], _Level]) -> Joining | None:
    level = levels.get((each.merchant_id, rank))
    if level is None or level.group_id is None:
        return None
    return Joining(each.merchant_id, level.group_id, each.buyer_id)


async def _levels(tx: Tx, shops: set[UUID]) -> dict[tuple[UUID, int], _Level]:
    rows = await tx.all(
        _Level,
        """
        SELECT l.merchant_id, l.rank, l.name, l.group_id, p.closed_at IS NOT NULL AS closed
        FROM growth_levels l JOIN growth_programmes p USING (merchant_id) WHERE l.merchant_id = ANY($1)
        """,
        sorted(shops),
    )
    return {(each.merchant_id, each.rank): each for each in rows}


async def warn(tx: Tx, falling: Sequence[tuple[UUID, UUID, int, date | None]]) -> None:
    """Tell these (membership, member, level, day) that their level is lower from that day on; once of each day."""
    known = [(merchant_id, buyer_id, rank, day) for merchant_id, buyer_id, rank, day in falling if day is not None]
    if not known:
        return
    await tx.execute(
        """
        UPDATE growth_members m SET warned_for = n.day
        FROM unnest($1::uuid[], $2::uuid[], $3::date[]) AS n (merchant_id, buyer_id, day)
        WHERE m.merchant_id = n.merchant_id AND m.buyer_id = n.buyer_id
        """,
        [each[0] for each in known],
        [each[1] for each in known],
        [each[3] for each in known],
    )
    await _tell(tx, NoticeKind.LEVEL_ENDS, known, await _levels(tx, {each[0] for each in known}))


async def _tell(
    tx: Tx,
    kind: NoticeKind,
    people: Sequence[tuple[UUID, UUID, int, date]],
    levels: dict[tuple[UUID, int], _Level],
) -> None:
    """Of a closed membership nobody is told anything."""
    shops = await merchants.cards(tx, [MerchantId(each[0]) for each in people if each[0] != PLATFORM])
    notices: list[NewNotice] = []
    for merchant_id, buyer_id, rank, day in people:
        level, shop = levels.get((merchant_id, rank)), shops.get(MerchantId(merchant_id))
        if level is None or level.closed:
            continue
        notices.append(
            NewNotice(
                buyer_id=buyer_id,
                notice_id=ids.derived(merchant_id, kind, str(buyer_id), str(rank), day.isoformat()),
                kind=kind,
                facts=CouponFacts(name=level.name, shop=shop.name if shop else None, until=days.begins(day)),
                link=f"/shops/{shop.slug}/membership" if shop else "/membership",
            )
        )
    await notifications.tell(tx, notices)


class _Listed(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    buyer_id: UUID
    rank: int
    now_on: UUID | None
    was_on: UUID | None


async def list_members(tx: Tx) -> int:
    """Put members whose level has changed on its list among the segments, and take them off the other; returns how many. Who is
    not known there as a customer yet waits."""
    rows = await tx.all(
        _Listed,
        """
        SELECT m.merchant_id, m.buyer_id, m.rank, n.list_id AS now_on, w.list_id AS was_on
        FROM growth_members m
        JOIN customer_facts f USING (merchant_id, buyer_id)
        LEFT JOIN growth_levels n ON n.merchant_id = m.merchant_id AND n.rank = m.rank
        LEFT JOIN growth_levels w ON w.merchant_id = m.merchant_id AND w.rank = m.listed_rank
        WHERE m.unlisted
        ORDER BY m.merchant_id, m.buyer_id LIMIT $1 FOR UPDATE OF m SKIP LOCKED
        """,
        MEMBERS_PER_LOOK_MAX,
    )
    going: dict[tuple[UUID, UUID], list[UUID]] = {}
    coming: dict[tuple[UUID, UUID], list[UUID]] = {}
    for each in rows:
        if each.was_on is not None:
            going.setdefault((each.merchant_id, each.was_on), []).append(each.buyer_id)
        if each.now_on is not None:
            coming.setdefault((each.merchant_id, each.now_on), []).append(each.buyer_id)
    for (merchant_id, list_id), buyers in sorted(going.items()):
        await _change(tx, merchant_id, list_id, buyers, on=False)
    for (merchant_id, list_id), buyers in sorted(coming.items()):
        await _change(tx, merchant_id, list_id, buyers, on=True)
    await tx.execute(
        """
        UPDATE growth_members m SET listed_rank = n.rank
        FROM unnest($1::uuid[], $2::uuid[], $3::integer[]) AS n (merchant_id, buyer_id, rank)
        WHERE m.merchant_id = n.merchant_id AND m.buyer_id = n.buyer_id
        """,
        [each.merchant_id for each in rows],
        [each.buyer_id for each in rows],
        [each.rank for each in rows],
    )
    return len(rows)


async def _change(tx: Tx, merchant_id: UUID, list_id: UUID, buyer_ids: Sequence[UUID], *, on: bool) -> None:
    """A list that somebody has put away is not kept any more."""
    change = segments.add_people if on else segments.remove_people
    try:
        await change(tx, merchant_id, list_id, buyer_ids)
    except NotFound:
        return
