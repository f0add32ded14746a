"""The statement of the simulated channel: CSV in UTF-8, minor units, UTC; see `steelyard.simulators.payments.statement`."""

from datetime import UTC

from steelyard.money.payments import chargeback_document
from steelyard.money.reconciliation.formats import cells
from steelyard.money.reconciliation.formats.cells import Row, Unreadable
from steelyard.money.reconciliation.model import Line, LineKind, document_of

COLUMNS = ("time", "kind", "id", "payment", "reference", "currency", "amount", "fee", "net")
CHANNEL = "simpay"
KINDS = {
    "capture": LineKind.CAPTURE,
    "refund": LineKind.REFUND,
    "payout": LineKind.PAYOUT,
    "dispute": LineKind.DISPUTE,
    "dispute_won": LineKind.DISPUTE_WON,
}
DISPUTES = (LineKind.DISPUTE, LineKind.DISPUTE_WON)


def _line(row: Row) -> Line:
    kind = KINDS.get(row["kind"])
    if kind is None:
        raise Unreadable("kind", row["kind"])
    amount, fee = cells.minor(row["amount"]), cells.minor(row["fee"])
    if amount - fee != cells.minor(row["net"]):
        raise Unreadable("net", f"{row['amount']} − {row['fee']} ≠ {row['net']}")
    return cells.checked(
        Line(
            number=row.number,
            at=cells.moment(row["time"], UTC),
            kind=kind,
            their_id=row["id"],
            currency=cells.currency(row["currency"]),
            amount=amount,
            fee=fee,
            reference=_disputed(row) if kind in DISPUTES else row["reference"] or None,
            their_document=row["id"],
        )
    )


def _disputed(row: Row) -> str | None:
    """The chargeback, by our name of its payment and the channel's of the dispute."""
    payment_id = document_of(row["reference"])
    return str(chargeback_document(payment_id, CHANNEL, row["id"])) if payment_id else None


read = cells.reader(COLUMNS, _line)
