"""The house's day. Whoever says "today" to people means the day of the house's clock, and neither UTC's nor the machine's."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

HOUSE_ZONE = ZoneInfo("Asia/Shanghai")


def day_of(at: datetime) -> date:
    """The house's day at a moment."""
    return at.astimezone(HOUSE_ZONE).date()


def begins(day: date) -> datetime:
    """When a day of the house begins."""
    return datetime(day.year, day.month, day.day, tzinfo=HOUSE_ZONE)


def ends(day: date) -> datetime:
    """When a day of the house is over."""
    return begins(day + timedelta(days=1))


def today() -> date:
    """The house's day now."""
    return day_of(datetime.now(UTC))
