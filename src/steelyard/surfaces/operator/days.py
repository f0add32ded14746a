"""Days as addresses write them, and the moments at which they begin and end."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from steelyard.surfaces.components.page import TIMEZONE


def day_of(typed: str) -> date | None:
    """A day out of an address; none for what is none."""
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        return None
    return day if date.min.year + 1 < day.year < date.max.year - 1 else None


def midnight_after(day: date) -> datetime:
    """The moment at which a day is over, in the house's time zone."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(TIMEZONE)).astimezone(UTC)
