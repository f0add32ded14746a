"""What the figures are."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

# `net`: everything that was sold, what was given back taken off. `published`: what papers on retail data call cleaned:
# the customer is known, quantity and price are above nothing, and nothing is taken off.
Definition = Literal["net", "published"]

DAYS_MAX = 366


class DayFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One day (of the settlement zone) in one currency, amounts in minor units.

    `orders` and `gmv`: orders placed that day and their totals, called off or not. `paid`: totals of the orders whose
    money came in that day. `refunds`: what was decided that day to give back. `new_buyers` (of the marketplace; the
    same in each currency): who was written down as a buyer that day.
    """

    day: date
    currency: str
    orders: int = 0
    gmv: int = 0
    paid_orders: int = 0
    paid: int = 0
    refunds: int = 0
    new_buyers: int = 0


class SalesFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Lines, customers and invoices of a period in one currency, and what they come to in major units."""

    rows: int
    customers: int
    invoices: int
    revenue: Decimal
    currency: str


class SalesReport(SalesFigures, frozen=True, kw_only=True):
    """The figures of the currency with the most lines; `others` are those of all other currencies, which are never added
    up with it."""

    since: date
    until: date
    definition: Definition
    others: Sequence[SalesFigures] = ()


def currency_of(figures: Sequence[DayFigures], otherwise: str) -> str:
    """The currency that the most orders are in, for a page that shows one of them."""
    counted: dict[str, int] = {}
    for each in figures:
        counted[each.currency] = counted.get(each.currency, 0) + each.orders + each.paid_orders
    return max(counted, key=lambda currency: counted[currency]) if counted else otherwise
