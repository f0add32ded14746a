"""Paper to draw on: words in both scripts, broken where there is no room, lines, bars, pages that know their number."""

import io
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache

from steelyard.surfaces.web.scanning import QUIET_ZONE, qr_modules

mm = 72 / 25.4  # PDF counts in points
A4 = (210.0, 297.0)
LABEL = (100.0, 150.0)
CHINESE, LATIN, LATIN_BOLD = "STSong-Light", "Helvetica", "Helvetica-Bold"
# What of the Latin letters Helvetica can show; everything else is set in the Chinese font.
LATIN_UP_TO = 0xFF
GREY = 0.45


def printable(words: str) -> str:
    """Words without what no font can show: control characters, emoji and other letters beyond the basic plane. The minus sign
    is none of Adobe-GB1's: an amount would print without its sign, so that it becomes a hyphen."""
    return "".join(
        letter for letter in words if ord(letter) <= 0xFFFF and not unicodedata.category(letter).startswith("C")
    ).replace("\N{MINUS SIGN}", "-")


def font_of(words: str, *, bold: bool = False) -> str:
    latin = all(ord(letter) <= LATIN_UP_TO for letter in words)
    return (LATIN_BOLD if bold else LATIN) if latin else CHINESE


def runs(words: str, *, bold: bool = False) -> Iterator[tuple[str, str]]:
    """`(font, words)`: what is Latin and what is not, one after the other."""
    run = ""
    for letter in words:
        if run and font_of(letter) != font_of(run[-1]):
            yield font_of(run, bold=bold), run
            run = ""
        run += letter
    if run:
        yield font_of(run, bold=bold), run


@cache
def _measure() -> Callable[[str, str, float], float]:
    """How wide some words are in a font of some size, in points. The fonts are known from here on."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont

    pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))
    return pdfmetrics.stringWidth


def width_of(words: str, size: float, *, bold: bool = False) -> float:
    """In millimetres."""
    return sum(_measure()(run, font, size) for font, run in runs(words, bold=bold)) / mm


def broken(words: str, size: float, room: float, lines_max: int, *, bold: bool = False) -> list[str]:
    """Words in lines no wider than `room` millimetres; Chinese breaks anywhere, Latin between words. What does not fit
    ends in an ellipsis."""
    lines: list[str] = []
    line = ""
    for piece in pieces(printable(words)):
        if width_of(line + piece, size, bold=bold) <= room or not line:
            line += piece
        else:
            lines.append(line.rstrip())
            line = piece.lstrip()
    lines.append(line.rstrip())
    lines = [cut(each, size, room, bold=bold) for each in lines if each]
    if len(lines) > lines_max:
        lines = [*lines[: lines_max - 1], cut(lines[lines_max - 1] + "…", size, room, bold=bold)]
    return lines


def pieces(words: str) -> Iterator[str]:
    """Where a line may end: after a space, and around each letter that is not Latin."""
    piece = ""
    for letter in words:
        if ord(letter) > LATIN_UP_TO:
            if piece:
                yield piece
            piece = ""
            yield letter
        else:
            piece += letter
            if letter in " -/":
                yield piece
                piece = ""
    if piece:
        yield piece


def cut(words: str, size: float, room: float, *, bold: bool = False) -> str:
    """Words that fit into one line, the rest left out."""
    if width_of(words, size, bold=bold) <= room:
        return words
    kept = words.rstrip("…")
    while kept and width_of(kept + "…", size, bold=bold) > room:
        kept = kept[:-1]
    return kept + "…"


class Sheet:
    """A stack of pages of one size. Everything is measured in millimetres from the upper left corner."""

    def __init__(self, size: tuple[float, float], title: str, author: str) -> None:
        from reportlab.pdfgen.canvas import Canvas

        _measure()
        self.width, self.height = size
        self._file = io.BytesIO()
        self._canvas = Canvas(self._file, pagesize=(self.width * mm, self.height * mm), invariant=1)
        self._canvas.setTitle(title)
        self._canvas.setAuthor(author)
        self.pages = 0

    def words(
        self,
        x: float,
        y: float,
        words: str,
        size: float = 9,
        *,
        bold: bool = False,
        grey: bool = False,
        end: bool = False,
    ) -> None:
        """One line, its foot at `y`; with `end` it ends at `x`."""
        words = printable(words)
        left = x - width_of(words, size, bold=bold) if end else x
        canvas = self._canvas
        canvas.setFillGray(GREY if grey else 0)
        place = left * mm
        for font, run in runs(words, bold=bold):
            canvas.setFont(font, size)
            canvas.drawString(place, (self.height - y) * mm, run)
            if bold and font == CHINESE:  # it has no bold of its own: a hair's breadth further once more
                canvas.drawString(place + size * 0.022, (self.height - y) * mm, run)
            place += _measure()(run, font, size)
        canvas.setFillGray(0)

    def paragraph(
        self,
        x: float,
        y: float,
        words: str,
        room: float,
        size: float = 9,
        *,
        lines_max: int = 3,
        bold: bool = False,
        grey: bool = False,
    ) -> float:
        """Words in lines; returns where the next line would stand."""
        step = size * 0.46
        for line in broken(words, size, room, lines_max, bold=bold):
            self.words(x, y, line, size, bold=bold, grey=grey)
            y += step
        return y

    def rule(self, y: float, left: float, right: float, *, thick: bool = False, dashed: bool = False) -> None:
        canvas = self._canvas
        canvas.setLineWidth(0.9 if thick else 0.35)
        canvas.setDash([2, 2] if dashed else [])
        canvas.line(left * mm, (self.height - y) * mm, right * mm, (self.height - y) * mm)
        canvas.setDash([])

    def box(self, x: float, y: float, width: float, height: float) -> None:
        self._canvas.setLineWidth(0.5)
        self._canvas.rect(x * mm, (self.height - y - height) * mm, width * mm, height * mm)

    def bars(self, x: float, y: float, value: str, room: float, height: float) -> None:
        """`value` as Code 128 (ISO/IEC 15417) in the middle of `room`, as wide as scanners like it and the room allows."""
        from reportlab.graphics.barcode.code128 import Code128

        code = Code128(value, barHeight=height * mm, barWidth=1, quiet=0)
        modules = code.width
        module = min(0.5, room / modules) * mm
        code = Code128(value, barHeight=height * mm, barWidth=module, quiet=0)
        code.drawOn(self._canvas, (x + (room - code.width / mm) / 2) * mm, (self.height - y - height) * mm)

    def code(self, x: float, y: float, value: str, side: float) -> None:
        """`value` as a QR code in a square of this side, the white around it included."""
        rows = qr_modules(value)
        module = side / (len(rows) + 2 * QUIET_ZONE)
        for row, modules in enumerate(rows):
            for column, dark in enumerate(modules):
                if dark:
                    left, top = x + (column + QUIET_ZONE) * module, y + (row + QUIET_ZONE) * module
                    self._canvas.rect(
                        left * mm, (self.height - top - module) * mm, module * mm, module * mm, stroke=0, fill=1
                    )

    def end_page(self) -> None:
        self._canvas.showPage()
        self.pages += 1

    def done(self) -> bytes:
        self._canvas.save()
        return self._file.getvalue()


class Flow:
    """A cursor down the pages: `room(height)` says where the next thing of that height stands, on a new page when this
    one is full. `head` draws what stands on top of each page and returns where the rest begins, `foot` ends it."""

    def __init__(self, sheet: Sheet, bottom: float, head: Callable[[], float], foot: Callable[[], None]) -> None:
        self._sheet, self._bottom, self._head, self._foot = sheet, bottom, head, foot
        self._y = head()

    def room(self, height: float) -> float:
        if self._y + height > self._bottom:
            self.end()
            self._y = self._head()
        y = self._y
        self._y += height
        return y

    def end(self) -> None:
        self._foot()
        self._sheet.end_page()
