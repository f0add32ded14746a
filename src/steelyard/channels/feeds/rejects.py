"""The report of rejected rows: which file, which line, why, and the row as it stood there."""

import csv
from pathlib import Path

from steelyard.channels.feeds.model import WORDS, Reason
from steelyard.channels.feeds.reading import FeedFile
from steelyard.channels.feeds.workspace import Workspace

HEADER = ("file", "line", "reason", "field", "words_en", "words_zh", "original")
_FETCH_ROWS = 5_000


def count_rejects(work: Workspace) -> dict[str, int]:
    """How many rows were rejected, by reason."""
    return dict(work.rows("SELECT reason, count(*) FROM reject GROUP BY ALL ORDER BY ALL"))


def write_rejects(work: Workspace, files: list[FeedFile], path: Path) -> int:
    """Write them all, in the order of the files; a report is written even when it is empty. Cells that a
    spreadsheet would run as a formula begin with an apostrophe."""
    result = work.engine.cursor().execute(
        "SELECT file, line, reason, field, original FROM reject ORDER BY file, line, reason"
    )
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        report = csv.writer(stream)
        report.writerow(HEADER)
        while rows := result.fetchmany(_FETCH_ROWS):
            for number, line, reason, field, original in rows:
                words = WORDS[Reason(reason)]
                cells = (
                    files[number - 1].path.name,
                    line,
                    reason,
                    field or "",
                    words["en"],
                    words["zh-Hans"],
                )
                report.writerow((*cells, _harmless(original)))
            count += len(rows)
    return count


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell
