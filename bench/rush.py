"""W6: a flash sale. How many a second buy at its price with a limit of one each; and three hundred pieces before two thousand
buyers, of whom every tenth clicks twenty times at once."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from bench.shop import PRICE, Bench, Goods
from steelyard.goods import promotions
from steelyard.goods.promotions.model import FlashItem, NewFlash, SessionId
from steelyard.kernel import ids, keeping
from steelyard.kernel.db import Database, Read
from steelyard.kernel.text import text

PLENTIFUL, FEW = 2, 3
PIECES, BUYERS, EAGER, CLICKS = 300, 2_000, 200, 20
OFF = 2_000


async def planned(bench: Bench, number: int, pieces: int) -> NewFlash:
    """A session that runs, of so many pieces of these goods, one for each buyer; every process of the house knows of it."""
    goods: Goods = bench.goods[number]
    now = datetime.now(UTC)
    wanted = NewFlash(
        merchant_id=goods.merchant_id,
        session_id=SessionId(ids.mint()),
        name=text("秒杀", "Rush"),
        starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(hours=2),
        items=[FlashItem(sku_id=goods.sku_id, price=PRICE - OFF, pieces=pieces)],
    )
    db = await Database.connect_as_owner(bench.database_url, size=1)
    try:
        await db.transact(promotions.plan, wanted)
    finally:
        await db.close()
    # So long a process may not know that a shop offers something: checkouts opened meanwhile tell the usual price.
    await asyncio.sleep(keeping.KEPT_SECONDS + 1)
    return wanted


async def over(bench: Bench, wanted: NewFlash) -> tuple[int, int]:
    """How many pieces were sold, and how many the buyer with the most has; then the session is over."""
    db = await Database.connect_as_owner(bench.database_url, size=1)
    try:
        (item,) = await db.ask(promotions.planned, [(wanted.merchant_id, wanted.session_id)])
        most = await db.ask(_most, item.promotion_id)
        await db.transact(promotions.cancel, wanted.merchant_id, wanted.session_id, by="bench")
    finally:
        await db.close()
    return item.taken, most


async def _most(read: Read, promotion_id: UUID) -> int:
    return await read.value(
        "SELECT coalesce(max(pieces), 0) FROM promotion_limits WHERE promotion_id = $1", promotion_id
    )


def crowd() -> Sequence[UUID]:
    """The buyer of each checkout, in any order."""
    buyers = [ids.mint() for _ in range(BUYERS)]
    clicks = [*buyers[:EAGER] * CLICKS, *buyers[EAGER:]]
    random.shuffle(clicks)
    return clicks
