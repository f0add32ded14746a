"""Giving money back from a console or by a key: who gives, within which limits, and what is said when it
waits for a second person."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from litestar.response import Redirect

from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Forbidden, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.parties import access, policies
from steelyard.parties.access.model import CHIEF_ROLE, AccountKind, Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.policies.model import WALLETS
from steelyard.surfaces.components.page import Flash, Tone
from steelyard.surfaces.web.console import told
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit
from steelyard.trade.aftersales import APPROVES, GIVES, Giver, RequestSide, WaitingRefund

WAITS = N_("It is above your limit and waits for a second person. Nothing has gone back yet.")


async def giver_for(db: Database, actor: Actor, permissions: tuple[str, ...] | None = None) -> Giver:
    """Somebody of a staff, with the roles by which they may give money back (or, with `permissions`, by which they may that)."""
    account = actor.account
    assert account is not None, "only people of a staff give money back"
    side = RequestSide.MERCHANT if account.kind is AccountKind.MERCHANT else RequestSide.OPERATOR
    roles = await db.ask(access.roles_with, account.account_id, permissions or GIVES[side])
    return Giver(
        account_id=account.account_id,
        side=side,
        roles=roles,
        chief=CHIEF_ROLE[account.kind] in roles,
        merchant_id=MerchantId(account.merchant_id) if account.merchant_id else None,
    )


async def giver(visit: Visit) -> Giver:
    return await giver_for(visit.db, visit.actor)


async def approver(visit: Visit) -> Giver:
    """Who approves is measured by the roles that may approve."""
    return await giver_for(visit.db, visit.actor, (APPROVES,))


async def audit_waiting(tx: Tx, actor: Actor, waits: WaitingRefund) -> None:
    facts = {
        "amount": Money(waits.amount, waits.currency).decimal(),
        "currency": waits.currency,
        "why": waits.why,
        "refund_id": str(waits.refund_id),
    }
    await access.audit(tx, actor, "refunds.wait", str(waits.order_id), facts, merchant_id=waits.merchant_id)


def outcome(visit: Visit, waits: WaitingRefund | None, message: str) -> tuple[str, Tone]:
    """What is said of a command that gave money back, or of one that waits."""
    return (visit.say(message), "good") if waits is None else (visit.say(WAITS), "warn")


async def gave(
    visit: Visit, back: str, message: str, command: Callable[[], Awaitable[WaitingRefund | None]]
) -> Redirect:
    """Run a command that gives money back, and go back with what came of it: done, waiting, or refused."""
    try:
        waits = await command()
    except (NotFound, Forbidden):
        raise
    except Refusal as refusal:
        return redirect(visit, back, (told(visit, refusal), "bad"))
    return redirect(visit, back, Flash(*outcome(visit, waits, message)))


async def balance_open(read: Read, buyer_id: UUID) -> bool:
    """Whether money can go into this buyer's balance: the house keeps balances, and the buyer signs in to one."""
    if not await policies.number(read, WALLETS):
        return False
    return await access.buyers_account(read, buyer_id) is not None
