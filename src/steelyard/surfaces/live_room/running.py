"""The live room in a web process: one hub, one connection that listens, one gatherer."""

import asyncio
from contextlib import suppress

from steelyard.channels import live
from steelyard.channels.live import CHANNEL, Told
from steelyard.kernel.db import Database
from steelyard.kernel.listening import Listener
from steelyard.surfaces.live_room.gathering import Gatherer
from steelyard.surfaces.live_room.hub import Hub, Key
from steelyard.surfaces.live_room.stream import Streams


class Running:
    """Begins with `start`, ends with `stop`; pages find `gatherer` here."""

    def __init__(self, db: Database, url: str, streams: Streams) -> None:
        self._db = db
        self.hub = Hub(self._ask)
        self.gatherer = Gatherer(db, lambda: self.hub.viewers)
        self._listener = Listener(url, CHANNEL, self.hub.word, self.hub.look_again)
        self._listening: asyncio.Task[None] | None = None
        self._streams = streams

    async def _ask(self, key: Key, after: int, most: int) -> list[Told]:
        return await self._db.ask(live.told, key.merchant_id, key.session_id, after, most)

    def start(self) -> None:
        self._listening = asyncio.create_task(self._listener.listen(), name="live:listening")
        self.gatherer.start()
        self._streams.hub, self._streams.gatherer, self._streams.db = self.hub, self.gatherer, self._db

    async def stop(self) -> None:
        self._streams.hub = None
        await self.hub.close()
        await self.gatherer.stop()
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening
