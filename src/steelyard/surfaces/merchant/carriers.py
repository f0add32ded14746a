"""The carriers that the shop sends with: which, and which of them forms propose."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.logistics import freight, parcels
from steelyard.logistics.freight.model import Template
from steelyard.logistics.parcels.model import Carrier, CarrierList
from steelyard.money import payments
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import exports, seen
from steelyard.surfaces.web.console import SAVED, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "freight.edit"}
HERE = f"{frame.HOME}/carriers"

Found = tuple[list[Carrier], CarrierList, list[Template], bool]


async def found(read: Read, merchant_id: MerchantId) -> Found:
    return (
        await parcels.carriers(read),
        await parcels.carriers_of(read, merchant_id),
        await freight.templates(read, merchant_id),
        await payments.offers_of(read, merchant_id),
    )


async def page(visit: Visit, typed: Entries | None = None, errors: dict[str, str] | None = None) -> Response[Any]:
    every, mine, templates, at_the_door = await visit.merchant_db.ask(found, visit.merchant_id)
    used = typed.all("carriers") if typed else [each.carrier for each in mine.carriers]
    return await frame.show(
        visit,
        "carriers.html",
        frame.FREIGHT,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Freight")), frame.FREIGHT), (visit.say(N_("Carriers")), None)],
        every=every,
        used=used,
        preferred=typed.text("preferred") if typed else mine.carriers[0].carrier,
        options={
            each.carrier: [t for t in templates if mine.by_option.get(t.template_id) == each.carrier] for each in every
        },
        at_the_door=at_the_door if payments.AT_THE_DOOR in payments.channels(visit.settings) else None,
        seen=_mark([each.carrier for each in mine.carriers]),
        errors=errors or {},
    )


@get("/carriers", opt=NEEDS)
async def carriers_page(visit: NamedDependency[Visit]) -> Response[Any]:
    """Who carries for the shop."""
    if exports.wanted(visit):
        every, mine, *_ = await visit.merchant_db.ask(found, visit.merchant_id)
        used = [each.carrier for each in mine.carriers]
        columns = [visit.say(word) for word in (N_("Carrier"), N_("Used"), N_("Preferred"))]
        rows = [(each.name, each.carrier in used, each.carrier == used[0]) for each in every]
        return exports.csv_answer(visit, visit.say(N_("Carriers")), columns, rows)
    return await page(visit)


def _mark(carriers: list[str]) -> str:
    """The preferred one counts, the order of the others does not."""
    return seen.mark(carriers[:1], sorted(carriers))


async def use(tx: Tx, actor: Actor, form: Entries, merchant_id: MerchantId, wanted: list[str]) -> None:
    await seen.hold(tx, f"carriers of {merchant_id}")
    before = await parcels.carriers_of(tx, merchant_id)
    seen.compare(form, _mark([each.carrier for each in before.carriers]), _mark(wanted))
    await parcels.use_carriers(tx, merchant_id, wanted)
    await access.audit(
        tx,
        actor,
        "shop.carriers",
        str(merchant_id),
        before={"carriers": [each.carrier for each in before.carriers]},
        after={"carriers": wanted},
    )


@post("/carriers", opt=NEEDS)
async def choose_carriers(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """These carriers, and the preferred one first in every form."""
    form = await entries_of(request)
    used, preferred = form.all("carriers"), form.text("preferred", most=40)
    if preferred and preferred not in used:
        form.refuse("preferred", N_("The preferred carrier is one of those that you use"))
    try:
        form.check()
        wanted = [preferred, *(each for each in used if each != preferred)] if preferred else used
        await visit.merchant_db.transact(use, visit.actor, form, visit.merchant_id, wanted)
    except Invalid as refusal:
        return await page(visit, form, errors_of(visit, refusal.fields))
    return redirect(visit, HERE, (visit.say(SAVED), "good"))


HANDLERS = [carriers_page, choose_carriers]
