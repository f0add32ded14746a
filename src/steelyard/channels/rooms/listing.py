"""Rooms by their keys, for lists of what happens in them."""

from collections.abc import Collection
from uuid import UUID

from steelyard.channels.rooms.model import Room
from steelyard.kernel.db import Read


async def rooms_named(read: Read, keys: Collection[tuple[UUID, UUID]]) -> dict[UUID, Room]:
    """Those of these `(merchant_id, room_id)` that are open, by their ids."""
    found = await read.all(
        Room,
        """
        SELECT r.merchant_id, r.room_id, r.slug, r.name, r.about, r.category_ids, r.state, r.grade, r.opened_at
        FROM unnest($1::uuid[], $2::uuid[]) AS k (merchant_id, room_id) JOIN rooms r USING (merchant_id, room_id)
        WHERE r.state = 'open'
        """,
        [merchant_id for merchant_id, _ in keys],
        [room_id for _, room_id in keys],
    )
    return {room.room_id: room for room in found}
