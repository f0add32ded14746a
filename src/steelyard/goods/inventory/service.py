"""Commands on what is on hand: receive, take back, scrap, count."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from steelyard.goods.inventory.locks import announce, lock
from steelyard.goods.inventory.model import (
    LINES_PER_COMMAND_MAX,
    Entry,
    Promised,
    Reason,
    Shelf,
    StockKey,
    WarehouseUnknown,
)
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound


async def receive(
    tx: Tx,
    merchant_id: UUID,
    lines: Iterable[tuple[UUID, UUID, int]],
    *,
    document: UUID,
    by: str,
    reason: Reason = Reason.RECEIVED,
    note: str = "",
) -> None:
    """Put `(sku_id, warehouse_id, quantity)` on hand. Said twice with the same document, the second changes nothing.

    Raises `WarehouseUnknown`.
    """
    assert reason in (Reason.RECEIVED, Reason.IMPORTED)
    await _book(tx, merchant_id, _summed(lines), Entry(reason, document, by, note))


async def take_back(
    tx: Tx,
    merchant_id: UUID,
    lines: Iterable[tuple[UUID, UUID | None, int]],
    *,
    document: UUID,
    by: str,
    note: str = "",
) -> None:
    """Put returned `(sku_id, warehouse_id, quantity)` on hand again; without a warehouse, in the merchant's
    open one for returns, else its first.

    `document` is the refund; said twice, the second changes nothing. Raises `WarehouseUnknown`.
    """
    first = await tx.value(
        "SELECT warehouse_id FROM warehouses WHERE merchant_id = $1 AND open "
        "ORDER BY takes_returns DESC, place, warehouse_id LIMIT 1",
        merchant_id,
    )
    placed: list[tuple[UUID, UUID, int]] = []
    for sku_id, warehouse_id, quantity in lines:
        where = warehouse_id or first
        if where is None:
            raise WarehouseUnknown()
        placed.append((sku_id, where, quantity))
    await _book(tx, merchant_id, _summed(placed), Entry(Reason.RETURNED, document, by, note))


async def scrap(
    tx: Tx,
    merchant_id: UUID,
    lines: Iterable[tuple[UUID, UUID, int]],
    *,
    document: UUID,
    by: str,
    note: str = "",
) -> None:
    """Throw away `(sku_id, warehouse_id, quantity)`. Said twice with the same document, the second changes nothing.

    Raises `Promised` when what is kept for orders would be thrown away.
    """
    away = {place: -quantity for place, quantity in _summed(lines).items()}
    await _book(tx, merchant_id, away, Entry(Reason.SCRAPPED, document, by, note))


async def hand_out(
    tx: Tx, merchant_id: UUID, sku_id: UUID, warehouse_id: UUID, pieces: int, *, document: UUID, by: str, note: str = ""
) -> None:
    """Pieces go out to be tried, as a sample (`document`). Said twice, the second changes nothing.

    Raises `Promised` when what is kept for orders would go, and `WarehouseUnknown`.
    """
    assert pieces > 0
    await _book(tx, merchant_id, {(sku_id, warehouse_id): -pieces}, Entry(Reason.SAMPLED, document, by, note))


async def put_sample_back(
    tx: Tx, merchant_id: UUID, sku_id: UUID, warehouse_id: UUID, pieces: int, *, document: UUID, by: str, note: str = ""
) -> None:
    """A sample lies on its shelf again. Said twice, the second changes nothing."""
    assert pieces > 0
    await _book(tx, merchant_id, {(sku_id, warehouse_id): pieces}, Entry(Reason.SAMPLE_RETURNED, document, by, note))


def _summed(lines: Iterable[tuple[UUID, UUID, int]]) -> dict[tuple[UUID, UUID], int]:
    pieces: dict[tuple[UUID, UUID], int] = defaultdict(int)
    for sku_id, warehouse_id, quantity in lines:
        assert quantity > 0
        pieces[sku_id, warehouse_id] += quantity
    assert len(pieces) <= LINES_PER_COMMAND_MAX
    return pieces


async def count(
    tx: Tx,
    merchant_id: UUID,
    lines: Iterable[tuple[UUID, UUID, int]],
    *,
    document: UUID,
    by: str,
    note: str = "",
) -> None:
    """There are `(sku_id, warehouse_id, on_hand)`: what the books say differently moves as `counted`.

    Raises `Promised` when fewer were counted than are kept for orders, and `WarehouseUnknown`.
    """
    counted = {(sku_id, warehouse_id): pieces for sku_id, warehouse_id, pieces in lines}
    assert all(pieces >= 0 for pieces in counted.values())
    shelves = await shelves_at(tx, merchant_id, list(counted))
    there: dict[tuple[UUID, UUID], int] = {(shelf.sku_id, shelf.warehouse_id): shelf.on_hand for shelf in shelves}
    changes = {key: pieces - there[key] for key, pieces in counted.items() if pieces != there[key]}
    await write(tx, shelves, changes, Entry(Reason.COUNTED, document, by, note))


async def _book(tx: Tx, merchant_id: UUID, changes: Mapping[tuple[UUID, UUID], int], entry: Entry) -> None:
    shelves = await shelves_at(tx, merchant_id, list(changes))
    await write(tx, shelves, changes, entry)


async def shelves_at(tx: Tx, merchant_id: UUID, places: Sequence[tuple[UUID, UUID]]) -> list[Shelf]:
    """Lock all stock rows of the SKUs at these `(sku_id, warehouse_id)`; rows that are missing are made first."""
    skus = [(merchant_id, sku_id) for sku_id, _ in places]
    shelves = await lock(tx, skus)
    missing = sorted(set(places) - {(shelf.sku_id, shelf.warehouse_id) for shelf in shelves})
    if not missing:
        return shelves
    await tx.execute(
        """
        INSERT INTO stock (merchant_id, sku_id, warehouse_id)
        SELECT $1, m.sku_id, m.warehouse_id FROM unnest($2::uuid[], $3::uuid[]) AS m (sku_id, warehouse_id)
        JOIN warehouses w ON w.merchant_id = $1 AND w.warehouse_id = m.warehouse_id
        JOIN skus s ON s.merchant_id = $1 AND s.sku_id = m.sku_id
        ORDER BY m.sku_id, m.warehouse_id
        ON CONFLICT (merchant_id, sku_id, warehouse_id) DO NOTHING
        """,
        merchant_id,
        [sku_id for sku_id, _ in missing],
        [warehouse_id for _, warehouse_id in missing],
    )
    shelves = await lock(tx, skus)
    unknown = set(places) - {(shelf.sku_id, shelf.warehouse_id) for shelf in shelves}
    if unknown:
        raise WarehouseUnknown(sku_id=min(unknown)[0], warehouse_id=min(unknown)[1])
    return shelves


async def write(tx: Tx, shelves: Sequence[Shelf], changes: Mapping[tuple[UUID, UUID], int], entry: Entry) -> None:
    """Book `changes` by `(sku_id, warehouse_id)`; `shelves` are all stock rows of these SKUs of a merchant, locked."""
    if not changes:
        return
    merchant_id = shelves[0].merchant_id
    await _refuse_promised(tx, shelves, changes, entry)
    moved = await tx.fetch(
        """
        WITH booked AS (
            INSERT INTO stock_movements (merchant_id, movement_id, sku_id, warehouse_id, quantity, reason
                                       , document, note, by)
            SELECT $1, c.movement_id, c.sku_id, c.warehouse_id, c.quantity, $6, $7, $8, $9
            FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::integer[])
                AS c (movement_id, sku_id, warehouse_id, quantity)
            ON CONFLICT (merchant_id, document, reason, sku_id, warehouse_id) DO NOTHING
            RETURNING sku_id, warehouse_id, quantity
        )
        UPDATE stock s SET on_hand = s.on_hand + b.quantity FROM booked b
        WHERE s.merchant_id = $1 AND s.sku_id = b.sku_id AND s.warehouse_id = b.warehouse_id
        RETURNING s.sku_id, s.warehouse_id, b.quantity
        """,
        merchant_id,
        [ids.mint() for _ in changes],
        [sku_id for sku_id, _ in changes],
        [warehouse_id for _, warehouse_id in changes],
        list(changes.values()),
        entry.reason,
        entry.document,
        entry.note,
        entry.by,
    )
    became: dict[StockKey, int] = {(merchant_id, row["sku_id"], row["warehouse_id"]): row["quantity"] for row in moved}
    await announce(tx, shelves, became)


async def _refuse_promised(
    tx: Tx, shelves: Sequence[Shelf], changes: Mapping[tuple[UUID, UUID], int], entry: Entry
) -> None:
    """Raises `Promised` when less would be left than is kept for orders; what this document has booked before is not
    booked again, and so is no reason."""
    short: dict[tuple[UUID, UUID], Shelf] = {
        (shelf.sku_id, shelf.warehouse_id): shelf
        for shelf in shelves
        if shelf.on_hand + changes.get((shelf.sku_id, shelf.warehouse_id), 0) < shelf.reserved
    }
    if not short:
        return
    for row in await tx.fetch(
        "SELECT sku_id, warehouse_id FROM stock_movements WHERE merchant_id = $1 AND document = $2 AND reason = $3",
        shelves[0].merchant_id,
        entry.document,
        entry.reason,
    ):
        short.pop((row["sku_id"], row["warehouse_id"]), None)
    for place, shelf in short.items():
        raise Promised(sku_id=shelf.sku_id, reserved=shelf.reserved, wanted=shelf.on_hand + changes[place])


async def warn_below(tx: Tx, merchant_id: UUID, sku_id: UUID, warehouse_id: UUID, pieces: int) -> None:
    """Warn when fewer than this are free. Raises `NotFound`."""
    assert pieces >= 0
    if not await tx.execute(
        "UPDATE stock SET warn_below = $4 WHERE merchant_id = $1 AND sku_id = $2 AND warehouse_id = $3",
        merchant_id,
        sku_id,
        warehouse_id,
        pieces,
    ):
        raise NotFound()


async def warn_many(tx: Tx, merchant_id: UUID, levels: Sequence[tuple[UUID, UUID, int]]) -> int:
    """Warn of each `(sku_id, warehouse_id)` when fewer than `pieces` are free; returns how many that changed."""
    assert all(pieces >= 0 for _, _, pieces in levels)
    return await tx.execute(
        """
        WITH held AS (
            SELECT s.sku_id, s.warehouse_id, w.pieces
            FROM unnest($2::uuid[], $3::uuid[], $4::integer[]) AS w (sku_id, warehouse_id, pieces)
            JOIN stock s ON s.merchant_id = $1 AND s.sku_id = w.sku_id AND s.warehouse_id = w.warehouse_id
            WHERE s.warn_below <> w.pieces
            ORDER BY s.sku_id, s.warehouse_id FOR NO KEY UPDATE OF s
        )
        UPDATE stock s SET warn_below = h.pieces FROM held h
        WHERE s.merchant_id = $1 AND s.sku_id = h.sku_id AND s.warehouse_id = h.warehouse_id
        """,
        merchant_id,
        [sku_id for sku_id, _, _ in levels],
        [warehouse_id for _, warehouse_id, _ in levels],
        [pieces for _, _, pieces in levels],
    )


async def bulk_receive(
    tx: Tx,
    lines: Sequence[tuple[UUID, UUID, UUID, int]],
    *,
    document: UUID,
    by: str,
    reason: Reason = Reason.IMPORTED,
) -> None:
    """`receive` of `(merchant_id, sku_id, warehouse_id, quantity)` of many merchants by COPY, for imports and the demo.

    Nothing is announced, and a document that has been booked before is a broken assumption.
    """
    assert len(lines) <= LINES_PER_COMMAND_MAX
    pieces: dict[StockKey, int] = defaultdict(int)
    for merchant_id, sku_id, warehouse_id, quantity in lines:
        assert quantity > 0
        pieces[merchant_id, sku_id, warehouse_id] += quantity
    keys = sorted(pieces, key=lambda key: (key[1], key[2]))
    await tx.execute(
        """
        INSERT INTO stock AS s (merchant_id, sku_id, warehouse_id, on_hand)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[])
        ON CONFLICT (merchant_id, sku_id, warehouse_id) DO UPDATE SET on_hand = s.on_hand + excluded.on_hand
        """,
        [key[0] for key in keys],
        [key[1] for key in keys],
        [key[2] for key in keys],
        [pieces[key] for key in keys],
    )
    await tx.copy(
        "stock_movements",
        ("merchant_id", "movement_id", "sku_id", "warehouse_id", "quantity", "reason", "document", "by"),
        [(key[0], ids.mint(), key[1], key[2], pieces[key], reason, document, by) for key in keys],
    )
