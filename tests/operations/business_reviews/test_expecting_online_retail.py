"""On two years of a real shop an expectation is nearer than "as last week", and its bounds hold what they say."""

import os
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from steelyard.operations.business_reviews.expecting import outlook

pytestmark = pytest.mark.data
ROOT = Path(__file__).resolve().parents[3]
SALES = """
    SELECT day, sum(amount)::bigint FROM (
        SELECT InvoiceDate::date AS day, Quantity * Price * 100 AS amount FROM read_parquet($older)
        WHERE Quantity > 0 AND Price > 0 AND InvoiceDate::date < DATE '2010-12-01'
        UNION ALL
        SELECT InvoiceDate::date, Quantity * UnitPrice * 100 FROM read_parquet($newer) WHERE Quantity > 0 AND UnitPrice > 0
    ) GROUP BY day
"""
WEEKS_BEFORE = 38  # so that bounds come from enough earlier weeks


@pytest.fixture(scope="module")
def days() -> dict[date, int]:
    """What each day brought, in minor units, without gaps."""
    data = Path(os.environ.get("STEELYARD_DATA", ROOT.parent / "shared" / "data")) / "online_retail"
    files = {"older": data / "online_retail_2009_2010.parquet", "newer": data / "online_retail_2010_2011.parquet"}
    for file in files.values():
        if not file.exists():
            pytest.skip(f"{file} is not there; set STEELYARD_DATA to where the data are")
    with duckdb.connect() as connection:
        sold = dict(connection.execute(SALES, {name: str(file) for name, file in files.items()}).fetchall())
    first, last = min(sold), max(sold)
    every = (first + timedelta(days=place) for place in range((last - first).days + 1))
    return {day: int(sold.get(day, 0)) for day in every}


def test_weeks_are_foretold_better_than_by_the_week_before(days: dict[date, int]) -> None:
    first, last = min(days), max(days)
    monday = first + timedelta(days=-first.weekday() % 7 + 7 * WEEKS_BEFORE)
    off: list[float] = []
    off_as_before: list[float] = []
    inside = 0
    while monday + timedelta(days=6) <= last:
        found = outlook({day: amount for day, amount in days.items() if day < monday}, monday, 7)
        assert found is not None
        was, before = (sum(days[monday + timedelta(days=place)] for place in week) for week in (range(7), range(-7, 0)))
        if was:
            off.append(abs(found.total.expected - was) / was)
            off_as_before.append(abs(before - was) / was)
            inside += not found.total.outside(was)
        monday += timedelta(days=7)

    assert len(off) == 65
    assert sum(off) / len(off) == pytest.approx(0.207, abs=0.001)
    assert sum(off_as_before) / len(off) == pytest.approx(0.237, abs=0.001)
    assert inside >= 0.9 * len(off)
