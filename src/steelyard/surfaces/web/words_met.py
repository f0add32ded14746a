"""How often words of the operator's dictionary were met: counted in the process, written down now and then.

A refused text is rolled back with everything that its transaction wrote, so that it cannot be counted there. What is lost
when a process dies is some seconds of counting."""

import asyncio

import structlog

from steelyard.kernel.db import Database
from steelyard.parties import screening

EVERY_SECONDS = 5.0

log = structlog.get_logger()


class WordsMet:
    """The task that writes it down."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_noting(), name="words_met")

    async def stop(self) -> None:
        """Write down what waits, and end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._note()

    async def _keep_noting(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self._note()

    async def _note(self) -> None:
        if not screening.waiting(self._db):
            return
        try:
            await self._db.transact(screening.note_hits)
        except Exception:  # counting never stands in anybody's way
            log.exception("words_met.not_noted")
