"""Group buying for tests: nuts, which cost 39.90 and of which there are 20, for 29.90 to teams of two or three."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.events import drain
from steelyard.kernel.sweeps import sweep_once
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import checkout, groups
from steelyard.trade.checkout.model import SHOP, CheckoutId, Quote
from steelyard.trade.groups.jobs import SWEEPS
from steelyard.trade.groups.model import Gathering, Membership, NewOffer, Offer, OfferId
from steelyard.trade.orders.model import Order, PurchaseId
from steelyard.worker import subscribers
from tests.support import deal
from tests.support.world import World

PRICE = 2_990


def group(world: World, name: str = "nuts", **more: Any) -> NewOffer:
    """What the shop that sells tea offers, since a minute and for two days: teams of two with a day to come together."""
    now = datetime.now(UTC)
    item = world.items[name]
    told = NewOffer(
        merchant_id=item.merchant_id, offer_id=OfferId(ids.mint()), product_id=item.product_id,
        prices={item.sku_id: PRICE}, size=2, hours=24, pieces=10, per_buyer=2, enough=None,
        starts_at=now - timedelta(minutes=1), ends_at=now + timedelta(days=2),
    )  # fmt: skip
    return msgspec.structs.replace(told, **more)


async def offered(db: Database, wanted: NewOffer) -> NewOffer:
    await db.transact(groups.make, wanted)
    return wanted


async def opened(
    db: Database, offer: NewOffer | Offer, team: UUID | None = None, buyer_id: BuyerId | None = None, pieces: int = 1
) -> CheckoutId:
    """A checkout in which a buyer opens a team, or joins one."""
    checkout_id = CheckoutId(ids.mint())
    draft = deal.draft([(next(iter(offer.prices)), pieces)])
    wish = Gathering(merchant_id=offer.merchant_id, offer_id=offer.offer_id, team_id=team)
    lines = [msgspec.structs.replace(line, group=wish) for line in draft.lines]
    draft = msgspec.structs.replace(draft, lines=lines)
    await db.transact(checkout.open_checkout, checkout_id, buyer_id or BuyerId(ids.mint()), draft, client=SHOP)
    return checkout_id


async def quoted(db: Database, checkout_id: CheckoutId) -> Quote:
    view = await db.ask(checkout.view, checkout_id)
    assert view is not None
    return view.quote


async def placed(
    db: Database, offer: NewOffer | Offer, team: UUID | None = None, buyer_id: BuyerId | None = None, pieces: int = 1
) -> PurchaseId:
    checkout_id = await opened(db, offer, team, buyer_id, pieces)
    return await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")


async def pay(db: Database, purchase_id: PurchaseId) -> Order:
    await deal.captured(db, await deal.instructed(db, purchase_id))
    return await order_of(db, purchase_id)


async def order_of(db: Database, purchase_id: PurchaseId) -> Order:
    (order,) = await deal.orders_of(db, purchase_id)
    return order


async def joined(
    db: Database, offer: NewOffer | Offer, team: UUID | None = None, buyer_id: BuyerId | None = None, pieces: int = 1
) -> Order:
    """A buyer has opened a team, or joined one, and paid."""
    return await pay(db, await placed(db, offer, team, buyer_id, pieces))


async def team_of(db: Database, order: Order) -> Membership:
    return (await db.ask(groups.of_orders, [order.order_id]))[order.order_id]


async def time_passes(tx: Tx, seconds_left: int = 0) -> None:
    """So many seconds are left for every team that waits."""
    await tx.execute(
        "UPDATE group_teams SET ends_at = now() + $1 WHERE full_at IS NULL AND failed_at IS NULL AND opened_at IS NOT NULL",
        timedelta(seconds=seconds_left),
    )


async def over(db: Database) -> None:
    """The time of all teams is over, and everybody has heard of it."""
    await db.transact(time_passes)
    await swept(db)


async def swept(db: Database) -> None:
    await sweep_once(db, SWEEPS)
    await drain(db, subscribers())
