"""What viewers of a session do beside writing and buying, gathered by this process and told once a second."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from uuid import UUID

import structlog

from steelyard.channels import live
from steelyard.channels.live import LIKES_PER_TAP_MAX, Crowd
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.surfaces.live_room.hub import Key

TELL_SECONDS = 1.0
# Who watches is said again so often, though nobody came or went.
AGAIN_SECONDS = 5.0
SOURCES_MAX = 20
PRODUCTS_MAX = 300

log = structlog.get_logger()


class Gatherer:
    """Of one process: `viewers` says how many watch each session here."""

    def __init__(self, db: Database, viewers: Callable[[], Mapping[Key, int]]) -> None:
        self._db = db
        self._viewers = viewers
        self._process_id = ids.mint()
        self._likes: Counter[Key] = Counter()
        self._entries: defaultdict[Key, Counter[str]] = defaultdict(Counter)
        self._clicks: defaultdict[Key, Counter[UUID]] = defaultdict(Counter)
        self._carts: defaultdict[Key, Counter[UUID]] = defaultdict(Counter)
        self._told: dict[Key, int] = {}
        self._told_at = 0.0
        self._running: asyncio.Task[None] | None = None

    def liked(self, key: Key, times: int = 1) -> None:
        """Somebody likes it, so many times at most `LIKES_PER_TAP_MAX`."""
        self._likes[key] += max(0, min(times, LIKES_PER_TAP_MAX))

    def entered(self, key: Key, came_from: str) -> None:
        """Somebody came in, by way of what."""
        entries = self._entries[key]
        entries[came_from if came_from in entries or len(entries) < SOURCES_MAX else "other"] += 1

    def clicked(self, key: Key, product_id: UUID) -> None:
        """Somebody looks at a product of the bag."""
        _one_more(self._clicks[key], product_id)

    def put_in_cart(self, key: Key, product_id: UUID) -> None:
        """Somebody has put it into their cart, or opened a checkout with it."""
        _one_more(self._carts[key], product_id)

    def start(self) -> None:
        self._running = asyncio.create_task(self._tell_on(), name="live:gathering")

    async def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running

    async def _tell_on(self) -> None:
        while True:
            await asyncio.sleep(TELL_SECONDS)
            try:
                await self.tell()
            except Exception as error:  # it is told with the next
                log.warning("live.gathered_untold", error=repr(error))

    async def tell(self) -> None:
        """Tell what has been gathered since the last time. What cannot be told is kept for the next."""
        now, there = asyncio.get_running_loop().time(), dict(self._viewers())
        again = now - self._told_at > AGAIN_SECONDS
        changed = {key for key in {*there, *self._told} if again or there.get(key, 0) != self._told.get(key, 0)}
        keys = sorted({*changed, *self._likes, *self._entries, *self._clicks, *self._carts})
        if not keys:
            return
        crowds = [self._crowd(key, there.get(key, 0)) for key in keys]
        gathered = (self._likes, self._entries, self._clicks, self._carts)
        self._likes, self._entries, self._clicks, self._carts = (
            Counter(),
            defaultdict(Counter),
            defaultdict(Counter),
            defaultdict(Counter),
        )
        try:
            await self._db.transact(live.count, self._process_id, crowds)
        except Exception:
            self._take_back(*gathered)
            raise
        self._told = there
        self._told_at = now if again else self._told_at

    def _crowd(self, key: Key, viewers: int) -> Crowd:
        return Crowd(
            merchant_id=key.merchant_id,
            session_id=key.session_id,
            viewers=viewers,
            likes=self._likes.get(key, 0),
            entries=dict(self._entries.get(key, {})),
            clicks=dict(self._clicks.get(key, {})),
            carts=dict(self._carts.get(key, {})),
        )

    def _take_back(
        self,
        likes: Counter[Key],
        entries: Mapping[Key, Counter[str]],
        clicks: Mapping[Key, Counter[UUID]],
        carts: Mapping[Key, Counter[UUID]],
    ) -> None:
        self._likes.update(likes)
        for key, more in entries.items():
            self._entries[key].update(more)
        for key, products in clicks.items():
            self._clicks[key].update(products)
        for key, products in carts.items():
            self._carts[key].update(products)


def _one_more(counted: Counter[UUID], product_id: UUID) -> None:
    if product_id in counted or len(counted) < PRODUCTS_MAX:
        counted[product_id] += 1
