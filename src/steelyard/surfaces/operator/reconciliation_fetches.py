"""Statements that are fetched by themselves: what came of each day, what is missing, and "fetch again"."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.money import reconciliation
from steelyard.money.reconciliation.model import Source
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator import reconciliation_words as words
from steelyard.surfaces.operator.reconciliation import NEEDS
from steelyard.surfaces.web.console import ROWS_PER_PAGE, InState, address, done
from steelyard.surfaces.web.visit import Visit

HERE = f"{frame.RECONCILIATION}/fetches"
TABS: Mapping[str, str] = {"all": N_("All"), "missing": N_("Missing")}


class Found(msgspec.Struct, frozen=True, kw_only=True):
    sources: Mapping[str, Source]
    page: Page[reconciliation.Fetch]


async def _found(read: Read, source: str | None, missing: bool, cursor: str | None) -> Found:
    return Found(
        sources={each.source: each for each in await reconciliation.sources(read)},
        page=await reconciliation.fetches(read, source=source, missing=missing, cursor=cursor, limit=ROWS_PER_PAGE),
    )


@get("/reconciliation/fetches", opt=NEEDS)
async def fetch_list(
    visit: NamedDependency[Visit],
    wanted: InState = None,
    source: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[Any]:
    """Day by day what was asked for and what came of it."""
    tab = wanted if wanted in TABS else "all"
    found = await visit.db.ask(_found, source or None, tab == "missing", cursor)
    asked = reconciliation.senders(visit.settings)
    return await frame.show(
        visit,
        "reconciliation_fetches.html",
        frame.RECONCILIATION,
        crumbs=[(visit.say(N_("Reconciliation")), frame.RECONCILIATION), (visit.say(N_("Fetched statements")), None)],
        found=found,
        asked=asked,
        source=source or "",
        tab=tab,
        words=words,
        sources=[(name, each.name.in_language(visit.locale)) for name, each in found.sources.items() if name in asked],
        tabs=[
            {"label": visit.say(word), "href": address(HERE, state=key, source=source), "current": key == tab}
            for key, word in TABS.items()
        ],
        next_href=address(HERE, state=tab, source=source, cursor=found.page.next) if found.page.next else "",
        start_href=address(HERE, state=tab, source=source) if cursor else "",
    )


async def _again(tx: Tx, actor: Actor, sender: reconciliation.Sender, day: date) -> None:
    await reconciliation.fetch_again(tx, sender, day, datetime.now(UTC))
    await access.audit(tx, actor, "reconciliation.fetch_again", sender.source, {"day": day})


@post("/reconciliation/fetches/{source:str}/{day:date}/again", opt=NEEDS)
async def fetch_again(visit: NamedDependency[Visit], source: FromPath[str], day: FromPath[date]) -> Redirect:
    """Ask for a day now, in the background. Twice is once while the first has not begun."""
    sender = reconciliation.senders(visit.settings).get(source)
    if sender is None:
        raise NotFound()
    return await done(
        visit,
        HERE,
        N_("It is asked for in the background."),
        lambda: visit.db.transact(_again, visit.actor, sender, day),
    )


HANDLERS = [fetch_list, fetch_again]
