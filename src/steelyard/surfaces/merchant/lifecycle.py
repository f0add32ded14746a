"""A shop's customers: in which stage they are and who moved where, what they are worth, and all of one of them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.operations import lifecycle
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import customer_pages, lifecycle_pages, value_pages
from steelyard.surfaces.web.console import SAVED, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.lifecycle_pages import Names, Place
from steelyard.surfaces.web.masking import masked, masked_email
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import orders

READS = {"permission": "users.read"}
MANAGES = {"permission": "users.manage"}


def _place(visit: Visit) -> Place:
    async def names(read: Read, buyers: Sequence[UUID]) -> Names:
        contacts = await orders.contacts_of(read, visit.merchant_id, buyers)
        return {buyer: masked(each.name) or masked_email(each.email) for buyer, each in contacts.items()}

    return Place(
        visit.merchant_db,
        visit.merchant_id,
        frame.LIFECYCLE,
        f"{frame.HOME}/customers",
        frame.show,
        names,
        journeys=frame.JOURNEYS,
        segments=frame.SEGMENTS,
        messages=f"{frame.MESSAGES}/sent",
    )


async def _currency(visit: Visit) -> str:
    return await visit.merchant_db.ask(frame.currency, visit.merchant_id)


@get("/lifecycle", opt=READS)
async def stages(visit: NamedDependency[Visit]) -> Response[Any]:
    return await lifecycle_pages.stages_page(visit, _place(visit), await _currency(visit), Entries({}, {}))


@post("/lifecycle/rule", opt=MANAGES)
async def set_rule(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    form = await entries_of(request)
    try:
        rule = lifecycle_pages.rule_of(form)
        await visit.merchant_db.transact(lifecycle_pages.set_rule, visit.actor, visit.merchant_id, rule)
    except Invalid as refusal:
        errors = errors_of(visit, refusal.fields)
        return await lifecycle_pages.stages_page(visit, _place(visit), await _currency(visit), form, errors)
    return redirect(visit, frame.LIFECYCLE, (visit.say(SAVED), "good"))


@get("/lifecycle/stages/{stage:str}", opt=READS)
async def stage(
    visit: NamedDependency[Visit], stage: FromPath[str], cursor: FromQuery[str | None] = None
) -> Response[Any]:
    return await lifecycle_pages.stage_page(visit, _place(visit), stage, cursor)


@get("/lifecycle/values", opt=READS)
async def values(visit: NamedDependency[Visit]) -> Response[Any]:
    return await value_pages.values_page(visit, _place(visit), await _currency(visit))


@post("/lifecycle/values", opt=MANAGES)
async def want_values(visit: NamedDependency[Visit]) -> Redirect:
    await visit.merchant_db.transact(lifecycle.want_values, visit.merchant_id)
    words = visit.say(N_("Your customers are being valued anew. That takes a moment."))
    return redirect(visit, f"{frame.LIFECYCLE}/values", (words, "good"))


@get("/lifecycle/values/{segment:str}", opt=READS)
async def segment(
    visit: NamedDependency[Visit], segment: FromPath[str], cursor: FromQuery[str | None] = None
) -> Response[Any]:
    return await lifecycle_pages.segment_page(visit, _place(visit), segment, await _currency(visit), cursor)


@get("/customers/{buyer_id:uuid}", opt=READS)
async def customer(
    visit: NamedDependency[Visit], buyer_id: FromPath[UUID], cursor: FromQuery[str | None] = None
) -> Response[Any]:
    contacts = await visit.merchant_db.ask(orders.contacts_of, visit.merchant_id, [buyer_id])
    return await customer_pages.person_page(
        visit, _place(visit), buyer_id, contacts.get(buyer_id), cursor, f"{frame.ORDERS}?q="
    )


HANDLERS = [stages, set_rule, stage, values, want_values, segment, customer]
