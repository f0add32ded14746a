"""A shop's figures: sales, visitors, products, customers, each for a period and against the one before."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.operations import analytics
from steelyard.operations.analytics import CategoryTrade, Customers, ProductTrade, RegionTrade, TradeBy, TrafficBy
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import exports, figures, periods
from steelyard.surfaces.web.figures import Figures
from steelyard.surfaces.web.periods import Period
from steelyard.surfaces.web.visit import Visit

RANKED_MAX = 8
PRODUCTS_SHOWN = 100

WAYS = {
    "sales": N_("Sales"),
    "visitors": N_("Visitors"),
    "products": N_("Products"),
    "customers": N_("Customers"),
}


# What each way to look at the figures is made of.
NEEDED: dict[str, frozenset[str]] = {
    "sales": frozenset({"products", "categories", "channels"}),
    "visitors": frozenset({"sources", "devices"}),
    "products": frozenset({"products"}),
    "customers": frozenset({"customers", "regions"}),
}


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """The shop's trade and traffic in parts; those that are not looked at are empty."""

    products: Sequence[ProductTrade] = ()
    categories: Sequence[CategoryTrade] = ()
    channels: Sequence[TradeBy] = ()
    sources: Sequence[TrafficBy] = ()
    devices: Sequence[TrafficBy] = ()
    customers: Customers = Customers()
    customers_before: Customers | None = None
    regions: Sequence[RegionTrade] = ()


async def overview(
    read: Read, merchant_id: MerchantId, period: Period, wanted: str, what: str, limit: int
) -> tuple[Figures, Parts]:
    """Everything that one way to look at the figures shows, of one instant; so many products."""
    key = ("merchant", merchant_id, period, wanted, what, limit)
    return await analytics.remembered(read, key, lambda: _overview(read, merchant_id, period, wanted, what, limit))


async def _overview(
    read: Read, merchant_id: MerchantId, period: Period, wanted: str, what: str, limit: int
) -> tuple[Figures, Parts]:
    merchant = await merchants.get(read, merchant_id)
    assert merchant is not None
    found = await figures.figures(read, period, wanted, merchant.currency, merchant_id)
    first, last, currency, before = period.first, period.last, found.currency, period.before
    asked, needed, mine = analytics.figures, NEEDED[what], (first, last, currency, merchant_id)
    people = "customers" in needed
    return found, Parts(
        products=await asked.trade_by_product(read, *mine, limit) if "products" in needed else (),
        categories=await asked.trade_by_category(read, *mine) if "categories" in needed else (),
        channels=await asked.trade_by_channel(read, *mine) if "channels" in needed else (),
        sources=await asked.traffic_by_channel(read, first, last, merchant_id) if "sources" in needed else (),
        devices=await asked.traffic_by_device(read, first, last, merchant_id) if "devices" in needed else (),
        customers=await asked.customers(read, merchant_id, first, last) if people else Customers(),
        customers_before=await asked.customers(read, merchant_id, before.first, before.last)
        if before and people
        else None,
        regions=await asked.regions(read, merchant_id, first, last, currency) if "regions" in needed else (),
    )


def charts(visit: Visit, found: Figures, parts: Parts) -> dict[str, Any]:
    """The pages' pictures."""
    say, currency, locale = visit.say, found.currency, visit.locale
    return {
        **figures.charts(visit, found, parts, RANKED_MAX),
        "products": figures.bars(
            say(N_("Products that sell most")),
            say(N_("Amount paid")),
            [(each.title.in_language(locale), each.paid) for each in parts.products[:RANKED_MAX] if each.paid],
            currency,
        ),
        "customers": figures.shares(
            visit,
            say(N_("New and returning customers")),
            [
                (say(N_("New customers")), parts.customers.newcomers),
                (say(N_("Returning")), parts.customers.people - parts.customers.newcomers),
            ],
        ),
    }


@get("/figures/{what:str}", opt={"permission": "figures.read"})
async def shown(visit: NamedDependency[Visit], what: FromPath[str]) -> Response[Any]:
    """One way to look at the figures, as pictures, as a table, as a file."""
    if what not in WAYS:
        raise NotFound()
    period, wanted = periods.asked(visit), visit.connection.query_params.get("currency", "")
    file = exports.wanted(visit)
    limit = analytics.figures.ROWS_MAX if file else PRODUCTS_SHOWN if what == "products" else RANKED_MAX
    found, parts = await visit.merchant_db.ask(overview, visit.merchant_id, period, wanted, what, limit)
    if file:
        return _TABLES[what](visit, found, parts)
    return await frame.show(
        visit,
        "figures.html",
        f"{frame.FIGURES}/sales",
        what=what,
        ways=figures.tabs(visit, frame.FIGURES, WAYS, what),
        found=found,
        parts=parts,
        cards=figures.cards(visit, found, _HREFS),
        charts=charts(visit, found, parts),
        change=figures.change,
        periods=periods,
        figures=figures,
        conversion=analytics.conversion,
    )


_HREFS = {
    "Orders": frame.ORDERS,
    "Visitors": f"{frame.FIGURES}/visitors",
    "Conversion": f"{frame.FIGURES}/visitors",
    "New customers": f"{frame.FIGURES}/customers",
}


def _sales(visit: Visit, found: Figures, parts: Parts) -> Response[Any]:
    return figures.days_as_csv(visit, found)


def _visitors(visit: Visit, found: Figures, parts: Parts) -> Response[Any]:
    return figures.sources_as_csv(visit, parts.sources)


def _products(visit: Visit, found: Figures, parts: Parts) -> Response[Any]:
    columns = [N_("Product"), N_("Currency"), N_("Visitors"), N_("Views"), N_("Orders"), N_("Conversion"), N_("Pieces")]
    return exports.csv_answer(
        visit,
        visit.say(N_("Figures by product")),
        [visit.say(column) for column in [*columns, N_("Amount paid")]],
        [
            (
                each.title,
                found.currency,
                each.visitors,
                each.views,
                each.orders,
                each.conversion,
                each.pieces,
                Money(each.paid, found.currency),
            )
            for each in parts.products
        ],
    )


def _customers(visit: Visit, found: Figures, parts: Parts) -> Response[Any]:
    columns = [N_("Country"), N_("Region"), N_("Currency"), N_("Orders"), N_("Amount paid")]
    return exports.csv_answer(
        visit,
        visit.say(N_("Where customers live")),
        [visit.say(column) for column in columns],
        [
            (each.country, each.region, found.currency, each.orders, Money(each.paid, found.currency))
            for each in parts.regions
        ],
    )


_TABLES: dict[str, Callable[[Visit, Figures, Parts], Response[Any]]] = {
    "sales": _sales,
    "visitors": _visitors,
    "products": _products,
    "customers": _customers,
}
HANDLERS = [shown]
