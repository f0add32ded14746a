"""What time it is where people are: quiet hours by the clocks there, and when those show an hour next."""

from datetime import UTC, datetime, time, timedelta

from steelyard.parties.customers import next_at, quiet_until, zone_of


def test_quiet_hours_go_over_midnight_where_the_recipient_is() -> None:
    begins, ends = time(22), time(8)
    shanghai, york = zone_of("CN"), zone_of("US")
    at = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)  # 23:30 in Shanghai, 11:30 in New York
    assert quiet_until(at, shanghai, begins, ends) == datetime(2026, 3, 11, 0, 0, tzinfo=UTC)
    assert quiet_until(at, york, begins, ends) is None
    assert quiet_until(datetime(2026, 3, 10, 23, 59, tzinfo=UTC), shanghai, begins, ends) == datetime(
        2026, 3, 11, tzinfo=UTC
    )
    assert quiet_until(datetime(2026, 3, 11, tzinfo=UTC), shanghai, begins, ends) is None
    # The night in which New York's clocks go forward has nine quiet hours.
    night = datetime(2026, 3, 8, 3, 0, tzinfo=UTC)
    assert quiet_until(night, york, begins, ends) == datetime(2026, 3, 8, 12, 0, tzinfo=UTC)
    # Where an hour comes twice and they end in it, they end each time, and never before they are asked about.
    first = datetime(2026, 11, 1, 5, 10, tzinfo=UTC)
    for at_ten in (first, first + timedelta(hours=1)):
        assert quiet_until(at_ten, york, time(1), time(1, 30)) == at_ten + timedelta(minutes=20)
    assert zone_of("US", "CA").key == "America/Los_Angeles"
    assert next_at(at, shanghai, time(23, 30)) == at + timedelta(days=1)
    assert next_at(at, shanghai, time(23, 31)) == at + timedelta(minutes=1)
