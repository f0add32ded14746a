"""Giving back what is paid at the door: it depends on where the cash is."""

import msgspec

from steelyard.kernel.db import Tx
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.money.payments.door_model import TO_BALANCE
from steelyard.money.payments.door_steps import undo
from steelyard.money.payments.model import Refund
from steelyard.money.payments.purses import put_back


async def given_back(tx: Tx, refund: Refund, by_merchant: Transfer) -> list[Transfer]:
    """A refund has succeeded: taken off the claim, when the cash was not collected; otherwise staff transferred it from the
    bank, or put it into the buyer's balance. `by_merchant` is what was due leaving the merchant's side; returns how it is
    booked."""
    if await undo(tx, refund.merchant_id, refund.order_id, refund.payment_id, refund.amount):
        return [msgspec.structs.replace(by_merchant, credit=AccountKind.DOOR_CLAIMS)]
    if refund.channel_reference == TO_BALANCE:
        await put_back(tx, refund)
        return [by_merchant]
    return [msgspec.structs.replace(by_merchant, credit=AccountKind.BANK_CASH)]
