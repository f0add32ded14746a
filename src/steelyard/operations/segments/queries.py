"""Questions about segments: which there are, what they said, who is in them. `members` is for whoever filters by a segment."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from steelyard.goods.promotions.model import Group
from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.paging import Page
from steelyard.operations.segments.model import (
    SEGMENTS_PER_SHOP_MAX,
    VERSIONS_SHOWN_MAX,
    Binding,
    Day,
    Draft,
    Member,
    Segment,
    Version,
)

DAYS_SHOWN_MAX = 30
DRAFTS_SHOWN_MAX = 20
MEMBERS_PER_READ_MAX = 10_000


async def segments(read: Read, merchant_id: UUID, *, archived: bool = False) -> list[Segment]:
    """A shop's segments and lists, the last changed first; or those that were put away."""
    return await read.all(
        Segment,
        """
        SELECT s.merchant_id, s.segment_id, s.kind, s.name, s.description, s.owner, s.version, s.tree, s.members, s.created_at
             , s.changed_at, s.archived_at, c.people AS counting
        FROM segments s
        LEFT JOIN LATERAL (SELECT o.people FROM segment_counts o
                           WHERE o.ended_at IS NULL AND o.merchant_id = s.merchant_id AND o.segment_id = s.segment_id
                           LIMIT 1) AS c ON true
        WHERE s.merchant_id = $1 AND (s.archived_at IS NOT NULL) = $2
        ORDER BY s.changed_at DESC, s.segment_id DESC LIMIT $3
        """,
        merchant_id,
        archived,
        SEGMENTS_PER_SHOP_MAX,
    )


async def segment(read: Read, merchant_id: UUID, segment_id: UUID) -> Segment:
    """One of them, put away or not. Raises `NotFound`."""
    found = await read.one(
        Segment,
        """
        SELECT s.merchant_id, s.segment_id, s.kind, s.name, s.description, s.owner, s.version, s.tree, s.members, s.created_at
             , s.changed_at, s.archived_at, c.people AS counting
        FROM segments s
        LEFT JOIN LATERAL (SELECT o.people FROM segment_counts o
                           WHERE o.ended_at IS NULL AND o.merchant_id = s.merchant_id AND o.segment_id = s.segment_id
                           LIMIT 1) AS c ON true
        WHERE s.merchant_id = $1 AND s.segment_id = $2
        """,
        merchant_id,
        segment_id,
    )
    if found is None:
        raise NotFound()
    return found


async def versions(read: Read, merchant_id: UUID, segment_id: UUID) -> list[Version]:
    """What a segment said, the last first."""
    return await read.all(
        Version,
        """
        SELECT version, tree, by, at FROM segment_versions WHERE merchant_id = $1 AND segment_id = $2
        ORDER BY version DESC LIMIT $3
        """,
        merchant_id,
        segment_id,
        VERSIONS_SHOWN_MAX,
    )


async def draft(read: Read, merchant_id: UUID, segment_id: UUID) -> Draft | None:
    """A definition as somebody is putting it together; none when nobody is."""
    return await read.one(
        Draft,
        """
        SELECT segment_id, name, description, sketch, changed_at, by FROM segment_drafts
        WHERE merchant_id = $1 AND segment_id = $2
        """,
        merchant_id,
        segment_id,
    )


async def drafts(read: Read, merchant_id: UUID) -> list[Draft]:
    """What is being put together and is no segment yet, the last first."""
    return await read.all(
        Draft,
        """
        SELECT d.segment_id, d.name, d.description, d.sketch, d.changed_at, d.by FROM segment_drafts d
        WHERE d.merchant_id = $1
          AND NOT EXISTS (SELECT FROM segments s WHERE s.merchant_id = d.merchant_id AND s.segment_id = d.segment_id)
        ORDER BY d.changed_at DESC, d.segment_id DESC LIMIT $2
        """,
        merchant_id,
        DRAFTS_SHOWN_MAX,
    )


async def newest(
    read: Read, merchant_id: UUID, segment_id: UUID, cursor: str | None = None, limit: int | None = None
) -> Page[Member]:
    """Who is in a segment, who came last first."""
    before = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Member,
        """
        SELECT buyer_id, since FROM segment_members
        WHERE merchant_id = $1 AND segment_id = $2 AND ($3::timestamptz IS NULL OR (since, buyer_id) < ($3, $4::uuid))
        ORDER BY since DESC, buyer_id DESC LIMIT $5
        """,
        merchant_id,
        segment_id,
        *before,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.since, last.buyer_id))


async def members(
    read: Read, merchant_id: UUID, segment_id: UUID, after: UUID | None = None, most: int = MEMBERS_PER_READ_MAX
) -> list[UUID]:
    """Who is in a segment now, in the order of their ids: the next `most` after `after`. Nobody is in one that is put away."""
    rows = await read.fetch(
        """
        SELECT m.buyer_id FROM segment_members m JOIN segments s USING (merchant_id, segment_id)
        WHERE m.merchant_id = $1 AND m.segment_id = $2 AND s.archived_at IS NULL AND ($3::uuid IS NULL OR m.buyer_id > $3)
        ORDER BY m.buyer_id LIMIT $4
        """,
        merchant_id,
        segment_id,
        after,
        min(most, MEMBERS_PER_READ_MAX),
    )
    return [row["buyer_id"] for row in rows]


async def written_down(
    read: Read, merchant_id: UUID, segment_id: UUID, after: UUID | None = None, most: int = MEMBERS_PER_READ_MAX
) -> list[Member]:
    """Who is in a segment and since when, in the order of their ids: the next `most` after `after`. Of one that is put away, who
    was in it at that moment."""
    return await read.all(
        Member,
        """
        SELECT buyer_id, since FROM segment_members
        WHERE merchant_id = $1 AND segment_id = $2 AND ($3::uuid IS NULL OR buyer_id > $3) ORDER BY buyer_id LIMIT $4
        """,
        merchant_id,
        segment_id,
        after,
        min(most, MEMBERS_PER_READ_MAX),
    )


async def inside(read: Read, merchant_id: UUID, buyer_ids: Collection[UUID]) -> dict[UUID, frozenset[UUID]]:
    """In which segments of a shop each of these buyers is now."""
    rows = await read.fetch(
        """
        SELECT m.buyer_id, m.segment_id FROM segment_members m JOIN segments s USING (merchant_id, segment_id)
        WHERE m.buyer_id = ANY($2) AND m.merchant_id = $1 AND s.archived_at IS NULL
        """,
        merchant_id,
        list(set(buyer_ids)),
    )
    found: dict[UUID, frozenset[UUID]] = {}
    for row in rows:
        found[row["buyer_id"]] = found.get(row["buyer_id"], frozenset()) | {row["segment_id"]}
    return found


async def bindings(read: Read, merchant_id: UUID, segment_id: UUID) -> list[Binding]:
    """The customer groups that follow a segment."""
    return await read.all(
        Binding,
        """
        SELECT g.segment_id, g.group_id, c.name, g.at FROM segment_groups g JOIN customer_groups c USING (merchant_id, group_id)
        WHERE g.merchant_id = $1 AND g.segment_id = $2 ORDER BY g.at, g.group_id LIMIT $3
        """,
        merchant_id,
        segment_id,
        SEGMENTS_PER_SHOP_MAX,
    )


async def unbound_groups(read: Read, merchant_id: UUID) -> list[Group]:
    """A shop's groups that follow no segment yet."""
    return await read.all(
        Group,
        """
        SELECT c.merchant_id, c.group_id, c.name FROM customer_groups c
        WHERE c.merchant_id = $1 AND c.closed_at IS NULL
          AND NOT EXISTS (SELECT FROM segment_groups g WHERE g.merchant_id = c.merchant_id AND g.group_id = c.group_id)
        ORDER BY c.created_at, c.group_id LIMIT $2
        """,
        merchant_id,
        SEGMENTS_PER_SHOP_MAX,
    )


async def days(read: Read, merchant_id: UUID, segment_id: UUID) -> list[Day]:
    """How many came in and went, day by day, the last days on which anybody did, the newest first."""
    return await read.all(
        Day,
        """
        SELECT day::text AS day, entered, went AS left FROM segment_days WHERE merchant_id = $1 AND segment_id = $2
        ORDER BY segment_days.day DESC LIMIT $3
        """,
        merchant_id,
        segment_id,
        DAYS_SHOWN_MAX,
    )


async def known_as(read: Read, buyer_ids: Collection[UUID]) -> dict[UUID, tuple[str, str | None]]:
    """Name and address of these buyers' accounts: for the platform alone."""
    rows = await read.fetch("SELECT buyer_id, name, email FROM buyers WHERE buyer_id = ANY($1)", list(set(buyer_ids)))
    return {row["buyer_id"]: (row["name"], row["email"]) for row in rows}
