"""The cart: what lies in it, by shop, and everything that can be done with it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from steelyard.goods import catalog, inventory, pricing, promotions
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.goods.pricing.model import Price
from steelyard.goods.promotions import Lowered
from steelyard.goods.promotions.model import PLATFORM, Bundle, Cart, CartLine, Offer, OfferState, Reckoning
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.logistics import freight
from steelyard.logistics.freight.model import Shipment
from steelyard.operations.behaviour import Kind
from steelyard.parties import customers, operator
from steelyard.parties.customers.model import Address, BuyerId, Contact
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.opening import open_for
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.storefront.typed import number, said, uuid_of
from steelyard.surfaces.storefront.words import problem_words
from steelyard.surfaces.web import footfall, lowered, offers
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import cart, checkout, favourites
from steelyard.trade.cart.model import LINES_PER_CART_MAX, CartView, LineProblem
from steelyard.trade.checkout.model import CheckoutId, Line, Problem

Form = Mapping[str, Any]


class Freight(msgspec.Struct, frozen=True, kw_only=True):
    """What sending a shop's selected goods costs at least, and how much more of them would go free (none: never)."""

    fee: int
    currency: str
    missing: int | None


class CartPage(msgspec.Struct, frozen=True, kw_only=True):
    """`removed` was taken out just now and can be put back; `ending` are coupons of the buyer that end soon; `limits`
    say, by line, which limit of the shop or of a flash sale a checkout would tell of; `lows`, by SKU, what shops have lowered
    for everybody."""

    shell: Shell
    cart: CartView
    removed: SkuCard | None
    removed_quantity: int
    freight: dict[MerchantId, Freight]
    reckoning: Reckoning | None = None
    ending: Sequence[Offer] = ()
    limits: Mapping[str, Problem] = {}
    lows: Mapping[UUID, Lowered] = {}

    @property
    def off(self) -> int:
        """What is taken off the goods; delivery is told at the checkout."""
        return sum(part.off for part in self.reckoning.lines) if self.reckoning else 0

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
    view = await cart.view(read, buyer_id)
    sending = await _freight(read, buyer_id, view)
    running = await promotions.running(read, {line.merchant_id for line in view.lines if line.card is not None})
    reckoning, ending, flash = await _reckoning(read, buyer_id, view, sending, running)
    wanted = [
        checkout.Wanted(line_id=str(line.sku_id), card=line.card, quantity=line.quantity)
        for line in view.chosen
        if line.card is not None
    ]
    (limits,) = await checkout.limits_told(read, [(buyer_id, wanted)])
    return CartPage(
        shell=await shell(read, buyer_id),
        cart=view,
        freight=sending,
        reckoning=reckoning,
        ending=ending,
        limits={problem.line_id: problem for problem in [*flash, *limits] if problem.line_id is not None},
        lows=await lowered.of_cart(read, view, running),
        removed=cards.get(SkuId(removed)) if removed else None,
        removed_quantity=quantity,
    )


async def _reckoning(
    read: Read,
    buyer_id: BuyerId,
    view: CartView,
    sending: Mapping[MerchantId, Freight],
    every: Mapping[UUID, Sequence[Offer]],
) -> tuple[Reckoning | None, Sequence[Offer], Sequence[Problem]]:
    """What the offers of the shops take off the goods that are selected, and off the cheapest way of sending them, so that
    what counts here counts at the checkout; of which of their coupons the buyer should hear that they end soon, and what flash
    sales have to say."""
    chosen = [line for line in view.chosen if line.card is not None and line.price is not None]
    shops = {PLATFORM, *(line.merchant_id for line in chosen)}
    running = {merchant_id: offers_of_shop for merchant_id, offers_of_shop in every.items() if merchant_id in shops}
    if not running or len({line.currency for line in chosen}) != 1:
        return None, (), ()
    offered = [offer for offers_of_shop in running.values() for offer in offers_of_shop]
    held = await promotions.held_by(read, [buyer_id], offered)
    someone = checkout.Someone(buyer_id=buyer_id, contact=Contact())
    at, mine = datetime.now(UTC), frozenset(held.get(buyer_id, ()))
    goods = Cart(
        currency=chosen[0].currency,
        at=at,
        lines=[
            CartLine(
                line_id=str(line.sku_id),
                sku_id=line.sku_id,
                product_id=line.card.product_id,
                merchant_id=line.merchant_id,
                categories=line.card.category_path,
                unit_price=line.price,
                quantity=line.quantity,
            )
            for line in chosen
            if line.card is not None and line.price is not None
        ],
        freight={line.merchant_id: sending[line.merchant_id].fee for line in chosen if line.merchant_id in sending},
        buyer=(await checkout.considered(read, [someone], [[]], held, running)).buyers[0],
    )
    shelf = await checkout.gift_shelf(read, offered, at)
    left = checkout.gifts_left(shelf, ((line.sku_id, line.quantity) for line in goods.lines))
    soon = at + promotions.ENDS_SOON
    ending = [each for each in offered if each.promotion_id in mine and each.starts_at <= at and each.ends_at < soon]
    found = promotions.reckon_offers(goods, offered, left)
    flash = await checkout.flashes_told(read, goods, offered, found, buyer_id)
    return found, sorted(ending, key=lambda each: each.ends_at), flash


async def _freight(read: Read, buyer_id: BuyerId, view: CartView) -> dict[MerchantId, Freight]:
    """The cheapest way for each shop, to the default address, or within the house's own country."""
    book = await customers.addresses(read, buyer_id)
    house = await operator.profile(read)
    to = book[0].address if book else Address(country=house.country if house else "")
    shipments: list[Shipment] = []
    for group in view.groups:
        chosen = [line for line in group.lines if line.selected and line.buyable and line.card is not None]
        if chosen and len({line.currency for line in chosen}) == 1:
            shipments.append(
                Shipment(
                    merchant_id=group.shop.merchant_id,
                    pieces=sum(line.quantity for line in chosen),
                    weight_grams=sum(line.quantity * line.card.weight_grams for line in chosen if line.card),
                    goods_amount=sum(line.amount for line in chosen),
                    currency=chosen[0].currency,
                )
            )
    offered = await freight.options(read, shipments, to) if to.country else {}
    goods = {shipment.merchant_id: shipment.goods_amount for shipment in shipments}
    return {
        merchant_id: Freight(
            fee=options[0].fee,
            currency=options[0].currency,
            missing=max(0, options[0].free_over - goods[merchant_id]) if options[0].free_over is not None else None,
        )
        for merchant_id, options in offered.items()
        if options
    }


@get("/cart")
async def cart_shown(visit: NamedDependency[Visit]) -> Response[str]:
    """The cart. Prices and stock are of this moment, and what moved is said."""
    given = visit.connection.query_params
    view = await visit.db.ask(cart_page, visit.buyer_id, uuid_of(given.get("removed")), number(given.get("pieces"), 1))
    why = offers.why(visit, view.reckoning)
    return await show(
        visit,
        "cart.html",
        view.shell,
        view=view,
        why=why,
        ending=offers.told(visit, view.ending),
        limits={key: visit.say(problem_words(each), **each.facts) for key, each in view.limits.items()},
        checkout_id=ids.mint(),
    )


@post("/cart/quantity")
async def set_quantity(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """So many pieces of a line; none takes it out."""
    sku_id, quantity = uuid_of(data.get("sku_id")), number(data.get("quantity"), -1)
    if sku_id is None or quantity < 0:
        return redirect(visit, "/cart", (visit.say(N_("A quantity is a whole number.")), "bad"))
    await visit.db.transact(cart.set_quantity, visit.buyer_id, SkuId(sku_id), quantity)
    if not quantity:
        footfall.tell(visit, Kind.CART, action="remove", sku=str(sku_id))
    return redirect(visit, f"/cart#line-{sku_id}")


@post("/cart/select")
async def select(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """Mark lines (one, a shop's, or all) to be bought now, or to wait; with a currency, all others wait."""
    await visit.db.transact(_select, visit.buyer_id, data)
    return redirect(visit, "/cart")


async def _select(tx: Tx, buyer_id: BuyerId, data: Form) -> None:
    line, shop = uuid_of(data.get("sku_id")), uuid_of(data.get("merchant_id"))
    if currency := said(data, "currency"):
        others = [SkuId(each.sku_id) for each in (await cart.view(tx, buyer_id)).lines if each.currency != currency]
        await cart.select(tx, buyer_id, others, False)
        return
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
    footfall.tell(visit, Kind.CART, action="remove", sku=str(sku_id))
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
    footfall.tell(visit, Kind.CART, action="add", sku=str(sku_id))
    return redirect(visit, "/cart", (visit.say(N_("It is back in your cart.")), "good"))


@post("/cart/set")
async def put_set(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """What a shop sells together at one price, once more of each."""
    merchant_id, promotion_id = uuid_of(data.get("merchant_id")), uuid_of(data.get("promotion_id"))
    if merchant_id is None or promotion_id is None:
        raise NotFound()
    try:
        await visit.db.transact(_put_set, visit.buyer_id, merchant_id, promotion_id)
    except NotFound:
        raise
    except Refusal as refusal:
        return redirect(visit, "/cart", (visit.refused(refusal), "bad"))
    return redirect(visit, "/cart", (visit.say(N_("The set is in your cart.")), "good"))


async def _put_set(tx: Tx, buyer_id: BuyerId, merchant_id: UUID, promotion_id: UUID) -> None:
    """All of it or none. Raises `NotFound` for what is not sold together, and what `cart.put` raises."""
    offer = await promotions.get(tx, merchant_id, promotion_id)
    if offer is None or not isinstance(offer.rule, Bundle) or offer.state(datetime.now(UTC)) is not OfferState.RUNNING:
        raise NotFound()
    for sku_id, count in offer.rule.parts.items():
        await cart.put(tx, buyer_id, sku_id, count)


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
        Line(
            line_id=str(place),
            sku_id=line.sku_id,
            quantity=line.quantity,
            seen_price=line.seen_price,
            source=line.source,
        )
        for place, line in enumerate(view.chosen[:LINES_PER_CART_MAX], start=1)
    ]
    if not lines:
        return redirect(visit, "/cart", (visit.say(N_("Please select something that can be bought.")), "bad"))
    checkout_id = CheckoutId(uuid_of(data.get("checkout_id")) or ids.mint())
    return await open_for(visit, checkout_id, lines, from_cart=True)


class OptionPage(msgspec.Struct, frozen=True, kw_only=True):
    """The variants of a line's product: each with its card, its price and what is free of it."""

    shell: Shell
    card: SkuCard
    quantity: int
    variants: Sequence[tuple[SkuCard, Price | None, int]]


async def option_page(read: Read, buyer_id: BuyerId, sku_id: SkuId) -> OptionPage:
    """Raises `NotFound` for a line that is not in the cart."""
    line = next((each for each in (await cart.view(read, buyer_id)).lines if each.sku_id == sku_id), None)
    if line is None or line.card is None:
        raise NotFound()
    sku_ids = [sku.sku_id for sku in await catalog.skus_of(read, line.card.product_id) if sku.active]
    cards = await catalog.cards(read, sku_ids)
    prices = await pricing.current_at_home(read, sku_ids)
    free = await inventory.available(read, sku_ids)
    return OptionPage(
        shell=await shell(read, buyer_id),
        card=line.card,
        quantity=line.quantity,
        variants=[(cards[each], prices.get(each), free[each]) for each in sku_ids if each in cards],
    )


@get("/cart/lines/{sku_id:uuid}/option")
async def option(visit: NamedDependency[Visit], sku_id: FromPath[UUID]) -> Response[str]:
    """Which variant it is to be."""
    page = await visit.db.ask(option_page, visit.buyer_id, SkuId(sku_id))
    crumbs = [Crumb(visit.say(N_("Cart")), "/cart"), Crumb(visit.say(N_("Another option")))]
    return await show(visit, "cart_option.html", page.shell, crumbs=crumbs, view=page)


@post("/cart/lines/{sku_id:uuid}/option")
async def change_option(
    visit: NamedDependency[Visit], sku_id: FromPath[UUID], data: URLEncodedBody[dict[str, Any]]
) -> Redirect:
    """Take another variant instead."""
    other = uuid_of(data.get("option"))
    if other is None:
        return redirect(visit, "/cart", (visit.say(N_("Please choose one of the options.")), "bad"))
    try:
        await visit.db.transact(cart.exchange, visit.buyer_id, SkuId(sku_id), SkuId(other))
    except Refusal as refusal:
        return redirect(visit, "/cart", (visit.refused(refusal), "bad"))
    return redirect(visit, f"/cart#line-{other}")


@post("/cart/favourite")
async def keep_instead(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """Keep a line's product in mind instead of in the cart."""
    sku_id = uuid_of(data.get("sku_id"))
    if sku_id is None:
        return redirect(visit, "/cart")
    try:
        await visit.db.transact(_keep_instead, visit.buyer_id, SkuId(sku_id))
    except Refusal as refusal:
        return redirect(visit, "/cart", (visit.refused(refusal), "bad"))
    footfall.tell(visit, Kind.FAVOURITE, action="add", sku=str(sku_id))
    footfall.tell(visit, Kind.CART, action="remove", sku=str(sku_id))
    return redirect(visit, "/cart", (visit.say(N_("It is among your favourites now.")), "good"))


async def _keep_instead(tx: Tx, buyer_id: BuyerId, sku_id: SkuId) -> None:
    card = (await catalog.cards(tx, [sku_id])).get(sku_id)
    if card is not None:
        await favourites.keep_product(tx, buyer_id, card.product_id)
    await cart.remove(tx, buyer_id, [sku_id])
