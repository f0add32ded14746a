"""Programs that are measured: started, waited for, and stopped again."""

import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

LOOK_AGAIN_SECONDS = 0.02
STOP_SECONDS_MAX = 60.0


class NotThere(Exception):
    """What should be measured does not answer; the message says what to do."""


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def answers(url: str) -> bool:
    """Whether a page of this address is answered with 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  # our own address
            return answer.status == 200
    except OSError:
        return False


def end_as_told() -> None:
    """A measurement that is told to end (TERM) ends as one that is interrupted: whatever it has started, it stops."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))


@contextmanager
def running(
    command: Sequence[str], environ: Mapping[str, str], log: Path, url: str, *, patience_seconds: float
) -> Generator[tuple["subprocess.Popen[bytes]", float]]:
    """The program, and the seconds from its start until `url` was answered. It is told to stop afterwards. Raises
    `NotThere` for one that ends, or does not answer for so long."""
    begun = time.monotonic()
    with log.open("w") as said:
        process = subprocess.Popen(command, env=environ, stdout=said, stderr=said)  # noqa: S603  # our own program
    try:
        while not answers(url):
            if process.poll() is not None or time.monotonic() - begun > patience_seconds:
                raise NotThere(f"{url} is not answered; {log} says why.")
            # How soon a program is ready is known to within this.
            time.sleep(LOOK_AGAIN_SECONDS)
        yield process, time.monotonic() - begun
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
