"""The time a simulator lives by. Tests put a clock in its place that they turn by hand."""

import asyncio
import time


class Clock:
    """The real time."""

    def now(self) -> float:
        """Seconds since 1970, to the millisecond."""
        return round(time.time(), 3)

    async def sleep(self, seconds: float, until: asyncio.Event) -> None:
        """Wait for `seconds`, or for less when `until` is set: a simulator that closes waits for nothing."""
        try:
            async with asyncio.timeout(seconds):
                await until.wait()
        except TimeoutError:
            return
