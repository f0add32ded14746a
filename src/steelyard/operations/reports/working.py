"""Working reports out beside a web server: in a thread, so few at a time and within so much memory and time that pages go on."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from steelyard.operations.reports.model import Answer, Cell, People, Question, ReportsBusy, Scope

if TYPE_CHECKING:
    from steelyard.operations.reports.engines import Engine

T = TypeVar("T")

AT_ONCE = 2
WAITING_MAX = 8
MEMORY_LIMIT = "768MB"
THREADS = 1
SECONDS_MAX = 20.0


class Desk:
    """Where reports are asked for: at most `AT_ONCE` are worked out in this process, and `WAITING_MAX` wait."""

    def __init__(self, at_once: int = AT_ONCE, waiting_max: int = WAITING_MAX) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._most = at_once + waiting_max
        self._here = 0

    async def work(self, which: str, files: Sequence[Path], spill: Path, ask: "Callable[[Engine], T]") -> T:
        """Ask an engine of these files. Raises `ReportsBusy`, and what the question raises."""
        if self._here >= self._most:
            raise ReportsBusy()
        self._here += 1
        try:
            async with self._free:
                return await asyncio.to_thread(_asked, which, files, spill, ask)
        finally:
            self._here -= 1


def _asked(which: str, files: Sequence[Path], spill: Path, ask: "Callable[[Engine], T]") -> T:
    from steelyard.operations.reports.engines import open_engine  # noqa: PLC0415  # weighs much (kernel/late.py)

    limits: dict[str, Any] = {}
    if which == "duckdb":
        limits = {"spill": spill, "memory_limit": MEMORY_LIMIT, "threads": THREADS, "seconds_max": SECONDS_MAX}
    engine = open_engine(which, files, **limits)
    try:
        return ask(engine)
    finally:
        engine.close()


_DESK = Desk()


async def answered(
    which: str, files: Sequence[Path], spill: Path, scope: Scope, asked: Question, *, compare: bool, digits: int = 2
) -> Answer:
    """`answer`, off the event loop."""

    def ask(engine: "Engine") -> Answer:
        from steelyard.operations.reports.answers import answer  # noqa: PLC0415  # weighs much (kernel/late.py)

        return answer(engine, scope, asked, compare=compare, digits=digits)

    return await _DESK.work(which, files, spill, ask)


async def people_of(
    which: str, files: Sequence[Path], spill: Path, scope: Scope, asked: Question, cell: Cell
) -> People:
    """`people`, off the event loop."""

    def ask(engine: "Engine") -> People:
        from steelyard.operations.reports.answers import people  # noqa: PLC0415  # weighs much (kernel/late.py)

        return people(engine, scope, asked, cell)

    return await _DESK.work(which, files, spill, ask)
