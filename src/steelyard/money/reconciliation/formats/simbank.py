"""The statement of the simulated bank: CSV in UTF-8, minor units, UTC; see `steelyard.simulators.bank_statement`."""

from datetime import UTC

from steelyard.money.reconciliation.formats import cells
from steelyard.money.reconciliation.formats.cells import Row, Unreadable
from steelyard.money.reconciliation.model import Line, LineKind

COLUMNS = ("time", "direction", "id", "reference", "party", "currency", "amount")
DIRECTIONS = {"out": (LineKind.PAID_OUT, -1), "in": (LineKind.RECEIVED, 1)}


def _line(row: Row) -> Line:
    if row["direction"] not in DIRECTIONS:
        raise Unreadable("kind", row["direction"])
    kind, sign = DIRECTIONS[row["direction"]]
    return cells.checked(
        Line(
            number=row.number,
            at=cells.moment(row["time"], UTC),
            kind=kind,
            their_id=row["id"],
            currency=cells.currency(row["currency"]),
            amount=sign * cells.minor(row["amount"]),
            reference=row["reference"] or None,
        )
    )


read = cells.reader(COLUMNS, _line)
