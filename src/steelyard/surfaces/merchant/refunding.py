"""Giving back of an order: pieces, money of a line whose pieces the buyer keeps, freight; the way it came or into the balance."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.money.payments.model import RefundId, RefundRoute
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.orders import whole
from steelyard.surfaces.web import giving
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refusals import fields_of, sentence_of
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import aftersales
from steelyard.trade.aftersales import GiveBack, Giver, WaitingRefund
from steelyard.trade.aftersales.model import AmountTooHigh, Less, Reason, RefundRequest, Returned, paid_for
from steelyard.trade.orders.model import OrderId

NEEDS = {"permission": "orders.refund"}


@get("/orders/{order_id:uuid}/refund", opt=NEEDS)
async def refund_form(visit: NamedDependency[Visit], order_id: FromPath[UUID]) -> Response[Any]:
    """What can be given back of an order. The form carries the id of the refund that it would make, so that a second click
    makes nothing more."""
    return await _page(visit, order_id, Entries({}, {}))


async def _page(visit: Visit, order_id: UUID, form: Entries, refusal: Refusal | None = None) -> Response[Any]:
    found = await visit.merchant_db.ask(whole, visit.merchant_id, OrderId(order_id))
    errors: Mapping[str, str] = fields_of(refusal, visit.locale) if refusal else {}
    if isinstance(refusal, AmountTooHigh):
        errors = {f"amount_{refusal.facts['line']}": sentence_of(refusal, visit.locale)}
    return await frame.show(
        visit,
        "order_refund.html",
        frame.ORDERS,
        crumbs=[
            (visit.say(N_("Orders")), frame.ORDERS),
            (found.order.code, f"{frame.ORDERS}/{order_id}"),
            (visit.say(N_("Refund")), None),
        ],
        status=refusal.status if refusal else 200,
        found=found,
        order=found.order,
        left={line.line: paid_for(line) - line.refunded for line in found.lines},
        form=form,
        errors=errors,
        refusal=sentence_of(refusal, visit.locale) if refusal and not errors else "",
        refund_id=form.text("refund_id") or ids.mint(),
        balance=await visit.db.ask(giving.balance_open, found.order.buyer_id),
        here=f"{frame.ORDERS}/{order_id}",
    )


def _wanted(form: Entries, visit: Visit, order_id: UUID, currency: str) -> RefundRequest:
    """Raises `Invalid`."""
    pieces = [(int(name), form.number(f"line_{name}", otherwise=0)) for name in form.names("line_") if name.isdecimal()]
    amounts = [
        (int(name), form.money(f"amount_{name}", currency, required=False) or 0)
        for name in form.names("amount_")
        if name.isdecimal()
    ]
    balance = form.text("route") == RefundRoute.BALANCE
    if balance and not form.flag("agreed"):
        form.refuse("agreed", N_("The buyer has a right to the way they paid: please ask first."))
    made = RefundRequest(
        refund_id=RefundId(form.uuid("refund_id")),
        merchant_id=visit.merchant_id,
        order_id=OrderId(order_id),
        lines=[Returned(line, count) for line, count in pieces if count],
        less=[Less(line, amount) for line, amount in amounts if amount],
        freight=form.money("freight", currency, required=False) or 0,
        reason=Reason.RETURNED if form.flag("restock") else Reason.GOODWILL,
        note=form.text("note", most=500),
        restock=form.flag("restock"),
        route=RefundRoute.BALANCE if balance else RefundRoute.ORIGIN,
    )
    form.check()
    return made


async def refund(tx: Tx, actor: Actor, giver: Giver, request: RefundRequest, by: str) -> WaitingRefund | None:
    waits = await aftersales.give(tx, giver, GiveBack(request=request), by)
    if waits is not None:
        await giving.audit_waiting(tx, actor, waits)
        return waits
    facts = {
        "refund_id": str(request.refund_id),
        "lines": {str(item.line): item.quantity for item in request.lines},
        "amounts": {str(item.line): item.amount for item in request.less},
        "freight": request.freight,
        "route": request.route,
        "note": request.note,
    }
    await access.audit(tx, actor, "orders.refund", str(request.order_id), facts)
    return None


@post("/orders/{order_id:uuid}/refund", opt=NEEDS)
async def refund_order(
    visit: NamedDependency[Visit], request: WebRequest, order_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Give back some pieces, some money of lines, some freight."""
    form = await entries_of(request)
    found = await visit.merchant_db.ask(whole, visit.merchant_id, OrderId(order_id))
    who = await giving.giver(visit)
    try:
        wanted = _wanted(form, visit, order_id, found.order.currency)
        if wanted.route is RefundRoute.BALANCE and not await visit.db.ask(giving.balance_open, found.order.buyer_id):
            raise NotFound()
        waits = await visit.merchant_db.transact(refund, visit.actor, who, wanted, visit.by)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(visit, order_id, form, refusal)
    told = giving.outcome(visit, waits, N_("The money is on its way back to the buyer."))
    return redirect(visit, f"{frame.ORDERS}/{order_id}", told)


HANDLERS = [refund_form, refund_order]
