"""What time brings about: cards go out on their day, and orders that nobody pays are over."""

from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import Sweep
from steelyard.money.gifts import sending, service


async def _send(db: Database) -> int:
    return await db.transact(sending.send_due)


async def _lapse(db: Database) -> int:
    return await db.transact(service.lapse)


SWEEPS = [
    Sweep("gifts.send", 5.0, _send),
    Sweep("gifts.lapse", 30.0, _lapse),
]
