"""What buyers ask of a shop about an order: to call it off while it is being packed, and to hurry. The shop answers here.

An order's page includes `templates/parts/order_requests.html` with what `asked_about` finds.
"""

from typing import Any
from uuid import UUID

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.components.page import Tone
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import case_words, giving
from steelyard.surfaces.web.console import done
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales import Case, Giver, GrantCallOff, Kind, WaitingRefund
from steelyard.trade.aftersales.model import CANCELLATION_REASONS, CancellationRequest, CaseState
from steelyard.trade.orders import Act
from steelyard.trade.orders.model import Order, OrderId


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the buyer asked about an order, and what else was done about it."""

    request: CancellationRequest | None
    acts: list[Act]
    cases: list[Case]

    @property
    def kinds(self) -> dict[Kind, str]:
        """What kinds of cases are called."""
        return case_words.KINDS

    @property
    def case_states(self) -> dict[CaseState, tuple[str, Tone]]:
        """How far cases are, in words and tones."""
        return case_words.STATES

    @property
    def reason(self) -> str:
        """The message id of why the buyer wants to cancel."""
        return CANCELLATION_REASONS.get(self.request.reason, "") if self.request else ""


async def asked_about(read: Read, merchant_id: MerchantId, order_id: OrderId) -> Asked:
    return Asked(
        request=await aftersales.request_of(read, merchant_id, order_id),
        acts=await orders.acts_of(read, merchant_id, order_id),
        cases=(await aftersales.cases_of_orders(read, [order_id]))[order_id],
    )


async def begin_packing(tx: Tx, actor: Actor, order: Order, by: str) -> None:
    await orders.begin_packing(tx, order.merchant_id, order.order_id, by)
    await access.audit(
        tx, actor, "orders.begin_packing", order.code, {"before": {"packing": False}, "after": {"packing": True}}
    )


async def grant(tx: Tx, actor: Actor, giver: Giver, order: Order, by: str) -> WaitingRefund | None:
    command = GrantCallOff(merchant_id=order.merchant_id, order_id=order.order_id)
    waits = await aftersales.give(tx, giver, command, by)
    if waits is not None:
        await giving.audit_waiting(tx, actor, waits)
        return waits
    facts = {"before": {"request": "asked"}, "after": {"request": "granted"}}
    await access.audit(tx, actor, "orders.grant_cancellation", order.code, facts)
    return None


async def refuse(tx: Tx, actor: Actor, order: Order, answer: str, by: str) -> None:
    await aftersales.refuse_cancellation(tx, order.merchant_id, order.order_id, answer, by)
    facts = {"before": {"request": "asked"}, "after": {"request": "refused", "answer": answer}}
    await access.audit(tx, actor, "orders.refuse_cancellation", order.code, facts)


async def _own(visit: Visit, order_id: UUID) -> Order:
    found = await visit.merchant_db.ask(orders.order, visit.merchant_id, OrderId(order_id))
    if found is None:
        raise NotFound()
    return found


@post("/orders/{order_id:uuid}/packing", opt={"permission": "orders.ship"})
async def packing(visit: NamedDependency[Visit], order_id: FromPath[UUID]) -> Redirect:
    """The shop begins to pack: from now on the buyer asks before it is cancelled or sent elsewhere."""
    order = await _own(visit, order_id)
    return await done(
        visit,
        f"{frame.ORDERS}/{order_id}",
        N_("The buyer now asks you before cancelling or changing the address."),
        lambda: visit.merchant_db.transact(begin_packing, visit.actor, order, visit.by),
    )


@post("/orders/{order_id:uuid}/cancellation/grant", opt={"permission": "orders.cancel"})
async def grant_cancellation(visit: NamedDependency[Visit], order_id: FromPath[UUID]) -> Redirect:
    """Agree to call the order off: its money goes back."""
    order = await _own(visit, order_id)
    who = await giving.giver(visit)
    return await giving.gave(
        visit,
        f"{frame.ORDERS}/{order_id}",
        N_("The order is cancelled, and all of its money goes back to the buyer."),
        lambda: visit.merchant_db.transact(grant, visit.actor, who, order, visit.by),
    )


@post("/orders/{order_id:uuid}/cancellation/refuse", opt={"permission": "orders.cancel"})
async def refuse_cancellation(
    visit: NamedDependency[Visit], order_id: FromPath[UUID], data: URLEncodedBody[dict[str, Any]]
) -> Redirect:
    """Do not agree, and say why."""
    order = await _own(visit, order_id)
    answer = str(data.get("answer", "")).replace("\x00", "").strip()
    return await done(
        visit,
        f"{frame.ORDERS}/{order_id}",
        N_("The buyer is told that the order will be sent."),
        lambda: visit.merchant_db.transact(refuse, visit.actor, order, answer, visit.by),
    )


HANDLERS = [packing, grant_cancellation, refuse_cancellation]
