"""The journal for accountants' programs: CSV and beancount, of any days, sent as it is read."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.response import Stream

from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind
from steelyard.surfaces.operator import book_tabs, frame
from steelyard.surfaces.operator.bookkeeping import Asked, asked_of
from steelyard.surfaces.operator.books import NEEDS
from steelyard.surfaces.web import streamed
from steelyard.surfaces.web.visit import Visit

PLAIN = "text/plain"
TRANSFERS_PER_PIECE = 500


@get("/books/export", opt=NEEDS)
async def export_page(visit: NamedDependency[Visit]) -> Response[Any]:
    """Which days, and as what."""
    asked = asked_of(visit)
    closed = await visit.db.ask(ledger.closed_until)
    return await frame.show(
        visit,
        "books_export.html",
        frame.BOOKS,
        tabs=book_tabs.tabs(visit, book_tabs.EXPORT),
        asked=asked,
        closed=closed is not None and asked.until <= closed,
        base=book_tabs.EXPORT,
    )


@get("/books/journal.csv", opt=NEEDS)
async def journal_csv(visit: NamedDependency[Visit]) -> Stream:
    """`?from=&to=`: every transfer, the oldest first."""
    asked = asked_of(visit)
    return streamed.csv(visit, f"journal-{asked.first}-{asked.last}", _rows(visit, asked))


async def _rows(visit: Visit, asked: Asked) -> AsyncIterator[Sequence[object]]:
    words = (
        N_("When"), N_("Number"), N_("Debit"), N_("Credit"), N_("Currency"), N_("Amount"), N_("Reason"), N_("Document"),
        N_("Whose"),
    )  # fmt: skip
    yield [visit.say(word) for word in words]
    async for each in streamed.journal_of(visit.db, asked.since, _no_later(asked)):
        yield (
            each.at, str(each.transfer_id), str(each.debit), str(each.credit), each.currency,
            Money(each.amount, each.currency), each.reason, str(each.document), str(each.owner_id),
        )  # fmt: skip


def _no_later(asked: Asked) -> datetime:
    """What is posted while the file is sent is not in it."""
    return min(asked.until, datetime.now(UTC))


async def _ends(
    read: Read, since: datetime, until: datetime
) -> tuple[list[ledger.TrialLine], list[ledger.TrialLine], dict[AccountKind, str]]:
    return (
        await ledger.trial_at(read, since),
        await ledger.trial_at(read, until),
        ledger.account_names(await ledger.chart(read)),
    )


@get("/books/journal.txt", opt=NEEDS)
async def journal_beancount(visit: NamedDependency[Visit]) -> Stream:
    """`?from=&to=`: the same for beancount, with what stood there before and what must stand there after."""
    asked = asked_of(visit)
    return streamed.file(f"books-{asked.first}-{asked.last}.beancount", _beancount(visit, asked), PLAIN)


async def _beancount(visit: Visit, asked: Asked) -> AsyncIterator[bytes]:
    until = _no_later(asked)
    opening, closing, names = await visit.db.ask(_ends, asked.since, until)
    yield "".join(ledger.begun(asked.first, opening, names)).encode()
    some: list[ledger.PostedTransfer] = []
    async for each in streamed.journal_of(visit.db, asked.since, until):
        some.append(each)
        if len(some) == TRANSFERS_PER_PIECE:
            yield "".join(ledger.written(some, names)).encode()
            some = []
    yield "".join(ledger.written(some, names)).encode()
    yield "".join(ledger.ended(asked.last, closing, names)).encode()


HANDLERS = [export_page, journal_csv, journal_beancount]
