"""Orders of months that are closed in the books: said before the files are read as a whole, and before anything is written.

The first rows of each file tell soon whether an import goes far back; that is enough where nothing was imported before. Where
something was, rows of closed months may be known already, and only the files as a whole tell.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

from steelyard.channels.feeds.columnar import RecordBatch
from steelyard.channels.feeds.mapping import Mapping
from steelyard.channels.feeds.reading import RawRows, inspect
from steelyard.channels.feeds.workspace import Workspace
from steelyard.kernel.db import Read
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.money import ledger
from steelyard.money.ledger.model import BOOKS_ZONE, Period, PeriodState


class MonthsClosed(Refusal):
    """Nothing is posted into a closed month, so orders of that time are imported while its books are open."""

    code = "months_closed"
    title = N_("The books of these orders’ months are closed")
    detail = N_(
        "The first of these orders is of {first}, and the books are closed up to {until}; nothing was written. Either have the "
        "closed months opened again ({months}, the last one first): on the operator’s page of the books, where one person asks "
        "for it and another agrees. Or import into a house of its own: set STEELYARD_HOME to another folder."
    )


class _FirstRows(RawRows):
    """The rows of a file as far as its first batch."""

    def batches(self) -> Iterator[RecordBatch]:
        yield from islice(super().batches(), 1)


def earliest(paths: Sequence[Path], mapping: Mapping, folder: Path) -> datetime | None:
    """When the first order among the first rows of these files was placed; none where no row is one that costs something."""
    found: list[datetime] = []
    with Workspace(folder) as work:
        for number, path in enumerate(paths, 1):
            rows = _FirstRows(inspect(path, mapping.csv), mapping.csv)
            table, _ = work.shape(number, rows, mapping, lambda _: None)
            at = work.moment(_EARLIEST.format(table=table))
            found += [at] if at is not None else []
    return min(found, default=None)


_EARLIEST = (
    "SELECT epoch_us(min(placed_at)) FROM {table} WHERE reason IS NULL AND quantity > 0 AND unit_price_exact > 0"
)


async def check(read: Read, first: datetime | None) -> None:
    """Raises `MonthsClosed` where an order of this moment could not be posted."""
    until = await ledger.closed_until(read)
    if first is None or until is None or first >= until:
        return
    closed = [each for each in await ledger.periods(read) if each.state is PeriodState.CLOSED and each.ends > first]
    raise MonthsClosed(first=_day(first), until=_day(until), months=_months(closed))


def _day(at: datetime) -> str:
    return at.astimezone(BOOKS_ZONE).date().isoformat()


def _months(closed: Sequence[Period]) -> str:
    """From the first to the last, such as 2024-01 – 2024-05; they follow each other."""
    named = sorted(f"{each.period:%Y-%m}" for each in closed)
    return " – ".join(dict.fromkeys([named[0], named[-1]])) if named else ""
