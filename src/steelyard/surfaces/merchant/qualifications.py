"""Papers that categories need: what the shop has, and another one handed in."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId, NewPaper, Paper, PaperKind
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.console import errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.moments import entered_day
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.papers import keep, paper
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade.settlement import settlement_day

NEEDS = {"permission": "shop.edit"}
HERE = f"{frame.COMPLIANCE}/papers"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    kinds: list[PaperKind]
    papers: list[Paper]
    frozen: int


async def found(read: Read, merchant_id: MerchantId) -> Found:
    return Found(
        kinds=await merchants.paper_kinds(read),
        papers=await merchants.papers_of(read, merchant_id),
        frozen=await catalog.frozen_count(read, merchant_id),
    )


async def page(visit: Visit, form: Entries | None = None, errors: dict[str, str] | None = None) -> Response[Any]:
    known = await visit.merchant_db.ask(found, visit.merchant_id)
    return await frame.show(
        visit,
        "compliance_papers.html",
        frame.COMPLIANCE,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Compliance")), frame.COMPLIANCE), (visit.say(N_("Papers of categories")), None)],
        kinds=[(each.kind, each.name.in_language(visit.locale)) for each in known.kinds],
        papers=known.papers,
        frozen=known.frozen,
        today=settlement_day(datetime.now(UTC)),
        form=form or Entries({}, {}),
        errors=errors or {},
        base=HERE,
        paper_id=(form.text("paper_id") if form else "") or ids.mint(),
    )


@get("/compliance/papers", opt=NEEDS)
async def papers_page(visit: NamedDependency[Visit]) -> Response[Any]:
    """What was handed in, and what came of it."""
    return await page(visit)


async def hand_in(tx: Tx, actor: Actor, merchant_id: MerchantId, new: NewPaper) -> None:
    await merchants.hand_in_paper(tx, merchant_id, new, actor.by, settlement_day(datetime.now(UTC)))
    facts = {
        "kind": new.kind,
        "number": new.number,
        "good_until": new.good_until.isoformat() if new.good_until else None,
        "file": new.name,
    }
    await access.audit(tx, actor, "shop.paper", str(merchant_id), facts)


@post("/compliance/papers", opt=NEEDS)
async def handed_in(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Hand in a paper; one of its kind that still waits is replaced by it."""
    form = await entries_of(request)
    try:
        until = entered_day(form, "good_until")
        uploads = form.files("scan")
        if not uploads:
            raise Invalid({"scan": N_("Please upload a scan or a photograph.")})
        name, size = await keep(visit, uploads[0], "scan")
        new = NewPaper(
            paper_id=form.uuid("paper_id"),
            kind=form.text("kind"),
            number=form.text("number"),
            good_until=until,
            file=name,
            name=uploads[0].filename,
            bytes=size,
        )
        form.check()
        await visit.merchant_db.transact(hand_in, visit.actor, visit.merchant_id, new)
    except Invalid as refusal:
        return await page(visit, form, errors_of(visit, refusal.fields))
    message = N_("Thank you. We look it over, and tell you by mail.")
    return redirect(visit, HERE, (visit.say(message), "good"))


@get("/compliance/papers/{paper_id:uuid}", opt=NEEDS)
async def scan(visit: NamedDependency[Visit], paper_id: FromPath[UUID]) -> Response[bytes]:
    """One's own scan, as it was handed in."""
    return await paper(visit, await visit.merchant_db.ask(merchants.paper, visit.merchant_id, paper_id))


HANDLERS = [papers_page, handed_in, scan]
