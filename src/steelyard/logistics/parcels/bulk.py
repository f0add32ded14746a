"""History taken over: parcels that were sent, and where their carriers said they were, thousands a call."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.kernel.db import Tx
from steelyard.kernel.states import NOWHERE
from steelyard.logistics.parcels.model import ParcelId, ParcelState, Scan


class PastParcel(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel handed over `sent_at`, with its scans in order: the last says where it is."""

    merchant_id: UUID
    parcel_id: ParcelId
    order_id: UUID
    carrier: str
    number: str
    sent_at: datetime
    scans: Sequence[Scan] = ()

    @property
    def delivered_at(self) -> datetime | None:
        return next((scan.at for scan in self.scans if scan.code == "delivered"), None)

    @property
    def steps(self) -> list[tuple[ParcelState, datetime]]:
        """Each state that it has been in, and since when."""
        steps = [(ParcelState.HANDED_OVER, self.sent_at)]
        moving = next((scan for scan in self.scans if scan.code != "delivered"), None)
        if moving is not None:
            steps.append((ParcelState.IN_TRANSIT, moving.at))
        if self.delivered_at is not None:
            steps.append((ParcelState.DELIVERED, self.delivered_at))
        return steps


async def bulk_carry(tx: Tx, parcels: Sequence[PastParcel], by: str) -> None:
    """What `hand_over` and `record_scans` leave behind, by COPY and without events. Nobody is asked about these parcels.

    For numbers that are known to be new: one that is there already raises `UniqueViolation`.
    """
    await tx.copy(
        "parcels",
        ("merchant_id", "parcel_id", "order_id", "carrier", "number", "state", "sent_at", "delivered_at", "registered_at"),
        [
            (p.merchant_id, p.parcel_id, p.order_id, p.carrier, p.number, p.steps[-1][0], p.sent_at, p.delivered_at,
             p.sent_at)
            for p in parcels
        ],
    )  # fmt: skip
    await tx.copy(
        "parcel_history",
        ("merchant_id", "parcel_id", "step", "from_state", "to_state", "at", "by"),
        [row for parcel in parcels for row in _history(parcel, by)],
    )
    await tx.copy(
        "parcel_scans",
        ("merchant_id", "parcel_id", "at", "code", "place", "words"),
        [(p.merchant_id, p.parcel_id, scan.at, scan.code, scan.place, scan.words) for p in parcels for scan in p.scans],
    )


def _history(parcel: PastParcel, by: str) -> Iterator[tuple[UUID, UUID, int, str, str, datetime, str]]:
    before = NOWHERE
    for number, (state, at) in enumerate(parcel.steps, start=1):
        yield parcel.merchant_id, parcel.parcel_id, number, before, state, at, by if number == 1 else "carrier"
        before = state
