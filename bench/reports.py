"""What reports cost beside the same question in bare DuckDB: `python -m bench reports`.

10,000,000 events of what people do and 1,000,000 orders (`--events`; a tenth as many orders) lie in files as the lake's. Each
report is worked out by the house's own functions, as the command does, and by SQL that was written by hand for DuckDB over the
same files (`report_queries`), with as many threads and as much memory; the answers are compared whole. Each time is of a
process of its own, one after the other in turn, so that whoever else is at work disturbs both alike; the ratio is of medians.
"""

import math
import shutil
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self

import msgspec
import pyarrow as pa

from bench import report_events, report_queries
from bench.alone import Done, alone
from bench.asked import Asked
from bench.report import Figure
from steelyard.kernel import duck
from steelyard.operations import lifecycle, reports
from steelyard.operations.reports.model import (
    HOUSE_OFFSET_MINUTES,
    Attribution,
    Distribution,
    Funnel,
    Intervals,
    Lifetime,
    Paths,
    Question,
    Retention,
    Scope,
    Sessions,
    Trend,
)

RATIO_MAX = 1.3
PEAK_MB_MAX = 3_072.0
# As the command asks, and bare DuckDB has the same.
MEMORY_LIMIT = "2GB"
THREADS = 2
SECONDS_MAX = 600.0
BYTES_PER_EVENT_MAX = 200
SPILL_BYTES = 10 * 2**30

Rows = list[dict[str, Any]]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A question, and the SQL that asks the same; without a question it is the RFM of the command."""

    asked: Question | None
    bare: str
    money: bool = False


REPORTS: Mapping[str, Report] = {
    "trend": Report(asked=Trend(), bare=report_queries.TREND),
    "sales": Report(
        asked=Trend(kinds=("pay",), measures=("orders", "amount"), by="category"), bare=report_queries.SALES, money=True
    ),
    "funnel": Report(asked=Funnel(steps=("view", "cart", "pay")), bare=report_queries.FUNNEL),
    "retention": Report(
        asked=Retention(first="arrive", again="view", every="week"),
        bare=report_queries.RETENTION.format(first="arrive", again="view", every="week"),
    ),
    "repurchase": Report(
        asked=Retention(), bare=report_queries.RETENTION.format(first="pay", again="pay", every="month")
    ),
    "paths": Report(asked=Paths(), bare=report_queries.PATHS),
    "intervals": Report(asked=Intervals(), bare=report_queries.INTERVALS),
    "distribution": Report(asked=Distribution(), bare=report_queries.DISTRIBUTION),
    "sessions": Report(asked=Sessions(), bare=report_queries.SESSIONS),
    "attribution": Report(asked=Attribution(), bare=report_queries.LAST_TOUCH, money=True),
    "attribution_linear": Report(asked=Attribution(model="linear"), bare=report_queries.ALL_TOUCHES, money=True),
    "ltv": Report(asked=Lifetime(), bare=report_queries.LIFETIME, money=True),
    "rfm": Report(asked=None, bare=report_queries.RFM, money=True),
}


def figures(asked: Asked) -> list[Figure]:
    """`reports_…`: of each report the seconds, those of bare DuckDB, and the ratio; the most memory of all."""
    folder = asked.events_home or Path(tempfile.mkdtemp(prefix="steelyard-bench-events-"))
    free, wanted = shutil.disk_usage(folder).free, asked.events * BYTES_PER_EVENT_MAX + SPILL_BYTES
    assert free > wanted or asked.events < 1_000_000, f"{folder} has {free:,} bytes free; {wanted:,} may be needed"
    try:
        events = report_events.made(folder / "events", asked.events)
        print(
            f"  {events.rows:,} rows in {len(events.files)} files, {events.bytes / 2**20:,.0f} MB, made in {events.seconds:.0f} s"
        )
        return measured(events, folder / "spill", asked.runs, asked.reports or tuple(REPORTS))
    finally:
        if asked.events_home is None:
            shutil.rmtree(folder, ignore_errors=True)


def measured(events: report_events.Events, spill: Path, runs: int, names: Sequence[str]) -> list[Figure]:
    """The reports of these names, so many times each in turn."""
    found: list[Figure] = []
    peak = 0.0
    for name in names:
        turns = [(_turn(ours, name, events, spill), _turn(bare, name, events, spill)) for _ in range(runs)]
        difference = differing(turns[0][0].found, turns[0][1].found)
        assert not difference, f"{name}: {difference}"
        told = Beside.of(turns)
        peak = max(peak, told.peak_mb)
        print(f"  {name:<20} {told.words()}; {len(turns[0][0].found)} rows alike", flush=True)
        found += [
            Figure(f"reports_{name}_s", round(told.seconds, 2)),
            Figure(f"reports_{name}_bare_s", round(told.bare_seconds, 2)),
            Figure(f"reports_{name}_cpu_ratio", round(told.cpu_ratio, 2)),
            Figure(f"reports_{name}_ratio", round(told.ratio, 2), RATIO_MAX),
        ]
    return [Figure("reports_rows", events.rows), *found, Figure("reports_peak_mb", round(peak), PEAK_MB_MAX)]


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """The medians of ours and of bare DuckDB, and the most memory of each."""

    seconds: float
    bare_seconds: float
    cpu_seconds: float
    bare_cpu_seconds: float
    peak_mb: float
    bare_peak_mb: float

    @classmethod
    def of(cls, turns: "Sequence[tuple[Done[Rows], Done[Rows]]]") -> Self:
        house, alone = zip(*turns, strict=True)
        return cls(
            seconds=statistics.median(each.seconds for each in house),
            bare_seconds=statistics.median(each.seconds for each in alone),
            cpu_seconds=statistics.median(each.cpu_seconds for each in house),
            bare_cpu_seconds=statistics.median(each.cpu_seconds for each in alone),
            peak_mb=max(each.peak_mb for each in house),
            bare_peak_mb=max(each.peak_mb for each in alone),
        )

    @property
    def ratio(self) -> float:
        return self.seconds / self.bare_seconds

    @property
    def cpu_ratio(self) -> float:
        return self.cpu_seconds / self.bare_cpu_seconds

    def words(self) -> str:
        return (
            f"{self.seconds:7.2f} s, bare {self.bare_seconds:7.2f}: {self.ratio:5.2f}; of processor {self.cpu_seconds:7.2f} s, "
            f"bare {self.bare_cpu_seconds:7.2f}: {self.cpu_ratio:5.2f}; {self.peak_mb:6,.0f} MB, bare {self.bare_peak_mb:6,.0f}"
        )


def _turn(
    how: Callable[[str, report_events.Events, Path], Rows], name: str, events: report_events.Events, spill: Path
) -> Done[Rows]:
    return alone(partial(how, name, events, spill), 2 * SECONDS_MAX, ready)


def ready() -> None:
    """What a process does once, before its first report: Ibis, Arrow and NumPy fetch what they need."""
    reports.DuckDb([]).close()
    one = {"user": "1", "at": datetime.now(UTC), "kind": "pay", "amount": 1, "currency": "CNY", "order_id": "1"}
    lifecycle.rfm(pa.Table.from_pylist([one]), datetime.now(UTC))


def differing(ours: Rows, bare: Rows) -> str:
    """What the first difference of two answers is; nothing where there is none."""
    if len(ours) != len(bare):
        return f"{len(ours)} rows, and {len(bare)} in bare DuckDB"
    for place, (one, other) in enumerate(zip(ours, bare, strict=True)):
        if one.keys() != other.keys() or not all(_alike(one[key], other[key]) for key in one):
            return f"row {place} is {one}, and {other} in bare DuckDB"
    return ""


def _alike(one: Any, other: Any) -> bool:
    """Sums of fractions may be added up in another order, and be rounded to another hundredth."""
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(float(one), float(other), rel_tol=1e-9, abs_tol=0.0101)
    return one == other


def _scope(events: report_events.Events) -> Scope:
    return Scope(since=events.since, until=events.until)


def ours(name: str, events: report_events.Events, spill: Path) -> Rows:
    asked = REPORTS[name].asked
    if asked is None:
        return _rfm(events)
    engine = reports.DuckDb(
        events.files, spill=spill, memory_limit=MEMORY_LIMIT, threads=THREADS, seconds_max=SECONDS_MAX
    )
    try:
        return list(map(dict, reports.answer(engine, _scope(events), asked).rows))
    finally:
        engine.close()


def _rfm(events: report_events.Events) -> Rows:
    """As `steelyard report rfm` tells of imported events."""
    told = lifecycle.rfm(lifecycle.Payments(files=events.files), _end(events))
    parts: Rows = [
        {"segment": str(each.segment), "customers": each.customers, "net": each.net}
        for each in sorted(told.segments, key=lambda each: each.segment)
        if each.customers
    ]
    return [*parts, *_whole(told.customers, told.recency_days, told.frequency, told.monetary, told.top_share)]


def _whole(customers: int, days: float, orders: float, net: float, top: float) -> Rows:
    return [{"customers": customers, "days": days, "orders": orders, "net": net, "top": top * 100}]


def _end(events: report_events.Events) -> datetime:
    return datetime.combine(events.until + timedelta(days=1), datetime.min.time(), UTC) - timedelta(
        minutes=HOUSE_OFFSET_MINUTES
    )


def bare(name: str, events: report_events.Events, spill: Path) -> Rows:
    end = _end(events).replace(tzinfo=None)
    asked = {
        "begin": end - timedelta(days=(events.until - events.since).days + 1),
        "end": end,
        "shift": HOUSE_OFFSET_MINUTES,
    }
    settings: dict[str, Any] = {"memory_limit": MEMORY_LIMIT, "threads": THREADS, "temp_directory": str(spill)}
    with duck.connect(**settings, preserve_insertion_order=False) as engine:
        places = ", ".join(f"'{file}'" for file in events.files)
        engine.execute(f"CREATE TEMP VIEW events AS FROM read_parquet([{places}])")
        if REPORTS[name].money:
            engine.execute(report_queries.CURRENCY, _used(report_queries.CURRENCY, asked))
        statement = REPORTS[name].bare
        rows: Rows = engine.sql(statement, params=_used(statement, asked)).to_arrow_table().to_pylist()
    if name != "rfm":
        return rows
    customers = sum(row["customers"] for row in rows)
    net, top = sum(row["net"] for row in rows), float(sum(row["top"] or 0 for row in rows))
    means = [sum(row[key] for row in rows) / customers for key in ("days", "orders", "net")]
    parts: Rows = [{key: row[key] for key in ("segment", "customers", "net")} for row in rows]
    return [*parts, *_whole(customers, *means, top / net)]


def _used(statement: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """DuckDB refuses values that a statement does not ask for."""
    return {name: value for name, value in asked.items() if f"${name}" in statement}
