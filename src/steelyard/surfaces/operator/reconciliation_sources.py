"""Who sends statements: how their days begin, which fee is agreed from which day on, and what moves through which bank."""

from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import PARTS_PER_MILLION
from steelyard.money import reconciliation
from steelyard.money.reconciliation.model import Source
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.reconciliation import NEEDS
from steelyard.surfaces.web.console import SAVED, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

SOURCES = f"{frame.RECONCILIATION}/sources"
PPM_PER_PERCENT = PARTS_PER_MILLION // 100


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """`fees` as they count today."""

    sources: list[Source]
    fees: dict[str, int | None]
    agreed: list[reconciliation.AgreedFee]
    routes: list[tuple[str, str | None]]


async def _found(read: Read) -> Found:
    sources = await reconciliation.sources(read)
    return Found(
        sources=sources,
        fees={each.source: (await reconciliation.source_called(read, each.source)).fee_ppm for each in sources},
        agreed=await reconciliation.agreed_fees(read),
        routes=await reconciliation.routes(read),
    )


@get("/reconciliation/sources", opt=NEEDS)
async def source_list(visit: NamedDependency[Visit]) -> Response[Any]:
    return await _page(visit)


async def _page(
    visit: Visit, source: str = "", form: Entries | None = None, refusal: Invalid | None = None
) -> Response[Any]:
    return await frame.show(
        visit,
        "reconciliation_sources.html",
        frame.RECONCILIATION,
        crumbs=[(visit.say(N_("Reconciliation")), frame.RECONCILIATION), (visit.say(N_("Channels and banks")), None)],
        status=refusal.status if refusal else 200,
        found=await visit.db.ask(_found),
        typed=form or Entries({}, {}),
        wrong=source,
        errors=errors_of(visit, refusal.fields) if refusal else {},
        percent=_percent,
        base=SOURCES,
    )


def _percent(fee_ppm: int | None) -> str:
    """`0.6` of 6,000 millionths."""
    return "" if fee_ppm is None else f"{(Decimal(fee_ppm) / PPM_PER_PERCENT).normalize():f}"


def _millionths(form: Entries) -> int | None:
    typed = form.text("fee").replace("%", "").strip()
    if not typed:
        return None
    try:
        exact = Decimal(typed) * PPM_PER_PERCENT
    except InvalidOperation:
        exact = Decimal(-1)
    if not exact.is_finite() or exact != exact.to_integral_value() or not 0 <= exact <= PARTS_PER_MILLION:
        form.refuse("fee", N_("Please enter a percentage such as 0.6"))
        return None
    return int(exact)


async def _agree(tx: Tx, actor: Actor, source: str, form: Entries) -> None:
    fee, from_day = _millionths(form), day_of(form.text("from_day", required=True))
    if from_day is None:
        form.refuse("from_day", N_("Please enter a day."))
    form.check()
    assert from_day is not None
    await reconciliation.agree_fee(tx, source, from_day, fee, actor.by)
    await access.audit(tx, actor, "reconciliation.agree_fee", source, {"fee_ppm": fee, "from_day": from_day})


@post("/reconciliation/sources/{source:str}/fee", opt=NEEDS)
async def agree_fee(
    visit: NamedDependency[Visit], request: WebRequest, source: FromPath[str]
) -> Response[Any] | Redirect:
    """Write the fee down that counts from a day on; an empty one is not compared."""
    form = await entries_of(request)
    try:
        await visit.db.transact(_agree, visit.actor, source, form)
    except NotFound:
        raise
    except Invalid as refusal:
        return await _page(visit, source, form, refusal)
    return redirect(visit, SOURCES, (visit.say(SAVED), "good"))


HANDLERS = [source_list, agree_fee]
