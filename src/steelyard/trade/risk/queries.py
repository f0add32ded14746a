"""Questions about orders that were looked at."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.trade.risk.model import Check, CheckState, Entry, Listing, RuleFigures

CHECKS_MAX = 200

_CHECK: LiteralString = """
    SELECT merchant_id, order_id, purchase_id, buyer_id, code, amount, currency, score, tripped, state, checked_at, decide_by
         , decided_at, decided_by, why, charged_back_at
"""


async def check_of(read: Read, order_id: UUID) -> Check | None:
    return await read.one(Check, _CHECK + "FROM risk_checks WHERE order_id = $1", order_id)


async def held_of(read: Read, order_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these orders somebody is to look at before they are sent."""
    rows = await read.fetch(
        "SELECT order_id FROM risk_checks WHERE order_id = ANY($1) AND state = 'held'", list(order_ids)
    )
    return {row["order_id"] for row in rows}


async def released_by_staff(read: Read, order_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these orders were held, and people have let go."""
    rows = await read.fetch(
        "SELECT order_id FROM risk_checks WHERE order_id = ANY($1) AND state = 'released' AND decided_by <> 'system'",
        list(order_ids),
    )
    return {row["order_id"] for row in rows}


async def held_count(read: Read, most: int) -> int:
    """How many wait for staff, counted up to `most`."""
    return await read.value(
        "SELECT count(*)::integer FROM (SELECT FROM risk_checks WHERE state = 'held' LIMIT $1) AS held", most
    )


async def held_page(read: Read, cursor: str | None = None, limit: int | None = None) -> Page[Check]:
    """What waits for staff, the first due first."""
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Check,
        _CHECK
        + """
        FROM risk_checks WHERE state = 'held' AND ($1::timestamptz IS NULL OR (decide_by, order_id) > ($1, $2::uuid))
        ORDER BY decide_by, order_id LIMIT $3
        """,
        *key,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.decide_by, last.order_id))


async def checks_page(
    read: Read, states: Sequence[CheckState] = (), cursor: str | None = None, limit: int | None = None
) -> Page[Check]:
    """Everything that tripped a rule, the newest first."""
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Check,
        _CHECK
        + """
        FROM risk_checks
        WHERE (cardinality($1::text[]) = 0 OR state = ANY($1))
          AND ($2::timestamptz IS NULL OR (checked_at, order_id) < ($2, $3::uuid))
        ORDER BY checked_at DESC, order_id DESC LIMIT $4
        """,
        list(states),
        *key,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.checked_at, last.order_id))


async def figures(read: Read) -> list[RuleFigures]:
    """What became of the orders that each rule was tripped by."""
    return await read.all(
        RuleFigures,
        """
        SELECT t ->> 'rule' AS rule, count(*)::integer AS tripped
             , count(*) FILTER (WHERE c.decide_by IS NOT NULL)::integer AS held
             , count(*) FILTER (WHERE c.state = 'released')::integer AS released
             , count(*) FILTER (WHERE c.state IN ('cancelled', 'overtaken'))::integer AS cancelled
             , count(*) FILTER (WHERE c.charged_back_at IS NOT NULL)::integer AS charged_back
        FROM (SELECT * FROM risk_checks ORDER BY checked_at DESC, order_id DESC LIMIT 10000) c
           , jsonb_array_elements(c.tripped) AS t
        GROUP BY 1
        """,
    )


async def entries_page(
    read: Read, listing: Listing, cursor: str | None = None, limit: int | None = None
) -> Page[Entry]:
    """Who stands on a list, the newest first."""
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Entry,
        """
        SELECT entry_id, list, kind, value, why, until, by, at FROM risk_list
        WHERE list = $1 AND ($2::timestamptz IS NULL OR (at, entry_id) < ($2, $3::uuid))
        ORDER BY at DESC, entry_id DESC LIMIT $4
        """,
        listing,
        *key,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.at, last.entry_id))
