"""What other imports brought, in the shape that a feed asks for: their orders are left out, and returns find their
sales among them. The rows wait in a file, so that memory stays small however many they are."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa

from steelyard.channels.feeds.columnar import RecordBatch
from steelyard.channels.feeds.model import HISTORY
from steelyard.kernel.db import Read

BATCH_ROWS = 20_000


async def any_other(read: Read, run_id: UUID) -> bool:
    """Whether there was any other import of orders."""
    return await read.value(
        """
        SELECT EXISTS (SELECT FROM orders WHERE source LIKE 'import:%' AND import_run <> $1)
            OR EXISTS (SELECT FROM import_documents WHERE run_id <> $1)
        """,
        run_id,
    )


async def spool(read: Read, run_id: UUID, file: Path) -> int:
    """Write the lines of all imports but this one into an Arrow file; returns how many there are."""
    count = 0
    rows: list[tuple[Any, ...]] = []
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, HISTORY) as writer:
        async for row in read.stream(
            """
            WITH sellers AS (
                SELECT m.merchant_id, CASE WHEN m.source LIKE 'import:%' THEN substr(m.source, 8) ELSE s.slug END AS key
                FROM merchants m LEFT JOIN shops s USING (merchant_id)
            )
            SELECT k.key, substr(o.source, length(k.key) + 9), l.source_line, 'sale', o.placed_at
                 , substr(b.source, length(k.key) + 9), l.sku_code, o.currency, l.quantity::bigint
                 , coalesce(l.unit_price_micros, l.unit_price * (10 ^ (6 - c.digits))::bigint), l.amount
                 , l.refunded_quantity::bigint, l.refunded
            FROM orders o
            JOIN order_lines l USING (merchant_id, order_id)
            JOIN sellers k USING (merchant_id)
            JOIN currencies c ON c.currency = o.currency
            JOIN buyers b ON b.buyer_id = o.buyer_id
            WHERE o.import_run <> $1
            UNION ALL
            SELECT k.key, d.number, l.source_line, d.role, d.placed_at, substr(b.source, length(k.key) + 9), s.code
                 , d.currency, l.quantity::bigint, l.unit_price_micros, l.amount, 0::bigint, 0::bigint
            FROM import_documents d
            JOIN import_lines l USING (merchant_id, document_id)
            JOIN sellers k USING (merchant_id)
            JOIN skus s ON s.merchant_id = l.merchant_id AND s.sku_id = l.sku_id
            LEFT JOIN buyers b ON b.buyer_id = d.buyer_id
            WHERE d.run_id <> $1
            """,
            run_id,
            prefetch=5_000,
        ):
            rows.append(tuple(row))
            if len(rows) == BATCH_ROWS:
                count += _write(writer, rows)
        count += _write(writer, rows)
    return count


def _write(writer: Any, rows: list[tuple[Any, ...]]) -> int:
    if not rows:
        return 0
    columns = [list(column) for column in zip(*rows, strict=True)]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, HISTORY, strict=True)]
    writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=HISTORY))
    written = len(rows)
    rows.clear()
    return written


def batches(file: Path) -> Iterator[RecordBatch]:
    """The batches of a spooled file."""
    with pa.memory_map(str(file)) as stored, pa.ipc.open_file(stored) as reader:
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)
