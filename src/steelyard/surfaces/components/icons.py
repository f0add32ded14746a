"""Icons and the mark, as SVG elements inside the page: they take the colour of the text around them."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from markupsafe import Markup, escape

_DRAWING = re.compile(r"<svg[^>]*>(?P<inner>.*)</svg>", re.DOTALL)
_FRAME = (
    '<svg class="icon{extra}" width="24" height="24" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
    'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" focusable="false"{name}>{inner}</svg>'
)


def lucide(node_modules: Path) -> Callable[..., Markup]:
    """The function `icon("truck")`, `icon("truck", label=_("Shipped"), size="large")` for templates.

    Without a label the icon is decoration and hidden from screen readers. An unknown name is a LookupError.
    """
    folder = node_modules / "lucide-static" / "icons"

    @lru_cache(maxsize=512)
    def drawing(name: str) -> str:
        path = folder / f"{name}.svg"
        if not path.is_file():
            raise LookupError(f"no icon {name!r} in {folder}: see lucide.dev/icons, or run `make setup`")
        found = _DRAWING.search(path.read_text(encoding="utf-8"))
        assert found is not None, f"{path} is not an SVG file"
        return " ".join(found["inner"].split())

    def icon(name: str, label: str = "", size: str = "") -> Markup:
        named = f' role="img" aria-label="{escape(label)}"' if label else ' aria-hidden="true"'
        extra = f" icon-{escape(size)}" if size else ""
        return Markup(_FRAME.format(extra=extra, name=named, inner=drawing(name)))  # noqa: S704  our own files

    return icon


def sparkline(values: Sequence[float], width: int = 120, height: int = 32) -> str:
    """The points of a small line through `values`, for `<polyline points>`; empty for fewer than two."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1
    step = width / (len(values) - 1)
    return " ".join(
        f"{index * step:.1f},{height - 2 - (value - low) / span * (height - 4):.1f}"
        for index, value in enumerate(values)
    )
