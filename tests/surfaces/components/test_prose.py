"""Descriptions: a small language of plain text, of which nothing is HTML."""

from hypothesis import given
from hypothesis import strategies as st

from steelyard.surfaces.components.prose import prose


def test_the_small_language_is_shown() -> None:
    said = prose("Warm.\n\n## Care\n- **Cold** water\n- Dry flat\n\n1. Fold\n\n| Size | cm |\n|---|---|\n| M | 50 |")

    assert "<p>Warm.</p>" in said
    assert "<h3>Care</h3>" in said
    assert "<ul><li><strong>Cold</strong> water</li><li>Dry flat</li></ul>" in said
    assert "<ol><li>Fold</li></ol>" in said
    assert "<th>Size</th>" in said.replace(" </th>", "</th>")
    assert "<td>50</td>" in said


@given(st.text(alphabet="<>&\"'*#-|1. \nabc", max_size=200))
def test_nothing_that_is_typed_becomes_html(typed: str) -> None:
    said = str(prose(typed))

    for tag in ("p", "h3", "ul", "ol", "li", "strong", "table", "thead", "tbody", "tr", "th", "td", "div"):
        said = said.replace(f"<{tag}>", "").replace(f"</{tag}>", "")
    assert "<" not in said.replace('<div class="prose-table" tabindex="0">', "")
