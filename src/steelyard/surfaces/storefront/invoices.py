"""A buyer's invoices: the titles, what was asked for, and asking for one."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from steelyard.goods.taxes.model import EU
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.parties.customers.model import BuyerId
from steelyard.surfaces.components.page import Crumb, Tone
from steelyard.surfaces.storefront.me import ACCOUNT, buyer_of
from steelyard.surfaces.storefront.owning import own_order
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.storefront.typed import said, uuid_of
from steelyard.surfaces.web import einvoice_views as views
from steelyard.surfaces.web.documents import file_answer
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refusals import fields_of
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import einvoices, invoices
from steelyard.trade.einvoices.model import Document, EInvoice, EInvoiceId
from steelyard.trade.invoices.model import (
    INVOICED_STATES,
    Invoice,
    InvoiceId,
    InvoiceState,
    SavedTitle,
    Title,
    TitleId,
)
from steelyard.trade.orders.model import Order

INVOICES = "/account/invoices"
STATES: dict[InvoiceState, tuple[str, Tone]] = {
    InvoiceState.REQUESTED: (N_("Being issued"), "info"),
    InvoiceState.ISSUED: (N_("Invoice issued"), "good"),
    InvoiceState.REFUSED: (N_("Refused"), "bad"),
    InvoiceState.WITHDRAWN: (N_("Withdrawn"), "quiet"),
    InvoiceState.OUTDATED: (N_("A red letter is due"), "warn"),
    InvoiceState.REVERSED: (N_("Reversed"), "quiet"),
}


class InvoicesPage(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    titles: Sequence[SavedTitle]
    page: Page[Invoice]


class AskPage(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    titles: Sequence[SavedTitle]
    invoices: Sequence[Invoice]
    electronic: Sequence[EInvoice]
    by_itself: bool

    @property
    def open(self) -> Invoice | None:
        """The invoice that is asked for or issued."""
        live = (InvoiceState.REQUESTED, InvoiceState.ISSUED)
        return next((each for each in self.invoices if each.state in live and each.reverses is None), None)


async def invoices_page(read: Read, buyer_id: BuyerId, owners: Sequence[BuyerId], after: str | None) -> InvoicesPage:
    return InvoicesPage(
        shell=await shell(read, buyer_id),
        titles=await invoices.titles(read, buyer_id),
        page=await invoices.invoices_of_buyer(read, owners, after),
    )


async def ask_page(read: Read, buyer_id: BuyerId, order: Order) -> AskPage:
    """What goes to the EU by a shop that is registered there has an e-invoice once it is sent; nobody has to ask for it."""
    of_order = await invoices.invoices_of_orders(read, [(order.merchant_id, order.order_id)])
    return AskPage(
        shell=await shell(read, buyer_id),
        titles=await invoices.titles(read, buyer_id),
        invoices=of_order[order.order_id],
        electronic=await einvoices.of_order(read, order.merchant_id, order.order_id),
        by_itself=order.address.country in EU and await einvoices.seller(read, order.merchant_id) is not None,
    )


def read_title(data: Mapping[str, Any]) -> Title:
    """A title in a form."""
    company = said(data, "kind") == "company"
    number = said(data, "tax_number").upper().replace(" ", "") if company else ""
    return Title(
        company=company,
        name=said(data, "name"),
        tax_number=number,
        special=company and said(data, "special") == "yes",
        address=said(data, "address"),
        phone=said(data, "phone"),
        bank=said(data, "bank"),
        account=said(data, "account"),
    )


@get(INVOICES)
async def invoice_list(visit: NamedDependency[Visit]) -> Response[str]:
    """The titles, and every invoice that was asked for."""
    _, buyer_id = buyer_of(visit)
    return await _list(visit, buyer_id, Title(), {})


@post(INVOICES + "/titles/{title_id:uuid}")
async def save_title(
    visit: NamedDependency[Visit], title_id: FromPath[UUID], data: URLEncodedBody[dict[str, Any]]
) -> Response[str] | Redirect:
    """Keep a title: its id is the form's, so a second click is the same title."""
    _, buyer_id = buyer_of(visit)
    title = read_title(data)
    default = said(data, "is_default") == "yes"
    try:
        await visit.db.transact(invoices.save_title, buyer_id, TitleId(title_id), title, is_default=default)
    except Refusal as refusal:
        return await _list(visit, buyer_id, title, fields_of(refusal, visit.locale), refusal.status)
    return redirect(visit, INVOICES, (visit.say(N_("The invoice title is saved.")), "good"))


@post(INVOICES + "/titles/{title_id:uuid}/remove")
async def remove_title(visit: NamedDependency[Visit], title_id: FromPath[UUID]) -> Redirect:
    """Forget a title."""
    _, buyer_id = buyer_of(visit)
    await visit.db.transact(invoices.remove_title, buyer_id, TitleId(title_id))
    return redirect(visit, INVOICES, (visit.say(N_("The invoice title was deleted.")), "good"))


async def _list(
    visit: Visit, buyer_id: BuyerId, title: Title, errors: dict[str, str], status: int = 200
) -> Response[str]:
    after = visit.connection.query_params.get("after", "")
    page = await visit.db.ask(invoices_page, buyer_id, visit.buyer_ids, after)
    return await show(
        visit,
        "invoices.html",
        page.shell,
        crumbs=[Crumb(visit.say(N_("My account")), ACCOUNT), Crumb(visit.say(N_("My invoices")))],
        status=status,
        view=page,
        states=STATES,
        title=title,
        title_id=ids.mint(),
        errors=errors,
        first_href=INVOICES if after else "",
        next_href=f"{INVOICES}?after={page.page.next}" if page.page.next else "",
    )


@get("/orders/{code:str}/invoice")
async def ask_form(visit: NamedDependency[Visit], code: FromPath[str]) -> Response[str]:
    """What was asked for about this order, and the form to ask."""
    return await _form(visit, await own_order(visit, code), Title(), {})


@post("/orders/{code:str}/invoice")
async def ask(
    visit: NamedDependency[Visit], code: FromPath[str], data: URLEncodedBody[dict[str, Any]]
) -> Response[str] | Redirect:
    """Ask the shop, with a kept title or a new one."""
    order = await own_order(visit, code)
    invoice_id = InvoiceId(uuid_of(data.get("invoice_id")) or ids.mint())
    picked, title = uuid_of(data.get("title")), read_title(data)
    try:
        await visit.db.transact(_ask, visit.buyer_id, order, invoice_id, picked, title, visit.by)
    except Refusal as refusal:
        wrong = fields_of(refusal, visit.locale) or {"": visit.refused(refusal)}
        return await _form(visit, order, title, wrong, refusal.status)
    return redirect(
        visit, f"/orders/{order.code}/invoice", (visit.say(N_("The shop has been asked for an invoice.")), "good")
    )


@post("/orders/{code:str}/invoice/reissue")
async def reissue(
    visit: NamedDependency[Visit], code: FromPath[str], data: URLEncodedBody[dict[str, Any]]
) -> Response[str] | Redirect:
    """Ask for another invoice, with another title, instead of the one that was issued."""
    order = await own_order(visit, code)
    invoice_id, title = InvoiceId(uuid_of(data.get("invoice_id")) or ids.mint()), read_title(data)
    try:
        await visit.db.transact(invoices.reissue, order.merchant_id, order.order_id, invoice_id, title, visit.by)
    except Refusal as refusal:
        wrong = fields_of(refusal, visit.locale) or {"": visit.refused(refusal)}
        return await _form(visit, order, title, wrong, refusal.status)
    return redirect(
        visit, f"/orders/{order.code}/invoice", (visit.say(N_("The shop has been asked for another invoice.")), "good")
    )


async def _ask(
    tx: Tx, buyer_id: BuyerId, order: Order, invoice_id: InvoiceId, picked: UUID | None, title: Title, by: str
) -> None:
    if picked is not None:
        kept = {each.title_id: each.title for each in await invoices.titles(tx, buyer_id)}
        title = kept.get(TitleId(picked), title)
    await invoices.request(tx, order.merchant_id, order.order_id, invoice_id, title, by)


@post("/orders/{code:str}/invoice/withdraw")
async def withdraw(
    visit: NamedDependency[Visit], code: FromPath[str], data: URLEncodedBody[dict[str, Any]]
) -> Redirect:
    """It is not needed any more."""
    order = await own_order(visit, code)
    invoice = await _own(visit, order, uuid_of(data.get("invoice_id")))
    back = f"/orders/{order.code}/invoice"
    try:
        await visit.db.transact(invoices.withdraw, invoice.merchant_id, invoice.invoice_id, visit.by)
    except Refusal as refusal:
        return redirect(visit, back, (visit.refused(refusal), "bad"))
    return redirect(visit, back, (visit.say(N_("The request is withdrawn.")), "good"))


@get("/orders/{code:str}/invoice/{invoice_id:uuid}")
async def download(visit: NamedDependency[Visit], code: FromPath[str], invoice_id: FromPath[UUID]) -> Response[bytes]:
    """The file of an issued invoice."""
    order = await own_order(visit, code)
    invoice = await _own(visit, order, invoice_id)
    found = await visit.db.ask(invoices.document, invoice.merchant_id, invoice.invoice_id)
    if found is None:
        raise NotFound()
    return file_answer(found.content, found.content_type, f"invoice-{order.code}.{found.ending}")


@get("/orders/{code:str}/e-invoices/{einvoice_id:uuid}/invoice.xml")
async def einvoice_xml(
    visit: NamedDependency[Visit], code: FromPath[str], einvoice_id: FromPath[UUID]
) -> Response[bytes]:
    """An e-invoice or credit note of the order, as it was issued."""
    order = await own_order(visit, code)
    found, xml, _ = await visit.db.ask(_electronic, order, EInvoiceId(einvoice_id))
    return views.as_xml(xml, found)


@get("/orders/{code:str}/e-invoices/{einvoice_id:uuid}/invoice.pdf")
async def einvoice_pdf(
    visit: NamedDependency[Visit], code: FromPath[str], einvoice_id: FromPath[UUID]
) -> Response[bytes]:
    """The same for people."""
    order = await own_order(visit, code)
    _, _, document = await visit.db.ask(_electronic, order, EInvoiceId(einvoice_id))
    return views.as_pdf(visit, document)


async def _electronic(read: Read, order: Order, einvoice_id: EInvoiceId) -> tuple[EInvoice, bytes, Document]:
    """Raises `NotFound` for what is of another order."""
    found = await einvoices.get(read, order.merchant_id, einvoice_id)
    if found is None or found.order_id != order.order_id:
        raise NotFound()
    xml = await einvoices.xml_of(read, order.merchant_id, einvoice_id)
    document = await einvoices.document_of(read, order.merchant_id, einvoice_id)
    assert xml is not None and document is not None
    return found, xml, document


async def _own(visit: Visit, order: Order, invoice_id: UUID | None) -> Invoice:
    """An invoice of this order. Raises `NotFound` for any other."""
    found = await visit.db.ask(invoices.get, order.merchant_id, InvoiceId(invoice_id)) if invoice_id else None
    if found is None or found.order_id != order.order_id:
        raise NotFound()
    return found


async def _form(visit: Visit, order: Order, title: Title, errors: dict[str, str], status: int = 200) -> Response[str]:
    page = await visit.db.ask(ask_page, visit.buyer_id, order)
    return await show(
        visit,
        "invoice.html",
        page.shell,
        crumbs=[
            Crumb(visit.say(N_("My orders")), "/orders"),
            Crumb(order.code, f"/orders/{order.code}"),
            Crumb(visit.say(N_("Invoice"))),
        ],
        status=status,
        view=page,
        order=order,
        reissuable=order.kept > 0 and page.open is not None and page.open.state is InvoiceState.ISSUED,
        possible=order.state in INVOICED_STATES and order.kept > 0 and page.open is None,
        states=STATES,
        kinds={str(kind): visit.say(words) for kind, words in views.KINDS.items()},
        title=title,
        invoice_id=ids.mint(),
        errors={name: words for name, words in errors.items() if name},
        refusal=errors.get("", ""),
    )
