"""The dashboard and what stands behind it: the marketplace's trade and traffic by day, merchant, category, channel, product."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.operations import analytics
from steelyard.operations.analytics import CategoryTrade, ProductTrade, TradeBy, TrafficBy
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import exports, figures, periods
from steelyard.surfaces.web.figures import Figures
from steelyard.surfaces.web.periods import Period
from steelyard.surfaces.web.visit import Visit

DEFAULT_CURRENCY = "CNY"
RANKED_MAX = 8
PRODUCTS_SHOWN = 100

WAYS = {
    "days": N_("By day"),
    "merchants": N_("By merchant"),
    "categories": N_("By category"),
    "channels": N_("By channel"),
    "products": N_("By product"),
    "visitors": N_("Visitors"),
}


# What each way to look at the figures is made of; the dashboard is the one without a name.
DASHBOARD = ""
NEEDED: dict[str, frozenset[str]] = {
    DASHBOARD: frozenset({"merchants", "categories", "channels"}),
    "days": frozenset(),
    "merchants": frozenset({"merchants", "visitors"}),
    "categories": frozenset({"categories"}),
    "channels": frozenset({"channels"}),
    "products": frozenset({"products"}),
    "visitors": frozenset({"sources", "devices"}),
}


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """The marketplace's trade and traffic in parts; of merchants, who they are and how many looked at their goods. Those that
    are not looked at are empty."""

    merchants: Sequence[TradeBy] = ()
    shops: dict[str, ShopCard] = {}
    visitors: dict[str, int] = {}
    categories: Sequence[CategoryTrade] = ()
    channels: Sequence[TradeBy] = ()
    products: Sequence[ProductTrade] = ()
    sources: Sequence[TrafficBy] = ()
    devices: Sequence[TrafficBy] = ()

    def shop(self, key: object, locale: str) -> str:
        card = self.shops.get(str(key))
        return card.name.in_language(locale) if card else str(key)


async def _parts(read: Read, period: Period, currency: str, what: str, limit: int) -> Parts:
    first, last, needed, asked = period.first, period.last, NEEDED[what], analytics.figures
    by_merchant = await asked.trade_by_merchant(read, first, last, currency, limit) if "merchants" in needed else []
    products = await asked.trade_by_product(read, first, last, currency, None, limit) if "products" in needed else []
    ids = {UUID(each.key) for each in by_merchant} | {each.merchant_id for each in products}
    cards = await merchants.cards(read, [MerchantId(each) for each in ids]) if ids else {}
    return Parts(
        merchants=by_merchant,
        shops={str(merchant_id): card for merchant_id, card in cards.items()},
        visitors=await asked.visitors_by_merchant(read, first, last) if "visitors" in needed else {},
        categories=await asked.trade_by_category(read, first, last, currency) if "categories" in needed else (),
        channels=await asked.trade_by_channel(read, first, last, currency) if "channels" in needed else (),
        products=products,
        sources=await asked.traffic_by_channel(read, first, last) if "sources" in needed else (),
        devices=await asked.traffic_by_device(read, first, last) if "devices" in needed else (),
    )


async def overview(
    read: Read, period: Period, wanted: str, what: str = DASHBOARD, limit: int = RANKED_MAX
) -> tuple[Figures, Parts]:
    """Everything that one way to look at the figures shows, of one instant."""
    key = ("operator", period, wanted, what, limit)
    return await analytics.remembered(read, key, lambda: _overview(read, period, wanted, what, limit))


async def _overview(read: Read, period: Period, wanted: str, what: str, limit: int) -> tuple[Figures, Parts]:
    found = await figures.figures(read, period, wanted, DEFAULT_CURRENCY)
    return found, await _parts(read, period, found.currency, what, limit)


def charts(visit: Visit, found: Figures, parts: Parts) -> dict[str, Any]:
    """The dashboard's pictures."""
    say, currency, locale = visit.say, found.currency, visit.locale
    return {
        **figures.charts(visit, found, parts, RANKED_MAX),
        "merchants": figures.bars(
            say(N_("Merchants who sell most")),
            say(N_("Amount paid")),
            [(parts.shop(each.key, locale), each.paid) for each in parts.merchants[:RANKED_MAX]],
            currency,
        ),
    }


@get("/figures/{what:str}", opt={"permission": "dashboard.read"})
async def behind(visit: NamedDependency[Visit], what: FromPath[str]) -> Response[Any]:
    """One way to look at the figures, as pictures, as a table, as a file."""
    if what not in WAYS:
        raise NotFound()
    wanted = visit.connection.query_params.get("currency", "")
    period = periods.asked(visit)
    limit = PRODUCTS_SHOWN if what == "products" and not exports.wanted(visit) else analytics.figures.ROWS_MAX
    found, parts = await visit.db.ask(overview, period, wanted, what, limit)
    if exports.wanted(visit):
        return _TABLES[what](visit, found, parts)
    return await frame.show(
        visit,
        "figures.html",
        f"{frame.FIGURES}/days",
        what=what,
        ways=figures.tabs(visit, frame.FIGURES, WAYS, what),
        found=found,
        parts=parts,
        charts=charts(visit, found, parts),
        periods=periods,
        figures=figures,
        conversion=analytics.conversion,
    )


def _money(found: Figures, amount: int) -> Money:
    return Money(amount, found.currency)


def _days(visit: Visit, found: Figures, parts: Parts) -> Response[Any]:
    return figures.days_as_csv(visit, found)


def _trade(visit: Visit, found: Figures, name: str, rows: Sequence[tuple[str, TradeBy, int | None]]) -> Response[Any]:
    columns = [name, N_("Currency"), N_("Orders"), N_("GMV"), N_("Paid orders"), N_("Amount paid"), N_("Refunds")]
    columns += [N_("New customers"), N_("Visitors")]
    return exports.csv_answer(
        visit,
        visit.say(N_("Figures")),
        [visit.say(column) for column in columns],
        [
            (
                words,
                found.currency,
                each.orders,
                _money(found, each.gmv),
                each.paid_orders,
                _money(found, each.paid),
                _money(found, each.refunds),
                each.newcomers,
                looked,
            )
            for words, each, looked in rows
        ],
    )


def _merchants(visit: Visit, found: Figures, parts: Parts) -> Response[Any]:
    rows = [(parts.shop(each.key, visit.locale), each, parts.visitors.get(each.key, 0)) for each in parts.merchants]
    return _trade(visit, found, N_("The merchant"), rows)


def _channels(visit: Visit, found: Figures, parts: Parts) -> Response[Any]:
    rows = [(figures.named(visit, each.key, figures.CHANNELS), each, None) for each in parts.channels]
    return _trade(visit, found, N_("Channel"), rows)


def _categories(visit: Visit, found: Figures, parts: Parts) -> Response[Any]:
    columns = [N_("Category"), N_("Currency"), N_("Orders"), N_("Pieces"), N_("Amount paid")]
    return exports.csv_answer(
        visit,
        visit.say(N_("Figures by category")),
        [visit.say(column) for column in columns],
        [(each.name, found.currency, each.orders, each.pieces, _money(found, each.paid)) for each in parts.categories],
    )


def _products(visit: Visit, found: Figures, parts: Parts) -> Response[Any]:
    columns = [
        N_("Product"),
        N_("The merchant"),
        N_("Currency"),
        N_("Orders"),
        N_("Pieces"),
        N_("Amount paid"),
        N_("Views"),
    ]
    return exports.csv_answer(
        visit,
        visit.say(N_("Figures by product")),
        [visit.say(column) for column in [*columns, N_("Visitors")]],
        [
            (
                each.title,
                parts.shop(each.merchant_id, visit.locale),
                found.currency,
                each.orders,
                each.pieces,
                _money(found, each.paid),
                each.views,
                each.visitors,
            )
            for each in parts.products
        ],
    )


def _visitors(visit: Visit, found: Figures, parts: Parts) -> Response[Any]:
    return figures.sources_as_csv(visit, parts.sources)


_TABLES: dict[str, Callable[[Visit, Figures, Parts], Response[Any]]] = {
    "days": _days,
    "merchants": _merchants,
    "categories": _categories,
    "channels": _channels,
    "products": _products,
    "visitors": _visitors,
}
HANDLERS = [behind]
