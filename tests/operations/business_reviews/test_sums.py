"""The sums behind a review: parts add up to the whole, and the worked examples of docs/algorithms/reviews.md come out."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from steelyard.operations.business_reviews.decomposing import Chain, Shifted, Side, factors, shift_share
from steelyard.operations.business_reviews.expecting import outlook

COUNTS = st.integers(0, 10**6)
SIDES = st.dictionaries(
    st.sampled_from("abcdef"), st.builds(Side, st.integers(0, 10**5), st.integers(-(10**8), 10**10)), max_size=6
)
MONDAY = date(2026, 3, 2)


@given(*(st.tuples(COUNTS, COUNTS, st.integers(0, 10**10)) for _ in range(2)))
def test_what_factors_contributed_is_the_change_to_the_last_cent(before: tuple[int, ...], now: tuple[int, ...]) -> None:
    parts = factors(Chain(before), Chain(now))

    broken = any(count and not of for chain in (before, now) for count, of in zip(chain[1:], chain, strict=False))
    assert (parts is None) == broken
    if parts is not None:
        assert sum(parts) == now[-1] - before[-1]


@given(SIDES, SIDES)
def test_volume_mix_and_rate_are_the_change_to_the_last_cent(before: dict[str, Side], now: dict[str, Side]) -> None:
    found = shift_share(before, now)

    whole = sum(each.paid for each in now.values()) - sum(each.paid for each in before.values())
    assert found.volume + found.mix + found.rate + found.other == whole
    assert set(found.kinds) == {*before, *now}


def test_the_worked_example_of_visitors_conversion_and_basket() -> None:
    # 1,000 visitors, 40 orders, 8,000.00; then 1,200 visitors, 42 orders, 8,820.00.
    parts = factors(Chain([1_000, 40, 800_000]), Chain([1_200, 42, 882_000]))

    assert parts == [153_667, -112_833, 41_166]


def test_the_worked_example_of_two_channels() -> None:
    before = {"search": Side(600, 600_000), "social": Side(400, 200_000)}
    now = {"search": Side(600, 576_000), "social": Side(900, 459_000)}

    found = shift_share(before, now)

    assert found.volume == 400_000
    assert found.kinds == {"search": Shifted(-60_000, -24_000), "social": Shifted(-90_000, 9_000)}
    assert (found.mix, found.rate, found.other) == (-150_000, -15_000, 0)


def steady(weeks: int, day: tuple[int, ...] = (100, 90, 90, 100, 110, 140, 70)) -> dict[date, int]:
    """Weeks that go alike, each a little better than the last."""
    begin = MONDAY - timedelta(days=7 * weeks)
    return {
        begin + timedelta(days=7 * week + place): amount * 100 + week * 20
        for week in range(weeks)
        for place, amount in enumerate(day)
    }


def test_a_week_is_expected_by_its_level_its_weekdays_and_a_trend_that_fades() -> None:
    known = steady(20)
    ordinary = outlook(known, MONDAY, 7)
    sale = outlook({**known, MONDAY - timedelta(days=10): 900_000}, MONDAY, 7)

    assert ordinary is not None
    # The last week came to 72,660; 140 more a week, of which 0.8 are left in the next.
    assert sum(known[MONDAY - timedelta(days=back)] for back in range(1, 8)) == 72_660
    assert ordinary.total.expected == 72_772
    assert ordinary.origins == 12
    assert ordinary.total.low is not None
    assert ordinary.total.low <= 72_800 <= (ordinary.total.high or 0)
    assert max(ordinary.days, key=lambda each: each.expected) == ordinary.days[5]
    assert sale is not None
    assert abs(sale.total.expected - ordinary.total.expected) < 300, "one great day does not become the rule"


def test_nothing_is_foretold_from_little_and_no_bounds_from_a_few_weeks() -> None:
    assert outlook(steady(7), MONDAY, 7) is None
    assert outlook({}, MONDAY, 1) is None
    few = outlook(steady(12), MONDAY, 7)
    assert few is not None
    assert (few.total.low, few.origins) == (None, 4)


def test_last_years_season_counts_half() -> None:
    known = steady(70)
    last_year = MONDAY - timedelta(days=364)
    plain = outlook(known, MONDAY, 7)
    festive = outlook(
        {day: amount * 4 if abs((day - last_year).days - 3) <= 14 else amount for day, amount in known.items()},
        MONDAY,
        7,
    )

    assert plain is not None
    assert festive is not None
    assert plain.season is not None
    assert festive.season is not None
    assert 0.95 < plain.season < 1.05
    assert 1.9 < festive.season < 2.1
