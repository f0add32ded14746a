"""Being told by PostgreSQL that something has happened: one connection of a process that only listens (LISTEN/NOTIFY).

What is told is a hint and no more: it can be lost with the connection. Whoever listens looks by themselves after `on_gap`,
and now and then.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import asyncpg
import structlog

from steelyard.kernel.db import CONNECT_TIMEOUT_SECONDS, Unreachable

RETRY_SECONDS = 0.5
# A connection through which nothing goes is asked so often whether it is still there.
ALIVE_SECONDS = 20.0

log = structlog.get_logger()


class Listener:
    """Keeps a connection to `url` that listens on `channel`, for as long as `listen` runs. `on_word` hears each payload;
    `on_gap` that something may have been missed: at the beginning, and whenever the connection was lost and is back."""

    def __init__(self, url: str, channel: str, on_word: Callable[[str], None], on_gap: Callable[[], None]) -> None:
        self._url = url
        self._channel = channel
        self._on_word = on_word
        self._on_gap = on_gap

    async def listen(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self._listen_once()
            except (*Unreachable, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
                log.warning("listening.lost", channel=self._channel, error=repr(error))
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen_once(self) -> None:
        connection = await asyncpg.connect(
            self._url, timeout=CONNECT_TIMEOUT_SECONDS, server_settings={"application_name": "steelyard:listening"}
        )
        lost = asyncio.Event()

        def heard(_connection: object, _pid: int, _channel: str, payload: object) -> None:
            self._on_word(str(payload))

        def gone(_connection: object) -> None:
            lost.set()

        try:
            connection.add_termination_listener(gone)
            await connection.add_listener(self._channel, heard)
            self._on_gap()
            while not lost.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(lost.wait(), ALIVE_SECONDS)
                    return
                await connection.fetchval("SELECT 1", timeout=CONNECT_TIMEOUT_SECONDS)
        finally:
            connection.terminate()
