"""History of what is on hand: pieces that came and went on days gone by, thousands a call."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.goods.inventory.model import Reason, StockKey
from steelyard.kernel import ids
from steelyard.kernel.db import Tx


class PastMove(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces that came (`quantity` above nothing) or went, `at`."""

    merchant_id: UUID
    sku_id: UUID
    warehouse_id: UUID
    quantity: int
    reason: Reason
    document: UUID
    at: datetime


async def bulk_move(tx: Tx, moves: Sequence[PastMove], by: str) -> None:
    """What `receive`, `ship` and `take_back` leave behind, by COPY; nothing is announced.

    For documents that are known to be new. The moves of a call together may not take more than there is: that is a
    `CheckViolation`.
    """
    if not moves:
        return
    pieces: dict[StockKey, int] = defaultdict(int)
    for move in moves:
        pieces[move.merchant_id, move.sku_id, move.warehouse_id] += move.quantity
    keys = sorted(pieces, key=lambda key: (key[1], key[2]))
    columns = ([key[0] for key in keys], [key[1] for key in keys], [key[2] for key in keys])
    await tx.execute(
        """
        INSERT INTO stock (merchant_id, sku_id, warehouse_id)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[])
        ON CONFLICT (merchant_id, sku_id, warehouse_id) DO NOTHING
        """,
        *columns,
    )
    await tx.execute(
        """
        UPDATE stock s SET on_hand = s.on_hand + m.quantity
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[]) AS m (merchant_id, sku_id, warehouse_id, quantity)
        WHERE s.merchant_id = m.merchant_id AND s.sku_id = m.sku_id AND s.warehouse_id = m.warehouse_id
          AND m.quantity <> 0
        """,
        *columns,
        [pieces[key] for key in keys],
    )
    await tx.copy(
        "stock_movements",
        ("merchant_id", "movement_id", "sku_id", "warehouse_id", "quantity", "reason", "document", "by", "at"),
        [
            (m.merchant_id, ids.mint(), m.sku_id, m.warehouse_id, m.quantity, m.reason, m.document, by, m.at)
            for m in moves
        ],
    )


async def bulk_warn_below(tx: Tx, merchant_id: UUID, warehouse_id: UUID, pieces: int) -> int:
    """Warn of everything in a warehouse of which fewer than this are free; returns of how many stock rows."""
    return await tx.execute(
        "UPDATE stock SET warn_below = $3 WHERE merchant_id = $1 AND warehouse_id = $2 AND warn_below <> $3",
        merchant_id,
        warehouse_id,
        pieces,
    )
