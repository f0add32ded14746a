"""What all statements in CSV have in common: rows with a header, times, and amounts in major or minor units."""

import codecs
import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from steelyard.kernel.money import minor_digits
from steelyard.money.reconciliation.model import AMOUNT_MAX, Line, LineKind, Problem

SHANGHAI = timezone(timedelta(hours=8))
TOLD_LETTERS_MAX = 200
_DECODED_BYTES = 1024 * 1024
# The first and the last year of a calendar cannot be told in another zone.
YEARS = range(2000, 2200)
_MAJOR = re.compile(r"[+-]?\d{1,13}(?:\.(\d+))?")
_MINOR = re.compile(r"[+-]?\d{1,18}")
_CURRENCY = re.compile(r"[A-Z]{3}")


class Unreadable(Exception):
    """A line, or the whole file, says something that cannot be read. `problem` is one of `model.PROBLEMS`."""

    def __init__(self, problem: str, told: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.told = told[:TOLD_LETTERS_MAX]


class Row:
    """The cells of a line by the names of its columns."""

    def __init__(self, number: int, places: dict[str, int], cells: Sequence[str]) -> None:
        self.number = number
        self._places = places
        self._cells = cells

    def __getitem__(self, column: str) -> str:
        return self._cells[self._places[column]]

    def get(self, column: str) -> str:
        """The cell, or nothing where the file has no such column."""
        place = self._places.get(column)
        return "" if place is None else self._cells[place]

    @property
    def columns(self) -> Sequence[str]:
        return list(self._places)


def decoded(content: bytes, encoding: str) -> Iterator[str]:
    """The text line by line, without a second one in memory; all of it was looked at before. Raises `Unreadable`. A byte
    order mark is no part of the text. Of the encodings of statements none has the byte of a new line within a character."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for begins in range(0, len(content), _DECODED_BYTES):
            decoder.decode(content[begins : begins + _DECODED_BYTES])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise Unreadable("not_text", f"{encoding}: {error.reason}") from error
    if b"\x00" in content:  # which no text of the database may have
        raise Unreadable("not_text", "NUL")
    return _pieces(content, encoding)


def _pieces(content: bytes, encoding: str) -> Iterator[str]:
    begins = 0
    while begins < len(content):
        ends = content.find(b"\n", begins) + 1 or len(content)
        piece = content[begins:ends].decode(encoding)
        if piece := piece if begins else piece.removeprefix("\ufeff"):
            yield piece
        begins = ends


def rows(text: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Every line that is not empty with its number, cells without the blanks, tabs and backticks that keep spreadsheets
    from touching them. A quote that is not closed ends the file: `cut_off`."""
    reader = csv.reader(text, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Unreadable("cut_off", str(error)) from error
        cells = [cell.strip(" \t`") for cell in cells]
        if any(cells):
            yield reader.line_num, cells


def places(header: Sequence[str], needed: Sequence[str]) -> dict[str, int]:
    """Where each column is. Raises `Unreadable` when a needed one is not there."""
    found = {name: place for place, name in enumerate(header)}
    missing = [name for name in needed if name not in found]
    if missing:
        raise Unreadable("not_this_format", ", ".join(missing))
    return found


def row(number: int, header: dict[str, int], cells: Sequence[str]) -> Row:
    """Raises `Unreadable` when the line is longer or shorter than the header. (A trailing comma is neither.)"""
    if len(cells) == len(header) + 1 and not cells[-1]:
        cells = cells[:-1]
    if len(cells) != len(header):
        raise Unreadable("cells", ",".join(cells))
    return Row(number, header, cells)


def reader(
    columns: Sequence[str], line: Callable[[Row], Line], encoding: str = "utf-8"
) -> Callable[[bytes], Iterator[Line | Problem]]:
    """Reads a file of one header with these columns and one `line` of the statement in each row, and nothing else."""

    def read(content: bytes) -> Iterator[Line | Problem]:
        header: dict[str, int] | None = None
        number = 0
        try:
            for number, found in rows(decoded(content, encoding)):
                if header is None:
                    header = places(found, columns)
                    continue
                try:
                    yield line(row(number, header, found))
                except Unreadable as wrong:
                    yield problem(number, wrong)
            if header is None:
                raise Unreadable("not_this_format")
        except Unreadable as wrong:
            yield problem(number + 1, wrong)

    return read


def minor(told: str) -> int:
    """An amount in minor units. Raises `Unreadable`."""
    if not _MINOR.fullmatch(told):
        raise Unreadable("amount", told)
    return int(told)


def major(told: str, currency: str) -> int:
    """An amount in major units, as minor units. Digits behind those that the currency has must be zeros, for nothing is
    rounded here. Raises `Unreadable`."""
    plain = told.replace(",", "")
    found = _MAJOR.fullmatch(plain)
    digits = _digits(currency)
    fraction = (found[1] or "") if found else ""
    if not found or fraction[digits:].strip("0"):
        raise Unreadable("amount", told)
    whole = plain.partition(".")[0]
    return int(f"{whole}{fraction[:digits].ljust(digits, '0')}")


@lru_cache
def _digits(currency: str) -> int:
    return minor_digits(currency)


def currency(told: str) -> str:
    """Raises `Unreadable`."""
    word = told.upper()
    if not _CURRENCY.fullmatch(word):
        raise Unreadable("currency", told)
    return word


def moment(told: str, zone: timezone) -> datetime:
    """A time; without a zone of its own it is of `zone`. Raises `Unreadable`."""
    try:
        at = datetime.fromisoformat(told)
    except ValueError as error:
        raise Unreadable("time", told) from error
    if at.year not in YEARS:
        raise Unreadable("time", told)
    return at if at.tzinfo else at.replace(tzinfo=zone)


def checked(line: Line, *, either_way: bool = False) -> Line:
    """The line, if it does not contradict itself; `either_way`: it may come in as well as go out. Raises `Unreadable`."""
    if not line.their_id:
        raise Unreadable("no_id")
    wrong = (line.kind is LineKind.CAPTURE and line.amount <= 0) or (
        line.kind in (LineKind.REFUND, LineKind.PAYOUT, LineKind.PAID_OUT) and line.amount >= 0
    )
    if (wrong and not either_way) or (line.kind is LineKind.RECEIVED and line.amount <= 0):
        raise Unreadable("sign", str(line.amount))
    for amount in (line.amount, line.fee):
        if abs(amount) > AMOUNT_MAX:
            raise Unreadable("amount", str(amount))
    return line


def problem(number: int, wrong: Unreadable) -> Problem:
    return Problem(number=number, problem=wrong.problem, told=wrong.told)
