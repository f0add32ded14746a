"""Samples that hosts have asked for: what the shop decides and sends, and what the host says of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.channels import selection
from steelyard.channels.selection.model import Sample, SampleState, Shelf, Step
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.live_tabs import SAMPLES, tabs
from steelyard.surfaces.web import live_words
from steelyard.surfaces.web.console import ROWS_PER_PAGE, SAVED, address, done, errors_of, told
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

READS = {"permission": "live.read"}
DECIDES = {"permission": "live.commission"}
SPEAKS = {"permission": "live.host"}
EMPTY = Entries({}, {})


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    sample: Sample
    steps: Sequence[Step]
    shelves: Sequence[Shelf] = ()


async def whole(read: Read, merchant_id: MerchantId, sample_id: UUID) -> Whole:
    """Raises `NotFound`."""
    sample = await selection.sample(read, merchant_id, sample_id)
    if sample is None:
        raise NotFound()
    steps = await selection.history_of_sample(read, merchant_id, sample_id)
    waits = sample.state is SampleState.APPROVED
    return Whole(sample=sample, steps=steps, shelves=await selection.shelves(read, sample) if waits else ())


@get("/live/samples", opt=READS)
async def sample_list(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    page = await visit.merchant_db.ask(selection.samples, visit.merchant_id, None, cursor, ROWS_PER_PAGE)
    return await frame.show(
        visit,
        "live_samples.html",
        frame.LIVE,
        crumbs=[(visit.say(N_("Live")), frame.LIVE), (visit.say(N_("Samples")), None)],
        sections=tabs(visit, SAMPLES),
        samples=page.items,
        states=live_words.toned(visit, live_words.SAMPLE_STATES),
        next_href=address(SAMPLES, cursor=page.next) if page.next else "",
        start_href=SAMPLES if cursor else "",
    )


async def page_view(
    visit: Visit, sample_id: UUID, form: Entries | None = None, errors: dict[str, str] | None = None
) -> Response[Any]:
    found = await visit.merchant_db.ask(whole, visit.merchant_id, sample_id)
    title = found.sample.title.in_language(visit.locale)
    return await frame.show(
        visit,
        "live_sample.html",
        frame.LIVE,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Live")), frame.LIVE), (visit.say(N_("Samples")), SAMPLES), (title, None)],
        title=title,
        sample=found.sample,
        steps=found.steps,
        shelf_options=[(f"{each.sku_id}:{each.warehouse_id}", _shelf(visit, each)) for each in found.shelves],
        shelf=form.text("shelf")
        if form
        else next((f"{each.sku_id}:{each.warehouse_id}" for each in found.shelves), ""),
        here=f"{SAMPLES}/{sample_id}",
        form=form or EMPTY,
        errors=errors or {},
        states=live_words.toned(visit, live_words.SAMPLE_STATES),
    )


def _shelf(visit: Visit, each: Shelf) -> str:
    return visit.say(
        N_("{article}, {warehouse}: {free} free"), article=each.code, warehouse=each.warehouse, free=each.free
    )


@get("/live/samples/{sample_id:uuid}", opt=READS)
async def sample_page(visit: NamedDependency[Visit], sample_id: FromPath[UUID]) -> Response[Any]:
    return await page_view(visit, sample_id)


def shelf_of(said: str) -> tuple[UUID, UUID] | None:
    """An article and a warehouse, as the form names them; none: the pieces are not out of stock. Raises `Invalid`."""
    if not said:
        return None
    sku_id, _, warehouse_id = said.partition(":")
    shelf = as_uuid(sku_id), as_uuid(warehouse_id)
    if shelf[0] is None or shelf[1] is None:
        raise Invalid({"shelf": N_("Please choose one.")})
    return shelf[0], shelf[1]


async def decide(tx: Tx, actor: Actor, merchant_id: MerchantId, sample_id: UUID, form: Entries) -> None:
    match form.text("to"):
        case "approved":
            await selection.approve(tx, merchant_id, sample_id, actor.by)
        case "refused":
            await selection.refuse(tx, merchant_id, sample_id, form.text("reason"), actor.by)
        case "sent":
            shelf = shelf_of(form.text("shelf"))
            carrier, tracking = form.text("carrier"), form.text("tracking")
            await selection.send(tx, merchant_id, sample_id, carrier, tracking, actor.by, shelf)
        case "returned":
            await selection.note_returned(tx, merchant_id, sample_id, actor.by, fit=not form.flag("unfit"))
        case _:
            raise NotFound()
    await access.audit(tx, actor, "live.decide_sample", str(sample_id), {"to": form.text("to")})


@post("/live/samples/{sample_id:uuid}/decide", opt=DECIDES)
async def decide_sample(
    visit: NamedDependency[Visit], request: WebRequest, sample_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """The shop gives it or not, sends it, or has it back."""
    form = await entries_of(request)
    here = f"{SAMPLES}/{sample_id}"
    try:
        await visit.merchant_db.transact(decide, visit.actor, visit.merchant_id, sample_id, form)
    except NotFound:
        raise
    except Invalid as refusal:
        return await page_view(visit, sample_id, form, errors_of(visit, refusal.fields))
    except Refusal as refusal:
        return redirect(visit, here, (told(visit, refusal), "bad"))
    return redirect(visit, here, (visit.say(SAVED), "good"))


async def tell(tx: Tx, actor: Actor, merchant_id: MerchantId, sample_id: UUID, to: str) -> None:
    match to:
        case "received":
            await selection.note_received(tx, merchant_id, sample_id, actor.by)
        case "withdrawn":
            await selection.withdraw(tx, merchant_id, sample_id, actor.by)
        case _:
            raise NotFound()
    await access.audit(tx, actor, "live.tell_sample", str(sample_id), {"to": to})


@post("/live/samples/{sample_id:uuid}/tell", opt=SPEAKS)
async def tell_sample(visit: NamedDependency[Visit], request: WebRequest, sample_id: FromPath[UUID]) -> Redirect:
    """The host has it, or does not want it any more."""
    to = (await entries_of(request)).text("to")
    return await done(
        visit,
        f"{SAMPLES}/{sample_id}",
        SAVED,
        lambda: visit.merchant_db.transact(tell, visit.actor, visit.merchant_id, sample_id, to),
    )


HANDLERS = [sample_list, sample_page, decide_sample, tell_sample]
