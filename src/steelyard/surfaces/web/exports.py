"""Any table as CSV, for spreadsheets: UTF-8 with its mark, so that Excel reads Chinese, and no cell is a formula.

A list's handler asks `wanted(visit)` and answers with `csv_answer`; its page links there with `csv_link(page)` of
`macros/data.html`. The file holds what the list's filters let through, from the first row, up to `CSV_ROWS_MAX`.
"""

import csv
import io
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

from litestar import Response

from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import Page
from steelyard.kernel.text import Text
from steelyard.surfaces.components.page import TIMEZONE
from steelyard.surfaces.web.visit import Visit

T = TypeVar("T")

CSV_ROWS_MAX = 10_000
CSV = "text/csv"  # the framework says the character set
BYTE_ORDER_MARK = "\ufeff"
# A spreadsheet takes a text that begins with one of these for a formula (OWASP, CSV injection).
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
ZONE = ZoneInfo(TIMEZONE)


def wanted(visit: Visit) -> bool:
    """Whether the list is asked for as a file: `?format=csv`."""
    return visit.connection.query_params.get("format") == "csv"


async def everything(page_of: Callable[[str | None], Awaitable[Page[T]]], most: int = CSV_ROWS_MAX) -> list[T]:
    """The items of a keyset-paged list from its beginning: `page_of` gives the page after a cursor.

    Each page is one look into an index; ask within one `Read`, so that all are of one instant.
    """
    found: list[T] = []
    cursor: str | None = None
    while len(found) < most:
        page = await page_of(cursor)
        found += page.items
        cursor = page.next
        if cursor is None:
            break
    return found[:most]


def csv_answer(visit: Visit, name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Response[bytes]:
    """A table as a file named `name` and today's date.

    `name` and `columns` are words in the reader's language. A cell may be text, `Text`, a number, `Money` (its decimal,
    so that it can be summed: the currency belongs into a column of its own, or into the heading), a moment (in the
    house's time zone), a day, a truth or None. At most `CSV_ROWS_MAX` rows; when there were more, a last line says so.
    """
    written = io.StringIO()
    write = csv.writer(written, lineterminator="\r\n").writerow
    write([cell(visit, column) for column in columns])
    for number, row in enumerate(rows):
        if number == CSV_ROWS_MAX:
            write([visit.say(N_("There are more rows; the first {most} are in this file."), most=CSV_ROWS_MAX)])
            break
        write([cell(visit, value) for value in row])
    return Response(
        (BYTE_ORDER_MARK + written.getvalue()).encode(),
        media_type=CSV,
        headers={"content-disposition": as_file(_dated(name)), "cache-control": "no-store"},
    )


def sheet(visit: Visit, name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Response[bytes]:
    """The same, with the words as they stand in the source."""
    return csv_answer(visit, visit.say(name), [visit.say(column) for column in columns], rows)


def _dated(name: str) -> str:
    return f"{name}-{datetime.now(UTC).astimezone(ZONE):%Y-%m-%d}.csv"


def as_file(name: str) -> str:
    """The header that names the file: once for all programs, once in its own letters (RFC 6266)."""
    own = name.replace("/", "-")
    plain = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\' else "_" for letter in own
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(own, safe='')}"


def cell(visit: Visit, value: Any) -> str | int | float | Decimal:
    """A value as it stands in a file: see `csv_answer`."""
    written: str | int | float | Decimal
    match value:
        case None:
            written = ""
        case bool():
            written = visit.say(N_("yes")) if value else visit.say(N_("no"))
        case int() | float() | Decimal():
            written = value
        case Money():
            written = value.decimal()
        case datetime():
            written = f"{value.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"
        case date():
            written = value.isoformat()
        case Text():
            written = safe(value.in_language(visit.locale))
        case _:
            written = safe(str(value))
    return written


def safe(words: str) -> str:
    """Words that a spreadsheet shows and does not compute: what looks like a formula gets an apostrophe in front."""
    return f"'{words}" if words.startswith(FORMULA_BEGINS) else words
