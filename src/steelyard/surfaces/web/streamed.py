"""Files that are too long to be made before they are sent: rows are written as they are read, page by page.

Each page is a transaction of its own, so that a slow reader holds none open; what is asked for is over and does not change.
"""

import csv as written
import io
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

from litestar.response import Stream

from steelyard.kernel.db import Database
from steelyard.money import ledger
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.visit import Visit

ROWS_PER_PIECE = 500


async def journal_of(
    db: Database,
    since: datetime,
    until: datetime,
    *,
    kind: str | None = None,
    currency: str | None = None,
    owner_id: UUID | None = None,
) -> AsyncIterator[ledger.PostedTransfer]:
    """Every transfer from a moment until another, the oldest first."""
    after: tuple[datetime, UUID] | None = None
    while True:
        found = await db.ask(ledger.journal, since, until, after, kind=kind, currency=currency, owner_id=owner_id)
        for each in found:
            yield each
        if not found:
            return
        after = (found[-1].at, found[-1].transfer_id)


def csv(visit: Visit, name: str, rows: AsyncIterator[Sequence[object]]) -> Stream:
    """Rows as CSV, as `exports.csv_answer` writes them, but as many as there are; the first is the heading."""
    return file(f"{name}.csv", _written(visit, rows), exports.CSV)


def file(name: str, pieces: AsyncIterator[bytes], media_type: str) -> Stream:
    """Pieces as a file of this name."""
    return Stream(
        pieces,
        media_type=media_type,
        headers={
            "content-disposition": exports.as_file(name),
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        },
    )


async def _written(visit: Visit, rows: AsyncIterator[Sequence[object]]) -> AsyncIterator[bytes]:
    text = io.StringIO()
    text.write(exports.BYTE_ORDER_MARK)
    writer = written.writer(text, lineterminator="\r\n")
    count = 0
    async for row in rows:
        writer.writerow([exports.cell(visit, value) for value in row])
        count += 1
        if count % ROWS_PER_PIECE == 0:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()
