"""A rundown as a table of CSV: written for a spreadsheet, read back. A row without an id is a new one."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from steelyard.channels.live.model import ENTRIES_MAX, Entry, EntryId
from steelyard.channels.rooms.model import Role
from steelyard.kernel import ids
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money

COLUMNS = ("minute", "minutes", "product", "title", "what", "points", "offer", "price", "pieces", "owner", "id")
NEEDED = ("minute", "minutes")
SHEET_BYTES_MAX = 512 * 1024
MARK = "\ufeff"
BETWEEN_POINTS = " | "
# A spreadsheet takes a text that begins with one of these for a formula.
_GUARDED = ("=", "+", "-", "@", "\t", "\r", "'")
_NUMBER = re.compile(r"[0-9]{1,4}")
_PIECES = re.compile(r"[0-9]{1,7}")
_AMOUNT = re.compile(r"[0-9]{1,10}(\.[0-9]{1,3})?")


def write_sheet(
    entries: Sequence[Entry], slugs: Mapping[UUID, str], titles: Mapping[UUID, str], currency: str
) -> bytes:
    """CSV in UTF-8 with a mark, so that Excel reads it; `product` is the address of the product, `title` for people alone;
    prices are in major units."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for entry in entries:
        product = entry.product_id
        writer.writerow(
            _guard(cell)
            for cell in (
                str(entry.minute),
                str(entry.minutes),
                slugs.get(product, "") if product else "",
                titles.get(product, "") if product else "",
                entry.what,
                BETWEEN_POINTS.join(entry.points),
                entry.offer,
                "" if entry.price is None else str(Money(entry.price, currency).decimal()),
                "" if entry.pieces is None else str(entry.pieces),
                str(entry.owner),
                str(entry.entry_id),
            )
        )
    return (MARK + out.getvalue()).encode()


def read_sheet(content: bytes, products: Mapping[str, UUID], known: set[UUID], currency: str) -> list[Entry]:
    """The rows of a file; `products` by address, `known` the ids of the rows that are there. Raises `Invalid` beside `file`,
    with the first line that is wrong."""
    if not content or len(content) > SHEET_BYTES_MAX:
        raise Invalid({"file": N_("The file is empty or too large.")})
    rows = list(_rows(content))
    if not rows or not set(NEEDED) <= set(rows[0]):
        raise Invalid(
            {"file": N_("The first line names the columns: minute, minutes, product, what, points, offer, owner.")}
        )
    if len(rows) > ENTRIES_MAX + 1:
        raise Invalid({"file": N_("A rundown has no more rows than this.")})
    found: list[Entry] = []
    for line, cells in enumerate(rows[1:], 2):
        named = dict(zip(rows[0], cells, strict=False))
        if any(cell for cell in cells):
            found.append(_entry(line, named, products, known, currency))
    return found


def _entry(line: int, cells: Mapping[str, str], products: Mapping[str, UUID], known: set[UUID], currency: str) -> Entry:
    for name in NEEDED:
        if not _NUMBER.fullmatch(cells.get(name, "")):
            raise _wrong(line, name)
    price, pieces = cells.get("price", ""), cells.get("pieces", "")
    if price and not _AMOUNT.fullmatch(price):
        raise _wrong(line, "price")
    if pieces and not _PIECES.fullmatch(pieces):
        raise _wrong(line, "pieces")
    owner, slug = cells.get("owner", "") or Role.HOST.value, cells.get("product", "")
    if owner not in {str(role) for role in Role}:
        raise _wrong(line, "owner")
    if slug and slug not in products:
        raise _wrong(line, "product")
    try:
        entry_id = UUID(cells.get("id", ""))
    except ValueError:
        entry_id = ids.mint()
    return Entry(
        entry_id=EntryId(entry_id if entry_id in known else ids.mint()),
        minute=int(cells["minute"]),
        minutes=int(cells["minutes"]),
        product_id=products[slug] if slug else None,
        what=cells.get("what", ""),
        points=[each.strip() for each in cells.get("points", "").split(BETWEEN_POINTS.strip()) if each.strip()],
        offer=cells.get("offer", ""),
        owner=Role(owner),
        price=Money.of(price, currency).amount if price else None,
        pieces=int(pieces) if pieces else None,
    )


def _wrong(line: int, column: str) -> Invalid:
    return Invalid({"file": N_("A line of the file cannot be read.")}, line=line, column=column)


def _rows(content: bytes) -> Iterator[list[str]]:
    try:
        words = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        words = content.decode("gb18030", "replace")
    words = words.replace("\x00", "")
    for number, row in enumerate(csv.reader(io.StringIO(words, newline=""))):
        yield [cell.strip().lower() if number == 0 else _unguard(cell.strip()) for cell in row]


def _guard(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_GUARDED) else cell


def _unguard(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_GUARDED) else cell
