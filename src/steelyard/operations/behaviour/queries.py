"""Questions about what people did."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.operations.behaviour.model import BEHAVIOURS_PER_READ_MAX, Cursor, Kind, Recorded
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId


async def since(read: Read, after: Cursor, most: int = BEHAVIOURS_PER_READ_MAX) -> list[Recorded]:
    """What was written down after `after`, in the order of writing; the last one's `cursor` is where to go on. What is in a
    transaction still open is not stepped over. Robots are among them: see `robots`.

    A reader that keeps its cursor in the transaction of its effects sees each event once.
    """
    return await read.all(
        Recorded,
        """
        SELECT e.event_id, e.xid, e.position, e.at, e.merchant_id, e.kind, e.visitor_id, e.buyer_id
             , coalesce(m.buyer_id, e.buyer_id, e.visitor_id) AS person, e.product_id, e.order_id, e.session_id, e.surface
             , e.channel, e.source, e.medium, e.campaign, e.device, e.properties
        FROM behaviour_events e LEFT JOIN visitor_merges m ON m.visitor_id = coalesce(e.buyer_id, e.visitor_id)
        WHERE (e.xid, e.position) > ($1, $2) AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY e.xid, e.position LIMIT $3
        """,
        after.xid,
        after.position,
        min(most, BEHAVIOURS_PER_READ_MAX),
    )


async def of_buyer(
    read: Read,
    merchant_id: UUID,
    buyer_id: BuyerId,
    *,
    kinds: Sequence[Kind] = (),
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Recorded]:
    """What a buyer did at this merchant (all zeros: what was of no merchant), also before they signed in, the newest first.
    Who a visitor became is not for the merchants' role to see: ask as the application."""
    people = [buyer_id, *await customers.visitors_of(read, buyer_id)]
    before = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Recorded,
        """
        SELECT e.event_id, e.xid, e.position, e.at, e.merchant_id, e.kind, e.visitor_id, e.buyer_id
             , $2::uuid AS person, e.product_id, e.order_id, e.session_id, e.surface
             , e.channel, e.source, e.medium, e.campaign, e.device, e.properties
        FROM behaviour_events e
        WHERE e.merchant_id = $1 AND (e.buyer_id = $2 OR e.visitor_id = ANY($3))
          AND coalesce(e.buyer_id, e.visitor_id) = ANY($3)
          AND (cardinality($4::text[]) = 0 OR e.kind = ANY($4))
          AND ($5::timestamptz IS NULL OR (e.at, e.event_id) < ($5, $6::uuid))
        ORDER BY e.at DESC, e.event_id DESC LIMIT $7
        """,
        merchant_id,
        buyer_id,
        people,
        [str(kind) for kind in kinds],
        *before,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.at, last.event_id))


async def of_buyers(read: Read, people: Sequence[BuyerId], most: int) -> list[dict[str, Any]]:
    """All that is kept of what these buyers and visitors did: for the export of their data."""
    rows = await read.fetch(
        """
        SELECT at, kind, merchant_id, product_id, order_id, session_id, surface, channel, source, medium, campaign, device
             , properties
        FROM behaviour_events WHERE (visitor_id = ANY($1) OR buyer_id = ANY($1)) AND coalesce(buyer_id, visitor_id) = ANY($1)
        ORDER BY at LIMIT $2
        """,
        list(people),
        most,
    )
    return [dict(row) for row in rows]


async def analysed(read: Read, buyer_id: BuyerId) -> bool:
    """Whether what this buyer does may be analysed: so it is until they say otherwise."""
    return await read.value("SELECT analysed FROM behaviour_choices WHERE buyer_id = $1", buyer_id) is not False


async def robots(read: Read, visitor_ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of these visitors who looked at more pages in a minute than people do: analyses leave them out."""
    rows = await read.fetch(
        "SELECT visitor_id FROM behaviour_robots WHERE visitor_id = ANY($1)", sorted(set(visitor_ids))
    )
    return frozenset(row["visitor_id"] for row in rows)


async def robots_found(read: Read, after: datetime, most: int = BEHAVIOURS_PER_READ_MAX) -> list[UUID]:
    """Who was found to be one since `after`: for who has copied what they did before it was known."""
    rows = await read.fetch(
        "SELECT visitor_id FROM behaviour_robots WHERE found_at > $1 ORDER BY found_at LIMIT $2", after, most
    )
    return [row["visitor_id"] for row in rows]
