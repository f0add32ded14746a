"""A settlement statement on A4: whose it is, what it comes to, and every entry."""

from collections.abc import Sequence

import msgspec

from steelyard.kernel.i18n import N_
from steelyard.surfaces.web.paper.labels import Say
from steelyard.surfaces.web.paper.sheet import A4, Flow, Sheet

MARGIN = 16.0
RIGHT = A4[0] - MARGIN
BOTTOM = A4[1] - 24
COLUMNS = (MARGIN, 62.0, 118.0)


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """An entry, as words."""

    order: str
    what: str
    earned: str
    amount: str


class StatementPaper(msgspec.Struct, frozen=True, kw_only=True):
    """`facts` are whose statement it is, `sums` what it comes to; the last of them is the payout, or what is owed. `title` and
    `term`: what the paper is, and what its code is."""

    code: str
    day: str
    shop: str
    facts: Sequence[tuple[str, str]]
    sums: Sequence[tuple[str, str]]
    lines: Sequence[StatementLine]
    left_out: str
    foot: str
    title: str = N_("Settlement statement")
    term: str = N_("Statement")


def statement_paper(paper: StatementPaper, say: Say, title: str) -> bytes:
    sheet = Sheet(A4, title, "Steelyard")
    number = 0

    def head() -> float:
        nonlocal number
        number += 1
        return _head(sheet, paper, say, first=number == 1)

    def foot() -> None:
        sheet.rule(A4[1] - 18, MARGIN, RIGHT)
        sheet.words(MARGIN, A4[1] - 13, paper.foot, 8, grey=True)
        sheet.words(RIGHT, A4[1] - 13, f"{paper.code} · {number}", 8, grey=True, end=True)

    flow = Flow(sheet, BOTTOM, head, foot)
    for line in paper.lines:
        y = flow.room(5.4)
        for x, words in zip(COLUMNS, (line.order, line.what, line.earned), strict=True):
            sheet.words(x, y, words, 8.5)
        sheet.words(RIGHT, y, line.amount, 8.5, end=True)
    if paper.left_out:
        sheet.words(MARGIN, flow.room(8) + 2, paper.left_out, 8.5, grey=True)
    flow.end()
    return sheet.done()


def _head(sheet: Sheet, paper: StatementPaper, say: Say, *, first: bool) -> float:
    sheet.words(MARGIN, 22, paper.shop, 14, bold=True)
    sheet.words(RIGHT, 22, say(paper.title), 12, grey=True, end=True)
    sheet.rule(26, MARGIN, RIGHT, thick=True)
    y = 34.0
    if first:
        for term, value in [(say(paper.term), paper.code), (say(N_("Day")), paper.day), *paper.facts]:
            sheet.words(MARGIN, y, term, 8.5, grey=True)
            y = max(y + 5.2, sheet.paragraph(MARGIN + 42, y, value, RIGHT - MARGIN - 42, 9, lines_max=2))
        y += 3
        for place, (term, value) in enumerate(paper.sums):
            last = place == len(paper.sums) - 1
            if last:
                sheet.rule(y - 3.6, MARGIN, RIGHT)
                y += 1.5
            sheet.words(MARGIN, y, term, 11 if last else 9, bold=last)
            sheet.words(RIGHT, y, value, 11 if last else 9, bold=last, end=True)
            y += 5.6
        y += 5
    for x, word in zip(COLUMNS, (N_("Order"), N_("What"), N_("Earned")), strict=True):
        sheet.words(x, y, say(word), 8.5, grey=True)
    sheet.words(RIGHT, y, say(N_("Amount")), 8.5, grey=True, end=True)
    sheet.rule(y + 2, MARGIN, RIGHT)
    return y + 7
