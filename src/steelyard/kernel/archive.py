"""Backup and restore: a database in one file, whole or not at all.

The file is PostgreSQL's own custom archive (`pg_dump --format=custom`), so that any PostgreSQL tool reads it too. Roles
belong to the server, not to the database: `restore` makes those that are missing. Transaction numbers do not mean the
same on another server; whoever stores them passes `after`, which puts them right.
"""

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, ClassVar, LiteralString

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from steelyard.kernel import privileges
from steelyard.kernel.db import administer
from steelyard.kernel.postgres import binaries

COMPRESSION_LEVEL = 6
HEADER_BYTES = 65_536
# Said by every script of pg_restore 17 and later, and unknown to older servers.
_NEW_SETTING = b"SET transaction_timeout = 0;\n"
_NEW_SETTING_SINCE = 17
_LOOPBACK = ("", "localhost", "127.0.0.1", "::1")
_FAULT = re.compile(r"\b(error|ERROR|FATAL):")
# How a policy stands in the list of an archive's contents; its owner is the last word.
_POLICY = re.compile(r"^\d+; \d+ \d+ POLICY .*$", re.MULTILINE)
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
        bound = _is_bound(connection, target)
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
        *(["--enable-row-security"] if bound else []),
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
    Not to be called in an event loop's own thread.

    The roles that the grants in the archive speak of are made when they are missing. Raises `ArchiveError`: then
    the database is as empty as before, except when it is `after` that raises.
    """
    listed = subprocess.run(  # noqa: S603  # programs of ours, no shell
        [_own("pg_restore"), "--list", file], capture_output=True, text=True, errors="replace", check=False
    )
    if listed.returncode != 0:
        raise NotAnArchive(file=file, reason=_reason(listed.stderr.splitlines()))
    tables = len(re.findall(r"^\d+; .* TABLE DATA ", listed.stdout, re.MULTILINE))
    with psycopg.connect(url, autocommit=True) as connection:
        target = _target(url, connection)
        _refuse_full(connection, target)
    asyncio.run(_make_roles(url))
    _pour(file, target, tables, progress, listed.stdout)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")
    if after is not None:
        after(url)
    return Archive(file, file.stat().st_size, tables, target.server_major)


async def _make_roles(url: str) -> None:
    async with administer(url) as connection:
        await privileges.make_roles(connection)


def _policies(file: Path, listed: str) -> bytes:
    """The archive's row-level security policies as SQL. They name the former owner of the tables, who may not be known
    to this server: the new owner takes the place."""
    lines = _POLICY.findall(listed)
    if not lines:
        return b""
    script = _said_by_pg_restore(file, lines).decode()
    owners = "|".join({re.escape(line.split()[-1]) for line in lines})
    spoken = re.compile(rf'(^CREATE POLICY [^;]*? TO [^;]*?)(?<!\w)"?(?:{owners})"?(?!\w)', re.MULTILINE)
    return spoken.sub(r"\g<1>CURRENT_USER", script).encode()


def _said_by_pg_restore(file: Path, lines: list[str]) -> bytes:
    with _contents("\n".join(lines)) as wanted:
        command = [_own("pg_restore"), "--no-owner", f"--use-list={wanted}", "--file=-", file]
        answer = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  # programs of ours, no shell
    if answer.returncode != 0:
        raise NotAnArchive(file=file, reason=_reason(answer.stderr.decode(errors="replace").splitlines()))
    return answer.stdout


@contextmanager
def _contents(listed: str) -> Generator[str]:
    """The name of a file that tells pg_restore which things to take."""
    with tempfile.NamedTemporaryFile("w", prefix="steelyard-", suffix=".list") as wanted:
        wanted.write(listed + "\n")
        wanted.flush()
        yield wanted.name


def _pour(file: Path, target: _Target, tables: int, progress: Progress | None, listed: str) -> None:
    """Let pg_restore write the archive as SQL, and psql run it as one transaction, committed only when all was read."""
    policies = _policies(file, listed)
    reader_command = [_own("pg_restore"), "--no-owner", "--verbose", "--file=-"]
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
        _contents(_POLICY.sub("", listed)) as wanted,
        _run([*reader_command, f"--use-list={wanted}", file], target, stdout=subprocess.PIPE) as reader,
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
            if not reader_failed:
                writer.stdin.write(_for_server(policies, target.server_major))
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
    header = _for_server(source.read(HEADER_BYTES), server_major)
    with suppress(BrokenPipeError):  # psql has ended; what it said about that is on its standard error
        sink.write(header)
        shutil.copyfileobj(source, sink, HEADER_BYTES)
        sink.flush()
    source.close()


def _for_server(script: bytes, server_major: int) -> bytes:
    return script if server_major >= _NEW_SETTING_SINCE else script.replace(_NEW_SETTING, b"", 1)


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
    process = subprocess.Popen(  # noqa: S603  # programs of ours, no shell
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
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"  # noqa: S608  # names from our own source, never values
        f" WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND {_OURS}"
    )
    return [str(row[0]) for row in rows]


def _refuse_full(connection: "psycopg.Connection[tuple[object, ...]]", target: _Target) -> None:
    found = connection.execute(
        f"SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OURS}"  # noqa: S608  # names from our own source, never values
        f" UNION ALL SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {_OURS} LIMIT 1"
    ).fetchone()
    if found is not None:
        raise DatabaseNotEmpty(database=target.database)


def _is_bound(connection: "psycopg.Connection[tuple[object, ...]]", target: _Target) -> bool:
    """Whether row-level security binds this user, whom policies must then let see every row. Raises `RowsHidden`."""
    row = connection.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user").fetchone()
    if row is not None and bool(row[0]):
        return False
    hidden = connection.execute(
        """
        SELECT c.oid::regclass::text FROM pg_class c
        WHERE c.relrowsecurity AND c.relkind = 'r'
          AND (c.relforcerowsecurity OR NOT pg_has_role(c.relowner, 'USAGE'))
          AND (
              NOT EXISTS (
                  SELECT FROM pg_policy p
                  WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('*', 'r')
                    AND pg_get_expr(p.polqual, p.polrelid) = 'true'
                    AND EXISTS (SELECT FROM unnest(p.polroles) r WHERE r = 0 OR pg_has_role(r, 'USAGE')))
              OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND NOT p.polpermissive))
        """
    ).fetchall()
    if hidden:
        raise RowsHidden(user=target.user, tables=", ".join(str(row[0]) for row in hidden))
    return True
