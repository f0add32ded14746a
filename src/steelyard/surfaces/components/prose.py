"""Merchants' descriptions as pages show them: a small language of plain text, and nothing of it is ever HTML of theirs.

A blank line begins a paragraph, `## ` a heading, `- ` or `1. ` a list, `**words**` are bold, and lines with `|` between
cells are a table whose first line is its head.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from markupsafe import Markup, escape

_BOLD = re.compile(r"\*\*(.+?)\*\*")
_NUMBER = re.compile(r"\d{1,3}[.、)]\s*")
_RULE = re.compile(r"[|\-: ]+")


def prose(text: str) -> Markup:
    """The description as HTML of our own making; every character of the merchant's is escaped."""
    parts: list[Markup] = []
    for kind, lines in groupby(text.splitlines(), _kind):
        parts.append(_SHOWN[kind](list(lines)))
    return Markup("\n").join(parts)


def _kind(line: str) -> str:
    line = line.strip()
    if not line:
        return "blank"
    if line.startswith("#"):
        return "heading"
    if line.startswith(("- ", "* ", "• ")):
        return "list"
    if _NUMBER.match(line):
        return "numbers"
    return "table" if line.count("|") >= 2 or (line.startswith("|") and line.endswith("|")) else "words"


def _line(words: str) -> Markup:
    return Markup(_BOLD.sub(r"<strong>\1</strong>", str(escape(words.strip()))))  # noqa: S704  # escaped before


def _each(tag: str, lines: Sequence[Markup]) -> Markup:
    return Markup("").join(Markup("<{0}>{1}</{0}>").format(Markup(tag), line) for line in lines)  # noqa: S704  # our own tag


def _words(lines: Sequence[str]) -> Markup:
    return _each("p", [_line(line) for line in lines])


def _headings(lines: Sequence[str]) -> Markup:
    return _each("h3", [_line(line.strip().lstrip("#")) for line in lines])


def _list(lines: Sequence[str]) -> Markup:
    return Markup("<ul>{}</ul>").format(_each("li", [_line(line.strip()[2:]) for line in lines]))


def _numbers(lines: Sequence[str]) -> Markup:
    return Markup("<ol>{}</ol>").format(_each("li", [_line(_NUMBER.sub("", line.strip(), count=1)) for line in lines]))


def _table(lines: Sequence[str]) -> Markup:
    rows = list(_rows(lines))
    head = _each("th", rows[0]) if rows else Markup("")
    body = _each("tr", [_each("td", row) for row in rows[1:]])
    return Markup(
        '<div class="prose-table" tabindex="0"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format(head, body)


def _rows(lines: Sequence[str]) -> Iterator[list[Markup]]:
    for line in lines:
        if not _RULE.fullmatch(line.strip()):
            yield [_line(cell) for cell in line.strip().strip("|").split("|")]


_SHOWN: dict[str, Callable[[Sequence[str]], Markup]] = {
    "blank": lambda _: Markup(""),
    "heading": _headings,
    "list": _list,
    "numbers": _numbers,
    "table": _table,
    "words": _words,
}
