"""Codes to scan: QR (ISO/IEC 18004) as modules, as a drawing of its own, and within a page. Any camera reads them: they are
always dark on light, since some read no other."""

from collections.abc import Sequence
from functools import lru_cache

from markupsafe import Markup, escape

TEXT_CHARACTERS_MAX = 1_000
# Modules of white around a code, as ISO/IEC 18004 wants them: without them many cameras do not find it.
QUIET_ZONE = 4
CODES_REMEMBERED = 512


def qr_modules(words: str) -> Sequence[Sequence[bool]]:
    """The rows of a code, each a dark module or none, without the white around it; errors are corrected at level M: 15 % of
    it may be dirty."""
    from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

    assert 0 < len(words) <= TEXT_CHARACTERS_MAX
    drawn = QRCode(None, QRErrorCorrectLevel.M)
    drawn.addData(words)
    drawn.make()
    count: int = drawn.getModuleCount()
    return [[bool(drawn.isDark(row, column)) for column in range(count)] for row in range(count)]


def qr_svg(words: str) -> str:
    """A code as a drawing, black on white whatever the theme."""
    dark, side = _drawn(words)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side * 8}" height="{side * 8}" viewBox="0 0 {side} {side}"'
        f' shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{dark}"/></svg>'
    )


def qr(words: str, label: str) -> Markup:
    """A code within a page, which screen readers call `label`: inline SVG without script or style."""
    dark, side = _drawn(words)
    return Markup(
        '<svg class="qr" role="img" viewBox="0 0 {side} {side}" shape-rendering="crispEdges"><title>{label}</title>'
        '<rect class="qr-light" width="{side}" height="{side}"/><path class="qr-dark" d="{dark}"/></svg>'
    ).format(side=side, label=escape(label), dark=dark)


@lru_cache(maxsize=CODES_REMEMBERED)
def _drawn(words: str) -> tuple[str, int]:
    """The dark modules as a path of horizontal strokes, and the width of the whole in modules. A page that waits for its
    payment is asked for every few seconds: its code is drawn once."""
    rows = qr_modules(words)
    strokes: list[str] = []
    for row, modules in enumerate(rows):
        column = 0
        while column < len(modules):
            start = column
            while column < len(modules) and modules[column]:
                column += 1
            if column > start:
                strokes.append(f"M{start + QUIET_ZONE} {row + QUIET_ZONE}h{column - start}v1h-{column - start}z")
            column += 1
    return "".join(strokes), len(rows) + 2 * QUIET_ZONE
