"""What the pages behind a figure have in common: the days they are asked for, and the way they are shown."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol

import msgspec
from litestar import Response

from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.days import midnight_after
from steelyard.surfaces.web import figures
from steelyard.surfaces.web.console import address
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.visit import Visit


class Days(msgspec.Struct, frozen=True):
    """From the first day to the last, both within; the moments are of the house's midnights."""

    first: date
    last: date

    @property
    def since(self) -> datetime:
        return midnight_after(self.first - timedelta(days=1))

    @property
    def until(self) -> datetime:
        return midnight_after(self.last)


class Found(Protocol):
    """A page of what is behind a figure."""

    @property
    def page(self) -> Page[Any]: ...


class Wanted(Protocol):
    """Which figure it is."""

    @property
    def channel(self) -> str | None: ...


def asked_of(visit: Visit, names: Sequence[str]) -> dict[str, str]:
    """What the address asks, by these names; empty for what it does not."""
    query = visit.connection.query_params
    return {name: query.get(name, "") for name in names}


def days_of(asked: Mapping[str, str]) -> Days:
    """Raises `NotFound` without two days."""
    first, last = day_of(asked["from"]), day_of(asked["to"])
    if first is None or last is None:
        raise NotFound()
    return Days(first, last)


async def show(
    visit: Visit,
    template: str,
    title: str,
    here: str,
    asked: Mapping[str, str],
    *,
    wanted: Wanted,
    days: Days,
    found: Found,
    cursor: str | None,
    **more: Any,
) -> Response[Any]:
    """The page, with the way on to its next rows and back to the figures."""
    following = found.page.next
    return await frame.show(
        visit,
        template,
        f"{frame.FIGURES}/days",
        crumbs=[(visit.say(N_("Figures")), f"{frame.FIGURES}/days"), (visit.say(title), None)],
        found=found,
        wanted=wanted,
        first=days.first,
        last=days.last,
        channel=figures.named(visit, wanted.channel, figures.CHANNELS) if wanted.channel else "",
        next_href=address(here, **asked, cursor=following) if following else "",
        start_href=address(here, **asked) if cursor else "",
        **more,
    )
