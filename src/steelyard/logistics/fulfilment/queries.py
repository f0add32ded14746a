"""Questions about what has been sent."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel.db import Read
from steelyard.logistics.fulfilment.model import LineStatus, ParcelLine


async def status(read: Read, order_ids: Sequence[UUID]) -> dict[UUID, dict[int, LineStatus]]:
    """For each order that was instructed, its lines by number: how many were wanted, sent and withdrawn."""
    found: dict[UUID, dict[int, LineStatus]] = {}
    for line in await read.all(
        LineStatus,
        """
        SELECT order_id, line, quantity, shipped, withdrawn, ship_by FROM fulfilment_lines
        WHERE order_id = ANY($1) ORDER BY order_id, line
        """,
        list(order_ids),
    ):
        found.setdefault(line.order_id, {})[line.line] = line
    return found


async def contents(read: Read, order_id: UUID) -> dict[UUID, list[ParcelLine]]:
    """What is in each parcel of an order."""
    return await contents_of(read, [order_id])


async def contents_of(read: Read, order_ids: Sequence[UUID]) -> dict[UUID, list[ParcelLine]]:
    """What is in each parcel of these orders."""
    found: dict[UUID, list[ParcelLine]] = {}
    for item in await read.all(
        ParcelLine,
        "SELECT parcel_id, line, quantity FROM parcel_lines WHERE order_id = ANY($1) ORDER BY parcel_id, line",
        list(order_ids),
    ):
        found.setdefault(item.parcel_id, []).append(item)
    return found
