"""The sales figures of a feed, reckoned from its canonical lines: what a report over the database must agree
with."""
# ruff: noqa: S608 - DuckDB statements over scratch tables, put together from our own words only

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from steelyard.channels.feeds.model import MICROS
from steelyard.channels.feeds.workspace import Workspace
from steelyard.kernel.money import Money

Definition = Literal["published", "net"]

# `published`: what papers on Online Retail call cleaned data. Postage and fees count, so do repeated lines.
_WHERE = {
    "published": "d.customer_id IS NOT NULL AND l.quantity > 0 AND l.unit_price_micros > 0",
    "net": "true",
}


class SalesFigures(msgspec.Struct, frozen=True):
    """Lines, known customers and documents in a span of days, and the sum of the line amounts, in one
    currency. `revenue_unrounded` is the sum of quantity × unit price before lines are rounded to minor
    units."""

    rows: int
    customers: int
    invoices: int
    revenue: Decimal
    revenue_unrounded: Decimal
    currency: str


def sales_figures(
    work: Workspace, *, since: date, until: date, time_zone: str, definition: Definition
) -> list[SalesFigures]:
    """One for each currency, `since` and `until` included, days counted in the time zone."""
    found = work.rows(
        f"""
        SELECT d.currency, count(*), count(DISTINCT d.customer_id), count(DISTINCT (l.merchant, l.order_id)),
               sum(l.amount_minor)::BIGINT, sum(l.quantity::HUGEINT * l.unit_price_micros)::HUGEINT
        FROM line AS l JOIN document AS d USING (seq)
        WHERE timezone(?, d.placed_at)::DATE BETWEEN ? AND ? AND {_WHERE[definition]}
        GROUP BY d.currency ORDER BY d.currency
        """,
        [time_zone, since, until],
    )
    return [
        SalesFigures(
            rows=rows,
            customers=customers,
            invoices=invoices,
            revenue=Money(amount, currency).decimal(),
            revenue_unrounded=Decimal(micros) / MICROS,
            currency=currency,
        )
        for currency, rows, customers, invoices, amount, micros in found
    ]
