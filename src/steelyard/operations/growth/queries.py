"""Questions about memberships: how one is, who is a member, where somebody stands and what they earned."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.kernel.text import Text
from steelyard.operations.growth.model import (
    LEVELS_MAX,
    LINES_SHOWN_MAX,
    GrowthLine,
    Level,
    LevelMove,
    Member,
    Programme,
    Rule,
    TaskTerms,
)

PROGRAMMES_SHOWN_MAX = 100


async def programme(read: Read, merchant_id: UUID, today: date) -> Programme | None:
    """A shop's membership, or the platform's; closed or not."""
    head = await read.row(
        """
        SELECT merchant_id, name, currency, since, closed_at, version FROM growth_programmes WHERE merchant_id = $1
        """,
        merchant_id,
    )
    if head is None:
        return None
    rules = await read.all(
        Rule,
        """
        (SELECT from_day, per_hundred, review, reviews_per_month, check_in, check_ins_per_month, window_days, keep_days
              , warn_days
         FROM growth_rules WHERE merchant_id = $1 AND from_day <= $2 ORDER BY from_day DESC LIMIT 1)
        UNION ALL
        (SELECT from_day, per_hundred, review, reviews_per_month, check_in, check_ins_per_month, window_days, keep_days
              , warn_days
         FROM growth_rules WHERE merchant_id = $1 AND from_day > $2 ORDER BY from_day DESC LIMIT 1)
        """,
        merchant_id,
        today,
    )
    return Programme(
        merchant_id=head["merchant_id"],
        name=Text(head["name"]),
        currency=head["currency"],
        since=head["since"],
        closed_at=head["closed_at"],
        version=head["version"],
        rule=rules[0],
        coming=rules[1] if len(rules) > 1 else None,
        levels=tuple(await _levels(read, merchant_id)),
        tasks=tuple(await _tasks(read, merchant_id)),
    )


async def _tasks(read: Read, merchant_id: UUID) -> list[TaskTerms]:
    return await read.all(
        TaskTerms,
        "SELECT task, amount, target FROM growth_tasks WHERE merchant_id = $1 ORDER BY task",
        merchant_id,
    )


async def open_programme(read: Read, merchant_id: UUID, today: date) -> Programme | None:
    """The same as buyers see it: none where it is closed."""
    found = await programme(read, merchant_id, today)
    return found if found is not None and found.closed_at is None else None


async def is_open(read: Read, merchant_id: UUID) -> bool:
    """Whether a shop has a membership that buyers see."""
    return await read.value(
        "SELECT EXISTS (SELECT FROM growth_programmes WHERE merchant_id = $1 AND closed_at IS NULL)", merchant_id
    )


async def _levels(read: Read, merchant_id: UUID) -> list[Level]:
    return await read.all(
        Level,
        """
        SELECT l.rank, l.name, l.threshold, l.group_id, l.list_id, l.percent_off, l.free_freight_over, l.points_extra
             , l.birthday_coupon, l.priority, l.price_offer, l.freight_offer
             , (SELECT count(*)::integer FROM growth_members m
                WHERE m.merchant_id = l.merchant_id AND m.rank = l.rank) AS members
        FROM growth_levels l WHERE l.merchant_id = $1 ORDER BY l.rank LIMIT $2
        """,
        merchant_id,
        LEVELS_MAX,
    )


async def member(read: Read, merchant_id: UUID, buyer_id: UUID) -> Member:
    """Where somebody stands; who has earned nothing yet stands at nothing."""
    found = await read.one(
        Member,
        """
        SELECT merchant_id, buyer_id, growth, rank, since, falls_on FROM growth_members
        WHERE merchant_id = $1 AND buyer_id = $2
        """,
        merchant_id,
        buyer_id,
    )
    return found or Member(merchant_id=merchant_id, buyer_id=buyer_id)


async def memberships(read: Read, buyer_id: UUID) -> list[Member]:
    """Of which open memberships somebody is a member, the highest levels first."""
    return await read.all(
        Member,
        """
        SELECT m.merchant_id, m.buyer_id, m.growth, m.rank, m.since, m.falls_on
        FROM growth_members m JOIN growth_programmes p USING (merchant_id)
        WHERE m.buyer_id = $1 AND p.closed_at IS NULL ORDER BY m.rank DESC, m.growth DESC, m.merchant_id LIMIT $2
        """,
        buyer_id,
        PROGRAMMES_SHOWN_MAX,
    )


async def members(
    read: Read, merchant_id: UUID, rank: int | None, cursor: str | None = None, limit: int | None = None
) -> Page[Member]:
    """The members of a level, or all who have one or may get one; the highest first."""
    before = paging.read_cursor(cursor, int, int, UUID) or (None, None, None)
    most = paging.limit(limit)
    found = await read.all(
        Member,
        """
        SELECT merchant_id, buyer_id, growth, rank, since, falls_on FROM growth_members
        WHERE merchant_id = $1 AND ($2::integer IS NULL OR rank = $2)
          AND ($3::integer IS NULL OR rank < $3 OR (rank = $3 AND growth < $4) OR (rank = $3 AND growth = $4 AND buyer_id > $5))
        ORDER BY rank DESC, growth DESC, buyer_id LIMIT $6
        """,
        merchant_id,
        rank,
        *before,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.rank, last.growth, last.buyer_id))


async def lines(read: Read, merchant_id: UUID, buyer_id: UUID, limit: int = LINES_SHOWN_MAX) -> list[GrowthLine]:
    """What somebody earned, and what was taken back, the last first."""
    return await read.all(
        GrowthLine,
        """
        SELECT cause, document, about, amount, day, until, at FROM growth_lines WHERE merchant_id = $1 AND buyer_id = $2
        ORDER BY at DESC, document LIMIT $3
        """,
        merchant_id,
        buyer_id,
        limit,
    )


async def level_moves(read: Read, merchant_id: UUID, buyer_id: UUID) -> list[LevelMove]:
    return await read.all(
        LevelMove,
        """
        SELECT from_rank, to_rank, growth, at FROM level_moves WHERE merchant_id = $1 AND buyer_id = $2
        ORDER BY step DESC LIMIT $3
        """,
        merchant_id,
        buyer_id,
        LINES_SHOWN_MAX,
    )


async def levels_of(read: Read, merchant_id: UUID, buyer_ids: Collection[UUID]) -> dict[UUID, Level]:
    """The levels of these buyers at an open membership; who has none is left out."""
    rows = await read.fetch(
        """
        SELECT m.buyer_id, m.rank FROM growth_members m JOIN growth_programmes p USING (merchant_id)
        WHERE m.merchant_id = $1 AND m.buyer_id = ANY($2) AND m.rank > 0 AND p.closed_at IS NULL
        """,
        merchant_id,
        list(set(buyer_ids)),
    )
    if not rows:
        return {}
    levels = {each.rank: each for each in await _levels(read, merchant_id)}
    return {row["buyer_id"]: levels[row["rank"]] for row in rows if row["rank"] in levels}


async def checked_in(read: Read, merchant_id: UUID, buyer_id: UUID, today: date) -> bool:
    """Whether today's check-in was had."""
    return await read.value(
        """
        SELECT EXISTS (SELECT FROM growth_lines
                       WHERE merchant_id = $1 AND buyer_id = $2 AND cause = 'check_in' AND day = $3)
        """,
        merchant_id,
        buyer_id,
        today,
    )


async def of_buyers(read: Read, people: Sequence[UUID], most: int) -> list[dict[str, object]]:
    """What these are members of and what each earned, for who takes along all that is kept of them."""
    rows = await read.fetch(
        """
        SELECT l.merchant_id, m.rank AS level, m.growth, l.cause, l.amount, l.day::text, l.until::text, l.at
        FROM growth_lines l JOIN growth_members m USING (merchant_id, buyer_id) WHERE l.buyer_id = ANY($1)
        UNION ALL
        SELECT merchant_id, NULL, NULL, 'birthday coupon', given::integer, year::text, NULL, at
        FROM birthday_gifts WHERE buyer_id = ANY($1)
        ORDER BY at LIMIT $2
        """,
        list(people),
        most,
    )
    return [dict(row) for row in rows]
