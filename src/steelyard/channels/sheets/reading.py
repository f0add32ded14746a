"""Sheets read and written: CSV in UTF-8 or GB18030, and Excel, row by row."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from zipfile import BadZipFile

from steelyard.channels.sheets.columns import FACT, FIXED
from steelyard.channels.sheets.model import ROWS_PER_SHEET_MAX, SHEET_BYTES_MAX, SheetRefused

ZIP = b"PK\x03\x04"
MARK = "\ufeff"
# A spreadsheet takes a text that begins with one of the first six for a formula.
GUARDED = ("=", "+", "-", "@", "\t", "\r", "'")
CELL_CHARACTERS_MAX = 50_000
# What openpyxl refuses to write.
_NOT_FOR_WORKBOOKS = re.compile(r"[\000-\010\013\014\016-\037]")


def read_sheet(content: bytes) -> list[tuple[int, dict[str, str]]]:
    """The rows of a file with their lines, each a mapping of its columns. Blocking. Raises `SheetRefused`."""
    if not content or len(content) > SHEET_BYTES_MAX:
        raise SheetRefused()
    try:
        rows = list(islice(_excel(content) if content.startswith(ZIP) else _csv(content), ROWS_PER_SHEET_MAX + 2))
    except (BadZipFile, csv.Error, KeyError, ValueError, OSError) as error:
        raise SheetRefused() from error
    if len(rows) < 1 or len(rows) > ROWS_PER_SHEET_MAX + 1:
        raise SheetRefused()
    header = [name.strip() for name in rows[0]]
    known = [name in FIXED or name.startswith(FACT) for name in header]
    if "sku" not in header or len(set(filter(None, header))) != len(list(filter(None, header))):
        raise SheetRefused()
    return [
        (line, {name: cell for name, cell, good in zip(header, cells, known, strict=False) if good})
        for line, cells in enumerate(rows[1:], 2)
        if any(cell.strip() for cell in cells)
    ]


def _csv(content: bytes) -> Iterator[list[str]]:
    try:
        words = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        words = content.decode("gb18030")
    if "\x00" in words:
        raise SheetRefused()
    for row in csv.reader(io.StringIO(words, newline="")):
        yield [_unguarded(cell) for cell in row]


def _excel(content: bytes) -> Iterator[list[str]]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except InvalidFileException as error:
        raise SheetRefused() from error
    try:
        for row in book.worksheets[0].iter_rows(values_only=True, max_row=ROWS_PER_SHEET_MAX + 2, max_col=200):
            yield [_unguarded(_cell(value)) for value in row]
    finally:
        book.close()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)[:CELL_CHARACTERS_MAX]


def _unguarded(cell: str) -> str:
    """A cell as it was before it was kept from being a formula."""
    return cell[1:] if cell.startswith("'") and cell[1:2] in GUARDED else cell


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(GUARDED) else cell


def write_csv(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_guarded(row.get(column, "")) for column in columns])
    return (MARK + out.getvalue()).encode()


def write_excel(
    columns: Sequence[str], rows: Iterable[Mapping[str, str]], sheets: Mapping[str, Iterable[Sequence[str]]]
) -> bytes:
    """A workbook, written row by row; `sheets` are further ones, such as that of allowed values."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    sheet = book.create_sheet("goods")
    sheet.freeze_panes = "C2"
    heads = [WriteOnlyCell(sheet, value=column) for column in columns]
    for head in heads:
        head.font = Font(bold=True)
    sheet.append(heads)
    for row in rows:
        sheet.append([_excel_cell(row.get(column, "")) for column in columns])
    for name, lines in sheets.items():
        further = book.create_sheet(name)
        for line in lines:
            further.append([_excel_cell(cell) for cell in line])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _excel_cell(cell: str) -> str:
    """Without the control characters that a workbook cannot hold."""
    return _guarded(_NOT_FOR_WORKBOOKS.sub("", cell))
