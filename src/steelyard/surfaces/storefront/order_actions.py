"""What a buyer can do with an order: each a form that comes back to the page it was sent from."""

from collections.abc import Awaitable, Mapping
from typing import Any

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from steelyard.goods.catalog.model import SkuId
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.money.payments.model import RefundId
from steelyard.parties.customers.model import BuyerId
from steelyard.surfaces.components.page import Flash, Undo
from steelyard.surfaces.storefront.owning import own_order, own_purchase
from steelyard.surfaces.storefront.typed import number, said, uuid_of
from steelyard.surfaces.web.pages import local_path, redirect
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import aftersales, cart, orders, promises
from steelyard.trade.orders.model import Order, OrderId

Form = Mapping[str, Any]
NOTE_CHARACTERS_MAX = 500


@post("/purchases/{code:str}/cancel")
async def cancel_unpaid(visit: NamedDependency[Visit], code: FromPath[str]) -> Redirect:
    """Drop a purchase that is not paid."""
    purchase = await own_purchase(visit, code)
    return await _do(
        visit,
        f"/purchases/{purchase.code}",
        N_("The purchase was cancelled."),
        visit.db.transact(orders.cancel_purchase, purchase.purchase_id, "buyer", visit.by),
    )


@post("/purchases/{code:str}/give-up")
async def give_up_booking(visit: NamedDependency[Visit], code: FromPath[str]) -> Redirect:
    """Step back from a presale of which the deposit is paid: it is given up, or goes back, as the presale says."""
    purchase = await own_purchase(visit, code)
    return await _do(
        visit,
        f"/purchases/{purchase.code}",
        N_("The booking is cancelled."),
        visit.db.transact(orders.cancel_purchase, purchase.purchase_id, "buyer", visit.by, deposit_too=True),
    )


@post("/orders/{code:str}/cancel")
async def cancel_paid(
    visit: NamedDependency[Visit], code: FromPath[str], data: URLEncodedBody[dict[str, Any]]
) -> Redirect:
    """Call off a paid order that nobody packs yet: all its money goes back."""
    order = await own_order(visit, code)
    refund_id = RefundId(uuid_of(data.get("refund_id")) or ids.mint())
    return await _do(
        visit,
        await _back(visit, order, data),
        N_("The order was cancelled. What you have paid for it is on its way back."),
        visit.db.transact(aftersales.cancel_for_buyer, order.merchant_id, order.order_id, refund_id, visit.by),
    )


@post("/orders/{code:str}/ask-to-cancel")
async def ask_to_cancel(
    visit: NamedDependency[Visit], code: FromPath[str], data: URLEncodedBody[dict[str, Any]]
) -> Redirect:
    """Ask the shop to call off what it is packing."""
    order = await own_order(visit, code)
    note = str(data.get("note", "")).replace("\x00", "").strip()[:NOTE_CHARACTERS_MAX]
    return await _do(
        visit,
        await _back(visit, order, data),
        N_("The shop has been asked. Without an answer within a day the order is cancelled."),
        visit.db.transact(
            aftersales.ask_to_cancel,
            order.merchant_id,
            order.order_id,
            RefundId(uuid_of(data.get("refund_id")) or ids.mint()),
            said(data, "reason"),
            note,
            visit.by,
        ),
    )


@post("/orders/{code:str}/remind")
async def remind(visit: NamedDependency[Visit], code: FromPath[str], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """Ask the shop to hurry, once a day."""
    order = await own_order(visit, code)
    return await _do(
        visit,
        await _back(visit, order, data),
        N_("The shop has been reminded to send your order."),
        visit.db.transact(orders.remind, order.merchant_id, order.order_id, visit.by),
    )


@post("/orders/{code:str}/receive")
async def receive(visit: NamedDependency[Visit], code: FromPath[str], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """The goods are here: the shop gets its money."""
    order = await own_order(visit, code)
    return await _do(
        visit,
        await _back(visit, order, data),
        N_("Thank you. The shop gets its money now."),
        visit.db.transact(orders.confirm_receipt, order.merchant_id, order.order_id, visit.by),
    )


@post("/orders/{code:str}/extend")
async def extend(visit: NamedDependency[Visit], code: FromPath[str], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """More time before receipt counts as confirmed, once."""
    order = await own_order(visit, code)
    return await _do(
        visit,
        await _back(visit, order, data),
        N_("You have more time now to receive the order."),
        visit.db.transact(orders.extend_receipt, order.merchant_id, order.order_id, visit.by),
    )


@post("/orders/{code:str}/protect")
async def protect(visit: NamedDependency[Visit], code: FromPath[str], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """Get back what a line has become cheaper by."""
    order = await own_order(visit, code)
    return await _do(
        visit,
        await _back(visit, order, data),
        N_("The difference is on its way back to you."),
        visit.db.transact(promises.claim, order.merchant_id, order.order_id, number(data.get("line"), 0), visit.by),
    )


@post("/orders/{code:str}/hide")
async def hide(visit: NamedDependency[Visit], code: FromPath[str]) -> Redirect:
    """Take an ended order off the list; the message takes it back."""
    order = await own_order(visit, code)
    try:
        await visit.db.transact(orders.hide, order.merchant_id, order.order_id, visit.by)
    except Refusal as refusal:
        return redirect(visit, "/orders", (visit.refused(refusal), "bad"))
    words = visit.say(N_("The order is off your list. Its number still finds it."))
    return redirect(visit, "/orders", Flash(words, undo=Undo(visit.say(N_("Undo")), f"/orders/{order.code}/show")))


@post("/orders/{code:str}/show")
async def show_again(visit: NamedDependency[Visit], code: FromPath[str]) -> Redirect:
    """Put an order back on the list."""
    order = await own_order(visit, code)
    return await _do(
        visit,
        f"/orders/{order.code}",
        N_("The order is back on your list."),
        visit.db.transact(orders.show_again, order.merchant_id, order.order_id, visit.by),
    )


@post("/orders/{code:str}/again")
async def buy_again(visit: NamedDependency[Visit], code: FromPath[str]) -> Redirect:
    """Put the goods of an order into the cart once more, as far as they are still sold."""
    order = await own_order(visit, code)
    put, left_out = await visit.db.transact(_put_again, visit.buyer_id, order.order_id)
    if not put:
        path = f"/orders/{order.code}"
        return redirect(visit, path, (visit.say(N_("None of these goods is for sale any more.")), "bad"))
    if left_out:
        return redirect(visit, "/cart", (visit.say(N_("What is still for sale is in your cart.")), "warn"))
    return redirect(visit, "/cart", (visit.say(N_("Everything is in your cart.")), "good"))


async def _put_again(tx: Tx, buyer_id: BuyerId, order_id: OrderId) -> tuple[int, int]:
    put = left_out = 0
    for line in (each for each in (await orders.lines_of(tx, [order_id]))[order_id] if each.gift is None):
        try:
            await cart.put(tx, buyer_id, SkuId(line.sku_id), line.quantity)
            put += 1
        except Refusal:
            left_out += 1
    return put, left_out


async def _back(visit: Visit, order: Order, data: Form) -> str:
    """The page the form stood on; without a word of it, the purchase."""
    wanted = local_path(said(data, "back"), "")
    if wanted:
        return wanted
    purchase = await visit.db.ask(orders.purchase, order.purchase_id)
    assert purchase is not None, "an order is part of a purchase"
    return f"/purchases/{purchase.code}#{order.code}"


async def _do(visit: Visit, path: str, done: str, command: Awaitable[object]) -> Redirect:
    """Do it and say so; a refusal is told on the same page."""
    try:
        await command
    except Refusal as refusal:
        return redirect(visit, path, (visit.refused(refusal), "bad"))
    return redirect(visit, path, (visit.say(done), "good"))
