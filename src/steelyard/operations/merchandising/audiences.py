"""For whom a page's blocks are: what is for a segment is left out for everybody else.

`seen_by` is asked for each reader of a page and nothing of it is kept, so that who leaves a segment sees it no more.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read
from steelyard.operations import segments
from steelyard.operations.behaviour import MARKETPLACE
from steelyard.operations.merchandising.model import HOUSE, PAGES_USING_MAX, Block


def customers_of(owner_id: UUID) -> UUID:
    """Whose segments the pages of an owner go by: a shop's its own, the house's those of the marketplace."""
    return MARKETPLACE if owner_id == HOUSE else owner_id


def segments_of(blocks: Sequence[Block]) -> set[UUID]:
    """The segments that something of these is for."""
    found = {each.segment_id for block in blocks for each in (block, *block.slides)}
    return {each for each in found if each is not None}


def meant_for(blocks: Sequence[Block], inside: Collection[UUID]) -> list[Block]:
    """What of these somebody sees who is in these segments, and in no other. Pure."""
    return [
        msgspec.structs.replace(block, slides=[each for each in block.slides if _is_meant(each.segment_id, inside)])
        for block in blocks
        if _is_meant(block.segment_id, inside)
    ]


def _is_meant(segment_id: UUID | None, inside: Collection[UUID]) -> bool:
    return segment_id is None or segment_id in inside


async def seen_by(read: Read, owner_id: UUID, blocks: Sequence[Block], buyer_id: UUID | None) -> list[Block]:
    """What of these blocks of an owner's page this buyer sees; none: somebody of whom nothing is known, who is in no segment.
    Nobody is in one that was put away."""
    inside: Collection[UUID] = ()
    if buyer_id is not None and segments_of(blocks):
        inside = (await segments.inside(read, customers_of(owner_id), [buyer_id])).get(buyer_id, ())
    return meant_for(blocks, inside)


async def pages_using(read: Read, owner_id: UUID, segment_id: UUID) -> list[str]:
    """The pages of an owner on which something is for this segment: as they are put together, as they are shown, or as they wait
    to be."""
    rows = await read.fetch(
        """
        SELECT p.page FROM page_drafts p
        CROSS JOIN LATERAL (
            SELECT p.blocks UNION ALL
            (SELECT v.blocks FROM page_versions v
             WHERE v.owner_id = p.owner_id AND v.page = p.page AND v.withdrawn_at IS NULL AND v.shown_from <= now()
             ORDER BY v.shown_from DESC, v.version DESC LIMIT 1) UNION ALL
            SELECT v.blocks FROM page_versions v
            WHERE v.owner_id = p.owner_id AND v.page = p.page AND v.withdrawn_at IS NULL AND v.shown_from > now()) AS b (blocks)
        WHERE p.owner_id = $1
          AND jsonb_path_exists(b.blocks, '$[*].** ? (@.segment_id == $id)', jsonb_build_object('id', $2::text))
        GROUP BY p.page ORDER BY p.page LIMIT $3
        """,
        owner_id,
        str(segment_id),
        PAGES_USING_MAX,
    )
    return [row["page"] for row in rows]
