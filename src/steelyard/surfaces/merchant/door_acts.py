"""What a shop says of an order that is paid at the door, and whether it offers that at all."""

from uuid import UUID

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.money import payments
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.console import done
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import aftersales, orders
from steelyard.trade.orders.model import OrderId

# What can be said of an order, and what is told then.
SAYINGS = {
    "kept": N_("The cash is noted. It is set off against what you are paid."),
    "refused": N_("The order is called off. Please say when the parcel is back."),
    "back": N_("The goods are on the shelf again."),
}


async def say(tx: Tx, actor: Actor, merchant_id: MerchantId, order_id: OrderId, what: str, by: str) -> None:
    match what:
        case "kept":
            await orders.keep_at_the_door(tx, merchant_id, order_id, by)
        case "refused":
            await aftersales.refuse_by_shop(tx, merchant_id, order_id, by)
        case _:
            await aftersales.back_on_the_shelf(tx, merchant_id, order_id, by)
    await access.audit(tx, actor, f"orders.door_{what}", str(order_id))


@post("/orders/{order_id:uuid}/door", opt={"permission": "orders.ship"})
async def say_of_the_door(visit: NamedDependency[Visit], request: WebRequest, order_id: FromPath[UUID]) -> Redirect:
    """The shop brought the parcel itself: it has the cash (`kept`) or nobody paid (`refused`); or a parcel that nobody paid for
    is `back`."""
    what = (await entries_of(request)).text("what")
    if what not in SAYINGS or await visit.merchant_db.ask(orders.order, visit.merchant_id, OrderId(order_id)) is None:
        raise NotFound()
    return await done(
        visit,
        f"{frame.ORDERS}/{order_id}",
        SAYINGS[what],
        lambda: visit.merchant_db.transact(say, visit.actor, visit.merchant_id, OrderId(order_id), what, visit.by),
    )


async def offer(tx: Tx, actor: Actor, merchant_id: MerchantId, offered: bool, by: str) -> None:
    before = await payments.offers_of(tx, merchant_id)
    await payments.offer(tx, merchant_id, offered, by)
    if before != offered:
        await access.audit(
            tx, actor, "shop.at_the_door", str(merchant_id), before={"offered": before}, after={"offered": offered}
        )


@post("/carriers/door", opt={"permission": "freight.edit"})
async def offer_at_the_door(visit: NamedDependency[Visit], request: WebRequest) -> Redirect:
    """From now on the shop's goods can be paid when they are handed over, or cannot."""
    offered = (await entries_of(request)).flag("offered")
    no_more = N_("Buyers can no longer pay on delivery. What was ordered stays as it is.")
    return await done(
        visit,
        f"{frame.HOME}/carriers",
        N_("Buyers can pay on delivery.") if offered else no_more,
        lambda: visit.merchant_db.transact(offer, visit.actor, visit.merchant_id, offered, visit.by),
    )


HANDLERS = [say_of_the_door, offer_at_the_door]
