"""The sentences of `checks.sql` for the catalog of words: people read them on the page about the system."""

import re
from collections.abc import Iterator
from typing import IO, Any

_NAME = re.compile(r"--\s*name:\s*(.+?)\s*")


def extract(
    lines: IO[bytes],
    _keywords: object,
    _comment_tags: object,
    options: dict[str, Any] | None = None,  # Babel gives it by this name
) -> Iterator[tuple[int, str | None, str, list[str]]]:
    """As Babel wants it: line, no function, the message, no comments."""
    for number, line in enumerate(lines, 1):
        found = _NAME.fullmatch(line.decode("utf-8").rstrip("\n"))
        if found:
            yield number, None, found[1], []
