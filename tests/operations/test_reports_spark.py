"""The same expressions in DuckDB and in Spark: whole answers are compared, over events with ties wherever there may be some."""

import importlib.util
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from steelyard.operations import reports
from steelyard.operations.reports.model import (
    Attribution,
    Cell,
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
    name_of,
)
from tests.support.event_frames import made_up, written

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("pyspark") is None, reason="pyspark is not installed: tools/setup.py --spark"
    ),
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs a Java runtime, and there is none"),
    # Spark's own ways with pandas and sockets.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

SCOPE = Scope(since=date(2026, 3, 20), until=date(2026, 5, 10), merchant="m1")
SEGMENT = Scope(
    since=date(2026, 3, 2), until=date(2026, 5, 30), users=tuple(f"u{n}" for n in range(0, 120, 3)), channels=("ad",)
)
QUESTIONS: list[tuple[Scope, Question]] = [
    (SCOPE, Trend(kinds=("pay",), every="week", measures=("events", "users", "orders", "amount"), by="category")),
    (SCOPE, Funnel(steps=("view", "cart", "pay"))),
    (SEGMENT, Funnel(steps=("view", "cart", "pay"), mode="strict", by="device")),
    (SCOPE, Funnel(steps=("view", "view:item=i3", "pay"), mode="strict_order")),
    (SCOPE, Retention(every="week", first="arrive", again="view")),
    (SCOPE, Paths(steps=3)),
    (SCOPE, Intervals()),
    (SEGMENT, Intervals(first="pay", then="pay")),
    (SCOPE, Distribution()),
    (SCOPE, Sessions(every="month", by="device")),
    (SCOPE, Attribution(model="linear", costs={"ad": 100_000})),
    (SCOPE, Attribution(model="first")),
    (SCOPE, Lifetime()),
    (SCOPE, Funnel(steps=("pay", "pay:category=c3", "pay"), mode="strict")),
    (SCOPE, Retention(every="week", first="arrive", again="view", by="device")),
    (SCOPE, Intervals(by="channel")),
    (SCOPE, Distribution(by="category")),
    (SCOPE, Lifetime(by="device")),
]


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[reports.DuckDb, reports.Engine]]:
    file: Path = written(tmp_path_factory.mktemp("events"), made_up())
    duck, spark = reports.DuckDb([file], seconds_max=600), reports.open_engine("spark", [file])
    yield duck, spark
    duck.close()
    reports.stop_spark()


@pytest.mark.parametrize(
    ("scope", "asked"), QUESTIONS, ids=lambda each: "" if isinstance(each, Scope) else name_of(each)
)
def test_both_engines_work_out_the_same(
    engines: tuple[reports.DuckDb, reports.Engine], scope: Scope, asked: Question
) -> None:
    duck, spark = (reports.answer(engine, scope, asked) for engine in engines)

    assert duck.rows
    assert spark.rows == duck.rows
    assert spark.columns == duck.columns


def test_both_engines_name_the_same_people(engines: tuple[reports.DuckDb, reports.Engine]) -> None:
    asked = Funnel(steps=("view", "cart"))

    duck, spark = (reports.people(engine, SCOPE, asked, Cell(step=1, dropped=True)) for engine in engines)

    assert duck.users
    assert spark == duck
