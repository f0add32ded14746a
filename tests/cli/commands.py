"""Commands of ours as somebody at a terminal gives them, and what they leave behind."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

import psutil

from steelyard.kernel.installation import CLUSTER_FOLDER, DATABASE
from steelyard.kernel.postgres import server
from steelyard.kernel.postgres.place import settle
from steelyard.kernel.processes import STARTER_VARIABLE
from tests.support.commands import is_gone

SOURCE = Path(__file__).parents[2] / "src"
SIMULATED = (0, *range(101, 105), 125)
MEDIA = (111, 135)
# Where houses of the tests listen, the first port of each and after the last; PostgreSQL's own are above.
PORTS = (10_000, 19_500)
DEADLINE_SECONDS = 300
_claims: list[TextIO] = []


def environment(home: Path, **more: str) -> dict[str, str]:
    """As in a fresh terminal: nothing of ours is set but the data folder and `more`. What Python has compiled is kept,
    whatever it was told: reading all sources anew is half of what a start costs."""
    ours = ("STEELYARD_", "DATABASE_URL", "PORT", "PYTHONDONTWRITEBYTECODE")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    path = os.pathsep.join([str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**inherited, "PYTHONPATH": path, "STEELYARD_HOME": str(home), **more}


def run(arguments: list[str], environ: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """A command to its end."""
    command = [sys.executable, "-m", "steelyard", *arguments]
    return subprocess.run(
        command, env=dict(environ), capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False
    )


class Running:
    """A command that goes on until it is told to stop."""

    def __init__(self, arguments: list[str], environ: Mapping[str, str], output: Path) -> None:
        self.output = output
        alive, holding = os.pipe()  # should the tests be killed, it ends with them
        with output.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "steelyard", *arguments],
                env={**environ, STARTER_VARIABLE: str(alive)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                pass_fds=[alive],
            )
        os.close(alive)
        self._holding: int | None = holding

    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for it; when the command ends instead, what it said is the failure."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, f"not in time:\n{self.said()}"
            time.sleep(0.05)

    def interrupt(self) -> int:
        """Ctrl-C; its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(DEADLINE_SECONDS)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        if self._holding is not None:
            os.close(self._holding)
            self._holding = None


def family(process: "subprocess.Popen[bytes]", home: Path) -> list[psutil.Process]:
    """The process, its descendants, and the database server that works in `home`."""
    own = psutil.Process(process.pid)
    return [own, *own.children(recursive=True), *working_in(home)]


def owner_url(home: Path) -> str:
    """Where the embedded database of a house that runs is reached, as its owner."""
    place = settle(home / CLUSTER_FOLDER)
    login = f"{server.SUPERUSER}:{server.password_of(place)}"
    return f"postgresql://{login}@{server.HOST}:{server.port_of(place)}/{DATABASE}?sslmode=disable"


def working_in(home: Path) -> list[psutil.Process]:
    """Who has this folder on the command line, such as its database server."""
    return [process for process in psutil.process_iter() if _works_in(process, home)]


def _works_in(process: psutil.Process, home: Path) -> bool:
    try:
        return any(str(home) in argument for argument in process.cmdline())
    except psutil.Error:
        return False


def called(process: psutil.Process, name: str) -> bool:
    """Whether it is the program or the command of this name; who has gone meanwhile is called nothing."""
    try:
        return name in (process.name(), *process.cmdline()[-1:])
    except psutil.Error:
        return False


def all_gone(processes: list[psutil.Process]) -> bool:
    return all(is_gone(one) for one in processes)


def wait_until_gone(processes: list[psutil.Process]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not all_gone(processes):
        assert time.monotonic() < deadline, [one for one in processes if one.is_running()]
        time.sleep(0.05)


def free_port() -> int:
    """A port that is free, and so are those that the simulators take beside it. They are ours until this process ends: no
    other process of the tests is given them, and they lie below those that outgoing connections are given."""
    for port in range(*PORTS, SIMULATED[-1] + 1):
        if _claim(port) and all(_is_free(port + after) for after in (*SIMULATED, *MEDIA)):
            return port
    raise AssertionError("no free ports")


def _claim(port: int) -> bool:
    folder = Path(tempfile.gettempdir()) / f"steelyard-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    claim = (folder / str(port)).open("a")
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def status(url: str) -> int:
    """The HTTP status that `url` answers with; 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except (urllib.error.URLError, OSError):
        return 0
