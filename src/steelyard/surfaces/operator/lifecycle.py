"""The marketplace's customers: in which stage they are and who moved where, what they are worth, and all of one of them."""

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
from steelyard.money.exchange import HOUSE_CURRENCY
from steelyard.operations import lifecycle
from steelyard.operations.lifecycle import MARKETPLACE
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import customer_pages, lifecycle_pages, value_pages
from steelyard.surfaces.web.console import SAVED, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.lifecycle_pages import Names, Place
from steelyard.surfaces.web.masking import masked, masked_email
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

READS = {"permission": "users.read"}
MANAGES = {"permission": "users.manage"}


async def _names(read: Read, buyers: Sequence[UUID]) -> Names:
    known = await customers.named(read, [BuyerId(buyer) for buyer in buyers])
    return {each.buyer_id: masked(each.name) or masked_email(each.email) for each in known}


def marketplace(visit: Visit) -> Place:
    """The marketplace's own customers."""
    return Place(
        visit.db,
        MARKETPLACE,
        frame.LIFECYCLE,
        f"{frame.HOME}/customers",
        frame.show,
        _names,
        segments=frame.SEGMENTS,
        elsewhere=frame.BUYERS,
        choose=frame.LIFECYCLE,
    )


@get("/lifecycle", opt=READS)
async def stages(visit: NamedDependency[Visit]) -> Response[Any]:
    return await lifecycle_pages.stages_page(visit, marketplace(visit), HOUSE_CURRENCY, Entries({}, {}))


@post("/lifecycle/rule", opt=MANAGES)
async def set_rule(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    form = await entries_of(request)
    try:
        rule = lifecycle_pages.rule_of(form)
        await visit.db.transact(lifecycle_pages.set_rule, visit.actor, MARKETPLACE, rule)
    except Invalid as refusal:
        errors = errors_of(visit, refusal.fields)
        return await lifecycle_pages.stages_page(visit, marketplace(visit), HOUSE_CURRENCY, form, errors)
    return redirect(visit, frame.LIFECYCLE, (visit.say(SAVED), "good"))


@get("/lifecycle/stages/{stage:str}", opt=READS)
async def stage(
    visit: NamedDependency[Visit], stage: FromPath[str], cursor: FromQuery[str | None] = None
) -> Response[Any]:
    return await lifecycle_pages.stage_page(visit, marketplace(visit), stage, cursor)


@get("/lifecycle/values", opt=READS)
async def values(visit: NamedDependency[Visit]) -> Response[Any]:
    return await value_pages.values_page(visit, marketplace(visit), HOUSE_CURRENCY)


@post("/lifecycle/values", opt=MANAGES)
async def want_values(visit: NamedDependency[Visit]) -> Redirect:
    await visit.db.transact(lifecycle.want_values, MARKETPLACE)
    words = visit.say(N_("Your customers are being valued anew. That takes a moment."))
    return redirect(visit, f"{frame.LIFECYCLE}/values", (words, "good"))


@get("/lifecycle/values/{segment:str}", opt=READS)
async def segment(
    visit: NamedDependency[Visit], segment: FromPath[str], cursor: FromQuery[str | None] = None
) -> Response[Any]:
    return await lifecycle_pages.segment_page(visit, marketplace(visit), segment, HOUSE_CURRENCY, cursor)


@get("/customers/{buyer_id:uuid}", opt=READS)
async def customer(
    visit: NamedDependency[Visit], buyer_id: FromPath[UUID], cursor: FromQuery[str | None] = None
) -> Response[Any]:
    buyer = await visit.db.ask(customers.get, BuyerId(buyer_id))
    return await customer_pages.person_page(visit, marketplace(visit), buyer_id, buyer, cursor, f"{frame.ORDERS}?q=")


HANDLERS = [stages, set_rule, stage, values, want_values, segment, customer]
