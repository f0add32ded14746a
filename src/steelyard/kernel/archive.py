"""Backup and restore: a database in one file, whole or not at all.

The file is PostgreSQL's own custom archive (`pg_dump --format=custom`), so that any PostgreSQL tool reads it too. Roles
belong to the server, not to the database: `restore` makes those that are missing. Transaction numbers do not mean the
same on another server; whoever stores them passes `after`, which puts them right.
"""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, ClassVar, LiteralString

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from steelyard.kernel import privileges
from steelyard.kernel.db import APP_ROLE
from steelyard.kernel.postgres import binaries

COMPRESSION_LEVEL = 6
HEADER_BYTES = 65_536
# Said by every script of pg_restore 17 and later, and unknown to older servers.
_NEW_SETTING = b"SET transaction_timeout = 0;\n"
_NEW_SETTING_SINCE = 17
_LOOPBACK = ("", "localhost", "127.0.0.1", "::1")
_FAULT = re.compile(r"\b(error|ERROR|FATAL):")
_TLS_MODES = ("require", "verify-ca", "verify-full")

# Called with tables done, tables in all, and the table that is next.
Progress = Callable[[int, int, str], None]


class Archive(msgspec.Struct, frozen=True):
    """What was written or read: `size_bytes` of the file, number of tables, major version of the server."""

    file: Path
    size_bytes: int
    tables: int
    server_major: int


class ArchiveError(Exception):
    """The backup or restore did not happen, and nothing half-done is left. `sentence` is an English msgid with the
    facts."""

    sentence: ClassVar[str] = "The backup or restore failed: {reason}"

    def __init__(self, **facts: str | Path) -> None:
        super().__init__(facts)
        self.facts = facts

    def __str__(self) -> str:
        return self.sentence.format(**self.facts)


class DatabaseNotEmpty(ArchiveError):
    """A restore goes into an empty database only. Facts: database."""

    sentence = "The database “{database}” is not empty: restore into a new one."


class NotAnArchive(ArchiveError):
    """The file is not a backup, or is damaged. Facts: file, reason."""

    sentence = "{file} is not a whole backup: {reason}"


class RowsHidden(ArchiveError):
    """Row-level security hides rows of these tables from the user who makes the backup. Facts: user, tables."""

    sentence = "“{user}” does not see every row of {tables}: make the backup as a user with BYPASSRLS."


class ToolMissing(ArchiveError):
    """The server wants TLS or is newer than our tools, and no fitting tool is installed. Facts: tool, reason."""

    sentence = "{reason}: install PostgreSQL's own client programs ({tool}) and try again."


class _Target(msgspec.Struct, frozen=True):
    """One database as the tools need it: no password on a command line, where others could read it."""

    conninfo: str
    environment: dict[str, str]
    database: str
    user: str
    server_major: int
    tls: bool


def backup(url: str, file: Path, progress: Progress | None = None) -> Archive:
    """Write the database at `url` to `file`, as it is at one instant, while everybody goes on working.

    The file is readable by its owner only, and appears under its name when it is whole. Raises `ArchiveError`.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        target = _target(url, connection)
        names = _tables(connection)
        role = _seeing_role(connection, target)
    part = file.with_name(file.name + ".part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    command = [
        _tool("pg_dump", target),
        "--format=custom",
        f"--compress={COMPRESSION_LEVEL}",
        "--no-owner",
        "--verbose",
        f"--file={part}",
        *([f"--role={role}", "--enable-row-security"] if role else []),
        f"--dbname={target.conninfo}",
    ]
    try:
        with _run(command, target) as process:
            lines = _follow(process, r"dumping contents of table \"(.+)\"", len(names), progress)
        if process.returncode != 0:
            raise ArchiveError(reason=_reason(lines))
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return Archive(file, file.stat().st_size, len(names), target.server_major)


def restore(
    url: str, file: Path, progress: Progress | None = None, after: Callable[[str], None] | None = None
) -> Archive:
    """Fill the empty database at `url` from `file`, in one transaction; then call `after(url)`.

    The roles that the grants in the archive speak of are made when they are missing. Raises `ArchiveError`: then
    the database is as empty as before, except when it is `after` that raises.
    """
    listed = subprocess.run(  # noqa: S603
        [_own("pg_restore"), "--list", file], capture_output=True, text=True, errors="replace", check=False
    )
    if listed.returncode != 0:
        raise NotAnArchive(file=file, reason=_reason(listed.stderr.splitlines()))
    tables = len(re.findall(r"^\d+; .* TABLE DATA ", listed.stdout, re.MULTILINE))
    with psycopg.connect(url, autocommit=True) as connection:
        target = _target(url, connection)
        _refuse_full(connection, target)
        connection.execute(privileges.ROLES.encode())
    _pour(file, target, tables, progress)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")
    if after is not None:
        after(url)
    return Archive(file, file.stat().st_size, tables, target.server_major)


def _pour(file: Path, target: _Target, tables: int, progress: Progress | None) -> None:
    """Let pg_restore write the archive as SQL, and psql run it as one transaction, committed only when all was read."""
    reader_command = [_own("pg_restore"), "--no-owner", "--verbose", "--file=-", file]
    writer_command = [
        _tool("psql", target),
        "--no-psqlrc",
        "--quiet",
        "--single-transaction",
        "--set=ON_ERROR_STOP=1",
        f"--dbname={target.conninfo}",
        "--file=-",
    ]
    with (
        _run(reader_command, target, stdout=subprocess.PIPE) as reader,
        _run(writer_command, target, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as writer,
    ):
        told: list[str] = []
        hearing = threading.Thread(target=lambda: told.extend(_lines(writer)), daemon=True)
        pumping = threading.Thread(target=_pump, args=(reader, writer, target.server_major), daemon=True)
        hearing.start()
        pumping.start()
        lines = _follow(reader, r"processing data for table \"(.+)\"", tables, progress)
        pumping.join()
        reader_failed = reader.wait() != 0
        if reader_failed and writer.poll() is None:
            writer.kill()  # its transaction goes with it
        assert writer.stdin is not None, "opened as a pipe"
        with suppress(BrokenPipeError):
            writer.stdin.close()
        writer_failed = writer.wait() != 0
        hearing.join()
    if writer_failed and (not reader_failed or any(_FAULT.search(line) for line in told)):
        raise ArchiveError(reason=_reason(told))
    if reader_failed:
        raise NotAnArchive(file=file, reason=_reason(lines))


def _pump(reader: "subprocess.Popen[bytes]", writer: "subprocess.Popen[bytes]", server_major: int) -> None:
    source, sink = reader.stdout, writer.stdin
    assert source is not None and sink is not None, "opened as pipes"
    header = source.read(HEADER_BYTES)
    if server_major < _NEW_SETTING_SINCE:
        header = header.replace(_NEW_SETTING, b"", 1)
    with suppress(BrokenPipeError):  # psql has ended; what it said about that is on its standard error
        sink.write(header)
        shutil.copyfileobj(source, sink, HEADER_BYTES)
        sink.flush()
    source.close()


def _target(url: str, connection: "psycopg.Connection[tuple[object, ...]]") -> _Target:
    facts = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    password = facts.pop("password", None)
    environment = os.environ | {"LC_ALL": "C"} | ({"PGPASSWORD": password} if password is not None else {})
    info = connection.info
    row = connection.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()
    encrypted = row is not None and bool(row[0])
    remote = not (info.host in _LOOPBACK or info.host.startswith("/"))
    return _Target(
        conninfo=make_conninfo(**facts),
        environment=environment,
        database=info.dbname,
        user=info.user,
        server_major=info.server_version // 10_000,
        # Never less protection than the driver agreed on with the server.
        tls=facts.get("sslmode") in _TLS_MODES or (encrypted and remote),
    )


def _tool(name: str, target: _Target) -> Path | str:
    """Our own program, except where it cannot do: it knows no TLS, and pg_dump reads no server newer than itself."""
    if not target.tls and target.server_major <= binaries.postgres_major():
        return _own(name)
    found = shutil.which(name)
    if found is None:
        reason = "The server wants TLS" if target.tls else f"The server is PostgreSQL {target.server_major}"
        raise ToolMissing(tool=name, reason=reason)
    return found


def _own(name: str) -> Path:
    return binaries.programs(binaries.site()) / name


@contextmanager
def _run(
    command: list[Path | str],
    target: _Target,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
) -> Generator["subprocess.Popen[bytes]"]:
    """The program's standard error is a pipe; it never outlives the body."""
    process = subprocess.Popen(  # noqa: S603
        command, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, env=target.environment
    )
    try:
        yield process
        process.wait()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()


def _lines(process: "subprocess.Popen[bytes]") -> Iterator[str]:
    stream: BinaryIO | None = process.stderr  # type: ignore[assignment]
    assert stream is not None, "opened as a pipe"
    for line in stream:
        yield line.decode(errors="replace").rstrip("\n")


def _follow(process: "subprocess.Popen[bytes]", pattern: str, total: int, progress: Progress | None) -> list[str]:
    """Read what the program tells until it ends, report its tables, and return its last lines."""
    done = 0
    last: list[str] = []
    for line in _lines(process):
        last = [*last[-20:], line]
        if found := re.search(pattern, line):
            if progress is not None:
                progress(min(done, total), total, found[1])
            done += 1
    if progress is not None:
        progress(total, total, "")
    return last


def _reason(lines: list[str]) -> str:
    told = next((line for line in lines if _FAULT.search(line)), None)
    if told is None:
        return lines[-1] if lines else "it said nothing"
    return re.sub(r"^.*?\b(error|ERROR|FATAL): +", "", told)


_OURS: LiteralString = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"


def _tables(connection: "psycopg.Connection[tuple[object, ...]]") -> list[str]:
    rows = connection.execute(
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"  # noqa: S608
        f" WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND {_OURS}"
    )
    return [str(row[0]) for row in rows]


def _refuse_full(connection: "psycopg.Connection[tuple[object, ...]]", target: _Target) -> None:
    found = connection.execute(
        f"SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OURS}"  # noqa: S608
        f" UNION ALL SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {_OURS} LIMIT 1"
    ).fetchone()
    if found is not None:
        raise DatabaseNotEmpty(database=target.database)


def _seeing_role(connection: "psycopg.Connection[tuple[object, ...]]", target: _Target) -> str | None:
    """The role as which to read: none for a user who steps around row security, else the application's, whose policies
    must then let every row be seen. Raises `RowsHidden`."""
    row = connection.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user").fetchone()
    if row is not None and bool(row[0]):
        return None
    hidden = connection.execute(
        """
        SELECT c.oid::regclass::text FROM pg_class c
        WHERE c.relforcerowsecurity AND c.relkind = 'r'
          AND NOT (pg_has_role(current_user, %(role)s, 'MEMBER') AND EXISTS (
              SELECT FROM pg_policies p
              WHERE (p.schemaname, p.tablename) = (c.relnamespace::regnamespace::text, c.relname)
                AND p.permissive = 'PERMISSIVE'
                AND p.cmd = 'ALL' AND p.qual = 'true' AND p.roles = ARRAY[%(role)s::name]))
        """,
        {"role": APP_ROLE},
    ).fetchall()
    if hidden:
        raise RowsHidden(user=target.user, tables=", ".join(str(row[0]) for row in hidden))
    forced = connection.execute("SELECT FROM pg_class WHERE relforcerowsecurity AND relkind = 'r' LIMIT 1").fetchone()
    return APP_ROLE if forced is not None else None
