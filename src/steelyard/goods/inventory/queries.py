"""Questions about stock."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from steelyard.goods.catalog.model import SkuId
from steelyard.goods.inventory.model import Kept, Level, Movement, MovementsWanted, SkuKey, Stocked
from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page

DOCUMENT_LINES_MAX = 1_000


async def available(read: Read, sku_ids: Iterable[UUID]) -> dict[SkuId, int]:
    """How many pieces of these SKUs are free in open warehouses; every SKU asked for is in the answer."""
    wanted = list(sku_ids)
    rows = await read.fetch(
        """
        SELECT s.sku_id, sum(s.on_hand - s.reserved)::integer AS free
        FROM stock s JOIN warehouses w USING (merchant_id, warehouse_id)
        WHERE s.sku_id = ANY($1) AND w.open
        GROUP BY s.sku_id
        """,
        wanted,
    )
    free = {row["sku_id"]: row["free"] for row in rows}
    return {SkuId(sku_id): free.get(sku_id, 0) for sku_id in wanted}


async def levels(
    read: Read,
    merchant_id: UUID,
    cursor: str | None = None,
    limit: int | None = None,
    *,
    sku_ids: Iterable[UUID] | None = None,
    low: bool = False,
) -> Page[Level]:
    """A merchant's stock rows by SKU and warehouse; only of `sku_ids` when given, only what is running low when
    asked."""
    key = paging.read_cursor(cursor, UUID, UUID)
    most = paging.limit(limit)
    found = await read.all(
        Level,
        """
        SELECT sku_id, warehouse_id, on_hand, reserved, warn_below FROM stock
        WHERE merchant_id = $1
          AND ($2::uuid[] IS NULL OR sku_id = ANY($2))
          AND (NOT $3 OR on_hand - reserved < warn_below)
          AND ($4::uuid IS NULL OR (sku_id, warehouse_id) > ($4, $5::uuid))
        ORDER BY sku_id, warehouse_id
        LIMIT $6
        """,
        merchant_id,
        None if sku_ids is None else list(sku_ids),
        low,
        key[0] if key else None,
        key[1] if key else None,
        most + 1,
    )
    if len(found) <= most:
        return Page(found)
    last = found[most - 1]
    return Page(found[:most], paging.write_cursor(last.sku_id, last.warehouse_id))


async def find_movements(
    read: Read, merchant_id: UUID, wanted: MovementsWanted, cursor: str | None = None, limit: int | None = None
) -> Page[Movement]:
    """Why a merchant's stock changed, the latest first; those of a document, all of them at once."""
    if wanted.document is not None:
        return Page(await _of_document(read, merchant_id, wanted.document))
    at, movement_id = paging.read_cursor(cursor, datetime, UUID) or (None, UUID(int=2**128 - 1))
    most = paging.limit(limit)
    asked = (
        merchant_id,
        wanted.sku_id,
        at,
        movement_id,
        wanted.warehouse_id,
        wanted.reason,
        wanted.since,
        wanted.until,
        most + 1,
    )
    of_a_sku = wanted.sku_id is not None
    for_a_reason = bool(wanted.reason) and not of_a_sku
    # Along the index of a SKU, of a reason, or of the merchant.
    found = await read.all(
        Movement,
        """
        SELECT movement_id, sku_id, warehouse_id, quantity, reason, document, note, by, at FROM stock_movements
        WHERE merchant_id = $1
        """  # noqa: S608  # literals of ours
        + ("AND sku_id = $2 " if of_a_sku else "AND ($2::uuid IS NULL OR sku_id = $2) ")
        + ("AND reason = $6 " if for_a_reason else "AND ($6::text = '' OR reason = $6) ")
        + """
          AND (at, movement_id) < (coalesce($3::timestamptz, 'infinity'), $4::uuid)
          AND ($5::uuid IS NULL OR warehouse_id = $5)
          AND at >= coalesce($7::timestamptz, '-infinity') AND at < coalesce($8::timestamptz, 'infinity')
        ORDER BY at DESC, movement_id DESC LIMIT $9
        """,
        *asked,
    )
    return paging.cut(found, most, lambda last: (last.at, last.movement_id))


async def _of_document(read: Read, merchant_id: UUID, document: UUID) -> list[Movement]:
    return await read.all(
        Movement,
        """
        SELECT movement_id, sku_id, warehouse_id, quantity, reason, document, note, by, at FROM stock_movements
        WHERE merchant_id = $1 AND document = $2 ORDER BY sku_id, quantity LIMIT $3
        """,
        merchant_id,
        document,
        DOCUMENT_LINES_MAX,
    )


async def movements(
    read: Read, merchant_id: UUID, sku_id: UUID, cursor: str | None = None, limit: int | None = None
) -> Page[Movement]:
    """Why a SKU's stock changed, the latest first."""
    return await find_movements(read, merchant_id, MovementsWanted(sku_id=sku_id), cursor, limit)


async def stocked(
    read: Read, merchant_id: UUID, cursor: str | None = None, limit: int | None = None, *, beginning: str = ""
) -> Page[Stocked]:
    """A merchant's SKUs by article number, with or without stock; only those whose number begins like this, in small
    letters or capitals."""
    key = paging.read_cursor(cursor, str) or ("",)
    most = paging.limit(limit)
    found = await read.all(
        Stocked,
        """
        SELECT sku_id, code FROM skus
        WHERE merchant_id = $1 AND (code_upper, code) > (greatest(upper($2), upper($3)), $2)
          AND code_upper < upper($3) || chr(1114111)
        ORDER BY code_upper, code LIMIT $4
        """,
        merchant_id,
        *key,
        beginning,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.code,))


async def running_low(
    read: Read, merchant_id: UUID, cursor: str | None = None, limit: int | None = None
) -> Page[Level]:
    """A merchant's stock rows with fewer free pieces than it wants to be warned of."""
    key = paging.read_cursor(cursor, UUID, UUID) or (UUID(int=0), UUID(int=0))
    most = paging.limit(limit)
    found = await read.all(
        Level,
        """
        SELECT sku_id, warehouse_id, on_hand, reserved, warn_below FROM stock
        WHERE merchant_id = $1 AND warn_below > 0 AND on_hand - reserved < warn_below
          AND (sku_id, warehouse_id) > ($2, $3)
        ORDER BY sku_id, warehouse_id LIMIT $4
        """,
        merchant_id,
        *key,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.sku_id, last.warehouse_id))


async def count_low(read: Read, merchant_id: UUID, most: int) -> int:
    """How many stock rows run low, counted up to `most`."""
    return await read.value(
        """
        SELECT count(*) FROM (
            SELECT FROM stock WHERE merchant_id = $1 AND warn_below > 0 AND on_hand - reserved < warn_below LIMIT $2) AS low
        """,
        merchant_id,
        most,
    )


async def scanned(read: Read, merchant_id: UUID, words: Iterable[str]) -> dict[str, SkuId]:
    """What a hand scanner or a person reads off goods, as SKUs: barcodes and article numbers. What is unknown is missing."""
    wanted = list(words)
    rows = await read.fetch(
        """
        SELECT code AS word, sku_id FROM skus WHERE merchant_id = $1 AND code = ANY($2)
        UNION ALL
        SELECT barcode AS word, sku_id FROM skus WHERE merchant_id = $1 AND barcode <> '' AND barcode = ANY($2)
        """,
        merchant_id,
        wanted,
    )
    found: dict[str, SkuId] = {}
    for row in rows:
        found.setdefault(row["word"], row["sku_id"])
    return found


async def kept_for(read: Read, merchant_id: UUID, order_id: UUID) -> dict[SkuId, int]:
    """How many pieces of each SKU are kept for an order."""
    rows = await read.fetch(
        """
        SELECT sku_id, sum(quantity)::integer AS quantity FROM reservations
        WHERE merchant_id = $1 AND order_id = $2 GROUP BY sku_id
        """,
        merchant_id,
        order_id,
    )
    return {row["sku_id"]: row["quantity"] for row in rows}


async def kept_where(read: Read, merchant_id: UUID, order_ids: Iterable[UUID]) -> list[Kept]:
    """From which warehouses the pieces of these orders of a merchant are to be fetched."""
    rows = await read.fetch(
        """
        SELECT merchant_id, order_id, sku_id, warehouse_id, quantity FROM reservations
        WHERE merchant_id = $1 AND order_id = ANY($2) ORDER BY warehouse_id, sku_id, order_id
        """,
        merchant_id,
        list(order_ids),
    )
    return [Kept(*row) for row in rows]


async def levels_of(read: Read, merchant_id: UUID, sku_ids: Iterable[UUID]) -> list[Level]:
    """Every stock row of these SKUs of a merchant."""
    return await read.all(
        Level,
        """
        SELECT sku_id, warehouse_id, on_hand, reserved, warn_below FROM stock
        WHERE merchant_id = $1 AND sku_id = ANY($2) ORDER BY sku_id, warehouse_id
        """,
        merchant_id,
        list(sku_ids),
    )


async def levels_of_all(read: Read, skus: Iterable[SkuKey]) -> dict[SkuKey, list[Level]]:
    """Every stock row of these `(merchant_id, sku_id)`, by warehouse."""
    found: dict[SkuKey, list[Level]] = {key: [] for key in skus}
    rows = await read.fetch(
        """
        SELECT s.merchant_id, s.sku_id, s.warehouse_id, s.on_hand, s.reserved, s.warn_below
        FROM unnest($1::uuid[], $2::uuid[]) AS k (merchant_id, sku_id) JOIN stock s USING (merchant_id, sku_id)
        ORDER BY s.sku_id, s.warehouse_id
        """,
        [merchant_id for merchant_id, _ in found],
        [sku_id for _, sku_id in found],
    )
    for row in rows:
        found[row["merchant_id"], row["sku_id"]].append(
            Level(
                sku_id=row["sku_id"],
                warehouse_id=row["warehouse_id"],
                on_hand=row["on_hand"],
                reserved=row["reserved"],
                warn_below=row["warn_below"],
            )
        )
    return found
