"""Rows out of a spreadsheet, pasted or as a file."""

import csv
import io
import re
from zipfile import BadZipFile

from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_

SHEET_ROWS_MAX = 2_000
COLUMNS_MAX = 20
# What stands between two cells of a pasted line; a single space only before the last word.
_BETWEEN = re.compile(r"[\t,;，；]+|\s{2,}| (?=\S+$)")


def read_pasted(pasted: str) -> list[list[str]]:
    """Lines as a spreadsheet puts them on the clipboard: cells apart by tabs; commas and spaces do too."""
    lines = ([cell for cell in _BETWEEN.split(line.strip()) if cell] for line in pasted.splitlines())
    return [cells for cells in lines if cells][:SHEET_ROWS_MAX]


def read_sheet(body: bytes) -> list[list[str]]:
    """The cells of a CSV (UTF-8, or GB 18030 as Excel in China writes it) or of the first sheet of an .xlsx. Raises
    `Invalid`."""
    if body.startswith(b"PK"):
        from openpyxl import load_workbook
        from openpyxl.utils.exceptions import InvalidFileException

        try:
            book = load_workbook(io.BytesIO(body), read_only=True, data_only=True)
        except (BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
            raise Invalid({"sheet": N_("This file cannot be read. Please send a CSV or .xlsx file.")}) from error
        sheet = book.worksheets[0]
        return [
            [words for cell in row if (words := _cell(cell))]
            for row in sheet.iter_rows(max_row=SHEET_ROWS_MAX, max_col=COLUMNS_MAX, values_only=True)
            if any(cell is not None for cell in row)
        ]
    try:
        words = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        words = body.decode("gb18030", errors="replace")
    if "\x00" in words:
        raise Invalid({"sheet": N_("This file cannot be read. Please send a CSV or .xlsx file.")})
    delimiter = "\t" if "\t" in words else ";" if words.count(";") > words.count(",") else ","
    return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(words), delimiter=delimiter) if any(row)][
        :SHEET_ROWS_MAX
    ]


def _cell(value: object) -> str:
    """A cell as text: a number that a spreadsheet took for one has no decimals."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
