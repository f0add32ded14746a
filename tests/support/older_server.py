"""A PostgreSQL of the system's own, older than ours, for a test that must work with such a server too."""

import os
import shutil
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from steelyard.kernel.postgres import binaries
from steelyard.kernel.postgres.locks import POLL_SECONDS
from steelyard.kernel.postgres.place import settle
from steelyard.kernel.postgres.server import HOST, free_port
from tests.support.folders import scratch

OLDEST_MAJOR = 15
START_SECONDS_MAX = 120


def older_programs() -> Path | None:
    """The programs of the oldest PostgreSQL that is installed, supported by us, and older than the one we bring."""
    majors = range(OLDEST_MAJOR, binaries.postgres_major())
    found = (Path(f"/usr/lib/postgresql/{major}/bin") for major in majors)
    return next((folder for folder in found if (folder / "postgres").exists()), None)


@contextmanager
def older_server(programs: Path) -> Generator[str]:
    """Run a fresh server for the body; yields its address."""
    folder = scratch("steelyard-older-")
    user = settle(folder / "unused").user  # whom our own server would run as
    data = folder / "data"
    data.mkdir(mode=0o700)
    if user is not None:
        os.chown(data, user.uid, user.gid)
    port = free_port()
    as_user = binaries.as_user(user)
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "owner", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
        check=True,
        capture_output=True,
        cwd="/",
        **as_user,
    )
    settings = ["-c", "fsync=off", "-c", "unix_socket_directories="]
    server = subprocess.Popen(
        [programs / "postgres", "-D", data, "-p", str(port), "-h", HOST, *settings],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        **as_user,
    )
    try:
        url = f"postgresql://owner@{HOST}:{port}/postgres"
        _await(url)
        yield url
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)


def _await(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)
