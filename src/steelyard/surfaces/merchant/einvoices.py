"""E-invoices to buyers in the EU: what is issued, what is missing, as whom the shop issues; and what the platform invoiced the
shop for."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods.taxes.model import EU
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import Page
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import einvoice_views as views
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import ROWS_PER_PAGE, SAVED, address, done, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import einvoices
from steelyard.trade.einvoices.model import Document, EInvoice, EInvoiceId, Issuer, Missing, SellerTerms
from steelyard.trade.orders.model import OrderId

NEEDS = {"permission": "invoices.manage"}
READS = {"permission": "statements.read"}
SETTINGS = f"{frame.EINVOICES}/settings"
COLUMNS = (
    N_("Number"), N_("Kind"), N_("Day of the invoice"), N_("Order"), N_("Currency"), N_("Net"), N_("VAT"), N_("Total"),
)  # fmt: skip


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[EInvoice]
    missing: list[Missing]
    seller: SellerTerms | None


async def listed(read: Read, merchant_id: MerchantId, issuer: Issuer, cursor: str | None) -> Listed:
    own = issuer is Issuer.MERCHANT
    return Listed(
        page=await einvoices.issued_page(read, merchant_id, issuer, cursor, ROWS_PER_PAGE),
        missing=await einvoices.missing(read, merchant_id) if own else [],
        seller=await einvoices.seller(read, merchant_id) if own else None,
    )


async def everything(read: Read, merchant_id: MerchantId, issuer: Issuer) -> list[EInvoice]:
    return await exports.everything(lambda cursor: einvoices.issued_page(read, merchant_id, issuer, cursor, 100))


@get("/e-invoices", opt=NEEDS)
async def einvoice_list(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """What the shop issued, the newest first, and the orders that have none yet; or the file."""
    return await _listed(visit, Issuer.MERCHANT, frame.EINVOICES, cursor)


@get("/charges", opt=READS)
async def charge_list(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """What the platform invoiced the shop for, by month."""
    return await _listed(visit, Issuer.PLATFORM, frame.CHARGES, cursor)


async def _listed(visit: Visit, issuer: Issuer, base: str, cursor: str | None) -> Response[Any]:
    if exports.wanted(visit):
        rows = [
            (
                each.number, visit.say(views.KINDS[each.kind]), each.issued_on,
                each.order_code or (f"{each.month:%Y-%m}" if each.month else ""), each.currency,
                *(Money(amount, each.currency) for amount in each.counted),
            )
            for each in await visit.merchant_db.ask(everything, visit.merchant_id, issuer)
        ]  # fmt: skip
        name = N_("E-invoices") if issuer is Issuer.MERCHANT else N_("Commission invoices")
        return exports.csv_answer(visit, visit.say(name), [visit.say(column) for column in COLUMNS], rows)
    found = await visit.merchant_db.ask(listed, visit.merchant_id, issuer, cursor)
    own = issuer is Issuer.MERCHANT
    return await frame.show(
        visit,
        "einvoices.html" if own else "charges.html",
        frame.INVOICES if own else frame.CHARGES,
        crumbs=[(visit.say(N_("Invoices")), frame.INVOICES), (visit.say(N_("E-invoices")), None)] if own else (),
        found=found,
        kinds={str(kind): visit.say(words) for kind, words in views.KINDS.items()},
        base=base,
        settings_href=SETTINGS,
        next_href=address(base, cursor=found.page.next) if found.page.next else "",
        start_href=base if cursor else "",
    )


@get(["/e-invoices/{einvoice_id:uuid}/invoice.xml"], opt=NEEDS)
async def einvoice_xml(visit: NamedDependency[Visit], einvoice_id: FromPath[UUID]) -> Response[bytes]:
    return views.as_xml(*await _file(visit, einvoice_id, Issuer.MERCHANT, xml_of))


@get("/e-invoices/{einvoice_id:uuid}/invoice.pdf", opt=NEEDS)
async def einvoice_pdf(visit: NamedDependency[Visit], einvoice_id: FromPath[UUID]) -> Response[bytes]:
    return views.as_pdf(visit, (await _file(visit, einvoice_id, Issuer.MERCHANT, document_of))[0])


@get("/charges/{einvoice_id:uuid}/invoice.xml", opt=READS)
async def charge_xml(visit: NamedDependency[Visit], einvoice_id: FromPath[UUID]) -> Response[bytes]:
    return views.as_xml(*await _file(visit, einvoice_id, Issuer.PLATFORM, xml_of))


@get("/charges/{einvoice_id:uuid}/invoice.pdf", opt=READS)
async def charge_pdf(visit: NamedDependency[Visit], einvoice_id: FromPath[UUID]) -> Response[bytes]:
    return views.as_pdf(visit, (await _file(visit, einvoice_id, Issuer.PLATFORM, document_of))[0])


async def xml_of(
    read: Read, merchant_id: MerchantId, einvoice_id: EInvoiceId, issuer: Issuer
) -> tuple[bytes, EInvoice]:
    found = await _one(read, merchant_id, einvoice_id, issuer)
    xml = await einvoices.xml_of(read, merchant_id, einvoice_id)
    assert xml is not None
    return xml, found


async def document_of(
    read: Read, merchant_id: MerchantId, einvoice_id: EInvoiceId, issuer: Issuer
) -> tuple[Document, EInvoice]:
    found = await _one(read, merchant_id, einvoice_id, issuer)
    document = await einvoices.document_of(read, merchant_id, einvoice_id)
    assert document is not None
    return document, found


async def _one(read: Read, merchant_id: MerchantId, einvoice_id: EInvoiceId, issuer: Issuer) -> EInvoice:
    """Raises `NotFound`: of the other issuer needs another permission."""
    found = await einvoices.get(read, merchant_id, einvoice_id)
    if found is None or found.issuer is not issuer:
        raise NotFound()
    return found


async def _file(visit: Visit, einvoice_id: UUID, issuer: Issuer, query: Any) -> Any:
    return await visit.merchant_db.ask(query, visit.merchant_id, EInvoiceId(einvoice_id), issuer)


async def issue(tx: Tx, actor: Actor, merchant_id: MerchantId, order_id: OrderId) -> None:
    einvoice_id = await einvoices.issue(tx, merchant_id, order_id)
    made = await einvoices.get(tx, merchant_id, einvoice_id)
    assert made is not None
    await access.audit(tx, actor, "einvoices.issue", made.order_code or "", {"number": made.number})


@post("/e-invoices/issue/{order_id:uuid}", opt=NEEDS)
async def issue_einvoice(visit: NamedDependency[Visit], order_id: FromPath[UUID]) -> Redirect:
    """Issue the invoice of an order that was sent."""
    return await done(
        visit,
        frame.EINVOICES,
        N_("The e-invoice is issued; the buyer can download it."),
        lambda: visit.merchant_db.transact(issue, visit.actor, visit.merchant_id, OrderId(order_id)),
    )


@get("/e-invoices/settings", opt=NEEDS)
async def settings_page(visit: NamedDependency[Visit]) -> Response[Any]:
    """As whom the shop issues, and whether by itself."""
    return await _settings(visit)


async def _begin(read: Read, merchant_id: MerchantId) -> SellerTerms:
    known = await einvoices.seller(read, merchant_id)
    if known is not None:
        return known
    merchant = await merchants.get(read, merchant_id)
    assert merchant is not None
    return SellerTerms(
        legal_name=merchant.legal_name, vat_number="", street="", city="", postal_code="",
        country=merchant.country if merchant.country in EU else "", email="", automatic=True,
    )  # fmt: skip


async def _settings(
    visit: Visit, typed: SellerTerms | None = None, errors: Mapping[str, str] | None = None
) -> Response[Any]:
    return await frame.show(
        visit,
        "einvoice_settings.html",
        frame.INVOICES,
        crumbs=[
            (visit.say(N_("Invoices")), frame.INVOICES),
            (visit.say(N_("E-invoices")), frame.EINVOICES),
            (visit.say(N_("Settings")), None),
        ],
        status=422 if errors else 200,
        terms=typed or await visit.merchant_db.ask(_begin, visit.merchant_id),
        countries=sorted(EU),
        errors=errors or {},
        here=SETTINGS,
    )


def _typed(form: Entries) -> SellerTerms:
    names = ("legal_name", "vat_number", "street", "city", "postal_code", "country", "email")
    return SellerTerms(**{name: form.text(name) for name in names}, automatic=form.flag("automatic"))


async def set_seller(tx: Tx, actor: Actor, merchant_id: MerchantId, terms: SellerTerms) -> None:
    checked = await einvoices.set_seller(tx, merchant_id, terms)
    await access.audit(tx, actor, "einvoices.seller", checked.vat_number, msgspec.to_builtins(checked))


@post("/e-invoices/settings", opt=NEEDS)
async def save_settings(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    terms = _typed(await entries_of(request))
    try:
        await visit.merchant_db.transact(set_seller, visit.actor, visit.merchant_id, terms)
    except Invalid as refusal:
        return await _settings(visit, terms, errors_of(visit, refusal.fields))
    return redirect(visit, frame.EINVOICES, (visit.say(SAVED), "good"))


HANDLERS = [
    einvoice_list, charge_list, einvoice_xml, einvoice_pdf, charge_xml, charge_pdf, issue_einvoice, settings_page,
    save_settings,
]  # fmt: skip
