"""What was bought: the list, a purchase with its orders and parcels, and what the buyer can do with them."""

from collections.abc import Awaitable, Sequence
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from steelyard.goods.catalog.model import SkuId
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.logistics import parcels
from steelyard.logistics.parcels.model import Parcel, Scan
from steelyard.money import payments
from steelyard.money.payments.model import Refund, RefundId
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import ShopCard
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront import words
from steelyard.surfaces.storefront.addresses import lines_of
from steelyard.surfaces.storefront.looking_up import CODE_CHARACTERS_MAX, LookUpForm, form_page
from steelyard.surfaces.storefront.owning import own_order, own_purchase
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.storefront.typed import uuid_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import aftersales, cart, orders
from steelyard.trade.orders.model import (
    Order,
    OrderId,
    OrderLine,
    OrderState,
    Purchase,
    PurchaseId,
    PurchaseState,
    Step,
)

TABS: tuple[tuple[str, str, Sequence[OrderState]], ...] = (
    ("", N_("All"), ()),
    ("to-pay", N_("To pay"), (OrderState.PLACED,)),
    ("to-send", N_("To be sent"), (OrderState.PAID, OrderState.PARTLY_SHIPPED)),
    ("to-receive", N_("To receive"), (OrderState.PARTLY_SHIPPED, OrderState.SHIPPED)),
    ("done", N_("Done"), (OrderState.COMPLETED,)),
    ("cancelled", N_("Cancelled"), (OrderState.CANCELLED,)),
)


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """One merchant's part of a purchase; history, parcels and refunds only on the purchase's own page."""

    order: Order
    shop: ShopCard
    lines: Sequence[OrderLine]
    steps: Sequence[Step] = ()
    parcels: Sequence[tuple[Parcel, Sequence[Scan]]] = ()
    refunds: Sequence[Refund] = ()

    @property
    def cancellable(self) -> bool:
        return self.order.state is OrderState.PAID

    @property
    def receivable(self) -> bool:
        return self.order.state is OrderState.SHIPPED


class PurchaseView(msgspec.Struct, frozen=True, kw_only=True):
    purchase: Purchase
    orders: Sequence[OrderView]

    @property
    def payable(self) -> bool:
        return self.purchase.state is PurchaseState.PLACED

    def sum(self, name: str) -> int:
        """A column of the orders, such as freight, added up."""
        return sum(getattr(each.order, name) for each in self.orders)


class ListPage(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    purchases: Page[PurchaseView]


class PurchasePage(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    view: PurchaseView


async def list_page(
    read: Read, buyer_id: BuyerId, owners: Sequence[BuyerId], states: Sequence[OrderState], after: str | None
) -> ListPage:
    """A page of what these buyers bought, with lines and shops."""
    page = await orders.purchases_of_buyer(read, owners, after, states=states)
    parts = await orders.orders_of_purchases(read, [each.purchase_id for each in page.items])
    flat = [order for part in parts.values() for order in part]
    lines = await orders.lines_of(read, [order.order_id for order in flat])
    shops = await merchants.cards(read, {order.merchant_id for order in flat})
    return ListPage(
        shell=await shell(read, buyer_id),
        purchases=Page(
            [
                PurchaseView(
                    purchase=purchase,
                    orders=[
                        OrderView(order=order, shop=shops[order.merchant_id], lines=lines[order.order_id])
                        for order in parts[purchase.purchase_id]
                    ],
                )
                for purchase in page.items
            ],
            page.next,
        ),
    )


async def purchase_page(read: Read, buyer_id: BuyerId, purchase: Purchase) -> PurchasePage:
    """A purchase with everything that happened to each of its orders."""
    parts = await orders.orders_of_purchase(read, purchase.purchase_id)
    order_ids = [order.order_id for order in parts]
    lines = await orders.lines_of(read, order_ids)
    sent = await parcels.of_orders(read, order_ids)
    shops = await merchants.cards(read, {order.merchant_id for order in parts})
    views = [
        OrderView(
            order=order,
            shop=shops[order.merchant_id],
            lines=lines[order.order_id],
            steps=await orders.history(read, order.merchant_id, order.order_id),
            parcels=[
                (parcel, await parcels.scans(read, parcel.merchant_id, parcel.parcel_id))
                for parcel in sent[order.order_id]
            ],
            refunds=await payments.refunds_of_order(read, order.merchant_id, order.order_id),
        )
        for order in parts
    ]
    return PurchasePage(shell=await shell(read, buyer_id), view=PurchaseView(purchase=purchase, orders=views))


@get("/orders")
async def order_list(visit: NamedDependency[Visit]) -> Response[str]:
    """Everything this buyer, or this visitor, bought; by state."""
    given = visit.connection.query_params
    chosen = next((tab for tab in TABS if tab[0] == given.get("state", "")), TABS[0])
    page = await visit.db.ask(list_page, visit.buyer_id, visit.buyer_ids, chosen[2], given.get("after"))
    return await show(
        visit,
        "orders.html",
        page.shell,
        crumbs=[Crumb(visit.say(N_("My orders")))],
        purchases=page.purchases,
        after=given.get("after", ""),
        tab=chosen[0],
        tabs_shown=TABS,
        words=words,
    )


@get("/purchases/{code:str}")
async def purchase_shown(visit: NamedDependency[Visit], code: FromPath[str]) -> Response[str]:
    """One purchase."""
    try:
        purchase = await own_purchase(visit, code)
    except NotFound:
        # A link out of a mail or from an agent, opened in another browser: who knows the e-mail address comes in.
        return await form_page(visit, LookUpForm(code=code[:CODE_CHARACTERS_MAX]), status=404)
    page = await visit.db.ask(purchase_page, visit.buyer_id, purchase)
    return await show(
        visit,
        "purchase.html",
        page.shell,
        crumbs=[Crumb(visit.say(N_("My orders")), "/orders"), Crumb(purchase.code)],
        view=page.view,
        words=words,
        lines_of=lines_of,
        refund_ids={each.order.order_id: ids.mint() for each in page.view.orders},
        channels=[(name, *words.CHANNELS.get(name, (name, ""))) for name in payments.channels(visit.settings)],
    )


@get("/orders/{code:str}")
async def order_shown(visit: NamedDependency[Visit], code: FromPath[str]) -> Redirect:
    """An order is shown within its purchase."""
    order = await own_order(visit, code)
    purchase = await visit.db.ask(orders.purchase, order.purchase_id)
    if purchase is None:
        raise NotFound()
    return redirect(visit, f"/purchases/{purchase.code}#{order.code}")


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


@post("/orders/{code:str}/cancel")
async def cancel_paid(
    visit: NamedDependency[Visit], code: FromPath[str], data: URLEncodedBody[dict[str, Any]]
) -> Redirect:
    """Call off a paid order of which nothing was sent: all its money goes back."""
    order = await own_order(visit, code)
    refund_id = RefundId(uuid_of(data.get("refund_id")) or ids.mint())
    return await _do(
        visit,
        f"/purchases/{await _code_of(visit, order.purchase_id)}#{order.code}",
        N_("The order was cancelled. Your money is on its way back."),
        visit.db.transact(
            aftersales.cancel, order.merchant_id, order.order_id, refund_id, "cancelled_by_buyer", visit.by
        ),
    )


@post("/orders/{code:str}/receive")
async def receive(visit: NamedDependency[Visit], code: FromPath[str]) -> Redirect:
    """The goods are here: the shop gets its money."""
    order = await own_order(visit, code)
    return await _do(
        visit,
        f"/purchases/{await _code_of(visit, order.purchase_id)}#{order.code}",
        N_("Thank you. The shop gets its money now."),
        visit.db.transact(orders.confirm_receipt, order.merchant_id, order.order_id, visit.by),
    )


@post("/orders/{code:str}/again")
async def buy_again(visit: NamedDependency[Visit], code: FromPath[str]) -> Redirect:
    """Put the goods of an order into the cart once more, as far as they are still sold."""
    order = await own_order(visit, code)
    put, left_out = await visit.db.transact(_put_again, visit.buyer_id, order.order_id)
    if not put:
        path = f"/purchases/{await _code_of(visit, order.purchase_id)}#{order.code}"
        return redirect(visit, path, (visit.say(N_("None of these goods is for sale any more.")), "bad"))
    if left_out:
        return redirect(visit, "/cart", (visit.say(N_("What is still for sale is in your cart.")), "warn"))
    return redirect(visit, "/cart", (visit.say(N_("Everything is in your cart.")), "good"))


async def _put_again(tx: Tx, buyer_id: BuyerId, order_id: OrderId) -> tuple[int, int]:
    put = left_out = 0
    for line in (await orders.lines_of(tx, [order_id]))[order_id]:
        try:
            await cart.put(tx, buyer_id, SkuId(line.sku_id), line.quantity)
            put += 1
        except Refusal:
            left_out += 1
    return put, left_out


async def _code_of(visit: Visit, purchase_id: PurchaseId) -> str:
    purchase = await visit.db.ask(orders.purchase, purchase_id)
    assert purchase is not None, "an order is part of a purchase"
    return purchase.code


async def _do(visit: Visit, path: str, done: str, command: Awaitable[object]) -> Redirect:
    """Do it and say so; a refusal is told on the same page."""
    try:
        await command
    except Refusal as refusal:
        return redirect(visit, path, (visit.refused(refusal), "bad"))
    return redirect(visit, path, (visit.say(done), "good"))
