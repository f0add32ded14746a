"""A written report on A4 (the review of a live session, of a week): sentences in sections, tables, and days as bars with a mark
where each was expected."""

from collections.abc import Sequence

import msgspec

from steelyard.surfaces.web.paper.sheet import A4, Flow, Sheet, broken, cut

MARGIN = 16.0
RIGHT = A4[0] - MARGIN
ROOM = RIGHT - MARGIN
BOTTOM = A4[1] - 24
# As many as the longest note needs.
LINES_MAX = 100
# What the name of a row has, beside few columns and beside many.
NAME_ROOM, NARROW_NAME_ROOM = 70.0, 50.0
FEW_COLUMNS = 4
BARS_HIGH = 28.0


class PaperTable(msgspec.Struct, frozen=True, kw_only=True):
    """Rows as words; the first column is the name."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


class ReportPaper(msgspec.Struct, frozen=True, kw_only=True):
    """`sections` are headings with their sentences; the first stands before the tables. `days`: what was paid, and expected."""

    title: str
    kind: str
    facts: Sequence[tuple[str, str]]
    sections: Sequence[tuple[str, Sequence[str]]]
    tables: Sequence[PaperTable]
    foot: str
    days: Sequence[tuple[int, int | None]] = ()
    days_title: str = ""


def report_paper(paper: ReportPaper) -> bytes:
    sheet = Sheet(A4, f"{paper.kind}: {paper.title}", "Steelyard")
    number = 0

    def head() -> float:
        nonlocal number
        number += 1
        sheet.words(MARGIN, 22, cut(paper.title, 14, ROOM - 50, bold=True), 14, bold=True)
        sheet.words(RIGHT, 22, paper.kind, 12, grey=True, end=True)
        sheet.rule(26, MARGIN, RIGHT, thick=True)
        return 34.0

    def foot() -> None:
        sheet.rule(A4[1] - 18, MARGIN, RIGHT)
        sheet.words(MARGIN, A4[1] - 13, paper.foot, 8, grey=True)
        sheet.words(RIGHT, A4[1] - 13, str(number), 8, grey=True, end=True)

    flow = Flow(sheet, BOTTOM, head, foot)
    for term, value in paper.facts:
        y = flow.room(5.4)
        sheet.words(MARGIN, y, term, 8.5, grey=True)
        sheet.words(MARGIN + 42, y, cut(value, 9, ROOM - 42), 9)
    for name, sentences in paper.sections[:1]:
        _section(sheet, flow, name, sentences)
    if len(paper.days) > 1:
        _days(sheet, flow, paper)
    for table in paper.tables:
        _table(sheet, flow, table)
    for name, sentences in paper.sections[1:]:
        _section(sheet, flow, name, sentences)
    flow.end()
    return sheet.done()


def _section(sheet: Sheet, flow: Flow, name: str, sentences: Sequence[str]) -> None:
    y = flow.room(11)
    sheet.words(MARGIN, y + 5, name, 11, bold=True)
    for sentence in sentences:
        lines = [line for part in sentence.splitlines() for line in broken(part, 9, ROOM - 4, LINES_MAX)]
        for place, line in enumerate(lines):
            y = flow.room(4.6)
            if place == 0:
                sheet.words(MARGIN, y, "·", 9, grey=True)
            sheet.words(MARGIN + 4, y, line, 9)
        flow.room(0.8)


def _days(sheet: Sheet, flow: Flow, paper: ReportPaper) -> None:
    """A bar for each day, and a line where it was expected to end."""
    y = flow.room(BARS_HIGH + 14)
    sheet.words(MARGIN, y + 5, paper.days_title, 11, bold=True)
    foot = y + 8 + BARS_HIGH
    most = max((max(paid, expected or 0) for paid, expected in paper.days), default=0) or 1
    step = ROOM / len(paper.days)
    for place, (paid, expected) in enumerate(paper.days):
        left, high = MARGIN + place * step, BARS_HIGH * max(paid, 0) / most
        sheet.box(left + step * 0.15, foot - high, step * 0.7, high)
        if expected is not None:
            sheet.rule(foot - BARS_HIGH * expected / most, left, left + step, thick=True)
    sheet.rule(foot, MARGIN, RIGHT)


def _table(sheet: Sheet, flow: Flow, table: PaperTable) -> None:
    """The name, and the other columns in equal parts of what is left, each up to its right edge."""
    figures = len(table.columns) - 1
    name_room = NAME_ROOM if figures < FEW_COLUMNS else NARROW_NAME_ROOM
    ends = [RIGHT - (ROOM - name_room) / figures * (figures - place) for place in range(1, figures + 1)]
    y = flow.room(18)
    sheet.words(MARGIN, y + 5, table.title, 11, bold=True)
    y += 11
    sheet.words(MARGIN, y, table.columns[0], 8.5, grey=True)
    for end, word in zip(ends, table.columns[1:], strict=True):
        sheet.words(end, y, word, 8.5, grey=True, end=True)
    sheet.rule(y + 2, MARGIN, RIGHT)
    for row in table.rows:
        y = flow.room(5.4)
        sheet.words(MARGIN, y, cut(row[0], 8.5, name_room), 8.5)
        for end, word in zip(ends, row[1:], strict=True):
            sheet.words(end, y, word, 8.5, end=True)
