"""What people do with periodic reviews: ask for one, add a note, put a suggestion on the board of tasks."""

from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.operations import business_reviews
from steelyard.operations.business_reviews import NotOverYet, of_day
from steelyard.operations.workboard import Task
from steelyard.parties import access
from steelyard.surfaces.web.business_review_pages import Console, asked_period, list_page, looking, review_page
from steelyard.surfaces.web.business_review_words import in_both
from steelyard.surfaces.web.console import SAVED, errors_of, told
from steelyard.surfaces.web.console_staff import organisation
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest


def business_review_pages(console: Console) -> list[HTTPRouteHandler]:
    """The list, a review, two side by side, and what is done with them."""
    return [*looking(console), _asking(console), _noting(console), _accepting(console)]


def _asking(console: Console) -> HTTPRouteHandler:
    @post("/business-reviews", opt={"permission": console.permission})
    async def make(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
        form = await entries_of(request)
        try:
            written = await visit.db.transact(_asked, visit, form)
        except Invalid as refusal:
            return await list_page(console, visit, form, errors_of(visit, refusal.fields))
        except NotOverYet as refusal:
            return await list_page(console, visit, form, {"day": told(visit, refusal)})
        if written is not None:
            return redirect(visit, f"{console.here}/{written}")
        return redirect(
            visit, console.here, (visit.say(N_("It is being written: it stands here in some seconds.")), "good")
        )

    return make


async def _asked(tx: Tx, visit: Visit, form: Entries) -> UUID | None:
    _, merchant_id = organisation(visit)
    span, day = asked_period(form)
    form.check()
    assert span is not None
    assert day is not None
    return await business_reviews.want(tx, merchant_id, of_day(span, day), visit.by)


def _noting(console: Console) -> HTTPRouteHandler:
    @post("/business-reviews/{business_review_id:uuid}/notes", opt={"permission": console.permission})
    async def note(
        visit: NamedDependency[Visit], request: WebRequest, business_review_id: FromPath[UUID]
    ) -> Response[Any] | Redirect:
        form = await entries_of(request)
        _, merchant_id = organisation(visit)
        try:
            note_id, words = form.uuid("note_id"), form.text("words")
            form.check()
            await visit.db.transact(
                business_reviews.add_note, merchant_id, business_review_id, note_id, words, visit.by
            )
        except Invalid as refusal:
            return await review_page(console, visit, business_review_id, form, errors_of(visit, refusal.fields))
        return redirect(visit, f"{console.here}/{business_review_id}#notes", (visit.say(SAVED), "good"))

    return note


def _accepting(console: Console) -> HTTPRouteHandler:
    @post("/business-reviews/{business_review_id:uuid}/tasks/{place:int}", opt={"permission": "tasks.work"})
    async def accept(
        visit: NamedDependency[Visit], business_review_id: FromPath[UUID], place: FromPath[int]
    ) -> Response[Any] | Redirect:
        await visit.db.transact(_accepted, console, visit, business_review_id, place)
        return redirect(
            visit, f"{console.here}/{business_review_id}#next", (visit.say(N_("The task is on the board.")), "good")
        )

    return accept


async def _accepted(tx: Tx, console: Console, visit: Visit, review_id: UUID, place: int) -> None:
    _, merchant_id = organisation(visit)
    found = await business_reviews.review(tx, merchant_id, review_id)
    if not 0 <= place < len(found.facts.advice):
        raise NotFound()
    title, why = in_both(found.facts, found.facts.advice[place])
    task = Task(
        merchant_id=merchant_id,
        task_id=business_reviews.task_of(review_id, place),
        title=title,
        note=why,
        source=business_reviews.SOURCE,
        source_id=review_id,
        link=f"{console.here}/{review_id}",
    )
    if await business_reviews.accept(tx, merchant_id, review_id, place, task, visit.by):
        facts = {"title": title.in_language(visit.locale)}
        await access.audit(tx, visit.actor, "tasks.open", str(task.task_id), facts)
