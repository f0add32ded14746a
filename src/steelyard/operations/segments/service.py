"""What people do with segments: put one together, have it say something else, put it away, take it back, let groups follow it."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.goods import promotions
from steelyard.goods.promotions.model import CouponGift, GiftAudience
from steelyard.kernel import events
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.operations.segments import tree
from steelyard.operations.segments.counting import begin_count
from steelyard.operations.segments.events import SegmentDefined
from steelyard.operations.segments.model import (
    DESCRIPTION_CHARACTERS_MAX,
    NAME_CHARACTERS_MAX,
    SEGMENTS_PER_SHOP_MAX,
    GroupFollowsAnother,
    Kind,
    Segment,
    SegmentId,
    SegmentInUse,
    SegmentsGoRound,
    TooManySegments,
    Use,
    Wrong,
)
from steelyard.operations.segments.sketching import NOT_A_SEGMENT, Sketch
from steelyard.operations.segments.tree import Node, TreeRefused


async def sketch(  # a draft has a name, words and parts
    tx: Tx, merchant_id: UUID, segment_id: SegmentId, name: Text, description: str, parts: Sketch, by: str
) -> None:
    """Keep a definition as far as it has come. Said twice, the second counts."""
    await tx.execute(
        """
        INSERT INTO segment_drafts (merchant_id, segment_id, name, description, sketch, by) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (merchant_id, segment_id) DO UPDATE
        SET name = excluded.name, description = excluded.description, sketch = excluded.sketch, by = excluded.by
          , changed_at = now()
        """,
        merchant_id,
        segment_id,
        name,
        description,
        parts,
        by,
    )


async def drop_draft(tx: Tx, merchant_id: UUID, segment_id: SegmentId) -> None:
    """Let a draft go; what the segment says stays. Said twice, nothing changes."""
    await tx.execute("DELETE FROM segment_drafts WHERE merchant_id = $1 AND segment_id = $2", merchant_id, segment_id)


async def define(tx: Tx, segment: Segment, by: str) -> int:
    """Have this segment, or have it say this from now on; returns its version. Who is in it is counted at once, and what it
    said before is kept. Said twice, nothing changes. Raises `Invalid`, `TreeRefused`, `SegmentsGoRound`, `TooManySegments`,
    `NotFound` for what is a list or archived."""
    assert segment.tree is not None
    check_words(segment)
    tree.check(segment.tree)
    await one_at_a_time(tx, segment.merchant_id)
    await _goes_nowhere_round(tx, segment, segment.tree)
    known = await _known(tx, segment)
    if known is not None and (known.kind is not Kind.RULES or known.archived_at is not None):
        raise NotFound()
    anew = known is None or known.tree != segment.tree
    version = 1 if known is None else known.version + anew
    if anew:  # before the segment's row is held: who counts holds the count first
        await begin_count(tx, segment.merchant_id, segment.segment_id)
    await tx.execute(
        """
        INSERT INTO segments (merchant_id, segment_id, kind, name, description, owner, version, tree, depends)
        VALUES ($1, $2, 'rules', $3, $4, $5, $6, $7, $8)
        ON CONFLICT (merchant_id, segment_id) DO UPDATE
        SET name = excluded.name, description = excluded.description, owner = excluded.owner, version = excluded.version
          , tree = excluded.tree, depends = excluded.depends, changed_at = now()
        """,
        segment.merchant_id,
        segment.segment_id,
        segment.name,
        segment.description,
        segment.owner,
        version,
        segment.tree,
        sorted(tree.depends(segment.tree)),
    )
    await drop_draft(tx, segment.merchant_id, segment.segment_id)
    if anew:
        await _say_anew(tx, segment, segment.tree, version, by)
    return version


async def _say_anew(tx: Tx, segment: Segment, node: Node, version: int, by: str) -> None:
    await tx.execute(
        "INSERT INTO segment_versions (merchant_id, segment_id, version, tree, by) VALUES ($1, $2, $3, $4, $5)",
        segment.merchant_id,
        segment.segment_id,
        version,
        node,
        by,
    )
    defined = SegmentDefined(merchant_id=segment.merchant_id, segment_id=segment.segment_id, version=version)
    await events.publish(tx, defined)


def check_words(segment: Segment) -> None:
    wrong: dict[str, str] = {}
    if not any(segment.name.values()):
        wrong["name_zh"] = N_("Please fill this in")
    if any(len(words) > NAME_CHARACTERS_MAX for words in segment.name.values()):
        wrong["name_zh"] = N_("This is too long")
    if len(segment.description) > DESCRIPTION_CHARACTERS_MAX:
        wrong["description"] = N_("This is too long")
    if wrong:
        raise Invalid(wrong)


async def one_at_a_time(tx: Tx, merchant_id: UUID) -> None:
    """Of one shop only one segment is changed at a time: two that begin to ask for each other would both be fine alone."""
    await tx.value("SELECT pg_advisory_xact_lock(hashtextextended('segments:' || $1::text, 0))", str(merchant_id))


async def _known(read: Read, segment: Segment) -> Segment | None:
    """What there is under this id. Raises `TooManySegments` where it would be one too many."""
    found = await read.one(
        Segment,
        """
        SELECT merchant_id, segment_id, kind, name, version, tree, archived_at FROM segments
        WHERE merchant_id = $1 AND segment_id = $2
        """,
        segment.merchant_id,
        segment.segment_id,
    )
    if found is None:
        await room(read, segment.merchant_id)
    return found


async def room(read: Read, merchant_id: UUID) -> None:
    there = await read.value(
        "SELECT count(*) FROM segments WHERE merchant_id = $1 AND archived_at IS NULL", merchant_id
    )
    if there >= SEGMENTS_PER_SHOP_MAX:
        raise TooManySegments(most=SEGMENTS_PER_SHOP_MAX)


async def _goes_nowhere_round(read: Read, segment: Segment, node: Node) -> None:
    """What it asks for is there, and does not ask for it. Raises `TreeRefused`, `SegmentsGoRound`."""
    rows = await read.all(
        Segment,
        """
        SELECT merchant_id, segment_id, kind, name, tree FROM segments
        WHERE merchant_id = $1 AND archived_at IS NULL ORDER BY segment_id LIMIT $2
        """,
        segment.merchant_id,
        SEGMENTS_PER_SHOP_MAX,
    )
    known = {row.segment_id: row for row in rows}
    missing = [place for place, leaf in _asking(node, "") if leaf.segment_id not in known]
    if missing:
        raise TreeRefused([Wrong(place, "segment_id", NOT_A_SEGMENT) for place in missing])
    for first in tree.asked(node):
        waiting, met = [first], set[UUID]()
        while waiting:
            here = waiting.pop()
            if here == segment.segment_id:
                raise SegmentsGoRound(name=known[SegmentId(first)].name if first in known else segment.name)
            met.add(here)
            further = known[SegmentId(here)].tree
            waiting += [] if further is None else [each for each in tree.asked(further) if each not in met]


def _asking(node: Node, place: str) -> list[tuple[str, tree.Inside]]:
    match node:
        case tree.Inside():
            return [(place, node)]
        case tree.Not():
            return _asking(node.of, place)
        case _:
            return [
                found
                for number, child in enumerate(tree.children(node), 1)
                for found in _asking(child, f"{place}.{number}".lstrip("."))
            ]


async def uses(read: Read, merchant_id: UUID, segment_id: UUID) -> list[Use]:
    """Where a segment is used: customer groups that follow it, and segments that ask for it."""
    return await read.all(
        Use,
        """
        SELECT 'group' AS what, g.group_id AS id, c.name
        FROM segment_groups g JOIN customer_groups c USING (merchant_id, group_id)
        WHERE g.merchant_id = $1 AND g.segment_id = $2
        UNION ALL
        SELECT 'segment', s.segment_id, s.name FROM segments s
        WHERE s.merchant_id = $1 AND s.archived_at IS NULL AND s.depends @> ARRAY['segment:' || $2::text]
        LIMIT $3
        """,
        merchant_id,
        segment_id,
        SEGMENTS_PER_SHOP_MAX,
    )


async def archive(tx: Tx, merchant_id: UUID, segment_id: UUID) -> None:
    """Put a segment or a list away: nobody comes or goes any more. `restore` takes it back. Said twice, nothing changes.
    Raises `SegmentInUse`, which says where; `NotFound`."""
    await one_at_a_time(tx, merchant_id)
    found = await uses(tx, merchant_id, segment_id)
    if found:
        raise SegmentInUse(where=_named([each.name for each in found]))
    if not await tx.execute(
        """
        UPDATE segments SET archived_at = coalesce(archived_at, now()) WHERE merchant_id = $1 AND segment_id = $2
        """,
        merchant_id,
        segment_id,
    ):
        raise NotFound()


def _named(names: Sequence[Text]) -> Text:
    """Names in a row, in each language."""
    return Text(
        {
            "zh-Hans": "、".join(each.in_language("zh-Hans") for each in names),
            "en": ", ".join(each.in_language("en") for each in names),
        }
    )


async def restore(tx: Tx, merchant_id: UUID, segment_id: UUID) -> None:
    """Take a segment back that was put away; who is in it is counted anew. Said twice, nothing changes. Raises `NotFound`,
    `TooManySegments`, and as `define` does where what it asks for is not there any more."""
    await one_at_a_time(tx, merchant_id)
    found = await tx.one(
        Segment,
        """
        SELECT merchant_id, segment_id, kind, name, version, tree, archived_at FROM segments
        WHERE merchant_id = $1 AND segment_id = $2
        """,
        merchant_id,
        segment_id,
    )
    if found is None:
        raise NotFound()
    if found.archived_at is None:
        return
    await room(tx, merchant_id)
    if found.tree is not None:
        await _goes_nowhere_round(tx, found, found.tree)
    # A list is looked at, too: who is no customer any more is not on it.
    await begin_count(tx, merchant_id, segment_id)
    await tx.execute(
        "UPDATE segments SET archived_at = NULL WHERE merchant_id = $1 AND segment_id = $2", merchant_id, segment_id
    )


async def bind(tx: Tx, merchant_id: UUID, segment_id: UUID, group_id: UUID, by: str) -> None:
    """Let a customer group follow a segment: whom the segment has is in the group, from the next moment on and as long as it has
    them. Who is there for another reason stays. Said twice, nothing changes. Raises `NotFound`, `GroupFollowsAnother`."""
    await one_at_a_time(tx, merchant_id)
    there = await tx.value(
        """
        SELECT true FROM segments s JOIN customer_groups g USING (merchant_id)
        WHERE s.merchant_id = $1 AND s.segment_id = $2 AND g.group_id = $3 AND s.archived_at IS NULL AND g.closed_at IS NULL
        """,
        merchant_id,
        segment_id,
        group_id,
    )
    if not there:
        raise NotFound()
    new = await tx.execute(
        """
        INSERT INTO segment_groups (merchant_id, group_id, segment_id, by) VALUES ($1, $2, $3, $4)
        ON CONFLICT (merchant_id, group_id) DO NOTHING
        """,
        merchant_id,
        group_id,
        segment_id,
        by,
    )
    follows = await tx.value(
        "SELECT segment_id FROM segment_groups WHERE merchant_id = $1 AND group_id = $2", merchant_id, group_id
    )
    if follows != segment_id:
        raise GroupFollowsAnother()
    if new:
        await begin_count(tx, merchant_id, segment_id)


async def unbind(tx: Tx, merchant_id: UUID, segment_id: UUID, group_id: UUID) -> None:
    """The group follows the segment no more: whom only the segment has brought leave it at once. Said twice, nothing changes."""
    gone = await tx.execute(
        "DELETE FROM segment_groups WHERE merchant_id = $1 AND segment_id = $2 AND group_id = $3",
        merchant_id,
        segment_id,
        group_id,
    )
    if gone:
        await promotions.follow_no_more(tx, merchant_id, group_id)


async def give_coupon(
    tx: Tx, merchant_id: UUID, segment_id: UUID, promotion_id: UUID, gift_id: UUID, by: str
) -> int | None:
    """Give a coupon to who is in a segment at this moment and has an account; returns how many have got one. Said twice, the
    first counts, and None is returned. Raises `NotFound`, `Invalid` for a segment of more than can be given at once."""
    rows = await tx.fetch(
        """
        SELECT m.buyer_id FROM segment_members m JOIN buyers b USING (buyer_id)
        JOIN segments s ON s.merchant_id = m.merchant_id AND s.segment_id = m.segment_id AND s.archived_at IS NULL
        WHERE m.merchant_id = $1 AND m.segment_id = $2 AND NOT b.guest ORDER BY m.buyer_id LIMIT $3
        """,
        merchant_id,
        segment_id,
        promotions.BUYERS_PER_GIFT_MAX + 1,
    )
    if len(rows) > promotions.BUYERS_PER_GIFT_MAX:
        raise Invalid({"promotion_id": N_("A coupon is given to ten thousand at once, and the segment has more")})
    gift = CouponGift(
        merchant_id=merchant_id,
        gift_id=gift_id,
        promotion_id=promotion_id,
        audience=GiftAudience.SEGMENT,
    )
    given = await promotions.give_to_segment(tx, gift, [row["buyer_id"] for row in rows], by)
    return None if given is None else len(given)
