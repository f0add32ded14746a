"""Presales for tests: of nuts, which cost 39.90 and of which there are 20: 35.00, of which a deposit of 5.00 counts for 10.00."""

from datetime import UTC, datetime, timedelta
from typing import Any

from steelyard.goods import promotions
from steelyard.goods.promotions import Terms
from steelyard.goods.promotions.model import FlashItem, NewFlash, SessionId
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.text import text
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import checkout, orders
from steelyard.trade.checkout.model import Quote
from steelyard.trade.orders.model import Booking, PurchaseId
from tests.support import deal
from tests.support.world import World

PRICE, DEPOSIT, COUNTS_FOR = 3_500, 500, 1_000
WHOLE = PRICE - (COUNTS_FOR - DEPOSIT)


def item(world: World, name: str = "nuts", **more: Any) -> FlashItem:
    told: dict[str, Any] = {
        "price": PRICE, "deposit": DEPOSIT, "counts_for": COUNTS_FOR, "pieces": 5, "per_buyer": 2,
    }  # fmt: skip
    return FlashItem(sku_id=world.items[name].sku_id, **(told | more))


def presale(
    world: World, *items: FlashItem, begins: timedelta = timedelta(minutes=-1), forfeits: bool = True
) -> NewFlash:
    """Of the shop that sells tea: deposits for a week from so long from now, then balances for three days, then sent within
    ten."""
    starts = datetime.now(UTC) + begins
    ends = starts + timedelta(days=7)
    return NewFlash(
        merchant_id=world.tea.merchant_id,
        session_id=SessionId(ids.mint()),
        name=text("早春预售", "Presale of spring"),
        starts_at=starts,
        ends_at=ends,
        items=items or [item(world)],
        terms=Terms(
            balance_from=ends,
            balance_until=ends + timedelta(days=3),
            ships_by=ends + timedelta(days=13),
            forfeits=forfeits,
        ),
    )


async def planned(db: Database, wanted: NewFlash) -> NewFlash:
    await db.transact(promotions.plan, wanted)
    return wanted


async def placed(db: Database, world: World, pieces: int = 1, buyer_id: BuyerId | None = None) -> PurchaseId:
    return await deal.placed(db, [(world.items["nuts"].sku_id, pieces)], buyer_id)


async def booked(db: Database, world: World, pieces: int = 1, buyer_id: BuyerId | None = None) -> PurchaseId:
    """A booking whose deposit was captured."""
    purchase_id = await placed(db, world, pieces, buyer_id)
    await deal.captured(db, await deal.instructed(db, purchase_id))
    return purchase_id


async def of(db: Database, purchase_id: PurchaseId) -> Booking:
    found = await db.ask(orders.booking_of, purchase_id)
    assert found is not None
    return found


async def balance_from(tx: Tx, purchase_id: PurchaseId, since: timedelta) -> None:
    """The clock has moved so far past the beginning of the balances."""
    await tx.execute(
        "UPDATE presale_bookings SET balance_from = now() - $2::interval WHERE purchase_id = $1", purchase_id, since
    )


async def balance_until(tx: Tx, purchase_id: PurchaseId, since: timedelta) -> None:
    """The clock has moved so far past the end of the balances."""
    await tx.execute(
        """
        UPDATE presale_bookings SET balance_from = now() - interval '3 days', balance_until = now() - $2::interval
        WHERE purchase_id = $1
        """,
        purchase_id,
        since,
    )
    await tx.execute("UPDATE purchases SET pay_by = now() - $2::interval WHERE purchase_id = $1", purchase_id, since)


async def sweep(db: Database) -> int:
    """What the worker does every two seconds."""
    return await db.transact(orders.cancel_unpaid) + await db.transact(orders.drop_called_off)


async def asked(db: Database, world: World, pieces: int = 1, buyer_id: BuyerId | None = None) -> Quote:
    view = await db.ask(checkout.view, await deal.opened(db, [(world.items["nuts"].sku_id, pieces)], buyer_id))
    assert view is not None
    return view.quote
