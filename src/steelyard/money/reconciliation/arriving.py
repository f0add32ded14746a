"""A large statement arrives in parts: each is a short transaction, and nothing of it counts before all of it is here.

Until then its file is `arriving`. Broken off, it goes on where it was when the same bytes come again; nobody matches lines of
it meanwhile, for they are reached by files that are `read`. What one transaction can hold is taken by one (`taking.take`).
"""

import asyncio
import hashlib
import tempfile
import zlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import date
from typing import IO
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx, UniqueViolation
from steelyard.kernel.errors import NotFound
from steelyard.money.reconciliation.model import (
    FILE_BYTES_MAX,
    DayTaken,
    File,
    FileId,
    FileKnown,
    FileTooLarge,
    GivenUp,
    Line,
    Problem,
    Source,
)
from steelyard.money.reconciliation.queries import file as file_of
from steelyard.money.reconciliation.queries import standing
from steelyard.money.reconciliation.running import withdraw
from steelyard.money.reconciliation.taking import (
    COLUMNS,
    NAME_LETTERS_MAX,
    PART_BYTES,
    Statement,
    by_content,
    found_in,
    hash_total,
    keep_problems,
    records,
    take,
)

# COPY of so many takes about a tenth of a second.
LINES_AT_ONCE = 5_000
# Lines that were read wait on disk, beyond the first.
_IN_MEMORY_BYTES = 4 * 1024 * 1024

Then = Callable[[Tx, File], Awaitable[None]]


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """The file of a day as it came, not yet read."""

    source: Source
    day: date
    name: str
    content: bytes


class _Read(msgspec.Struct, frozen=True, kw_only=True):
    """What was read: its lines lie in `spool`, packed, and begin and end at `marks`."""

    arrival: Arrival
    sha256: str
    lines: int
    hash_total: int
    problems: Sequence[Problem]
    spool: IO[bytes]
    marks: Sequence[int]

    def packets(self) -> Iterator[list[Line]]:
        for begins, ends in zip(self.marks, self.marks[1:], strict=False):
            self.spool.seek(begins)
            yield _PACKET.decode(self.spool.read(ends - begins))


_PACKET = msgspec.msgpack.Decoder(list[Line])


async def receive(
    db: Database,
    arrival: Arrival,
    traded: Sequence[str],
    by: str,
    *,
    over: FileId | None = None,
    then: Then | None = None,
    bytes_max: int = FILE_BYTES_MAX,
    at_once: int = LINES_AT_ONCE,
) -> File:
    """Read a file in its source's format and keep it, `at_once` lines in a transaction; memory is that of the bytes.

    `over`: the statement of the day which this one takes the place of. `then` is done in the transaction from which on it
    counts, or is refused. Raises what `taking.take` does, `FileTooLarge`, and `GivenUp` when it is withdrawn meanwhile.
    """
    if len(arrival.content) > bytes_max:
        raise FileTooLarge(megabytes=bytes_max >> 20)
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as spool:
        read = await asyncio.to_thread(_read, arrival, traded, spool, at_once)
        if read.lines <= at_once and len(arrival.content) <= PART_BYTES:
            return await db.transact(_at_once, read, by, over, then)
        file_id = await db.transact(_begin, read, by, over)
        try:
            await _parts(db, read, file_id)
            return await db.transact(_count, read, file_id, by, over, then)
        except GivenUp:  # by a person, or because another process has brought the same file to its end
            await db.ask(_unknown, read)
            raise
        except UniqueViolation as violation:
            await db.transact(give_up, arrival.source.source, file_id)
            await db.ask(_unknown, read)
            raise DayTaken(day=arrival.day) from violation


def _read(arrival: Arrival, traded: Sequence[str], spool: IO[bytes], at_once: int) -> _Read:
    problems: list[Problem] = []
    packet: list[Line] = []
    marks, lines, total = [0], 0, 0
    for found in found_in(arrival.source, arrival.content, traded):
        if isinstance(found, Problem):
            problems.append(found)
            continue
        packet.append(found)
        if len(packet) == at_once:
            marks.append(marks[-1] + spool.write(msgspec.msgpack.encode(packet)))
            lines, total = lines + len(packet), total + hash_total(packet)
            packet = []
    if packet:
        marks.append(marks[-1] + spool.write(msgspec.msgpack.encode(packet)))
    return _Read(
        arrival=arrival,
        sha256=hashlib.sha256(arrival.content).hexdigest(),
        lines=lines + len(packet),
        hash_total=total + hash_total(packet),
        problems=problems,
        spool=spool,
        marks=marks,
    )


async def _at_once(tx: Tx, read: _Read, by: str, over: FileId | None, then: Then | None) -> File:
    arrival = read.arrival
    if over is not None and not read.problems:
        await withdraw(tx, arrival.source.source, arrival.day, by)
    statement = Statement(
        source=arrival.source,
        day=arrival.day,
        name=arrival.name,
        content=arrival.content,
        lines=next(read.packets(), []),
        problems=read.problems,
    )
    file = await take(tx, statement, by)
    if then is not None:
        await then(tx, file)
    return file


async def _unknown(read: Read, what: _Read) -> None:
    """Raises `FileKnown`."""
    known = await by_content(read, what.arrival.source.source, what.sha256)
    if known is not None and (what.problems or known.state == "read"):
        raise FileKnown(day=known.day, file_id=str(known.file_id))


async def _begin(tx: Tx, read: _Read, by: str, over: FileId | None) -> FileId:
    """A new file that arrives, or the one that was broken off."""
    source, day = read.arrival.source.source, read.arrival.day
    await _unknown(tx, read)
    counts = await standing(tx, source, day)
    if not read.problems and counts is not None and counts.file_id != over:
        raise DayTaken(day=day)
    while True:
        await tx.execute(
            """
            INSERT INTO reconciliation_files (source, file_id, day, format, name, sha256, size, lines, hash_total, problems
                                            , state, received_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 'arriving', $10)
            ON CONFLICT (source, day, sha256) WHERE state = 'arriving' DO NOTHING
            """,
            source,
            ids.mint(),
            day,
            read.arrival.source.format,
            read.arrival.name.replace("\x00", "")[:NAME_LETTERS_MAX],
            read.sha256,
            len(read.arrival.content),
            read.lines,
            read.hash_total,
            by,
        )
        row = await tx.row(
            """
            SELECT file_id, lines = $4 AND hash_total = $5 AS same FROM reconciliation_files
            WHERE source = $1 AND day = $2 AND sha256 = $3 AND state = 'arriving' FOR NO KEY UPDATE
            """,
            source,
            day,
            read.sha256,
            read.lines,
            read.hash_total,
        )
        if row is not None and row["same"]:
            return FileId(row["file_id"])
        if row is not None:  # its bytes are read otherwise than when it was broken off: it is begun anew
            await give_up(tx, source, row["file_id"])


async def _parts(db: Database, read: _Read, file_id: FileId) -> None:
    content = read.arrival.content
    for part, begins in enumerate(range(0, len(content), PART_BYTES)):
        packed = await asyncio.to_thread(zlib.compress, content[begins : begins + PART_BYTES])
        await db.transact(_part, read.arrival.source.source, file_id, part, packed)
    if read.problems:
        return
    begins = 0
    for packet in read.packets():
        await db.transact(_packet, read.arrival.source.source, file_id, begins, packet)
        begins += len(packet)


async def _arrived(tx: Tx, source: str, file_id: FileId) -> int:
    """How many lines are here; the file is held until the transaction ends. Raises `GivenUp`."""
    arrived: int | None = await tx.value(
        """
        SELECT arrived FROM reconciliation_files WHERE source = $1 AND file_id = $2 AND state = 'arriving'
        FOR NO KEY UPDATE
        """,
        source,
        file_id,
    )
    if arrived is None:
        raise GivenUp()
    return arrived


async def _part(tx: Tx, source: str, file_id: FileId, part: int, packed: bytes) -> None:
    await _arrived(tx, source, file_id)
    await tx.execute(
        """
        INSERT INTO reconciliation_contents (source, file_id, part, content) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
        """,
        source,
        file_id,
        part,
        packed,
    )


async def _packet(tx: Tx, source: str, file_id: FileId, begins: int, packet: Sequence[Line]) -> None:
    """The lines from `begins` on, as far as they are not here: another process may be taking in the same file."""
    arrived = await _arrived(tx, source, file_id)
    assert arrived >= begins, "lines come in the file's order"
    fresh = packet[arrived - begins :]
    if not fresh:
        return
    await tx.copy("reconciliation_lines", COLUMNS, records(source, file_id, fresh))
    await tx.execute(
        """
        UPDATE reconciliation_files SET arrived = arrived + $3, arrived_total = arrived_total + $4
        WHERE source = $1 AND file_id = $2
        """,
        source,
        file_id,
        len(fresh),
        hash_total(fresh),
    )


async def _count(tx: Tx, read: _Read, file_id: FileId, by: str, over: FileId | None, then: Then | None) -> File:
    """All of it is here: from now on it counts, or is refused for what is wrong with it."""
    source = read.arrival.source.source
    await _arrived(tx, source, file_id)
    if over is not None and not read.problems:
        await withdraw(tx, source, read.arrival.day, by)
    if read.problems:
        await keep_problems(tx, source, file_id, read.problems)
    # (Which of two statements was first is asked of the moment from which they count.)
    await tx.execute(
        """
        UPDATE reconciliation_files SET state = $3, problems = $4, received_at = now() WHERE source = $1 AND file_id = $2
        """,
        source,
        file_id,
        "refused" if read.problems else "read",
        len(read.problems),
    )
    file = await file_of(tx, source, file_id)
    if then is not None:
        await then(tx, file)
    return file


async def give_up(tx: Tx, source: str, file_id: UUID) -> File:
    """A statement that has not wholly arrived is withdrawn; its lines count as little as before. Raises `NotFound`."""
    given_up = await tx.execute(
        """
        UPDATE reconciliation_files SET state = 'withdrawn' WHERE source = $1 AND file_id = $2 AND state = 'arriving'
        """,
        source,
        file_id,
    )
    if not given_up:
        raise NotFound()
    return await file_of(tx, source, file_id)
