"""The written review of a live session that has ended: plan against what came of it, in figures and sentences, with people's
notes and what is to be done next."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.channels import live
from steelyard.channels.live import Debrief, Facts, NewTask, Note, Task
from steelyard.channels.live.model import Session, SessionState
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.parties import access
from steelyard.parties.access.model import Actor, StaffMember
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.components.charts import Chart, Series
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.live_sessions import session_of
from steelyard.surfaces.web import debrief_words, live_words
from steelyard.surfaces.web.console import SAVED, done, errors_of
from steelyard.surfaces.web.debrief_words import Words, clock
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.moments import entered_day
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

READS = {"permission": "live.read"}
PLANS = {"permission": "live.plan"}
TITLE = N_("Written review")
# Of a long session a point of a chart is more than a minute.
POINTS_CHARTED = 180
COLOURS = 8
PDF = "application/pdf"


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """`refunded` is what has been given back of its orders until now, by product."""

    session: Session
    debrief: Debrief | None
    notes: Sequence[Note] = ()
    tasks: Sequence[Task] = ()
    refunded: Mapping[UUID | None, int] = {}
    staff: Sequence[StaffMember] = ()

    @property
    def names(self) -> dict[str, str]:
        """The shop's people by what is written of who did something."""
        return {f"staff:{each.account_id}": each.name or each.email for each in self.staff}


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the timeline: from which second to which, in which colour."""

    product_id: UUID
    from_second: int
    to_second: int
    colour: int
    title: str


async def shown(read: Read, merchant_id: MerchantId, live_id: UUID) -> Shown:
    """Raises `NotFound`."""
    session = await session_of(read, merchant_id, live_id)
    found = await live.debrief(read, merchant_id, live_id)
    if found is None:
        return Shown(session=session, debrief=None)
    return Shown(
        session=session,
        debrief=found,
        notes=await live.notes(read, merchant_id, live_id),
        tasks=await live.tasks(read, merchant_id, live_id),
        refunded=await live.refunded(read, merchant_id, live_id),
    )


async def with_staff(visit: Visit, live_id: UUID) -> Shown:
    """The same with the shop's people, whom a merchant's own view of the database does not show."""
    found = await visit.merchant_db.ask(shown, visit.merchant_id, live_id)
    if found.debrief is None:
        return found
    return msgspec.structs.replace(found, staff=await visit.db.ask(access.staff, visit.merchant_id))


def _here(live_id: UUID) -> str:
    return f"{frame.LIVE}/{live_id}/review"


async def view(
    visit: Visit, live_id: UUID, typed: Entries | None = None, errors: Mapping[str, str] | None = None
) -> Response[Any]:
    found = await with_staff(visit, live_id)
    title = found.session.title.in_language(visit.locale)
    facts = found.debrief.facts if found.debrief else None
    words = Words(visit, facts) if facts else None
    sold, lost = debrief_words.moments(words, facts) if words and facts else ([], [])
    return await frame.show(
        visit,
        "live_debrief.html",
        frame.LIVE,
        status=422 if errors else 200,
        crumbs=[
            (visit.say(N_("Live")), frame.LIVE),
            (title, f"{frame.LIVE}/{live_id}"),
            (visit.say(TITLE), None),
        ],
        back=f"{frame.LIVE}/{live_id}",
        title=title,
        here=_here(live_id),
        found=found,
        ended=found.session.state is SessionState.ENDED,
        debrief=found.debrief,
        facts=facts,
        words=words,
        sold=sold,
        lost=lost,
        bars=bars(facts, visit.locale) if facts else (),
        charts=[_trade(visit, facts), _crowd(visit, facts)] if facts else (),
        roles=live_words.said(visit, live_words.ROLES),
        acts=live_words.said(visit, debrief_words.ACTS),
        clock=clock,
        cents=Money,
        names=found.names,
        people=[(str(each.account_id), each.name or each.email) for each in found.staff if each.disabled_at is None],
        typed=typed or Entries({}, {}),
        errors=errors or {},
        note_id=typed.text("note_id") if typed and typed.text("note_id") else ids.mint(),
        task_id=typed.text("task_id") if typed and typed.text("task_id") else ids.mint(),
        later=sum(found.refunded.values()) - (facts.refunded if facts else 0),
        now=datetime.now(UTC),
    )


def bars(facts: Facts, locale: str) -> list[Bar]:
    """The timeline of what was explained."""
    place = {each.product_id: number for number, each in enumerate(facts.products)}
    titles = {each.product_id: each.title.in_language(locale) for each in facts.products}
    return [
        Bar(
            product_id=each.product_id,
            from_second=each.from_second,
            to_second=each.to_second,
            colour=place.get(each.product_id, 0) % COLOURS + 1,
            title=titles.get(each.product_id, ""),
        )
        for each in facts.stretches
    ]


def _labels(facts: Facts) -> tuple[int, list[str]]:
    """How many minutes a point of the charts is, and what is written below the points."""
    width = max(1, -(-len(facts.minutes) // POINTS_CHARTED))
    return width, [clock(each.minute * 60) for each in facts.minutes[::width]]


def _trade(visit: Visit, facts: Facts) -> Chart:
    width, labels = _labels(facts)
    paid = [sum(each.gmv for each in facts.minutes[at : at + width]) for at in range(0, len(facts.minutes), width)]
    return Chart(
        "bar", visit.say(N_("Paid by minute")), labels, [Series(visit.say(N_("Paid")), paid)], "money", facts.currency
    )


def _crowd(visit: Visit, facts: Facts) -> Chart:
    width, labels = _labels(facts)
    cut = [facts.minutes[at : at + width] for at in range(0, len(facts.minutes), width)]
    return Chart(
        "line",
        visit.say(N_("Viewers, entries, messages and orders by minute")),
        labels,
        [
            Series(visit.say(N_("Viewers at most")), [max(each.peak for each in few) for few in cut]),
            Series(visit.say(N_("People who came in")), [sum(each.entered for each in few) for few in cut]),
            Series(visit.say(N_("Chat messages")), [sum(each.chats for each in few) for few in cut]),
            Series(visit.say(N_("Orders")), [sum(each.orders for each in few) for few in cut]),
        ],
    )


@get("/live/{live_id:uuid}/review", opt=READS)
async def review_page(visit: NamedDependency[Visit], live_id: FromPath[UUID]) -> Response[Any]:
    """The review as it was made; where nobody has made it, how it is made."""
    return await view(visit, live_id)


async def make(tx: Tx, actor: Actor, merchant_id: MerchantId, live_id: UUID) -> None:
    await live.make_debrief(tx, merchant_id, live_id, actor.by)
    await access.audit(tx, actor, "live.debrief", str(live_id))


@post("/live/{live_id:uuid}/review", opt=PLANS)
async def make_review(visit: NamedDependency[Visit], live_id: FromPath[UUID]) -> Redirect:
    """Write it: its figures stand as they are now, from then on."""
    return await done(
        visit,
        _here(live_id),
        N_("The review is written."),
        lambda: visit.merchant_db.transact(make, visit.actor, visit.merchant_id, live_id),
    )


@post("/live/{live_id:uuid}/review/notes", opt=READS)
async def add_note(
    visit: NamedDependency[Visit], request: WebRequest, live_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Whoever works in the room may add what they saw."""
    form = await entries_of(request)
    try:
        note_id, words = form.uuid("note_id"), form.text("words")
        form.check()
        await visit.merchant_db.transact(live.add_note, visit.merchant_id, live_id, note_id, words, visit.by)
    except Invalid as refusal:
        return await view(visit, live_id, form, errors_of(visit, refusal.fields))
    return redirect(visit, f"{_here(live_id)}#notes", (visit.say(SAVED), "good"))


@post("/live/{live_id:uuid}/review/tasks", opt=PLANS)
async def add_task(
    visit: NamedDependency[Visit], request: WebRequest, live_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """What is to be done next, by whom, until when."""
    form = await entries_of(request)
    try:
        wanted = NewTask(
            task_id=form.uuid("task_id"),
            words=form.text("task"),
            owner_id=next(iter(form.uuids("owner_id")), None),
            due_on=entered_day(form, "due_on"),
        )
        form.check()
        # Who is of the staff, a merchant's own view of the database does not show.
        await visit.db.transact(live.add_task, visit.merchant_id, live_id, wanted, visit.by)
    except Invalid as refusal:
        return await view(visit, live_id, form, errors_of(visit, refusal.fields))
    return redirect(visit, f"{_here(live_id)}#tasks", (visit.say(SAVED), "good"))


@post("/live/{live_id:uuid}/review/tasks/{task_id:uuid}", opt=PLANS)
async def finish_task(
    visit: NamedDependency[Visit], request: WebRequest, live_id: FromPath[UUID], task_id: FromPath[UUID]
) -> Redirect:
    """It is done, or is not after all."""
    finished = (await entries_of(request)).text("done") == "yes"
    return await done(
        visit,
        f"{_here(live_id)}#tasks",
        SAVED,
        lambda: visit.merchant_db.transact(
            live.finish_task, visit.merchant_id, live_id, task_id, visit.by, done=finished
        ),
    )


HANDLERS: Sequence[Any] = [
    review_page, make_review, add_note, add_task, finish_task,
]  # fmt: skip
