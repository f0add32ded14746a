"""Questions about changes of many goods."""

from datetime import datetime
from uuid import UUID

from steelyard.channels.sheets.model import Change
from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page


async def change(read: Read, merchant_id: UUID, change_id: UUID) -> Change | None:
    return await read.one(
        Change,
        """
        SELECT change_id, kind, name, state, rows, counts, done, made_at, by, applied_at, undone_at, trouble
        FROM goods_changes WHERE merchant_id = $1 AND change_id = $2
        """,
        merchant_id,
        change_id,
    )


async def changes(read: Read, merchant_id: UUID, cursor: str | None = None, limit: int | None = None) -> Page[Change]:
    """A merchant's changes of many goods without their rows, the latest first."""
    key = paging.read_cursor(cursor, datetime, UUID)
    most = paging.limit(limit)
    found = await read.all(
        Change,
        """
        SELECT change_id, kind, name, state, counts, done, made_at, by, applied_at, undone_at, trouble
        FROM goods_changes
        WHERE merchant_id = $1 AND ($2::timestamptz IS NULL OR (made_at, change_id) < ($2, $3::uuid))
        ORDER BY made_at DESC, change_id DESC LIMIT $4
        """,
        merchant_id,
        key[0] if key else None,
        key[1] if key else None,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.made_at, last.change_id))
