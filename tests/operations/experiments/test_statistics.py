"""The sums behind a verdict, against published figures and against their own promises."""

from collections.abc import Iterator
from math import isinf, sqrt
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.operations.experiments.assignment import variant_of
from steelyard.operations.experiments.statistics import (
    Estimate,
    Sums,
    adjusted,
    compare,
    mismatch,
    shared_alpha,
    units_needed,
)

LOOKS, TESTS, UNITS_PER_LOOK = 20, 1_000, 100


def of(values: "np.ndarray", before: "np.ndarray | None" = None) -> Sums:
    told = Sums(units=len(values), summed=float(values.sum()), squares=float((values**2).sum()))
    if before is None:
        return told
    return Sums(
        units=told.units,
        summed=told.summed,
        squares=told.squares,
        before=float(before.sum()),
        before_squares=float((before**2).sum()),
        products=float((values * before).sum()),
    )


def test_a_published_sequential_interval_comes_out() -> None:
    control = Sums(units=3_000, summed=1_396.87, squares=52_377.9767)
    treatment = Sums(units=3_461, summed=2_422.7, squares=134_698.29)

    found = compare(control, treatment, expected=1_000)

    assert (round(found.difference, 5), round(found.low, 5), round(found.high, 5)) == (0.50336, -0.55844, 1.56516)
    assert not found.decided
    assert found.p > 0.05


def test_a_published_sample_ratio_mismatch_comes_out() -> None:
    assert mismatch([1_000, 1_100], [1, 1]) == pytest.approx(0.029096331741, abs=1e-12)
    assert mismatch([0, 0], [1, 1]) == 1
    assert mismatch([500, 1_000, 500], [1, 2, 1]) == pytest.approx(1)


@pytest.fixture(scope="module")
def looks() -> "np.ndarray":
    """Whether each of many tests of nothing at all is significant at each of its looks: fixed, and sequential."""
    chance = np.random.default_rng(7)
    found = np.zeros((TESTS, LOOKS, 2), dtype=bool)
    for test in range(TESTS):
        values = chance.normal(10, 5, (2, LOOKS * UNITS_PER_LOOK))
        sums, squares = values.cumsum(axis=1), (values**2).cumsum(axis=1)
        for look in range(LOOKS):
            end = (look + 1) * UNITS_PER_LOOK
            arms = [Sums(units=end, summed=sums[arm, end - 1], squares=squares[arm, end - 1]) for arm in (0, 1)]
            whole = 2 * LOOKS * UNITS_PER_LOOK
            found[test, look] = [compare(*arms).decided, compare(*arms, expected=whole).decided]
    return found


def test_who_looks_twenty_times_errs_a_quarter_of_the_time_and_with_the_sequential_interval_at_most_five_percent(
    looks: "np.ndarray",
) -> None:
    fixed, sequential = looks.any(axis=1).mean(axis=0)

    assert 0.19 <= fixed <= 0.29
    assert sequential <= 0.05
    assert looks[:, -1, 0].mean() <= 0.07  # looked at once, at the end


def test_an_interval_and_its_p_say_the_same() -> None:
    chance = np.random.default_rng(11)
    for _ in range(200):
        one, other = of(chance.exponential(1, 300)), of(chance.exponential(1.15, 320))
        for expected in (None, 600):
            found = compare(one, other, expected=expected)
            assert found.decided == (found.p < 0.05)


def test_what_was_known_before_makes_the_interval_narrower_and_moves_the_estimate_by_chance_only() -> None:
    chance = np.random.default_rng(3)
    before = chance.normal(100, 30, (2, 4_000))
    after = before * 0.9 + chance.normal(0, 10, (2, 4_000))
    after[1] += 2
    arms = [of(after[arm], before[arm]) for arm in (0, 1)]

    plain, better = compare(*arms, relative=False), compare(*adjusted(arms), relative=False)

    correlation = np.corrcoef(before.ravel(), after.ravel())[0, 1]
    assert (better.high - better.low) / (plain.high - plain.low) == pytest.approx(sqrt(1 - correlation**2), rel=0.05)
    assert better.low < 2 < better.high


def test_adjusting_from_sums_is_adjusting_each_unit() -> None:
    chance = np.random.default_rng(5)
    before, after = chance.normal(7, 2, (2, 50)), chance.normal(9, 3, (2, 50))
    arms = [of(after[arm], before[arm]) for arm in (0, 1)]

    found = adjusted(arms)

    centred = [before[arm] - before[arm].mean() for arm in (0, 1)]
    theta = sum((centred[arm] * after[arm]).sum() for arm in (0, 1)) / sum((each**2).sum() for each in centred)
    for arm in (0, 1):
        values = after[arm] - theta * (before[arm] - before.mean())
        assert found[arm].mean == pytest.approx(values.mean())
        assert found[arm].variance == pytest.approx(values.var(ddof=1))


def test_where_nothing_was_before_nothing_is_adjusted() -> None:
    arms = [Sums(units=10, summed=5, squares=5), Sums(units=10, summed=6, squares=6)]
    assert adjusted(arms) == arms


@pytest.mark.parametrize(
    "arms",
    [
        (Sums(units=0, summed=0, squares=0), Sums(units=9, summed=3, squares=3)),
        (Sums(units=9, summed=0, squares=0), Sums(units=9, summed=3, squares=3)),
        # One bought, and nothing that is so near to nothing measures anything.
        (Sums(units=900, summed=1, squares=1), Sums(units=900, summed=9, squares=9)),
        # The first who came all did the same: that says nothing of the next.
        (Sums(units=2, summed=2, squares=2), Sums(units=2, summed=4, squares=8)),
    ],
)
def test_where_nothing_can_be_said_the_bounds_are_infinite(arms: tuple[Sums, Sums]) -> None:
    found = compare(*arms)
    assert isinf(found.high)
    assert found == Estimate(difference=0, low=found.low, high=found.high, p=1, relative=True, sequential=False)
    assert not found.decided


@pytest.mark.parametrize("expected", [None, 1_000])
def test_a_few_who_all_did_alike_decide_nothing(expected: int | None) -> None:
    nobody, everybody = Sums(units=3, summed=0, squares=0), Sums(units=2, summed=2, squares=2)
    found = compare(nobody, everybody, relative=False, expected=expected)
    assert not found.decided
    assert (found.p, isinf(found.low), isinf(found.high)) == (1, True, True)


def test_the_number_that_is_needed_finds_the_effect_as_often_as_it_promises() -> None:
    mean, variance, effect = 0.1, 0.09, 0.2
    units = units_needed(mean, variance, effect=effect)
    chance = np.random.default_rng(13)
    found = [
        compare(
            *(Sums(units=units, summed=float(hits), squares=float(hits)) for hits in chance.binomial(units, rates)),
            relative=False,
        ).decided
        for rates in [np.array([mean, mean * (1 + effect)])] * 1_000
    ]
    assert 0.75 <= np.mean(found) <= 0.87
    with pytest.raises(ValueError, match="nothing"):
        units_needed(0, 1, effect=0.1)


def test_several_treatments_share_the_level() -> None:
    assert shared_alpha(0.05, 2) == 0.025


def units() -> Iterator[UUID]:
    chance = np.random.default_rng(1)
    return (UUID(bytes=chance.bytes(16)) for _ in range(20_000))


def test_units_are_shared_out_by_the_weights_and_two_experiments_know_nothing_of_each_other() -> None:
    one, other = UUID(int=1), UUID(int=2)
    pairs = [
        (variant_of(one, unit, 1_000_000, [1, 1, 2]), variant_of(other, unit, 1_000_000, [1, 1])) for unit in units()
    ]
    counts = [sum(first == variant for first, _ in pairs) for variant in (0, 1, 2)]
    assert mismatch(counts, [1, 1, 2]) > 0.001
    within = [second for first, second in pairs if first == 2]
    assert mismatch([within.count(0), within.count(1)], [1, 1]) > 0.001


@given(st.uuids(), st.uuids(), st.integers(0, 1_000_000), st.lists(st.integers(1, 9), min_size=2, max_size=5))
def test_who_takes_part_stays_in_the_same_variant_when_more_take_part(
    salt: UUID, unit: UUID, share: int, weights: list[int]
) -> None:
    now = variant_of(salt, unit, share, weights)
    everybody = variant_of(salt, unit, 1_000_000, weights)
    assert now in (None, everybody)
    assert everybody is not None
    assert variant_of(salt, unit, 0, weights) is None
