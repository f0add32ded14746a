"""Payouts through Stripe, as staff see them: what was sent, what is taken back, and the shop's account there."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.i18n import N_
from steelyard.money.payments import StripeCalls
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.console import done
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import settlement
from steelyard.trade.settlement import (
    Account,
    NothingToTakeBack,
    PayoutTransfer,
    Reversal,
    Statement,
    StatementState,
    Way,
)

NEEDS = {"permission": "settlement.run"}


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A statement's payouts through Stripe, the latest first; `owed` is what its shop owes in its currency, in minor units."""

    account: Account | None
    transfers: Sequence[PayoutTransfer]
    reversals: Sequence[Reversal]
    owed: int

    @property
    def whole(self) -> bool:
        """Whether the last payout went through Stripe and nothing of it was taken back."""
        return bool(self.transfers) and self.transfers[0].transfer_id is not None and not self.transfers[0].reversed

    @property
    def documents(self) -> list[UUID]:
        """Under which they stand in the books."""
        named = [each.transfer_id for each in self.transfers] + [each.stripe_id for each in self.reversals]
        return [StripeCalls.document_of(each) for each in named if each]

    @property
    def left(self) -> int:
        """What can be taken back of this statement's payouts, in minor units."""
        return sum(each.amount - each.reversed for each in self.transfers if each.transfer_id)


async def sent(read: Read, statement: Statement) -> Sent | None:
    """None: it is no matter of Stripe's."""
    if statement.way is not Way.STRIPE:
        return None
    merchant_id, statement_id = statement.merchant_id, statement.statement_id
    return Sent(
        account=await settlement.account_of(read, merchant_id),
        transfers=await settlement.transfers_of(read, merchant_id, statement_id),
        reversals=await settlement.reversals_of(read, merchant_id, statement_id),
        owed=await settlement.owed(read, merchant_id, statement.currency)
        if statement.state is StatementState.PAID
        else 0,
    )


async def _take_back(
    tx: Tx, actor: Actor, merchant_id: MerchantId, statement_id: UUID, reversal_id: UUID, reason: str, by: str
) -> None:
    if await settlement.take_back_payout(tx, merchant_id, statement_id, reversal_id, reason, by):
        facts = {"reason": reason}
        await access.audit(tx, actor, "settlement.taken_back", str(statement_id), facts, merchant_id=merchant_id)


@post("/settlement/{merchant_id:uuid}/{statement_id:uuid}/take-back", opt=NEEDS)
async def take_back(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], statement_id: FromPath[UUID]
) -> Redirect:
    """Take a whole payout back through Stripe."""
    form = await entries_of(request)
    reversal_id, reason = form.uuid("reversal_id"), form.text("reason")
    return await done(
        visit,
        f"{frame.SETTLEMENT}/{merchant_id}/{statement_id}",
        N_("Stripe is asked to take it back."),
        lambda: visit.db.transact(
            _take_back, visit.actor, MerchantId(merchant_id), statement_id, reversal_id, reason, visit.by
        ),
    )


async def _take_owed(tx: Tx, actor: Actor, merchant_id: MerchantId, currency: str, by: str) -> None:
    amount = await settlement.take_back_owed(tx, merchant_id, currency, by)
    if not amount:
        raise NothingToTakeBack()
    facts = {"amount": amount, "currency": currency}
    await access.audit(tx, actor, "settlement.taken_back", str(merchant_id), facts, merchant_id=merchant_id)


@post("/settlement/{merchant_id:uuid}/{statement_id:uuid}/take-owed", opt=NEEDS)
async def take_owed(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], statement_id: FromPath[UUID]
) -> Redirect:
    """Take back through Stripe what the shop owes."""
    currency = (await entries_of(request)).text("currency")
    return await done(
        visit,
        f"{frame.SETTLEMENT}/{merchant_id}/{statement_id}",
        N_("Stripe is asked to take it back."),
        lambda: visit.db.transact(_take_owed, visit.actor, MerchantId(merchant_id), currency, visit.by),
    )


HANDLERS = [take_back, take_owed]
