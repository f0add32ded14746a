"""Lines of statements that shops dispute: the work list, where an amount comes from, and the answer."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.settlement_tabs import DISPUTED, tabs
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refusals import fields_of, sentence_of
from steelyard.surfaces.web.tracing import Trace, trace
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import settlement
from steelyard.trade.settlement import Dispute

NEEDS = {"permission": "settlement.run"}


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Dispute]
    shops: dict[MerchantId, ShopCard]


async def listed(read: Read, cursor: str | None) -> Listed:
    page = await settlement.open_disputes(read, cursor, ROWS_PER_PAGE)
    return Listed(page=page, shops=await merchants.cards(read, {each.merchant_id for each in page.items}))


@get("/settlement/disputed", opt=NEEDS)
async def disputed(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """The lines that wait for an answer, the oldest first."""
    found = await visit.db.ask(listed, cursor)
    return await frame.show(
        visit,
        "settlement_disputed.html",
        frame.SETTLEMENT,
        found=found,
        sections=tabs(visit, DISPUTED),
        next_href=address(DISPUTED, cursor=found.page.next) if found.page.next else "",
        start_href=DISPUTED if cursor else "",
    )


@get("/settlement/{merchant_id:uuid}/{statement_id:uuid}/entries/{line_id:uuid}", opt=NEEDS)
async def entry_page(
    visit: NamedDependency[Visit], merchant_id: FromPath[UUID], statement_id: FromPath[UUID], line_id: FromPath[UUID]
) -> Response[Any]:
    """Where an amount comes from, and what its shop says of it."""
    return await _page(visit, await visit.db.ask(trace, MerchantId(merchant_id), statement_id, line_id))


async def _page(
    visit: Visit, found: Trace, form: Entries | None = None, refusal: Refusal | None = None
) -> Response[Any]:
    errors = fields_of(refusal, visit.locale) if refusal else {}
    back = f"{frame.SETTLEMENT}/{found.statement.merchant_id}/{found.statement.statement_id}"
    return await frame.show(
        visit,
        "settlement_entry.html",
        frame.SETTLEMENT,
        crumbs=[
            (visit.say(N_("Settlement")), frame.SETTLEMENT),
            (found.statement.code, back),
            (visit.say(N_("One amount")), None),
        ],
        status=refusal.status if refusal else 200,
        found=found,
        entry=found.entry,
        form=form or Entries({}, {}),
        errors=errors,
        refusal=sentence_of(refusal, visit.locale) if refusal and not errors else "",
        here=f"{back}/entries/{found.entry.entry_id}",
    )


async def _answer(
    tx: Tx, actor: Actor, merchant_id: MerchantId, dispute_id: UUID, correction: int, words: str, by: str
) -> None:
    await settlement.answer_dispute(tx, merchant_id, dispute_id, correction, words, by)
    facts = {"correction": correction, "words": words}
    await access.audit(tx, actor, "settlement.answer", str(dispute_id), facts, merchant_id=merchant_id)


@post("/settlement/{merchant_id:uuid}/{statement_id:uuid}/entries/{line_id:uuid}", opt=NEEDS)
async def answer(
    visit: NamedDependency[Visit],
    request: WebRequest,
    merchant_id: FromPath[UUID],
    statement_id: FromPath[UUID],
    line_id: FromPath[UUID],
) -> Redirect | Response[Any]:
    """Put the line right by an amount, or decline."""
    form = await entries_of(request)
    found = await visit.db.ask(trace, MerchantId(merchant_id), statement_id, line_id)
    dispute_id, declines = form.uuid("dispute_id"), form.text("verdict") == "declined"
    if dispute_id not in {each.dispute_id for each in found.disputes}:
        raise NotFound()
    amount = 0 if declines else form.money("correction", found.entry.currency) or 0
    if not declines and not amount:
        form.refuse("correction", N_("Please enter by how much, or decline."))
    correction = -amount if form.text("direction") == "less" else amount
    try:
        form.check()
        await visit.db.transact(
            _answer, visit.actor, MerchantId(merchant_id), dispute_id, correction, form.text("answer"), visit.by
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(visit, found, form, refusal)
    back = f"{frame.SETTLEMENT}/{merchant_id}/{statement_id}/entries/{line_id}"
    told = N_("Declined; the shop sees why.") if declines else N_("Corrected; it is on the shop’s next statement.")
    return redirect(visit, back, (visit.say(told), "good"))


HANDLERS = [disputed, entry_page, answer]
