"""A bank account's statement as most banks can give it out: CSV in UTF-8, major units with a sign, Chinese time unless a time
says another. Columns: time, id, amount, currency; and, where the bank has them, reference and party."""

from steelyard.money.reconciliation.formats import cells
from steelyard.money.reconciliation.formats.cells import SHANGHAI, Row
from steelyard.money.reconciliation.model import Line, LineKind

COLUMNS = ("time", "id", "amount", "currency")


def _line(row: Row) -> Line:
    currency = cells.currency(row["currency"])
    amount = cells.major(row["amount"], currency)
    return cells.checked(
        Line(
            number=row.number,
            at=cells.moment(row["time"], SHANGHAI),
            kind=LineKind.RECEIVED if amount > 0 else LineKind.PAID_OUT,
            their_id=row["id"],
            currency=currency,
            amount=amount,
            reference=row.get("reference") or None,
        )
    )


read = cells.reader(COLUMNS, _line)
