"""How long money has been held for buyers, and what will be paid out to shops when."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.surfaces.components.charts import Chart, Series
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.settlement_tabs import HELD, tabs
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import settlement
from steelyard.trade.settlement import BANDS, Aged, Ahead, settlement_day

NEEDS = {"permission": "settlement.run"}
DAYS_DRAWN = 30


class Found(msgspec.Struct, frozen=True, kw_only=True):
    aged: list[Aged]
    ahead: list[Ahead]

    @property
    def currencies(self) -> list[str]:
        return sorted({each.currency for each in (*self.aged, *self.ahead)})


async def found(read: Read, today: date) -> Found:
    return Found(aged=await settlement.held_by_age(read), ahead=await settlement.ahead(read, today))


@get("/settlement/held", opt=NEEDS)
async def held_page(visit: NamedDependency[Visit]) -> Response[Any]:
    """Held money by its age, and expected payouts by day, by currency (`?currency=`)."""
    today = settlement_day(datetime.now(UTC))
    known = await visit.db.ask(found, today)
    if exports.wanted(visit):
        return _as_file(visit, known)
    asked = visit.connection.query_params.get("currency", "")
    currency = asked if asked in known.currencies else next(iter(known.currencies), "CNY")
    return await frame.show(
        visit,
        "held_money.html",
        frame.SETTLEMENT,
        found=known,
        currency=currency,
        aged=[(_band(visit, each.since_days), each) for each in known.aged if each.currency == currency],
        at=known.aged[0].at if known.aged else None,
        charts=[_ages(visit, known, currency), _ahead(visit, known, currency, today)],
        sections=tabs(visit, HELD),
        base=HELD,
    )


def _band(visit: Visit, since: int) -> str:
    following = next((band for band in BANDS if band > since), None)
    if following is None:
        return visit.say(N_("{first} days and longer"), first=since)
    return visit.say(N_("{first} to {last} days"), first=since, last=following - 1)


def _ages(visit: Visit, known: Found, currency: str) -> Chart:
    amounts = {each.since_days: each.amount for each in known.aged if each.currency == currency}
    return Chart(
        "bar",
        visit.say(N_("Held money by age")),
        [_band(visit, band) for band in BANDS],
        [Series(visit.say(N_("Held for buyers")), [amounts.get(band, 0) for band in BANDS])],
        unit="money",
        currency=currency,
        note=visit.say(N_("Of orders that are paid and not received, by how long ago they were paid.")),
    )


def _ahead(visit: Visit, known: Found, currency: str, today: date) -> Chart:
    days = [today + timedelta(days=number) for number in range(DAYS_DRAWN)]
    amounts = {each.day: each.amount for each in known.ahead if each.currency == currency}
    return Chart(
        "bar",
        visit.say(N_("Expected payouts by day")),
        days,
        [Series(visit.say(N_("Earned already")), [amounts.get(day, 0) for day in days])],
        unit="money",
        currency=currency,
        note=visit.say(N_("What shops have earned and is on no statement yet; what was due before stands at today.")),
    )


def _as_file(visit: Visit, known: Found) -> Response[bytes]:
    columns = (N_("Currency"), N_("Days since the payment, from"), N_("Orders"), N_("Amount"))
    rows = [(each.currency, each.since_days, each.orders, Money(each.amount, each.currency)) for each in known.aged]
    return exports.sheet(visit, N_("Held money"), columns, rows)


HANDLERS = [held_page]
