"""The shop's tax: by rate and period, and what of it is declared in the EU's one-stop shop."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from steelyard.goods import taxes
from steelyard.kernel import days
from steelyard.kernel.db import Read
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import exports, tax_views
from steelyard.surfaces.web.tax_views import Span
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import tax_reports
from steelyard.trade.tax_reports import Scheme, TaxLine

NEEDS = {"permission": "statements.read"}


class Told(msgspec.Struct, frozen=True, kw_only=True):
    span: Span
    lines: list[TaxLine]


async def told(read: Read, merchant_id: MerchantId, name: str) -> Told:
    merchant = await merchants.get(read, merchant_id)
    assert merchant is not None
    span = tax_views.chosen(name, taxes.day_of(merchant.time_zone, datetime.now(UTC)))
    return Told(span=span, lines=await tax_reports.report(read, span.first, span.last, merchant_id))


@get("/taxes", opt=NEEDS)
async def tax_page(
    visit: NamedDependency[Visit], view: FromQuery[str] = "report", span: FromQuery[str] = ""
) -> Response[Any]:
    """The report, or the file of it."""
    shown = view if view in tax_views.VIEWS else "report"
    found = await visit.merchant_db.ask(told, visit.merchant_id, span)
    lines = tax_reports.folded(found.lines) if shown == "report" else tax_reports.one_stop(found.lines, Scheme(shown))
    if exports.wanted(visit):
        return tax_views.as_file(visit, shown, found.span, lines)
    today = days.today()
    return await frame.show(
        visit, "taxes.html", frame.TAXES, **tax_views.values(visit, frame.TAXES, shown, found.span, today, lines)
    )


HANDLERS = [tax_page]
