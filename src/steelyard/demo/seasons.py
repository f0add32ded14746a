"""When people buy: by day of the year, weekday and hour, and what they want in which month."""

from collections.abc import Mapping
from datetime import date, timedelta

# Monday is 0.
WEEKDAY = (0.92, 0.86, 0.88, 0.94, 1.08, 1.34, 1.26)
HOURS = (6, 3, 2, 1, 1, 2, 5, 10, 18, 28, 34, 32, 36, 30, 28, 28, 30, 32, 36, 46, 62, 66, 48, 20)
# New Year's day of the lunar calendar.
SPRING_FESTIVALS = (date(2024, 2, 10), date(2025, 1, 29), date(2026, 2, 17), date(2027, 2, 6), date(2028, 1, 26))
# (month, day): (how much more on the day itself, days before and after on which half of it is felt).
FEASTS: Mapping[tuple[int, int], tuple[float, int]] = {
    (11, 11): (6.0, 2),
    (6, 18): (4.2, 3),
    (12, 12): (2.4, 1),
    (3, 8): (1.6, 1),
    (2, 14): (1.5, 2),
    (5, 20): (1.7, 2),
    (6, 1): (1.5, 2),
    (9, 10): (1.4, 2),
    (10, 1): (0.7, 2),
    (12, 24): (1.4, 2),
}
SALE_FROM = 2.0
_PLAIN = (1.0,) * 12
# How much more, from January to December.
WANTED: Mapping[str, tuple[float, ...]] = {
    "boots": (2.2, 1.5, 0.8, 0.4, 0.2, 0.1, 0.1, 0.2, 0.8, 1.9, 2.8, 2.6),
    "sandals": (0.1, 0.2, 0.5, 1.4, 2.6, 3.4, 3.6, 2.4, 0.9, 0.3, 0.1, 0.1),
    "sunglasses": (0.3, 0.4, 0.8, 1.4, 2.1, 2.6, 2.8, 2.2, 1.0, 0.6, 0.4, 0.4),
    "scarves": (2.2, 1.4, 0.7, 0.2, 0.1, 0.1, 0.1, 0.1, 0.5, 1.5, 2.8, 3.0),
    "umbrellas": (0.5, 0.8, 1.4, 1.9, 1.9, 2.6, 1.8, 1.5, 1.0, 0.6, 0.4, 0.4),
    "toys": (1.6, 1.3, 0.8, 0.8, 1.4, 1.6, 0.9, 0.9, 0.9, 0.9, 1.1, 1.8),
    "plush": (1.4, 1.8, 0.8, 0.8, 1.5, 1.4, 0.8, 0.9, 0.8, 0.9, 1.1, 1.9),
    "wooden-toys": (1.4, 1.2, 0.8, 0.9, 1.4, 1.6, 0.9, 0.9, 0.9, 0.9, 1.1, 1.7),
    "toy-cars": (1.4, 1.2, 0.8, 0.9, 1.3, 1.6, 0.9, 0.9, 0.9, 0.9, 1.1, 1.7),
    "pens": (0.8, 0.7, 1.0, 0.8, 0.8, 1.0, 0.8, 1.8, 2.6, 0.9, 1.0, 1.2),
    "stationery": (1.0, 0.9, 1.1, 0.8, 0.8, 0.9, 0.8, 2.0, 2.0, 0.9, 1.0, 1.3),
    "shavers": (1.1, 1.6, 0.8, 0.8, 1.2, 2.0, 0.9, 0.8, 1.0, 0.9, 1.3, 1.2),
    "lamps": (1.1, 0.8, 0.9, 0.8, 0.8, 0.8, 0.8, 1.2, 1.5, 1.2, 1.3, 1.3),
    "valves": (0.7, 0.6, 1.3, 1.3, 1.2, 1.1, 1.0, 1.0, 1.1, 1.2, 1.0, 0.8),
    "faucets": (0.7, 0.6, 1.3, 1.4, 1.3, 1.1, 1.0, 0.9, 1.2, 1.3, 1.1, 0.8),
}


def of_day(day: date) -> float:
    """How many buy on such a day, against an ordinary one."""
    weight = WEEKDAY[day.weekday()]
    for (month, number), (more, around) in FEASTS.items():
        distance = abs((day - date(day.year, month, number)).days)
        if distance == 0:
            weight += more
        elif distance <= around:
            weight += more / 2 / distance
    for new_year in SPRING_FESTIVALS:
        before = (new_year - day).days
        if 3 <= before <= 20:
            weight *= 1.7  # presents, and something new for everybody
        elif -7 <= before <= 2:
            weight *= 0.25  # everybody is at home, and no parcel moves
    return weight


def wanted(category: str, month: int) -> float:
    """How much a category is wanted in a month, against its ordinary month."""
    return WANTED.get(category, _PLAIN)[month - 1]


def weights(first: date, days: int) -> list[float]:
    """`of_day` of so many days."""
    return [of_day(first + timedelta(days=n)) for n in range(days)]
