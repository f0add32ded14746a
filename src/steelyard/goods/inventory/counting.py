"""Counting a warehouse: a sheet of what should be there, what was counted, and the differences as one document."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.goods.inventory import service
from steelyard.goods.inventory.model import (
    COUNT_LINES_MAX,
    CountClosed,
    CountId,
    CountLine,
    CountSheet,
    WarehouseUnknown,
)
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page, cut, limit, read_cursor


async def begin_count(
    tx: Tx, merchant_id: UUID, count_id: CountId, warehouse_id: UUID, *, blind: bool, prefix: str, note: str, by: str
) -> int:
    """Make a sheet of a warehouse's articles whose number begins with `prefix` (empty: all); returns how many lines it
    has. `blind` sheets do not tell what should be there. Said twice with the same id, nothing changes.

    Raises `WarehouseUnknown`, and `Invalid` when there is nothing to count.
    """
    if not await tx.value(
        "SELECT true FROM warehouses WHERE merchant_id = $1 AND warehouse_id = $2", merchant_id, warehouse_id
    ):
        raise WarehouseUnknown(warehouse_id=warehouse_id)
    made = await tx.execute(
        """
        INSERT INTO stock_counts (merchant_id, count_id, warehouse_id, blind, note, by)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (merchant_id, count_id) DO NOTHING
        """,
        merchant_id,
        count_id,
        warehouse_id,
        blind,
        note,
        by,
    )
    if not made:
        return 0
    lines = await tx.execute(
        """
        INSERT INTO stock_count_lines (merchant_id, count_id, sku_id, expected)
        SELECT $1, $2, s.sku_id, s.on_hand
        FROM stock s JOIN skus k USING (merchant_id, sku_id)
        WHERE s.merchant_id = $1 AND s.warehouse_id = $3 AND starts_with(upper(k.code), upper($4))
        ORDER BY k.code LIMIT $5
        """,
        merchant_id,
        count_id,
        warehouse_id,
        prefix,
        COUNT_LINES_MAX,
    )
    if not lines:
        raise Invalid({"prefix": N_("There is nothing to count: no article like this lies in this warehouse")})
    return lines


async def enter_counts(
    tx: Tx, merchant_id: UUID, count_id: CountId, counted: Sequence[tuple[UUID, int | None]]
) -> None:
    """Write `(sku_id, pieces)` into an open sheet; none takes a number out again. Raises `NotFound`, `CountClosed`."""
    await _open(tx, merchant_id, count_id)
    assert all(pieces is None or pieces >= 0 for _, pieces in counted)
    await tx.execute(
        """
        UPDATE stock_count_lines l SET counted = c.counted
        FROM unnest($3::uuid[], $4::integer[]) AS c (sku_id, counted)
        WHERE l.merchant_id = $1 AND l.count_id = $2 AND l.sku_id = c.sku_id
        """,
        merchant_id,
        count_id,
        [sku_id for sku_id, _ in counted],
        [pieces for _, pieces in counted],
    )


async def book_count(tx: Tx, merchant_id: UUID, count_id: CountId, by: str) -> int:
    """What was counted is what there is: the differences to the books of this moment move as one document, whose id is the
    sheet's. Lines without a number stay as they are. Returns how many lines differed. Said twice, nothing changes.

    Raises `NotFound`, `CountClosed` for a dropped sheet, and `Promised` when fewer were counted than are kept for orders.
    """
    sheet = await _locked(tx, merchant_id, count_id)
    if sheet.booked_at is not None:
        return 0
    if sheet.dropped_at is not None:
        raise CountClosed()
    rows = await tx.fetch(
        "SELECT sku_id, counted FROM stock_count_lines WHERE merchant_id = $1 AND count_id = $2 AND counted IS NOT NULL",
        merchant_id,
        count_id,
    )
    if not rows:
        raise Invalid({"counted": N_("Please enter at least one number")})
    await service.count(
        tx,
        merchant_id,
        [(row["sku_id"], sheet.warehouse_id, row["counted"]) for row in rows],
        document=count_id,
        by=by,
        note=sheet.note,
    )
    await tx.execute(
        "UPDATE stock_counts SET booked_at = now(), closed_by = $3 WHERE merchant_id = $1 AND count_id = $2",
        merchant_id,
        count_id,
        by,
    )
    return await tx.value(
        "SELECT count(*) FROM stock_movements WHERE merchant_id = $1 AND document = $2", merchant_id, count_id
    )


async def drop_count(tx: Tx, merchant_id: UUID, count_id: CountId, by: str) -> None:
    """Nothing comes of this sheet. Said twice, nothing changes. Raises `NotFound`, and `CountClosed` when it is booked."""
    sheet = await _locked(tx, merchant_id, count_id)
    if sheet.booked_at is not None:
        raise CountClosed()
    await tx.execute(
        """
        UPDATE stock_counts SET dropped_at = now(), closed_by = $3
        WHERE merchant_id = $1 AND count_id = $2 AND dropped_at IS NULL
        """,
        merchant_id,
        count_id,
        by,
    )


async def _locked(tx: Tx, merchant_id: UUID, count_id: CountId) -> CountSheet:
    if not await tx.execute(
        "SELECT FROM stock_counts WHERE merchant_id = $1 AND count_id = $2 FOR UPDATE", merchant_id, count_id
    ):
        raise NotFound()
    sheet = await count_sheet(tx, merchant_id, count_id)
    assert sheet is not None
    return sheet


async def _open(tx: Tx, merchant_id: UUID, count_id: CountId) -> None:
    sheet = await _locked(tx, merchant_id, count_id)
    if not sheet.open:
        raise CountClosed()


async def count_sheet(read: Read, merchant_id: UUID, count_id: CountId) -> CountSheet | None:
    return await read.one(
        CountSheet,
        """
        SELECT c.count_id, c.warehouse_id, c.blind, c.note, c.by, c.made_at, c.booked_at, c.dropped_at, c.closed_by
             , (SELECT count(*) FROM stock_count_lines l
                WHERE l.merchant_id = c.merchant_id AND l.count_id = c.count_id) AS lines
             , (SELECT count(l.counted) FROM stock_count_lines l
                WHERE l.merchant_id = c.merchant_id AND l.count_id = c.count_id) AS counted
        FROM stock_counts c WHERE c.merchant_id = $1 AND c.count_id = $2
        """,
        merchant_id,
        count_id,
    )


async def count_sheets(
    read: Read, merchant_id: UUID, cursor: str | None = None, most: int | None = None
) -> Page[CountSheet]:
    """A merchant's sheets, the newest first."""
    key = read_cursor(cursor, UUID) or (UUID(int=2**128 - 1),)
    size = limit(most)
    found = await read.all(
        CountSheet,
        """
        SELECT c.count_id, c.warehouse_id, c.blind, c.note, c.by, c.made_at, c.booked_at, c.dropped_at, c.closed_by
             , (SELECT count(*) FROM stock_count_lines l
                WHERE l.merchant_id = c.merchant_id AND l.count_id = c.count_id) AS lines
             , (SELECT count(l.counted) FROM stock_count_lines l
                WHERE l.merchant_id = c.merchant_id AND l.count_id = c.count_id) AS counted
        FROM stock_counts c WHERE c.merchant_id = $1 AND c.count_id < $2 ORDER BY c.count_id DESC LIMIT $3
        """,
        merchant_id,
        *key,
        size + 1,
    )
    return cut(found, size, lambda last: (last.count_id,))


async def count_lines(read: Read, merchant_id: UUID, count_id: CountId) -> list[CountLine]:
    """The lines of a sheet by article number, each with what the books say now and, once booked, what moved."""
    return await read.all(
        CountLine,
        """
        SELECT l.sku_id, k.code, k.barcode, l.expected, l.counted, s.on_hand, s.reserved
             , (SELECT m.quantity FROM stock_movements m
                WHERE m.merchant_id = l.merchant_id AND m.document = l.count_id AND m.reason = 'counted'
                  AND m.sku_id = l.sku_id AND m.warehouse_id = c.warehouse_id) AS moved
        FROM stock_count_lines l
        JOIN stock_counts c USING (merchant_id, count_id)
        JOIN skus k USING (merchant_id, sku_id)
        JOIN stock s ON s.merchant_id = l.merchant_id AND s.sku_id = l.sku_id AND s.warehouse_id = c.warehouse_id
        WHERE l.merchant_id = $1 AND l.count_id = $2
        ORDER BY k.code LIMIT $3
        """,
        merchant_id,
        count_id,
        COUNT_LINES_MAX,
    )
