"""A bank account's statement as most banks can give it out: CSV in UTF-8, major units with a sign, Chinese time unless a time
says another. Columns: time, id, amount, currency; and, where the bank has them, reference and party."""

from collections.abc import Iterator

from steelyard.money.reconciliation.formats import cells
from steelyard.money.reconciliation.formats.cells import SHANGHAI, Row, Unreadable
from steelyard.money.reconciliation.model import Line, LineKind, Problem

COLUMNS = ("time", "id", "amount", "currency")


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
