"""What happens in a simulator by itself as time goes by."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from steelyard.simulators.clock import Clock

log = logging.getLogger(__name__)

IDLE_SECONDS_MAX = 60
PAUSE_AFTER_FAILURE_SECONDS = 1
GRACE_SECONDS = 3

Work = Callable[[], Awaitable[float | None]]
"""Does what is due now; returns when it wants to be asked again (seconds since 1970), None for "when woken"."""


class Pump:
    """Runs the works of one simulator in turn, whenever one is due and whenever somebody wakes it.

    What is due is written in the store, never here: a pump that is killed leaves everything for the next.
    """

    def __init__(self, clock: Clock, works: Sequence[Work], closing: asyncio.Event) -> None:
        self._clock = clock
        self._works = works
        self._closing = closing
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def run_due(self) -> float | None:
        """One round. Tests call this where a running simulator would wait."""
        dues = [await work() for work in self._works]
        return min((due for due in dues if due is not None), default=None)

    async def run(self) -> None:
        while not self._closing.is_set():
            self._woken.clear()
            try:
                due = await self.run_due()
            except Exception:
                log.exception("a simulator's work failed")
                due = self._clock.now() + PAUSE_AFTER_FAILURE_SECONDS
            wait = IDLE_SECONDS_MAX if due is None else max(0.0, min(due - self._clock.now(), IDLE_SECONDS_MAX))
            await self._clock.sleep(wait, self._woken)

    async def close(self, running: asyncio.Task[None]) -> None:
        """Let the round that is under way end within the grace; what it leaves is taken up after the restart."""
        self._closing.set()
        self.wake()
        _, late = await asyncio.wait({running}, timeout=GRACE_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(running, return_exceptions=True)
