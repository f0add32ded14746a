"""Files into streams of raw Arrow batches: each row as it stands in the file, with its line number.

CSV cells stay text, so that no price ever passes through a binary float. Parquet columns keep their types.
"""

import bisect
import codecs
import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from steelyard.channels.feeds.columnar import InvalidRow, RecordBatch, Schema
from steelyard.channels.feeds.mapping import Csv
from steelyard.channels.feeds.model import COLUMNS_MAX, CSV_BLOCK_BYTES, FILE_BYTES_MAX, FeedUnreadable

LINE = "__line"  # the line number's column, next to the file's own
BATCH_ROWS = 65_536
_READ_BYTES = 1024**2
_FALLBACK_ENCODING = "gb18030"


class FeedFile(msgspec.Struct, frozen=True):
    """A file that was looked at: what it is and what identifies its content."""

    path: Path
    sha256: str
    parquet: bool
    encoding: str


class Malformed(msgspec.Struct, frozen=True):
    """A CSV row that has another number of columns than the header."""

    line: int
    text: str


def inspect(path: Path, csv: Csv) -> FeedFile:
    """Hash the file and find out how it is written. Raises `FeedUnreadable` with what to do about it."""
    if not path.is_file():
        raise FeedUnreadable(file=str(path), problem="there is no such file")
    if path.stat().st_size > FILE_BYTES_MAX:
        raise FeedUnreadable(file=str(path), problem=f"larger than {FILE_BYTES_MAX} bytes; cut it in parts")
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_READ_BYTES):
            digest.update(block)
    with path.open("rb") as stream:
        parquet = stream.read(4) == b"PAR1"
    encoding = "utf-8" if parquet else _encoding(path, csv.encoding)
    return FeedFile(path=path, sha256=digest.hexdigest(), parquet=parquet, encoding=encoding)


def _encoding(path: Path, wanted: str | None) -> str:
    first = ""
    for name in [wanted] if wanted else ["utf-8", _FALLBACK_ENCODING]:
        problem = _decoding_problem(path, name)
        if problem is None:
            return name
        first = first or problem
    advice = "save the file as UTF-8, or name its encoding as csv.encoding in a mapping file"
    raise FeedUnreadable(file=str(path), problem=f"{first}; {advice}")


def _decoding_problem(path: Path, encoding: str) -> str | None:
    """None when every byte can be decoded; else where it cannot, and why."""
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
    except LookupError:
        return f"{encoding} is no known encoding"
    done = 0
    with path.open("rb") as stream:
        while True:
            block = stream.read(_READ_BYTES)
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                return f"not {encoding} near byte {done + error.start}: {error.reason}"
            if not block:
                return None
            done += len(block)


class RawRows:
    """The rows of one file as a stream of batches; `malformed` fills up while the stream is read.

    Line numbers: a CSV row's is the row's number in the file, the header being line 1 (the editor's line
    number unless quoted cells hold line breaks); a Parquet row's is counted from 1."""

    def __init__(self, file: FeedFile, csv: Csv) -> None:
        self.file = file
        self.malformed: list[Malformed] = []
        self._csv = csv
        self.rows: int | None = None  # known beforehand for Parquet only
        try:
            self._batches, self.schema = self._parquet() if file.parquet else self._csv_rows()
        except (pa.ArrowInvalid, OSError, UnicodeDecodeError) as error:
            raise self._unreadable(str(error)) from None
        self.columns: list[str] = list(self.schema.names)
        if len(self.columns) > COLUMNS_MAX:
            raise self._unreadable(f"{len(self.columns)} columns; at most {COLUMNS_MAX} are read")
        if len({name.lower() for name in [*self.columns, LINE]}) <= len(self.columns):
            raise self._unreadable("two columns have the same name")

    def _unreadable(self, problem: str) -> FeedUnreadable:
        return FeedUnreadable(file=str(self.file.path), problem=problem)

    def batches(self) -> Iterator[RecordBatch]:
        """Each batch with its line numbers. To be read once."""
        try:
            yield from self._batches
        except pa.ArrowInvalid as error:
            raise self._unreadable(str(error)) from None

    def _parquet(self) -> tuple[Iterator[RecordBatch], Schema]:
        reader = pa_parquet.ParquetFile(self.file.path, pre_buffer=False)
        self.rows = reader.metadata.num_rows
        batches = reader.iter_batches(batch_size=BATCH_ROWS, use_threads=False)
        return self._numbered(batches, first=1), reader.schema_arrow

    def _csv_rows(self) -> tuple[Iterator[RecordBatch], Schema]:
        def skip(row: InvalidRow) -> str:
            self.malformed.append(Malformed(line=row.number, text=row.text))
            return "skip"

        parsing = pa_csv.ParseOptions(
            delimiter=self._csv.delimiter,
            quote_char=self._csv.quote,
            newlines_in_values=True,
            ignore_empty_lines=False,  # they are left out later, so that line numbers stay right
            invalid_row_handler=skip,
        )
        reading = pa_csv.ReadOptions(use_threads=False, encoding=self.file.encoding, block_size=CSV_BLOCK_BYTES)
        with pa_csv.open_csv(self.file.path, read_options=reading, parse_options=parsing) as header:
            names: list[str] = header.schema.names
        self.malformed.clear()
        converting = pa_csv.ConvertOptions(
            column_types={name: pa.string() for name in names}, strings_can_be_null=True, null_values=[""]
        )
        reader = pa_csv.open_csv(
            self.file.path, read_options=reading, parse_options=parsing, convert_options=converting
        )
        return self._numbered(reader, first=2), reader.schema

    def _numbered(self, batches: Iterator[RecordBatch], *, first: int) -> Iterator[RecordBatch]:
        """Append the line numbers, which skip the malformed rows that the parser left out."""
        line = first
        for batch in batches:
            if batch.num_rows == 0:
                continue
            numbers: list[pa.Array] = []
            left: int = batch.num_rows
            skipped = [row.line for row in self.malformed]
            at = bisect.bisect_left(skipped, line)
            while left:
                upto = skipped[at] if at < len(skipped) else line + left
                run = min(left, upto - line)
                numbers.append(pa.arange(line, line + run))
                left -= run
                line += run
                if left:
                    line, at = line + 1, at + 1
            yield batch.append_column(LINE, pa.concat_arrays(numbers))
