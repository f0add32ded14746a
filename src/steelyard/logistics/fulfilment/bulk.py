"""History taken over: what orders wanted sent, and the parcels that it left in, thousands a call."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.goods import inventory
from steelyard.goods.inventory import PastMove
from steelyard.goods.inventory.model import Reason
from steelyard.kernel.db import Tx
from steelyard.logistics import parcels
from steelyard.logistics.parcels import PastParcel


class PastInstruction(msgspec.Struct, frozen=True, kw_only=True):
    """An order that was paid `at`: `lines` are (line, sku_id, warehouse_id, quantity). All of them left in its parcel;
    without one they were withdrawn."""

    merchant_id: UUID
    order_id: UUID
    at: datetime
    lines: Sequence[tuple[int, UUID, UUID, int]]
    parcel: PastParcel | None = None


async def bulk_fulfil(tx: Tx, instructions: Sequence[PastInstruction], by: str) -> None:
    """What `instruct`, `ship` and `withdraw` leave behind, by COPY and without events: the pieces are off the shelf.

    For orders that are known to be new.
    """
    await tx.copy(
        "fulfilment_lines",
        ("merchant_id", "order_id", "line", "sku_id", "quantity", "shipped", "withdrawn", "instructed_at"),
        [
            (one.merchant_id, one.order_id, line, sku_id, pieces, *((pieces, 0) if one.parcel else (0, pieces)), one.at)
            for one in instructions
            for line, sku_id, _, pieces in one.lines
        ],
    )
    sent = [(one, one.parcel) for one in instructions if one.parcel is not None]
    await parcels.bulk_carry(tx, [parcel for _, parcel in sent], by)
    await tx.copy(
        "parcel_lines",
        ("merchant_id", "parcel_id", "order_id", "line", "quantity"),
        [
            (one.merchant_id, parcel.parcel_id, one.order_id, line, pieces)
            for one, parcel in sent
            for line, _, _, pieces in one.lines
        ],
    )
    await inventory.bulk_move(tx, [move for one, parcel in sent for move in _leaving(one, parcel)], by)


def _leaving(one: PastInstruction, parcel: PastParcel) -> list[PastMove]:
    """Two lines of the same SKU leave as one movement, as they do when a parcel is packed."""
    pieces: dict[tuple[UUID, UUID], int] = {}
    for _, sku_id, warehouse_id, quantity in one.lines:
        pieces[sku_id, warehouse_id] = pieces.get((sku_id, warehouse_id), 0) + quantity
    return [
        PastMove(
            merchant_id=one.merchant_id,
            sku_id=sku_id,
            warehouse_id=warehouse_id,
            quantity=-quantity,
            reason=Reason.SHIPPED,
            document=parcel.parcel_id,
            at=parcel.sent_at,
        )
        for (sku_id, warehouse_id), quantity in pieces.items()
    ]
