"""Whose purchase it is: the buyer's, the visitor's, or that of a guest who has just told code and e-mail address."""

import time
from uuid import UUID

from litestar.datastructures import Cookie

from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.surfaces.web.seals import seal, unseal
from steelyard.surfaces.web.visit import Visit, cookie
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales import Case, CaseId
from steelyard.trade.orders.model import Order, Purchase, PurchaseId

LOOK_UP_COOKIE = "steelyard_order"
LOOK_UP_SECONDS = 3_600


async def purchase_by_code(read: Read, code: str) -> Purchase | None:
    """The purchase of this code, or that an order of this code belongs to; whoever it belongs to."""
    owner = await orders.by_code(read, code.replace("\x00", ""))
    return await orders.purchase(read, owner.purchase_id) if owner else None


async def order_of_code(read: Read, code: str) -> Order | None:
    """The order of this code; whoever it belongs to."""
    owner = await orders.by_code(read, code.replace("\x00", ""))
    if owner is None or owner.merchant_id is None or owner.order_id is None:
        return None
    return await orders.order(read, owner.merchant_id, owner.order_id)


async def own_purchase(visit: Visit, code: str) -> Purchase:
    """The purchase, if it is this visitor's. Somebody else's is not there: raises `NotFound`."""
    found = await visit.db.ask(purchase_by_code, code)
    if found is None or not _owns(visit, found.buyer_id, found.purchase_id):
        raise NotFound()
    return found


async def own_order(visit: Visit, code: str) -> Order:
    """The order, if it is this visitor's. Somebody else's is not there: raises `NotFound`."""
    found = await visit.db.ask(order_of_code, code)
    if found is None or not _owns(visit, found.buyer_id, found.purchase_id):
        raise NotFound()
    return found


async def own_case(visit: Visit, case_id: UUID) -> Case:
    """The after-sales case, if its order is this visitor's. Somebody else's is not there: raises `NotFound`."""
    found = await visit.db.ask(aftersales.case, CaseId(case_id))
    order = await visit.db.ask(orders.order, found.merchant_id, found.order_id) if found else None
    if found is None or order is None or not _owns(visit, order.buyer_id, order.purchase_id):
        raise NotFound()
    return found


def _owns(visit: Visit, buyer_id: UUID, purchase_id: PurchaseId) -> bool:
    return buyer_id in visit.buyer_ids or purchase_id == looked_up(visit)


def looked_up(visit: Visit) -> PurchaseId | None:
    """The purchase that this browser looked up by code and e-mail address, for an hour."""
    sealed = visit.connection.cookies.get(LOOK_UP_COOKIE, "")
    purchase_id, _, until = (unseal(visit.settings, LOOK_UP_COOKIE, sealed) or "").partition(":")
    if not until.isdecimal() or int(until) < time.time():
        return None
    return PurchaseId(UUID(purchase_id))


def look_up_cookie(visit: Visit, purchase_id: PurchaseId) -> Cookie:
    """What lets this browser see the purchase, for an hour."""
    value = f"{purchase_id}:{int(time.time()) + LOOK_UP_SECONDS}"
    return cookie(visit.settings, LOOK_UP_COOKIE, seal(visit.settings, LOOK_UP_COOKIE, value), LOOK_UP_SECONDS)
