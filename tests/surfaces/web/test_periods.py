"""The date range of a page of figures."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.surfaces.web import periods

TODAY = date(2026, 3, 15)


def read(span: str = "", first: str = "", last: str = "", comparison: str = "") -> periods.Period:
    return periods.read(span, first, last, comparison, today=TODAY)


@pytest.mark.parametrize(
    ("span", "first", "days"), [("today", TODAY, 1), ("7d", date(2026, 3, 9), 7), ("month", date(2026, 3, 1), 15)]
)
def test_a_span_ends_today(span: str, first: date, days: int) -> None:
    found = read(span)

    assert (found.first, found.last, found.days) == (first, TODAY, days)


def test_thirty_days_are_compared_with_the_thirty_before() -> None:
    before = read("30d").before

    assert before is not None
    assert (before.last, before.days) == (read("30d").first - timedelta(days=1), 30)


def test_a_month_is_compared_with_the_same_days_of_the_last() -> None:
    before = read("month").before

    assert before is not None
    assert (before.first, before.last) == (date(2026, 2, 1), date(2026, 2, 15))


def test_a_year_ago_knows_leap_days() -> None:
    found = periods.read("custom", "2024-02-29", "2024-02-29", "year", today=TODAY)

    assert found.before is not None
    assert found.before.first == date(2023, 2, 28)


def test_its_moments_are_midnights_of_the_house() -> None:
    found = read("today")

    assert found.begins_at.isoformat() == "2026-03-15T00:00:00+08:00"
    assert found.ends_at.isoformat() == "2026-03-16T00:00:00+08:00"


@pytest.mark.parametrize("wrong", ["", "yesterday", "custom"])
def test_what_cannot_be_read_is_thirty_days(wrong: str) -> None:
    assert read(wrong, "0001-01-01", "soon").span == "30d"


@given(first=st.dates(), last=st.dates(), comparison=st.sampled_from(["previous", "year", "none"]))
def test_chosen_days_are_in_order_never_to_come_and_never_too_many(first: date, last: date, comparison: str) -> None:
    found = read("custom", first.isoformat(), last.isoformat(), comparison)

    assert found.first <= found.last <= TODAY
    assert 1 <= found.days <= periods.DAYS_MAX
    assert len(found.all_days) == found.days
    assert (found.before is None) == (comparison == "none")
    if found.before is not None:
        assert found.before.days == found.days


def test_an_address_says_the_period_again() -> None:
    found = read("custom", "2026-01-02", "2026-01-05", "none")

    query = found.query
    assert read(query["period"], query["from"], query["to"], query["compare"]) == found
