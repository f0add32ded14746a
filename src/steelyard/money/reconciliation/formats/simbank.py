"""The statement of the simulated bank: CSV in UTF-8, minor units, UTC; see `steelyard.simulators.bank_statement`."""

from collections.abc import Iterator
from datetime import UTC

from steelyard.money.reconciliation.formats import cells
from steelyard.money.reconciliation.formats.cells import Row, Unreadable
from steelyard.money.reconciliation.model import Line, LineKind, Problem

COLUMNS = ("time", "direction", "id", "reference", "party", "currency", "amount")
DIRECTIONS = {"out": (LineKind.PAID_OUT, -1), "in": (LineKind.RECEIVED, 1)}


def read(content: bytes) -> Iterator[Line | Problem]:
    header: dict[str, int] | None = None
    number = 0
    try:
        for number, found in cells.rows(cells.decoded(content, "utf-8")):
            if header is None:
                header = cells.places(found, COLUMNS)
                continue
            try:
                yield _line(cells.row(number, header, found))
            except Unreadable as wrong:
                yield cells.problem(number, wrong)
        if header is None:
            raise Unreadable("not_this_format")
    except Unreadable as wrong:
        yield cells.problem(number + 1, wrong)


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
