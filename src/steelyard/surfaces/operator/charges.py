"""Commission invoices of the platform to merchants: by month, what is issued and what is not yet."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.parties import access, merchants, operator
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import einvoice_views as views
from steelyard.surfaces.web import exports, tax_views
from steelyard.surfaces.web.console import address
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.tax_views import Span
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import einvoices
from steelyard.trade.einvoices.model import EInvoice, EInvoiceId, Issuer
from steelyard.trade.settlement.model import SETTLEMENT_ZONE

NEEDS = {"permission": "ledger.read"}
WRITES = {"permission": "settlement.run"}
COLUMNS = (
    N_("Month"), N_("Number"), N_("Kind"), N_("Day of the invoice"), N_("The merchant"), N_("Currency"), N_("Net"), N_("VAT"),
    N_("Total"),
)  # fmt: skip


class Month(msgspec.Struct, frozen=True, kw_only=True):
    """`due` is what was charged and has no paper; of a month that is not over it is what there is so far."""

    issued: list[EInvoice]
    due: list[einvoices.Charged]
    shops: Mapping[MerchantId, ShopCard]
    known: bool


async def month_of(read: Read, span: Span) -> Month:
    issued = await einvoices.charges_of_months(read, span.first, span.first)
    due = await einvoices.charged(read, span.first)
    shops = {each.merchant_id for each in (*issued, *due)}
    return Month(
        issued=issued,
        due=due,
        shops=await merchants.cards(read, shops),
        known=await operator.profile(read) is not None,
    )


def _today() -> date:
    return datetime.now(SETTLEMENT_ZONE).date()


def _span(name: str) -> Span:
    """The month of this name; else the last that is over."""
    offered = tax_views.months(_today())
    return next((span for span in offered if span.name == name), offered[1])


@get("/charges", opt=NEEDS)
async def charge_list(visit: NamedDependency[Visit], span: FromQuery[str] = "") -> Response[Any]:
    """A month: what is issued, and what is not invoiced yet; or the file."""
    chosen = _span(span)
    found = await visit.db.ask(month_of, chosen)
    if exports.wanted(visit):
        return _file(visit, found, chosen)
    return await frame.show(
        visit,
        "charges.html",
        frame.CHARGES,
        found=found,
        span=chosen,
        spans=[(each.name, each.name) for each in tax_views.months(_today())],
        over=chosen.last < _today(),
        kinds={str(kind): visit.say(words) for kind, words in views.KINDS.items()},
        base=frame.CHARGES,
    )


def _file(visit: Visit, found: Month, span: Span) -> Response[Any]:
    rows = [
        (
            span.name, each.number, visit.say(views.KINDS[each.kind]), each.issued_on,
            found.shops[each.merchant_id].name if each.merchant_id in found.shops else "", each.currency,
            *(Money(amount, each.currency) for amount in each.counted),
        )
        for each in found.issued
    ]  # fmt: skip
    name = visit.say(N_("Commission invoices")) + f"-{span.name}"
    return exports.csv_answer(visit, name, [visit.say(column) for column in COLUMNS], rows)


@post("/charges/issue", opt=WRITES)
async def issue(visit: NamedDependency[Visit]) -> Redirect:
    """Invoice now what of the last months is not invoiced; by itself that is done several times a day."""
    made = await einvoices.bill_last_months(visit.db)
    if made:
        await visit.db.transact(access.audit, visit.actor, "charges.issue", "", {"papers": made})
    said = visit.say(N_("{count} invoices and credit notes were issued."), count=made)
    return redirect(visit, address(frame.CHARGES), (said, "good"))


async def _one(read: Read, einvoice_id: EInvoiceId) -> tuple[EInvoice, bytes, Any]:
    found = await einvoices.by_id(read, einvoice_id)
    if found is None or found.issuer is not Issuer.PLATFORM:
        raise NotFound()
    xml = await einvoices.xml_of(read, found.merchant_id, einvoice_id)
    assert xml is not None
    return found, xml, await einvoices.document_of(read, found.merchant_id, einvoice_id)


@get("/charges/{einvoice_id:uuid}/invoice.xml", opt=NEEDS)
async def charge_xml(visit: NamedDependency[Visit], einvoice_id: FromPath[UUID]) -> Response[bytes]:
    found, xml, _ = await visit.db.ask(_one, EInvoiceId(einvoice_id))
    return views.as_xml(xml, found)


@get("/charges/{einvoice_id:uuid}/invoice.pdf", opt=NEEDS)
async def charge_pdf(visit: NamedDependency[Visit], einvoice_id: FromPath[UUID]) -> Response[bytes]:
    _, _, document = await visit.db.ask(_one, EInvoiceId(einvoice_id))
    return views.as_pdf(visit, document)


HANDLERS = [charge_list, issue, charge_xml, charge_pdf]
