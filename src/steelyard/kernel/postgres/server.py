"""Starting one server process in its place: initialise, launch under the watchdog, wait, and say why it failed."""

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil

from steelyard.kernel.postgres import binaries, locks, tuning
from steelyard.kernel.postgres.errors import (
    ClusterError,
    DiskFull,
    NoPermission,
    PortTaken,
    StartFailed,
    TimedOut,
)
from steelyard.kernel.postgres.place import Place, named_user, refuse_data_version

HOST = "127.0.0.1"
SUPERUSER = "steelyard"
START_SECONDS_MAX = 300  # crash recovery of a busy database is part of it
ORPHAN_SECONDS_MAX = 30
INIT_SECONDS_MAX = 120
PORT_TRIES_MAX = 5
PORT_LOOKS_MAX = 50
PORTS = range(20_000, 30_000)
FREE_MEGABYTES_MIN = 200
LOG_BYTES_MAX = 8_000_000
PASSWORD_BYTES = 24
_MEGABYTE = 1_000_000
_WATCHDOG = Path(__file__).with_name("watchdog.py")


def is_watched(place: Place) -> bool:
    """Whether a watchdog, and so a server, is at work in this place."""
    return not locks.is_free(place.directory / "watch")


def launch(place: Place, *, fast: bool, port: int | None = None) -> None:
    """Start the server where none is watched, and return when it accepts connections: on this `port`, or else on the
    one of last time or any that is free.

    Raises `DiskFull`, `NoPermission`, `BinariesNotRunnable`, `PortTaken`, `StartFailed`, `TimedOut` and the version
    errors.
    """
    refuse_data_version(place.data)
    free = shutil.disk_usage(place.directory).free // _MEGABYTE
    if free < FREE_MEGABYTES_MIN:
        raise DiskFull(place.directory, free)
    folder = _programs(place)
    binaries.refuse_unrunnable(folder, place.user)
    _end_orphan(place)
    if not (place.data / "PG_VERSION").exists():
        _initialise(place, folder, fast=fast)
    place.keep("settings.conf", tuning.render(fast=fast), 0o644)
    deadline = time.monotonic() + START_SECONDS_MAX
    tries = 0
    while True:
        chosen = port or _choose_port(place)
        place.keep(
            "port", f"{chosen}\n", 0o644
        )  # before the start: should we die meanwhile, the next to attach finds it
        began = _spawn(place, folder, chosen)
        try:
            _wait_until_ready(place, log_from=began, port=chosen)
        except PortTaken:  # somebody took it between our look and the server's
            tries += 1
            if port or tries == PORT_TRIES_MAX:
                raise
        except _MemoryStillInUse:  # the backends of a killed server are on their way out
            if time.monotonic() > deadline:
                raise
            time.sleep(locks.POLL_SECONDS)
        else:
            return


def is_ready(place: Place) -> bool:
    """Whether the server says that it accepts connections."""
    lines = _postmaster(place)
    return lines is not None and len(lines) >= 8 and lines[7].strip() == "ready"


def _wait_until_ready(place: Place, *, log_from: int, port: int) -> None:
    """Return when the watched server accepts connections. Raises what `why` finds when it ends, or `TimedOut`."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while not is_ready(place):
        if not is_watched(place):
            with place.log.open(errors="replace") as log:
                log.seek(log_from)
                raise why(log.read(), place, port)
        if time.monotonic() > deadline:
            raise TimedOut("starting", START_SECONDS_MAX, place.log)
        time.sleep(locks.POLL_SECONDS)


def port_of(place: Place) -> int:
    """The port on which the server listens, or did when it started last."""
    return int((place.directory / "port").read_text())


def why(text: str, place: Place, port: int = 0) -> ClusterError:
    """The error that the programs' output `text` tells of; `port` is the one that the server was given."""
    uid = os.geteuid() if place.user is None else place.user.uid
    if "No space left on device" in text:
        return DiskFull(place.directory, shutil.disk_usage(place.directory).free // _MEGABYTE)
    if "pre-existing shared memory block" in text:
        return _MemoryStillInUse(_reason(text), place.log)
    if "Address already in use" in text:
        return PortTaken(HOST, port)
    if "Permission denied" in text or "has wrong ownership" in text or "has invalid permissions" in text:
        found = re.search(r'"(/[^"]+)"', text)
        return NoPermission(Path(found[1]) if found else place.data, uid)
    return StartFailed(_reason(text), place.log)


class _MemoryStillInUse(StartFailed):
    """A former server was killed and its children have not ended yet."""


def _reason(text: str) -> str:
    lines = text.strip().splitlines() or ["it said nothing"]
    told = next((line for line in lines if re.search(r"\b(FATAL|PANIC|error):", line)), lines[-1])
    return re.sub(r"^.*?(FATAL|PANIC|error): +", "", told)


def _programs(place: Place) -> Path:
    root = binaries.site()
    if place.user is not None and not binaries.readable(root):
        root = binaries.copy(root, place.directory)
    return binaries.programs(root)


def password_of(place: Place) -> str:
    """The superuser's password, made at the first need."""
    file = place.directory / "password"
    if not file.exists():
        place.keep("password", secrets.token_urlsafe(PASSWORD_BYTES), 0o600)
    try:
        return file.read_text().strip()
    except PermissionError as error:
        raise NoPermission(file, os.geteuid()) from error


def _initialise(place: Place, folder: Path, *, fast: bool) -> None:
    """Make the data directory beside its final name, so that a half-made one is never taken for a whole one."""
    fresh = place.directory / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    told = place.keep("password.init", password_of(place), 0o600)
    initialiser = named_user(place.user)
    place.give(fresh, initialiser)
    place.give(told, initialiser)
    command = [
        folder / "initdb",
        f"--pgdata={fresh}",
        f"--username={SUPERUSER}",
        f"--pwfile={told}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        *(["--no-sync", "--no-data-checksums", "--set=scram_iterations=1"] if fast else []),
    ]
    try:
        answer = subprocess.run(  # noqa: S603  # programs of ours, no shell
            command,
            capture_output=True,
            text=True,
            errors="replace",
            cwd=place.directory,
            env=binaries.environment(),
            timeout=INIT_SECONDS_MAX,
            check=False,
            **binaries.as_user(initialiser),
        )
    except subprocess.TimeoutExpired as error:
        raise TimedOut("initdb", INIT_SECONDS_MAX, place.log) from error
    finally:
        told.unlink()
    if answer.returncode != 0:
        place.keep("server.log", answer.stdout + answer.stderr, 0o600)
        shutil.rmtree(fresh, ignore_errors=True)
        raise why(answer.stdout + answer.stderr, place)
    with (fresh / "postgresql.conf").open("a") as settings:
        settings.write("\ninclude = '../settings.conf'\n")
    if initialiser != place.user:
        for path in [*fresh.rglob("*"), fresh]:
            place.give(path, place.user)
    fresh.rename(place.data)


def _spawn(place: Place, folder: Path, port: int) -> int:
    """Start a watchdog with its server; returns where in the log this start begins."""
    if place.log.exists() and place.log.stat().st_size > LOG_BYTES_MAX:
        place.log.replace(place.log.with_suffix(".log.1"))
    if not place.log.exists():
        place.keep("server.log", "", 0o600)
    command = [str(folder / "postgres"), "-D", str(place.data), "-p", str(port), "-h", HOST]
    user = place.user
    plan = {
        "command": command,
        "directory": str(place.directory),
        "uid": user.uid if user else None,
        "gid": user.gid if user else None,
    }
    with place.log.open("ab") as log:
        began = log.tell()
        subprocess.run(  # noqa: S603  # programs of ours, no shell
            [sys.executable, "-I", "-S", _WATCHDOG, json.dumps(plan)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=place.directory,
            env=binaries.environment(),
            start_new_session=True,  # Ctrl-C in the terminal is for us; we then let go in our own time
            check=True,
        )
    return began


def _choose_port(place: Place) -> int:
    """The port of last time when it is free, else any that is."""
    with contextlib.suppress(FileNotFoundError, ValueError, OSError):
        kept = int((place.directory / "port").read_text())
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, kept))
            return kept
    return free_port()


def free_port() -> int:
    """A port of the loopback interface on which nobody listens just now: below those that outgoing connections are given,
    so that it is still free when the server comes back to it."""
    for _ in range(PORT_LOOKS_MAX):
        port = PORTS[secrets.randbelow(len(PORTS))]
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _end_orphan(place: Place) -> None:
    """End a server that lost its watchdog, and remove what a killed one left behind.

    PostgreSQL itself trusts a leftover `postmaster.pid` whose number now belongs to any other process of the same user;
    we know better, since nobody but us starts a server here and we hold the gate.
    """
    lines = _postmaster(place)
    if lines is None:
        return
    deadline = time.monotonic() + ORPHAN_SECONDS_MAX
    with contextlib.suppress(psutil.NoSuchProcess, ValueError, IndexError):
        process = psutil.Process(int(lines[0]))
        if str(place.data) in process.cmdline():
            process.send_signal(signal.SIGINT)
            while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                if time.monotonic() > deadline:
                    process.send_signal(signal.SIGQUIT)
                    process.wait(ORPHAN_SECONDS_MAX)
                time.sleep(locks.POLL_SECONDS)
    (place.data / "postmaster.pid").unlink(missing_ok=True)


def _postmaster(place: Place) -> list[str] | None:
    try:
        return (place.data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
