"""What the marketplace pays hosts and agencies of what it took from their shops: by the bank, written down with its reference."""

from datetime import date, datetime
from uuid import UUID

from steelyard.channels.host_commission import queries
from steelyard.channels.host_commission.earning import Moved, add_up
from steelyard.channels.host_commission.model import (
    HOUSE_ZONE,
    NOTE_CHARACTERS_MAX,
    REFERENCE_CHARACTERS_MAX,
    NoBankAccount,
    NothingOwed,
    PaymentId,
)
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer


async def pay(
    tx: Tx,
    merchant_id: UUID,
    payee_id: UUID,
    payment_id: PaymentId,
    amount: int,
    currency: str,
    reference: str,
    paid_on: date,
    by: str,
) -> None:
    """So much was paid. Said twice with the same id, it is one payment.

    Raises `NotFound`, `NoBankAccount`, `NothingOwed` for more than is owed, and `Invalid` (no reference, a day to come).
    """
    await tx.execute(
        "SELECT FROM host_payees WHERE merchant_id = $1 AND payee_id = $2 FOR UPDATE", merchant_id, payee_id
    )
    payee = await queries.payee(tx, merchant_id, payee_id)
    if payee is None:
        raise NotFound()
    if await tx.value(
        "SELECT true FROM host_payments WHERE merchant_id = $1 AND payment_id = $2", merchant_id, payment_id
    ):
        return
    now: datetime = await tx.value("SELECT now()")
    problems: dict[str, str] = {}
    if not 0 < len(reference.strip()) <= REFERENCE_CHARACTERS_MAX:
        problems["reference"] = N_("Please enter the bank’s reference, of 60 characters at most")
    if amount <= 0:
        problems["amount"] = N_("Please enter a positive number")
    if paid_on > now.astimezone(HOUSE_ZONE).date():
        problems["paid_on"] = N_("This day is still to come.")
    if problems:
        raise Invalid(problems)
    if not payee.account:
        raise NoBankAccount()
    owed = {each.currency: each.owed for each in await queries.balances(tx, merchant_id, payee_id)}
    if amount > owed.get(currency, 0):
        raise NothingOwed()
    await tx.execute(
        """
        INSERT INTO host_payments (merchant_id, payment_id, payee_id, amount, currency, reference, paid_on, paid_to, by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        merchant_id,
        payment_id,
        payee_id,
        amount,
        currency,
        reference.strip(),
        paid_on,
        {"holder": payee.holder, "bank": payee.bank, "account": payee.account},
        by,
    )
    moved = Moved(merchant_id=merchant_id, payee_id=payee_id, document=payment_id, amount=amount, currency=currency)
    await _book(tx, moved, AccountKind.HOST_PAYABLE, AccountKind.BANK_CASH, "host_paid")
    await add_up(tx, [moved], "paid")


async def undo_payment(tx: Tx, merchant_id: UUID, payment_id: UUID, why: str, by: str) -> None:
    """The bank sent it back, or it was written down wrongly: it is owed again. Said twice, nothing changes.

    Raises `NotFound`, and `Invalid` without a reason."""
    row = await tx.row(
        """
        SELECT payee_id, amount, currency, undone_at FROM host_payments
        WHERE merchant_id = $1 AND payment_id = $2 FOR UPDATE
        """,
        merchant_id,
        payment_id,
    )
    if row is None:
        raise NotFound()
    if row["undone_at"] is not None:
        return
    if not 0 < len(why.strip()) <= NOTE_CHARACTERS_MAX:
        raise Invalid({"why": N_("Please give a reason, in 500 characters at most")})
    await tx.execute(
        """
        UPDATE host_payments SET undone_why = $3, undone_by = $4, undone_at = now()
        WHERE merchant_id = $1 AND payment_id = $2
        """,
        merchant_id,
        payment_id,
        why.strip(),
        by,
    )
    moved = Moved(
        merchant_id=merchant_id,
        payee_id=row["payee_id"],
        document=payment_id,
        amount=row["amount"],
        currency=row["currency"],
    )
    await _book(tx, moved, AccountKind.BANK_CASH, AccountKind.HOST_PAYABLE, "host_payment_undone")
    await add_up(tx, [moved], "paid", -1)


async def _book(tx: Tx, moved: Moved, debit: AccountKind, credit: AccountKind, reason: str) -> None:
    await ledger.post(
        tx,
        [
            Transfer(
                owner_id=moved.payee_id,
                debit=debit,
                credit=credit,
                amount=moved.amount,
                currency=moved.currency,
                reason=reason,
                document=moved.document,
            )
        ],
    )
