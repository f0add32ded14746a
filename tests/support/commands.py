"""Other commands of ours beside the test, and what a test asks of a server."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import psutil
import psycopg

SOURCE = Path(__file__).parents[2] / "src"
DEADLINE_SECONDS = 120

# Another command of ours: holds the server, says what it sees, and ends when it is told to or dies.
OTHER_COMMAND = """
import json, signal, sys
from pathlib import Path
from steelyard.kernel.postgres import Cluster
cluster = Cluster(Path(sys.argv[1]), fast=sys.argv[2:] == ["fast"])
started = cluster.start()
try:
    print(json.dumps({"started": started, "url": cluster.url()}), flush=True)
    sys.stdin.read()
except KeyboardInterrupt:
    import psycopg
    with psycopg.connect(cluster.url()) as connection:
        print(connection.execute("SELECT 'still there'").fetchone()[0], flush=True)
cluster.stop()
"""


class OtherCommand:
    def __init__(self, home: Path, *, fast: bool) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OTHER_COMMAND, home, *(["fast"] if fast else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(SOURCE), *sys.path])},
            start_new_session=True,
        )
        told = json.loads(self.read_line())
        self.started: bool = told["started"]
        self.url: str = told["url"]

    def read_line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode()

    def finish(self) -> None:
        self.process.communicate()
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


class StartCommand(Protocol):
    def __call__(self, *, fast: bool = True) -> OtherCommand: ...


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def ask(url: str, question: str) -> list[str]:
    with psycopg.connect(url, autocommit=True) as connection:
        answer = connection.execute(question.encode())
        return [str(row[0]) for row in answer.fetchall()] if answer.description else []


def postmaster(home: Path) -> psutil.Process:
    return psutil.Process(int((home / "postgres-18/data/postmaster.pid").read_text().split()[0]))


def is_gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it went between the two questions
        return True
