"""Work in a process of its own, so that its time and its memory are nobody else's."""

import multiprocessing
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Done(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What came of it, the seconds that it took, those of processor, and the most memory that the process had."""

    found: T
    seconds: float
    cpu_seconds: float
    peak_mb: float


def alone(work: Callable[[], T], seconds_max: float, ready: Callable[[], object] = bool) -> Done[T]:
    """Do it in a new process, which ends with it. What is imported for it is not timed, nor what makes it `ready`."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_timed, work, ready).result(timeout=seconds_max)


def _timed(work: Callable[[], T], ready: Callable[[], object]) -> Done[T]:
    ready()
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    found = work()
    took = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Done(found=found, seconds=took, cpu_seconds=used, peak_mb=_peak_mb())


def _peak_mb() -> float:
    """Linux counts a child's most from its parent's on; what stands here is of the process alone."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(next(lines).split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
