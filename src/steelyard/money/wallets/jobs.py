"""What time brings about: cards that were given away expire, and points that nobody spent."""

from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import Sweep
from steelyard.money.wallets import cards, expiring


async def _expire_cards(db: Database) -> int:
    return await db.transact(cards.expire)


async def _expire_points(db: Database) -> int:
    return await db.transact(expiring.expire)


SWEEPS = [
    Sweep("wallets.expire_cards", 60.0, _expire_cards),
    Sweep("wallets.expire_points", 60.0, _expire_points),
]
