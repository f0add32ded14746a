"""Several programs run as one: started together, logged to files, stopped together when one ends or somebody says so."""

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import msgspec

STOP_SECONDS_MAX = 20
POLL_SECONDS = 0.1
LOG_LINES_SHOWN = 15


class Program(msgspec.Struct, frozen=True):
    """A command line and the file that its output goes to (none: our own output)."""

    name: str
    argv: Sequence[str]
    log: Path | None = None


class ProgramEnded(Exception):
    """A program that should run for ever has ended."""

    def __init__(self, program: Program, status: int) -> None:
        tail = _tail(program.log) if program.log else ""
        super().__init__(f"{program.name} has ended with status {status}." + (f"\n{tail}" if tail else ""))
        self.program = program
        self.status = status


Running = list[tuple[Program, "subprocess.Popen[bytes]"]]


def run(
    programs: Sequence[Program],
    environ: Mapping[str, str],
    *,
    beside: Running | None = None,
    ready: Callable[[], None] | None = None,
) -> None:
    """Run until SIGINT or SIGTERM, then stop all of them, the last started first.

    Raises `ProgramEnded` when one ends by itself, of those that run `beside` them, too. `ready` runs in a thread once
    all are started, and may take its time.
    """
    with told_to_stop() as stop, started(programs, environ) as own:
        children = [*(beside or []), *own]
        if ready is not None:
            threading.Thread(target=ready, daemon=True).start()
        while not stop.wait(POLL_SECONDS):
            for program, child in children:
                status = child.poll()
                if status is not None and not stop.is_set():
                    raise ProgramEnded(program, status)


@contextmanager
def started(programs: Sequence[Program], environ: Mapping[str, str]) -> Generator[Running]:
    """The programs run for as long as this is open."""
    children: Running = []
    try:
        for program in programs:
            children.append((program, _start(program, environ)))
        yield children
    finally:
        _stop([child for _, child in reversed(children)])


def _start(program: Program, environ: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    # A session of its own: Ctrl-C reaches us alone, and we stop them in their order.
    if program.log is None:
        return subprocess.Popen(program.argv, env=dict(environ), stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603  # our own programs
    program.log.parent.mkdir(parents=True, exist_ok=True)
    with program.log.open("ab") as log:
        return subprocess.Popen(  # noqa: S603  # our own programs
            program.argv, env=dict(environ), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )


def _stop(children: Sequence["subprocess.Popen[bytes]"]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + STOP_SECONDS_MAX
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextmanager
def told_to_stop() -> Generator[threading.Event]:
    """An event that SIGINT and SIGTERM set, instead of what they do otherwise."""
    stop = threading.Event()

    def tell(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, tell) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tail(log: Path) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:])
    except OSError:
        return ""
