"""What a shop owes a buyer by a rule: out of what it is owed, and where that is not enough, out of its deposit."""

from datetime import datetime
from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.money.ledger.model import AccountKind
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import settlement
from steelyard.trade.discipline.deposits import balance_of, demand_after_fine, post, shift
from steelyard.trade.discipline.model import MovementKind
from steelyard.trade.settlement import EntryKind, NewEntry


async def charge(
    tx: Tx,
    merchant_id: MerchantId,
    order_id: UUID,
    document: UUID,
    amount: int,
    currency: str,
    by: str,
    now: datetime,
) -> int:
    """Take what a locked shop owes a buyer; what neither pocket holds comes out of its next sales. Returns how much the
    deposit paid. Who asks says it once for a document, and gives the buyer what is taken here."""
    merchant = await merchants.get(tx, merchant_id)
    assert merchant is not None and amount > 0
    owed = await balance_of(tx, merchant_id, AccountKind.PAYABLE, currency)
    deposit = await balance_of(tx, merchant_id, AccountKind.DEPOSIT, currency) if currency == merchant.currency else 0
    from_deposit = min(max(0, amount - max(0, owed)), deposit)
    rest = amount - from_deposit
    if from_deposit:
        await shift(tx, merchant_id, document, MovementKind.COMPENSATION, from_deposit, currency, by)
        await demand_after_fine(tx, merchant_id, now)
    if rest:
        clearing = AccountKind.COMPENSATION_CLEARING
        await post(tx, merchant_id, document, AccountKind.PAYABLE, clearing, rest, currency, "compensation")
        entry = NewEntry(
            merchant_id=merchant_id,
            order_id=order_id,
            document=document,
            kind=EntryKind.COMPENSATION,
            amount=-rest,
            currency=currency,
            earned_at=now,
        )
        await settlement.enter(tx, [entry], waits=False)
    return from_deposit
