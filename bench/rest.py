"""How soon the whole program is ready on the data that it has, and what it keeps of the machine while nobody is there.

The whole program is what `steelyard serve --all` runs: two web workers, the worker, PostgreSQL and who looks after them.
Memory is the proportional set size (PSS), in which what is shared is counted once; Linux tells it.
"""

import os
import statistics
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from bench import shop
from bench.asked import Asked
from bench.house import READY, ROOT
from bench.programs import free_port, running
from bench.report import Figure

READY_SECONDS_MAX = 5.0
IDLE_MEGABYTES_MAX = 400.0
# Until the first rounds of the worker are done and nothing but waiting is left.
SETTLING_SECONDS = 20.0
PATIENCE_SECONDS = 300.0


def figures(asked: Asked) -> list[Figure]:
    """`ready_s` from the command to the first page, and `idle_memory_mb`."""
    seconds: list[float] = []
    megabytes: list[float] = []
    with shop.kept(asked.products) as settings:
        for _ in range(asked.runs):
            with _serving(settings.home) as (process, took):
                seconds.append(took)
                time.sleep(SETTLING_SECONDS)
                kept = {one: _proportional(one) for one in _everybody(process, settings.home)}
                megabytes.append(sum(kept.values()) / 1e6)
                for one, size in sorted(kept.items(), key=lambda each: -each[1]):
                    print(f"  {size / 1e6:6.1f} MB  {_words(one)}")
                print()
    return [
        Figure("ready_s", round(statistics.median(seconds), 2), READY_SECONDS_MAX),
        Figure("idle_memory_mb", round(statistics.median(megabytes), 1), IDLE_MEGABYTES_MAX),
    ]


@contextmanager
def _serving(home: Path) -> Generator[tuple[psutil.Process, float]]:
    port = free_port()
    environ = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "PORT")}
    environ |= {
        "STEELYARD_HOME": str(home),
        "STEELYARD_WORKERS": str(shop.WORKERS),
        "PORT": str(port),
        "PYTHONPATH": str(ROOT / "src"),
    }
    command = [sys.executable, "-m", "steelyard", "serve", "--all"]
    url = f"http://127.0.0.1:{port}{READY}"
    with running(command, environ, home / "serve.log", url, patience_seconds=PATIENCE_SECONDS) as (process, took):
        yield psutil.Process(process.pid), took


def _everybody(process: psutil.Process, home: Path) -> set[psutil.Process]:
    """The program, whom it started, and PostgreSQL, which works in `home`, with its own."""
    found = {process, *process.children(recursive=True)}
    for one in psutil.process_iter():
        with suppress(psutil.Error):
            if any(str(home) in word for word in one.cmdline()):
                found |= {one, *one.children(recursive=True)}
    return found


def _proportional(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return process.memory_full_info().pss
    return 0


def _words(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline()).strip()[-60:]
    return "gone"
