"""Figures of a large marketplace are remembered for a moment: who turns from one picture to the next does not have it all
summed again."""

import time
from collections.abc import Awaitable, Callable, Hashable
from typing import TypeVar, cast

from steelyard.kernel.db import Read

T = TypeVar("T")

REMEMBERED_SECONDS = 30.0
# A smaller marketplace is summed each time.
LARGE_FROM_PRODUCT_DAYS = 100_000
ANSWERS_MAX = 200
KEPT = "operations.analytics"


async def remembered(read: Read, key: Hashable, count: Callable[[], Awaitable[T]]) -> T:
    """What `count` finds; in a large marketplace at most `REMEMBERED_SECONDS` old. The key names all that it depends on,
    the merchant too."""
    if not await read.value(
        "SELECT coalesce(max(reltuples), 0) > $1 FROM pg_class WHERE oid = 'product_days'::regclass",
        LARGE_FROM_PRODUCT_DAYS,
    ):
        return await count()
    answers = cast("dict[Hashable, tuple[float, object]]", read.kept.setdefault(KEPT, {}))
    now = time.monotonic()
    known = answers.get(key)
    if known is not None and now - known[0] < REMEMBERED_SECONDS:
        return cast("T", known[1])
    found = await count()
    if len(answers) >= ANSWERS_MAX:
        answers.clear()
    answers[key] = (now, found)
    return found
