"""Everybody's orders: the list, search by code, one purchase's order with all that belongs to it."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.logistics import parcels
from steelyard.logistics.parcels.model import Parcel
from steelyard.money import ledger, payments
from steelyard.money.payments.model import Payment, Refund
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.console import ROWS_PER_PAGE, InState, address
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales.model import OrderRefund
from steelyard.trade.orders.model import Order, OrderId, OrderLine, OrderState, Purchase, Step

NEEDS = {"permission": "orders.read"}
# The tab of orders that wait because a parcel of theirs is lost; the others are of states.
LOST = "lost"
TABS: dict[str, tuple[str, tuple[OrderState, ...]]] = {
    "all": (N_("All"), ()),
    "placed": (N_("To pay"), (OrderState.PLACED,)),
    "to_ship": (N_("To ship"), (OrderState.PAID, OrderState.PARTLY_SHIPPED)),
    "shipped": (N_("On its way"), (OrderState.SHIPPED,)),
    LOST: (N_("Lost parcels"), ()),
    "completed": (N_("Completed"), (OrderState.COMPLETED,)),
    "cancelled": (N_("Cancelled"), (OrderState.CANCELLED,)),
}


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Order]
    shops: dict[MerchantId, ShopCard]


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """`siblings` are the other orders of the purchase; `transfers` what this order's own documents moved."""

    order: Order
    purchase: Purchase
    siblings: list[Order]
    shops: dict[MerchantId, ShopCard]
    lines: list[OrderLine]
    history: list[Step]
    parcels: list[Parcel]
    payments: list[Payment]
    refunds: list[OrderRefund]
    sent_back: dict[UUID, Refund]
    transfers: list[ledger.PostedTransfer]


async def listed(read: Read, tab: str, cursor: str | None) -> Listed:
    if tab == LOST:
        page = await orders.with_lost_parcels(read, cursor=cursor, limit=ROWS_PER_PAGE)
    else:
        page = await orders.all_orders(read, states=TABS[tab][1], cursor=cursor, limit=ROWS_PER_PAGE)
    return Listed(page=page, shops=await merchants.cards(read, {order.merchant_id for order in page.items}))


async def whole(read: Read, merchant_id: MerchantId, order_id: OrderId) -> Whole:
    """Raises `NotFound`."""
    order = await orders.order(read, merchant_id, order_id)
    if order is None:
        raise NotFound()
    purchase = await orders.purchase(read, order.purchase_id)
    assert purchase is not None
    siblings = await orders.orders_of_purchase(read, order.purchase_id)
    refunds = (await aftersales.of_orders(read, [order_id]))[order_id]
    documents = [order_id, *(refund.refund_id for refund in refunds)]
    sent_back = await payments.refunds_of_order(read, merchant_id, order_id)
    return Whole(
        order=order,
        purchase=purchase,
        siblings=[each for each in siblings if each.order_id != order_id],
        shops=await merchants.cards(read, {each.merchant_id for each in siblings}),
        lines=(await orders.lines_of(read, [order_id]))[order_id],
        history=await orders.history(read, merchant_id, order_id),
        parcels=(await parcels.of_orders(read, [order_id]))[order_id],
        payments=await payments.of_purchase(read, order.purchase_id),
        refunds=refunds,
        sent_back={refund.refund_id: refund for refund in sent_back},
        transfers=await ledger.transfers_of(read, documents),
    )


async def found_by_code(read: Read, code: str) -> tuple[UUID, UUID] | None:
    """(merchant, order) of an order's code, or of the first order of a purchase's code."""
    owner = await orders.by_code(read, code)
    if owner is None:
        return None
    if owner.order_id is not None and owner.merchant_id is not None:
        return owner.merchant_id, owner.order_id
    of_purchase = await orders.orders_of_purchase(read, owner.purchase_id)
    return (of_purchase[0].merchant_id, of_purchase[0].order_id) if of_purchase else None


@get("/orders", opt=NEEDS)
async def order_list(
    visit: NamedDependency[Visit],
    wanted: InState = None,
    cursor: FromQuery[str | None] = None,
    q: FromQuery[str | None] = None,
) -> Response[Any] | Redirect:
    """The newest orders, or straight to the one whose code, or whose purchase's code, was searched for."""
    code = (q or "").strip()
    if code:
        found = await visit.db.ask(found_by_code, code)
        if found is not None:
            return Redirect(f"{frame.ORDERS}/{found[0]}/{found[1]}", status_code=303)
    tab = wanted if wanted in TABS else "all"
    shown = await visit.db.ask(listed, tab, cursor)
    return await frame.show(
        visit,
        "orders.html",
        frame.ORDERS,
        search=code,
        unknown_code=code,
        tabs=[
            {"label": visit.say(word), "href": address(frame.ORDERS, state=key), "current": key == tab}
            for key, (word, _) in TABS.items()
        ],
        shown=shown,
        next_href=address(frame.ORDERS, state=tab, cursor=shown.page.next) if shown.page.next else "",
        start_href=address(frame.ORDERS, state=tab) if cursor else "",
    )


@get("/orders/{merchant_id:uuid}/{order_id:uuid}", opt=NEEDS)
async def order_page(
    visit: NamedDependency[Visit], merchant_id: FromPath[UUID], order_id: FromPath[UUID]
) -> Response[Any]:
    """One order, the purchase around it, its payment, and what it moved in the books."""
    found = await visit.db.ask(whole, MerchantId(merchant_id), OrderId(order_id))
    return await frame.show(
        visit,
        "order.html",
        frame.ORDERS,
        crumbs=[(visit.say(N_("Orders")), frame.ORDERS), (found.order.code, None)],
        found=found,
        order=found.order,
        purchase=found.purchase,
        shop=found.shops[found.order.merchant_id],
    )


HANDLERS = [order_list, order_page]
