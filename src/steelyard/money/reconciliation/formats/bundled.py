"""Two bills of one day in one file: what was traded, and what moved on the account.

A wallet tells of a day twice. The bill of trades has our numbers and the fee of each trade; the account's has what no trade is:
what was paid on to the bank, charges by the month, money that came another way. Both are kept as they came, in one ZIP; of the
account's those lines count whose document the bill of trades does not name, so that nothing is told twice.
"""

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence

import msgspec

from steelyard.money.reconciliation.formats import cells
from steelyard.money.reconciliation.formats.cells import Unreadable
from steelyard.money.reconciliation.model import FILE_BYTES_MAX, Line, Problem

# Behind the last entry, where no other ZIP has it.
MARK = b"steelyard: the bills of a day"
NAMES = ("1-trades", "2-account")
# One file has one time in it, so that the same bills are the same bytes.
_NO_TIME = (1980, 1, 1, 0, 0, 0)

Reader = Callable[[bytes], Iterator[Line | Problem]]


def bundle(parts: Sequence[bytes]) -> bytes:
    """The bills of a day in one file, the trades' first. The same bills give the same bytes."""
    assert len(parts) == len(NAMES)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, part in zip(NAMES, parts, strict=True):
            archive.writestr(zipfile.ZipInfo(name, _NO_TIME), part)
        archive.comment = MARK
    return packed.getvalue()


def reader(read: Reader) -> Reader:
    """Reads what `read` reads, and two of those in a bundle."""

    def both(content: bytes) -> Iterator[Line | Problem]:
        if not content.endswith(MARK):
            yield from read(content)
            return
        try:
            trades, account = _parts(content)
        except Unreadable as wrong:
            yield cells.problem(1, wrong)
            return
        yield from _once(read(trades), read(account))

    return both


def _once(trades: Iterator[Line | Problem], account: Iterator[Line | Problem]) -> Iterator[Line | Problem]:
    named: set[str] = set()
    last = 0
    for found in trades:
        last = found.number
        if isinstance(found, Line):
            # A refund is called by the payment's number and its own at Alipay.
            named |= {found.their_document or "", found.their_id.partition("/")[0]}
        yield found
    for found in account:
        if isinstance(found, Problem) or not found.their_document or found.their_document not in named:
            yield msgspec.structs.replace(found, number=last + found.number)


def _parts(content: bytes) -> list[bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inside = archive.infolist()
            if tuple(each.filename for each in inside) != NAMES:
                raise Unreadable("not_this_format", ", ".join(each.filename for each in inside))
            if any(each.compress_type != zipfile.ZIP_STORED for each in inside):
                raise Unreadable("not_a_zip", "it is packed")
            if sum(each.file_size for each in inside) > min(len(content), FILE_BYTES_MAX):
                raise Unreadable("too_large", str(len(content)))
            return [archive.read(each) for each in inside]
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise Unreadable("not_a_zip", str(error)) from error
