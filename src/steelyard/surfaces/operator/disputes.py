"""After-sales cases on which buyer and shop do not agree: the longest waiting first, and the platform's decision."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import case_words, giving
from steelyard.surfaces.web.case_words import CaseView, case_view
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refusals import fields_of, sentence_of
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales import REASONS, Appeal, Case, CaseId, DecideCase, Giver, Kind, Verdict, WaitingRefund
from steelyard.trade.aftersales.model import NOTE_CHARACTERS_MAX, CaseState

VERDICTS: dict[Verdict, tuple[str, str]] = {
    Verdict.REFUND: (N_("Refund"), N_("The money goes back to the buyer now.")),
    Verdict.RETURN: (
        N_("Return first"),
        N_("The buyer may send the goods back, and has the money when the shop has them."),
    ),
    Verdict.REJECT: (N_("No refund"), N_("The case ends without money.")),
}


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Case]
    refunds: Sequence[Case]
    appeals: Mapping[CaseId, Appeal]
    shops: Mapping[MerchantId, ShopCard]
    codes: Mapping[UUID, str]


async def listed(read: Read, cursor: str | None) -> Listed:
    page = await aftersales.disputed(read, cursor, ROWS_PER_PAGE)
    refunds = [] if cursor else await aftersales.appealed_refunds(read)
    shown = [*page.items, *refunds]
    return Listed(
        page=page,
        refunds=refunds,
        appeals=await aftersales.appeals_of(read, [each.case_id for each in shown if each.verdict]),
        shops=await merchants.cards(read, {each.merchant_id for each in shown}),
        codes=await orders.codes_of_all(read, [each.order_id for each in shown]),
    )


@get("/disputes", opt={"permission": "orders.manage"})
async def dispute_list(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """What waits for the platform."""
    found = await visit.db.ask(listed, cursor)
    return await frame.show(
        visit,
        "disputes.html",
        frame.DISPUTES,
        found=found,
        words=case_words,
        reasons=REASONS,
        now=datetime.now(UTC),
        next_href=address(frame.DISPUTES, cursor=found.page.next) if found.page.next else "",
        start_href=frame.DISPUTES if cursor else "",
    )


async def one(read: Read, case_id: CaseId) -> CaseView:
    found = await aftersales.case(read, case_id)
    if found is None:
        raise NotFound()
    return await case_view(read, found)


@get("/disputes/{case_id:uuid}", opt={"permission": "orders.manage"})
async def dispute_page(visit: NamedDependency[Visit], case_id: FromPath[UUID]) -> Response[Any]:
    """What both sides said and showed, and the decision."""
    return await _page(visit, CaseId(case_id), Entries({}, {}))


async def _page(visit: Visit, case_id: CaseId, form: Entries, refusal: Refusal | None = None) -> Response[Any]:
    view = await visit.db.ask(one, case_id)
    errors = fields_of(refusal, visit.locale) if refusal else {}
    returned = view.case.number is not None or view.case.state is CaseState.REFUNDED
    returns = view.case.kind is not Kind.REFUND_ONLY and not returned
    return await frame.show(
        visit,
        "dispute.html",
        frame.DISPUTES,
        crumbs=[(visit.say(N_("Disputes")), frame.DISPUTES), (view.order.code, None)],
        status=refusal.status if refusal else 200,
        view=view,
        case=view.case,
        open_appeal=view.appeal is not None and view.appeal.open,
        mine_to_decide=view.appeal is None or view.appeal.first_by != visit.by,
        form=form,
        errors=errors,
        refusal=sentence_of(refusal, visit.locale) if refusal and not errors else "",
        verdicts=[
            {"value": verdict, "title": visit.say(title), "text": visit.say(text)}
            for verdict, (title, text) in VERDICTS.items()
            if returns or verdict is not Verdict.RETURN
        ],
        words=case_words,
        note_max=NOTE_CHARACTERS_MAX,
    )


async def decide(
    tx: Tx, actor: Actor, giver: Giver, case_id: CaseId, verdict: Verdict, reason: str, by: str
) -> WaitingRefund | None:
    """A decision that gives back more than who decides may alone waits for a second person; nothing is decided until then."""
    found = before = await aftersales.case(tx, case_id)
    if found is None or before is None:
        raise NotFound()
    command = DecideCase(merchant_id=found.merchant_id, case_id=case_id, verdict=verdict, reason=reason)
    waits = await aftersales.give(tx, giver, command, by)
    if waits is not None:
        await giving.audit_waiting(tx, actor, waits)
        return waits
    after = await aftersales.case(tx, case_id)
    if after is None or after.decided_at == before.decided_at:
        return None
    order = await orders.order(tx, found.merchant_id, found.order_id)
    facts = {
        "before": {"state": before.state, "verdict": before.verdict},
        "after": {"state": after.state, "verdict": after.verdict, "reason": reason},
    }
    action = "aftersales.decide_appeal" if before.verdict else "aftersales.decide"
    await access.audit(tx, actor, action, order.code if order else str(case_id), facts)
    return None


@post("/disputes/{case_id:uuid}", opt={"permission": "orders.manage"})
async def decided(
    visit: NamedDependency[Visit], request: WebRequest, case_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Decide, with a reason that both sides read."""
    form = await entries_of(request)
    wanted = form.text("verdict")
    try:
        if wanted not in set(Verdict):
            raise Invalid({"verdict": N_("Please choose what is to happen.")})
        who = await giving.giver(visit)
        waits = await visit.db.transact(
            decide, visit.actor, who, CaseId(case_id), Verdict(wanted), form.text("decision"), visit.by
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(visit, CaseId(case_id), form, refusal)
    done = N_("It is decided. Both sides are told.")
    return redirect(visit, frame.DISPUTES, giving.outcome(visit, waits, done))


HANDLERS = [dispute_list, dispute_page, decided]
