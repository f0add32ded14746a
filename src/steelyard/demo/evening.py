"""The evening on which the demo's live room was on air, some weeks ago, and who bought then.

Nobody buys more for it, and nobody something else: of the orders that people placed in that shop in the weeks before anyway, a
part waited for that evening. So they are moved, not added, and what the shop has sold in all stays as it is.
"""

from datetime import datetime, time, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from steelyard.channels.live.model import SessionId
from steelyard.demo import habits
from steelyard.demo.habits import Basket
from steelyard.demo.products import made

SHOP = "zoufang"
SESSION = SessionId(made("live", f"{SHOP}-ended"))
LENGTH = timedelta(minutes=40)
# From which second on each of three products is explained, and until when.
SPOKEN = ((60, 840), (840, 1500), (1620, 2280))
# Since then all that was bought has been received, and what was sent back has come back.
AGO_DAYS_MIN = 22
WAITED_DAYS, WAITED_DAYS_MAX, WAITED = 28, 90, 0.6
SATURDAY, BEGINS = 5, time(20)
# Who hears of something has to find it and to pay first.
FIRST_AFTER_SECONDS = 45
_ZONE = ZoneInfo("Asia/Shanghai")


def begun(now: datetime) -> datetime:
    """When it began: at eight on a Saturday evening of Beijing."""
    day = now.astimezone(_ZONE).date() - timedelta(days=AGO_DAYS_MIN)
    return datetime.combine(day - timedelta(days=(day.weekday() - SATURDAY) % 7), BEGINS, _ZONE)


def moved(basket: Basket, merchant_id: UUID, product_id: UUID, now: datetime, buyers: int, seed: str) -> Basket:
    """The basket, or the same bought while its first product was explained. Of a larger crowd a smaller part waits, a smaller one
    has waited for longer: the room is as full as it is."""
    since, of_all = begun(now), habits.BUYERS / max(1, buyers)
    waiting = timedelta(days=min(WAITED_DAYS * max(1, of_all), WAITED_DAYS_MAX))
    if merchant_id != made("merchant", SHOP) or not since - waiting <= basket.at < since:
        return basket
    chance = Random(seed)  # noqa: S311  # habits, no secrets
    if chance.random() >= WAITED * min(1, of_all):
        return basket
    first, last = SPOKEN[product_id.int % len(SPOKEN)]
    second = chance.randrange(first + FIRST_AFTER_SECONDS, last)
    return msgspec.structs.replace(basket, at=since + timedelta(seconds=second), source=f"live:{SESSION}:{second}")
