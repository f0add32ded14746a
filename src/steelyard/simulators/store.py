"""One SQLite file per simulator: what it knows outlives the process."""

import sqlite3
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

BUSY_SECONDS_MAX = 10

T = TypeVar("T")
Facts = Mapping[str, str | int | float | bytes | None]


class Read:
    """Questions to the file. Rows come back as msgspec Structs; seconds since 1970 become aware datetimes."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, kind: type[T], sql: str, facts: Facts | None = None) -> list[T]:
        cursor = self._connection.execute(sql, facts or {})
        names = [column[0] for column in cursor.description]
        return [msgspec.convert(dict(zip(names, row, strict=True)), kind, strict=False) for row in cursor.fetchall()]

    def row(self, kind: type[T], sql: str, facts: Facts | None = None) -> T | None:
        found = self.rows(kind, sql, facts)
        assert len(found) <= 1
        return found[0] if found else None

    def number(self, sql: str, facts: Facts | None = None) -> float | None:
        """The one value of a question that has a number, or nothing, for an answer."""
        row = self._connection.execute(sql, facts or {}).fetchone()
        return None if row is None or row[0] is None else float(row[0])


class Tx(Read):
    """A writing transaction: all of it or nothing, and one at a time."""

    def execute(self, sql: str, facts: Facts | None = None) -> int:
        """Run one statement; returns how many rows it touched."""
        return self._connection.execute(sql, facts or {}).rowcount

    @contextmanager
    def savepoint(self) -> Generator[None]:
        """Undo what is inside when it raises, and let the transaction go on."""
        self._connection.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK TO attempt")
            self._connection.execute("RELEASE attempt")
            raise
        self._connection.execute("RELEASE attempt")


class Store(Read):
    """An open file. Used by one thread; other processes and threads open their own."""

    def __init__(self, file: Path, *schemas: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(file, timeout=BUSY_SECONDS_MAX, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        for schema in schemas:
            connection.executescript(schema)
        super().__init__(connection)

    @contextmanager
    def write(self) -> Generator[Tx]:
        """Take the write lock at once, so that what is read inside stays true until the commit."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield Tx(self._connection)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()
