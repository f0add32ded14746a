"""Days on which nobody works, by country and year: last days of rights move off them, where a rule says so."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.rights import NEEDS, day_typed, today
from steelyard.surfaces.web.console import address, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import rights
from steelyard.trade.rights import Holiday

HERE = f"{frame.RIGHTS}/holidays"
DAYS_AT_ONCE_MAX = 31
YEARS = (2000, 2200)
# The country that stands first.
HOUSE_COUNTRY = "CN"


@get("/rights/holidays", opt=NEEDS)
async def holiday_list(visit: NamedDependency[Visit], year: FromQuery[int | None] = None) -> Response[Any]:
    """The days of a year, this one at first."""
    return await _page(visit, year if year is not None and YEARS[0] <= year <= YEARS[1] else today().year)


async def _page(
    visit: Visit, year: int, form: Entries | None = None, errors: Mapping[str, str] | None = None
) -> Response[Any]:
    by_country: dict[str, list[Holiday]] = {}
    found = await visit.db.ask(rights.holidays, year)
    for each in sorted(found, key=lambda each: (each.country != HOUSE_COUNTRY, each.country, each.day)):
        by_country.setdefault(each.country, []).append(each)
    title = visit.say(N_("Holidays"))
    return await frame.show(
        visit,
        "holidays.html",
        frame.RIGHTS,
        crumbs=[(visit.say(N_("Buyers’ rights")), frame.RIGHTS), (title, None)],
        status=422 if errors else 200,
        year=year,
        years=[
            {"label": str(each), "href": address(HERE, year=each), "current": each == year}
            for each in range(year - 1, year + 3)
        ],
        by_country=by_country,
        typed=form,
        errors=errors or {},
    )


async def keep(tx: Tx, actor: Actor, days: list[Holiday]) -> None:
    for each in days:
        before = await rights.holiday(tx, each.country, each.day)
        await rights.keep_holiday(tx, each)
        if before != each:
            await access.audit(
                tx, actor, "rights.holiday", f"{each.country} {each.day}", before=_facts(before), after=_facts(each)
            )


def _facts(each: Holiday | None) -> dict[str, Any]:
    return {} if each is None else {"name": dict(each.name), "worked": each.worked}


@post("/rights/holidays", opt=NEEDS)
async def kept(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Keep a day, or a row of days, as a holiday or as worked."""
    form = await entries_of(request)
    first = day_typed(form, "day")
    last = day_typed(form, "until") if form.text("until") else first
    year = first.year if first else today().year
    try:
        name = form.words("name", required=True)
        if first and last and not timedelta(0) <= last - first < timedelta(days=DAYS_AT_ONCE_MAX):
            form.refuse("until", N_("The last day is the first or after it, and at most a month away"))
        form.check()
        assert first is not None and last is not None
        country, worked = form.text("country").upper(), form.flag("worked")
        days = [
            Holiday(country=country, day=first + timedelta(days=number), name=name, worked=worked)
            for number in range((last - first).days + 1)
        ]
        await visit.db.transact(keep, visit.actor, days)
    except Invalid as refusal:
        return await _page(visit, year, form, errors_of(visit, refusal.fields))
    said = visit.say(N_("It is kept. Last days of rights that are under way move by it, too."))
    return redirect(visit, address(HERE, year=year), (said, "good"))


async def forget(tx: Tx, actor: Actor, country: str, day: date) -> None:
    before = await rights.forget_holiday(tx, country, day)
    if before is not None:
        await access.audit(tx, actor, "rights.holiday", f"{country} {day}", before=_facts(before), after={})


@post("/rights/holidays/forget", opt=NEEDS)
async def forgotten(visit: NamedDependency[Visit], request: WebRequest) -> Redirect:
    """It is a day like others."""
    form = await entries_of(request)
    day = day_typed(form, "day")
    if day is None:
        return redirect(visit, HERE, (visit.say(N_("Please enter a day")), "bad"))
    await visit.db.transact(forget, visit.actor, form.text("country").upper(), day)
    return redirect(visit, address(HERE, year=day.year), (visit.say(N_("It is a day like others now.")), "good"))


HANDLERS = [holiday_list, kept, forgotten]
