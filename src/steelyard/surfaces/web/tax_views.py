"""Tax reports as both consoles show them: which month or quarter, rates in words, and the tables as files."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from litestar import Response

from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import address
from steelyard.surfaces.web.visit import Visit
from steelyard.trade.tax_reports import Scheme, TaxLine

MONTHS_OFFERED = 14
QUARTERS_OFFERED = 8
KINDS = {"zero": N_("Zero-rated"), "exempt": N_("Exempt")}
VIEWS: dict[str, str] = {
    "report": N_("Tax by rate"),
    Scheme.UNION: N_("One-stop shop: within the EU"),
    Scheme.IMPORTED: N_("One-stop shop: from outside the EU"),
}
REPORT_COLUMNS = (
    N_("Currency"), N_("Country"), N_("Region"), N_("Tax rate"), N_("Sold, net"), N_("Output tax"), N_("Sold, gross"),
    N_("Refunded, net"), N_("Tax given back"), N_("Refunded, gross"), N_("Net after refunds"), N_("Tax due"),
)  # fmt: skip
STOP_COLUMNS = (
    N_("Quarter of the sale"), N_("Seller’s country"), N_("Country of consumption"), N_("Tax rate"), N_("Currency"),
    N_("Taxable amount"), N_("VAT due"),
)  # fmt: skip


class Span(msgspec.Struct, frozen=True):
    """A month or a quarter, both ends included; `name` is 2026-07 or 2026-Q3."""

    name: str
    first: date
    last: date


def months(today: date) -> list[Span]:
    """The last months, this one first."""
    return [_span(f"{first:%Y-%m}", first, 1) for first in _firsts(today, 1, MONTHS_OFFERED)]


def quarters(today: date) -> list[Span]:
    """The last quarters, this one first."""
    return [_span(quarter(first), first, 3) for first in _firsts(today, 3, QUARTERS_OFFERED)]


def quarter(first: date) -> str:
    return f"{first.year}-Q{(first.month + 2) // 3}"


def chosen(name: str, today: date) -> Span:
    """The span of this name; what cannot be read is this month."""
    offered = [*months(today), *quarters(today)]
    return next((span for span in offered if span.name == name), offered[0])


def _firsts(today: date, step: int, count: int) -> list[date]:
    month = today.year * 12 + (today.month - 1) // step * step
    return [date((month - back * step) // 12, (month - back * step) % 12 + 1, 1) for back in range(count)]


def _span(name: str, first: date, length: int) -> Span:
    after = first.year * 12 + first.month - 1 + length
    return Span(name, first, date(after // 12, after % 12 + 1, 1) - timedelta(days=1))


def rate_words(visit: Visit, line: TaxLine) -> str:
    """`20 %`, or what it is that bears nothing."""
    if line.millionths or line.kind not in KINDS:
        return f"{Decimal(line.millionths).scaleb(-4).normalize():f} %"
    return visit.say(KINDS[line.kind])


def values(
    visit: Visit, base: str, view: str, span: Span, today: date, lines: Sequence[TaxLine], **kept: str
) -> dict[str, Any]:
    """What the page `parts/taxes.html` is drawn of; `kept` stays in its addresses."""
    spans = [*months(today), *quarters(today)]
    return {
        "tabs": [
            {
                "label": visit.say(label),
                "href": address(base, view=each, span=span.name, **kept),
                "current": each == view,
            }
            for each, label in VIEWS.items()
        ],
        "view": str(view),
        "span": span,
        "spans": [(each.name, each.name) for each in spans],
        "lines": [(line, rate_words(visit, line), quarter(line.quarter) if line.quarter else "") for line in lines],
        "totals": totals(lines),
        "base": base,
    }


def totals(lines: Iterable[TaxLine]) -> list[tuple[str, int, int]]:
    """`(currency, net, tax)` that is due in each currency."""
    found: dict[str, tuple[int, int]] = {}
    for line in lines:
        net, tax = found.get(line.currency, (0, 0))
        found[line.currency] = (net + line.due_net, tax + line.due)
    return [(currency, net, tax) for currency, (net, tax) in sorted(found.items())]


def as_file(visit: Visit, view: str, span: Span, lines: Sequence[TaxLine]) -> Response[bytes]:
    """The table as a file; amounts are decimals, refunds below nothing."""
    name = visit.say(N_("Taxes")) + f"-{span.name}"
    if view == "report":
        rows = [
            (
                line.currency, line.country, line.region, rate_words(visit, line),
                *(Money(amount, line.currency) for amount in (
                    line.net, line.tax, line.gross, -line.returned_net, -line.returned_tax, -line.returned_gross,
                    line.due_net, line.due,
                )),
            )
            for line in lines
        ]  # fmt: skip
        return exports.csv_answer(visit, name, [visit.say(column) for column in REPORT_COLUMNS], rows)
    stops = [
        (
            quarter(line.quarter) if line.quarter else "", line.seller_country, line.country, rate_words(visit, line),
            line.currency, Money(line.due_net, line.currency), Money(line.due, line.currency),
        )
        for line in lines
    ]  # fmt: skip
    return exports.csv_answer(visit, f"OSS-{span.name}", [visit.say(column) for column in STOP_COLUMNS], stops)
