"""The money position: what the platform holds for others beside the cash that it has, and how its statements do."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.money import ledger, reconciliation
from steelyard.money.ledger.model import BOOKS_ZONE, AccountKind
from steelyard.money.reconciliation.model import Source
from steelyard.surfaces.components.charts import Chart, Series
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.books import NEEDS
from steelyard.surfaces.operator.days import midnight_after
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import settlement

DAYS_DRAWN = 30


class Found(msgspec.Struct, frozen=True, kw_only=True):
    held: list[ledger.Held]
    summed: ledger.Summed
    stood: list[ledger.Stood]
    groups: dict[AccountKind, str]
    sources: dict[str, Source]
    health: list[reconciliation.Health]
    unexplained: list[reconciliation.Unexplained]
    stripe: list[settlement.StripeWaiting]


async def _found(read: Read, until: datetime | None, currency: str, last: date, statements: bool) -> Found:
    chart = await ledger.chart(read)
    summed = ledger.Summed(lines=await ledger.trial_at(read, until), at=until) if until else await ledger.summed(read)
    groups = {line.kind: line.money for line in chart if line.money is not None}
    first = last - timedelta(days=DAYS_DRAWN - 1)
    stood = []
    if until is None and summed.lines:
        stood = await ledger.stood_daily(read, summed.lines, currency, list(groups), first, last)
    return Found(
        held=ledger.held_against_cash(summed.lines, chart),
        summed=summed,
        stood=stood,
        groups={kind: str(group) for kind, group in groups.items()},
        sources={each.source: each for each in await reconciliation.sources(read)} if statements else {},
        health=await reconciliation.health(read) if statements else [],
        unexplained=await reconciliation.unexplained(read, currency, first, last) if statements else [],
        stripe=await settlement.waits_for_stripe(read) if until is None else [],
    )


@get("/money", opt=NEEDS)
async def money_page(visit: NamedDependency[Visit]) -> Response[Any]:
    """What is held for buyers and merchants against channel and bank, by currency, now or at the end of a day (`?at=`)."""
    query = visit.connection.query_params
    day, currency = day_of(query.get("at", "")), query.get("currency") or "CNY"
    today = datetime.now(UTC).astimezone(BOOKS_ZONE).date()
    statements = visit.actor.may("reconciliation.manage")
    found = await visit.db.ask(_found, midnight_after(day) if day else None, currency, today, statements)
    if exports.wanted(visit):
        return _as_file(visit, found)
    charts = [_cash(visit, found, currency), _gap(visit, found, currency)] if found.stood else []
    return await frame.show(
        visit,
        "money.html",
        frame.MONEY,
        found=found,
        day=day,
        currency=currency,
        charts=charts,
        unexplained=_unexplained(visit, found, currency) if found.health else None,
        base=frame.MONEY,
    )


def _sums(found: Found, *groups: str) -> tuple[list[date], list[int]]:
    days = sorted({each.day for each in found.stood})
    sums = dict.fromkeys(days, 0)
    for each in found.stood:
        if found.groups[each.kind] in groups:
            sums[each.day] += each.balance
    return days, list(sums.values())


def _of_kind(found: Found, kind: AccountKind) -> list[int]:
    return [each.balance for each in found.stood if each.kind is kind]


def _cash(visit: Visit, found: Found, currency: str) -> Chart:
    days, held = _sums(found, "buyers", "merchants")
    return Chart(
        "line",
        visit.say(N_("Cash and money held")),
        days,
        [
            Series(visit.say(N_("At channels")), _of_kind(found, AccountKind.CHANNEL_CASH)),
            Series(visit.say(N_("In bank accounts")), _of_kind(found, AccountKind.BANK_CASH)),
            Series(visit.say(N_("Held for others")), held),
        ],
        unit="money",
        currency=currency,
        note=visit.say(N_("At the end of each day.")),
    )


def _gap(visit: Visit, found: Found, currency: str) -> Chart:
    days, buyers = _sums(found, "buyers")
    return Chart(
        "area",
        visit.say(N_("Held for whom")),
        days,
        [
            Series(visit.say(N_("For buyers")), buyers),
            Series(visit.say(N_("For merchants")), _sums(found, "merchants")[1]),
        ],
        unit="money",
        currency=currency,
    )


def _unexplained(visit: Visit, found: Found, currency: str) -> Chart:
    return Chart(
        "area",
        visit.say(N_("Not explained, at the end of each day")),
        [each.day for each in found.unexplained],
        [Series(visit.say(N_("Not explained")), [each.amount for each in found.unexplained])],
        unit="money",
        currency=currency,
        note=visit.say(N_("Sums of what differs without its sign, of all channels and banks.")),
    )


def _as_file(visit: Visit, found: Found) -> Response[bytes]:
    columns = (N_("Currency"), N_("What"), N_("Ledger account"), N_("Amount"))
    rows = [
        (each.currency, visit.say(word), str(kind), Money(amount, each.currency))
        for each in found.held
        for word, accounts in (
            (N_("Cash"), each.cash),
            (N_("Buyers’ money"), each.buyers),
            (N_("Merchants’ money"), each.merchants),
            (N_("Explains the gap"), each.why),
        )
        for kind, amount in accounts.items()
    ]
    return exports.sheet(visit, N_("Money position"), columns, rows)


HANDLERS = [money_page]
