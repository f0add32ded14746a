"""The refunds behind a figure of the figures' pages; each of them leads on to its order and its transfers."""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.operations import analytics
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.behind_figures import Days, asked_of, days_of, show
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import ROWS_PER_PAGE
from steelyard.surfaces.web.entries import as_uuid
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import aftersales
from steelyard.trade.aftersales.model import RefundBehind, RefundsWanted

HERE = f"{frame.FIGURES}/refunds"
REASONS = {
    "cancelled": N_("Order cancelled"),
    "goodwill": N_("Goodwill"),
    "returned": N_("Goods returned"),
    "imported": N_("Imported"),
    "price_protection": N_("Price protection"),
    "uncollected": N_("Authorised payment not collected"),
    "refused_at_the_door": N_("Refused at the door"),
    "chargeback": N_("Charged back"),
}
ASKED = ("from", "to", "currency", "merchant", "channel")


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """`amount` is the figure itself; none without a currency, since amounts of several are not summed."""

    page: Page[RefundBehind]
    shops: dict[MerchantId, ShopCard]
    amount: int | None = None
    count: int | None = None


def which(asked: Mapping[str, str], days: Days) -> RefundsWanted:
    """The refunds of this address."""
    return RefundsWanted(
        since=days.since,
        until=days.until,
        currency=asked["currency"] or None,
        merchant_id=as_uuid(asked["merchant"]),
        channel=asked["channel"] or None,
    )


async def listed(read: Read, wanted: RefundsWanted, days: Days, cursor: str | None) -> Listed:
    page = await aftersales.behind(read, wanted, cursor, ROWS_PER_PAGE)
    shops = {row.merchant_id for row in page.items} | (
        {MerchantId(wanted.merchant_id)} if wanted.merchant_id else set()
    )
    cards = await merchants.cards(read, shops)
    if wanted.currency is None:
        return Listed(page=page, shops=cards)
    by_channel = await analytics.figures.trade_by_channel(
        read, days.first, days.last, wanted.currency, wanted.merchant_id
    )
    rows = [row for row in by_channel if wanted.channel in (None, row.key)]
    return Listed(
        page=page,
        shops=cards,
        amount=sum(row.refunds for row in rows),
        count=sum(row.refunded_orders for row in rows),
    )


async def _everything(read: Read, wanted: RefundsWanted) -> Listed:
    found = await exports.everything(lambda cursor: aftersales.behind(read, wanted, cursor, ITEMS_PER_PAGE_MAX))
    return Listed(page=Page(found, None), shops=await merchants.cards(read, {row.merchant_id for row in found}))


@get("/figures/refunds", opt={"permission": "orders.read"})
async def refunds_behind(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """The refunds that a figure counts: `?from=&to=&currency=&merchant=&channel=`."""
    asked = asked_of(visit, ASKED)
    days = days_of(asked)
    wanted = which(asked, days)
    if exports.wanted(visit):
        return _as_file(visit, await visit.db.ask(_everything, wanted))
    found = await visit.db.ask(listed, wanted, days, cursor)
    return await show(
        visit, "refunds_behind.html", N_("Refunds behind it"), HERE, asked,
        wanted=wanted, days=days, found=found, cursor=cursor,
    )  # fmt: skip


def _as_file(visit: Visit, found: Listed) -> Response[bytes]:
    words = (N_("Order"), N_("Shop"), N_("Decided at"), N_("Reason"), N_("Currency"), N_("Amount"))
    rows = [
        (
            row.code,
            found.shops[row.merchant_id].name if row.merchant_id in found.shops else "",
            row.at,
            visit.say(REASONS.get(row.reason, row.reason)),
            row.currency,
            Money(row.amount, row.currency),
        )
        for row in found.page.items
    ]
    return exports.sheet(visit, N_("Refunds behind it"), words, rows)


HANDLERS = [refunds_behind]
