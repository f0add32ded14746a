"""Many refunds that wait for a second person, decided at once: found by amount and shop, ticked, approved or declined for one
reason, and what came of each. The commands and the page of both consoles."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import AccountId, Actor
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.components.page import Tone
from steelyard.surfaces.web import giving, refund_pages
from steelyard.surfaces.web.console import errors_of
from steelyard.surfaces.web.entries import Entries, as_uuid
from steelyard.surfaces.web.refusals import sentence_of
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import aftersales
from steelyard.trade.aftersales import DECIDED_MAX, Giver, RequestId, RequestState, WaitingRefund

MANY = "web/refund_many.html"
APPROVE, DECLINE = "approve", "decline"
FILTERS = ("shop", "currency", "least", "most")
STATES: Mapping[RequestState, tuple[str, Tone]] = {
    RequestState.APPROVED: (N_("Approved, on its way back"), "good"),
    RequestState.DECLINED: (N_("Declined"), "quiet"),
    RequestState.OVERTAKEN: (N_("Had gone back otherwise"), "warn"),
}


class Narrowed(msgspec.Struct, frozen=True, kw_only=True):
    """What the address asks for: the filters as they were typed, what of them cannot be read."""

    typed: Mapping[str, str]
    errors: Mapping[str, str]
    currency: str | None
    least: int | None
    most: int | None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What can be decided here, with what is said of it; `shops` where there are several."""

    waiting: Sequence[WaitingRefund]
    codes: Mapping[Any, str]
    names: Mapping[AccountId, str] = {}
    shops: Mapping[MerchantId, ShopCard] = {}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One that was ticked, and what came of it."""

    request: WaitingRefund | None
    request_id: UUID
    said: str
    tone: Tone


def narrowed(visit: Visit, currency: str) -> Narrowed:
    """Read the filters politely; amounts are of the currency that is asked for, or of this one."""
    query = visit.connection.query_params
    typed = {name: query.get(name, "").strip() for name in FILTERS}
    form = Entries({name: [value] for name, value in typed.items()}, {})
    of = typed["currency"] or currency
    least, most = form.money("least", of, required=False), form.money("most", of, required=False)
    amounts = bool(typed["least"] or typed["most"])
    return Narrowed(
        typed={name: value for name, value in typed.items() if value},
        errors={name: visit.say(str(what)) for name, what in form.errors.items()},
        currency=of if amounts else typed["currency"] or None,
        least=least,
        most=most,
    )


def named(each: WaitingRefund) -> str:
    """What a box is worth."""
    return f"{each.merchant_id}.{each.request_id}"


def asked_in(form: Entries) -> list[tuple[MerchantId, RequestId]]:
    """The requests that were ticked, each once. Raises `Invalid` without any."""
    pairs = [each.partition(".") for each in form.all("request")]
    asked = dict.fromkeys(
        (MerchantId(first), RequestId(second)) for a, _, b in pairs if (first := as_uuid(a)) and (second := as_uuid(b))
    )
    if not asked:
        raise Invalid({"request": N_("Please tick the refunds that you decide.")})
    return list(asked)[:DECIDED_MAX]


async def decided(visit: Visit, db: Database, form: Entries, known: Mapping[UUID, WaitingRefund]) -> list[Row]:
    """Do what the form says with what is ticked; what came of each. Raises `Invalid`."""
    asked = asked_in(form)
    who = await giving.approver(visit)
    yes = form.text("do") == APPROVE
    said = await db.transact(decide, visit.actor, who, asked, None if yes else form.text("answer"))
    return [_row(visit, request_id, known.get(request_id), said[request_id]) for _, request_id in asked]


def _row(visit: Visit, request_id: UUID, request: WaitingRefund | None, said: RequestState | Refusal) -> Row:
    if isinstance(said, Refusal):
        return Row(request=request, request_id=request_id, said=sentence_of(said, visit.locale), tone="bad")
    words, tone = STATES[said]
    return Row(request=request, request_id=request_id, said=visit.say(words), tone=tone)


async def decide(
    tx: Tx, actor: Actor, giver: Giver, asked: Sequence[tuple[MerchantId, RequestId]], answer: str | None
) -> dict[RequestId, RequestState | Refusal]:
    """Approve them, or decline them with an answer; each that was decided stands in the audit log."""
    if answer is None:
        said = await aftersales.approve_each(tx, giver, asked, actor.by)
    else:
        said = await aftersales.decline_each(tx, giver, asked, answer, actor.by)
    what = "refunds.approve" if answer is None else "refunds.decline"
    for merchant_id, request_id in asked:
        state = said[request_id]
        if not isinstance(state, Refusal):
            facts = {"state": str(state)} if answer is None else {"answer": answer.strip()}
            await access.audit(tx, actor, what, str(request_id), facts, merchant_id=merchant_id)
    return said


def page(
    visit: Visit,
    found: Found,
    wanted: Narrowed,
    here: str,
    *,
    form: Entries | None = None,
    refusal: Invalid | None = None,
    rows: Sequence[Row] = (),
) -> dict[str, Any]:
    """What the page shows: what waits, or what came of what was ticked."""
    return {
        "status": 422 if refusal else 200,
        "found": found,
        "wanted": wanted,
        "words": refund_pages,
        "named": named,
        "ticked": set(form.all("request")) if form else set(),
        "answer": form.text("answer") if form else "",
        "errors": errors_of(visit, refusal.fields) if refusal else {},
        "rows": rows,
        "most": DECIDED_MAX,
        "here": here,
    }
