"""What a second person says to refunds that wait, and limits by role: the commands of both consoles."""

from steelyard.kernel.db import Tx
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.components.page import Tone
from steelyard.surfaces.web.refund_pages import TypedLimit
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import aftersales
from steelyard.trade.aftersales import Giver, RequestId, RequestState

APPROVED = N_("Approved: the money is on its way back to the buyer.")
OVERTAKEN = N_("The money went back otherwise meanwhile. Nothing went back again.")


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
