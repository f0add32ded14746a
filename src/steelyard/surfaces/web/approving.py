"""What a second person says to refunds that wait, and limits by role: the commands and pages of both consoles."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar.response import Redirect

from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.parties import access
from steelyard.parties.access.model import Actor, Role, StaffMember
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.components.page import Tone
from steelyard.surfaces.web import giving, refund_pages
from steelyard.surfaces.web.console import address, done, errors_of
from steelyard.surfaces.web.entries import Entries
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refund_pages import TypedLimit
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import aftersales
from steelyard.trade.aftersales import Giver, Limit, RequestId, RequestSide, RequestState, WaitingRefund

APPROVALS, LIMITS = "web/refund_approvals.html", "web/refund_limits.html"

APPROVED = N_("Approved: the money is on its way back to the buyer.")
OVERTAKEN = N_("The money went back otherwise meanwhile. Nothing went back again.")


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for a second person, what was answered, and what is said of them; `shops` where there are several."""

    waiting: Page[WaitingRefund]
    answered: Page[WaitingRefund]
    codes: Mapping[Any, str]
    staff: Sequence[StaffMember]
    shops: Mapping[Any, Any] = {}


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """The request whose refusal has no reason yet, and what was typed."""

    request_id: UUID
    typed: str
    error: str


def approvals_page(
    visit: Visit, found: Waiting, here: str, limits: str, cursor: str | None, wrong: Wrong | None
) -> dict[str, Any]:
    """What the page of requests shows, but for who is asked where: `own` and `order_href` are the console's."""
    return {
        "status": 422 if wrong else 200,
        "found": found,
        "words": refund_pages,
        "people": {member.account_id: member.name for member in found.staff},
        "me": visit.account.account_id if visit.account else None,
        "here": here,
        "limits_href": limits,
        "wrong": wrong.request_id if wrong else None,
        "typed": wrong.typed if wrong else "",
        "error": wrong.error if wrong else "",
        "next_href": address(here, cursor=found.answered.next) if found.answered.next else "",
        "start_href": here if cursor else "",
    }


async def said_yes(visit: Visit, db: Database, here: str, merchant_id: MerchantId, request_id: UUID) -> Redirect:
    """The second person approves, and reads what came of it."""
    who = await giving.approver(visit)
    try:
        state = await db.transact(approve, visit.actor, who, merchant_id, RequestId(request_id))
    except NotFound:
        raise
    except Refusal as refusal:
        return redirect(visit, here, (visit.refused(refusal), "bad"))
    return redirect(visit, here, told(visit, state))


async def said_no(
    visit: Visit, db: Database, here: str, merchant_id: MerchantId, request_id: UUID, answer: str
) -> Redirect | Wrong:
    """The second person declines; without a reason, what is to be said beside its field."""
    who = await giving.approver(visit)
    try:
        await db.transact(decline, visit.actor, who, merchant_id, RequestId(request_id), answer)
    except Invalid as refusal:
        error = errors_of(visit, refusal.fields).get("answer", "")
        return Wrong(request_id=request_id, typed=answer, error=error)
    except NotFound:
        raise
    except Refusal as refusal:
        return redirect(visit, here, (visit.refused(refusal), "bad"))
    return redirect(visit, here, (visit.say(N_("Declined. Your colleague reads why.")), "good"))


async def said_nothing(visit: Visit, db: Database, here: str, merchant_id: MerchantId, request_id: UUID) -> Redirect:
    """Who asked takes it back."""
    who = await giving.giver(visit)
    told = N_("Taken back: nobody is asked any more.")
    return await done(
        visit, here, told, lambda: db.transact(take_back, visit.actor, who, merchant_id, RequestId(request_id))
    )


async def approve(tx: Tx, actor: Actor, giver: Giver, merchant_id: MerchantId, request_id: RequestId) -> RequestState:
    state = await aftersales.approve_refund(tx, giver, merchant_id, request_id, actor.by)
    await access.audit(tx, actor, "refunds.approve", str(request_id), {"state": state}, merchant_id=merchant_id)
    return state


async def decline(
    tx: Tx, actor: Actor, giver: Giver, merchant_id: MerchantId, request_id: RequestId, answer: str
) -> None:
    await aftersales.decline_refund(tx, giver, merchant_id, request_id, answer, actor.by)
    await access.audit(tx, actor, "refunds.decline", str(request_id), {"answer": answer}, merchant_id=merchant_id)


async def take_back(tx: Tx, actor: Actor, giver: Giver, merchant_id: MerchantId, request_id: RequestId) -> None:
    await aftersales.withdraw_refund(tx, giver, merchant_id, request_id, actor.by)
    await access.audit(tx, actor, "refunds.take_back", str(request_id), merchant_id=merchant_id)


def told(visit: Visit, state: RequestState) -> tuple[str, Tone]:
    """What came of an approval."""
    if state is RequestState.APPROVED:
        return visit.say(APPROVED), "good"
    return visit.say(OVERTAKEN), "warn"


async def limit(tx: Tx, actor: Actor, merchant_id: MerchantId | None, typed: TypedLimit) -> None:
    assert actor.account is not None
    await aftersales.set_limit(
        tx, merchant_id, typed.role_id, typed.currency, per_refund=typed.per_refund, per_day=typed.per_day,
        valid_from=typed.valid_from, by=actor.account.account_id,
    )  # fmt: skip
    facts = {
        "currency": typed.currency,
        "per_refund": typed.per_refund,
        "per_day": typed.per_day,
        "from": typed.valid_from.isoformat(),
    }
    await access.audit(tx, actor, "refunds.limit", typed.role_id, facts, merchant_id=merchant_id)


def limits_page(
    form: Entries, errors: Mapping[str, str] | None, roles: Sequence[Role], known: Sequence[Limit], side: RequestSide,
    currency: str,
) -> dict[str, Any]:  # fmt: skip
    """What the page of limits shows in a currency."""
    return {
        "status": 422 if errors else 200,
        "roles": refund_pages.role_limits(roles, known, side, currency, datetime.now(UTC)),
        "currency": currency,
        "typed": {name: form.text(name) for name in ("role", "per_refund", "per_day", "from")},
        "errors": errors or {},
        "today": refund_pages.today(),
    }
