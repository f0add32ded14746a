"""QR codes (ISO/IEC 18004) as pictures in the page: inline SVG without script or style, readable by any wallet's camera."""

from functools import lru_cache

from markupsafe import Markup, escape
from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

TEXT_CHARACTERS_MAX = 1_000
# Four modules of light around the code (the standard's quiet zone): without them many cameras do not find it.
QUIET = 4
CODES_REMEMBERED = 512


def qr(text: str, label: str) -> Markup:
    """The code of a text, which screen readers call `label`. Medium error correction: 15 % of it may be dirty.

    It is always dark on light, in a dark theme too: some cameras read no other.
    """
    path, size = _drawn(text)
    return Markup(
        '<svg class="qr" role="img" viewBox="0 0 {size} {size}" shape-rendering="crispEdges"><title>{label}</title>'
        '<rect class="qr-light" width="{size}" height="{size}"/><path class="qr-dark" d="{path}"/></svg>'
    ).format(size=size, label=escape(label), path=path)


@lru_cache(maxsize=CODES_REMEMBERED)
def _drawn(text: str) -> tuple[str, int]:
    """The dark modules as a path of horizontal strokes, and the width of the whole in modules. A page that waits for its
    payment is asked for every few seconds: its code is drawn once."""
    assert 0 < len(text) <= TEXT_CHARACTERS_MAX
    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    width = code.getModuleCount()
    strokes: list[str] = []
    for row in range(width):
        column = 0
        while column < width:
            start = column
            while column < width and code.isDark(row, column):
                column += 1
            if column > start:
                strokes.append(f"M{start + QUIET} {row + QUIET}h{column - start}v1h-{column - start}z")
            column += 1
    return "".join(strokes), width + 2 * QUIET
