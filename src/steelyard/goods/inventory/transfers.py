"""Goods move from one warehouse to another: both sides in one document, or neither."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.goods.inventory.model import LINES_PER_COMMAND_MAX, Entry, Reason
from steelyard.goods.inventory.service import shelves_at, write
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_


async def transfer(
    tx: Tx,
    merchant_id: UUID,
    from_id: UUID,
    to_id: UUID,
    lines: Sequence[tuple[UUID, int]],
    *,
    document: UUID,
    by: str,
    note: str = "",
) -> None:
    """Take `(sku_id, quantity)` out of one warehouse and put them into another, at the same instant: nothing is ever in
    both or in neither. Said twice with the same document, the second changes nothing.

    Raises `Promised` when what is kept for orders would move away, `WarehouseUnknown`, and `Invalid` for one and the same
    warehouse.
    """
    if from_id == to_id:
        raise Invalid({"to": N_("Please choose two different warehouses")})
    pieces: dict[UUID, int] = {}
    for sku_id, quantity in lines:
        assert quantity > 0
        pieces[sku_id] = pieces.get(sku_id, 0) + quantity
    assert 0 < len(pieces) <= LINES_PER_COMMAND_MAX
    places = [(sku_id, place) for sku_id in pieces for place in (from_id, to_id)]
    shelves = await shelves_at(tx, merchant_id, places)
    # Only now, with the stock held: a first saying of the same document has written by the time it lets go.
    booked = await tx.value(
        "SELECT true FROM stock_movements WHERE merchant_id = $1 AND document = $2 AND reason = $3 LIMIT 1",
        merchant_id,
        document,
        Reason.TRANSFERRED,
    )
    if booked:
        return
    changes = {(sku_id, from_id): -quantity for sku_id, quantity in pieces.items()}
    changes |= {(sku_id, to_id): quantity for sku_id, quantity in pieces.items()}
    await write(tx, shelves, changes, Entry(Reason.TRANSFERRED, document, by, note))
