"""/api/v1/orders: a merchant's orders, and what it does with them."""

from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.paging import Page
from steelyard.logistics import parcels
from steelyard.logistics.fulfilment.model import Dispatch, Packed
from steelyard.logistics.parcels.model import ParcelId
from steelyard.money.payments.model import RefundId
from steelyard.parties import access
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.api.v1.callers import Caller, once
from steelyard.surfaces.api.v1.shapes import CancelRequest, OrderDetail, RefundAsk, ShipRequest
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales.model import Reason, RefundRequest, Returned
from steelyard.trade.orders.model import Order, OrderId, OrderState


@get("/orders", opt={"permission": "orders.read"})
async def list_orders(
    caller: NamedDependency[Caller],
    in_state: Annotated[OrderState | None, QueryParameter(name="state")] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> Page[Order]:
    """Orders, the newest first, a page at a time: `next` is the cursor of what follows."""
    return await caller.db.ask(
        orders.orders_of_merchant, caller.merchant_id, states=[in_state] if in_state else [], cursor=cursor, limit=limit
    )


@get("/orders/{order_id:uuid}", opt={"permission": "orders.read"})
async def get_order(caller: NamedDependency[Caller], order_id: FromPath[UUID]) -> OrderDetail:
    """One order with lines, parcels and refunds."""
    return await caller.db.ask(whole, caller.merchant_id, OrderId(order_id))


async def whole(read: Read, merchant_id: MerchantId, order_id: OrderId) -> OrderDetail:
    """Raises `NotFound`."""
    order = await orders.order(read, merchant_id, order_id)
    if order is None:
        raise NotFound()
    return OrderDetail(
        order=order,
        lines=(await orders.lines_of(read, [order_id]))[order_id],
        parcels=(await parcels.of_orders(read, [order_id]))[order_id],
        refunds=(await aftersales.of_orders(read, [order_id]))[order_id],
    )


@post("/orders/{order_id:uuid}/ship", opt={"permission": "orders.ship"}, status_code=200)
async def ship_order(
    caller: NamedDependency[Caller], order_id: FromPath[UUID], data: JSONBody[ShipRequest]
) -> Response[OrderDetail]:
    """Send a parcel, with all that is left of the order or with some of it."""

    async def work(operation_id: UUID) -> OrderDetail:
        dispatch = Dispatch(
            merchant_id=caller.merchant_id,
            order_id=order_id,
            parcel_id=ParcelId(ids.derived(operation_id, "parcel")),
            carrier=data.carrier,
            number=data.number,
            lines=None if data.lines is None else [Packed(item.line, item.quantity) for item in data.lines],
        )
        await caller.db.transact(_ship, caller, dispatch)
        return await caller.db.ask(whole, caller.merchant_id, OrderId(order_id))

    return await once(caller, OrderDetail, work, 200)


async def _ship(tx: Tx, caller: Caller, dispatch: Dispatch) -> None:
    order = await orders.ship(tx, dispatch, caller.by)
    facts = {"carrier": dispatch.carrier, "number": dispatch.number}
    await access.audit(tx, caller.actor, "orders.ship", order.code, facts)


@post("/orders/{order_id:uuid}/cancel", opt={"permission": "orders.cancel"}, status_code=200)
async def cancel_order(
    caller: NamedDependency[Caller], order_id: FromPath[UUID], data: JSONBody[CancelRequest]
) -> Response[OrderDetail]:
    """Call off a paid order of which nothing has been sent; all of its money goes back."""

    async def work(operation_id: UUID) -> OrderDetail:
        refund_id = RefundId(ids.derived(operation_id, "refund"))
        await caller.db.transact(_cancel, caller, OrderId(order_id), refund_id, data.reason)
        return await caller.db.ask(whole, caller.merchant_id, OrderId(order_id))

    return await once(caller, OrderDetail, work, 200)


async def _cancel(tx: Tx, caller: Caller, order_id: OrderId, refund_id: RefundId, reason: str) -> None:
    await aftersales.cancel(tx, caller.merchant_id, order_id, refund_id, reason, caller.by)
    await access.audit(tx, caller.actor, "orders.cancel", str(order_id), {"reason": reason})


@post("/orders/{order_id:uuid}/refunds", opt={"permission": "orders.refund"}, status_code=201)
async def refund_order(
    caller: NamedDependency[Caller], order_id: FromPath[UUID], data: JSONBody[RefundAsk]
) -> Response[OrderDetail]:
    """Give back some pieces of an order, or some of what was paid for its delivery."""

    async def work(operation_id: UUID) -> OrderDetail:
        request = RefundRequest(
            refund_id=RefundId(ids.derived(operation_id, "refund")),
            merchant_id=caller.merchant_id,
            order_id=OrderId(order_id),
            lines=[Returned(item.line, item.quantity) for item in data.lines],
            freight=data.freight,
            reason=Reason.RETURNED if data.restock else Reason.GOODWILL,
            note=data.note,
            restock=data.restock,
        )
        await caller.db.transact(_refund, caller, request)
        return await caller.db.ask(whole, caller.merchant_id, OrderId(order_id))

    return await once(caller, OrderDetail, work, 201)


async def _refund(tx: Tx, caller: Caller, request: RefundRequest) -> None:
    await aftersales.refund(tx, request, caller.by)
    lines = {str(item.line): item.quantity for item in request.lines}
    facts = {"refund_id": str(request.refund_id), "lines": lines, "freight": request.freight, "note": request.note}
    await access.audit(tx, caller.actor, "orders.refund", str(request.order_id), facts)


handlers = [list_orders, get_order, ship_order, cancel_order, refund_order]
