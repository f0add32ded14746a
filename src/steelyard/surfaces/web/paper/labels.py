"""Labels of 100 × 150 mm, one for each parcel: who it goes to, who sends it, and the number for the scanner."""

from collections.abc import Callable, Sequence

import msgspec

from steelyard.kernel.i18n import N_
from steelyard.surfaces.web.paper.sheet import LABEL, Sheet, width_of

MARGIN = 5.0
ROOM = LABEL[0] - 2 * MARGIN
CONTENTS_MAX = 6

Say = Callable[[str], str]


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on a parcel. Addresses are lines in the order of their country."""

    carrier: str
    number: str
    order: str
    service: str
    name: str
    phone: str
    lines: Sequence[str]
    sorting: str
    sender_name: str
    sender_phone: str
    sender_lines: Sequence[str]
    contents: Sequence[tuple[str, int]]
    note: str
    printed: str


def labels(parcels: Sequence[Label], say: Say, title: str) -> bytes:
    """One page each."""
    sheet = Sheet(LABEL, title, "Steelyard")
    for parcel in parcels:
        _label(sheet, parcel, say)
        sheet.end_page()
    return sheet.done()


def _label(sheet: Sheet, parcel: Label, say: Say) -> None:
    right = LABEL[0] - MARGIN
    sheet.words(MARGIN, 10, parcel.carrier, 14, bold=True)
    sheet.words(right, 10, parcel.service, 9, grey=True, end=True)
    sheet.rule(13, MARGIN, right, thick=True)
    # What the sorting hall reads from afar.
    sheet.paragraph(MARGIN, 22, parcel.sorting, ROOM, 22, lines_max=1, bold=True)
    sheet.rule(26, MARGIN, right)
    sheet.bars(MARGIN, 29, parcel.number, ROOM, 20)
    sheet.words(
        MARGIN + (ROOM + width_of(parcel.number, 12, bold=True)) / 2, 54.5, parcel.number, 12, bold=True, end=True
    )
    sheet.rule(58, MARGIN, right)
    party(sheet, 64, say(N_("Recipient")), parcel.name, parcel.phone, parcel.lines, 13)
    sheet.rule(91, MARGIN, right, dashed=True)
    party(sheet, 96, say(N_("Sender")), parcel.sender_name, parcel.sender_phone, parcel.sender_lines, 8)
    sheet.rule(110, MARGIN, right, thick=True)
    y = 115.0
    for title, pieces in parcel.contents[:CONTENTS_MAX]:
        y = sheet.paragraph(MARGIN, y, f"{title} × {pieces}", ROOM, 7.5, lines_max=1)
    left_out = len(parcel.contents) - CONTENTS_MAX
    if left_out > 0:
        sheet.words(MARGIN, y, f"+ {left_out}", 7.5, grey=True)
        y += 3.5
    if parcel.note:
        note = say(N_("Note"))
        sheet.paragraph(MARGIN, min(y + 0.5, 139), f"{note}: {parcel.note}", ROOM, 7.5, lines_max=2, bold=True)
    sheet.words(MARGIN, 147, parcel.order, 8, bold=True)
    sheet.words(right, 147, parcel.printed, 7, grey=True, end=True)


def party(sheet: Sheet, y: float, who: str, name: str, phone: str, lines: Sequence[str], size: float) -> None:
    """Who sends or receives, and where."""
    sheet.words(MARGIN, y, who, 7.5, grey=True)
    left = MARGIN + 11
    room = ROOM - 11
    y = sheet.paragraph(left, y, f"{name}  {phone}".strip(), room, size, lines_max=1, bold=True) + size * 0.06
    sheet.paragraph(left, y, " ".join(line for line in lines if line), room, size * 0.85, lines_max=3)
