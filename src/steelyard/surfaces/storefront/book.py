"""A buyer's address book: all addresses, the form of one, and back to the checkout that it was opened from."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
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
from steelyard.surfaces.storefront.me import ACCOUNT, buyer_of
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.storefront.till import use_address
from steelyard.surfaces.storefront.typed import said
from steelyard.surfaces.web import refusals
from steelyard.surfaces.web.pages import local_path, redirect
from steelyard.surfaces.web.visit import Visit
from steelyard.trade.checkout.model import CheckoutId

BOOK = "/account/addresses"
_CHECKOUT = re.compile(r"/checkout/(?P<id>[0-9a-f-]{36})")


class BookPage(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    book: Sequence[SavedAddress]


async def book_page(read: Read, buyer_id: BuyerId) -> BookPage:
    return BookPage(shell=await shell(read, buyer_id), book=await customers.addresses(read, buyer_id))


@get(BOOK)
async def address_book(visit: NamedDependency[Visit]) -> Response[str]:
    """All addresses, the default first, and a form for another."""
    _, buyer_id = buyer_of(visit)
    page = await visit.db.ask(book_page, buyer_id)
    back = local_path(visit.connection.query_params.get("return_to"), "")
    await known_places()
    return await _book(visit, page, form_of(Address(country="CN")), ids.mint(), back=back)


@get(BOOK + "/{address_id:uuid}")
async def edit_address(visit: NamedDependency[Visit], address_id: FromPath[UUID]) -> Response[str]:
    """The form with one of the addresses in it."""
    _, buyer_id = buyer_of(visit)
    page = await visit.db.ask(book_page, buyer_id)
    found = next((each for each in page.book if each.address_id == address_id), None)
    if found is None:
        raise NotFound()
    back = local_path(visit.connection.query_params.get("return_to"), "")
    await known_places()
    return await _book(visit, page, form_of(found.address), address_id, editing=True, back=back)


@post(BOOK + "/{address_id:uuid}")
async def save_address(
    visit: NamedDependency[Visit], address_id: FromPath[UUID], data: URLEncodedBody[dict[str, Any]]
) -> Response[str] | Redirect:
    """Put an address into the book, or change it: its id is the form's, so a second click is the same address."""
    _, buyer_id = buyer_of(visit)
    await known_places()
    back = local_path(said(data, "return_to"), "")
    form = recognised(data) if said(data, "then") == "parse" else form_of(read_address(data))
    wrong: dict[str, str] = {}
    if said(data, "then") not in ("parse", "fields"):
        wrong = {name: visit.say(message) for name, message in missing(form.address).items()}
        if not wrong:
            try:
                await visit.db.transact(_save, buyer_id, AddressId(address_id), form.address, data, back)
                return redirect(visit, back or BOOK, (visit.say(N_("The address is saved.")), "good"))
            except Invalid as refusal:
                wrong = {"name": refusals.sentence_of(refusal, visit.locale)}
    page = await visit.db.ask(book_page, buyer_id)
    return await _book(visit, page, form, address_id, wrong, editing=True, back=back)


async def _save(
    tx: Tx, buyer_id: BuyerId, address_id: AddressId, address: Address, data: Mapping[str, Any], back: str
) -> None:
    """Keep it, and send the checkout there from which the form was opened."""
    await customers.save_address(tx, buyer_id, address_id, address, is_default=said(data, "is_default") == "yes")
    checkout_page = _CHECKOUT.fullmatch(back)
    if checkout_page:
        await use_address(tx, CheckoutId(UUID(checkout_page["id"])), [buyer_id], address)


@post(BOOK + "/{address_id:uuid}/default")
async def make_default(visit: NamedDependency[Visit], address_id: FromPath[UUID]) -> Redirect:
    """Offer this address first."""
    _, buyer_id = buyer_of(visit)
    await visit.db.transact(_make_default, buyer_id, AddressId(address_id))
    return redirect(visit, BOOK, (visit.say(N_("This is your default address now.")), "good"))


async def _make_default(tx: Tx, buyer_id: BuyerId, address_id: AddressId) -> None:
    found = next((each for each in await customers.addresses(tx, buyer_id) if each.address_id == address_id), None)
    if found is None:
        raise NotFound()
    await customers.save_address(tx, buyer_id, address_id, found.address, is_default=True)


@post(BOOK + "/{address_id:uuid}/remove")
async def remove_address(visit: NamedDependency[Visit], address_id: FromPath[UUID]) -> Redirect:
    """Take an address out of the book."""
    _, buyer_id = buyer_of(visit)
    await visit.db.transact(customers.remove_address, buyer_id, AddressId(address_id))
    return redirect(visit, BOOK, (visit.say(N_("The address was deleted.")), "good"))


async def _book(
    visit: Visit,
    page: BookPage,
    form: AddressForm,
    address_id: UUID,
    errors: dict[str, str] | None = None,
    *,
    editing: bool = False,
    back: str = "",
) -> Response[str]:
    return await show(
        visit,
        "address_book.html",
        page.shell,
        crumbs=[Crumb(visit.say(N_("My account")), ACCOUNT), Crumb(visit.say(N_("Address book")))],
        status=422 if errors else 200,
        book=page.book,
        address_id=address_id,
        known=any(each.address_id == address_id for each in page.book),
        editing=editing,
        errors=errors or {},
        back=back,
        **shown_with(form, visit.locale),
    )
