"""The cart: what lies in it, by shop, and everything that can be done with it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties.customers.model import BuyerId
from steelyard.surfaces.storefront.opening import open_for
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.storefront.typed import number, said, uuid_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import cart
from steelyard.trade.cart.model import LINES_PER_CART_MAX, CartView, LineProblem
from steelyard.trade.checkout.model import CheckoutId, Line

Form = Mapping[str, Any]


class CartPage(msgspec.Struct, frozen=True, kw_only=True):
    """`removed` was taken out just now and can be put back."""

    shell: Shell
    cart: CartView
    removed: SkuCard | None
    removed_quantity: int

    @property
    def chosen_pieces(self) -> int:
        return sum(line.quantity for line in self.cart.chosen)

    @property
    def moved(self) -> bool:
        return any(line.problem is LineProblem.PRICE_MOVED for line in self.cart.lines)

    @property
    def invalid(self) -> int:
        return sum(line.problem in (LineProblem.OFF_SHELF, LineProblem.SOLD_OUT) for line in self.cart.lines)


async def cart_page(read: Read, buyer_id: BuyerId, removed: UUID | None, quantity: int) -> CartPage:
    """The cart as it stands now."""
    cards = await catalog.cards(read, [removed]) if removed else {}
    return CartPage(
        shell=await shell(read, buyer_id),
        cart=await cart.view(read, buyer_id),
        removed=cards.get(SkuId(removed)) if removed else None,
        removed_quantity=quantity,
    )


@get("/cart")
async def cart_shown(visit: NamedDependency[Visit]) -> Response[str]:
    """The cart. Prices and stock are of this moment, and what moved is said."""
    given = visit.connection.query_params
    view = await visit.db.ask(cart_page, visit.buyer_id, uuid_of(given.get("removed")), number(given.get("pieces"), 1))
    return await show(visit, "cart.html", view.shell, view=view, checkout_id=ids.mint())


@post("/cart/quantity")
async def set_quantity(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """So many pieces of a line; none takes it out."""
    sku_id, quantity = uuid_of(data.get("sku_id")), number(data.get("quantity"), -1)
    if sku_id is None or quantity < 0:
        return redirect(visit, "/cart", (visit.say(N_("A quantity is a whole number.")), "bad"))
    await visit.db.transact(cart.set_quantity, visit.buyer_id, SkuId(sku_id), quantity)
    return redirect(visit, f"/cart#line-{sku_id}")


@post("/cart/select")
async def select(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """Mark lines (one, a shop's, or all) to be bought now, or to wait."""
    await visit.db.transact(_select, visit.buyer_id, data)
    return redirect(visit, "/cart")


async def _select(tx: Tx, buyer_id: BuyerId, data: Form) -> None:
    line, shop = uuid_of(data.get("sku_id")), uuid_of(data.get("merchant_id"))
    sku_ids: Sequence[SkuId]
    if line is not None:
        sku_ids = [SkuId(line)]
    else:
        lines = (await cart.view(tx, buyer_id)).lines
        sku_ids = [SkuId(each.sku_id) for each in lines if shop is None or each.merchant_id == shop]
    await cart.select(tx, buyer_id, sku_ids, said(data, "selected") == "1")


@post("/cart/remove")
async def remove(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """Take a line out; the page offers to put it back."""
    sku_id = uuid_of(data.get("sku_id"))
    if sku_id is None:
        return redirect(visit, "/cart")
    await visit.db.transact(cart.remove, visit.buyer_id, [sku_id])
    return redirect(visit, f"/cart?removed={sku_id}&pieces={number(data.get('quantity'), 1)}")


@post("/cart/put-back")
async def put_back(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """Undo the removal of a line."""
    sku_id = uuid_of(data.get("sku_id"))
    if sku_id is None:
        return redirect(visit, "/cart")
    try:
        await visit.db.transact(cart.put, visit.buyer_id, SkuId(sku_id), max(1, number(data.get("quantity"), 1)))
    except Refusal as refusal:
        return redirect(visit, "/cart", (visit.refused(refusal), "bad"))
    return redirect(visit, "/cart", (visit.say(N_("It is back in your cart.")), "good"))


@post("/cart/clear-invalid")
async def clear_invalid(visit: NamedDependency[Visit]) -> Redirect:
    """Take out everything that can no longer be bought."""
    gone = await visit.db.transact(_clear_invalid, visit.buyer_id)
    message = visit.say(N_("{count} items were taken out."), count=gone)
    return redirect(visit, "/cart", (message, "good"))


async def _clear_invalid(tx: Tx, buyer_id: BuyerId) -> int:
    lines = (await cart.view(tx, buyer_id)).lines
    gone = [line.sku_id for line in lines if line.problem in (LineProblem.OFF_SHELF, LineProblem.SOLD_OUT)]
    await cart.remove(tx, buyer_id, gone)
    return len(gone)


@post("/cart/prices")
async def accept_prices(visit: NamedDependency[Visit]) -> Redirect:
    """The buyer has read which prices moved."""
    await visit.db.transact(cart.accept_prices, visit.buyer_id)
    return redirect(visit, "/cart")


@post("/cart/checkout")
async def check_out(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """Buy what is selected."""
    view = await visit.db.ask(cart.view, visit.buyer_id)
    lines = [
        Line(line_id=str(place), sku_id=line.sku_id, quantity=line.quantity, seen_price=line.seen_price)
        for place, line in enumerate(view.chosen[:LINES_PER_CART_MAX], start=1)
    ]
    if not lines:
        return redirect(visit, "/cart", (visit.say(N_("Please select something that can be bought.")), "bad"))
    checkout_id = CheckoutId(uuid_of(data.get("checkout_id")) or ids.mint())
    return await open_for(visit, checkout_id, lines, from_cart=True)
