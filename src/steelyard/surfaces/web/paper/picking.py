"""The pick list on A4: what to fetch for many orders, by warehouse and article, and for which orders it is."""

from collections.abc import Sequence

import msgspec

from steelyard.kernel.i18n import N_
from steelyard.surfaces.web.paper.labels import Say
from steelyard.surfaces.web.paper.sheet import A4, Flow, Sheet, broken

MARGIN = 16.0
RIGHT = A4[0] - MARGIN
BOTTOM = A4[1] - 22


class Pick(msgspec.Struct, frozen=True, kw_only=True):
    """So many pieces of an article from a warehouse; `orders` are the codes they are for, each with its pieces."""

    warehouse: str
    title: str
    options: str
    code: str
    pieces: int
    orders: Sequence[tuple[str, int]]


def pick_list(picks: Sequence[Pick], say: Say, *, shop: str, printed: str, orders: int, title: str) -> bytes:
    """`picks` in the order in which they are walked: warehouse, then article number."""
    sheet = Sheet(A4, title, "Steelyard")
    number = 0

    def head() -> float:
        nonlocal number
        number += 1
        sheet.words(MARGIN, 22, say(N_("Pick list")), 16, bold=True)
        sheet.words(RIGHT, 22, f"{shop} · {printed}", 9, grey=True, end=True)
        sheet.rule(26, MARGIN, RIGHT, thick=True)
        sheet.words(MARGIN, 32, say(N_("Orders")) + f": {orders}", 9)
        sheet.words(RIGHT, 32, say(N_("Pieces in all")) + f": {sum(pick.pieces for pick in picks)}", 9, end=True)
        return 42

    def foot() -> None:
        sheet.words(RIGHT, A4[1] - 13, str(number), 8, grey=True, end=True)

    flow = Flow(sheet, BOTTOM, head, foot)
    warehouse = None
    for pick in picks:
        if pick.warehouse != warehouse:
            warehouse = pick.warehouse
            y = flow.room(9)
            sheet.words(MARGIN, y, warehouse, 11, bold=True)
            sheet.rule(y + 2, MARGIN, RIGHT)
        _pick(sheet, flow, pick)
    flow.end()
    return sheet.done()


def _pick(sheet: Sheet, flow: Flow, pick: Pick) -> None:
    title = broken(f"{pick.title} {pick.options}".strip(), 9.5, 82, 2)
    whose = broken("  ".join(f"{code} × {pieces}" for code, pieces in pick.orders), 7.5, RIGHT - MARGIN - 8, 3)
    y = flow.room(len(title) * 4.4 + len(whose) * 3.6 + 4.5)
    sheet.box(MARGIN, y - 3.2, 3.6, 3.6)
    sheet.words(MARGIN + 8, y, pick.code, 10, bold=True)
    sheet.words(RIGHT, y, str(pick.pieces), 13, bold=True, end=True)
    for row in title:
        sheet.words(MARGIN + 58, y, row, 9.5)
        y += 4.4
    for row in whose:
        sheet.words(MARGIN + 8, y, row, 7.5, grey=True)
        y += 3.6
    sheet.rule(y - 0.6, MARGIN, RIGHT)
