"""What the figures are."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal
from uuid import UUID

import msgspec

from steelyard.kernel.text import Text

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


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """What was sold in one currency, amounts in minor units; see the columns of `sales_days`.

    Over several days `buyers` counts a person once a day: it is what conversion is made of, not how many people.
    """

    orders: int = 0
    gmv: int = 0
    paid_orders: int = 0
    paid: int = 0
    buyers: int = 0
    newcomers: int = 0
    cancelled: int = 0
    refunded_orders: int = 0
    refunds: int = 0

    @property
    def average(self) -> int:
        """What a paid order comes to on average, in minor units, rounded; 0 without any."""
        return round(Fraction(self.paid, self.paid_orders)) if self.paid_orders else 0

    @property
    def refund_rate(self) -> float | None:
        """What was given back as a share of what came in; none when nothing came in."""
        return self.refunds / self.paid if self.paid else None


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """Who looked; over several days a visitor counts once a day. Each of the later counts is part of the one before."""

    views: int = 0
    visitors: int = 0
    product_visitors: int = 0
    cart_visitors: int = 0
    checkout_visitors: int = 0


class TradeDay(Trade, frozen=True, kw_only=True):
    day: date


class TrafficDay(Traffic, frozen=True, kw_only=True):
    day: date


def all_trade(days: Iterable[TradeDay]) -> Trade:
    """What these days come to together."""
    told = list(days)
    return Trade(**{name: sum(getattr(day, name) for day in told) for name in Trade.__struct_fields__})


def all_traffic(days: Iterable[TrafficDay]) -> Traffic:
    """Who looked on these days."""
    told = list(days)
    return Traffic(**{name: sum(getattr(day, name) for day in told) for name in Traffic.__struct_fields__})


class TradeBy(Trade, frozen=True, kw_only=True):
    """The trade of one channel or merchant: `key` is the channel's word or the merchant's id."""

    key: str


class TrafficBy(Traffic, frozen=True, kw_only=True):
    """The traffic of one channel, device or merchant."""

    key: str


class CategoryTrade(msgspec.Struct, frozen=True, kw_only=True):
    """What was sold in a category or below it. An order of several categories counts in each."""

    category_id: UUID
    name: Text
    orders: int
    pieces: int
    paid: int


class ProductTrade(msgspec.Struct, frozen=True, kw_only=True):
    """What a product sold, and who looked at it."""

    merchant_id: UUID
    product_id: UUID
    title: Text
    picture: str | None
    orders: int
    pieces: int
    paid: int
    views: int
    visitors: int

    @property
    def conversion(self) -> float | None:
        return self.orders / self.visitors if self.visitors else None


class Customers(msgspec.Struct, frozen=True, kw_only=True):
    """Of the people who paid in a period: how many, how many for the first time here, how many more than once in it."""

    people: int = 0
    newcomers: int = 0
    repeaters: int = 0

    @property
    def repeat_rate(self) -> float | None:
        return self.repeaters / self.people if self.people else None


class RegionTrade(msgspec.Struct, frozen=True, kw_only=True):
    """Where the goods went: `country` is ISO 3166-1 alpha-2, `region` as the buyers wrote it."""

    country: str
    region: str
    orders: int
    paid: int


def conversion(trade: Trade, traffic: Traffic) -> float | None:
    """Buyers a day over visitors a day; none while nobody has looked."""
    return trade.buyers / traffic.visitors if traffic.visitors else None
