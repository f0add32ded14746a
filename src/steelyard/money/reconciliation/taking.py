"""Taking a statement in by one transaction: it is read whole, kept as it came, and either all of its lines are here or none.
Large ones go another way (`arriving`)."""

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.text import Text
from steelyard.money import currencies
from steelyard.money.reconciliation.formats import FORMATS
from steelyard.money.reconciliation.model import (
    FILE_BYTES_MAX,
    LINES_MAX,
    PROBLEMS_KEPT_MAX,
    PROBLEMS_MAX,
    DayTaken,
    File,
    FileId,
    FileKnown,
    FileTooLarge,
    Line,
    NoSuchSource,
    Problem,
    Source,
)

PART_BYTES = 4 * 1024 * 1024
NAME_LETTERS_MAX = 200
CARRIER = "carrier:"
CHINESE_MINUTES = 480
PATIENCE_SECONDS = 600

COLUMNS = (
    "source", "file_id", "line_no", "at", "kind", "their_id", "reference", "document", "their_document", "currency",
    "amount", "fee",
)  # fmt: skip


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was read: `lines` are those that could be, `problems` what is wrong with the others; after `PROBLEMS_MAX`
    of them nobody reads on."""

    source: Source
    day: date
    name: str
    content: bytes
    lines: Sequence[Line]
    problems: Sequence[Problem]


def read_statement(
    source: Source, day: date, name: str, content: bytes, traded: Sequence[str], *, bytes_max: int = FILE_BYTES_MAX
) -> Statement:
    """Read a file in the source's format; `traded` are the currencies of this marketplace. Touches no database, and takes
    about ten seconds for a million lines. Raises `FileTooLarge`."""
    if len(content) > bytes_max:
        raise FileTooLarge(megabytes=bytes_max >> 20)
    lines: list[Line] = []
    problems: list[Problem] = []
    for found in found_in(source, content, traded):
        if isinstance(found, Problem):
            problems.append(found)
        else:
            lines.append(found)
    return Statement(source=source, day=day, name=name, content=content, lines=lines, problems=problems)


def found_in(source: Source, content: bytes, traded: Sequence[str]) -> Iterator[Line | Problem]:
    """The lines of a file, and what is wrong with others, one after the other; as far as anybody reads on."""
    known = set(traded)
    lines = problems = 0
    for found in FORMATS[source.format](content):
        if isinstance(found, Problem):
            problems += 1
            yield found
        elif found.currency not in known:
            problems += 1
            yield Problem(number=found.number, problem="currency", told=found.currency)
        else:
            lines += 1
            yield found
        if problems >= PROBLEMS_MAX:
            return
        if lines > LINES_MAX:
            yield Problem(number=found.number, problem="too_many_lines", told=str(LINES_MAX))
            return


def hash_total(lines: Iterable[Line]) -> int:
    """What lines come to, whatever their currencies: by it, and by their number, it is known that all of them are here."""
    return sum(line.amount + line.fee for line in lines)


async def source_of_carrier(tx: Tx, carrier: str, name: Text) -> Source:
    """A carrier as a source of statements, from the first that it sends."""
    await tx.execute(
        """
        INSERT INTO reconciliation_sources (source, side, format, utc_minutes, name) VALUES ($1, 'carrier', 'remittance', $2, $3)
        ON CONFLICT (source) DO NOTHING
        """,
        CARRIER + carrier,
        CHINESE_MINUTES,
        name,
    )
    return await source_called(tx, CARRIER + carrier)


async def take(tx: Tx, statement: Statement, by: str) -> File:
    """Keep a statement. One with problems is kept with them, and no line of it counts.

    Raises `FileKnown` when the same bytes were received before (unless they could not be read then and can be now: a currency
    is traded that was not, a reader knows more), and `DayTaken` when the day has another statement.
    """
    await be_patient(tx)
    source, day = statement.source.source, statement.day
    digest = hashlib.sha256(statement.content).hexdigest()
    state = "refused" if statement.problems else "read"
    if statement.problems and (known := await by_content(tx, source, digest)) is not None:
        raise FileKnown(day=known.day, file_id=str(known.file_id))
    file = await tx.one(
        File,
        """
        INSERT INTO reconciliation_files (source, file_id, day, format, name, sha256, size, lines, problems, state
                                        , received_by, hash_total, arrived, arrived_total)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::numeric, CASE $10 WHEN 'read' THEN $8 ELSE 0 END
             , CASE $10 WHEN 'read' THEN $12::numeric ELSE 0 END
        ON CONFLICT DO NOTHING
        RETURNING source, file_id, day, format, name, sha256, size, lines, problems, state, received_by, received_at, arrived
        """,
        source,
        ids.mint(),
        day,
        statement.source.format,
        statement.name.replace("\x00", "")[:NAME_LETTERS_MAX],
        digest,
        len(statement.content),
        len(statement.lines),
        len(statement.problems),
        state,
        by,
        hash_total(statement.lines),
    )
    if file is None:
        known = await by_content(tx, source, digest)
        if known is None or known.state != "read":
            raise DayTaken(day=day)
        raise FileKnown(day=known.day, file_id=str(known.file_id))
    await _keep(tx, file, statement)
    return file


async def _keep(tx: Tx, file: File, statement: Statement) -> None:
    await tx.copy(
        "reconciliation_contents",
        ("source", "file_id", "part", "content"),
        [
            (file.source, file.file_id, part, zlib.compress(statement.content[start : start + PART_BYTES]))
            for part, start in enumerate(range(0, len(statement.content), PART_BYTES))
        ],
    )
    if statement.problems:
        await keep_problems(tx, file.source, file.file_id, statement.problems)
        return
    await tx.copy("reconciliation_lines", COLUMNS, records(file.source, file.file_id, statement.lines))


async def keep_problems(tx: Tx, source: str, file_id: FileId, problems: Sequence[Problem]) -> None:
    await tx.copy(
        "reconciliation_problems",
        ("source", "file_id", "number", "line_no", "problem", "told"),
        [
            (source, file_id, number, wrong.number, wrong.problem, wrong.told.replace("\x00", ""))
            for number, wrong in enumerate(problems[:PROBLEMS_KEPT_MAX])
        ],
    )


def records(source: str, file_id: FileId, lines: Sequence[Line]) -> Iterator[tuple[object, ...]]:
    """As `COLUMNS` are."""
    for line in lines:
        yield (
            source, file_id, line.number, line.at, str(line.kind), line.their_id, line.reference, line.document,
            line.their_document, line.currency, line.amount, line.fee,
        )  # fmt: skip


async def be_patient(read: Read) -> None:
    """A day has up to a million lines: what is done with all of them at once may take minutes."""
    await read.fetch("SELECT set_config('statement_timeout', $1, true)", f"{PATIENCE_SECONDS}s")


async def source_called(read: Read, name: str) -> Source:
    """Raises `NoSuchSource`."""
    found = await read.one(
        Source,
        "SELECT source, side, format, utc_minutes, name FROM reconciliation_sources WHERE source = $1",
        name,
    )
    if found is None:
        raise NoSuchSource(source=name)
    return found


async def traded(read: Read) -> list[str]:
    """The currencies of this marketplace."""
    return [each.currency for each in await currencies.all(read)]


async def by_content(read: Read, source: str, sha256: str) -> File | None:
    """The file with these bytes, if it is here: one that counts rather than one that could not be read."""
    return await read.one(
        File,
        """
        SELECT source, file_id, day, format, name, sha256, size, lines, problems, state, received_by, received_at, arrived
             , withdrawal_asked_by
        FROM reconciliation_files WHERE source = $1 AND sha256 = $2 AND state IN ('read', 'refused') AND lines + problems > 0
        ORDER BY state = 'read' DESC, received_at DESC LIMIT 1
        """,
        source,
        sha256,
    )


async def content_of(read: Read, source: str, file_id: UUID) -> bytes:
    """The bytes as they came. Raises `NotFound`, also when some of them never did."""
    parts = await read.fetch(
        "SELECT content FROM reconciliation_contents WHERE source = $1 AND file_id = $2 ORDER BY part", source, file_id
    )
    size: int | None = await read.value(
        "SELECT size FROM reconciliation_files WHERE source = $1 AND file_id = $2", source, file_id
    )
    content = b"".join(zlib.decompress(part["content"]) for part in parts)
    if len(content) != size:
        raise NotFound()
    return content
