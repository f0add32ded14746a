"""Orders: the lists by state, an order's page, and what staff do to it: ship, cancel, refund."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.logistics import fulfilment, parcels
from steelyard.logistics.fulfilment.model import Dispatch, LineStatus, Packed, ParcelLine
from steelyard.logistics.parcels.model import Carrier, Parcel, ParcelId, Scan
from steelyard.money import payments
from steelyard.money.payments.model import Refund, RefundId
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.order_requests import Asked, asked_about
from steelyard.surfaces.web.console import ROWS_PER_PAGE, InState, address, done
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales.model import OrderRefund, Reason, RefundRequest, Returned, freight_of
from steelyard.trade.orders.model import Order, OrderId, OrderLine, OrderState, Step

# What a tab shows; the first is shown when nothing is asked for.
TABS: dict[str, tuple[str, tuple[OrderState, ...]]] = {
    "to_ship": (N_("To ship"), (OrderState.PAID, OrderState.PARTLY_SHIPPED)),
    "placed": (N_("To pay"), (OrderState.PLACED,)),
    "shipped": (N_("On its way"), (OrderState.SHIPPED,)),
    "completed": (N_("Completed"), (OrderState.COMPLETED,)),
    "cancelled": (N_("Cancelled"), (OrderState.CANCELLED,)),
    "all": (N_("All"), ()),
}
REFUNDABLE = (OrderState.PAID, OrderState.PARTLY_SHIPPED, OrderState.SHIPPED, OrderState.COMPLETED)
COUNTED = ("to_ship", "placed", "shipped")


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Order]
    lines: dict[OrderId, list[OrderLine]]
    counts: dict[OrderState, int]


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that an order's page tells."""

    order: Order
    shop: ShopCard
    lines: list[OrderLine]
    history: list[Step]
    parcels: list[Parcel]
    scans: dict[UUID, list[Scan]]
    contents: dict[UUID, list[ParcelLine]]
    left: dict[int, LineStatus]
    refunds: list[OrderRefund]
    sent_back: dict[UUID, Refund]
    carriers: list[Carrier]
    asked: Asked

    @property
    def freight_left(self) -> int:
        """Of what was paid for sending, what can still be given back."""
        return freight_of(self.order, self.lines) - sum(refund.freight for refund in self.refunds)

    @property
    def to_ship(self) -> bool:
        return self.order.state in (OrderState.PAID, OrderState.PARTLY_SHIPPED)

    @property
    def refundable(self) -> bool:
        """Something is left to give back; what was imported was paid elsewhere, and is not given back from here."""
        elsewhere = (self.order.source or "").startswith("import:")
        return self.order.state in REFUNDABLE and self.order.kept > 0 and not elsewhere


async def listed(read: Read, merchant_id: MerchantId, tab: str, cursor: str | None) -> Listed:
    page = await orders.orders_of_merchant(read, merchant_id, states=TABS[tab][1], cursor=cursor, limit=ROWS_PER_PAGE)
    return Listed(
        page=page,
        lines=await orders.lines_of(read, [order.order_id for order in page.items]),
        counts=await orders.counts_of_merchant(read, merchant_id),
    )


async def whole(read: Read, merchant_id: MerchantId, order_id: OrderId) -> Whole:
    """Raises `NotFound`: another merchant's order is not there."""
    order = await orders.order(read, merchant_id, order_id)
    if order is None:
        raise NotFound()
    sent = (await parcels.of_orders(read, [order_id]))[order_id]
    refunds = await payments.refunds_of_order(read, merchant_id, order_id)
    return Whole(
        order=order,
        shop=(await merchants.cards(read, [merchant_id]))[merchant_id],
        lines=(await orders.lines_of(read, [order_id]))[order_id],
        history=await orders.history(read, merchant_id, order_id),
        parcels=sent,
        scans={parcel.parcel_id: await parcels.scans(read, merchant_id, parcel.parcel_id) for parcel in sent},
        contents=await fulfilment.contents(read, order_id),
        left=(await fulfilment.status(read, [order_id])).get(order_id, {}),
        refunds=(await aftersales.of_orders(read, [order_id]))[order_id],
        sent_back={refund.refund_id: refund for refund in refunds},
        carriers=await parcels.carriers(read),
        asked=await asked_about(read, merchant_id, order_id),
    )


@get("/orders", opt={"permission": "orders.read"})
async def order_list(
    visit: NamedDependency[Visit],
    wanted: InState = None,
    cursor: FromQuery[str | None] = None,
    q: FromQuery[str | None] = None,
) -> Response[Any] | Redirect:
    """The orders of a tab, or straight to the order whose code was searched for."""
    if q and q.strip():
        found = await visit.merchant_db.ask(orders.order_by_code, visit.merchant_id, q)
        if found is not None:
            return Redirect(f"{frame.ORDERS}/{found.order_id}", status_code=303)
    tab = wanted if wanted in TABS else "all" if q else "to_ship"
    shown = await visit.merchant_db.ask(listed, visit.merchant_id, tab, cursor)
    return await frame.show(
        visit,
        "orders.html",
        frame.ORDERS,
        search=q or "",
        unknown_code=(q or "").strip(),
        tab=tab,
        tabs=_tabs(visit, tab, shown.counts),
        shown=shown,
        next_href=address(frame.ORDERS, state=tab, cursor=shown.page.next) if shown.page.next else "",
        start_href=address(frame.ORDERS, state=tab) if cursor else "",
    )


def _tabs(visit: Visit, current: str, counts: dict[OrderState, int]) -> list[dict[str, object]]:
    return [
        {
            "label": visit.say(word),
            "href": address(frame.ORDERS, state=tab),
            "current": tab == current,
            "count": sum(counts.get(state, 0) for state in states) if tab in COUNTED else 0,
        }
        for tab, (word, states) in TABS.items()
    ]


@get("/orders/{order_id:uuid}", opt={"permission": "orders.read"})
async def order_page(visit: NamedDependency[Visit], order_id: FromPath[UUID]) -> Response[Any]:
    """One order with all that happened to it. The forms carry the ids of what they would make, so that a second click
    makes nothing more."""
    found = await visit.merchant_db.ask(whole, visit.merchant_id, OrderId(order_id))
    return await frame.show(
        visit,
        "order.html",
        frame.ORDERS,
        crumbs=[(visit.say(N_("Orders")), frame.ORDERS), (found.order.code, None)],
        found=found,
        order=found.order,
        parcel_id=ids.mint(),
        refund_id=ids.mint(),
    )


@get("/orders/{order_id:uuid}/packing-slip", opt={"permission": "orders.read"})
async def packing_slip(visit: NamedDependency[Visit], order_id: FromPath[UUID]) -> Response[Any]:
    """What goes into the parcel, for paper."""
    found = await visit.merchant_db.ask(whole, visit.merchant_id, OrderId(order_id))
    return await frame.show(
        visit, "packing_slip.html", frame.ORDERS, back=f"{frame.ORDERS}/{order_id}", found=found, order=found.order
    )


async def ship(tx: Tx, actor: Actor, dispatch: Dispatch, by: str) -> None:
    order = await orders.ship(tx, dispatch, by)
    facts = {"carrier": dispatch.carrier, "number": dispatch.number, "parcel_id": str(dispatch.parcel_id)}
    await access.audit(tx, actor, "orders.ship", order.code, facts)


@post("/orders/{order_id:uuid}/ship", opt={"permission": "orders.ship"})
async def ship_order(visit: NamedDependency[Visit], request: WebRequest, order_id: FromPath[UUID]) -> Redirect:
    """Send what was ticked, or all that is left, under a tracking number."""
    form = await entries_of(request)
    dispatch = Dispatch(
        merchant_id=visit.merchant_id,
        order_id=order_id,
        parcel_id=ParcelId(form.uuid("parcel_id")),
        carrier=form.text("carrier"),
        number=form.text("number"),
        lines=None if form.flag("whole") else [Packed(line, pieces) for line, pieces in _lines(form)],
    )
    return await done(
        visit,
        f"{frame.ORDERS}/{order_id}",
        N_("The parcel is on its way, and the buyer is told."),
        lambda: visit.merchant_db.transact(ship, visit.actor, dispatch, visit.by),
    )


def _lines(form: Entries) -> list[tuple[int, int]]:
    """`line_<n>`: how many pieces of line n. Lines with none are left out."""
    chosen: list[tuple[int, int]] = []
    for name in form.names("line_"):
        pieces = form.number(f"line_{name}", otherwise=0)
        if name.isdecimal() and pieces:
            chosen.append((int(name), pieces))
    form.check()
    return chosen


async def cancel(tx: Tx, actor: Actor, order_id: OrderId, refund_id: RefundId, reason: str, by: str) -> None:
    merchant_id = actor.account.merchant_id if actor.account else None
    assert merchant_id is not None
    await aftersales.cancel(tx, MerchantId(merchant_id), order_id, refund_id, reason, by)
    await access.audit(tx, actor, "orders.cancel", str(order_id), {"reason": reason})


@post("/orders/{order_id:uuid}/cancel", opt={"permission": "orders.cancel"})
async def cancel_order(visit: NamedDependency[Visit], request: WebRequest, order_id: FromPath[UUID]) -> Redirect:
    """Call a paid order off; all of its money goes back."""
    form = await entries_of(request)
    if await visit.merchant_db.ask(orders.order, visit.merchant_id, OrderId(order_id)) is None:
        raise NotFound()
    refund_id = RefundId(form.uuid("refund_id"))
    reason = form.text("reason", required=True, most=200)
    if form.errors:
        return redirect(visit, f"{frame.ORDERS}/{order_id}", (visit.say(N_("Please say why.")), "bad"))
    return await done(
        visit,
        f"{frame.ORDERS}/{order_id}",
        N_("The order is cancelled, and all of its money goes back to the buyer."),
        lambda: visit.merchant_db.transact(cancel, visit.actor, OrderId(order_id), refund_id, reason, visit.by),
    )


async def refund(tx: Tx, actor: Actor, request: RefundRequest, by: str) -> None:
    await aftersales.refund(tx, request, by)
    lines = {str(item.line): item.quantity for item in request.lines}
    facts = {"refund_id": str(request.refund_id), "lines": lines, "freight": request.freight, "note": request.note}
    await access.audit(tx, actor, "orders.refund", str(request.order_id), facts)


@post("/orders/{order_id:uuid}/refund", opt={"permission": "orders.refund"})
async def refund_order(visit: NamedDependency[Visit], request: WebRequest, order_id: FromPath[UUID]) -> Redirect:
    """Give back some pieces and some freight."""
    form = await entries_of(request)
    order = await visit.merchant_db.ask(orders.order, visit.merchant_id, OrderId(order_id))
    if order is None:
        raise NotFound()
    freight = form.money("freight", order.currency, required=False) or 0
    back = f"{frame.ORDERS}/{order_id}"
    wanted = RefundRequest(
        refund_id=RefundId(form.uuid("refund_id")),
        merchant_id=visit.merchant_id,
        order_id=OrderId(order_id),
        lines=[Returned(line, pieces) for line, pieces in _lines(form)],
        freight=freight,
        reason=Reason.RETURNED if form.flag("restock") else Reason.GOODWILL,
        note=form.text("note", most=500),
        restock=form.flag("restock"),
    )
    form.check()
    return await done(
        visit,
        back,
        N_("The money is on its way back to the buyer."),
        lambda: visit.merchant_db.transact(refund, visit.actor, wanted, visit.by),
    )


HANDLERS = [order_list, order_page, packing_slip, ship_order, cancel_order, refund_order]
