"""Order files, read: the feed of typed chunks that the writing half takes.

```python
with open_orders([first, second], load_map("uci-online-retail", "orders")) as feed:
    for batch in feed.products(): ...
    for batch in feed.customers(): ...
    for chunk in feed.chunks(after=last_committed): ...
    feed.write_rejects(path)
```
"""
# ruff: noqa: S608 - DuckDB statements over scratch tables, put together from our own names only

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path

import msgspec
import pyarrow as pa

from steelyard.channels.feeds import matching, order_lines
from steelyard.channels.feeds.columnar import BatchReader, RecordBatch, Schema
from steelyard.channels.feeds.figures import Definition, SalesFigures, sales_figures
from steelyard.channels.feeds.mapping import Mapping
from steelyard.channels.feeds.model import (
    CHUNK_LINES,
    DOCUMENTS,
    HISTORY,
    LINES,
    REFUNDS,
    OrderChunk,
    Role,
    Summary,
)
from steelyard.channels.feeds.reading import FeedFile, RawRows, inspect
from steelyard.channels.feeds.rejects import count_rejects, write_rejects
from steelyard.channels.feeds.workspace import Progress, Workspace, minor_amount, no_progress

FORMAT_VERSION = 1  # counted up when the same files and map would give other chunks


class OrderFeed:
    """Everything that a set of order files says, deduplicated, matched and cut into chunks. A context
    manager.

    `fingerprint` stands for the content of the files (in their order), the map and the size of a chunk: two
    feeds of the same fingerprint have the same chunks, so a killed import goes on after its last committed
    chunk number."""

    def __init__(
        self, work: Workspace, files: list[FeedFile], fingerprint: str, summary: Summary, time_zone: str
    ) -> None:
        self.files = files
        self.fingerprint = fingerprint
        self.summary = summary
        self._work = work
        self._time_zone = time_zone

    def __enter__(self) -> "OrderFeed":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Delete the scratch database."""
        self._work.close()

    def merchants(self) -> list[tuple[str, str, str | None]]:
        """Whose orders they are: merchant, and the currency and the country that most of its documents have."""
        return self._work.rows(
            "SELECT merchant, mode(currency), mode(country) FROM document WHERE NOT known GROUP BY merchant ORDER BY merchant"
        )

    def currencies(self) -> list[str]:
        """Every currency that occurs."""
        return [row[0] for row in self._work.rows("SELECT DISTINCT currency FROM document ORDER BY currency")]

    def products(self) -> Iterator[RecordBatch]:
        """What was ever sold, returned or counted, by merchant and SKU.

        Columns: merchant, sku, kind, title (its commonest on priced sales, else any, else the SKU), currency
        and price_minor (of its last sale for at least one minor unit, null when there was none), first_sold_at, last_sold_at,
        sold (pieces, net of returns) and stock_balance (pieces, over its stock lines).
        """
        sale, priced = f"role = '{Role.SALE}'", f"role = '{Role.SALE}' AND unit_price_micros > 0"
        worth = f"role = '{Role.SALE}' AND unit_price_micros * 2 >= u.minor_micros"
        yield from self._work.stream(f"""
            WITH titles AS (
                SELECT merchant, sku, title, count(*) FILTER ({priced}) AS n FROM line GROUP BY ALL
            ), best AS (
                SELECT merchant, sku, max_by(title, (n, title)) FILTER (title IS NOT NULL) AS title
                FROM titles GROUP BY ALL
            ), facts AS (
                SELECT merchant, sku, max_by(kind, ref) AS kind,
                       max_by(currency, ref) FILTER ({worth}) AS currency,
                       max_by(unit_price_micros, ref) FILTER ({worth}) AS micros,
                       min(placed_at) FILTER ({sale}) AS first_sold_at,
                       max(placed_at) FILTER ({sale}) AS last_sold_at,
                       coalesce(sum(quantity) FILTER ({sale} OR role = '{Role.RETURN}'), 0)::BIGINT AS sold,
                       coalesce(sum(quantity) FILTER (role = '{Role.STOCK}'), 0)::BIGINT AS stock_balance
                FROM laid JOIN currencies AS u ON u.code = laid.currency GROUP BY ALL
            )
            SELECT f.merchant, f.sku, f.kind, coalesce(b.title, f.sku) AS title, f.currency,
                   {minor_amount("1", "f.micros", "c.minor_micros")} AS price_minor,
                   f.first_sold_at, f.last_sold_at, f.sold, f.stock_balance
            FROM facts AS f JOIN best AS b USING (merchant, sku)
            LEFT JOIN currencies AS c ON c.code = f.currency
            ORDER BY f.merchant, f.sku
        """)

    def customers(self) -> Iterator[RecordBatch]:
        """Who is known by an id: merchant, customer_id, country and country_name (of the latest document),
        first_seen_at, last_seen_at."""
        yield from self._work.stream("""
            SELECT merchant, customer_id, max_by(country, seq) AS country,
                   max_by(country_name, seq) AS country_name,
                   min(placed_at) AS first_seen_at, max(placed_at) AS last_seen_at
            FROM document WHERE customer_id IS NOT NULL AND NOT known
            GROUP BY merchant, customer_id ORDER BY merchant, customer_id
        """)

    def chunks(self, *, after: int = 0, progress: Progress = no_progress) -> Iterator[OrderChunk]:
        """The chunks with a number greater than `after`, in time order. `progress` hears the lines handed
        out."""
        sizes = self._work.rows(f"""
            SELECT chunk, count(*)::BIGINT, sum(lines)::BIGINT,
                   (SELECT count(*) FROM refund WHERE refund.chunk = document.chunk)
            FROM document WHERE NOT known AND chunk > {int(after)} GROUP BY chunk ORDER BY chunk
        """)
        left = f"WHERE chunk > {int(after)}"
        documents = _Slices(self._work.stream(f"{_DOCUMENTS} {left} AND NOT known ORDER BY seq"), DOCUMENTS)
        lines = _Slices(self._work.stream(f"{_LINES} {left} ORDER BY ref"), LINES)
        refunds = _Slices(self._work.stream(f"{_REFUNDS} {left} ORDER BY return_ref, part"), REFUNDS)
        done = self.summary.accepted - sum(size[2] for size in sizes)
        for number, document_count, line_count, refund_count in sizes:
            yield OrderChunk(
                number=number,
                documents=documents.take(document_count),
                lines=lines.take(line_count),
                refunds=refunds.take(refund_count),
            )
            done += line_count
            progress(done, self.summary.accepted)

    def lines_after(self, chunk: int) -> int:
        """How many lines the chunks after this one hold."""
        return self._work.number(f"SELECT sum(lines) FROM document WHERE NOT known AND chunk > {int(chunk)}")

    def first_booked(self, after: int) -> datetime | None:
        """When the first document was written in the chunks after this one that goes into the books: a sale that costs something,
        a return that is a refund."""
        return self._work.moment(
            f"""
            SELECT epoch_us(min(placed_at)) FROM document AS d WHERE NOT known AND chunk > {int(after)} AND (
                (role = '{Role.SALE}' AND amount_minor > 0)
                OR EXISTS (SELECT 1 FROM refund AS r WHERE r.merchant = d.merchant AND r.return_id = d.order_id
                             AND d.role = '{Role.RETURN}'))
            """
        )

    def as_history(self) -> Iterator[RecordBatch]:
        """These lines in the shape of `HISTORY`, with what was refunded of them: what a feed that is read after
        this one was imported needs to know. The database answers the same in production."""
        yield from _cast(self._work.stream(_HISTORY), HISTORY)

    def figures(
        self, *, since: date, until: date, definition: Definition = "net", time_zone: str | None = None
    ) -> list[SalesFigures]:
        """The figures of these files alone, for comparison with the report; days are those of the map's time
        zone."""
        zone = time_zone or self._time_zone
        return sales_figures(self._work, since=since, until=until, time_zone=zone, definition=definition)

    def write_rejects(self, path: Path) -> int:
        """Write the report of rejected rows as CSV; returns how many there are."""
        return write_rejects(self._work, self.files, path)


_DOCUMENTS = """
    SELECT merchant, order_id, role, placed_at, customer_id, currency, country, country_name, lines,
        amount_minor
    FROM document
"""
_LINES = """
    SELECT merchant, order_id, role, line_id, ref - start AS ordinal, placed_at, sku, title, kind, quantity,
           unit_price_micros, amount_minor, credited_quantity, credited_minor, credited_because, file, line
    FROM laid JOIN started USING (seq)
"""
_REFUNDS = """
    SELECT merchant, return_id, return_line_id, part, order_id, order_line_id, quantity, amount_minor,
        currency
    FROM refund
"""


_HISTORY = """
    SELECT l.merchant, l.order_id, l.line_id, l.role, l.placed_at, l.customer_id, l.sku, l.currency,
           l.quantity, l.unit_price_micros, l.amount_minor, coalesce(r.quantity, 0)::BIGINT AS refunded_quantity,
           coalesce(r.amount_minor, 0)::BIGINT AS refunded_minor
    FROM line AS l
    LEFT JOIN (
        SELECT merchant, order_id, order_line_id AS line_id, sum(quantity) AS quantity,
               sum(amount_minor) AS amount_minor
        FROM refund GROUP BY ALL
    ) AS r ON l.role = 'sale' AND r.merchant = l.merchant AND r.order_id = l.order_id
         AND r.line_id = l.line_id
"""


def _cast(batches: Iterable[RecordBatch], schema: Schema) -> Iterator[RecordBatch]:
    for batch in batches:
        yield from pa.Table.from_batches([batch]).cast(schema).to_batches()


class _Slices:
    """A stream of batches, handed out in pieces of the sizes asked for."""

    def __init__(self, reader: BatchReader, schema: Schema) -> None:
        self._reader = reader
        self._schema = schema
        self._waiting: list[RecordBatch] = []

    def take(self, rows: int) -> RecordBatch:
        """Exactly the next `rows` rows."""
        taken: list[RecordBatch] = []
        missing = rows
        while missing:
            batch = self._waiting.pop() if self._waiting else self._reader.read_next_batch()
            if batch.num_rows > missing:
                self._waiting.append(batch.slice(missing))
                batch = batch.slice(0, missing)
            taken.append(batch)
            missing -= batch.num_rows
        table = pa.Table.from_batches(taken, self._reader.schema).cast(self._schema).combine_chunks()
        batches = table.to_batches()
        return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=self._schema)


def open_orders(
    paths: Sequence[Path],
    mapping: Mapping,
    *,
    history: Iterable[RecordBatch] = (),
    folder: Path | None = None,
    chunk_lines: int = CHUNK_LINES,
    progress: Progress = no_progress,
) -> OrderFeed:
    """Read, check, deduplicate and match everything; nothing of it is in memory but what is being worked on.

    `history` (shape `HISTORY`) is what other imports brought for these merchants: their orders are left out,
    and returns may be matched to them. `progress` hears rows read. `folder` is where the scratch files go.
    Raises `FeedUnreadable`."""
    assert paths, "at least one file"
    assert chunk_lines > 0
    assert mapping.of == "orders"
    files = [inspect(path, mapping.csv) for path in paths]
    fingerprint = _fingerprint(files, mapping, chunk_lines)
    work = Workspace(folder)
    try:
        summary = _work_out(work, files, mapping, history, chunk_lines=chunk_lines, progress=progress)
        return OrderFeed(work, files, fingerprint, summary, mapping.source("placed_at").time_zone)
    except BaseException:
        work.close()
        raise


def fingerprint_of(paths: Sequence[Path], mapping: Mapping, chunk_lines: int = CHUNK_LINES) -> str:
    """The fingerprint that a feed of these files will have, before it is read. Raises `FeedUnreadable`."""
    return _fingerprint([inspect(path, mapping.csv) for path in paths], mapping, chunk_lines)


def _fingerprint(files: list[FeedFile], mapping: Mapping, chunk_lines: int) -> str:
    parts = [str(FORMAT_VERSION), str(chunk_lines), *(file.sha256 for file in files)]
    return hashlib.sha256("\n".join(parts).encode() + msgspec.json.encode(mapping, order="sorted")).hexdigest()


def _work_out(
    work: Workspace,
    files: list[FeedFile],
    mapping: Mapping,
    history: Iterable[RecordBatch],
    *,
    chunk_lines: int,
    progress: Progress,
) -> Summary:
    summary = Summary()
    raws = [RawRows(file, mapping.csv) for file in files]
    total = sum(raw.rows or 0 for raw in raws) if all(raw.rows is not None for raw in raws) else None
    done = 0

    def tell(rows: int) -> None:
        nonlocal done
        done += rows
        progress(done, total)

    order_lines.prepare(work)
    for number, raw in enumerate(raws, 1):
        shaped, read = work.shape(number, raw, mapping, tell)
        summary.read += read
        summary.overlapping += order_lines.admit(work, number, shaped, mapping)
    work.insert("history", pa.RecordBatchReader.from_batches(HISTORY, history))
    order_lines.settle_roles(work)
    order_lines.number_documents(work, chunk_lines)
    summary.already_imported = order_lines.drop_known(work)
    order_lines.lay_out_lines(work, mapping)
    matching.match_all(work)
    summary.reasons = count_rejects(work)
    summary.rejected = sum(summary.reasons.values())
    matching.count(work, summary)
    assert summary.read == summary.rejected + summary.overlapping + summary.already_imported + summary.accepted
    return summary
