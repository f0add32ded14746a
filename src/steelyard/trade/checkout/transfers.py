"""Money that came by bank transfer: written down, and what follows from it for the purchase, in one transaction."""

from datetime import date
from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
from steelyard.money import payments
from steelyard.money.payments.model import ChannelAnswer, PaymentState
from steelyard.trade import orders
from steelyard.trade.checkout.collection import apply_payment
from steelyard.trade.checkout.service import lock_of_purchases
from steelyard.trade.orders.model import PurchaseId


async def receive_transfer(
    tx: Tx, payment_id: UUID, *, bank_number: str, amount: int, currency: str, party: str, on_day: date, by: str
) -> payments.ExpectedTransfer:
    """Write down a line of the bank statement. Once what came adds up to the payment it is captured: the purchase is paid,
    or, when nobody waits for it any more, all of it is on its way back (f7). Too little waits for the rest; too much is left
    over, to be given back. The same line twice is one. Raises `NotFound`, `MovementKnown`.
    """
    assert amount > 0
    payment = await payments.get(tx, payment_id)
    if payment is None:
        raise NotFound(payment_id=payment_id)
    purchase_ids = [PurchaseId(payment.purchase_id)]
    await lock_of_purchases(tx, purchase_ids)
    await orders.lock_purchases(tx, purchase_ids)  # before the payment and the accounts, as everybody locks them
    stands = await payments.book_movement(
        tx, payment_id, bank_number=bank_number, amount=amount, currency=currency, party=party, on_day=on_day, by=by
    )
    if stands.received < stands.amount or stands.state is PaymentState.CAPTURED:
        return stands
    answer = ChannelAnswer(
        reference=stands.reference, state=PaymentState.CAPTURED, amount=stands.amount, currency=stands.currency
    )
    await apply_payment(tx, payment_id, answer, by)
    after = await payments.expected_transfer(tx, payment_id)
    assert after is not None
    return after


async def return_transfer(
    tx: Tx, payment_id: UUID, *, bank_number: str, amount: int, currency: str, party: str, on_day: date, by: str
) -> payments.ExpectedTransfer:
    """Write down that what was left over was transferred back. Raises `NotFound`, `MovementKnown`, `NotLeftOver`."""
    assert amount > 0
    return await payments.book_movement(
        tx, payment_id, bank_number=bank_number, amount=-amount, currency=currency, party=party, on_day=on_day, by=by
    )
