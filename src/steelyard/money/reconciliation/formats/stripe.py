"""Stripe's itemised report of balance changes (`balance_change_from_activity.itemized`): CSV in UTF-8, major units, UTC.

Our name of a payment or refund is looked for in the columns of metadata; else Stripe's own names of it count, and so they do for
transfers to shops and their reversals. `charge`, `refund`, `transfer` and so on are reporting categories, as in
docs.stripe.com/reports/reporting-categories.
"""

from datetime import UTC

from steelyard.money.payments import chargeback_document
from steelyard.money.reconciliation.formats import cells
from steelyard.money.reconciliation.formats.cells import Row, Unreadable
from steelyard.money.reconciliation.model import Line, LineKind, document_of

COLUMNS = ("balance_transaction_id", "created_utc", "currency", "gross", "fee", "net", "reporting_category")
KINDS = {
    "charge": LineKind.CAPTURE,
    "refund": LineKind.REFUND,
    "partial_capture_reversal": LineKind.REFUND,
    "payout": LineKind.PAYOUT,
    "topup": LineKind.PAYOUT,
    "topup_reversal": LineKind.PAYOUT,
    "fee": LineKind.FEE,
    "network_cost": LineKind.FEE,
    "tax": LineKind.FEE,
    "dispute": LineKind.DISPUTE,
    "dispute_reversal": LineKind.DISPUTE_WON,
    "transfer": LineKind.TRANSFER,
    "transfer_reversal": LineKind.TRANSFER_REVERSAL,
}
# The platform pays into its balance: a payout the other way round, out of the bank.
TOP_UPS = ("topup", "topup_reversal")
CHANNEL = "stripe"
# What has no word of ours on it, and is known by Stripe's own.
TRANSFERS = (LineKind.TRANSFER, LineKind.TRANSFER_REVERSAL)
DISPUTES = (LineKind.DISPUTE, LineKind.DISPUTE_WON)
OURS = {LineKind.CAPTURE: "payment_metadata[", LineKind.REFUND: "refund_metadata["}


def _line(row: Row) -> Line:
    currency = cells.currency(row["currency"])
    kind = KINDS.get(row["reporting_category"], LineKind.OTHER)
    gross, fee = cells.major(row["gross"], currency), cells.major(row["fee"], currency)
    if gross - fee != cells.major(row["net"], currency):
        raise Unreadable("net", f"{row['gross']} − {row['fee']} ≠ {row['net']}")
    if kind is LineKind.FEE:
        # A fee of its own is a movement out: as a cost it is the other way round.
        gross, fee = 0, fee - gross
    source = row.get("source_id")
    return cells.checked(
        Line(
            number=row.number,
            at=cells.moment(row["created_utc"], UTC),
            kind=kind,
            their_id=row["balance_transaction_id"],
            currency=currency,
            amount=gross,
            fee=fee,
            reference=_reference(row, kind),
            their_document=(row.get("payment_intent_id") or source) if kind is LineKind.CAPTURE else source or None,
        ),
        either_way=row["reporting_category"] in TOP_UPS,
    )


def _reference(row: Row, kind: LineKind) -> str | None:
    source = row.get("source_id")
    if kind is LineKind.PAYOUT:
        # (A top-up that is given back is named like the top-up, and is another movement.)
        again = row["reporting_category"] == "topup_reversal"
        return row["balance_transaction_id"] if again or not source else source
    return source or None if kind in TRANSFERS else _ours(row, kind)


def _ours(row: Row, kind: LineKind) -> str | None:
    """The first metadata that is an id of ours: of a refund only the refund's own, which does not name the payment. A chargeback
    is named by our id of its payment and Stripe's of the dispute."""
    if kind in DISPUTES:
        payment = _ours(row, LineKind.CAPTURE)
        payment_id, dispute = document_of(payment), row.get("source_id")
        return str(chargeback_document(payment_id, CHANNEL, dispute)) if payment_id and dispute else None
    begins = OURS.get(kind)
    if begins is None:
        return None
    return next((row[name] for name in row.columns if name.startswith(begins) and document_of(row[name])), None)


read = cells.reader(COLUMNS, _line)
