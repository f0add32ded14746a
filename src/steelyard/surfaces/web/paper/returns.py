"""The label of a return, 100 × 150 mm: where it goes back to, who sends it, who pays, and what scanners read."""

from collections.abc import Sequence

import msgspec

from steelyard.kernel.i18n import N_
from steelyard.surfaces.web.paper.labels import CONTENTS_MAX, MARGIN, ROOM, Say, party
from steelyard.surfaces.web.paper.sheet import LABEL, Sheet, width_of

CODE_SIDE = 34.0


class ReturnLabel(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on the parcel. Without a carrier's `number` the case's `code` is what is scanned; `pays` says who pays the
    carrier. Addresses are lines in the order of their country."""

    carrier: str
    number: str
    code: str
    order: str
    pays: str
    name: str
    phone: str
    lines: Sequence[str]
    sender_name: str
    sender_phone: str
    sender_lines: Sequence[str]
    contents: Sequence[tuple[str, int]]
    printed: str


def return_label(label: ReturnLabel, say: Say, title: str) -> bytes:
    """One page."""
    sheet = Sheet(LABEL, title, "Steelyard")
    right, scanned = LABEL[0] - MARGIN, label.number or label.code
    sheet.words(MARGIN, 10, label.carrier or title, 14, bold=True)
    sheet.words(right, 10, label.pays, 9, end=True)
    sheet.rule(13, MARGIN, right, thick=True)
    party(sheet, 20, say(N_("Recipient")), label.name, label.phone, label.lines, 13)
    sheet.rule(48, MARGIN, right, dashed=True)
    party(sheet, 53, say(N_("Sender")), label.sender_name, label.sender_phone, label.sender_lines, 8)
    sheet.rule(68, MARGIN, right, thick=True)
    sheet.bars(MARGIN, 71, scanned, ROOM, 18)
    sheet.words(MARGIN + (ROOM + width_of(scanned, 12, bold=True)) / 2, 94.5, scanned, 12, bold=True, end=True)
    sheet.rule(98, MARGIN, right)
    sheet.code(MARGIN - 2, 100, scanned, CODE_SIDE)
    left = MARGIN + CODE_SIDE
    room = right - left
    sheet.words(left, 106, title, 8, grey=True)
    sheet.words(left, 111.5, label.code, 13, bold=True)
    sheet.words(left, 117, say(N_("Order")) + f" {label.order}", 8)
    y = 122.0
    for what, pieces in label.contents[:CONTENTS_MAX]:
        y = sheet.paragraph(left, y, f"{what} × {pieces}", room, 7.5, lines_max=1)
    left_out = len(label.contents) - CONTENTS_MAX
    if left_out > 0:
        sheet.words(left, y, f"+ {left_out}", 7.5, grey=True)
    sheet.words(right, 147, label.printed, 7, grey=True, end=True)
    sheet.end_page()
    return sheet.done()
