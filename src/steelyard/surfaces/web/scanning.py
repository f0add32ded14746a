"""Codes to scan: QR (ISO/IEC 18004), as modules, and as a drawing for pages."""

from collections.abc import Sequence

# Modules of white around a code, as ISO/IEC 18004 wants them.
QUIET_ZONE = 4


def qr_modules(words: str) -> Sequence[Sequence[bool]]:
    """The rows of a code, each a dark module or none, without the white around it; errors are corrected at level M."""
    from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

    drawn = QRCode(None, QRErrorCorrectLevel.M)
    drawn.addData(words)
    drawn.make()
    count: int = drawn.getModuleCount()
    return [[bool(drawn.isDark(row, column)) for column in range(count)] for row in range(count)]


def qr_svg(words: str) -> str:
    """A code as a drawing, black on white whatever the theme: it is made to be scanned."""
    rows = qr_modules(words)
    dark = "".join(
        f"M{column + QUIET_ZONE} {row + QUIET_ZONE}h1v1h-1z"
        for row, modules in enumerate(rows)
        for column, module in enumerate(modules)
        if module
    )
    side = len(rows) + 2 * QUIET_ZONE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side * 8}" height="{side * 8}" viewBox="0 0 {side} {side}"'
        f' shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{dark}"/></svg>'
    )
