"""Moving an invoice from one state to the next, with its history row."""

from datetime import date

from steelyard.kernel.db import Tx
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.invoices.model import MACHINE, Invoice, InvoiceId, InvoiceState


async def move(
    tx: Tx,
    invoice: Invoice,
    following: InvoiceState,
    by: str,
    *,
    number: str | None = None,
    issued_on: date | None = None,
    reason: str = "",
    amount: int | None = None,
) -> None:
    """Number and day stay where none are given. Raises `TransitionRefused`."""
    MACHINE.check(invoice.state, following)
    await tx.execute(
        """
        UPDATE invoices SET state = $3, number = coalesce($4, number), issued_on = coalesce($5, issued_on), reason = $6
             , answered_at = coalesce(answered_at, now()), amount = coalesce($7, amount)
        WHERE merchant_id = $1 AND invoice_id = $2
        """,
        invoice.merchant_id,
        invoice.invoice_id,
        following,
        number,
        issued_on,
        reason,
        amount,
    )
    await note(tx, invoice.merchant_id, invoice.invoice_id, invoice.state, following, by)


async def note(
    tx: Tx, merchant_id: MerchantId, invoice_id: InvoiceId, before: str, following: InvoiceState, by: str
) -> None:
    await tx.execute(
        """
        INSERT INTO invoice_history (merchant_id, invoice_id, step, from_state, to_state, by)
        SELECT $1, $2, count(*) + 1, $3, $4, $5 FROM invoice_history WHERE merchant_id = $1 AND invoice_id = $2
        """,
        merchant_id,
        invoice_id,
        before,
        following,
        by,
    )
