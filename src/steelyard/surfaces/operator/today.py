"""The front page: the running day, the last two weeks, and what is wrong anywhere."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from steelyard.kernel import events
from steelyard.kernel.db import Read
from steelyard.money import payments
from steelyard.money.payments.model import RefundState
from steelyard.operations import analytics
from steelyard.operations.analytics import DayFigures, currency_of
from steelyard.parties import operator
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import orders, settlement
from steelyard.trade.settlement import StatementState, settlement_day

DAYS_SHOWN = 14
TROUBLES_COUNTED_MAX = 100
DEFAULT_CURRENCY = "CNY"
# The chart's own coordinates.
CHART_WIDTH, CHART_HEIGHT, BAR_GAP = 700, 160, 10


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """`currency` is the one that most is sold in; `others` are today's figures in all others.
    `lost_parcels` counts the orders that wait because of one."""

    currency: str
    days: list[DayFigures]
    others: list[DayFigures]
    failed_refunds: int
    failed_payouts: int
    lost_parcels: int
    stuck: list[events.Lag]

    @property
    def today(self) -> DayFigures:
        return self.days[-1]

    @property
    def before(self) -> DayFigures:
        """Yesterday."""
        return self.days[-2]


class Bar(msgspec.Struct, frozen=True):
    """One day of the chart, in its coordinates."""

    x: float
    y: float
    width: float
    height: float
    day: DayFigures


async def overview(read: Read) -> Overview:
    figures = await analytics.days(read, DAYS_SHOWN)
    profile = await operator.profile(read)
    currency = currency_of(figures, profile.currency if profile else DEFAULT_CURRENCY)
    rows = day_by_day(figures, currency)
    refunds = await payments.refunds_page(read, state=RefundState.FAILED, limit=TROUBLES_COUNTED_MAX)
    payouts = await settlement.statements_page(read, state=StatementState.FAILED, limit=TROUBLES_COUNTED_MAX)
    lost = await orders.with_lost_parcels(read, limit=TROUBLES_COUNTED_MAX)
    return Overview(
        currency=currency,
        days=rows,
        others=[each for each in figures if each.day == rows[-1].day and each.currency != currency],
        failed_refunds=len(refunds.items),
        failed_payouts=len(payouts.items),
        lost_parcels=len(lost.items),
        stuck=[lag for lag in await events.lags(read) if lag.error],
    )


def day_by_day(figures: Sequence[DayFigures], currency: str) -> list[DayFigures]:
    """One row for each of the last days, quiet ones included."""
    known = {each.day: each for each in figures if each.currency == currency}
    buyers = {each.day: each.new_buyers for each in figures}
    last = settlement_day(datetime.now(UTC))
    wanted = [last - timedelta(days=back) for back in reversed(range(DAYS_SHOWN))]
    return [known.get(day) or DayFigures(day=day, currency=currency, new_buyers=buyers.get(day, 0)) for day in wanted]


def bars(days: Sequence[DayFigures]) -> list[Bar]:
    """The days' paid totals as bars, the highest as high as the chart."""
    highest = max(day.paid for day in days) or 1
    step = CHART_WIDTH / len(days)
    heights = [max(CHART_HEIGHT * day.paid / highest, 1.5) for day in days]
    return [
        Bar(
            round(place * step + BAR_GAP / 2, 1),
            round(CHART_HEIGHT - height, 1),
            round(step - BAR_GAP, 1),
            round(height, 1),
            day,
        )
        for place, (day, height) in enumerate(zip(days, heights, strict=True))
    ]


def change(now: int, before: int) -> str:
    """By how much it differs from yesterday, with its sign; empty when there was nothing."""
    if not before:
        return ""
    return f"{(now - before) / before:+.0%}".replace("-", "−")


@get("/", opt={"permission": "dashboard.read"})
async def front(visit: NamedDependency[Visit]) -> Response[Any]:
    """Today's figures with what they were before, and what asks for somebody."""
    found = await visit.db.ask(overview)
    return await frame.show(
        visit,
        "today.html",
        frame.HOME,
        overview=found,
        today=found.today,
        before=found.before,
        days=found.days,
        bars=bars(found.days),
        change=change,
        chart=(CHART_WIDTH, CHART_HEIGHT),
    )


HANDLERS = [front]
