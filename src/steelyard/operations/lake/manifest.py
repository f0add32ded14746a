"""The files of the lake: written beside, recorded in the manifest, seen by readers from the moment that commits, and deleted when
nobody can be reading them any more. A file's name says what is in it, so that one left by a kill is never taken for another."""

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from steelyard.kernel import duck
from steelyard.kernel.db import Read, Tx

FOLDER = "lake/events"
FILES_MAX = 10_000
READ_SECONDS_MAX = 3_600  # nobody reads a file longer
MEMORY_LIMIT = "512MB"


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is there, and not yet recorded."""

    name: str
    rows: int
    bytes: int
    first_at: datetime


def folder(home: Path) -> Path:
    """Where they lie."""
    found = home.absolute() / FOLDER
    found.mkdir(parents=True, exist_ok=True)
    return found


def write(home: Path, name: str, rows: Sequence[dict[str, Any]]) -> Written:
    """Write rows of the frame (moments aware, UTC) under a name; what was there under it is written over with the same."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from steelyard.operations.lake.frame import EVENT_FRAME

    for row in rows:
        row["at"] = row["at"].astimezone(UTC).replace(tzinfo=None)
    table: Any = pa.Table.from_pylist(list(rows), schema=EVENT_FRAME)
    place = folder(home) / name
    draft = place.with_name(f".{name}.{os.getpid()}")
    pq.write_table(table, draft, compression="zstd")
    return _landed(draft, place, table.num_rows, min(row["at"] for row in rows))


def rewrite(home: Path, name: str, sources: Sequence[str], renamings: dict[str, str | None]) -> Written | None:
    """Write the events of `sources` under a new name, sorted by shop, person and moment, under other names where people have
    them, and without those who have none. None: nobody is left."""
    import pyarrow as pa

    from steelyard.operations.lake.frame import EVENT_FRAME

    place = folder(home) / name
    draft = place.with_name(f".{name}.{os.getpid()}")
    settings: dict[str, Any] = {
        "memory_limit": MEMORY_LIMIT,
        "threads": 1,
        "temp_directory": str(folder(home) / ".spill"),
    }
    with duck.connect(**settings) as engine:
        pairs = list(renamings.items())
        people: Any = pa.table(
            {
                "person": pa.array([person for person, _ in pairs], pa.string()),
                "becomes": pa.array([becomes for _, becomes in pairs], pa.string()),
            }
        )
        engine.register("people", people)
        columns = ", ".join(f'e."{column}"' for column in EVENT_FRAME.names if column != "user")
        engine.execute(
            f"""
            COPY (
                SELECT coalesce(p.becomes, e."user") AS "user", {columns}
                FROM read_parquet(?) AS e LEFT JOIN people AS p ON p.person = e."user"
                WHERE p.person IS NULL OR p.becomes IS NOT NULL ORDER BY e.merchant, 1, e."at"
            ) TO '{str(draft).replace("'", "''")}' (FORMAT parquet, COMPRESSION zstd)
            """,  # noqa: S608  # our own column names and a path that is quoted
            [[str(folder(home) / source) for source in sources]],
        )
        found = engine.execute('SELECT count(*), min("at") FROM read_parquet(?)', [str(draft)]).fetchone()
    assert found is not None
    if not found[0]:
        draft.unlink()
        return None
    return _landed(draft, place, found[0], found[1])


def holding(home: Path, names: Sequence[str], people: Sequence[str]) -> list[str]:
    """Which of these files hold events of these people."""
    if not names or not people:
        return []
    import pyarrow as pa

    with duck.connect(memory_limit=MEMORY_LIMIT, threads=1) as engine:
        engine.register("people", pa.table({"person": pa.array(list(people), pa.string())}))
        rows = engine.execute(
            'SELECT DISTINCT filename FROM read_parquet(?, filename = true) WHERE "user" IN (SELECT person FROM people)',
            [[str(folder(home) / name) for name in names]],
        ).fetchall()
    return sorted(Path(row[0]).name for row in rows)


def _landed(draft: Path, place: Path, rows: int, first_at: datetime) -> Written:
    with draft.open("rb") as stream:
        os.fsync(stream.fileno())
    size = draft.stat().st_size
    draft.replace(place)
    return Written(name=place.name, rows=rows, bytes=size, first_at=first_at.replace(tzinfo=UTC))


async def record(tx: Tx, part: str, day: date, written: Written) -> None:
    """From this commit on readers see it. Recorded twice, it is one."""
    await tx.execute(
        """
        INSERT INTO lake_files (name, part, day, rows, bytes, first_at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (name) DO UPDATE SET gone_at = NULL, rows = excluded.rows, bytes = excluded.bytes
        """,
        written.name,
        part,
        day,
        written.rows,
        written.bytes,
        written.first_at,
    )


async def retire(tx: Tx, names: Sequence[str]) -> int:
    """From this commit on readers see them no more; returns how many that were seen."""
    return await tx.execute(
        "UPDATE lake_files SET gone_at = now() WHERE name = ANY($1) AND gone_at IS NULL", list(names)
    )


async def files(read: Read, home: Path) -> list[Path]:
    """The files that make up the lake at this moment: a list of one instant, readable for `READ_SECONDS_MAX`."""
    rows = await read.fetch(
        "SELECT name FROM lake_files WHERE gone_at IS NULL ORDER BY part, day, name LIMIT $1", FILES_MAX
    )
    return [folder(home) / row["name"] for row in rows]
