"""Packing slips on A4: what goes into the parcel, for whom; each order begins on a page of its own."""

from collections.abc import Sequence

import msgspec

from steelyard.kernel.i18n import N_
from steelyard.surfaces.web.paper.labels import Say
from steelyard.surfaces.web.paper.sheet import A4, Flow, Sheet, broken

MARGIN = 16.0
RIGHT = A4[0] - MARGIN
BOTTOM = A4[1] - 24


class SlipLine(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    options: str
    code: str
    pieces: int


class Slip(msgspec.Struct, frozen=True, kw_only=True):
    """One order's paper. `lines` are the pieces that go now."""

    shop: str
    order: str
    placed: str
    delivery: str
    name: str
    phone: str
    address: Sequence[str]
    note: str
    lines: Sequence[SlipLine]
    numbers: Sequence[str]
    foot: str


def slips(papers: Sequence[Slip], say: Say, title: str) -> bytes:
    sheet = Sheet(A4, title, "Steelyard")
    for paper in papers:
        _slip(sheet, paper, say)
    return sheet.done()


def _slip(sheet: Sheet, paper: Slip, say: Say) -> None:
    number = 0

    def head() -> float:
        nonlocal number
        number += 1
        return _head(sheet, paper, say, first=number == 1)

    def foot() -> None:
        sheet.rule(A4[1] - 18, MARGIN, RIGHT)
        sheet.words(MARGIN, A4[1] - 13, paper.foot, 8, grey=True)
        sheet.words(RIGHT, A4[1] - 13, f"{paper.order} · {number}", 8, grey=True, end=True)

    flow = Flow(sheet, BOTTOM, head, foot)
    for line in paper.lines:
        title = broken(line.title, 10, 96, 2)
        y = flow.room(len(title) * 4.7 + (4.2 if line.options else 0) + 4)
        sheet.box(MARGIN, y - 3.2, 3.6, 3.6)
        sheet.words(MARGIN + 118, y, line.code, 9)
        sheet.words(RIGHT, y, str(line.pieces), 12, bold=True, end=True)
        for row in title:
            sheet.words(MARGIN + 8, y, row, 10)
            y += 4.7
        if line.options:
            y = sheet.paragraph(MARGIN + 8, y, line.options, 96, 8.5, lines_max=1, grey=True)
        sheet.rule(y - 1.2, MARGIN, RIGHT)
    y = flow.room(12)
    in_all = sum(line.pieces for line in paper.lines)
    sheet.words(RIGHT, y + 5, say(N_("Pieces in all")) + f"  {in_all}", 10, bold=True, end=True)
    if paper.note:
        y = flow.room(18)
        sheet.words(MARGIN, y, say(N_("The buyer writes")), 8.5, grey=True)
        sheet.paragraph(MARGIN, y + 5, paper.note, RIGHT - MARGIN, 10, lines_max=3, bold=True)
    flow.end()


def _head(sheet: Sheet, paper: Slip, say: Say, *, first: bool) -> float:
    sheet.words(MARGIN, 22, paper.shop, 16, bold=True)
    sheet.words(RIGHT, 22, say(N_("Packing slip")), 12, grey=True, end=True)
    sheet.rule(26, MARGIN, RIGHT, thick=True)
    y = 34.0
    if first:
        sheet.words(MARGIN, y, say(N_("Goes to")), 8.5, grey=True)
        after = sheet.paragraph(MARGIN, y + 5.5, f"{paper.name}  {paper.phone}".strip(), 84, 12, lines_max=1, bold=True)
        sheet.paragraph(MARGIN, after + 0.5, " ".join(line for line in paper.address if line), 84, 10, lines_max=4)
        sheet.bars(118, 30, paper.order, RIGHT - 118, 11)
        for place, (term, value) in enumerate(
            [
                (say(N_("Order")), paper.order),
                (say(N_("Placed")), paper.placed),
                (say(N_("Delivery")), paper.delivery),
                (say(N_("Tracking number")), ", ".join(paper.numbers)),
            ]
        ):
            if value:
                sheet.words(118, 47 + place * 5, term, 8.5, grey=True)
                sheet.paragraph(146, 47 + place * 5, value, RIGHT - 146, 8.5, lines_max=1)
        y = 72.0
    sheet.words(MARGIN + 8, y, say(N_("Article")), 8.5, grey=True)
    sheet.words(MARGIN + 118, y, say(N_("Article number")), 8.5, grey=True)
    sheet.words(RIGHT, y, say(N_("Pieces")), 8.5, grey=True, end=True)
    sheet.rule(y + 2, MARGIN, RIGHT)
    return y + 8
