"""The shop's licence: how long it is good, and a new one handed in before it ends."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel import days, ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import LicenceRenewal, Merchant, MerchantId, NewLicence, RenewalId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.console import errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.moments import entered_day
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.papers import keep, paper
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "shop.edit"}
HERE = f"{frame.HOME}/licence"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    merchant: Merchant
    renewals: list[LicenceRenewal]


async def found(read: Read, merchant_id: MerchantId) -> Found:
    merchant = await merchants.get(read, merchant_id)
    assert merchant is not None
    return Found(merchant=merchant, renewals=await merchants.renewals_of(read, merchant_id))


async def page(visit: Visit, form: Entries | None = None, errors: dict[str, str] | None = None) -> Response[Any]:
    known = await visit.merchant_db.ask(found, visit.merchant_id)
    return await frame.show(
        visit,
        "licence.html",
        frame.SHOP,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Shop")), frame.SHOP), (visit.say(N_("Licence")), None)],
        merchant=known.merchant,
        renewals=known.renewals,
        today=days.today(),
        typed=form.text("good_until") if form else "",
        errors=errors or {},
        base=HERE,
        renewal_id=ids.mint(),
    )


@get("/licence", opt=NEEDS)
async def licence_page(visit: NamedDependency[Visit]) -> Response[Any]:
    return await page(visit)


async def hand_in(tx: Tx, actor: Actor, merchant_id: MerchantId, licence: NewLicence) -> None:
    await merchants.hand_in_licence(tx, merchant_id, licence, actor.by, days.today())
    facts = {"good_until": licence.good_until.isoformat() if licence.good_until else None, "file": licence.name}
    await access.audit(tx, actor, "shop.licence", str(merchant_id), facts)


@post("/licence", opt=NEEDS)
async def hand_in_licence(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Hand in a new licence; one that still waits is replaced by it."""
    form = await entries_of(request)
    try:
        until = entered_day(form, "good_until")
        uploads = form.files("scan")
        if not uploads:
            raise Invalid({"scan": N_("Please upload a scan or a photograph.")})
        name, size = await keep(visit, uploads[0], "scan")
        licence = NewLicence(
            renewal_id=RenewalId(form.uuid("renewal_id")),
            good_until=until,
            file=name,
            name=uploads[0].filename,
            bytes=size,
        )
        form.check()
        await visit.merchant_db.transact(hand_in, visit.actor, visit.merchant_id, licence)
    except Invalid as refusal:
        return await page(visit, form, errors_of(visit, refusal.fields))
    message = N_("Thank you. We look it over, and tell you by mail.")
    return redirect(visit, HERE, (visit.say(message), "good"))


@get("/licence/papers/{renewal_id:uuid}", opt=NEEDS)
async def scan(visit: NamedDependency[Visit], renewal_id: FromPath[UUID]) -> Response[bytes]:
    """One's own scan, as it was handed in."""
    return await paper(visit, await visit.merchant_db.ask(merchants.renewal, visit.merchant_id, renewal_id))


HANDLERS = [licence_page, hand_in_licence, scan]
