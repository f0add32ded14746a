"""Buyers have habits, and they show: seasons, weekdays, hours, purses, and a memory that fades."""

from collections import Counter
from datetime import date, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from steelyard.demo import habits, seasons
from steelyard.demo.habits import Basket, Good, Person, Product, Shelf, Year

TODAY = date(2026, 3, 1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
CATEGORIES = ("boots", "sandals", "tableware", "pens", "sneakers", "toys")


def shelf(category: str, first: int) -> Shelf:
    """Twenty products; the dearer, the better known."""
    products = [Product([Good(first + n, 5_000 + 2_000 * n, 0.5)], 5_000 + 2_000 * n) for n in range(20)]
    return Shelf(merchant="one", category=category, known=products[::-1], cheap=products)


SHELVES = {category: [shelf(category, 20 * n)] for n, category in enumerate(CATEGORIES)}


def everybody(seed: int = 1, number: int = 1_500) -> list[tuple[Person, list[Basket]]]:
    year = Year(TODAY)
    return [
        (person, list(habits.baskets(person, SHELVES, year, Random(f"{seed}/{n}"))))
        for n, person in enumerate(habits.people(seed, number, TODAY))
    ]


@pytest.fixture(scope="module")
def crowd() -> list[tuple[Person, list[Basket]]]:
    return everybody()


def test_the_same_seed_has_the_same_people_with_the_same_habits():
    assert everybody(number=40) == everybody(number=40)
    assert everybody(number=40) != everybody(seed=2, number=40)


def test_nobody_buys_before_they_came_or_after_today(crowd: list[tuple[Person, list[Basket]]]):
    for person, bought in crowd:
        days = [basket.at.astimezone(SHANGHAI).date() for basket in bought]
        assert all(person.joined.astimezone(SHANGHAI).date() <= day <= TODAY for day in days)
        assert days == sorted(days)


def test_the_great_sale_days_stand_out_and_the_spring_festival_is_quiet(crowd: list[tuple[Person, list[Basket]]]):
    days = Counter(basket.at.astimezone(SHANGHAI).date() for _, bought in crowd for basket in bought)

    def around(day: date) -> float:
        return sum(days[day + timedelta(days=n)] for n in range(-20, -9)) / 11

    assert days[date(2025, 11, 11)] > 2 * around(date(2025, 11, 11))
    assert days[date(2025, 6, 18)] > 2 * around(date(2025, 6, 18))
    festival = sum(days[date(2026, 2, 17) + timedelta(days=n)] for n in range(6)) / 6
    assert festival < 0.6 * around(date(2026, 2, 17))


def test_people_buy_at_the_weekend_and_in_the_evening(crowd: list[tuple[Person, list[Basket]]]):
    moments = [basket.at.astimezone(SHANGHAI) for _, bought in crowd for basket in bought]
    weekdays, hours = Counter(at.weekday() for at in moments), Counter(at.hour for at in moments)

    assert weekdays[5] + weekdays[6] > 1.1 * (weekdays[1] + weekdays[2])
    assert hours[20] + hours[21] > 5 * (hours[4] + hours[5])


def test_what_is_wanted_goes_with_the_season(crowd: list[tuple[Person, list[Basket]]]):
    def sold(category: str, months: set[int]) -> int:
        first = 20 * CATEGORIES.index(category)
        return sum(
            first <= place < first + 20
            for _, bought in crowd
            for basket in bought
            if basket.at.astimezone(SHANGHAI).month in months
            for place, _ in basket.lines
        )

    assert sold("boots", {11, 12, 1}) > 3 * sold("boots", {5, 6, 7})
    assert sold("sandals", {5, 6, 7}) > 3 * sold("sandals", {11, 12, 1})


def test_the_thrifty_buy_cheaper(crowd: list[tuple[Person, list[Basket]]]):
    def spent(frugal: bool) -> float:
        paid = [
            5_000 + 2_000 * (place % 20)
            for person, bought in crowd
            if (person.thrift > 0.8) is frugal and (frugal or person.thrift < 0.2)
            for basket in bought
            for place, _ in basket.lines
        ]
        return sum(paid) / len(paid)

    assert spent(frugal=True) < 0.7 * spent(frugal=False)


def test_each_time_fewer_come_back(crowd: list[tuple[Person, list[Basket]]]):
    # Those who came early had the time to come back.
    early = [bought for person, bought in crowd if person.joined.date() < TODAY - timedelta(days=500)]
    times = [sum(len(bought) >= n for bought in early) for n in range(1, 9)]

    assert times == sorted(times, reverse=True)
    assert times[0] > times[1] > times[2] > times[4] > times[7] > 0
    assert times[7] < times[0] / 4


@pytest.mark.parametrize(
    ("day", "lively"),
    [(date(2025, 11, 11), True), (date(2025, 6, 18), True), (date(2026, 2, 17), False), (date(2025, 1, 29), False)],
)
def test_feasts_are_lively_and_new_year_is_not(day: date, lively: bool):
    assert (seasons.of_day(day) > 3) is lively
    assert (seasons.of_day(day) < 0.5) is not lively
