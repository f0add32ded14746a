"""Product and customer files, read: one checked record per row, in chunks."""
# ruff: noqa: S608 - DuckDB statements over scratch tables, put together from our own field names only

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pyarrow as pa

from steelyard.channels.feeds.mapping import Mapping
from steelyard.channels.feeds.model import CHUNK_LINES, FORMATS, KEYS, MICROS, Reason, RecordChunk, Summary
from steelyard.channels.feeds.reading import FeedFile, RawRows, inspect
from steelyard.channels.feeds.rejects import count_rejects, write_rejects
from steelyard.channels.feeds.workspace import Progress, Workspace, minor_amount, no_progress

FORMAT_VERSION = 1


class RecordFeed:
    """Products or customers of a set of files, each once. A context manager; see `OrderFeed` for
    `fingerprint`.

    The columns are those of the canonical format, typed: times in UTC, `price` as `price_minor`, and next to
    a country its name as the file has it (`country_name`); `file` and `line` say where the record came from.
    """

    def __init__(
        self, work: Workspace, files: list[FeedFile], fingerprint: str, summary: Summary, chunk_rows: int
    ) -> None:
        self.files = files
        self.fingerprint = fingerprint
        self.summary = summary
        self._work = work
        self._chunk_rows = chunk_rows

    def __enter__(self) -> "RecordFeed":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Delete the scratch database."""
        self._work.close()

    def merchants(self) -> list[tuple[str, str, str | None]]:
        """Whose products they are: merchant, the currency that most of them have, and no country."""
        return self._work.rows("SELECT merchant, mode(currency), NULL FROM record GROUP BY merchant ORDER BY merchant")

    def currencies(self) -> list[str]:
        """Every currency that occurs in a product file."""
        return [row[0] for row in self._work.rows("SELECT DISTINCT currency FROM record ORDER BY currency")]

    def chunks(self, *, after: int = 0, progress: Progress = no_progress) -> Iterator[RecordChunk]:
        """The chunks with a number greater than `after`, in the order of the files."""
        done = min(after * self._chunk_rows, self.summary.accepted)
        for number in range(after + 1, self.summary.chunks + 1):
            first = (number - 1) * self._chunk_rows
            last = first + self._chunk_rows - 1
            sql = f"SELECT * FROM record WHERE rowid BETWEEN {first} AND {last} ORDER BY rowid"
            table = pa.Table.from_batches(self._work.stream(sql)).combine_chunks()
            yield RecordChunk(number=number, rows=table.to_batches()[0])
            done += table.num_rows
            progress(done, self.summary.accepted)

    def write_rejects(self, path: Path) -> int:
        """Write the report of rejected rows as CSV; returns how many there are."""
        return write_rejects(self._work, self.files, path)


def open_records(
    paths: Sequence[Path],
    mapping: Mapping,
    *,
    folder: Path | None = None,
    chunk_rows: int = CHUNK_LINES,
    progress: Progress = no_progress,
) -> RecordFeed:
    """Read and check product or customer files. A record that is in a file twice is rejected the second time;
    one that an earlier of the files had is left out. `progress` hears rows read. Raises `FeedUnreadable`."""
    assert paths, "at least one file"
    assert chunk_rows > 0
    assert mapping.of in KEYS
    files = [inspect(path, mapping.csv) for path in paths]
    fingerprint = _fingerprint(files, mapping, chunk_rows)
    work = Workspace(folder)
    try:
        summary = _work_out(work, files, mapping, progress)
    except BaseException:
        work.close()
        raise
    summary.chunks = -(-summary.accepted // chunk_rows)
    return RecordFeed(work, files, fingerprint, summary, chunk_rows)


def fingerprint_of(paths: Sequence[Path], mapping: Mapping, chunk_rows: int = CHUNK_LINES) -> str:
    """The fingerprint that a feed of these files will have, before it is read. Raises `FeedUnreadable`."""
    return _fingerprint([inspect(path, mapping.csv) for path in paths], mapping, chunk_rows)


def _fingerprint(files: list[FeedFile], mapping: Mapping, chunk_rows: int) -> str:
    parts = [str(FORMAT_VERSION), str(chunk_rows), *(file.sha256 for file in files)]
    seed = "\n".join(parts).encode() + msgspec.json.encode(mapping, order="sorted")
    return hashlib.sha256(seed).hexdigest()


def _work_out(work: Workspace, files: list[FeedFile], mapping: Mapping, progress: Progress) -> Summary:
    summary = Summary()
    done = 0

    def tell(rows: int) -> None:
        nonlocal done
        done += rows
        progress(done, None)

    for number, file in enumerate(files, 1):
        shaped, read = work.shape(number, RawRows(file, mapping.csv), mapping, tell)
        summary.read += read
        summary.overlapping += _admit(work, number, shaped, mapping)
    summary.accepted = work.number("SELECT count(*) FROM record")
    summary.reasons = count_rejects(work)
    summary.rejected = sum(summary.reasons.values())
    assert summary.read == summary.rejected + summary.overlapping + summary.accepted
    return summary


def _admit(work: Workspace, number: int, shaped: str, mapping: Mapping) -> int:
    """Take in what no earlier file had; returns how many records one had."""
    key = KEYS[mapping.of]
    columns: list[str] = []
    for field in FORMATS[mapping.of]:
        if field.type == "decimal":
            micros = f"({field.name}_exact * {MICROS})::BIGINT"
            columns.append(f"{minor_amount('1', micros, 'c.minor_micros')} AS {field.name}_minor")
        elif field.type == "kind":
            columns.append(f"coalesce(s.{field.name}, '{mapping.kinds.default.value}') AS {field.name}")
        else:
            columns.append(f"s.{field.name}")
            columns += [f"s.{field.name}_name"] if field.type == "country" else []
    money = "LEFT JOIN currencies AS c ON c.code = s.currency" if mapping.of == "products" else ""
    work.run(f"""
        CREATE TABLE ranked AS
        SELECT s.*, row_number() OVER (PARTITION BY {", ".join(key)} ORDER BY line) AS nth
        FROM {shaped} AS s WHERE reason IS NULL;
        INSERT INTO reject
        SELECT {number}, line, '{Reason.DUPLICATE.value}', '{key[-1]}', to_json({{{_facts(key)}}})::VARCHAR
        FROM ranked WHERE nth > 1;
        CREATE TABLE admitted AS
        SELECT {", ".join(columns)}, {number} AS file, s.line FROM ranked AS s {money} WHERE nth = 1;
        DROP TABLE ranked;
        DROP TABLE {shaped};
    """)
    read = work.number("SELECT count(*) FROM admitted")
    work.run("CREATE TABLE IF NOT EXISTS record AS FROM admitted LIMIT 0")
    before = work.number("SELECT count(*) FROM record")
    work.run(
        f"INSERT INTO record SELECT a.* FROM admitted AS a ANTI JOIN record USING ({', '.join(key)}) ORDER BY line"
    )
    work.run("DROP TABLE admitted")
    return read - (work.number("SELECT count(*) FROM record") - before)


def _facts(key: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}': {name}" for name in key)
