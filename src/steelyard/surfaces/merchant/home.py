"""The front page: what waits for the shop, and how today goes."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from steelyard.goods import inventory
from steelyard.kernel.db import Read
from steelyard.operations import analytics
from steelyard.operations.analytics import DayFigures
from steelyard.parties import merchants
from steelyard.parties.merchants.model import Merchant, MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.guards import ANY_STAFF
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import orders, settlement
from steelyard.trade.orders.model import Order, OrderState
from steelyard.trade.settlement import settlement_day

DAYS_SHOWN = 14
RECENT_ORDERS = 5
LOW_COUNTED_MAX = 100


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """What the front page shows. `low` counts at most `LOW_COUNTED_MAX` stock rows that run low."""

    merchant: Merchant
    counts: dict[OrderState, int]
    low: int
    figures: list[DayFigures]
    recent: list[Order]
    waiting: list[settlement.Waiting]


async def overview(read: Read, merchant_id: MerchantId) -> Overview:
    merchant = await merchants.get(read, merchant_id)
    assert merchant is not None
    low = await inventory.levels(read, merchant_id, limit=LOW_COUNTED_MAX, low=True)
    return Overview(
        merchant=merchant,
        counts=await orders.counts_of_merchant(read, merchant_id),
        low=len(low.items),
        figures=await analytics.days_of_merchant(read, merchant_id, DAYS_SHOWN),
        recent=(await orders.orders_of_merchant(read, merchant_id, limit=RECENT_ORDERS)).items,
        waiting=await settlement.waiting(read, merchant_id),
    )


def day_by_day(figures: Sequence[DayFigures], currency: str, count: int) -> list[DayFigures]:
    """One row for each of the last `count` days, quiet ones included."""
    known = {each.day: each for each in figures if each.currency == currency}
    last = settlement_day(datetime.now(UTC))
    wanted: list[date] = [last - timedelta(days=back) for back in reversed(range(count))]
    return [known.get(day) or DayFigures(day=day, currency=currency) for day in wanted]


@get("/", opt={"permission": ANY_STAFF})
async def front(visit: NamedDependency[Visit]) -> Response[Any]:
    """What waits, today's sales, the newest orders."""
    found = await visit.merchant_db.ask(overview, visit.merchant_id)
    rows = day_by_day(found.figures, found.merchant.currency, DAYS_SHOWN)
    return await frame.show(
        visit,
        "home.html",
        frame.HOME,
        overview=found,
        days=rows,
        today=rows[-1],
        to_ship=found.counts.get(OrderState.PAID, 0) + found.counts.get(OrderState.PARTLY_SHIPPED, 0),
    )


HANDLERS = [front]
