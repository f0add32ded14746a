"""Files of events, read: what people did elsewhere, as the rows of one Parquet file."""
# ruff: noqa: S608 - DuckDB statements over scratch tables, put together from quoted literals and our own field names

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from steelyard.channels.feeds.mapping import EventMapping
from steelyard.channels.feeds.model import Summary
from steelyard.channels.feeds.reading import FeedFile, RawRows, inspect
from steelyard.channels.feeds.rejects import count_rejects, write_rejects
from steelyard.channels.feeds.shaping import literal
from steelyard.channels.feeds.workspace import Progress, Workspace, no_progress

_TEXTS = ("item", "category", "currency", "merchant", "order_id", "channel", "source", "medium", "campaign", "device")


class EventFeed:
    """Events of a set of files. A context manager. `left_out` is how many rows named nobody, where the map lets them go."""

    def __init__(
        self, work: Workspace, files: list[FeedFile], mapping: EventMapping, summary: Summary, left_out: int
    ) -> None:
        self._work = work
        self.files = files
        self.mapping = mapping
        self.summary = summary
        self.left_out = left_out

    def __enter__(self) -> "EventFeed":
        return self

    def __exit__(self, *_: object) -> None:
        self._work.close()

    def currencies(self) -> list[tuple[str, int]]:
        """Which currencies occur, the most frequent first."""
        return self._work.rows(
            "SELECT currency, count(*) FROM happened WHERE currency <> '' GROUP BY currency ORDER BY 2 DESC, 1"
        )

    def times(self) -> tuple[datetime, datetime] | None:
        """The moments of the first and the last event, UTC."""
        first, last = self._work.rows('SELECT min("at"), max("at") FROM happened')[0]
        return (first, last) if first is not None else None

    def users(self) -> int:
        """How many people they are of."""
        return self._work.number('SELECT count(DISTINCT "user") FROM happened')

    def write(self, path: Path) -> int:
        """Write all events to a Parquet file, in the order of users and moments; returns how many."""
        self._work.run(
            f'COPY (SELECT * EXCLUDE (file, line) FROM happened ORDER BY "user", "at", file, line) TO '
            f" {literal(str(path))}"
            " (FORMAT parquet, COMPRESSION zstd)"
        )
        return self.summary.accepted

    def write_rejects(self, path: Path) -> int:
        """Write the report of rejected rows as CSV; returns how many there are."""
        return write_rejects(self._work, self.files, path)


def open_events(
    paths: Sequence[Path], mapping: EventMapping, *, folder: Path | None = None, progress: Progress = no_progress
) -> EventFeed:
    """Read and check files of events. `progress` hears rows read. Raises `FeedUnreadable`."""
    assert paths, "at least one file"
    files = [inspect(path, mapping.csv) for path in paths]
    work = Workspace(folder)
    try:
        return _worked_out(work, files, mapping, progress)
    except BaseException:
        work.close()
        raise


def _worked_out(work: Workspace, files: list[FeedFile], mapping: EventMapping, progress: Progress) -> EventFeed:
    summary, left_out, done = Summary(), 0, 0

    def tell(rows: int) -> None:
        nonlocal done
        done += rows
        progress(done, None)

    for number, file in enumerate(files, 1):
        shaped, read = work.shape(number, RawRows(file, mapping.csv), mapping, tell)
        summary.read += read
        left_out += work.number(f"SELECT count(*) FROM {shaped} WHERE reason IS NULL AND user_id IS NULL")
        selected = _selected(shaped, number, mapping)
        made = "CREATE TABLE happened AS" if number == 1 else "INSERT INTO happened"
        work.run(f"{made} {selected}; DROP TABLE {shaped}")
    summary.accepted = work.number("SELECT count(*) FROM happened")
    summary.reasons = count_rejects(work)
    summary.rejected = sum(summary.reasons.values())
    assert summary.read == summary.rejected + summary.accepted + left_out
    return EventFeed(work, files, mapping, summary, left_out)


def _selected(shaped: str, number: int, mapping: EventMapping) -> str:
    """Amounts are rounded half away from zero, and without a sign where the sign has said what the row is."""
    rules = mapping.events
    money = "coalesce(s.amount_exact, s.quantity * s.unit_price_exact)"
    scale = f"{10**rules.digits}" if rules.digits is not None else "(1000000 // coalesce(c.minor_micros, 10000))"
    by_sign = f"CASE WHEN {money} > 0 THEN {literal(rules.positive)} WHEN {money} < 0 THEN {literal(rules.negative)}"
    texts = ", ".join(f"coalesce(s.{name}, '') AS {name}" for name in _TEXTS[:2])
    more = ", ".join(f"coalesce(s.{name}, '') AS {name}" for name in _TEXTS[2:])
    amount = f"round({money} * {scale})"
    return f"""
        SELECT s.user_id AS "user", timezone('UTC', s.happened_at) AS "at",
               coalesce(s.event_type, {by_sign} ELSE {literal(rules.zero)} END) AS kind, {texts},
               (CASE WHEN s.event_type IS NULL THEN abs({amount}) ELSE {amount} END)::BIGINT AS amount, {more},
               {number} AS file, s.line
        FROM {shaped} AS s LEFT JOIN currencies AS c ON c.code = s.currency
        WHERE s.reason IS NULL AND s.user_id IS NOT NULL
    """
