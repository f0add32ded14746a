"""Several programs run as one: started together, logged to files, started again when one ends, stopped together when
somebody says so.

Nobody survives their starter, however it ends: each program holds the reading end of a pipe whose writing end only the
starter has, and ends when that is gone (`end_with_starter`, which every command of ours calls first).
"""

import os
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import BinaryIO

import msgspec
import structlog

STOP_SECONDS_MAX = 20
# Who has run for so long has come up; who ends before is started again after a longer pause each time.
SETTLED_SECONDS = 30.0
PAUSE_SECONDS = 0.2
PAUSE_SECONDS_MAX = 10.0
# Who ends by itself so often, and has never come up, never will: something is wrong with how it was started.
FALSE_STARTS_MAX = 5
POLL_SECONDS = 0.1
LOG_LINES_SHOWN = 15
STARTER_VARIABLE = "STEELYARD_STARTER"


log = structlog.get_logger()


def open_many_files() -> None:
    """Let this process, and those that it starts, hold as many connections open as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Program(msgspec.Struct, frozen=True):
    """A command line and the file that its output goes to (none: our own output)."""

    name: str
    argv: Sequence[str]
    log: Path | None = None


class ProgramEnded(Exception):
    """A program that should run for ever has ended before it had come up, each time that it was started."""

    def __init__(self, program: Program, status: int) -> None:
        tail = _tail(program.log) if program.log else ""
        super().__init__(f"{program.name} has ended with status {status}." + (f"\n{tail}" if tail else ""))
        self.program = program
        self.status = status


class Child:
    """A program as it runs, and runs again when it has ended."""

    def __init__(self, program: Program, environ: Mapping[str, str], alive: int) -> None:
        self.program = program
        self._environ = environ
        self._alive = alive
        self._came_up = False
        self._short_lives = 0
        self._again_at: float | None = None
        self._began = time.monotonic()
        self.process = _start(program, environ, alive)

    def tend(self) -> None:
        """Start it again if it has ended and its pause is over. Raises `ProgramEnded` when it cannot come up."""
        now = time.monotonic()
        if self._again_at is None:
            self._came_up = self._came_up or now - self._began >= SETTLED_SECONDS
            status = self.process.poll()
            if status is not None:
                self._ended(status, now)
        elif now >= self._again_at:
            self._again_at = None
            self._began = now
            self.process = _start(self.program, self._environ, self._alive)

    def _ended(self, status: int, now: float) -> None:
        end_group(self.process)  # what it started must not stand in the way of its successor
        self._short_lives = 1 if now - self._began >= SETTLED_SECONDS else self._short_lives + 1
        by_itself = status >= 0
        if by_itself and not self._came_up and self._short_lives >= FALSE_STARTS_MAX:
            raise ProgramEnded(self.program, status)
        pause = min(PAUSE_SECONDS * 2 ** (self._short_lives - 1), PAUSE_SECONDS_MAX)
        self._again_at = now + pause
        log.warning("program.ended", program=self.program.name, status=status, started_again_in=pause)


Running = list[Child]


def run(
    programs: Sequence[Program],
    environ: Mapping[str, str],
    *,
    beside: Running | None = None,
    ready: Callable[[], None] | None = None,
) -> None:
    """Run until SIGINT or SIGTERM, then stop all of them, the last started first.

    One that ends by itself or is killed is started again, of those that run `beside` them, too. Raises `ProgramEnded`
    when one never comes up. `ready` runs in a thread once all are started, and may take its time.
    """
    with told_to_stop() as stop, started(programs, environ) as own:
        children = [*(beside or []), *own]
        if ready is not None:
            threading.Thread(target=ready, daemon=True).start()
        while not stop.wait(POLL_SECONDS):
            for child in children:
                child.tend()


@contextmanager
def started(programs: Sequence[Program], environ: Mapping[str, str]) -> Generator[Running]:
    """The programs run for as long as this is open."""
    children: Running = []
    alive, holding = os.pipe()  # nothing is ever written: that it can still be read from says that we live
    try:
        for program in programs:
            children.append(Child(program, environ, alive))
        yield children
    finally:
        try:
            _stop([child.process for child in reversed(children)])
        finally:
            os.close(holding)
            os.close(alive)


def _start(program: Program, environ: Mapping[str, str], alive: int) -> "subprocess.Popen[bytes]":
    told = {**environ, STARTER_VARIABLE: str(alive)}
    if program.log is None:
        return _popen(program, told, alive, None)
    program.log.parent.mkdir(parents=True, exist_ok=True)
    with program.log.open("ab") as log:
        return _popen(program, told, alive, log)


def _popen(program: Program, environ: Mapping[str, str], alive: int, log: BinaryIO | None) -> "subprocess.Popen[bytes]":
    # A session of its own: Ctrl-C reaches us alone, and we stop them in their order.
    return subprocess.Popen(  # noqa: S603  # our own programs
        program.argv,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        pass_fds=[alive],
    )


def _stop(children: Sequence["subprocess.Popen[bytes]"]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + STOP_SECONDS_MAX
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.wait(max(0.1, deadline - time.monotonic()))
        end_group(child)
        child.wait()


def end_group(child: "subprocess.Popen[bytes]") -> None:
    """Whatever it started is in its group, and goes with it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def end_with_starter() -> None:
    """End in good order when the program that started us with `started` has ended; without one, do nothing."""
    alive = os.environ.pop(STARTER_VARIABLE, "")
    if alive:
        threading.Thread(target=_end_after, args=(int(alive), threading.get_ident()), daemon=True).start()


def _end_after(alive: int, main: int) -> None:
    os.set_inheritable(alive, False)
    with suppress(OSError):
        os.read(alive, 1)
    # To the main thread itself, so that whatever it waits for is interrupted.
    signal.pthread_kill(main, signal.SIGTERM)
    time.sleep(STOP_SECONDS_MAX)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def taken(port: int) -> bool:
    """Whether somebody on this machine listens there. Our web server would share such a port without a word."""
    with closing(socket.socket()) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


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
