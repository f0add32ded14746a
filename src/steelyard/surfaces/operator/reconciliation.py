"""Reconciliation: how each channel and bank does, the list of what differs, and the statements as they came."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel import days, jobs
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.money import reconciliation
from steelyard.money.reconciliation.model import (
    PROBLEMS,
    UNFINISHED,
    UPLOAD_BYTES_MAX,
    Difference,
    DifferenceState,
    File,
    FileKnown,
    Kind,
    Problem,
    Source,
)
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.components.charts import Chart, Series
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator import reconciliation_words as words
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import ROWS_PER_PAGE, InState, address, done, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refusals import sentence_of
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "reconciliation.manage"}
FILES = f"{frame.RECONCILIATION}/files"
UPLOAD = f"{frame.RECONCILIATION}/upload"
DAYS_DRAWN = 30
# A statement with more lines is run by the worker: nobody waits for it in the browser.
LINES_AT_ONCE_MAX = 2_000
FORM_BYTES_MAX = UPLOAD_BYTES_MAX + 64 * 1024
TABS: dict[str, tuple[str, tuple[DifferenceState, ...] | None]] = {
    "work": (N_("Still to do"), (DifferenceState.OPEN, DifferenceState.PROPOSED)),
    "waiting": (N_("Waiting for the next day"), (DifferenceState.WAITING,)),
    "explained": (N_("Explained"), tuple(each for each in DifferenceState if each not in UNFINISHED)),
    "all": (N_("All"), None),
}


class Found(msgspec.Struct, frozen=True, kw_only=True):
    sources: Mapping[str, Source]
    health: list[reconciliation.Health]
    page: Page[Difference]
    currencies: list[str]
    unexplained: list[reconciliation.Unexplained]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What of the list is wanted."""

    tab: str
    source: str | None
    kind: str | None
    currency: str | None

    @property
    def states(self) -> list[str] | None:
        states = TABS[self.tab][1]
        return None if states is None else [str(state) for state in states]


async def _sources(read: Read) -> dict[str, Source]:
    return {each.source: each for each in await reconciliation.sources(read)}


async def _found(read: Read, asked: Asked, cursor: str | None, today: date) -> Found:
    currencies = await reconciliation.currencies_of(read)
    drawn = asked.currency if asked.currency in currencies else (currencies[0] if currencies else None)
    first = today - timedelta(days=DAYS_DRAWN - 1)
    return Found(
        sources=await _sources(read),
        health=await reconciliation.health(read),
        page=await _differences(read, asked, cursor, ROWS_PER_PAGE),
        currencies=sorted(currencies, key=lambda each: each != drawn),
        unexplained=await reconciliation.unexplained(read, drawn, first, today) if drawn else [],
    )


async def _differences(read: Read, asked: Asked, cursor: str | None, limit: int) -> Page[Difference]:
    return await reconciliation.differences(
        read, source=asked.source, states=asked.states, kind=asked.kind, cursor=cursor, limit=limit
    )


async def _every(read: Read, asked: Asked) -> list[Difference]:
    return await exports.everything(lambda cursor: _differences(read, asked, cursor, ITEMS_PER_PAGE_MAX))


@get("/reconciliation", opt=NEEDS)
async def overview(
    visit: NamedDependency[Visit], wanted: InState = None, cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """How each source does, what is not explained, and the work list."""
    query = visit.connection.query_params
    asked = Asked(
        tab=wanted if wanted in TABS else "work",
        source=query.get("source") or None,
        kind=query["kind"] if query.get("kind") in set(Kind) else None,
        currency=query.get("currency") or None,
    )
    if exports.wanted(visit):
        return _as_file(visit, await visit.db.ask(_every, asked))
    found = await visit.db.ask(_found, asked, cursor, days.today())
    kept = {"source": asked.source, "kind": asked.kind}
    return await frame.show(
        visit,
        "reconciliation.html",
        frame.RECONCILIATION,
        found=found,
        asked=asked,
        words=words,
        sources=[(name, each.name.in_language(visit.locale)) for name, each in found.sources.items()],
        kinds=[(str(kind), visit.say(word)) for kind, word in words.KINDS.items()],
        chart=_chart(visit, found),
        tabs=[
            {
                "label": visit.say(word),
                "href": address(frame.RECONCILIATION, state=key, **kept),
                "current": key == asked.tab,
            }
            for key, (word, _) in TABS.items()
        ],
        next_href=address(frame.RECONCILIATION, state=asked.tab, cursor=found.page.next, **kept)
        if found.page.next
        else "",
        start_href=address(frame.RECONCILIATION, state=asked.tab, **kept) if cursor else "",
    )


def _chart(visit: Visit, found: Found) -> Chart | None:
    if not found.currencies:
        return None
    return Chart(
        "area",
        visit.say(N_("Not explained, at the end of each day")),
        [each.day for each in found.unexplained],
        [Series(visit.say(N_("Not explained")), [each.amount for each in found.unexplained])],
        unit="money",
        currency=found.currencies[0],
        note=visit.say(N_("Sums of what differs without its sign, of all channels and banks.")),
    )


def _as_file(visit: Visit, found: list[Difference]) -> Response[bytes]:
    columns = (
        N_("Day"), N_("Whose statement"), N_("What differs"), N_("State"), N_("Currency"), N_("The statement says"),
        N_("Currency of our books"), N_("Our books say"), N_("Document"), N_("Booked into"), N_("Why"),
    )  # fmt: skip
    rows = [
        (
            each.day,
            each.source,
            visit.say(words.KINDS[each.kind]),
            visit.say(words.STATES[each.state][0]),
            each.currency,
            Money(each.theirs, each.currency),
            each.our_currency,
            Money(each.ours, each.our_currency),
            str(each.document or ""),
            str(each.into_kind or ""),
            each.words,
        )
        for each in found
    ]
    return exports.sheet(visit, N_("Differences"), columns, rows)


async def _files(read: Read, cursor: str | None) -> tuple[dict[str, Source], Page[File], Page[reconciliation.Beside]]:
    return (
        await _sources(read),
        await reconciliation.files(read, cursor=cursor, limit=ROWS_PER_PAGE),
        await reconciliation.days(read, limit=ROWS_PER_PAGE),
    )


@get("/reconciliation/files", opt=NEEDS)
async def file_list(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """Statements as they came, the newest first, and the days they were of."""
    sources, page, days = await visit.db.ask(_files, cursor)
    return await frame.show(
        visit,
        "reconciliation_files.html",
        frame.RECONCILIATION,
        crumbs=[(visit.say(N_("Reconciliation")), frame.RECONCILIATION), (visit.say(N_("Statement files")), None)],
        sources=sources,
        files=page,
        days={(each.source, each.day): each for each in days.items},
        words=words,
        next_href=address(FILES, cursor=page.next) if page.next else "",
        start_href=FILES if cursor else "",
    )


@get("/reconciliation/upload", opt=NEEDS)
async def upload_page(visit: NamedDependency[Visit]) -> Response[Any]:
    return await _upload(visit, Entries({}, {}))


async def _upload(visit: Visit, form: Entries, refusal: Refusal | None = None) -> Response[Any]:
    errors = errors_of(visit, refusal.fields) if isinstance(refusal, Invalid) else {}
    return await frame.show(
        visit,
        "reconciliation_upload.html",
        frame.RECONCILIATION,
        crumbs=[(visit.say(N_("Reconciliation")), frame.RECONCILIATION), (visit.say(N_("A statement")), None)],
        status=refusal.status if refusal else 200,
        sources=[each for each in await visit.db.ask(reconciliation.sources) if each.side != "carrier"],
        form=form,
        errors=errors,
        refusal=sentence_of(refusal, visit.locale) if refusal and not errors else "",
        known_href=f"{FILES}/{form.text('source')}/{refusal.file_id}" if isinstance(refusal, FileKnown) else "",
        yesterday=days.today() - timedelta(days=1),
        megabytes=UPLOAD_BYTES_MAX >> 20,
    )


@post("/reconciliation/upload", opt=NEEDS, request_max_body_size=FORM_BYTES_MAX)
async def upload(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Keep a statement that somebody has, and lay it beside the books. Twice the same file is once."""
    form = await entries_of(request)
    try:
        file = await _kept(visit, form)
    except Refusal as refusal:
        return await _upload(visit, form, refusal)
    message = (N_("The statement is here."), "good") if file.state == "read" else (N_("It cannot be read."), "bad")
    return redirect(visit, f"{FILES}/{file.source}/{file.file_id}", (visit.say(message[0]), message[1]))


async def _kept(visit: Visit, form: Entries) -> File:
    day = day_of(form.text("day", required=True))
    source = form.text("source", required=True)
    uploads = [each for each in form.files("file") if each.filename]
    if day is None:
        form.refuse("day", N_("Please enter a day."))
    elif day > days.today() + timedelta(days=1):
        form.refuse("day", N_("This day is not over yet."))
    if not uploads:
        form.refuse("file", N_("Please choose a file."))
    form.check()
    assert day is not None
    content = await uploads[0].read()
    known = await visit.db.ask(reconciliation.source_called, source)
    traded = await visit.db.ask(reconciliation.traded)
    arrival = reconciliation.Arrival(source=known, day=day, name=uploads[0].filename, content=content)
    file = await reconciliation.receive(
        visit.db, arrival, traded, visit.actor.by, then=partial(_told, actor=visit.actor), bytes_max=UPLOAD_BYTES_MAX
    )
    if file.state == "read" and file.lines <= LINES_AT_ONCE_MAX:
        await reconciliation.run(visit.db, source, day)
    return file


async def _told(tx: Tx, file: File, *, actor: Actor) -> None:
    if file.state == "read" and file.lines > LINES_AT_ONCE_MAX:
        await jobs.defer(tx, reconciliation.run_day, source=file.source, day=file.day)
    facts = {"day": file.day, "lines": file.lines, "problems": file.problems}
    await access.audit(tx, actor, "reconciliation.upload", f"{file.source}/{file.name}", facts)


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    source: Source
    file: File
    problems: list[Problem]
    totals: list[reconciliation.Totals]
    differences: Page[Difference]


async def _whole(read: Read, source: str, file_id: UUID) -> Whole:
    """Raises `NotFound`."""
    known = (await _sources(read)).get(source)
    if known is None:
        raise NotFound()
    file = await reconciliation.file(read, source, file_id)
    counts = file.state == "read"
    return Whole(
        source=known,
        file=file,
        problems=await reconciliation.problems(read, source, file_id),
        totals=await reconciliation.totals(read, source, file.day) if counts else [],
        differences=await reconciliation.differences(read, source=source, day=file.day, limit=ROWS_PER_PAGE)
        if counts
        else Page[Difference]([], None),
    )


@get("/reconciliation/files/{source:str}/{file_id:uuid}", opt=NEEDS)
async def file_page(visit: NamedDependency[Visit], source: FromPath[str], file_id: FromPath[UUID]) -> Response[Any]:
    """One statement: what it comes to, or line by line why it cannot be read."""
    found = await visit.db.ask(_whole, source, file_id)
    return await frame.show(
        visit,
        "reconciliation_file.html",
        frame.RECONCILIATION,
        crumbs=[
            (visit.say(N_("Reconciliation")), frame.RECONCILIATION),
            (visit.say(N_("Statement files")), FILES),
            (found.file.name, None),
        ],
        found=found,
        file=found.file,
        words=words,
        told=PROBLEMS,
        own_wish=found.file.withdrawal_asked_by == visit.by,
        base=f"{FILES}/{source}/{file_id}",
    )


@get("/reconciliation/files/{source:str}/{file_id:uuid}/content", opt=NEEDS)
async def file_content(
    visit: NamedDependency[Visit], source: FromPath[str], file_id: FromPath[UUID]
) -> Response[bytes]:
    """The bytes as they came."""
    file = await visit.db.ask(reconciliation.file, source, file_id)
    content = await visit.db.ask(reconciliation.content_of, source, file_id)
    ending = ".zip" if content.startswith(b"PK") else ".csv"
    return Response(
        content,
        media_type="application/octet-stream",
        headers={
            "content-disposition": f'attachment; filename="{source}-{file.day}{ending}"',
            "x-content-type-options": "nosniff",
        },
    )


async def _withdraw(tx: Tx, actor: Actor, source: str, file_id: UUID, act: str) -> None:
    if act == "give_up":
        file = await reconciliation.give_up(tx, source, file_id)
        await access.audit(tx, actor, "reconciliation.withdraw", f"{source}/{file.name}", {"day": file.day})
        return
    if act == "agree":
        file = await reconciliation.agree_to_withdraw(tx, source, file_id, actor.by)
        await access.audit(tx, actor, "reconciliation.withdraw", f"{source}/{file.name}", {"day": file.day})
        return
    file = await reconciliation.ask_to_withdraw(tx, source, file_id, None if act == "leave" else actor.by)
    await access.audit(tx, actor, "reconciliation.ask_withdraw", f"{source}/{file.name}", {"day": file.day, "act": act})


_WITHDRAWN = {
    "give_up": N_("The statement does not arrive any more."),
    "agree": N_("The statement does not count any more."),
    "leave": N_("The statement stays."),
}


@post("/reconciliation/files/{source:str}/{file_id:uuid}/withdraw", opt=NEEDS)
async def withdraw(
    visit: NamedDependency[Visit], request: WebRequest, source: FromPath[str], file_id: FromPath[UUID]
) -> Redirect:
    """One person asks (`act` empty), another agrees (`agree`), or it stays (`leave`). One that is arriving needs
    one person (`give_up`): nothing of it counts yet."""
    act = (await entries_of(request)).text("act")
    return await done(
        visit,
        f"{FILES}/{source}/{file_id}",
        _WITHDRAWN.get(act, N_("Another person agrees to the withdrawal.")),
        lambda: visit.db.transact(_withdraw, visit.actor, source, file_id, act),
    )


async def _run_again(tx: Tx, source: str, file_id: UUID) -> None:
    file = await reconciliation.file(tx, source, file_id)
    await jobs.defer(tx, reconciliation.run_day, source=source, day=file.day)


@post("/reconciliation/files/{source:str}/{file_id:uuid}/run", opt=NEEDS)
async def run_again(visit: NamedDependency[Visit], source: FromPath[str], file_id: FromPath[UUID]) -> Redirect:
    """Lay the day beside the books once more: they may know more now."""
    return await done(
        visit,
        f"{FILES}/{source}/{file_id}",
        N_("The day is run again in the background."),
        lambda: visit.db.transact(_run_again, source, file_id),
    )


HANDLERS = [overview, file_list, upload_page, upload, file_page, file_content, withdraw, run_again]
