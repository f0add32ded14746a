"""Sending an order elsewhere before it is packed: the form, with the address book, and what it costs."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from babel.numbers import format_currency
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from steelyard.kernel.db import Read
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_, babel_locale
from steelyard.kernel.money import Money
from steelyard.parties import customers
from steelyard.parties.customers.model import Address, AddressId, BuyerId, SavedAddress
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.addresses import (
    AddressForm,
    form_of,
    known_places,
    missing,
    read_address,
    recognised,
    shown_with,
)
from steelyard.surfaces.storefront.owning import own_order
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.storefront.typed import said, uuid_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales import Action
from steelyard.trade.orders.model import AddressCostsMore, Order


class ReaddressPage(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    book: Sequence[SavedAddress]
    possible: bool


async def readdress_page(read: Read, buyer_id: BuyerId, order: Order) -> ReaddressPage:
    standing = (await aftersales.standing(read, [order]))[order.order_id]
    return ReaddressPage(
        shell=await shell(read, buyer_id),
        book=await customers.addresses(read, buyer_id),
        possible=Action.CHANGE_ADDRESS in aftersales.offered(standing),
    )


@get("/orders/{code:str}/address")
async def address_form(visit: NamedDependency[Visit], code: FromPath[str]) -> Response[str] | Redirect:
    """Where the order goes, to be changed."""
    order = await own_order(visit, code)
    await known_places()
    return await _form(visit, order, form_of(order.address), {})


@post("/orders/{code:str}/address")
async def change_address(
    visit: NamedDependency[Visit], code: FromPath[str], data: URLEncodedBody[dict[str, Any]]
) -> Response[str] | Redirect:
    """Send it there instead; with `then` the form is only shown again, for a pasted text or another country."""
    order = await own_order(visit, code)
    await known_places()
    if said(data, "then") == "parse":
        return await _form(visit, order, recognised(data), {})
    address = await _chosen(visit, data)
    if said(data, "then") == "fields":
        return await _form(visit, order, form_of(address), {})
    wrong = missing(address)
    if wrong:
        return await _form(visit, order, form_of(address), wrong)
    try:
        await visit.db.transact(orders.change_address, order.merchant_id, order.order_id, address, visit.by)
    except AddressCostsMore as refusal:
        told = visit.say(
            N_("You paid {paid} for delivery; to that address it is {fee}. Please cancel and order again."),
            paid=_amount(visit, refusal.paid, refusal.currency),
            fee=_amount(visit, refusal.fee, refusal.currency),
        )
        return await _form(visit, order, form_of(address), {}, told)
    except Refusal as refusal:
        return await _form(visit, order, form_of(address), {}, visit.refused(refusal))
    return redirect(visit, f"/orders/{order.code}", (visit.say(N_("The order goes to the new address.")), "good"))


async def _chosen(visit: Visit, data: Mapping[str, Any]) -> Address:
    picked = uuid_of(data.get("book"))
    if picked is not None:
        book = await visit.db.ask(customers.addresses, visit.buyer_id)
        saved = {each.address_id: each.address for each in book}
        if AddressId(picked) in saved:
            return saved[AddressId(picked)]
    return read_address(data)


def _amount(visit: Visit, cents: int, currency: str) -> str:
    money = Money(cents, currency)
    return format_currency(money.decimal(), money.currency, locale=babel_locale(visit.locale))


async def _form(
    visit: Visit, order: Order, form: AddressForm, wrong: Mapping[str, str], refusal: str = ""
) -> Response[str] | Redirect:
    page = await visit.db.ask(readdress_page, visit.buyer_id, order)
    if not page.possible:
        told = visit.say(N_("The address of this order can no longer be changed here."))
        return redirect(visit, f"/orders/{order.code}", (told, "bad"))
    return await show(
        visit,
        "readdress.html",
        page.shell,
        crumbs=[
            Crumb(visit.say(N_("My orders")), "/orders"),
            Crumb(order.code, f"/orders/{order.code}"),
            Crumb(visit.say(N_("Address"))),
        ],
        status=422 if wrong else 409 if refusal else 200,
        order=order,
        book=[saved for saved in page.book if saved.address.country == order.address.country],
        errors={name: visit.say(message) for name, message in wrong.items()},
        refusal=refusal,
        **shown_with(form, visit.locale),
    )
