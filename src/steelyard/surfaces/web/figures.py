"""The figures' pages of both consoles: what is asked for a period and the one before it, and how that is drawn.

Asked through a merchant's database it is that merchant's alone; asked through the operator's, the marketplace's.
"""

from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response

from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.operations import analytics
from steelyard.operations.analytics import (
    MARKETPLACE,
    CategoryTrade,
    Trade,
    TradeBy,
    TradeDay,
    Traffic,
    TrafficBy,
    TrafficDay,
)
from steelyard.surfaces.components.charts import Chart, Series
from steelyard.surfaces.components.page import NavItem
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.periods import Period
from steelyard.surfaces.web.visit import Visit

# The doors through which orders come, and those through which visitors do.
CHANNELS = {
    "shop": N_("Storefront"),
    "ucp": N_("Shopping agents"),
    "live": N_("Live rooms"),
    "amazon": N_("Amazon"),
    "import": N_("Imported"),
    "demo": N_("Before this system"),
}
SOURCES = {
    "direct": N_("Came by themselves"),
    "search": N_("Search engines"),
    "social": N_("Social media"),
    "link": N_("Links on other sites"),
    "mail": N_("Mails"),
    "ad": N_("Advertisements"),
    "qr": N_("Scanned codes"),
    "invite": N_("Invitations"),
    "live": N_("Live rooms"),
}
DEVICES = {"phone": N_("Phones"), "desk": N_("Computers")}


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Trade and traffic of one period."""

    trade: Trade
    days: Sequence[TradeDay]
    traffic: Traffic
    traffic_days: Sequence[TrafficDay]

    @property
    def conversion(self) -> float | None:
        return analytics.conversion(self.trade, self.traffic)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """A period and what it is compared with (none: with nothing), in one currency of those that were sold in."""

    period: Period
    currency: str
    currencies: Sequence[str]
    now: Span
    before: Span | None


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A figure with its change: `unit` says how it is written; `delta` has its sign and is empty without comparison."""

    label: str
    value: float | int | None
    unit: str = "number"
    delta: str = ""
    tone: str = "quiet"
    values: Sequence[float] = ()
    href: str = ""


async def figures(read: Read, period: Period, wanted: str, otherwise: str, merchant_id: UUID | None = None) -> Figures:
    """`wanted` is the currency that the address asks for; without it, the one that most is sold in, else `otherwise`."""
    sold = await analytics.figures.currencies(read, period.first, period.last)
    currency = wanted if wanted in sold else (sold[0] if sold else otherwise)
    before = period.before
    return Figures(
        period=period,
        currency=currency,
        currencies=sold or [currency],
        now=await _span(read, period, currency, merchant_id),
        before=await _span(read, before, currency, merchant_id) if before else None,
    )


async def _span(read: Read, period: Period, currency: str, merchant_id: UUID | None) -> Span:
    first, last, place = period.first, period.last, merchant_id or MARKETPLACE
    days = await analytics.figures.trade_by_day(read, first, last, currency, merchant_id)
    traffic_days = await analytics.figures.traffic_by_day(read, first, last, place)
    return Span(
        trade=analytics.all_trade(days),
        days=days,
        traffic=analytics.all_traffic(traffic_days),
        traffic_days=traffic_days,
    )


def cards(visit: Visit, found: Figures, hrefs: dict[str, str]) -> list[Card]:
    """The figures that everybody asks for first; `hrefs` says where each leads, by the word in the source."""
    now, before = found.now, found.before
    trade, days = now.trade, now.days

    def card(word: str, value: float | int | None, then: float | int | None, **more: object) -> Card:
        unit, values, worse = str(more.get("unit", "number")), more.get("values", ()), bool(more.get("worse"))
        delta = change(value, then)
        fell = delta.startswith("−")
        tone = "quiet" if not delta or delta.lstrip("+−") == "0%" else "bad" if fell != worse else "good"
        assert isinstance(values, list | tuple)
        return Card(
            label=visit.say(word),
            value=value,
            unit=unit,
            delta=delta,
            tone=tone,
            values=[each or 0 for each in values],  # pyright: ignore[reportUnknownArgumentType]  # a list of figures
            href=hrefs.get(word, ""),
        )

    was = before.trade if before else None
    looked, had_looked = now.traffic, before.traffic if before else None
    return [
        card(N_("Amount paid"), trade.paid, was and was.paid, unit="money", values=[day.paid for day in days]),
        card(N_("GMV"), trade.gmv, was and was.gmv, unit="money", values=[day.gmv for day in days]),
        card(N_("Orders"), trade.orders, was and was.orders, values=[day.orders for day in days]),
        card(
            N_("Visitors"),
            looked.visitors,
            had_looked and had_looked.visitors,
            values=[day.visitors for day in now.traffic_days],
        ),
        card(N_("Conversion"), now.conversion, before and before.conversion, unit="percent", values=_conversions(now)),
        card(
            N_("Average order value"),
            trade.average,
            was and was.average,
            unit="money",
            values=[day.average for day in days],
        ),
        card(
            N_("Refunds"),
            trade.refunds,
            was and was.refunds,
            unit="money",
            values=[day.refunds for day in days],
            worse=True,
        ),
        card(N_("New customers"), trade.newcomers, was and was.newcomers, values=[day.newcomers for day in days]),
    ]


def _conversions(span: Span) -> list[float]:
    return [analytics.conversion(day, looked) or 0.0 for day, looked in zip(span.days, span.traffic_days, strict=True)]


def change(now: float | None, before: float | None) -> str:
    """By how much it differs from before, with its sign; empty when there was nothing to compare with."""
    if not before or now is None:
        return ""
    return f"{(now - before) / before:+.0%}".replace("-", "−").replace("+0%", "0%").replace("−0%", "0%")


def paid_by_day(visit: Visit, found: Figures) -> Chart:
    """What came in, day by day, over the same days before."""
    series = [Series(visit.say(N_("Amount paid")), [day.paid for day in found.now.days])]
    if found.before:
        series.append(
            Series(visit.say(N_("The period before")), [day.paid for day in found.before.days], compared=True)
        )
    return Chart(
        kind="area",
        title=visit.say(N_("Paid by day")),
        labels=[day.day for day in found.now.days],
        series=series,
        unit="money",
        currency=found.currency,
    )


def orders_by_day(visit: Visit, found: Figures) -> Chart:
    days = found.now.days
    return Chart(
        kind="bar",
        title=visit.say(N_("Orders by day")),
        labels=[day.day for day in days],
        series=[
            Series(visit.say(N_("Paid orders")), [day.paid_orders for day in days]),
            Series(visit.say(N_("Called off")), [day.cancelled for day in days]),
            Series(visit.say(N_("Refunds")), [day.refunded_orders for day in days]),
        ],
    )


def visitors_by_day(visit: Visit, found: Figures) -> Chart:
    series = [
        Series(visit.say(N_("Visitors")), [day.visitors for day in found.now.traffic_days]),
        Series(visit.say(N_("Looked at a product")), [day.product_visitors for day in found.now.traffic_days]),
    ]
    if found.before:
        before = [day.visitors for day in found.before.traffic_days]
        series.append(Series(visit.say(N_("Visitors before")), before, compared=True))
    return Chart(
        kind="line",
        title=visit.say(N_("Visitors by day")),
        labels=[day.day for day in found.now.traffic_days],
        series=series,
    )


def funnel(visit: Visit, found: Figures) -> Chart:
    """From the first look to the payment; buyers and visitors are counted once a day."""
    came, trade = found.now.traffic, found.now.trade
    return Chart(
        kind="funnel",
        title=visit.say(N_("From visit to payment")),
        note=visit.say(N_("Each person counts once a day.")),
        labels=[
            visit.say(word)
            for word in (N_("Visitors"), N_("Looked at a product"), N_("Put into the cart"), N_("Checkout"), N_("Paid"))
        ],
        series=[
            Series(
                visit.say(N_("People")),
                [came.visitors, came.product_visitors, came.cart_visitors, came.checkout_visitors, trade.buyers],
            )
        ],
    )


def shares(visit: Visit, title: str, parts: Sequence[tuple[str, int]], currency: str = "") -> Chart:
    """Parts of a whole, as (words, amount or count)."""
    return Chart(
        kind="pie",
        title=title,
        labels=[words for words, _ in parts],
        series=[Series(title, [value for _, value in parts])],
        unit="money" if currency else "number",
        currency=currency,
    )


def bars(title: str, name: str, parts: Sequence[tuple[str, int]], currency: str = "") -> Chart:
    """A ranking, as (words, amount or count)."""
    return Chart(
        kind="bar",
        title=title,
        labels=[words for words, _ in parts],
        series=[Series(name, [value for _, value in parts])],
        unit="money" if currency else "number",
        currency=currency,
    )


class InParts(Protocol):
    """What both consoles show in parts."""

    @property
    def channels(self) -> Sequence[TradeBy]: ...

    @property
    def categories(self) -> Sequence[CategoryTrade]: ...

    @property
    def sources(self) -> Sequence[TrafficBy]: ...

    @property
    def devices(self) -> Sequence[TrafficBy]: ...


def charts(visit: Visit, found: Figures, parts: InParts, ranked_max: int) -> dict[str, Chart]:
    """The pictures that both consoles show, by name."""
    say, currency = visit.say, found.currency
    return {
        "paid": paid_by_day(visit, found),
        "orders": orders_by_day(visit, found),
        "visitors": visitors_by_day(visit, found),
        "funnel": funnel(visit, found),
        "channels": shares(
            visit,
            say(N_("Paid by channel")),
            [(named(visit, each.key, CHANNELS), each.paid) for each in parts.channels],
            currency,
        ),
        "categories": bars(
            say(N_("Categories that sell most")),
            say(N_("Amount paid")),
            [(each.name.in_language(visit.locale), each.paid) for each in parts.categories[:ranked_max]],
            currency,
        ),
        "sources": shares(
            visit,
            say(N_("Where visitors come from")),
            [(named(visit, each.key, SOURCES), each.visitors) for each in parts.sources],
        ),
        "devices": shares(
            visit,
            say(N_("What visitors use")),
            [(named(visit, each.key, DEVICES), each.visitors) for each in parts.devices],
        ),
    }


def named(visit: Visit, key: str, names: dict[str, str]) -> str:
    """What a channel or device is called; one that nobody has named is called by its own word."""
    return visit.say(names[key]) if key in names else key


def tabs(visit: Visit, path: str, ways: dict[str, str], here: str) -> list[NavItem]:
    """The ways to look at the figures as links that keep the period and the currency."""
    asked = {name: value for name, value in visit.connection.query_params.items() if name != "format"}
    question = f"?{urlencode(asked)}" if asked else ""
    return [NavItem(visit.say(word), f"{path}/{way}{question}", current=way == here) for way, word in ways.items()]


def days_as_csv(visit: Visit, found: Figures) -> Response[bytes]:
    """Each day of the period, as a file."""
    columns = [
        N_("Day"),
        N_("Orders"),
        N_("GMV"),
        N_("Paid orders"),
        N_("Amount paid"),
        N_("Average order value"),
        N_("Refunds"),
    ]
    columns += [
        N_("Called off"),
        N_("New customers"),
        N_("Visitors"),
        N_("Looked at a product"),
        N_("Put into the cart"),
    ]
    columns += [N_("Checkout"), N_("Conversion")]
    return exports.csv_answer(
        visit,
        visit.say(N_("Figures by day")),
        [visit.say(column) for column in columns],
        [
            (
                day.day,
                day.orders,
                Money(day.gmv, found.currency),
                day.paid_orders,
                Money(day.paid, found.currency),
                Money(day.average, found.currency),
                Money(day.refunds, found.currency),
                day.cancelled,
                day.newcomers,
                looked.visitors,
                looked.product_visitors,
                looked.cart_visitors,
                looked.checkout_visitors,
                analytics.conversion(day, looked),
            )
            for day, looked in zip(found.now.days, found.now.traffic_days, strict=True)
        ],
    )


def sources_as_csv(visit: Visit, sources: Sequence[TrafficBy]) -> Response[bytes]:
    """Where visitors came from and how far they came, as a file."""
    columns = [N_("Source"), N_("Views"), N_("Visitors"), N_("Looked at a product"), N_("Put into the cart")]
    return exports.csv_answer(
        visit,
        visit.say(N_("Visitors")),
        [visit.say(column) for column in [*columns, N_("Checkout")]],
        [
            (
                named(visit, each.key, SOURCES),
                each.views,
                each.visitors,
                each.product_visitors,
                each.cart_visitors,
                each.checkout_visitors,
            )
            for each in sources
        ],
    )
