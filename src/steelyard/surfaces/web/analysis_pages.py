"""The pages of analyses, of both consoles: choose one, ask it, save it, and put its people on a list."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Forbidden, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.operations import behaviour, lake, reports, segments
from steelyard.operations.analytics import MARKETPLACE
from steelyard.operations.reports.model import (
    HOUSE_OFFSET_MINUTES,
    USERS_MAX,
    Answer,
    Attribution,
    Question,
    SavedReport,
    Scope,
    SegmentTooLarge,
)
from steelyard.operations.segments.model import Kind, Segment, SegmentId
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.components.page import NavItem
from steelyard.surfaces.web import analysis_cells as cells
from steelyard.surfaces.web import analysis_questions as questions
from steelyard.surfaces.web import analysis_views as views
from steelyard.surfaces.web import exports, periods
from steelyard.surfaces.web.category_names import slugs_of
from steelyard.surfaces.web.console import done, told
from steelyard.surfaces.web.console_staff import Show
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.periods import Period
from steelyard.surfaces.web.visit import Visit, WebRequest

ROWS_SHOWN = 200
NAME_CHARACTERS_MAX = 100
USERS_READ_MAX = 1_000_000
NAMES_READ_MAX = 100
ASKED_CHARACTERS_MAX = 2_000
MONTHS_SHOWN = 5
SPILL = "lake/spill"
CUT_OFF = N_(
    "The list is made, but not of all of them: only the first {most} people were looked at. Ask of fewer days to have the others."
)
_SHARED = ("period", "from", "to", "compare", "channel", "device", "segment", "dataset")
_NAMES = frozenset({*_SHARED, *(name for fields in questions.FIELDS.values() for name in fields)})


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are read: the house's, or those of an imported set; and who is in the segment that was chosen."""

    files: Sequence[Path]
    dataset: lake.Dataset | None
    users: tuple[str, ...] | None
    saved: Sequence[SavedReport]
    segments: Sequence[Segment]
    imported: Sequence[lake.Dataset]


def analysis_pages(show: Show, here: str, whose: Callable[[Visit], UUID]) -> list[HTTPRouteHandler]:
    """Ask, save, drop, list. `here` is the page in that console, `whose` the shop (all zeros: the marketplace)."""
    reads, manages = {"permission": "users.read"}, {"permission": "users.manage"}

    @get("/analysis", opt=reads)
    async def begin(visit: NamedDependency[Visit]) -> Redirect:
        return Redirect(f"{here}/trend")

    @get("/analysis/{what:str}", opt=reads)
    async def analysed(visit: NamedDependency[Visit], what: FromPath[str]) -> Response[Any]:
        return await _page(show, here, visit, whose(visit), what)

    @post("/analysis/{what:str}/save", opt=reads)
    async def save(visit: NamedDependency[Visit], request: WebRequest, what: FromPath[str]) -> Response[Any]:
        form = await entries_of(request)
        name, asked = form.text("name", required=True, most=NAME_CHARACTERS_MAX), _kept(form.text("asked"))
        report_id = form.uuid("report_id")
        back = f"{here}/{_known(what)}?{asked}"
        return await done(
            visit,
            back,
            N_("The analysis is saved, and all your staff see it."),
            lambda: _checked(
                form, lambda: visit.db.transact(reports.save, whose(visit), report_id, name, what, asked, visit.by)
            ),
        )

    @post("/saved-analyses/{report_id:uuid}/drop", opt=reads)
    async def drop(visit: NamedDependency[Visit], report_id: FromPath[UUID]) -> Response[Any]:
        return await done(
            visit,
            f"{here}/trend",
            N_("The saved analysis is dropped."),
            lambda: visit.db.transact(reports.drop, whose(visit), report_id),
        )

    @post("/analysis/{what:str}/people", opt=manages)
    async def people(visit: NamedDependency[Visit], request: WebRequest, what: FromPath[str]) -> Response[Any]:
        form = await entries_of(request)
        asked = _kept(form.text("asked"))
        back = f"{here}/{_known(what)}?{asked}"
        try:
            more = await _make_list(visit, whose(visit), what, asked, form)
        except (NotFound, Forbidden):
            raise
        except Refusal as refusal:
            return redirect(visit, back, (told(visit, refusal), "bad"))
        if more:
            return redirect(visit, back, (visit.say(CUT_OFF, most=f"{USERS_MAX:,}"), "warn"))
        return redirect(visit, back, (visit.say(N_("The list is made: its customers are a segment now.")), "good"))

    return [begin, analysed, save, drop, people]


async def _checked(form: Entries, act: Callable[[], Any]) -> Any:
    form.check()
    return await act()


def _known(what: str) -> str:
    if what not in questions.ANALYSES:
        raise NotFound()
    return what


def _kept(asked: str) -> str:
    """The questions of an address that belong to an analysis, whatever a form carries."""
    pairs = [(name, value[:300]) for name, value in parse_qsl(asked[:ASKED_CHARACTERS_MAX]) if name in _NAMES and value]
    return urlencode(pairs)[:ASKED_CHARACTERS_MAX]


def _query(asked: str) -> Mapping[str, str]:
    """What an address says; what it says several times stands with blanks between."""
    said: dict[str, str] = dict.fromkeys(_NAMES, "")
    for name, value in parse_qsl(asked):
        if name in said:
            said[name] = f"{said[name]} {value}" if said[name] else value
    return said


async def _page(show: Show, here: str, visit: Visit, place: UUID, what: str) -> Response[Any]:
    """The analysis, worked out; where that is refused, its questions with the reason."""
    _known(what)
    query = _query(visit.connection.scope["query_string"].decode("latin-1"))
    source = await _source(visit, place, query)
    period, asked = _period(source, what, query), questions.question(what, query)
    read: views.Reading | None = None
    refused: Refusal | None = None
    try:
        answer = await _answered(visit, source, place, period, asked, query)
        names = await visit.db.ask(_names, asked, answer) if source.dataset is None else {}
        read = views.reading(visit, asked, answer, names)
    except Refusal as refusal:
        refused = refusal
    if read is not None and exports.wanted(visit):
        return _as_file(visit, what, read)
    columns = [] if read is None else [views.heading(read, column) for column in read.columns]
    rows = [] if read is None else read.rows
    return await show(
        visit,
        "web/analysis.html",
        f"{here}/trend",
        status=refused.status if refused else 200,
        base=here,
        what=what,
        text=questions.TEXTS[what],
        ways=_ways(visit, here, what, query),
        query=query,
        fields=questions.FIELDS[what],
        words=questions,
        kinds=_choices(visit, questions.KINDS),
        channels=questions.words_of(query["channel"]),
        period=period,
        periods=periods,
        source=source,
        answer=read.answer if read else None,
        before=read.answer.scope.before if read and read.compares else None,
        refused=told(visit, refused) if refused else "",
        chart=views.chart(read) if read is not None and rows else None,
        choices=_all_choices(visit, place),
        columns=columns,
        heads=[{"label": each, "align": "end" if number else ""} for number, each in enumerate(columns)],
        rows=[] if read is None else read.cells(rows[:ROWS_SHOWN]),
        more=read is not None and (read.answer.more or len(rows) > ROWS_SHOWN),
        places=cells.places(read),
        shares=[] if read is None else [n for n, column in enumerate(read.columns) if column in views.SHARES],
        cells=cells.of_rows(read)[:ROWS_SHOWN],
        chosen=visit.connection.query_params.get("cell", ""),
        costly=read is not None and "cost" in read.columns,
        asked=_kept(visit.connection.scope["query_string"].decode("latin-1")),
        report_id=ids.mint(),
        segment_id=ids.mint(),
        people_max=USERS_MAX,
    )


def _all_choices(visit: Visit, place: UUID) -> dict[str, list[tuple[str, str]]]:
    """What each field offers; of the marketplace a breakdown by shop, too."""
    found = {name: _choices(visit, words) for name, words in questions.CHOICES.items()}
    if place == MARKETPLACE:
        found["COLUMNS"].append(("merchant", visit.say(N_("Shop"))))
    return found


async def _names(read: Read, asked: Question, answer: Answer) -> dict[str, Text]:
    """What products, categories and shops are called, where an answer tells of them by their ids."""
    by = getattr(asked, "by", None)
    said = {str(row[key]) for row in answer.rows for key in ("group", "channel", "source", "target") if key in row}
    named = sorted(each for value in said if (each := _as_id(value)) is not None)[:NAMES_READ_MAX]
    if by == "item":
        return {str(key): each.title for key, each in (await catalog.products(read, named)).items()}
    if by == "merchant":
        cards = await merchants.cards(read, [MerchantId(each) for each in named])
        return {str(key): each.name for key, each in cards.items()}
    return slugs_of(await catalog.categories(read)) if by == "category" else {}


def _choices(visit: Visit, words: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(value, visit.say(word)) for value, word in words.items()]


def _ways(visit: Visit, here: str, what: str, query: Mapping[str, str]) -> list[NavItem]:
    """The analyses, each of the same days and people."""
    shared = {name: query[name] for name in _SHARED if query[name]}
    return [
        NavItem(visit.say(word), f"{here}/{way}{f'?{urlencode(shared)}' if shared else ''}", current=way == what)
        for way, word in questions.ANALYSES.items()
    ]


def _period(source: Source, what: str, query: Mapping[str, str]) -> Period:
    """The days that the address asks for. Without any: of imported events all that there are, by month half a year."""
    today = datetime.now(ZoneInfo(periods.TIMEZONE)).date()
    said = (query["period"], query["from"], query["to"], query["compare"] or "none")
    if source.dataset is not None:
        return _period_of_dataset(source.dataset, query)
    if not query["period"] and what in questions.BY_MONTH:
        begins = (today - timedelta(days=MONTHS_SHOWN * 30)).replace(day=1)
        said = ("custom", begins.isoformat(), today.isoformat(), said[3])
    return periods.read(*said, today=today)


def _period_of_dataset(dataset: lake.Dataset, query: Mapping[str, str]) -> Period:
    """The days that are asked for, where there is anything on them: who has just chosen the events left the days as they were."""
    last = max(dataset.until, dataset.since)
    asked = periods.read("custom", query["from"], query["to"], query["compare"] or "none", today=last)
    whole = query["period"] != "custom" or not query["from"] or not query["to"]
    if whole or asked.last < dataset.since or query["from"] > last.isoformat():
        return msgspec.structs.replace(asked, first=dataset.since, last=last, span="custom")
    return asked


async def _source(visit: Visit, place: UUID, query: Mapping[str, str]) -> Source:
    home = visit.settings.home
    imported = lake.datasets(home) if place == MARKETPLACE else []
    chosen = next((each for each in imported if each.name == query["dataset"]), None)

    async def read(read: Read) -> Source:
        files = [lake.dataset(home, chosen.name)[1]] if chosen else await lake.files(read, home)
        return Source(
            files=files,
            dataset=chosen,
            users=await _inside(read, place, query["segment"]),
            saved=await reports.saved(read, place),
            segments=await segments.segments(read, place),
            imported=imported,
        )

    return await visit.db.ask(read)


async def _inside(read: Read, place: UUID, said: str) -> tuple[str, ...] | None:
    """Who is in the segment that an address names; nobody is in one that there is not."""
    if not said:
        return None
    try:
        segment_id = UUID(said)
    except ValueError:
        return ()
    found: list[UUID] = []
    while more := await segments.members(read, place, segment_id, found[-1] if found else None):
        found += more
        if len(found) > USERS_READ_MAX:
            raise SegmentTooLarge(most=USERS_READ_MAX)
    return tuple(str(each) for each in found)


def _scope(source: Source, place: UUID, period: Period, query: Mapping[str, str]) -> Scope:
    offset = source.dataset.utc_offset_minutes if source.dataset else HOUSE_OFFSET_MINUTES
    return Scope(
        since=period.first,
        until=period.last,
        merchant="" if place == MARKETPLACE else str(place),
        channels=questions.words_of(query["channel"]),
        devices=questions.words_of(query["device"]),
        users=source.users,
        offset_minutes=offset,
    )


async def _answered(
    visit: Visit, source: Source, place: UUID, period: Period, asked: Question, query: Mapping[str, str]
) -> Answer:
    answer = await reports.answered(
        visit.settings.analytics,
        source.files,
        visit.settings.home.absolute() / SPILL,
        _scope(source, place, period, query),
        asked,
        compare=period.comparison != "none",
        digits=source.dataset.digits if source.dataset else 2,
    )
    if not isinstance(asked, Attribution) or source.dataset is not None or asked.by == "medium":
        return answer
    costs = await visit.db.ask(behaviour.costs_of_channels, place, period.first, period.last, asked.by)
    return reports.with_costs(answer, costs.get(answer.scope.currency, {}))


def _as_file(visit: Visit, what: str, read: views.Reading) -> Response[bytes]:
    names = [views.heading(read, column) for column in read.columns]
    return exports.csv_answer(visit, visit.say(questions.ANALYSES[what]), names, read.cells(read.rows))


async def _make_list(visit: Visit, place: UUID, what: str, asked: str, form: Entries) -> bool:
    """Work out who they are, and put those of them who are customers of the shop on a list of their own. Whether there are more
    of them than a list is made of."""
    name = form.text("name", required=True, most=NAME_CHARACTERS_MAX)
    segment_id, where = SegmentId(form.uuid("segment_id")), form.text("cell")
    form.check()
    query = _query(asked)
    source, wanted = await _source(visit, place, query), questions.question(what, query)
    found = await reports.people_of(
        visit.settings.analytics,
        source.files,
        visit.settings.home.absolute() / SPILL,
        _scope(source, place, _period(source, what, query), query),
        wanted,
        cells.cell(wanted, where),
    )
    known = [each for user in found.users if (each := _as_id(user)) is not None]
    made = Segment(
        merchant_id=place, segment_id=segment_id, kind=Kind.LIST, name=Text({visit.locale: name}), owner=visit.by
    )

    async def put(tx: Tx) -> None:
        await segments.make_list(tx, made)
        await segments.add_people(tx, place, segment_id, known)

    await visit.db.transact(put)
    return found.more


def _as_id(user: str) -> UUID | None:
    try:
        return UUID(user)
    except ValueError:
        return None
