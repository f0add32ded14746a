"""The moments at which days end."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from steelyard.surfaces.components.page import TIMEZONE


def midnight_after(day: date) -> datetime:
    """The moment at which a day is over, in the house's time zone."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(TIMEZONE)).astimezone(UTC)
