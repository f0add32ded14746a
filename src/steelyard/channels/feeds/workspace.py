"""The scratch DuckDB that a feed is worked out in: on disk, with a memory limit, deleted afterwards."""
# ruff: noqa: S608 - DuckDB statements over scratch tables, put together from our own names only

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
from babel.numbers import list_currencies

from steelyard.channels.feeds.columnar import BatchReader, RecordBatch
from steelyard.channels.feeds.countries import all_codes
from steelyard.channels.feeds.mapping import Mapping
from steelyard.channels.feeds.model import MICROS, PRICE_DECIMALS, Reason
from steelyard.channels.feeds.reading import LINE, RawRows
from steelyard.channels.feeds.shaping import Shaper, quoted
from steelyard.kernel import duck
from steelyard.kernel.money import minor_digits

MEMORY_LIMIT = "320MB"
THREADS = 2
_PREFIX = "steelyard-feed-"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Progress = Callable[[int, int | None], None]  # rows done, rows in all (None while unknown)


Columns = Any  # a pyarrow table or reader, of which DuckDB takes either


def no_progress(done: int, total: int | None) -> None:
    """Tell nobody."""


def _sweep(folder: Path) -> None:
    """Remove what killed processes left behind."""
    for left in folder.glob(f"{_PREFIX}*"):
        owner = left.name.removeprefix(_PREFIX).split("-")[0]
        if owner.isdecimal() and not _alive(int(owner)):
            shutil.rmtree(left, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Workspace:
    """A DuckDB connection with the tables `countries`, `currencies` and `reject`; a context manager."""

    def __init__(self, folder: Path | None = None, *, memory_limit: str = MEMORY_LIMIT) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            _sweep(folder)
        self._folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=folder))
        self.engine = duck.connect(
            str(self._folder / "feed.duckdb"),
            memory_limit=memory_limit,
            threads=THREADS,
            temp_directory=str(self._folder / "spill"),
            preserve_insertion_order=True,
        )
        self.engine.execute("SET TimeZone = 'UTC'")
        currencies = sorted(list_currencies())
        self.insert("countries", pa.table({"code": all_codes()}))
        digits = [minor_digits(code) for code in currencies]
        units = [10 ** (PRICE_DECIMALS - digit) for digit in digits]  # micros in one minor unit
        self.insert("currencies", pa.table({"code": currencies, "minor_micros": pa.array(units, pa.int64())}))
        self.engine.execute(
            "CREATE TABLE reject (file INTEGER, line BIGINT, reason VARCHAR, field VARCHAR, original VARCHAR)"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Drop everything."""
        self.engine.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def insert(self, table: str, rows: Columns) -> None:
        """Append Arrow rows to a table, which is made when it is not there."""
        self.engine.register("incoming", rows)
        exists = self.rows("SELECT 1 FROM duckdb_tables() WHERE table_name = ?", [table])
        create = f"INSERT INTO {table} BY NAME" if exists else f"CREATE TABLE {table} AS"
        self.engine.execute(f"{create} SELECT * FROM incoming")
        self.engine.unregister("incoming")

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """A small result, whole."""
        return self.engine.execute(sql, list(values)).fetchall()

    def number(self, sql: str) -> int:
        """The one number of a result; 0 for NULL."""
        return int(self.rows(sql)[0][0] or 0)

    def moment(self, sql: str) -> datetime | None:
        """The one moment of a result, asked for by `epoch_us`: moments themselves come out by a library that is not here."""
        found: int | None = self.rows(sql)[0][0]
        return None if found is None else _EPOCH + timedelta(microseconds=found)

    def run(self, sql: str) -> None:
        """A statement without a result of interest."""
        self.engine.execute(sql)

    def stream(self, sql: str, batch_rows: int = 65_536) -> BatchReader:
        """A large result as Arrow batches, in the order of the query, on a cursor of its own."""
        cursor = self.engine.cursor()
        cursor.execute("SET TimeZone = 'UTC'")
        return cursor.sql(sql).to_arrow_reader(batch_rows)

    def shape(self, number: int, rows: RawRows, mapping: Mapping, done: Callable[[int], None]) -> tuple[str, int]:
        """Load one file and shape it. Returns the table of its good rows, and how many rows were read at all;
        rejected rows are in `reject` with the original."""
        shaper = Shaper(mapping, rows.schema, str(rows.file.path))
        shaping = shaper.sql("raw")  # says what is missing before anything is read
        self.insert("raw", _reader(rows, done))
        if not rows.file.parquet:  # an empty line of a CSV file is no row
            self.run(f"DELETE FROM raw WHERE {' AND '.join(f'{quoted(c)} IS NULL' for c in rows.columns)}")
        table = f"shaped_{number}"
        self.run(f"CREATE TABLE {table} AS {shaping}")
        self.run(
            f"INSERT INTO reject SELECT {number}, s.line, s.reason, s.field, to_json(r)::VARCHAR "
            f"FROM {table} AS s JOIN "
            f"(SELECT __line, struct_pack({_packed(rows.columns)}) AS r FROM raw) AS raw "
            "ON raw.__line = s.line WHERE s.reason IS NOT NULL"
        )
        read = self.number("SELECT count(*) FROM raw")
        malformed = [row for row in rows.malformed if row.text.strip()]
        if malformed:
            self.insert(
                "reject",
                pa.table(
                    {
                        "file": pa.array([number] * len(malformed), pa.int32()),
                        "line": [row.line for row in malformed],
                        "reason": [Reason.MALFORMED.value] * len(malformed),
                        "field": pa.array([None] * len(malformed), pa.string()),
                        "original": [row.text for row in malformed],
                    }
                ),
            )
        self.run("DROP TABLE raw")
        return table, read + len(malformed)


def _packed(columns: Iterable[str]) -> str:
    return ", ".join(f"{name} := {name}" for name in map(quoted, columns))


def _reader(rows: RawRows, done: Callable[[int], None]) -> BatchReader:
    """The numbered batches as a reader that tells how far it is."""
    schema = rows.schema.append(pa.field(LINE, pa.int64()))

    def told() -> Iterator[RecordBatch]:
        for batch in rows.batches():
            yield batch
            done(batch.num_rows)

    return pa.RecordBatchReader.from_batches(schema.remove_metadata(), (b.replace_schema_metadata() for b in told()))


def minor_amount(quantity: str, micros: str, minor_micros: str) -> str:
    """SQL for quantity × unit price in minor units: exact in integers, half a minor unit away from zero."""
    product = f"({quantity}::HUGEINT * {micros})"
    return f"(sign({product}) * ((abs({product}) * 2 + {minor_micros}) // (2 * {minor_micros})))::BIGINT"


assert MICROS == 10**PRICE_DECIMALS
