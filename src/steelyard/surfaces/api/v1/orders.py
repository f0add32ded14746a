"""A merchant's orders: listed, shown, sent, called off, paid back."""

from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from steelyard.kernel.db import Tx
from steelyard.logistics.fulfilment.model import Dispatch, Packed
from steelyard.logistics.parcels.model import ParcelId
from steelyard.money.payments.model import RefundId
from steelyard.parties import access
from steelyard.surfaces.api.v1 import order_shapes
from steelyard.surfaces.api.v1.calls import Call, Once
from steelyard.surfaces.api.v1.order_shapes import Cancellation, NewParcel, NewRefund, OrderDetail, OrderList
from steelyard.surfaces.api.v1.words import Cursor, Limit
from steelyard.surfaces.web import giving
from steelyard.trade import aftersales
from steelyard.trade import orders as deals
from steelyard.trade.aftersales import CallOff, GiveBack, Giver
from steelyard.trade.aftersales.model import Less, Reason, RefundRequest, Returned
from steelyard.trade.orders.model import OrderId, OrderState

InOrderState = Annotated[OrderState | None, QueryParameter(name="state", description="Only what is in this state.")]
TAGS = ["Orders"]


@get("/orders", opt={"permission": "orders.read"}, tags=TAGS, summary="List your orders")
async def list_orders(
    call: NamedDependency[Call],
    in_state: InOrderState = None,
    cursor: Cursor = None,
    limit: Limit = None,
) -> OrderList:
    """Your orders, the newest first, of one state or of all."""
    states = [in_state] if in_state else []
    page = await call.db.ask(deals.orders_of_merchant, call.merchant_id, states=states, cursor=cursor, limit=limit)
    return order_shapes.listed(page)


@get("/orders/{order_id:uuid}", opt={"permission": "orders.read"}, tags=TAGS, summary="Show an order")
async def get_order(call: NamedDependency[Call], order_id: FromPath[UUID]) -> OrderDetail:
    """One of your orders, with lines, parcels, refunds and history."""
    return await call.db.ask(order_shapes.whole, call.merchant_id, OrderId(order_id))


@post(
    "/orders/{order_id:uuid}/ship",
    status_code=200,
    opt={"permission": "orders.ship"},
    tags=TAGS,
    summary="Send a parcel",
)
async def ship_order(
    call: NamedDependency[Call], once: NamedDependency[Once], order_id: FromPath[UUID], data: JSONBody[NewParcel]
) -> Response[OrderDetail]:
    """Write down that a parcel of a paid order has left, whole or in part. The buyer is told, and the carrier asked where
    it is. Answers with the order as it is then."""

    async def ship(parcel_id: UUID) -> OrderDetail:
        dispatch = Dispatch(
            merchant_id=call.merchant_id,
            order_id=order_id,
            parcel_id=ParcelId(parcel_id),
            carrier=data.carrier,
            number=data.number,
            lines=None if data.lines is None else [Packed(item.line, item.quantity) for item in data.lines],
        )
        return await call.db.transact(_ship, call, dispatch)

    return await once(ship)


async def _ship(tx: Tx, call: Call, dispatch: Dispatch) -> OrderDetail:
    order = await deals.ship(tx, dispatch, call.by)
    facts = {"carrier": dispatch.carrier, "number": dispatch.number, "parcel_id": str(dispatch.parcel_id)}
    await access.audit(tx, call.actor, "orders.ship", order.code, facts)
    return await order_shapes.whole(tx, call.merchant_id, OrderId(dispatch.order_id))


@post(
    "/orders/{order_id:uuid}/cancel",
    status_code=200,
    opt={"permission": "orders.cancel"},
    tags=TAGS,
    summary="Call off an order",
)
async def cancel_order(
    call: NamedDependency[Call], once: NamedDependency[Once], order_id: FromPath[UUID], data: JSONBody[Cancellation]
) -> Response[OrderDetail]:
    """Call off a paid order of which nothing has been sent. All of its money goes back to the buyer. Above what the holder of
    the key may give back alone it waits for a second person: then nothing is done yet, and `refunds_waiting` tells of it."""
    giver = await giving.giver_for(call.everybodys_db, call.actor)
    return await once(
        lambda refund_id: call.db.transact(_cancel, call, giver, OrderId(order_id), RefundId(refund_id), data.reason)
    )


async def _cancel(tx: Tx, call: Call, giver: Giver, order_id: OrderId, refund_id: RefundId, reason: str) -> OrderDetail:
    command = CallOff(merchant_id=call.merchant_id, order_id=order_id, refund_id=refund_id, reason=reason)
    waits = await aftersales.give(tx, giver, command, call.by)
    if waits is not None:
        await giving.audit_waiting(tx, call.actor, waits)
    else:
        await access.audit(tx, call.actor, "orders.cancel", str(order_id), {"reason": reason})
    return await order_shapes.whole(tx, call.merchant_id, order_id)


@post(
    "/orders/{order_id:uuid}/refund",
    status_code=200,
    opt={"permission": "orders.refund"},
    tags=TAGS,
    summary="Give money back",
)
async def refund_order(
    call: NamedDependency[Call], once: NamedDependency[Once], order_id: FromPath[UUID], data: JSONBody[NewRefund]
) -> Response[OrderDetail]:
    """Give back some pieces, some money of lines (goodwill) and some freight of a paid order; the commission on them goes back
    to you in proportion. Above what the holder of the key may give back alone it waits for a second person: then nothing has
    gone back yet, and `refunds_waiting` tells of it."""
    giver = await giving.giver_for(call.everybodys_db, call.actor)

    async def refund(refund_id: UUID) -> OrderDetail:
        request = RefundRequest(
            refund_id=RefundId(refund_id),
            merchant_id=call.merchant_id,
            order_id=OrderId(order_id),
            lines=[Returned(item.line, item.quantity) for item in data.lines],
            less=[Less(item.line, item.amount) for item in data.amounts],
            freight=data.freight,
            reason=Reason.RETURNED if data.restock else Reason.GOODWILL,
            note=data.note,
            restock=data.restock,
        )
        return await call.db.transact(_refund, call, giver, request)

    return await once(refund)


async def _refund(tx: Tx, call: Call, giver: Giver, request: RefundRequest) -> OrderDetail:
    waits = await aftersales.give(tx, giver, GiveBack(request=request), call.by)
    if waits is not None:
        await giving.audit_waiting(tx, call.actor, waits)
        return await order_shapes.whole(tx, call.merchant_id, request.order_id)
    lines = {str(item.line): item.quantity for item in request.lines}
    amounts = {str(item.line): item.amount for item in request.less}
    facts = {
        "refund_id": str(request.refund_id),
        "lines": lines,
        "amounts": amounts,
        "freight": request.freight,
        "note": request.note,
    }
    await access.audit(tx, call.actor, "orders.refund", str(request.order_id), facts)
    return await order_shapes.whole(tx, call.merchant_id, request.order_id)


HANDLERS = [list_orders, get_order, ship_order, cancel_order, refund_order]
