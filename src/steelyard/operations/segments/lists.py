"""Lists: customers whom somebody has put together by hand, from a file, or out of a report. A shop's list has its own customers
only."""

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.operations.segments import tree
from steelyard.operations.segments.model import (
    PEOPLE_PER_IMPORT_MAX,
    REJECTS_SHOWN_MAX,
    Kind,
    Segment,
)
from steelyard.operations.segments.service import check_words, one_at_a_time, room
from steelyard.operations.segments.settling import PEOPLE_PER_LOOK_MAX, hold, put, settle, take


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a file: how many are on the list now who were not, how many were already, and who was left out since the
    shop does not know them (the first of them, and how many)."""

    added: int
    there: int
    rejected: int
    rejects: list[str]


async def make_list(tx: Tx, segment: Segment) -> None:
    """Have this list, or change its words. Said twice, nothing changes. Raises `Invalid`, `TooManySegments`, `NotFound` for what
    is no list or archived."""
    check_words(segment)
    await one_at_a_time(tx, segment.merchant_id)
    there = await tx.value(
        "SELECT kind FROM segments WHERE merchant_id = $1 AND segment_id = $2", segment.merchant_id, segment.segment_id
    )
    if there is None:
        await room(tx, segment.merchant_id)
    written = await tx.execute(
        """
        INSERT INTO segments AS s (merchant_id, segment_id, kind, name, description, owner) VALUES ($1, $2, 'list', $3, $4, $5)
        ON CONFLICT (merchant_id, segment_id) DO UPDATE
        SET name = excluded.name, description = excluded.description, owner = excluded.owner, changed_at = now()
        WHERE s.kind = 'list' AND s.archived_at IS NULL
        """,
        segment.merchant_id,
        segment.segment_id,
        segment.name,
        segment.description,
        segment.owner,
    )
    if not written:
        raise NotFound()


async def import_people(tx: Tx, merchant_id: UUID, segment_id: UUID, named: Sequence[str]) -> Imported:
    """Put these on a list: e-mail addresses or buyers' ids, of customers of the shop. Said twice, nothing changes; who is not
    known is told. Raises `Invalid`, `NotFound`."""
    wanted = list(dict.fromkeys(each.strip() for each in named if each.strip()))
    if not 0 < len(wanted) <= PEOPLE_PER_IMPORT_MAX:
        raise Invalid({"people": N_("Please name between one and ten thousand customers")})
    found = await _resolved(tx, merchant_id, wanted)
    buyers = sorted({buyer_id for each in found.values() for buyer_id in each})
    added = await add_people(tx, merchant_id, segment_id, buyers)
    rejects = [each for each in wanted if each not in found]
    return Imported(added=added, there=len(buyers) - added, rejected=len(rejects), rejects=rejects[:REJECTS_SHOWN_MAX])


async def _resolved(tx: Tx, merchant_id: UUID, wanted: Sequence[str]) -> dict[str, list[UUID]]:
    """Whom each of these means among the shop's customers: by the address of their account or of an order in this shop."""
    emails = [each for each in wanted if "@" in each]
    as_ids: dict[UUID, str] = {}
    for each in wanted:
        try:
            as_ids[UUID(each)] = each
        except ValueError:
            continue
    found: dict[str, list[UUID]] = {}
    rows = await tx.fetch(
        """
        SELECT e.email, f.buyer_id
        FROM unnest($2::text[]) AS e (email)
        CROSS JOIN LATERAL (SELECT b.buyer_id FROM buyers b WHERE lower(b.email) = lower(e.email)
                            UNION SELECT o.buyer_id FROM orders o
                            WHERE o.merchant_id = $1 AND o.contact_email IN (e.email, lower(e.email))
                              AND o.paid_at IS NOT NULL) AS w
        JOIN customer_facts f ON f.merchant_id = $1 AND f.buyer_id = w.buyer_id
        """,
        merchant_id,
        emails,
    )
    for row in rows:
        found.setdefault(row["email"], []).append(row["buyer_id"])
    rows = await tx.fetch(
        "SELECT buyer_id FROM customer_facts WHERE merchant_id = $1 AND buyer_id = ANY($2)", merchant_id, list(as_ids)
    )
    for row in rows:
        found[as_ids[row["buyer_id"]]] = [row["buyer_id"]]
    return found


async def add_people(tx: Tx, merchant_id: UUID, segment_id: UUID, buyer_ids: Collection[UUID]) -> int:
    """Put customers of the shop on a list; returns how many were not on it. Who is none of its customers stays off. Segments
    that ask for the list know at once. Raises `NotFound`."""
    return await _change(tx, merchant_id, segment_id, buyer_ids, on=True)


async def remove_people(tx: Tx, merchant_id: UUID, segment_id: UUID, buyer_ids: Collection[UUID]) -> int:
    """Take people off a list; returns how many were on it. Raises `NotFound`."""
    return await _change(tx, merchant_id, segment_id, buyer_ids, on=False)


async def _change(tx: Tx, merchant_id: UUID, segment_id: UUID, buyer_ids: Collection[UUID], *, on: bool) -> int:
    kind = await tx.value(
        "SELECT kind FROM segments WHERE merchant_id = $1 AND segment_id = $2 AND archived_at IS NULL",
        merchant_id,
        segment_id,
    )
    if kind != Kind.LIST:
        raise NotFound()
    ordered, moved = sorted(set(buyer_ids)), 0
    # All of them before the first is written: who counts holds people before segments, too.
    await hold(tx, [(merchant_id, buyer_id) for buyer_id in ordered])
    for n in range(0, len(ordered), PEOPLE_PER_LOOK_MAX):
        some = ordered[n : n + PEOPLE_PER_LOOK_MAX]
        change = put if on else take
        moved += await change(tx, merchant_id, segment_id, some)
        await settle(tx, [(merchant_id, buyer_id) for buyer_id in some], [tree.inside(segment_id)])
    return moved
