"""The orders behind a figure of the dashboard or the figures' pages; each of them leads on to its transfers."""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from steelyard.goods import catalog
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.kernel.text import Text
from steelyard.operations import analytics
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.behind_figures import Days, asked_of, days_of, show
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.category_names import names_of
from steelyard.surfaces.web.console import ROWS_PER_PAGE
from steelyard.surfaces.web.entries import as_uuid
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import orders
from steelyard.trade.orders import Behind, Happening
from steelyard.trade.orders.model import Order

HERE = f"{frame.FIGURES}/orders"
# What the address asks: `what` is placed or paid, the rest narrows it down.
ASKED = ("what", "from", "to", "currency", "merchant", "channel", "category", "product")


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """The figure itself, and what it is narrowed down to, in words where there are any."""

    orders: int | None
    amount: int
    shop: ShopCard | None
    category: Text | None
    product: Text | None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Order]
    shops: dict[MerchantId, ShopCard]
    figure: Figure | None


def which(asked: Mapping[str, str], days: Days) -> Behind:
    """The orders of this address. Raises `NotFound` for a figure that there is none of."""
    merchant_id, product_id = as_uuid(asked["merchant"]), as_uuid(asked["product"])
    if asked["what"] not in set(Happening) or (product_id and not merchant_id):
        raise NotFound()
    return Behind(
        happening=Happening(asked["what"]),
        since=days.since,
        until=days.until,
        currency=asked["currency"] or None,
        merchant_id=merchant_id,
        channel=asked["channel"] or None,
        category_id=as_uuid(asked["category"]),
        product_id=product_id,
    )


async def listed(read: Read, wanted: Behind, days: Days, cursor: str | None) -> Listed:
    page = await orders.behind(read, wanted, cursor, ROWS_PER_PAGE)
    shops = await merchants.cards(read, {order.merchant_id for order in page.items})
    return Listed(page=page, shops=shops, figure=await figure(read, wanted, days))


async def figure(read: Read, wanted: Behind, days: Days) -> Figure | None:
    """The figure that these orders stand behind; none without a currency, since amounts of several are not summed."""
    if wanted.currency is None:
        return None
    owner = MerchantId(wanted.merchant_id) if wanted.merchant_id else None
    cards = await merchants.cards(read, [owner]) if owner else {}
    names = names_of(await catalog.categories(read)) if wanted.category_id else {}
    product = await catalog.product(read, wanted.product_id) if wanted.product_id else None
    count: int | None = None
    if wanted.category_id or wanted.product_id:
        amount = await analytics.figures.sold_of(
            read,
            days.first,
            days.last,
            wanted.currency,
            merchant_id=wanted.merchant_id,
            category_id=wanted.category_id,
            product_id=wanted.product_id,
        )
    else:
        by_channel = await analytics.figures.trade_by_channel(
            read, days.first, days.last, wanted.currency, wanted.merchant_id
        )
        rows = [row for row in by_channel if wanted.channel in (None, row.key)]
        paid = wanted.happening is Happening.PAID
        count = sum(row.paid_orders if paid else row.orders for row in rows)
        amount = sum(row.paid if paid else row.gmv for row in rows)
    return Figure(
        orders=count,
        amount=amount,
        shop=cards.get(owner) if owner else None,
        category=names.get(wanted.category_id) if wanted.category_id else None,
        product=product.title if product else None,
    )


async def _everything(read: Read, wanted: Behind) -> Listed:
    found = await exports.everything(lambda cursor: orders.behind(read, wanted, cursor, ITEMS_PER_PAGE_MAX))
    shops = await merchants.cards(read, {order.merchant_id for order in found})
    return Listed(page=Page(found, None), shops=shops, figure=None)


@get("/figures/orders", opt={"permission": "orders.read"})
async def orders_behind(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """The orders that a figure counts: `?what=&from=&to=&currency=&merchant=&channel=&category=&product=`."""
    asked = asked_of(visit, ASKED)
    days = days_of(asked)
    wanted = which(asked, days)
    if exports.wanted(visit):
        return _as_file(visit, await visit.db.ask(_everything, wanted))
    found = await visit.db.ask(listed, wanted, days, cursor)
    return await show(
        visit, "behind.html", N_("Orders behind it"), HERE, asked,
        wanted=wanted, days=days, found=found, cursor=cursor, figure=found.figure,
    )  # fmt: skip


def _as_file(visit: Visit, found: Listed) -> Response[bytes]:
    words = (
        N_("Order"),
        N_("Shop"),
        N_("State"),
        N_("Placed"),
        N_("Paid at"),
        N_("Currency"),
        N_("Total"),
        N_("Refunded"),
    )
    rows = [
        (
            order.code,
            found.shops[order.merchant_id].name if order.merchant_id in found.shops else "",
            order.state,
            order.placed_at,
            order.paid_at,
            order.currency,
            Money(order.total, order.currency),
            Money(order.refunded, order.currency),
        )
        for order in found.page.items
    ]
    return exports.sheet(visit, N_("Orders behind it"), words, rows)


HANDLERS = [orders_behind]
