"""Questions about parcels."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel.db import Read
from steelyard.kernel.text import beginning
from steelyard.logistics.parcels.model import Carrier, Parcel, ParcelId, Scan

SCANS_MAX = 200


async def carriers(read: Read) -> list[Carrier]:
    return await read.all(
        Carrier, "SELECT carrier, name, collects FROM carriers WHERE active ORDER BY carrier = 'other', carrier"
    )


async def of_orders(read: Read, order_ids: Sequence[UUID]) -> dict[UUID, list[Parcel]]:
    """The parcels of each of these orders, the first sent first."""
    found: dict[UUID, list[Parcel]] = {order_id: [] for order_id in order_ids}
    for parcel in await read.all(
        Parcel,
        """
        SELECT p.parcel_id, p.merchant_id, p.order_id, p.carrier, c.name AS carrier_name, p.number, p.state, p.sent_at
             , p.delivered_at, p.refused_at
        FROM parcels p JOIN carriers c USING (carrier)
        WHERE p.order_id = ANY($1)
        ORDER BY p.sent_at, p.parcel_id
        """,
        list(order_ids),
    ):
        found[parcel.order_id].append(parcel)
    return found


async def sought(read: Read, words: str, *, limit: int) -> list[Parcel]:
    """Parcels whose number begins with these words; of one merchant where `read` is confined to one."""
    return await read.all(
        Parcel,
        """
        SELECT p.parcel_id, p.merchant_id, p.order_id, p.carrier, c.name AS carrier_name, p.number, p.state, p.sent_at
             , p.delivered_at, p.refused_at
        FROM parcels p JOIN carriers c USING (carrier)
        WHERE p.number ~>=~ $1 AND p.number ~<~ $2
        LIMIT $3
        """,
        *beginning(words.strip().upper()),
        limit,
    )


async def scans(read: Read, merchant_id: UUID, parcel_id: ParcelId) -> list[Scan]:
    """What the carrier told about a parcel, the newest first."""
    return await read.all(
        Scan,
        """
        SELECT at, code, place, words FROM parcel_scans WHERE merchant_id = $1 AND parcel_id = $2
        ORDER BY at DESC LIMIT $3
        """,
        merchant_id,
        parcel_id,
        SCANS_MAX,
    )


async def taken(read: Read, merchant_id: UUID, numbers: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these `(carrier, number)` are parcels of this merchant already."""
    rows = await read.fetch(
        """
        SELECT p.carrier, p.number FROM unnest($2::text[], $3::text[]) AS n (carrier, number)
        JOIN parcels p ON p.merchant_id = $1 AND p.carrier = n.carrier AND p.number = n.number
        """,
        merchant_id,
        [carrier for carrier, _ in numbers],
        [number for _, number in numbers],
    )
    return {(row["carrier"], row["number"]) for row in rows}


async def named_by_number(read: Read, carrier: str, numbers: Sequence[str]) -> dict[str, tuple[UUID, UUID]]:
    """Of which order (merchant, order) a carrier's parcels of these numbers are, as far as they are known here."""
    rows = await read.fetch(
        "SELECT number, merchant_id, order_id FROM parcels WHERE carrier = $1 AND number = ANY($2)",
        carrier,
        list(numbers),
    )
    return {row["number"]: (row["merchant_id"], row["order_id"]) for row in rows}


async def collected_by(read: Read, merchant_id: UUID, order_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Of these orders of a merchant, whose parcel goes with a carrier that collects cash at the door: which carrier that is."""
    rows = await read.fetch(
        """
        SELECT p.order_id, p.carrier FROM parcels p JOIN carriers c USING (carrier)
        WHERE p.merchant_id = $1 AND p.order_id = ANY($2) AND c.collects AND p.collect IS NOT NULL
        """,
        merchant_id,
        list(order_ids),
    )
    return {row["order_id"]: row["carrier"] for row in rows}
