"""Reports answer what SQL answers that was written for DuckDB by hand, whole, over files as the lake's; in small."""

from pathlib import Path

import pytest

from bench import report_events, reports
from bench.report_events import Events

EVENTS = 6_000
DAYS = 12


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Events:
    return report_events.made(tmp_path_factory.mktemp("lake"), EVENTS, DAYS)


def test_the_events_are_there_once_with_their_trade_and_made_again_are_the_same(events: Events, tmp_path: Path) -> None:
    kept = report_events.made(events.files[0].parent, EVENTS, DAYS)

    assert kept.files == events.files
    assert len(events.files) == (DAYS - 1) + 24 + DAYS
    assert events.rows > EVENTS * 1.3, "orders, their lines and what was given back"
    again = report_events.made(tmp_path, EVENTS, DAYS)
    assert (again.rows, again.bytes) == (events.rows, events.bytes)


@pytest.mark.parametrize("name", reports.REPORTS)
def test_every_report_is_alike(events: Events, tmp_path: Path, name: str) -> None:
    ours = reports.ours(name, events, tmp_path)
    bare = reports.bare(name, events, tmp_path)

    assert len(ours) > 0
    assert not reports.differing(ours, bare)


def test_a_difference_is_told_and_fractions_may_be_added_up_in_another_order() -> None:
    rows = [{"channel": "ad", "orders": 2, "amount": 1.25}]

    assert not reports.differing(rows, [{"channel": "ad", "orders": 2, "amount": 1.26}])
    assert "row 0" in reports.differing(rows, [{"channel": "ad", "orders": 3, "amount": 1.25}])
    assert "1 rows, and 0" in reports.differing(rows, [])


def test_times_and_memory_are_of_processes_of_their_own(events: Events, tmp_path: Path) -> None:
    figures = {each.name: each for each in reports.measured(events, tmp_path, 1, ["distribution"])}

    assert figures["reports_distribution_ratio"].target == reports.RATIO_MAX
    assert figures["reports_distribution_s"].value > 0
    assert 20 < figures["reports_peak_mb"].value < reports.PEAK_MB_MAX
