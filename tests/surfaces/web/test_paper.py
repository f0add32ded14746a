"""What is printed says what was meant: signs and lines."""

import base64
import re
import zlib

from steelyard.surfaces.web.paper import PaperTable, ReportPaper, report_paper
from steelyard.surfaces.web.paper.sheet import printable

STREAM = re.compile(rb">>\s*stream\r?\n(.*?)~>", re.DOTALL)


def drawn(pdf: bytes) -> str:
    """What the pages are drawn with."""
    return b"".join(zlib.decompress(base64.a85decode(found)) for found in STREAM.findall(pdf)).decode("latin-1")


def test_a_minus_is_printed_since_the_chinese_font_has_none() -> None:
    assert printable("\N{MINUS SIGN}12.00") == "-12.00"


def test_a_report_keeps_the_lines_of_a_note_and_all_of_its_rows_and_figures() -> None:
    note = "\n".join(f"Line {place} of a note" for place in range(60))
    paper = ReportPaper(
        title="A week",
        kind="Review",
        facts=[("As of", "today")],
        sections=[("In sentences", ["All went well."]), ("Notes", [note])],
        tables=[
            PaperTable(title="Few", columns=["", "Now"], rows=[["Paid", "12.00"]]),
            PaperTable(title="Many", columns=["Row", *"abcde"], rows=[["Tea", *"12345"]]),
        ],
        days=[(100, 90), (0, None)],
        days_title="Day by day",
        foot="Review",
    )

    pages = drawn(report_paper(paper))

    for words in ("All went well.", "Line 0 of a note", "Line 59 of a note", "12.00", "5", "Day by day"):
        assert f"({words})" in pages
