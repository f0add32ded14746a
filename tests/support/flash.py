"""Flash sales for tests: of nuts, which cost 39.90 and of which there are 20."""

from datetime import UTC, datetime, timedelta

from steelyard.goods import promotions
from steelyard.goods.promotions.model import FlashItem, NewFlash, SessionId
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.text import text
from tests.support.world import World

PRICE = 1_990


def item(world: World, name: str = "nuts", **more: int | None) -> FlashItem:
    told: dict[str, int | None] = {"price": PRICE, "pieces": 5, "per_order": None, "per_buyer": 1}
    return FlashItem(sku_id=world.items[name].sku_id, **(told | more))  # pyright: ignore[reportArgumentType]  # by name


def flash(world: World, *items: FlashItem, begins: timedelta = timedelta(minutes=-1)) -> NewFlash:
    """A session of two hours that begins so long from now, of the shop that sells tea."""
    now = datetime.now(UTC)
    return NewFlash(
        merchant_id=world.tea.merchant_id,
        session_id=SessionId(ids.mint()),
        name=text("晚八点秒杀", "Evening rush"),
        starts_at=now + begins,
        ends_at=now + begins + timedelta(hours=2),
        items=items or [item(world)],
    )


async def planned(db: Database, wanted: NewFlash) -> NewFlash:
    await db.transact(promotions.plan, wanted)
    return wanted


async def over(tx: Tx, wanted: NewFlash) -> None:
    """The clock has moved past the end of the session."""
    await tx.execute("UPDATE flash_sessions SET ends_at = now() WHERE session_id = $1", wanted.session_id)
    await tx.execute("UPDATE promotions SET ends_at = now() WHERE session_id = $1", wanted.session_id)
