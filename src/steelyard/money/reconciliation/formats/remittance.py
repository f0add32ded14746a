"""What a carrier pays on of the cash that it collected at doors, parcel by parcel: CSV in UTF-8, major units, Chinese time unless
a time says another. Columns: time, number, amount, currency; and, where the carrier has them, order and fee. `their_id` is the
parcel's number, `their_document` the order's code."""

from steelyard.money.reconciliation.formats import cells
from steelyard.money.reconciliation.formats.cells import SHANGHAI, Row, Unreadable
from steelyard.money.reconciliation.model import Line, LineKind

COLUMNS = ("time", "number", "amount", "currency")


def _line(row: Row) -> Line:
    currency = cells.currency(row["currency"])
    amount, fee = cells.major(row["amount"], currency), cells.major(row.get("fee") or "0", currency)
    if amount <= 0 or fee < 0:
        raise Unreadable("sign", row["amount"])
    return cells.checked(
        Line(
            number=row.number,
            at=cells.moment(row["time"], SHANGHAI),
            kind=LineKind.REMITTED,
            their_id=row["number"],
            currency=currency,
            amount=amount,
            fee=fee,
            their_document=row.get("order") or None,
        )
    )


read = cells.reader(COLUMNS, _line)
