"""Whether what nobody publishes now may be played: the house decides. It is asked when somebody plays it, and again after some
seconds.

So a replay that its shop hides, or a room that is taken down, plays no more within that time, and plays again when it is shown
again; nothing has to be told. See docs/decisions/0175.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

ASK_AGAIN_SECONDS = 5.0
NAMES_MAX = 1_000

Ask = Callable[[str], Awaitable[bool | None]]
"""What the house says of a stream; None when it is silent."""


class Playing:
    """What the house said last of each stream."""

    def __init__(self, ask: Ask, *, again_seconds: float = ASK_AGAIN_SECONDS) -> None:
        self._ask = ask
        self._again_seconds = again_seconds
        self._said: dict[str, tuple[float, bool]] = {}
        self._asking: dict[str, asyncio.Task[bool | None]] = {}

    async def may(self, name: str) -> bool | None:
        """What the house says, or said a moment ago. While it is silent, what it said last; None where it has said nothing."""
        known = self._said.get(name)
        if known is not None and time.monotonic() - known[0] < self._again_seconds:
            return known[1]
        asking = self._asking.get(name)
        if asking is None:
            asking = self._asking[name] = asyncio.create_task(self._asked(name))
        return await asyncio.shield(asking)

    def forget(self, name: str) -> None:
        """It has just changed: ask anew."""
        self._said.pop(name, None)

    async def _asked(self, name: str) -> bool | None:
        before = self._said.get(name)
        try:
            said = await self._ask(name)
        finally:
            del self._asking[name]
        if said is None and before is None:
            return None
        answer = before[1] if said is None and before is not None else bool(said)
        self._said.pop(name, None)
        while len(self._said) >= NAMES_MAX:
            del self._said[next(iter(self._said))]
        self._said[name] = (time.monotonic(), answer)
        return answer
