"""Pages that look like scanned papers, and say of themselves that they are none."""

import io
from collections.abc import Sequence

from reportlab.lib.pagesizes import A5, landscape
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

FONT = "STSong-Light"


def specimen(heading: str, lines: Sequence[str], remark: str) -> bytes:
    """A PDF of one page, the same for the same words."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    written = io.BytesIO()
    width, height = landscape(A5)
    page = Canvas(written, pagesize=(width, height), invariant=1)
    page.setLineWidth(6)
    page.rect(24, 24, width - 48, height - 48)
    page.setFont(FONT, 34)
    page.drawCentredString(width / 2, height - 100, heading)
    page.setFont(FONT, 13)
    for place, line in enumerate((*lines, remark)):
        page.drawString(70, height - 160 - 34 * place, line)
    page.save()
    return written.getvalue()
