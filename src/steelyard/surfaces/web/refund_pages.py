"""What both consoles say of refunds: found by state, way and age, drawn over time, as a file; what waits; limits by role."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response

from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.kernel.text import Text
from steelyard.money import payments
from steelyard.money.payments import RefundDay, RefundsSought
from steelyard.money.payments.model import Refund, RefundRoute, RefundState
from steelyard.parties.access.model import Role
from steelyard.surfaces.components.charts import Chart, Series
from steelyard.surfaces.components.page import TIMEZONE, Tone
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.entries import Entries
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.visit import Visit
from steelyard.trade.aftersales import (
    GIVES,
    CallOff,
    DecideCase,
    GiveBack,
    GivingCommand,
    Limit,
    ReceiveOfCase,
    RequestSide,
    RequestState,
)

DAYS_SHOWN = 30
DAYS_SHOWN_MAX = 400
CHARTS_MAX = 2
OPEN = (RefundState.INSTRUCTED, RefundState.SENT, RefundState.FAILED)

TABS: dict[str, tuple[str, Sequence[RefundState]]] = {
    "all": (N_("All"), ()),
    "failed": (N_("Failed"), (RefundState.FAILED,)),
    "open": (N_("Not at the buyer yet"), OPEN),
    "instructed": (N_("Promised"), (RefundState.INSTRUCTED,)),
    "sent": (N_("Handed to the channel"), (RefundState.SENT,)),
    "succeeded": (N_("Refunded"), (RefundState.SUCCEEDED,)),
    "twice": (N_("Paid twice"), ()),
}
ROUTES = {
    RefundRoute.ORIGIN: N_("The way it was paid"),
    RefundRoute.BALANCE: N_("Into the balance"),
    RefundRoute.BY_HAND: N_("Transferred by hand"),
}
AGES = {"1": N_("Older than a day"), "3": N_("Older than 3 days"), "7": N_("Older than a week")}
REQUEST_STATES: dict[RequestState, tuple[str, Tone]] = {
    RequestState.WAITING: (N_("Waits for a second person"), "warn"),
    RequestState.APPROVED: (N_("Approved"), "good"),
    RequestState.DECLINED: (N_("Declined"), "bad"),
    RequestState.WITHDRAWN: (N_("Taken back"), "quiet"),
    RequestState.EXPIRED: (N_("Nobody answered in time"), "quiet"),
    RequestState.OVERTAKEN: (N_("Settled otherwise"), "quiet"),
}
COMMANDS = {
    "GiveBack": N_("Refund"),
    "CallOff": N_("Cancel the order"),
    "GrantCallOff": N_("Grant a cancellation"),
    "AgreeToCase": N_("Agree to an after-sales case"),
    "ReceiveOfCase": N_("Accept goods that came back"),
    "SendAgain": N_("Send something else instead"),
    "DecideCase": N_("Decide a dispute"),
}
WHY = {"per_refund": N_("Above the limit of one refund"), "per_day": N_("Above the limit of a day")}


def asked_why(command: GivingCommand) -> str:
    """What who asked has said for it."""
    match command:
        case GiveBack(request=request):
            return request.note
        case CallOff(reason=reason) if reason not in ("buyer", "merchant"):
            return reason
        case DecideCase(reason=reason):
            return reason
        case ReceiveOfCase(answer=answer):
            return answer
        case _:
            return ""


FILTERS = ("channel", "route", "age", "shop", "from", "to")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The filters as they were typed, what of them cannot be read, and the days of the chart."""

    tab: str
    typed: dict[str, str]
    errors: dict[str, str]
    since: datetime | None
    until: datetime | None

    @property
    def chart_since(self) -> datetime:
        first = self.since or self.chart_until - timedelta(days=DAYS_SHOWN)
        return max(first, self.chart_until - timedelta(days=DAYS_SHOWN_MAX))

    @property
    def chart_until(self) -> datetime:
        return self.until or midnight(today() + timedelta(days=1))


def today() -> date:
    return datetime.now(ZoneInfo(TIMEZONE)).date()


def midnight(day: date) -> datetime:
    """The moment at which a day of the house begins."""
    return datetime.combine(day, time(), ZoneInfo(TIMEZONE)).astimezone(UTC)


def asked(visit: Visit, tab: str | None, names: Sequence[str] = FILTERS) -> Asked:
    """What cannot be read narrows nothing down and is told beside its field."""
    query = visit.connection.query_params
    typed = {name: value for name in names if (value := (query.get(name) or "").strip()[:100])}
    days = {name: day_of(typed.get(name, "")) for name in ("from", "to")}
    wrong = visit.say(N_("Please enter a day such as 2026-03-01"))
    first, last = days["from"], days["to"]
    return Asked(
        tab=tab if tab in TABS else "all",
        typed=typed,
        errors={name: wrong for name, day in days.items() if name in typed and day is None},
        since=midnight(first) if first else None,
        until=midnight(last + timedelta(days=1)) if last else None,
    )


def sought(found: Asked, merchant_ids: Sequence[UUID] | None) -> RefundsSought:
    """Of an age: what is open for so long."""
    states: Sequence[RefundState] = TABS[found.tab][1]
    until = found.until
    age = found.typed.get("age", "")
    if age in AGES:
        states = [state for state in OPEN if not states or state in states]
        begun = datetime.now(UTC) - timedelta(days=int(age))
        until = min(until, begun) if until else begun
    route = found.typed.get("route", "")
    return RefundsSought(
        states=states,
        channel=found.typed.get("channel") or None,
        route=RefundRoute(route) if route in set(RefundRoute) else None,
        merchant_ids=merchant_ids,
        since=found.since,
        until=until,
        twice=found.tab == "twice",
    )


async def every(read: Read, wanted: RefundsSought) -> list[Refund]:
    return await exports.everything(
        lambda cursor: payments.refunds_sought(read, wanted, cursor=cursor, limit=ITEMS_PER_PAGE_MAX)
    )


def charts(visit: Visit, rows: Sequence[RefundDay], found: Asked) -> list[Chart]:
    """Refunds over time, a picture for each of the currencies that most refunds were in."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.currency] = counts.get(row.currency, 0) + row.count
    first = found.chart_since.astimezone(ZoneInfo(TIMEZONE)).date()
    last = (found.chart_until - timedelta(seconds=1)).astimezone(ZoneInfo(TIMEZONE)).date()
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [
        _chart(visit, currency, days, {row.day: row for row in rows if row.currency == currency})
        for currency in sorted(counts, key=lambda each: (-counts[each], each))[:CHARTS_MAX]
    ]


def _chart(visit: Visit, currency: str, days: Sequence[date], by_day: Mapping[date, RefundDay]) -> Chart:
    amounts = [by_day[day].amount if day in by_day else 0 for day in days]
    failed = [by_day[day].failed if day in by_day else 0 for day in days]
    series = [Series(visit.say(N_("Promised")), amounts)]
    if any(failed):
        series.append(Series(visit.say(N_("Of it failed")), failed))
    title = visit.say(N_("Refunds by day"))
    return Chart(
        "bar",
        f"{title} · {currency}",
        list(days),
        series,
        unit="money",
        currency=currency,
        note=visit.say(N_("By the day on which they were decided.")),
    )


COLUMNS = (
    N_("When"), N_("Order"), N_("Shop"), N_("Reason"), N_("State"), N_("Currency"), N_("Amount"), N_("Channel"), N_("Way"),
    N_("Reference"), N_("What failed"), N_("Arrived at"), N_("Document"),
)  # fmt: skip


def as_file(
    visit: Visit, found: Sequence[Refund], codes: Mapping[UUID, str], shops: Mapping[UUID, Text]
) -> Response[bytes]:
    rows = [
        (
            each.created_at,
            codes.get(each.order_id, ""),
            shops[each.merchant_id].in_language(visit.locale) if each.merchant_id in shops else "",
            each.reason,
            each.state,
            each.currency,
            Money(each.amount, each.currency),
            each.channel,
            visit.say(ROUTES[each.route]),
            each.channel_reference,
            each.failure,
            each.succeeded_at,
            str(each.refund_id),
        )
        for each in found
    ]
    return exports.sheet(visit, N_("Refunds"), COLUMNS, rows)


class RoleLimit(msgspec.Struct, frozen=True, kw_only=True):
    """A role that may give money back: what counts now, and what is planned."""

    role: Role
    now: Limit | None
    planned: Sequence[Limit]


def role_limits(
    roles: Sequence[Role], limits: Sequence[Limit], side: RequestSide, currency: str, moment: datetime
) -> list[RoleLimit]:
    """For each role that may give money back, its limits in a currency."""
    found: list[RoleLimit] = []
    for role in roles:
        if not set(role.permissions) & set(GIVES[side]):
            continue
        own = [each for each in limits if each.role_id == role.role_id and each.currency == currency]
        begun = [each for each in own if each.valid_from <= moment]
        found.append(
            RoleLimit(
                role=role,
                now=max(begun, key=lambda each: each.valid_from, default=None),
                planned=sorted((each for each in own if each.valid_from > moment), key=lambda each: each.valid_from),
            )
        )
    return found


class TypedLimit(msgspec.Struct, frozen=True, kw_only=True):
    role_id: str
    currency: str
    per_refund: int | None
    per_day: int | None
    valid_from: datetime


def limit_of(form: Entries, roles: Sequence[RoleLimit], currency: str) -> TypedLimit:
    """A limit as it was typed: empty amounts are no limit; from today on, or from a day to come. Raises `Invalid`."""
    role_id = form.text("role")
    if role_id not in {each.role.role_id for each in roles}:
        form.refuse("role", N_("Please choose a role."))
    per_refund = form.money("per_refund", currency, required=False)
    per_day = form.money("per_day", currency, required=False)
    typed = form.text("from")
    day = day_of(typed) if typed else today()
    if day is None or day < today():
        form.refuse("from", N_("Please choose today or a day to come."))
    form.check()
    assert day is not None
    begins = datetime.now(UTC) if day == today() else midnight(day)
    return TypedLimit(role_id=role_id, currency=currency, per_refund=per_refund, per_day=per_day, valid_from=begins)


def tabs_of(visit: Visit, here: str, found: Asked, address: Any) -> list[dict[str, object]]:
    return [
        {"label": visit.say(word), "href": address(here, **{**found.typed, "state": key}), "current": key == found.tab}
        for key, (word, _) in TABS.items()
    ]


def chosen_day(form: Entries, name: str) -> date:
    """A day that has come, today when it is left empty. Raises `Invalid`."""
    typed = form.text(name)
    day = day_of(typed) if typed else today()
    if day is None or day > today():
        raise Invalid({name: N_("Please choose a day that has come.")})
    return day


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Refund]
    days: Sequence[RefundDay]
    codes: Mapping[Any, str]
    shops: Mapping[Any, Any] = {}
